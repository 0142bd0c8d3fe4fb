/* probe.h - what probe.c and rung.c share. */
#pragma once
#include "sandbox.h"
#include <sys/types.h>

struct probe {
	struct ingot_chan *c;
	struct ingot_err *err;
	uid_t uid;
	gid_t gid;
	/* found so far */
	int no_user_namespace; /* errno, 0: there are */
	bool namespaces;       /* all that a step needs, mounts included */
	bool proc, proc_of_container, overlay, filter;
};

int probe_fact(struct probe *p, bool ok, bool needed, const char *what, const char *detail, const char *fix);
/* Runs f in a child, in new namespaces with our ids mapped to 0 when there is a user namespace among them. Returns 0 or the errno of what failed. */
int probe_in_child(struct probe *p, int namespaces, int (*f)(void));

/* rung.c */
int rung_proc(struct probe *p);    /* the container's /proc, where there is no other */
int rung_overlay(struct probe *p); /* on the scratch directory that was handed over, else in memory */
int rung_tell(struct probe *p);    /* the chroot, and the last fact */
int probe_private_mounts(void);
int probe_overlay_in_memory(void);
const char *probe_apparmor(char *ret, size_t size); /* how this one program gets its profile */
