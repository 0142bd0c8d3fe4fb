/* run_image.h - one throw-away run of an image in the sandbox: its user, a read-only root, nothing kept.
 *
 * No capabilities, no new privileges; /tmp and /run are memory, and so is every place that the image writes to (runtime.h: its volumes, and empty
 * directories of its user). What the user may not read is not there. No network but a loopback of its own, unless the caller asks for the host's.
 */
#pragma once
#include <ingot/log.h>
#include <ingot/store.h>

enum ingot_run_network { INGOT_RUN_LOOPBACK = 0, INGOT_RUN_NO_NETWORK, INGOT_RUN_HOST_NETWORK };

struct ingot_run_options {
	const char *image;              /* as for ingot_image_load_for() */
	const char *platform;           /* the same; NULL: this host's */
	const char *const *command;     /* instead of the image's entrypoint and cmd */
	size_t n_command;
	const char *const *env;         /* NAME=VALUE, on top of the image's */
	size_t n_env;
	const char *const *tmpfs;       /* further absolute paths that are memory */
	size_t n_tmpfs;
	const char *const *volumes;     /* HOST:PATH or HOST:PATH:ro */
	size_t n_volumes;
	const char *workdir;            /* instead of the image's */
	enum ingot_run_network network;
	unsigned timeout;               /* seconds, 0 = a week */
	int stdio[3];                   /* what the command reads and writes */
};

/* *ret_status: its exit status, or 128 and the number of the signal that ended it. */
int ingot_run_image(struct ingot_store *store, const struct ingot_run_options *o, const struct ingot_log *log, int *ret_status, struct ingot_err *err) INGOT_MUST_USE;
