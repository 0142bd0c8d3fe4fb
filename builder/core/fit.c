#include "delta_impl.h"
#include "tree_impl.h"
#include <ingot/escape.h>
#include <ingot/resolve.h>

/* One change and where it goes. */
struct fitted {
	const struct ingot_change *from;
	struct ingot_span path;
	bool literal; /* path is what the delta said */
};

/* A directory that the delta puts: what is below it goes where it went. */
struct mapped {
	struct ingot_span from, to;
	bool fresh; /* the tree has no directory there: nothing to resolve below */
};

struct fitting {
	const struct ingot_tree *t;
	const struct ingot_delta *d;
	struct ingot_arena *arena;
	struct fitted *v;
	struct ingot_span *went; /* of each change of d: its path in the tree */
	struct mapped stack[INGOT_MAX_DEPTH + 2];
	size_t depth;
	bool has_last;
	struct mapped last; /* the parent resolved last: most changes have the parent of the one before */
};

static bool tree_has_dir(const struct ingot_tree *t, struct ingot_span path)
{
	const struct ingot_node *node = ingot_tree_lookup(t, path);
	return node && node->type == INGOT_DIR;
}

static struct ingot_span joined(struct ingot_arena *arena, struct ingot_span dir, struct ingot_span name)
{
	char *p = ingot_arena_alloc(arena, dir.n + name.n + 2);
	size_t n = 0;
	if (dir.n) {
		memcpy(p, dir.p, dir.n);
		n = dir.n;
		p[n++] = '/';
	}
	memcpy(p + n, name.p, name.n);
	return (struct ingot_span){ p, n + name.n };
}

static int resolved(struct fitting *f, struct ingot_span path, struct ingot_span *ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(INGOT_MAX_PATH);
	if (ingot_resolve(f->t, path, INGOT_MISSING_OK, &out, err) < 0) {
		err->code = INGOT_E_OUTSIDE;
		return -1;
	}
	*ret = ingot_arena_span(f->arena, ingot_buf_view(&out));
	return 0;
}

/* Where the directory dir of the delta is in the tree. */
static int map_dir(struct fitting *f, struct ingot_span dir, struct ingot_span *ret, struct ingot_err *err)
{
	if (f->has_last && ingot_span_eq(f->last.from, dir)) {
		*ret = f->last.to;
		return 0;
	}
	while (f->depth && !ingot_span_eq(f->stack[f->depth - 1].from, dir) && !ingot_path_under(dir, f->stack[f->depth - 1].from))
		f->depth--;
	const struct mapped *top = f->depth ? &f->stack[f->depth - 1] : NULL;
	struct ingot_span to;
	if (!top) {
		ingot_pass(resolved(f, dir, &to, err));
	} else if (top->from.n == dir.n) {
		to = top->to;
	} else {
		size_t skip = top->from.n ? top->from.n + 1 : 0;
		to = joined(f->arena, top->to, (struct ingot_span){ dir.p + skip, dir.n - skip });
		if (!top->fresh)
			ingot_pass(resolved(f, to, &to, err));
	}
	f->last = (struct mapped){ .from = dir, .to = to };
	f->has_last = true;
	*ret = to;
	return 0;
}

/* A directory over the tree's link to a directory, or to nothing yet, is what the link leads to; over anything else it is itself. */
static int map_own(struct fitting *f, struct ingot_span path, struct ingot_span *ret, struct ingot_err *err)
{
	const struct ingot_node *have = ingot_tree_lookup(f->t, path);
	if (have && have->type == INGOT_LINK) {
		struct ingot_span to;
		ingot_pass(resolved(f, path, &to, err));
		const struct ingot_node *there = ingot_tree_lookup(f->t, to);
		if (!there || there->type == INGOT_DIR)
			path = to;
	}
	*ret = path;
	return 0;
}

static bool puts_dir(const struct ingot_delta *d, const struct ingot_change *c)
{
	return c->op == INGOT_OPAQUE || (c->op == INGOT_PUT && d->nodes[c->node].type == INGOT_DIR);
}

static int map_change(struct fitting *f, size_t i, struct ingot_err *err)
{
	const struct ingot_change *c = &f->d->changes[i];
	struct ingot_span path = { 0 };
	if (c->path.n) {
		struct ingot_span up;
		ingot_try(err, map_dir(f, ingot_path_parent(c->path), &up, err), "/%s", INGOT_SHOW(c->path));
		path = joined(f->arena, up, ingot_path_base(c->path));
	}
	if (puts_dir(f->d, c)) {
		ingot_try(err, map_own(f, path, &path, err), "/%s", INGOT_SHOW(c->path));
		if (c->op == INGOT_PUT) {
			/* find the place on the stack: what c is not below has been left */
			while (f->depth && !ingot_path_under(c->path, f->stack[f->depth - 1].from))
				f->depth--;
			f->stack[f->depth++] = (struct mapped){ c->path, path, !tree_has_dir(f->t, path) };
		}
	}
	f->went[i] = path;
	f->v[i] = (struct fitted){ c, path, ingot_span_eq(path, c->path) };
	return 0;
}

static int fitted_order(const void *a, const void *b)
{
	const struct fitted *x = a, *y = b;
	int c = ingot_path_cmp(x->path, y->path);
	if (c)
		return c;
	c = (y->from->op == INGOT_OPAQUE) - (x->from->op == INGOT_OPAQUE);
	return c ? c : (y->literal - x->literal); /* of two spellings of one directory the plain one counts */
}

