#include "view.h"
#include <ingot/delta.h>
#include <ingot/path.h>

#define R 4U
#define X 1U

static uint32_t rights(const struct ingot_node *n, uint32_t uid, uint32_t gid)
{
	return (n->uid == uid ? n->mode >> 6 : n->gid == gid ? n->mode >> 3 : n->mode) & 7U;
}

/* The entries of a directory, each with all that is below it. */
static int empty_out(const struct ingot_tree *t, size_t dir, struct ingot_delta_builder *b, struct ingot_err *err)
{
	for (size_t i = dir + 1; i < ingot_tree_subtree_end(t, dir); i = ingot_tree_subtree_end(t, i))
		ingot_pass(ingot_delta_remove(b, ingot_tree_at(t, i)->path, err));
	return 0;
}

static int look(const struct ingot_tree *t, size_t i, uint32_t uid, uint32_t gid, struct ingot_delta_builder *b, struct ingot_err *err)
{
	const struct ingot_dirent *d = ingot_tree_at(t, i);
	struct ingot_node n = *ingot_tree_node(t, d->node);
	uint32_t may = rights(&n, uid, gid);
	if (n.type == INGOT_DIR)
		return may & X ? 0 : empty_out(t, i, b, err);
	if (n.type != INGOT_FILE || n.uid == uid)
		return 0;
	if (!(may & (R | X)))
		return ingot_delta_remove(b, d->path, err);
	if ((n.mode >> 6 & X) == (may & X))
		return 0;
	n.mode = (n.mode & ~0100U) | (may & X) << 6;
	return ingot_delta_put(b, d->path, &n, err);
}

int user_view(const struct ingot_tree *t, uint32_t uid, uint32_t gid, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	for (size_t i = 0; i < ingot_tree_count(t);) {
		const struct ingot_node *n = ingot_tree_node(t, ingot_tree_at(t, i)->node);
		bool closed = n->type == INGOT_DIR && !(rights(n, uid, gid) & X);
		ingot_pass(look(t, i, uid, gid, b, err));
		i = closed ? ingot_tree_subtree_end(t, i) : i + 1;
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	return ingot_apply(t, d, ret, err);
}
