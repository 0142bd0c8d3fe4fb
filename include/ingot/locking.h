/* locking.h - `ingot lock`: from a recipe to the exact packages, through signed indexes.
 *
 * For each suite: InRelease from its mirror, its signature against pinned keys, name and dates checked, the package indexes by the sha256 that
 * the signed text gives; then one closure for each stage with packages and for the image.
 */
#pragma once
#include <ingot/lock.h>
#include <ingot/log.h>
#include <ingot/mirror.h>
#include <ingot/store.h>

struct ingot_lock_options {
	const struct ingot_mirrors *mirrors;
	const char *const *keys; /* files with further public keys that may sign (--archive-key) */
	size_t n_keys;
	bool ignore_valid_until;  /* --ignore-valid-until */
	bool allow_older_release; /* --allow-older-release */
	bool offline;             /* only directories as mirrors */
	int64_t now;              /* seconds; 0 = the clock */
};

/* old: the lock that is to be replaced, or NULL; a release older than its is refused. INGOT_E_INPUT: the recipe asks for what does not exist;
 * INGOT_E_OUTSIDE: mirror, signature, dates, digests; INGOT_E_HOST: no mirror configured, no verifier installed. */
int ingot_lock_make(const struct ingot_recipe *r, const struct ingot_lock *old, const struct ingot_lock_options *options, const struct ingot_log *log,
		    struct ingot_store *s, struct ingot_lock **ret, struct ingot_err *err) INGOT_MUST_USE;

/* What changes from old (NULL: nothing was locked) to new, one line each, security suites first: "set: + name version", "- name version",
 * "name old -> new (suite)". Nothing when they lock the same packages. */
void ingot_lock_changes(const struct ingot_lock *old, const struct ingot_lock *new, struct ingot_buf *out);
