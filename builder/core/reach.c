#include "tree_impl.h"
#include <ingot/reach.h>
#include <stdint.h>

#define NOWHERE SIZE_MAX
/* What a file has by any of its names. */
#define OF_NODE (INGOT_REACH_READ | INGOT_REACH_WRITE | INGOT_REACH_RUN | INGOT_REACH_RAISE)

struct reaching {
	const struct ingot_tree *t;
	const struct ingot_identity *id;
	uint32_t *parent; /* of each dirent; the root's is itself */
	uint16_t *bits;   /* of each dirent */
};

static const struct ingot_node *node_of(const struct reaching *x, size_t i)
{
	return &x->t->nodes[x->t->dirents[i].node];
}

static bool may(const struct reaching *x, size_t i, unsigned want)
{
	return ingot_grants(x->id, node_of(x, i), want, NULL) != INGOT_GRANT_NONE;
}

/* What is below a directory comes right after it: the way up from the entry before leads to the parent. */
static void find_parents(struct reaching *x)
{
	uint32_t at = 0;
	for (size_t i = 1; i < x->t->n; i++) {
		while (at && !ingot_path_under(x->t->dirents[i].path, x->t->dirents[at].path))
			at = x->parent[at];
		x->parent[i] = at;
		at = (uint32_t)i;
	}
}

/* --- directories, and names in them --- */

static bool sticky_holds(const struct reaching *x, size_t dir, size_t i)
{
	uint32_t uid = x->id->uid;
	return uid && node_of(x, dir)->mode & 01000 && node_of(x, dir)->uid != uid && node_of(x, i)->uid != uid;
}

static uint16_t of_name(const struct reaching *x, size_t i)
{
	size_t dir = x->parent[i];
	if (i == dir)
		return INGOT_REACH_SEE;
	uint16_t bits = 0;
	if (x->bits[dir] & INGOT_REACH_SEE && may(x, dir, INGOT_MAY_RUN))
		bits |= INGOT_REACH_SEE;
	if (x->bits[dir] & INGOT_REACH_CREATE && !sticky_holds(x, dir, i))
		bits |= INGOT_REACH_REPLACE;
	if (x->bits[dir] & (INGOT_REACH_REPLACE | INGOT_REACH_ABOVE))
		bits |= INGOT_REACH_ABOVE;
	return bits;
}

/* --- programs --- */

/* exec(2) asks for an x bit even of root. */
static bool runs(const struct reaching *x, size_t i)
{
	return may(x, i, INGOT_MAY_RUN) && (x->id->uid || node_of(x, i)->mode & 0111);
}

static bool raises(const struct reaching *x, size_t i)
{
	const struct ingot_node *n = node_of(x, i);
	struct ingot_identity as_is = *x->id;
	if (as_is.uid == 0)
		return false;
	if (n->mode & 04000 && n->uid != as_is.uid)
		return true;
	for (size_t k = 0; k < n->n_xattrs; k++)
		if (ingot_span_is(n->xattrs[k].name, "security.capability"))
			return true;
	/* chmod(2) by an owner who is not in the group takes setgid away: such a program counts only as it is. */
	as_is.as_is = true;
	return (n->mode & 02010) == 02010 && !ingot_identity_has_group(&as_is, n->gid) && ingot_grants(&as_is, n, INGOT_MAY_RUN, NULL) != INGOT_GRANT_NONE;
}

/* --- what a name leads to --- */

static uint16_t of_content(const struct reaching *x, size_t i)
{
	const struct ingot_node *n = node_of(x, i);
	uint16_t bits = 0;
	if (n->type == INGOT_LINK)
		return INGOT_REACH_READ; /* readlink(2) asks the directories only */
	if (may(x, i, INGOT_MAY_READ))
		bits |= INGOT_REACH_READ;
	if (n->type == INGOT_DIR)
		return may(x, i, INGOT_MAY_WRITE | INGOT_MAY_RUN) ? bits | INGOT_REACH_CREATE : bits;
	if (may(x, i, INGOT_MAY_WRITE))
		bits |= INGOT_REACH_WRITE;
	if (n->type == INGOT_FILE && runs(x, i))
		bits |= raises(x, i) ? INGOT_REACH_RUN | INGOT_REACH_RAISE : INGOT_REACH_RUN;
	return bits;
}

/* --- links --- */

struct walk {
	struct ingot_span todo[INGOT_MAX_SYMLINKS + 1]; /* what is left of the target of each link on the way, the last first */
	size_t n_todo;
	size_t at; /* dirent */
	struct ingot_buf path;
	bool need_dir; /* the end is no file, or nothing */
};

/* The next name, "" at the end. What is left then of a text is slashes and dots: they ask for a directory. */
static struct ingot_span next_name(struct walk *w)
{
	w->need_dir = false;
	for (; w->n_todo; w->n_todo--) {
		struct ingot_span *rest = &w->todo[w->n_todo - 1], name;
		const struct ingot_span before = *rest;
		while (ingot_span_next(rest, '/', &name))
			if (name.n && !ingot_span_is(name, ".")) {
				size_t at = (size_t)(name.p + name.n - before.p);
				*rest = (struct ingot_span){ before.p + at, before.n - at };
				w->need_dir = false;
				return name;
			}
		w->need_dir |= before.n > 0;
	}
	return (struct ingot_span){ 0 };
}

