/* A checkout in two layers: what rarely changes (the packages), and above it the few files that do. After a changed line of source, only these are laid out. */
#include "inside.h"
#include <ingot/checkout.h>
#include <ingot/delta.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/path.h>

/* Worth it while the upper one is small: what both have is there twice, and a name that is missing costs a look into each. */
#define SHARE 4

struct upper {
	const struct ingot_tree *tree;
	struct ingot_delta_builder *delta;
	bool *there; /* by index in the tree */
};

static int put(struct upper *u, struct ingot_span path, struct ingot_err *err)
{
	ssize_t at = ingot_tree_find(u->tree, path);
	ingot_assert(at >= 0);
	if (u->there[at])
		return 0;
	if (path.n)
		ingot_pass(put(u, ingot_path_parent(path), err));
	u->there[at] = true;
	return ingot_delta_put(u->delta, path, ingot_tree_node(u->tree, ingot_tree_at(u->tree, (size_t)at)->node), err);
}

static int fill(struct upper *u, const struct ingot_delta *d, struct ingot_err *err)
{
	ingot_pass(put(u, INGOT_SPAN(""), err));
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		if (c->op == INGOT_PUT) {
			ingot_pass(put(u, c->path, err));
			continue;
		}
		ingot_pass(put(u, ingot_path_parent(c->path), err));
		ingot_pass(ingot_delta_link(u->delta, c->path, c->link, err));
	}
	return 0;
}

/* What is in t and not in base, as a tree of its own with the directories above it. 0 when there is no such tree (something was removed), or it is not small. */
static int upper_tree(const struct ingot_tree *base, const struct ingot_tree *t, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(base, t), *whole = NULL;
	if (ingot_delta_count(d) > ingot_tree_count(t) / SHARE)
		return 0;
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		enum ingot_op op = ingot_delta_at(d, i)->op;
		if (op != INGOT_PUT && op != INGOT_HARDLINK)
			return 0; /* a whiteout would be a file system's marker, and a checkout is a Tree */
	}
	_cleanup_(ingot_freep) bool *there = ingot_alloc_array(ingot_tree_count(t), sizeof(bool));
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty();
	struct upper u = { .tree = t, .delta = b, .there = there };
	ingot_pass(fill(&u, d, err));
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &whole, err));
	ingot_pass(ingot_apply(empty, whole, ret, err));
	return 1;
}

int ingot_checkout_layered(struct ingot_store *s, const struct ingot_tree *base, const struct ingot_tree *t, int *ret_top, int *ret_base, struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *upper = NULL;
	_cleanup_(ingot_closep) int top = -1;
	_cleanup_(ingot_closep) int bottom = -1;
	int layered = base && !ingot_digest_eq(ingot_tree_id(base), ingot_tree_id(t)) ? upper_tree(base, t, &upper, err) : 0;
	ingot_pass(layered);
	if (layered)
		ingot_pass(ingot_checkout_cached(s, base, &bottom, err));
	ingot_pass(ingot_checkout_cached(s, layered ? upper : t, &top, err));
	*ret_top = TAKE_FD(top);
	*ret_base = TAKE_FD(bottom);
	return 0;
}
