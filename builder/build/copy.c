#include "engine.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <stdio.h>

/* Where a copy takes from: a stage's tree or a files source's. */
struct from {
	struct ingot_tree *tree; /* borrowed */
	struct ingot_buf path;   /* resolved */
	ssize_t index;
};

static int open_from(struct engine *e, struct stage_state *into, const struct ingot_copy *copy, struct from *from, struct ingot_err *err)
{
	struct stage_state *stage = engine_stage(e, copy->from);
	if (stage) {
		ingot_pass(stage_build(e, stage, err));
		needs_add_all(&into->needs, stage->needs.v, stage->needs.n);
		from->tree = stage->tree;
	} else {
		struct source_state *source;
		ingot_pass(engine_source(e, copy->from, &source, err));
		needs_add(&into->needs, &source->pack);
		from->tree = source->tree;
	}
	if (ingot_resolve(from->tree, ingot_span_of(copy->path ? copy->path : ""), 0, &from->path, err) < 0) {
		(void)ingot_context(err, "%s has no %s", copy->from, INGOT_SHOW(ingot_span_of(copy->path)));
		return stage ? -1 : ingot_hint(err, "is it in the include: list of source %s?", copy->from);
	}
	from->index = ingot_tree_find(from->tree, ingot_buf_view(&from->path));
	ingot_assert(from->index >= 0);
	return 0;
}

static bool is_dir(const struct ingot_tree *tree, struct ingot_span path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err ignored = INGOT_ERR_INIT;
	if (ingot_resolve(tree, path, 0, &at, &ignored) < 0)
		return false;
	const struct ingot_node *n = ingot_tree_lookup(tree, ingot_buf_view(&at));
	return n && n->type == INGOT_DIR;
}

/* Where the thing itself lands: as cp does it, a directory's content goes into `to`, a file goes into `to` when that is a directory. */
static int target_path(const struct stage_state *s, const struct from *from, const struct ingot_copy *copy, struct ingot_buf *out, struct ingot_err *err)
{
	struct ingot_span to = ingot_span_of(copy->to), path;
	if (ingot_path_from_absolute(to, &path) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is no absolute path", INGOT_SHOW(to));
	const struct ingot_node *n = ingot_tree_node(from->tree, ingot_tree_at(from->tree, (size_t)from->index)->node);
	ingot_buf_span(out, path);
	bool into = n->type != INGOT_DIR && (ingot_span_ends(to, "/") || is_dir(s->tree, path));
	if (into) {
		/* A link that was followed gives its own name to the copy, not its target's. */
		struct ingot_span name = ingot_path_base(ingot_span_of(copy->path ? copy->path : ""));
		if (out->n)
			ingot_buf_char(out, '/');
		ingot_buf_span(out, name);
	}
	if (!ingot_path_valid(ingot_buf_view(out)))
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is no path that an image can hold", INGOT_SHOW(ingot_buf_view(out)));
	return 0;
}

static int put_entry(const struct engine *e, const struct from *from, size_t i, struct ingot_span base, const struct ingot_copy *copy, struct ingot_delta_builder *b,
		     struct ingot_err *err)
{
	const struct ingot_dirent *d = ingot_tree_at(from->tree, i);
	struct ingot_node node = *ingot_tree_node(from->tree, d->node);
	_cleanup_(ingot_buf_done) struct ingot_buf path = INGOT_BUF(INGOT_MAX_PATH), leader = INGOT_BUF(INGOT_MAX_PATH);
	size_t cut = from->path.n;
	ingot_buf_span(&path, base);
	if (i != (size_t)from->index) {
		if (path.n)
			ingot_buf_char(&path, '/');
		ingot_buf_put(&path, d->path.p + cut + (cut ? 1 : 0), d->path.n - cut - (cut ? 1 : 0));
	}
	size_t first = ingot_tree_leader(from->tree, i);
	if (first != i && first > (size_t)from->index) {
		/* A hard link within what is copied stays one. */
		struct ingot_span l = ingot_tree_at(from->tree, first)->path;
		ingot_buf_span(&leader, base);
		if (leader.n)
			ingot_buf_char(&leader, '/');
		ingot_buf_put(&leader, l.p + cut + (cut ? 1 : 0), l.n - cut - (cut ? 1 : 0));
		return ingot_delta_link(b, ingot_buf_view(&path), ingot_buf_view(&leader), err);
	}
	if (copy->mode >= 0 && node.type == INGOT_FILE)
		node.mode = (uint32_t)copy->mode;
	if (node.mtime > e->epoch)
		node.mtime = e->epoch;
	return ingot_delta_put(b, ingot_buf_view(&path), &node, err);
}

static int copy_resolved(struct engine *e, struct stage_state *s, struct from *from, const struct ingot_copy *copy, struct ingot_err *err)
{
	ingot_pass(open_from(e, s, copy, from, err));
	_cleanup_(ingot_buf_done) struct ingot_buf target = INGOT_BUF(INGOT_MAX_PATH);
	ingot_pass(target_path(s, from, copy, &target, err));
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	size_t end = ingot_tree_subtree_end(from->tree, (size_t)from->index);
	for (size_t i = (size_t)from->index; i < end; i++) {
		/* The root of what is copied into the image's root is the image's own. */
		if (i == (size_t)from->index && target.n == 0 && ingot_tree_node(from->tree, ingot_tree_at(from->tree, i)->node)->type == INGOT_DIR)
			continue;
		ingot_pass(put_entry(e, from, i, ingot_buf_view(&target), copy, b, err));
	}
	char origin[256];
	(void)snprintf(origin, sizeof(origin), "copy from %s", copy->from);
	return stage_put(e, s, TAKE_PTR(b), origin, PUT_SAY_REPLACED, err);
}

int copy_into(struct engine *e, struct stage_state *s, const struct ingot_copy *copy, struct ingot_err *err)
{
	struct from from = { .path = INGOT_BUF(INGOT_MAX_PATH) };
	int r = copy_resolved(e, s, &from, copy, err);
	ingot_buf_done(&from.path);
	return r;
}
