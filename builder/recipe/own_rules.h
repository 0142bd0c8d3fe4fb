/* own_rules.h - the rules that a recipe names in a file beside it. */
#pragma once
#include <ingot/own_rules.h>
#include <ingot/recipe.h>

/* What r->rules_file holds, behind the recipe's own; and that no two have one id. */
int own_rules_add(struct ingot_recipe *r, struct ingot_arena *arena, struct ingot_err *err) INGOT_MUST_USE;
