/* delta_impl.h - the inside of a Delta. Private to core. */
#pragma once
#include <ingot/delta.h>
#include <ingot/limits.h>
#include <ingot/mem.h>

struct ingot_delta {
	struct ingot_arena *arena;
	struct ingot_change *changes;
	struct ingot_node *nodes;
	size_t n, cap, n_nodes, cap_nodes;
};

struct ingot_delta *ingot_delta_blank(void);
void ingot_delta_add(struct ingot_delta *d, enum ingot_op op, struct ingot_span path, uint32_t node, struct ingot_span link); /* copies path and link */
uint32_t ingot_delta_add_node(struct ingot_delta *d, const struct ingot_node *node);                                        /* copies */
/* Order of path, an opaque before the put of its directory. */
int ingot_change_cmp(const struct ingot_change *a, const struct ingot_change *b);
/* The change of one of these kinds at exactly this path, or -1. */
ssize_t ingot_delta_find(const struct ingot_delta *d, struct ingot_span path, unsigned ops);
#define OP_BIT(op) (1U << (op))
#define NO_NODE UINT32_MAX /* of a remove or opaque */
/* Of a sorted delta: at one path is one change, or an opaque and the put of a directory. Looks at change i and the one behind it. */
int ingot_delta_check_at(const struct ingot_delta *d, size_t i, enum ingot_code code, struct ingot_err *err) INGOT_MUST_USE;
