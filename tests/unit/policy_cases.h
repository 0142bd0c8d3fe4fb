/* policy_cases.h - one example of what rules say: a tree, a config or a recipe, and what is found in it. The tables are in policy_cases_NAME.h. */
#pragma once
#include "core_support.h"
#include "recipe_fixture.h"
#include <ingot/policy.h>

#define ROOT "d 0755 0 0 1 /\n"
#define CAP "x security.capability abc\n"
#define CONFIG(rest) "{\"config\":{\"User\":\"10001:10001\"," rest "}}"
#define FINE CONFIG("\"Entrypoint\":[\"/web\"]")
#define REASON "operators raise rights on purpose"

struct policy_case {
	const char *name;
	const char *want;   /* "error setuid /a; note ...": severity, rule, and what it is about; "allowed" where an exception covers it */
	const char *tree;   /* lines, or NULL: none */
	const char *config; /* JSON, or NULL: none */
	const char *recipe; /* YAML behind its first two lines, or NULL: none */
	enum ingot_profile profile;
	const char *writable[3];
	struct ingot_allow allow[3];
	const char *origin;                  /* of everything in the tree, or NULL: nothing is known */
	const char *passwd, *group, *shadow; /* or NULL; accounts are known when one of them is there */
	int64_t now, locked;                 /* the date of the lock; 0: there is none */
	uint64_t size;
	const struct ingot_fact *fact; /* about the content of each file, HEX("0"); or NULL: nothing is known */
	struct ingot_source source; /* in place of the recipe's, of a kind that recipes cannot have yet; or all zero */
};
