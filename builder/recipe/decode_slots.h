/* decode_slots.h - one value of the recipe into its place in a struct. */
#pragma once
#include "schema.h"

/* out is the struct that holds the field. */
int decode_slot(struct decode *d, const struct field *f, const struct node *n, void *out, struct ingot_err *err) INGOT_MUST_USE;
/* Replace ${NAME} in text by the recipe's variables; "$$" before a brace stands for one dollar sign. */
int decode_expand(struct decode *d, struct ingot_span text, struct ingot_place at, struct ingot_span *ret, struct ingot_err *err) INGOT_MUST_USE;
