/* build.h - from recipe and lock to a signed archive: the one place where the parts meet.
 *
 * Build = Tree + Origins + ImageConfig + Facts. Every stage that the image needs is a chain of deltas onto a Tree; results of steps are kept in the
 * store under a key over everything that decides them (cachekey.h), so an unchanged step does not run again.
 */
#pragma once
#include <ingot/judge.h>
#include <ingot/mirror.h>
#include <ingot/recipe.h>
#include <ingot/secrets.h>
#include <ingot/sign.h>
#include <ingot/step.h>
#include <ingot/store.h>

struct ingot_build_options {
	const char *recipe_path;
	const char *const *sets; /* NAME=VALUE of --set */
	size_t n_sets;
	const char *reference;   /* overrides the recipe's, or NULL */
	const char *target;      /* see ingot_archive_write(); NULL: nothing is written, the result is only computed */
	const struct ingot_key *key; /* NULL: unsigned */
	const struct ingot_mirrors *mirrors; /* NULL: nothing may be missing from the store */
	bool offline;
	bool no_cache;           /* run every step again */
	bool full_isolation;     /* no step in a chroot (step.h), nor what one gave earlier */
	const char *epoch;       /* SOURCE_DATE_EPOCH as given, or NULL: the lock's date, or 0 without a lock */
	unsigned parallel;       /* decoders at once; 0 = 2 */
	const struct ingot_secret_source *secrets; /* where values of secrets are, should a step ask for one */
	size_t n_secrets;
	struct ingot_own_rules rules; /* of --rules, beside the recipe's */
	struct ingot_digest rules_digest;
	const char *profile;     /* at least as strict as this one, or NULL */
	struct ingot_judgement *judgement; /* filled with what the rules found, also when the build fails, or NULL. Of a reused image: about the recipe */
	bool report;             /* the image is judged even if it is the one of an earlier build */
	bool allow_network;      /* steps with network: host may run */
	bool no_tests;           /* the recipe's tests are not run */
	bool record_calls;       /* they are run in any case, and the system calls that they make are in the result */
	bool shell_on_fail;      /* a shell on fds 0 to 2, which are a terminal, where a step failed */
};

struct ingot_build_layer {
	struct ingot_digest digest, diff_id;
	uint64_t size;
};

struct ingot_build_result {
	char reference[INGOT_MAX_REFERENCE + 1];
	struct ingot_digest manifest, config, tree;
	uint64_t manifest_size, size; /* size: layers, config and manifest */
	uint64_t unpacked;            /* layers as they are unpacked */
	struct ingot_build_layer layers[8];
	size_t n_layers;
	uint64_t files;      /* entries of the tree */
	uint32_t uid, gid;
	int64_t epoch;
	unsigned steps_run, steps_reused;
	unsigned steps_network; /* steps that had the host's network, now or when their result was made: with any, the image is not hermetic */
	unsigned tests, tests_passed; /* of the recipe; passed now or, with tests_reused, in an earlier build of the same image. Passed fewer than there are: they were not run (no_tests) */
	bool tests_reused;
	enum ingot_isolation tests_isolation;
	uint8_t calls[INGOT_STEP_CALLS / 8]; /* with record_calls */
	bool signed_by_us;
	enum ingot_isolation isolation; /* the weakest of all steps */
	bool reused; /* nothing had changed: the image is the one of an earlier build */
	char key_id[65];
};

int ingot_build(struct ingot_store *store, const struct ingot_build_options *options, const struct ingot_log *log, struct ingot_build_result *ret, struct ingot_err *err)
	INGOT_MUST_USE;
