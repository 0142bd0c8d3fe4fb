/* recipe_finish.h - defaults of the structs of recipe.h, and what no single key can say. */
#pragma once
#include "schema.h"

int finish_source(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
int finish_copy(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
int finish_step(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
int finish_user(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
int finish_image(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
int finish_test_file(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
int finish_test(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
int finish_own_rule(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
