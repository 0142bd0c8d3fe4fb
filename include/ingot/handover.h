/* handover.h - how others should run an image: the tightest command for podman and docker, and a Pod for Kubernetes, made from what the image says (runtime.h).
 *
 * A read-only root, no capability, no new privileges, the image's user by number; memory for /tmp and /run, a volume for each other place that is written to; the declared ports on this
 * host's loopback, or no network at all.
 */
#pragma once
#include <ingot/runtime.h>

struct ingot_handover {
	const struct ingot_runtime *runtime;
	const char *image;   /* what the tool is told to run */
	const char *seccomp; /* path of a profile, or NULL: the tool's own */
};

/* INGOT_E_OUTSIDE: the image has a name, path or port that no command line can carry. */
int ingot_handover_text(const struct ingot_handover *h, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
/* {"image", "user", "group", "writable": [{"path", "filled"}], "ports", "podman": [words], "docker": [words], "kubernetes": the YAML} */
int ingot_handover_json(const struct ingot_handover *h, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
