#include "view.h"
#include <ingot/path.h>

/* The three bits that count for this user: as the kernel chooses them, the owner's alone for the owner. ACLs do not widen what a service may rely on. */
static uint32_t bits_for(const struct ingot_node *n, uint32_t uid, uint32_t gid)
{
	unsigned shift = n->uid == uid ? 6 : n->gid == gid ? 3 : 0;
	return n->mode >> shift & 7;
}

static int hide_content(struct ingot_delta_builder *b, const struct ingot_dirent *d, const struct ingot_node *n, struct ingot_err *err)
{
	struct ingot_node empty = *n;
	empty.size = 0;
	ingot_sha256("", 0, &empty.content);
	return ingot_delta_put(b, d->path, &empty, err);
}

int view_of(struct ingot_tree *t, uint32_t uid, uint32_t gid, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	if (uid == 0) {
		*ret = ingot_tree_ref(t);
		return 0;
	}
	for (size_t i = 0; i < ingot_tree_count(t);) {
		const struct ingot_dirent *e = ingot_tree_at(t, i);
		const struct ingot_node *n = ingot_tree_node(t, e->node);
		uint32_t bits = bits_for(n, uid, gid);
		size_t end = ingot_tree_subtree_end(t, i);
		if (n->type == INGOT_FILE && n->size && !(bits & 4))
			ingot_pass(hide_content(b, e, n, err));
		if (n->type != INGOT_DIR || (bits & 1)) {
			i++;
			continue;
		}
		for (size_t k = i + 1; k < end; k = ingot_tree_subtree_end(t, k))
			ingot_pass(ingot_delta_remove(b, ingot_tree_at(t, k)->path, err));
		i = end;
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	return ingot_apply(t, d, ret, err);
}
