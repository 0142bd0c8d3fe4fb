/* recipe_decode.h - from a tree of nodes to a recipe: the part of loading that needs neither a file nor a helper. */
#pragma once
#include "schema.h"

/* sets as in ingot_recipe_load(). Fills everything of *r but digest and arena; r->file, r->text are set already. */
int recipe_decode(const struct source_text *s, struct ingot_arena *arena, const struct node *root, const char *const *sets, size_t n_sets, struct ingot_recipe *r, struct ingot_err *err) INGOT_MUST_USE;
