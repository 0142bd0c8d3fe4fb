#include "tar_header.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/tarout.h>
#include <stdlib.h>
#include <string.h>

/* Walks a delta in its own order and tells a visitor what to write: parents that the delta lacks are put in, whiteouts are
 * brought forward to their directory. */
struct visit {
	void *ctx;
	int (*node)(void *ctx, struct ingot_span path, const struct ingot_node *n, bool parent, struct ingot_err *err);
	int (*link)(void *ctx, struct ingot_span path, struct ingot_span target, const struct ingot_node *n, struct ingot_err *err);
	int (*whiteout)(void *ctx, struct ingot_span dir, struct ingot_span name, struct ingot_err *err); /* name "": opaque */
};

struct walk {
	const struct ingot_delta *d;
	const struct ingot_tree *parents;
	const struct visit *v;
	struct ingot_span *removes; /* sorted by parent, then by name */
	size_t n_removes;
	struct ingot_span dir;  /* the last directory that was written */
	struct ingot_span leaf; /* the last path that is no directory; "" = none */
};

static int by_parent(const void *a, const void *b)
{
	struct ingot_span x = *(const struct ingot_span *)a, y = *(const struct ingot_span *)b;
	int c = ingot_path_cmp(ingot_path_parent(x), ingot_path_parent(y));
	return c ? c : ingot_path_cmp(x, y);
}

static void collect_removes(struct walk *w)
{
	size_t n = ingot_delta_count(w->d), cap = 0;
	for (size_t i = 0; i < n; i++) {
		const struct ingot_change *c = ingot_delta_at(w->d, i);
		if (c->op != INGOT_REMOVE)
			continue;
		ingot_reserve(w->removes, w->n_removes, cap);
		w->removes[w->n_removes++] = c->path;
	}
	if (w->n_removes)
		qsort(w->removes, w->n_removes, sizeof(*w->removes), by_parent);
}

/* The directory has been written: now its markers. */
static int enter(struct walk *w, struct ingot_span dir, bool opaque, struct ingot_err *err)
{
	w->dir = dir;
	if (opaque)
		ingot_pass(w->v->whiteout(w->v->ctx, dir, INGOT_SPAN(""), err));
	size_t low = 0, high = w->n_removes;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (ingot_path_cmp(ingot_path_parent(w->removes[mid]), dir) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < w->n_removes && ingot_span_eq(ingot_path_parent(w->removes[low]), dir); low++)
		ingot_pass(w->v->whiteout(w->v->ctx, dir, ingot_path_base(w->removes[low]), err));
	return 0;
}

/* Write the ancestors of path that have not been written. In the order of paths a subtree is one run, so what was written of them
 * are exactly the last directory and its own ancestors. */
static int write_parents(struct walk *w, struct ingot_span path, struct ingot_err *err)
{
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] != '/')
			continue;
		struct ingot_span dir = { path.p, i };
		if (ingot_path_within(w->dir, dir))
			continue;
		const struct ingot_node *n = ingot_tree_lookup(w->parents, dir);
		/* Only a delta and a tree that do not belong together get here: what apply() refused cannot be packed either. */
		if (!n || n->type != INGOT_DIR || ingot_span_eq(dir, w->leaf))
			return ingot_fail(err, INGOT_E_BUG, "/%s: its parent /%s is no directory of the tree", INGOT_SHOW(path), INGOT_SHOW(dir));
		ingot_pass(w->v->node(w->v->ctx, dir, n, true, err));
		ingot_pass(enter(w, dir, false, err));
	}
	return 0;
}

static int walk_change(struct walk *w, const struct ingot_change *c, bool opaque, struct ingot_err *err)
{
	ingot_pass(write_parents(w, c->path, err));
	if (c->op == INGOT_REMOVE)
		return 0; /* written when its directory was entered */
	const struct ingot_node *n = ingot_delta_node(w->d, c->node);
	if (c->op == INGOT_HARDLINK) {
		w->leaf = c->path;
		return w->v->link(w->v->ctx, c->path, c->link, n, err);
	}
	ingot_pass(w->v->node(w->v->ctx, c->path, n, false, err));
	if (n->type == INGOT_DIR)
		return enter(w, c->path, opaque, err);
	w->leaf = c->path;
	return 0;
}

