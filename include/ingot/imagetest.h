/* imagetest.h - the tests of a recipe on an image, under production conditions: its user, a read-only root, no capabilities, no new privileges, no network but a loopback of
 * its own; only the writable places, /tmp and /run can be written to, and are in memory. What the image's user may not read is not there at all.
 *
 * Nothing can be written outside of these places, so a program that tries fails, and what it does then is what is tested. When a test fails it is run once more on a root that can be
 * written to, only to name what it writes there.
 *
 * In a container that gives no namespaces (INGOT_ISOLATION_CHROOT) the root is a copy that can be written to, and what was written outside is a failure that is found
 * afterwards; there is no network at all, so services with ports cannot be tested.
 */
#pragma once
#include <ingot/decode.h>
#include <ingot/log.h>
#include <ingot/recipe.h>
#include <ingot/step.h>
#include <ingot/store.h>
#include <ingot/tree.h>

struct ingot_imagetest_options {
	const struct ingot_recipe *recipe;
	const struct ingot_tree *tree; /* of the image; its contents can be found in the store */
	const struct ingot_doc *config;
	unsigned step_flags;  /* of the rung on which steps run here, as far as that is known (step.h) */
	bool full_isolation;  /* not in a chroot */
	bool find_writes;     /* run every test on a root that can be written to as well; what is written outside of the writable places fails it */
	bool record;          /* the system calls, too */
};

struct ingot_imagetest {
	char name[96]; /* "test 2 (/usr/bin/web --version)", clean */
	bool passed;
	struct ingot_err why; /* INGOT_E_FALSE with the recipe's line, when it has not */
};

struct ingot_imagetest_result {
	struct ingot_imagetest *tests; /* one a test of the recipe */
	size_t n, passed;
	enum ingot_isolation isolation;
	uint8_t calls[INGOT_STEP_CALLS / 8]; /* with record: of all tests together */
};
void ingot_imagetest_done(struct ingot_imagetest_result *r);

/* 0 when every test was run, whatever came of it. -1 when they cannot be run: INGOT_E_HOST with what this host lacks. Each result is told to log. */
int ingot_imagetest_run(struct ingot_store *store, const struct ingot_imagetest_options *o, const struct ingot_log *log, struct ingot_imagetest_result *ret, struct ingot_err *err) INGOT_MUST_USE;

/* -1 with the first failure, and how many more there are; 0 when all have passed. */
int ingot_imagetest_check(const struct ingot_imagetest_result *r, struct ingot_err *err) INGOT_MUST_USE;
