/* client.h - one text through the helper ingot-recipe. */
#pragma once
#include "node.h"

/* The text as a tree in the arena; errors carry file, line and column. */
int recipe_parse(const struct source_text *s, bool lock, struct ingot_arena *arena, struct node **ret, struct ingot_err *err) INGOT_MUST_USE;