static int walk(struct walk *w, struct ingot_err *err)
{
	collect_removes(w);
	size_t n = ingot_delta_count(w->d), i = 0;
	/* The root is not written: unpackers disagree about it. What is removed from it is. */
	bool opaque = false;
	for (; i < n && ingot_delta_at(w->d, i)->path.n == 0; i++)
		opaque |= ingot_delta_at(w->d, i)->op == INGOT_OPAQUE;
	int r = enter(w, INGOT_SPAN(""), opaque, err);
	opaque = false;
	for (; r == 0 && i < n; i++) {
		const struct ingot_change *c = ingot_delta_at(w->d, i);
		if (c->op == INGOT_OPAQUE) {
			opaque = true; /* the put of its directory comes next */
			continue;
		}
		r = walk_change(w, c, opaque, err);
		opaque = false;
	}
	free(w->removes);
	return r;
}

/* --- writing --- */

struct writer {
	struct ingot_store *store;
	const struct ingot_sink *sink;
	struct ingot_buf header;
	size_t n;
	char block[KIB(256)];
};

static int flush(struct writer *t, struct ingot_err *err)
{
	if (t->n)
		ingot_pass(t->sink->write(t->sink->ctx, t->block, t->n, err));
	t->n = 0;
	return 0;
}

static int put(struct writer *t, const char *p, size_t n, struct ingot_err *err)
{
	while (n) {
		size_t piece = sizeof(t->block) - t->n < n ? sizeof(t->block) - t->n : n;
		memcpy(t->block + t->n, p, piece);
		t->n += piece;
		p += piece;
		n -= piece;
		if (t->n == sizeof(t->block))
			ingot_pass(flush(t, err));
	}
	return 0;
}

static int put_header(struct writer *t, const struct tar_entry *e, struct ingot_err *err)
{
	ingot_buf_clear(&t->header);
	tar_header(e, &t->header);
	return put(t, t->header.p, t->header.n, err);
}

static const char zeros[2 * INGOT_TAR_BLOCK];

static int put_content(struct writer *t, const struct ingot_node *n, struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	ingot_pass(ingot_store_need(t->store, &n->content, n->size, &c, err));
	for (;;) {
		if (t->n == sizeof(t->block))
			ingot_pass(flush(t, err));
		ssize_t r = ingot_content_read(&c, t->block + t->n, sizeof(t->block) - t->n, err);
		ingot_pass(r);
		if (r == 0)
			break;
		t->n += (size_t)r;
	}
	size_t over = n->size % INGOT_TAR_BLOCK; /* it ends with exactly that many bytes, or not at all (content.c) */
	return over ? put(t, zeros, INGOT_TAR_BLOCK - over, err) : 0;
}

static char flag_of(enum ingot_type type)
{
	switch (type) {
	case INGOT_DIR:
		return '5';
	case INGOT_FILE:
		return '0';
	case INGOT_LINK:
		return '2';
	case INGOT_CHR:
		return '3';
	case INGOT_BLK:
		return '4';
	case INGOT_FIFO:
		return '6';
	}
	ingot_panic("a node of no type");
}

/* Unpackers lose them (interop 1.7): a layer that has them would mean one thing here and another where it is used. */
static int no_acl(struct ingot_span path, const struct ingot_node *n, struct ingot_err *err)
{
	for (size_t i = 0; i < n->n_xattrs; i++)
		if (ingot_xattr_is_acl(n->xattrs[i].name))
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s has an access control list, which a layer of ingot never holds", INGOT_SHOW(path));
	return 0;
}

