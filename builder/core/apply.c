#include "delta_impl.h"
#include "tree_impl.h"
#include <ingot/escape.h>

struct applying {
	const struct ingot_tree *t;
	const struct ingot_delta *d;
	size_t at; /* next dirent of t: those before it are kept or gone */
	uint32_t *old_nodes, *new_nodes; /* number in the result of each node of t and of d, or NO_NODE */
	struct tree_maker m;
};

static uint32_t *unnumbered(size_t n)
{
	uint32_t *v = ingot_grow(NULL, n, sizeof(*v));
	memset(v, 0xff, n * sizeof(*v));
	return v;
}

/* What is kept was valid, and a directory is never left out without all that is below it. */
static int keep_up_to(struct applying *a, size_t end, struct ingot_err *err)
{
	if (a->at >= end)
		return 0;
	size_t at = a->at;
	a->at = end;
	return ingot_maker_keep(&a->m, a->t, at, end, a->old_nodes, err);
}

/* The first dirent at or behind a->at that is not before path: both sides are sorted, so that stepping over all of them costs one merge;
 * doubling steps make a small delta on a big tree cheap. */
static size_t seek(const struct applying *a, struct ingot_span path)
{
	const struct ingot_dirent *e = a->t->dirents;
	size_t lo = a->at, step = 1;
	while (lo + step <= a->t->n && ingot_path_cmp(e[lo + step - 1].path, path) < 0) {
		lo += step;
		step *= 2;
	}
	size_t hi = lo + step <= a->t->n ? lo + step - 1 : a->t->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (ingot_path_cmp(e[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int change(struct applying *a, const struct ingot_change *c, struct ingot_err *err)
{
	size_t at = seek(a, c->path);
	ingot_pass(keep_up_to(a, at, err));
	bool there = at < a->t->n && ingot_span_eq(a->t->dirents[at].path, c->path);
	bool puts_dir = c->op == INGOT_PUT && a->d->nodes[c->node].type == INGOT_DIR;
	/* Only a directory leaves what is below alone. An opaque's own put follows it, and replaces the dirent itself. */
	if (there)
		a->at = puts_dir ? at + 1 : ingot_tree_subtree_end(a->t, at);
	if (c->op == INGOT_REMOVE || c->op == INGOT_OPAQUE)
		return 0;
	uint32_t *number = &a->new_nodes[c->node];
	if (*number == NO_NODE)
		*number = ingot_maker_node(&a->m, &a->d->nodes[c->node]);
	return ingot_maker_append(&a->m, c->path, *number, err);
}

static int merge(struct applying *a, struct ingot_err *err)
{
	for (size_t i = 0; i < a->d->n; i++)
		ingot_pass(change(a, &a->d->changes[i], err));
	return keep_up_to(a, a->t->n, err);
}

int ingot_apply(const struct ingot_tree *t, const struct ingot_delta *d, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_freep) uint32_t *old_nodes = unnumbered(t->n_nodes);
	_cleanup_(ingot_freep) uint32_t *new_nodes = unnumbered(d->n_nodes);
	struct applying a = { .t = t, .d = d, .old_nodes = old_nodes, .new_nodes = new_nodes };
	ingot_maker_begin(&a.m, t, t->n + d->n, INGOT_E_OUTSIDE);
	if (merge(&a, err) < 0) {
		ingot_maker_abort(&a.m);
		return -1;
	}
	*ret = ingot_maker_end(&a.m);
	return 0;
}
