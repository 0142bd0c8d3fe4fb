/* normalise.h - what a final tree must look like, whatever it was made of: owners, modes, times; what must not be there; what is left behind.
 *
 * - Executables, libraries, modules and every directory are root's, and nothing is writable for group or others. What runs is 0755, directories are
 *   at most 0755, other files at most 0644: what a source withheld (/etc/shadow 0640, /root 0700) stays withheld. Links are 0777. /tmp and /var/tmp are 1777.
 * - What is listed as writable belongs to the image's user, with all below it, and is made if it is missing.
 * - A file of the image's user outside of these becomes root's; that user can read it still, through its group.
 * - setuid, setgid, capabilities, device nodes and world-writable places stay as they are: whether they may is for the policy to say (policy.h).
 * - What configured packages and their scripts brought (vouched below) keeps its owner and mode, group-writable places among it.
 * - Later times become the epoch. Transients (builder/core/transient.c) go.
 *
 * Every change is a Delta. Nothing is refused here; the findings are notes of what was left behind or made.
 */
#pragma once
#include <ingot/delta.h>
#include <ingot/finding.h>

/* What a node has that needs a reason. Normalisation does not touch it. */
enum {
	INGOT_NEEDS_SETUID = 1,
	INGOT_NEEDS_SETGID = 2, /* of a file */
	INGOT_NEEDS_CAPABILITY = 4,
	INGOT_NEEDS_DEVICE = 8,
	INGOT_NEEDS_WORLD_WRITABLE = 16 /* sticky or not; /tmp and /var/tmp need none, nor do writable places, whose modes are made */
};
unsigned ingot_needs_reason(struct ingot_span path, const struct ingot_node *node, bool in_writable);

struct ingot_normal_policy {
	int64_t epoch;       /* later times become this */
	bool set_all_times;  /* every time becomes this */
	uint32_t uid, gid;   /* the user that the image runs as */
	const char *const *writable; /* absolute paths: they and what is below belong to that user */
	size_t n_writable;
	const char *const *kept; /* absolute paths: they and what is below stay, although they are transient */
	size_t n_kept;
	/* Compiled Python (__pycache__) for which this says true stays: who brought it vouches for its times. NULL: none stays. */
	bool (*keep)(void *ctx, struct ingot_span path);
	void *keep_ctx;
	/* Whose owner and mode are as whoever brought it wants them: packages that were configured. What needs an allowance needs it still, and nothing
	 * of that kind is writable for the user that the image runs as. NULL: for nothing. */
	bool (*vouched)(void *ctx, struct ingot_span path);
	void *vouched_ctx;
};

struct ingot_normal_result {
	struct ingot_tree *tree;
	struct ingot_findings findings; /* notes: "transient", "writable-made" */
};
void ingot_normal_result_done(struct ingot_normal_result *r);

int ingot_normalise(const struct ingot_tree *t, const struct ingot_normal_policy *policy, struct ingot_normal_result *ret, struct ingot_err *err) INGOT_MUST_USE;
