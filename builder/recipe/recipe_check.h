/* recipe_check.h - what the parts of a recipe say about each other: names that are used exist, and stages can be put in an order. */
#pragma once
#include "schema.h"

/* Implied sources are added, packages get their source, stages are ordered. */
int recipe_check(struct decode *d, struct ingot_recipe *r, struct ingot_err *err) INGOT_MUST_USE;
