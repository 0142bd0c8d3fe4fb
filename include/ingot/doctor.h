/* doctor.h - what this host offers to the sandbox, and the narrowest fix for what it does not. Everything is tried, not guessed. */
#pragma once
#include <ingot/err.h>
#include <stdbool.h>

struct ingot_host_fact {
	bool ok;
	bool needed;     /* false: good to have; a build works without */
	char what[64];   /* "user namespaces" */
	char detail[256]; /* what was found */
	char fix[512];   /* what to do, or "" */
};
#define INGOT_MAX_HOST_FACTS 32

/* Returns the number of facts, in an order from the ground up: the first that is needed and not ok is the reason of the others.
 * scratch_fd: an empty directory of the store, to try overlayfs where it is wanted; or -1. The last fact, "rung", says on which rung of the ladder steps run here. */
int ingot_doctor(int scratch_fd, struct ingot_host_fact ret[INGOT_MAX_HOST_FACTS], struct ingot_err *err) INGOT_MUST_USE;
/* Turn a failure of the sandbox's set-up into one that names the missing thing and its fix; err stays as it is when nothing is found missing. Returns -1. */
int ingot_doctor_explain(struct ingot_err *err);
