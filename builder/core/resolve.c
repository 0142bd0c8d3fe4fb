#include "tree_impl.h"
#include <errno.h>
#include <ingot/escape.h>
#include <ingot/resolve.h>

/* A walk as the kernel's link_path_walk(): what is left to do is a stack of strings, the path given and the target of every link that
 * is being followed. */
struct walk {
	const struct ingot_tree *t;
	struct ingot_span todo[INGOT_MAX_SYMLINKS + 1];
	size_t n_todo;
	unsigned links;
	bool follow_last, need_dir;
	struct ingot_buf *at;        /* where we are: a path of t without links */
	const struct ingot_node *node; /* what is there; NULL once something is missing */
};

/* The class of the error is in err->sys, as the kernel would say it. */
static int refuse(struct ingot_err *err, int sys, struct ingot_span at, const char *why)
{
	(void)ingot_fail(err, INGOT_E_INPUT, "/%s %s", INGOT_SHOW(at), why);
	err->sys = sys;
	return -1;
}

static void strip_slashes(struct ingot_span *s)
{
	while (s->n && s->p[0] == '/') {
		s->p++;
		s->n--;
	}
}

/* Begins to walk a path or a link's target. */
static void push(struct walk *w, struct ingot_span path)
{
	if (ingot_span_starts(path, "/")) {
		ingot_buf_clear(w->at);
		w->node = &w->t->nodes[w->t->dirents[0].node];
	}
	strip_slashes(&path);
	w->todo[w->n_todo++] = path;
}

static bool nothing_left(struct walk *w)
{
	while (w->n_todo && !w->todo[w->n_todo - 1].n)
		w->n_todo--;
	return w->n_todo == 0;
}

static bool next_name(struct walk *w, struct ingot_span *ret)
{
	if (nothing_left(w))
		return false;
	struct ingot_span *rest = &w->todo[w->n_todo - 1];
	const char *end = memchr(rest->p, '/', rest->n);
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	*ret = (struct ingot_span){ rest->p, n };
	rest->p += n;
	rest->n -= n;
	strip_slashes(rest);
	/* A slash behind the very last name: it must be a directory, and a link there is followed even when told not to. */
	if (nothing_left(w) && end)
		w->need_dir = w->follow_last = true;
	return true;
}

static void go_up(struct walk *w)
{
	w->at->n = ingot_path_parent(ingot_buf_view(w->at)).n;
	w->node = ingot_tree_lookup(w->t, ingot_buf_view(w->at));
}

static int append(struct walk *w, struct ingot_span name, struct ingot_err *err)
{
	if (w->at->n)
		ingot_buf_char(w->at, '/');
	ingot_buf_span(w->at, name);
	return ingot_buf_check(w->at, "a path inside the tree", err);
}

static int follow(struct walk *w, struct ingot_span target, struct ingot_err *err)
{
	if (w->links++ >= INGOT_MAX_SYMLINKS)
		return refuse(err, ELOOP, ingot_buf_view(w->at), "leads through more than 40 symbolic links");
	go_up(w);
	push(w, target);
	return 0;
}

/* From here on nothing exists: the rest is taken as it is written. */
static int take_literally(struct walk *w, struct ingot_span name, struct ingot_err *err)
{
	w->node = NULL;
	do {
		if (ingot_span_is(name, ".") || ingot_span_is(name, ".."))
			return refuse(err, ENOENT, ingot_buf_view(w->at), "does not exist, so that '.' and '..' below it mean nothing");
		ingot_pass(append(w, name, err));
	} while (next_name(w, &name));
	if (!ingot_path_valid(ingot_buf_view(w->at)))
		return refuse(err, EINVAL, ingot_buf_view(w->at), "is not a path that a tree can hold");
	return 0;
}

static int step(struct walk *w, struct ingot_span name, unsigned flags, struct ingot_err *err)
{
	if (w->node->type != INGOT_DIR)
		return refuse(err, ENOTDIR, ingot_buf_view(w->at), "is not a directory");
	if (ingot_span_is(name, "."))
		return 0;
	if (ingot_span_is(name, "..")) {
		go_up(w);
		return 0;
	}
	if (name.n > INGOT_MAX_NAME)
		return refuse(err, ENAMETOOLONG, ingot_buf_view(w->at), "is asked for a name of more than 255 bytes");
	size_t before = w->at->n;
	ingot_pass(append(w, name, err));
	w->node = ingot_tree_lookup(w->t, ingot_buf_view(w->at));
	if (w->node && w->node->type == INGOT_LINK && !(nothing_left(w) && !w->follow_last))
		return follow(w, w->node->target, err);
	if (w->node)
		return 0;
	if (!(flags & INGOT_MISSING_OK))
		return refuse(err, ENOENT, ingot_buf_view(w->at), "does not exist");
	w->at->n = before;
	return take_literally(w, name, err);
}

static int walk(struct walk *w, struct ingot_span path, unsigned flags, struct ingot_err *err)
{
	struct ingot_span name;
	push(w, path);
	while (next_name(w, &name))
		ingot_pass(step(w, name, flags, err));
	if (w->need_dir && w->node && w->node->type != INGOT_DIR)
		return refuse(err, ENOTDIR, ingot_buf_view(w->at), "is not a directory");
	return 0;
}

int ingot_resolve(const struct ingot_tree *t, struct ingot_span path, unsigned flags, struct ingot_buf *out, struct ingot_err *err)
{
	ingot_assert(out->n == 0);
	if (ingot_span_has(path, '\0') || path.n > INGOT_MAX_PATH)
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is not a path: it holds a NUL or is too long", INGOT_SHOW(path));
	/* Every link takes one place more in todo, and there are no more than INGOT_MAX_SYMLINKS of them. */
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
	struct walk w = { .t = t, .at = &at, .node = &t->nodes[t->dirents[0].node], .follow_last = !(flags & INGOT_NOFOLLOW) };
	if (walk(&w, path, flags, err) < 0)
		return ingot_context(err, "resolving '%s'", INGOT_SHOW(path));
	ingot_buf_span(out, ingot_buf_view(&at));
	return ingot_buf_check(out, "a path inside the tree", err);
}
