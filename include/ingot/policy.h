/* policy.h - what a recipe, a tree and a config must be: the rules of the catalogue (rule.h) applied to one subject.
 *
 * A finding of an own rule names an id that the catalogue does not have ("own-..."), and always says how to mend.
 *
 * Nothing here reads a file or starts a process: what is looked at was made or loaded before, contents are known by their facts.
 */
#pragma once
#include <ingot/config.h>
#include <ingot/lock.h>
#include <ingot/origin.h>
#include <ingot/recipe.h>
#include <ingot/rule.h>

struct ingot_accounts;
struct ingot_facts;

/* Whatever of it is there is looked at; NULL (0) is not. All borrowed. */
struct ingot_subject {
	const struct ingot_recipe *recipe;
	const struct ingot_lock *lock;
	const struct ingot_tree *tree;
	const struct ingot_origins *origins; /* of the tree */
	const struct ingot_config *config;
	const struct ingot_accounts *accounts; /* of the tree; accounts.h */
	const struct ingot_facts *facts; /* of the tree's contents; facts.h */
	const char *const *writable; /* absolute: where the image's user may write. Of the recipe, or what the image shows (empty directories of its user, volumes) */
	size_t n_writable;
	uint64_t size; /* of its layers, unpacked, bytes: what it takes where it runs, and what no compressor decides */
	int64_t now;   /* seconds since 1970, for ages; 0: ages are not looked at */
};

struct ingot_policy {
	enum ingot_profile profile;
	const struct ingot_allow *allow; /* exceptions, of the recipe */
	size_t n_allow;
	struct ingot_own_rules own; /* of --rules; those of the recipe count without being named here */
};

/* Appends findings, those that an exception covers among them (allowed is set), and sorts. Exceptions that cover nothing are findings, too, where the tree
 * and the config are there to tell. INGOT_E_INPUT with the place: an exception for a rule that does not exist, or that nothing sets aside. */
int ingot_policy_check(const struct ingot_subject *s, const struct ingot_policy *p, struct ingot_findings *inout, struct ingot_err *err) INGOT_MUST_USE;
