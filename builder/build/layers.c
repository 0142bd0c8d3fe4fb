/* Which paths go into which layer: what packages brought, and the rest. Packages change seldom and are shared; what the project adds changes often and is
 * small. The split is a division of the final tree, so its sum is that tree by construction. */
#include "layers.h"
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/unpack.h>

static bool from_packages(const struct ingot_origins *o, struct ingot_span path)
{
	struct ingot_span name = ingot_origins_name(o, ingot_origins_of(o, path));
	/* The user's accounts and places follow the recipe, not the packages. */
	return ingot_span_starts(name, "package ") || ingot_span_is(name, INGOT_SCRIPTS_ORIGIN) || (ingot_span_starts(name, "ingot: ") && !ingot_span_is(name, "ingot: user") && !ingot_span_is(name, "ingot: writable"));
}

/* lower[i]: dirent i belongs to the packages' layer. A directory does when anything below it does; a hard link goes with its leader. */
static size_t divide(const struct ingot_tree *t, const struct ingot_origins *o, bool *lower)
{
	size_t n = 0;
	for (size_t i = ingot_tree_count(t); i-- > 1;) {
		const struct ingot_dirent *d = ingot_tree_at(t, i);
		lower[i] = lower[i] || from_packages(o, d->path);
		if (!lower[i])
			continue;
		n++;
		ssize_t parent = ingot_tree_find(t, ingot_path_parent(d->path));
		ingot_assert(parent >= 0);
		lower[parent] = true;
	}
	for (size_t i = 1; i < ingot_tree_count(t); i++)
		lower[i] = ingot_tree_leader(t, i) == i ? lower[i] : lower[ingot_tree_leader(t, i)];
	lower[0] = true;
	return n;
}

static int packages_delta(const struct ingot_tree *t, const bool *lower, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		if (!lower[i])
			continue;
		const struct ingot_dirent *d = ingot_tree_at(t, i);
		size_t leader = ingot_tree_leader(t, i);
		if (leader != i)
			ingot_pass(ingot_delta_link(b, d->path, ingot_tree_at(t, leader)->path, err));
		else
			ingot_pass(ingot_delta_put(b, d->path, ingot_tree_node(t, d->node), err));
	}
	return ingot_delta_finish(TAKE_PTR(b), ret, err);
}

void layer_split_done(struct layer_split *s)
{
	for (size_t i = 0; i < s->n; i++) {
		ingot_delta_free(s->delta[i]);
		ingot_tree_unref(s->tree[i]);
	}
	*s = (struct layer_split){ 0 };
}

static int split(const struct ingot_tree *t, const struct ingot_origins *o, struct layer_split *s, struct ingot_err *err)
{
	_cleanup_(ingot_freep) bool *lower = ingot_alloc_array(ingot_tree_count(t), sizeof(bool));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *below = ingot_tree_empty();
	if (divide(t, o, lower)) {
		ingot_pass(packages_delta(t, lower, &s->delta[0], err));
		s->n = 1;
		ingot_pass(ingot_apply(below, s->delta[0], &s->tree[0], err));
		ingot_tree_unref(below);
		below = ingot_tree_ref(s->tree[0]);
	}
	struct ingot_delta *rest = ingot_diff(below, t);
	if (ingot_delta_count(rest) == 0 && s->n) {
		ingot_delta_free(rest);
		return 0;
	}
	s->delta[s->n] = rest;
	return ingot_apply(below, rest, &s->tree[s->n++], err);
}

int layer_split(const struct ingot_tree *t, const struct ingot_origins *o, struct layer_split *ret, struct ingot_err *err)
{
	struct layer_split s = { 0 };
	int r = split(t, o, &s, err);
	/* What the layers add up to is what was asked for, or nothing is written. */
	if (r == 0 && !ingot_digest_eq(ingot_tree_id(s.tree[s.n - 1]), ingot_tree_id(t)))
		ingot_panic("the layers do not add up to the tree");
	if (r < 0)
		layer_split_done(&s);
	else
		*ret = s;
	return r;
}
