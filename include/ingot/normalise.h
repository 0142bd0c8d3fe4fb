/* normalise.h - what a final tree must look like, whatever it was made of: owners, modes, times; what must not be there; what is left behind.
 *
 * - Executables, libraries, modules and every directory are root's, and nothing is writable for group or others. What runs is 0755, directories are
 *   at most 0755, other files at most 0644: what a source withheld (/etc/shadow 0640, /root 0700) stays withheld. Links are 0777. /tmp and /var/tmp are 1777.
 * - What is listed as writable belongs to the image's user, with all below it, and is made if it is missing.
 * - A file of the image's user outside of these becomes root's; that user can read it still, through its group.
 * - setuid, setgid, capabilities, device nodes and world-writable places are errors unless allowed; allowed ones stay as they are.
 * - What configured packages and their scripts brought (vouched below) keeps its owner and mode, group-writable places among it.
 * - Later times become the epoch. Transients (builder/core/transient.c) go.
 *
 * Every change is a Delta. Allowed exceptions come from the recipe's policy.allow; each refusal is a Finding.
 */
#pragma once
#include <ingot/delta.h>

enum ingot_severity { INGOT_SEV_NOTE = 1, INGOT_SEV_WARNING, INGOT_SEV_ERROR };

struct ingot_finding {
	enum ingot_severity severity;
	const char *rule; /* "setuid", "setgid", "capability", "device", "world-writable", "transient", "writable", "writable-executable", "allow-unused" */
	const char *path; /* escaped, absolute */
	const char *text; /* one sentence: what, and how to mend */
	size_t allow;     /* index of the allow entry that it is about, or SIZE_MAX */
};

struct ingot_allowance {
	const char *rule, *path; /* path absolute; matches itself exactly */
};

struct ingot_normal_policy {
	int64_t epoch;       /* later times become this */
	bool set_all_times;  /* every time becomes this */
	uint32_t uid, gid;   /* the user that the image runs as */
	const char *const *writable; /* absolute paths: they and what is below belong to that user */
	size_t n_writable;
	const struct ingot_allowance *allow;
	size_t n_allow;
	/* Compiled Python (__pycache__) for which this says true stays: who brought it vouches for its times. NULL: none stays. */
	bool (*keep)(void *ctx, struct ingot_span path);
	void *keep_ctx;
	/* Whose owner and mode are as whoever brought it wants them: packages that were configured. What needs an allowance needs it still, and nothing
	 * of that kind is writable for the user that the image runs as. NULL: for nothing. */
	bool (*vouched)(void *ctx, struct ingot_span path);
	void *vouched_ctx;
};

struct ingot_normal_result {
	struct ingot_tree *tree; /* with its errors, if there are any, left as they were */
	struct ingot_finding *findings;
	size_t n_findings, n_errors;
	struct ingot_arena *arena; /* of the findings */
};
void ingot_normal_result_done(struct ingot_normal_result *r);

int ingot_normalise(const struct ingot_tree *t, const struct ingot_normal_policy *policy, struct ingot_normal_result *ret, struct ingot_err *err) INGOT_MUST_USE;