static size_t child(const struct reaching *x, struct walk *w, struct ingot_span name)
{
	struct ingot_span dir = x->t->dirents[w->at].path;
	ingot_buf_clear(&w->path);
	ingot_buf_span(&w->path, dir);
	if (dir.n)
		ingot_buf_char(&w->path, '/');
	ingot_buf_span(&w->path, name);
	ssize_t i = w->path.full ? -1 : ingot_tree_find(x->t, ingot_buf_view(&w->path));
	return i < 0 ? NOWHERE : (size_t)i;
}

/* Most targets are a plain path beside or below, or "../" and one: if that is there, no link was on the way. */
static size_t straight(const struct reaching *x, struct walk *w, size_t link)
{
	struct ingot_span target = node_of(x, link)->target;
	w->at = x->parent[link];
	if (ingot_span_starts(target, "/")) {
		w->at = 0;
		target = (struct ingot_span){ target.p + 1, target.n - 1 };
	}
	while (ingot_span_starts(target, "../")) {
		w->at = x->parent[w->at];
		target = (struct ingot_span){ target.p + 3, target.n - 3 };
	}
	size_t i = child(x, w, target); /* no path of a tree holds "." or "//" */
	return i == NOWHERE || node_of(x, i)->type == INGOT_LINK ? NOWHERE : i;
}

/* Writing to a device changes nothing in the tree. */
static bool end_changes(const struct reaching *x, size_t i)
{
	enum ingot_type type = node_of(x, i)->type;
	return x->bits[i] & INGOT_REACH_WRITE && (type == INGOT_FILE || type == INGOT_FIFO);
}

/* Where the link leads to, and whether something can be changed on the way. */
static size_t follow(const struct reaching *x, struct walk *w, size_t link, bool *ret_change)
{
	const uint16_t name_changes = INGOT_REACH_REPLACE | INGOT_REACH_ABOVE;
	size_t there = straight(x, w, link);
	if (there != NOWHERE) {
		*ret_change = x->bits[there] & name_changes || end_changes(x, there);
		return there;
	}
	struct ingot_span name = INGOT_SPAN(".");
	unsigned links = 0;
	w->n_todo = 0;
	for (size_t i = link; name.n; name = next_name(w)) {
		if (links) {
			if (node_of(x, w->at)->type != INGOT_DIR)
				return NOWHERE;
			i = ingot_span_is(name, "..") ? x->parent[w->at] : child(x, w, name);
			if (i == NOWHERE)
				*ret_change |= !!(x->bits[w->at] & INGOT_REACH_CREATE);
			if (i == NOWHERE || i == link) /* round in a circle */
				return NOWHERE;
			*ret_change |= !!(x->bits[i] & name_changes);
		}
		const struct ingot_node *n = node_of(x, i);
		w->at = i;
		if (n->type != INGOT_LINK)
			continue;
		if (links++ == INGOT_MAX_SYMLINKS)
			return NOWHERE;
		w->todo[w->n_todo++] = n->target;
		w->at = ingot_span_starts(n->target, "/") ? 0 : x->parent[i];
	}
	if (w->need_dir && node_of(x, w->at)->type != INGOT_DIR)
		return NOWHERE;
	*ret_change |= end_changes(x, w->at);
	return w->at;
}

static void follow_links(const struct reaching *x, uint32_t *ends)
{
	struct walk w = { .path = INGOT_BUF(INGOT_MAX_PATH) };
	for (size_t i = 0; i < x->t->n; i++) {
		bool change = false;
		size_t end = node_of(x, i)->type == INGOT_LINK ? follow(x, &w, i, &change) : i;
		ends[i] = end == NOWHERE ? INGOT_NOWHERE : (uint32_t)end;
		if (change)
			x->bits[i] |= INGOT_REACH_THROUGH;
	}
	ingot_buf_done(&w.path);
}

uint16_t *ingot_reach(const struct ingot_tree *t, const struct ingot_identity *id, uint32_t **ret_ends)
{
	_cleanup_(ingot_freep) uint32_t *parent = ingot_alloc_array(t->n, sizeof(*parent)), *ends = ingot_alloc_array(t->n, sizeof(*ends));
	_cleanup_(ingot_freep) uint16_t *of_node = ingot_alloc_array(t->n_nodes, sizeof(*of_node));
	uint16_t *bits = ingot_alloc_array(t->n, sizeof(*bits));
	struct reaching x = { t, id, parent, bits };
	find_parents(&x);
	for (size_t i = 0; i < t->n; i++) {
		bits[i] = of_name(&x, i);
		if (!(bits[i] & INGOT_REACH_SEE))
			continue;
		bits[i] |= of_content(&x, i);
		of_node[t->dirents[i].node] |= bits[i] & OF_NODE;
	}
	for (size_t i = 0; i < t->n; i++)
		bits[i] |= of_node[t->dirents[i].node];
	follow_links(&x, ends);
	if (ret_ends)
		*ret_ends = TAKE_PTR(ends);
	return bits;
}
