/* own_rules.h - a file of rules of the user's own, for several recipes, or for images without one (--rules FILE).
 *
 *     ingot-rules: 1
 *     rules:
 *     - { id: own-no-locales, severity: error, message: locales are not for images, path: /usr/share/locale }
 *
 * Read by ingot-recipe like a recipe, against the same table (docs/RECIPE.md, "Own rule").
 */
#pragma once
#include <ingot/recipe.h>

struct ingot_rules_file {
	struct ingot_own_rules rules;
	struct ingot_digest digest; /* of the text */
	struct ingot_arena *arena;
};

/* INGOT_E_INPUT with file:line:column, as for recipes. */
int ingot_rules_file_load(const char *path, struct ingot_rules_file **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_rules_file_free(struct ingot_rules_file *f);
INGOT_CLEANUP(struct ingot_rules_file, ingot_rules_file_free)
