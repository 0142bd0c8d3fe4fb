/* imagetest.h - the parts of a test's run. Internal to build. */
#pragma once
#include <ingot/imagetest.h>
#include <ingot/runtime.h>

/* What all tests of an image have in common. */
struct trials {
	struct ingot_store *store;
	const struct ingot_imagetest_options *o;
	const struct ingot_log *log;
	struct ingot_runtime runtime;
	struct ingot_tree *tree, *lower; /* as the image's user sees it; and with mount points */
	int root_fd;
	unsigned flags; /* INGOT_STEP_COPIED, INGOT_STEP_CHROOT */
};

/* One run of one test. */
struct trial {
	struct ingot_step_result result;
	struct ingot_buf out, err; /* of the command */
	struct ingot_buf writes;   /* on a root that can be written to: where, outside of the writable places; "/a, /b and 3 more" */
};
void trial_begin(struct trial *t);
void trial_done(struct trial *t);
/* writable: on a root of its own that can be written to, and is looked at afterwards. */
int trial_run(const struct trials *s, const struct ingot_test *test, const char *name, bool writable, struct trial *ret, struct ingot_err *err) INGOT_MUST_USE;

/* What a run was to be, compared with what it was: -1 and INGOT_E_FALSE, without the recipe's line. */
int trial_check(const struct trials *s, const struct ingot_test *t, const char *name, const struct trial *is, struct ingot_err *err) INGOT_MUST_USE;
unsigned trial_signal(const struct trials *s, const struct ingot_test *test); /* that ends the service; 0: a word that is no signal */

/* imagetest_writes.c: what a run left in scratch, outside of the writable places, into out. */
int trial_harvest(const struct trials *s, const struct ingot_step_plan *plan, const struct ingot_step_result *r, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
