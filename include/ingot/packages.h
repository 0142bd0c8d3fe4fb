/* packages.h - locked packages as a Tree, without running their maintainer scripts.
 *
 * Each package is decoded once (deb.h), fitted to the merged-/usr base, merged in a fixed order (base-files and base-passwd first, then by name);
 * then pure transforms stand in for the usual scripts: base directories, accounts, CA bundle, alternatives, shells, os-release, proof
 * that no ld.so cache is needed, and the package records that scanners read (/var/lib/dpkg/status.d). What a script would do beyond that is
 * reported by package and line, with the way on.
 */
#pragma once
#include <ingot/acquire.h>
#include <ingot/origin.h>
#include <ingot/tree.h>

struct ingot_packages_request {
	const struct ingot_recipe *recipe;
	const struct ingot_locked_set *set;
	const struct ingot_pairs *skip_scripts; /* packages whose scripts are known not to matter */
	const struct ingot_mirrors *mirrors; /* NULL: none known; fine when nothing is missing from the store */
	bool offline;
	unsigned parallel; /* decoders at once */
	int64_t epoch;
};

struct ingot_packages {
	struct ingot_tree *tree;
	struct ingot_origins *origins;
	/* What the tree's content lives in, for whoever keeps the tree: packs and objects. */
	struct ingot_digest *needs;
	size_t n_needs;
};
void ingot_packages_done(struct ingot_packages *p);

/* INGOT_E_OUTSIDE: a package cannot be had, is damaged, or two packages claim one path; the message names both. */
int ingot_packages_load(struct ingot_store *store, const struct ingot_packages_request *rq, const struct ingot_log *log, struct ingot_packages *ret, struct ingot_err *err)
	INGOT_MUST_USE;