/* Changes that fell together: two directories are one, two removals too, anything else is an error. */
static int unite(struct fitting *f, size_t *n, struct ingot_err *err)
{
	size_t kept = 0;
	for (size_t i = 0; i < *n; i++) {
		const struct fitted *prev = kept ? &f->v[kept - 1] : NULL, *cur = &f->v[i];
		if (prev && ingot_span_eq(prev->path, cur->path)) {
			bool dirs = puts_dir(f->d, prev->from) && puts_dir(f->d, cur->from);
			bool removals = prev->from->op == INGOT_REMOVE && cur->from->op == INGOT_REMOVE;
			if (!dirs && !removals) {
				(void)ingot_fail(err, INGOT_E_OUTSIDE, "/%s and /%s are one path, /%s, in this tree", INGOT_SHOW(prev->from->path),
						 INGOT_SHOW(cur->from->path), INGOT_SHOW(cur->path));
				return ingot_hint(err, "the tree has a symbolic link where this source has a directory; one of the two files has to go");
			}
			if (prev->from->op == cur->from->op)
				continue;
		}
		f->v[kept++] = *cur;
	}
	*n = kept;
	return 0;
}

/* --- missing parents --- */

struct parents {
	struct ingot_span stack[INGOT_MAX_DEPTH + 2]; /* directories that are there, above the change last seen */
	size_t depth;
	bool killing;
	struct ingot_span killed; /* while killing: nothing of the tree is left below here */
};

static int add_parents(const struct fitting *f, struct parents *p, struct ingot_delta_builder *b, struct ingot_span path, int64_t mtime, struct ingot_err *err)
{
	const struct ingot_node missing = { .type = INGOT_DIR, .mode = 0755, .mtime = mtime };
	while (p->depth && !ingot_path_under(path, p->stack[p->depth - 1]))
		p->depth--;
	size_t at = p->depth ? p->stack[p->depth - 1].n : 0;
	for (;;) {
		/* the next longer parent of path */
		size_t end = at ? at + 1 : 0;
		while (end < path.n && path.p[end] != '/')
			end++;
		if (end >= path.n)
			return 0;
		struct ingot_span dir = { path.p, end };
		/* A directory that the source puts is on the stack by now. */
		if (p->killing && ingot_span_eq(dir, p->killed))
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is below /%s, which the same source makes something else than a directory", INGOT_SHOW(path),
					  INGOT_SHOW(dir));
		bool alive = !p->killing || !ingot_path_under(dir, p->killed);
		const struct ingot_node *have = alive ? ingot_tree_lookup(f->t, dir) : NULL;
		if (!have)
			ingot_pass(ingot_delta_put(b, dir, &missing, err));
		else if (have->type != INGOT_DIR)
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is below /%s, which is not a directory", INGOT_SHOW(path), INGOT_SHOW(dir));
		ingot_assert(p->depth < sizeof(p->stack) / sizeof(p->stack[0]));
		p->stack[p->depth++] = dir;
		at = end;
	}
}

static int emit(const struct fitting *f, const struct fitted *x, struct parents *p, struct ingot_delta_builder *b, int64_t mtime, struct ingot_err *err)
{
	const struct ingot_change *c = x->from;
	bool dir = puts_dir(f->d, c);
	if (p->killing && !ingot_path_under(x->path, p->killed) && !ingot_span_eq(x->path, p->killed))
		p->killing = false;
	if (c->op == INGOT_PUT || c->op == INGOT_HARDLINK)
		ingot_pass(add_parents(f, p, b, x->path, mtime, err));
	if (!p->killing && (c->op != INGOT_PUT || !dir || !tree_has_dir(f->t, x->path))) {
		p->killing = true;
		p->killed = x->path;
	}
	switch (c->op) {
	case INGOT_REMOVE:
		return ingot_delta_remove(b, x->path, err);
	case INGOT_OPAQUE:
		return ingot_delta_opaque(b, x->path, err);
	case INGOT_HARDLINK: {
		ssize_t leader = ingot_delta_find(f->d, c->link, OP_BIT(INGOT_PUT));
		ingot_assert(leader >= 0);
		return ingot_delta_link(b, x->path, f->went[leader], err);
	}
	case INGOT_PUT:
		if (dir)
			p->stack[p->depth++] = x->path;
		return ingot_delta_put(b, x->path, &f->d->nodes[c->node], err);
	}
	return 0;
}

static int fit(struct fitting *f, struct ingot_delta_builder *b, int64_t mtime, struct ingot_err *err)
{
	size_t n = f->d->n;
	for (size_t i = 0; i < n; i++)
		ingot_pass(map_change(f, i, err));
	for (size_t i = 1; i < n; i++)
		if (fitted_order(&f->v[i - 1], &f->v[i]) > 0) {
			qsort(f->v, n, sizeof(*f->v), fitted_order);
			break;
		}
	ingot_pass(unite(f, &n, err));
	struct parents p = { 0 };
	for (size_t i = 0; i < n; i++)
		ingot_pass(emit(f, &f->v[i], &p, b, mtime, err));
	return 0;
}

int ingot_fit(const struct ingot_tree *t, const struct ingot_delta *d, int64_t mtime, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_freep) struct fitted *v = ingot_alloc_array(d->n, sizeof(*v));
	_cleanup_(ingot_freep) struct ingot_span *went = ingot_alloc_array(d->n, sizeof(*went));
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	struct fitting f = { .t = t, .d = d, .arena = arena, .v = v, .went = went };
	ingot_pass(fit(&f, b, mtime, err));
	return ingot_delta_finish(TAKE_PTR(b), ret, err);
}
