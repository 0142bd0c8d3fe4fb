#include "delta_impl.h"
#include "tree_impl.h"
#include <ingot/conflict.h>

enum verdict { UNSEEN = 0, DROP, KEEP };

struct admission {
	const struct ingot_tree *t;
	const struct ingot_delta *d;
	uint8_t *verdict;   /* of each node of d: a group of hard links is dropped or kept whole */
	uint32_t *standing; /* of each node of d that may be dropped: the tree's node that stands for it */
};

/* A removal is a difference too, if there is something to remove. */
static bool removes_something(const struct ingot_tree *t, const struct ingot_change *c)
{
	ssize_t at = ingot_tree_find(t, c->path);
	return at >= 0 && (c->op == INGOT_REMOVE || ingot_tree_subtree_end(t, (size_t)at) > (size_t)at + 1);
}

/* Whether what c puts differs from what is there; and, beside it, whether it need not be put at all. */
static bool differs(struct admission *a, const struct ingot_change *c)
{
	if (c->op == INGOT_REMOVE || c->op == INGOT_OPAQUE)
		return removes_something(a->t, c);
	ssize_t at = ingot_tree_find(a->t, c->path);
	uint8_t *verdict = &a->verdict[c->node];
	if (at < 0) {
		*verdict = KEEP;
		return false;
	}
	uint32_t number = a->t->dirents[at].node;
	const struct ingot_node *have = &a->t->nodes[number], *want = &a->d->nodes[c->node];
	if (have->type == INGOT_DIR && want->type == INGOT_DIR) {
		*verdict = DROP;
		return false;
	}
	bool equal = ingot_node_eq(have, want, INGOT_IGNORE_MTIME);
	if (!equal || (*verdict == DROP && a->standing[c->node] != number)) {
		*verdict = KEEP;
	} else if (*verdict == UNSEEN) {
		*verdict = DROP;
		a->standing[c->node] = number;
	}
	return !equal;
}

static struct ingot_delta *what_is_new(const struct admission *a)
{
	struct ingot_delta *out = ingot_delta_blank();
	_cleanup_(ingot_freep) uint32_t *number = ingot_alloc_array(a->d->n_nodes, sizeof(*number)); /* in out, + 1 */
	for (size_t i = 0; i < a->d->n; i++) {
		const struct ingot_change *c = &a->d->changes[i];
		uint32_t node = NO_NODE;
		if (c->op == INGOT_PUT || c->op == INGOT_HARDLINK) {
			bool opaque = i && a->d->changes[i - 1].op == INGOT_OPAQUE && ingot_span_eq(a->d->changes[i - 1].path, c->path);
			if (a->verdict[c->node] == DROP && !opaque)
				continue;
			if (!number[c->node])
				number[c->node] = ingot_delta_add_node(out, &a->d->nodes[c->node]) + 1;
			node = number[c->node] - 1;
		}
		ingot_delta_add(out, c->op, c->path, node, c->link);
	}
	return out;
}

int ingot_admit(const struct ingot_tree *t, const struct ingot_delta *d, ingot_may_replace may_replace, void *ctx, struct ingot_delta **ret, struct ingot_conflict *ret_conflict,
		struct ingot_err *err)
{
	(void)err;
	_cleanup_(ingot_freep) uint8_t *verdict = ingot_alloc_array(d->n_nodes, sizeof(*verdict));
	_cleanup_(ingot_freep) uint32_t *standing = ingot_alloc_array(d->n_nodes, sizeof(*standing));
	struct admission a = { .t = t, .d = d, .verdict = verdict, .standing = standing };
	for (size_t i = 0; i < d->n; i++)
		if (differs(&a, &d->changes[i]) && !(may_replace && may_replace(ctx, d->changes[i].path))) {
			*ret_conflict = (struct ingot_conflict){ .found = true, .path = d->changes[i].path };
			*ret = NULL;
			return 0;
		}
	*ret_conflict = (struct ingot_conflict){ 0 };
	*ret = what_is_new(&a);
	return 0;
}
