#include "harvest.h"
#include <ingot/checkout.h>
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/step.h>

int harvest_lower(const struct ingot_tree *t, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	for (const char *const *p = ingot_step_mountpoints(); *p; p++) {
		struct ingot_span path = ingot_span_of(*p);
		const struct ingot_node *there = ingot_tree_lookup(t, path);
		struct ingot_node dir = { .type = INGOT_DIR, .mode = ingot_span_is(path, "tmp") ? 01777 : 0755 };
		if (there && there->type != INGOT_DIR)
			return ingot_fail(err, INGOT_E_INPUT, "/%s is not a directory in this stage, so no step can run in it", *p);
		if (!there)
			ingot_pass(ingot_delta_put(b, path, &dir, err));
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	return ingot_apply(t, d, ret, err);
}

/* What the disk could not show, from the node that was there before. */
static struct ingot_node restore(const struct ingot_node *old, struct ingot_node found, int64_t epoch)
{
	found.mtime = epoch;
	if (!old || old->type != found.type)
		return found;
	found.uid = old->uid;
	found.gid = old->gid;
	if (found.mode == ingot_checkout_mode(old))
		found.mode = old->mode;
	bool same_content = found.type != INGOT_FILE || ingot_digest_eq(&found.content, &old->content);
	if (same_content && !found.n_xattrs) {
		found.xattrs = old->xattrs;
		found.n_xattrs = old->n_xattrs;
	}
	/* Copied up by overlayfs but changed in nothing: it keeps its time, and with that drops out of the difference. */
	if (ingot_node_eq(old, &found, INGOT_IGNORE_MTIME))
		found.mtime = old->mtime;
	return found;
}

static int restore_all(const struct ingot_tree *lower, const struct ingot_delta *raw, int64_t epoch, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	for (size_t i = 0; i < ingot_delta_count(raw); i++) {
		const struct ingot_change *c = ingot_delta_at(raw, i);
		if (c->op == INGOT_PUT) {
			struct ingot_node n = restore(ingot_tree_lookup(lower, c->path), *ingot_delta_node(raw, c->node), epoch);
			ingot_pass(ingot_delta_put(b, c->path, &n, err));
		} else if (c->op == INGOT_HARDLINK) {
			ingot_pass(ingot_delta_link(b, c->path, c->link, err));
		} else if (c->op == INGOT_REMOVE) {
			ingot_pass(ingot_delta_remove(b, c->path, err));
		} else {
			ingot_pass(ingot_delta_opaque(b, c->path, err));
		}
	}
	return ingot_delta_finish(TAKE_PTR(b), ret, err);
}

/* The mount points that only the step needed leave again, unless something is in them now. */
static int drop_mountpoints(const struct ingot_tree *t, struct ingot_tree *take_after, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *after = take_after;
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	for (const char *const *p = ingot_step_mountpoints(); *p; p++) {
		struct ingot_span path = ingot_span_of(*p);
		ssize_t at = ingot_tree_find(after, path);
		if (at >= 0 && ingot_tree_find(t, path) < 0 && ingot_tree_subtree_end(after, (size_t)at) == (size_t)at + 1)
			ingot_pass(ingot_delta_remove(b, path, err));
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	return ingot_apply(after, d, ret, err);
}

int harvest_delta(const struct ingot_tree *t, const struct ingot_tree *lower, const struct ingot_delta *raw, int64_t epoch, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *restored = NULL;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *after = NULL, *clean = NULL;
	ingot_pass(restore_all(lower, raw, epoch, &restored, err));
	ingot_pass(ingot_apply(lower, restored, &after, err));
	ingot_pass(drop_mountpoints(t, TAKE_PTR(after), &clean, err));
	*ret = ingot_diff(t, clean);
	return 0;
}
