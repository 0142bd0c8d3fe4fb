/* recipe_order.h - stages in an order in which each uses only earlier ones. */
#pragma once
#include "schema.h"

/* Every reference of a stage is known to exist. The order is the written one wherever that is possible. INGOT_E_INPUT names a cycle. */
int recipe_order(struct decode *d, struct ingot_recipe *r, struct ingot_err *err) INGOT_MUST_USE;
