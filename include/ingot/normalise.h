/* normalise.h - what a final tree must look like, whatever it was made of: owners, modes, times; what must not be there; what is left behind.
 *
 * Every change is a Delta. Allowed exceptions come from the recipe's policy.allow; each refusal is a Finding.
 */
#pragma once
#include <ingot/delta.h>

enum ingot_severity { INGOT_SEV_NOTE = 1, INGOT_SEV_WARNING, INGOT_SEV_ERROR };

struct ingot_finding {
	enum ingot_severity severity;
	const char *rule; /* "setuid", "setgid", "capability", "device", "world-writable", "transient", "allow-unused" */
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
};

struct ingot_normal_result {
	struct ingot_tree *tree; /* with its errors, if there are any, left as they were */
	struct ingot_finding *findings;
	size_t n_findings, n_errors;
	struct ingot_arena *arena; /* of the findings */
};
void ingot_normal_result_done(struct ingot_normal_result *r);

int ingot_normalise(const struct ingot_tree *t, const struct ingot_normal_policy *policy, struct ingot_normal_result *ret, struct ingot_err *err) INGOT_MUST_USE;