static int write_node(void *ctx, struct ingot_span path, const struct ingot_node *n, bool parent, struct ingot_err *err)
{
	struct writer *t = ctx;
	ingot_pass(no_acl(path, n, err));
	struct tar_entry e = { .path = path, .flag = flag_of(n->type), .mode = n->mode, .uid = n->uid, .gid = n->gid, .mtime = n->mtime,
		.size = n->type == INGOT_FILE ? n->size : 0, .link = n->type == INGOT_LINK ? n->target : INGOT_SPAN(""), .xattrs = n->xattrs, .n_xattrs = n->n_xattrs };
	if (n->type == INGOT_CHR || n->type == INGOT_BLK) {
		e.major = n->major;
		e.minor = n->minor;
	}
	ingot_pass(put_header(t, &e, err));
	if (e.size)
		ingot_try(err, put_content(t, n, err), "/%s", INGOT_SHOW(path));
	return 0;
}

static int write_link(void *ctx, struct ingot_span path, struct ingot_span target, const struct ingot_node *n, struct ingot_err *err)
{
	/* The metadata again, for readers that apply it; no content and no xattrs, which the first path of the group carried. */
	struct tar_entry e = { .path = path, .flag = '1', .mode = n->mode, .uid = n->uid, .gid = n->gid, .mtime = n->mtime, .link = target };
	return put_header(ctx, &e, err);
}

static int write_whiteout(void *ctx, struct ingot_span dir, struct ingot_span name, struct ingot_err *err)
{
	char path[INGOT_MAX_PATH + 16];
	ingot_assert(dir.n + name.n + 16 < sizeof(path));
	size_t n = dir.n;
	if (n) {
		memcpy(path, dir.p, n);
		path[n++] = '/';
	}
	/* image-spec, layer.md, "Whiteouts" and "Opaque Whiteout". */
	struct ingot_span prefix = name.n ? INGOT_SPAN(".wh.") : INGOT_SPAN(".wh..wh..opq");
	memcpy(path + n, prefix.p, prefix.n);
	n += prefix.n;
	if (name.n)
		memcpy(path + n, name.p, name.n);
	struct tar_entry e = { .path = { path, n + name.n }, .flag = '0', .mode = 0644 };
	return put_header(ctx, &e, err);
}

static void writer_done(struct writer **t)
{
	if (*t)
		ingot_buf_done(&(*t)->header);
	free(*t);
}

int ingot_tar_write(struct ingot_store *s, const struct ingot_delta *d, const struct ingot_tree *parents, const struct ingot_sink *out, struct ingot_err *err)
{
	_cleanup_(writer_done) struct writer *t = ingot_alloc(sizeof(*t));
	t->store = s;
	t->sink = out;
	t->header.max = MIB(32);
	struct visit v = { t, write_node, write_link, write_whiteout };
	struct walk w = { .d = d, .parents = parents, .v = &v };
	ingot_pass(walk(&w, err));
	ingot_pass(put(t, zeros, sizeof(zeros), err));
	return flush(t, err);
}

/* --- what of the parents is in the bytes --- */

static int note_node(void *ctx, struct ingot_span path, const struct ingot_node *n, bool parent, struct ingot_err *err)
{
	struct ingot_buf *out = ctx;
	if (!parent)
		return 0; /* the delta's own id covers it */
	ingot_buf_fmt(out, "d %04o %u %u %lld ", n->mode, n->uid, n->gid, (long long)n->mtime);
	ingot_escape_field(out, path);
	ingot_buf_char(out, '\n');
	for (size_t i = 0; i < n->n_xattrs; i++) {
		ingot_buf_str(out, "x ");
		ingot_escape_field(out, n->xattrs[i].name);
		ingot_buf_char(out, ' ');
		ingot_escape_field(out, n->xattrs[i].value);
		ingot_buf_char(out, '\n');
	}
	return 0;
}

static int note_link(void *ctx, struct ingot_span path, struct ingot_span target, const struct ingot_node *n, struct ingot_err *err)
{
	return 0;
}

static int note_whiteout(void *ctx, struct ingot_span dir, struct ingot_span name, struct ingot_err *err)
{
	return 0;
}

int ingot_tar_parents(const struct ingot_delta *d, const struct ingot_tree *parents, struct ingot_buf *out, struct ingot_err *err)
{
	struct visit v = { out, note_node, note_link, note_whiteout };
	struct walk w = { .d = d, .parents = parents, .v = &v };
	ingot_pass(walk(&w, err));
	return ingot_buf_check(out, "the parents of a layer", err);
}
