/* layers.h - the final tree divided into as few layers as pay off: what packages brought, and the rest. Internal to build. */
#pragma once
#include <ingot/delta.h>
#include <ingot/origin.h>

struct layer_split {
	struct ingot_delta *delta[2]; /* lowest first */
	struct ingot_tree *tree[2];   /* the sum up to and with that layer */
	size_t n;                     /* 1 or 2 */
};
void layer_split_done(struct layer_split *s);
int layer_split(const struct ingot_tree *t, const struct ingot_origins *o, struct layer_split *ret, struct ingot_err *err) INGOT_MUST_USE;
