#include "harvest.h"
#include "owned.h"
#include <ingot/checkout.h>
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/step.h>

#define SET_IDS 06000U

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

/* Did the ledger see another inode here? overlayfs says of every file of the Tree that it is old, also of one that was renamed to here. */
static bool is_other(const struct harvest_facts *f, struct ingot_span path)
{
	for (size_t i = 0; i < f->n_other; i++)
		if (ingot_span_eq(f->other[i], path))
			return true;
	return false;
}

/* Is it the old inode? overlayfs says it of files and directories, but for those that had several names below; of the rest what they are tells enough. */
static bool same_inode(const struct ingot_tree *lower, ssize_t at, const struct ingot_node *old, const struct ingot_node *found, const struct harvest_facts *f)
{
	if (old->type != found->type)
		return false;
	if (found->type == INGOT_LINK)
		return ingot_span_eq(old->target, found->target);
	if (found->type == INGOT_FILE && ingot_tree_nlink(lower, ingot_tree_at(lower, (size_t)at)->node) > 1)
		return true;
	return found->type == INGOT_FIFO || facts_kept(f, ingot_tree_at(lower, (size_t)at)->path);
}

/* What the disk could not show, from the node that was there before. */
static struct ingot_node restore(const struct ingot_tree *lower, struct ingot_span path, struct ingot_node found, const struct harvest_facts *f)
{
	ssize_t at = ingot_tree_find(lower, path);
	const struct ingot_node *old = at < 0 ? NULL : ingot_tree_node(lower, ingot_tree_at(lower, (size_t)at)->node);
	found.mtime = f->epoch;
	found.uid = f->uid;
	found.gid = f->gid;
	if (facts_kept(f, path) && (!old || is_other(f, path))) {
		/* It came from elsewhere in the Tree. What is special there the ledger says (owned.h); all else is root's. */
		found.uid = found.gid = 0;
		return found;
	}
	if (old && !same_inode(lower, at, old, &found, f)) {
		/* Made again as it was: no difference. */
		found.mtime = ingot_node_eq(old, &found, INGOT_IGNORE_MTIME) ? old->mtime : f->epoch;
		return found;
	}
	if (!old)
		return found;
	found.uid = old->uid;
	found.gid = old->gid;
	/* Set-id bits are for a program, not for a place. Which inode this was is not always known (a file of the Tree that was renamed over another of the Tree looks
	 * like that one, and so does whatever stands where a file with several names was): other bytes have to ask for such bits anew. */
	bool same_content = found.type != INGOT_FILE || ingot_digest_eq(&found.content, &old->content);
	if (found.mode == ingot_checkout_mode(old))
		found.mode = same_content ? old->mode : old->mode & ~SET_IDS;
	if (same_content && !found.n_xattrs) {
		found.xattrs = old->xattrs;
		found.n_xattrs = old->n_xattrs;
	}
	/* Copied up by overlayfs but changed in nothing: it keeps its time, and with that drops out of the difference. */
	if (ingot_node_eq(old, &found, INGOT_IGNORE_MTIME))
		found.mtime = old->mtime;
	return found;
}

/* Records that lie at their file (ledger.h in builder/step) are lines of the ledger as the others are, and no part of the Tree. */
static bool take_kept_record(struct ingot_node *n, struct ingot_arena *arena, struct ingot_owned *ret)
{
	bool taken = false;
	struct ingot_xattr *rest = NULL;
	size_t k = 0;
	for (size_t i = 0; i < n->n_xattrs; i++) {
		if (ingot_span_is(n->xattrs[i].name, INGOT_OWNED_XATTR)) {
			taken = ingot_owned_parse(n->xattrs[i].value, ret) == 0;
			rest = rest ? rest : ingot_arena_array(arena, n->n_xattrs, sizeof(*rest));
			for (size_t j = 0; j < n->n_xattrs; j++)
				if (j != i)
					rest[k++] = n->xattrs[j];
		}
	}
	if (rest) {
		n->xattrs = rest;
		n->n_xattrs = k;
	}
	return taken;
}

/* facts->owned grows by the records that lay at files. */
static int restore_all(const struct ingot_tree *lower, const struct ingot_delta *raw, struct harvest_facts *f, struct ingot_arena *arena, struct ingot_delta **ret, struct ingot_err *err)
{
	struct ingot_step_owned *more = NULL;
	size_t n_more = 0;
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	for (size_t i = 0; i < ingot_delta_count(raw); i++) {
		const struct ingot_change *c = ingot_delta_at(raw, i);
		if (c->op == INGOT_PUT) {
			struct ingot_node found = *ingot_delta_node(raw, c->node);
			struct ingot_owned record;
			if (found.n_xattrs && take_kept_record(&found, arena, &record)) {
				if (!more) {
					more = ingot_arena_array(arena, ingot_delta_count(raw) + f->n_owned, sizeof(*more));
					for (; n_more < f->n_owned; n_more++)
						more[n_more] = f->owned[n_more];
				}
				more[n_more++] = (struct ingot_step_owned){ c->path, record };
			}
			struct ingot_node n = restore(lower, c->path, found, f);
			ingot_pass(ingot_delta_put(b, c->path, &n, err));
		} else if (c->op == INGOT_HARDLINK) {
			ingot_pass(ingot_delta_link(b, c->path, c->link, err));
		} else if (c->op == INGOT_REMOVE) {
			ingot_pass(ingot_delta_remove(b, c->path, err));
		} else {
			ingot_pass(ingot_delta_opaque(b, c->path, err));
		}
	}
	if (more) {
		f->owned = more;
		f->n_owned = n_more;
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

static void take_others(struct harvest_facts *f, struct ingot_arena *arena)
{
	struct ingot_span *other = ingot_arena_array(arena, f->n_owned + 1, sizeof(*other));
	size_t n = 0;
	for (size_t i = 0; i < f->n_owned; i++)
		if (f->owned[i].is.set == INGOT_OWNED_OTHER)
			other[n++] = f->owned[i].path;
	f->other = other;
	f->n_other = n;
}

int harvest_delta(const struct ingot_tree *t, const struct ingot_tree *lower, const struct ingot_delta *raw, const struct harvest_facts *facts, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *restored = NULL;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *disk = NULL, *after = NULL, *clean = NULL;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	struct harvest_facts f = *facts;
	take_others(&f, arena);
	ingot_pass(restore_all(lower, raw, &f, arena, &restored, err));
	ingot_pass(ingot_apply(lower, restored, &disk, err));
	ingot_pass(owned_apply(disk, raw, &f, &after, err));
	ingot_pass(drop_mountpoints(t, TAKE_PTR(after), &clean, err));
	*ret = ingot_diff(t, clean);
	return 0;
}
