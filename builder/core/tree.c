#include "lines.h"
#include "tree_impl.h"
#include <ingot/escape.h>

struct ingot_tree *ingot_tree_ref(struct ingot_tree *t)
{
	t->refs++;
	return t;
}

void ingot_tree_unref(struct ingot_tree *t)
{
	if (!t || --t->refs)
		return;
	if (--t->strings->refs == 0) {
		ingot_arena_free(t->strings->arena);
		free(t->strings);
	}
	free(t->dirents);
	free(t->nodes);
	free(t->first);
	free(t->nlink);
	free(t->id);
	free(t);
}

/* --- making one --- */

void ingot_maker_begin(struct tree_maker *m, const struct ingot_tree *from, size_t expect, enum ingot_code code)
{
	*m = (struct tree_maker){ .code = code, .t = ingot_alloc(sizeof(struct ingot_tree)) };
	m->t->refs = 1;
	if (from) {
		m->t->strings = from->strings;
	} else {
		m->t->strings = ingot_alloc(sizeof(struct tree_strings));
		m->t->strings->arena = ingot_arena_new();
	}
	m->t->strings->refs++;
	m->t->id = ingot_alloc(sizeof(struct tree_id));
	m->cap = m->cap_nodes = expect < 16 ? 16 : expect;
	m->t->dirents = ingot_grow(NULL, m->cap, sizeof(*m->t->dirents));
	m->t->nodes = ingot_grow(NULL, m->cap_nodes, sizeof(*m->t->nodes));
	m->t->first = ingot_grow(NULL, m->cap_nodes, sizeof(*m->t->first));
	m->t->nlink = ingot_grow(NULL, m->cap_nodes, sizeof(*m->t->nlink));
}

void ingot_maker_abort(struct tree_maker *m)
{
	ingot_tree_unref(TAKE_PTR(m->t));
}

static uint32_t new_node(struct tree_maker *m)
{
	struct ingot_tree *t = m->t;
	if (t->n_nodes == m->cap_nodes) {
		m->cap_nodes *= 2;
		t->nodes = ingot_grow(t->nodes, m->cap_nodes, sizeof(*t->nodes));
		t->first = ingot_grow(t->first, m->cap_nodes, sizeof(*t->first));
		t->nlink = ingot_grow(t->nlink, m->cap_nodes, sizeof(*t->nlink));
	}
	t->nlink[t->n_nodes] = 0;
	return (uint32_t)t->n_nodes++;
}

uint32_t ingot_maker_node(struct tree_maker *m, const struct ingot_node *node)
{
	uint32_t number = new_node(m);
	ingot_node_copy(m->t->strings->arena, node, &m->t->nodes[number]);
	return number;
}

/* Makes the stack end in path's parent. */
static int find_parent(struct tree_maker *m, struct ingot_span path, struct ingot_err *err)
{
	const struct ingot_tree *t = m->t;
	while (m->depth && !ingot_path_under(path, t->dirents[m->stack[m->depth - 1]].path))
		m->depth--;
	struct ingot_span parent = ingot_path_parent(path);
	/* What is on the stack holds path, so that equal length means that it is the parent. Dirents that were kept are not on it. */
	if (!m->depth || t->dirents[m->stack[m->depth - 1]].path.n != parent.n) {
		ssize_t at = ingot_tree_find(t, parent);
		if (at < 0)
			return ingot_fail(err, m->code, "/%s has no parent: /%s does not exist", INGOT_SHOW(path), INGOT_SHOW(parent));
		ingot_assert(m->depth < sizeof(m->stack) / sizeof(m->stack[0]));
		m->stack[m->depth++] = (uint32_t)at;
	}
	if (t->nodes[t->dirents[m->stack[m->depth - 1]].node].type != INGOT_DIR)
		return ingot_fail(err, m->code, "/%s is below /%s, which is not a directory", INGOT_SHOW(path), INGOT_SHOW(parent));
	return 0;
}

static int add_dirent(struct tree_maker *m, struct ingot_span path, uint32_t node, struct ingot_err *err)
{
	struct ingot_tree *t = m->t;
	if (t->n >= INGOT_MAX_ENTRIES)
		return ingot_fail(err, m->code, "the tree has more than %d entries", INGOT_MAX_ENTRIES);
	if (t->nlink[node]++ == 0)
		t->first[node] = (uint32_t)t->n;
	if (t->n == m->cap) {
		m->cap *= 2;
		t->dirents = ingot_grow(t->dirents, m->cap, sizeof(*t->dirents));
	}
	t->dirents[t->n++] = (struct ingot_dirent){ path, node };
	return 0;
}

int ingot_maker_append(struct tree_maker *m, struct ingot_span path, uint32_t node, struct ingot_err *err)
{
	struct ingot_tree *t = m->t;
	if (t->n == 0) {
		if (path.n)
			return ingot_fail(err, m->code, "the tree does not begin with its root");
	} else {
		if (ingot_path_cmp(t->dirents[t->n - 1].path, path) >= 0)
			return ingot_fail(err, m->code, "/%s is there twice, or out of order", INGOT_SHOW(path));
		ingot_pass(find_parent(m, path, err));
	}
	ingot_pass(add_dirent(m, ingot_arena_span(t->strings->arena, path), node, err));
	m->stack[m->depth++] = (uint32_t)t->n - 1;
	return 0;
}

int ingot_maker_keep(struct tree_maker *m, const struct ingot_tree *from, size_t at, size_t end, uint32_t *numbers, struct ingot_err *err)
{
	ingot_assert(m->t->strings == from->strings);
	for (; at < end; at++) {
		const struct ingot_dirent *e = &from->dirents[at];
		uint32_t *number = &numbers[e->node];
		if (*number == UINT32_MAX) {
			*number = new_node(m);
			m->t->nodes[*number] = from->nodes[e->node];
		}
		ingot_pass(add_dirent(m, e->path, *number, err));
	}
	return 0;
}

struct ingot_tree *ingot_maker_end(struct tree_maker *m)
{
	ingot_assert(m->t->n > 0);
	return TAKE_PTR(m->t);
}

struct ingot_tree *ingot_tree_empty(void)
{
	struct tree_maker m;
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_node root = { .type = INGOT_DIR, .mode = 0755 };
	ingot_maker_begin(&m, NULL, 1, INGOT_E_BUG);
	ingot_assert(ingot_maker_append(&m, (struct ingot_span){ 0 }, ingot_maker_node(&m, &root), &err) == 0);
	return ingot_maker_end(&m);
}

/* --- looking at one --- */

size_t ingot_tree_count(const struct ingot_tree *t)
{
	return t->n;
}

const struct ingot_dirent *ingot_tree_at(const struct ingot_tree *t, size_t i)
{
	ingot_assert(i < t->n);
	return &t->dirents[i];
}

const struct ingot_node *ingot_tree_node(const struct ingot_tree *t, uint32_t node)
{
	ingot_assert(node < t->n_nodes);
	return &t->nodes[node];
}

size_t ingot_tree_nodes(const struct ingot_tree *t)
{
	return t->n_nodes;
}

size_t ingot_tree_leader(const struct ingot_tree *t, size_t i)
{
	return t->first[ingot_tree_at(t, i)->node];
}

uint32_t ingot_tree_nlink(const struct ingot_tree *t, uint32_t node)
{
	ingot_assert(node < t->n_nodes);
	return t->nlink[node];
}

ssize_t ingot_tree_find(const struct ingot_tree *t, struct ingot_span path)
{
	size_t lo = 0, hi = t->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = ingot_path_cmp(t->dirents[mid].path, path);
		if (c == 0)
			return (ssize_t)mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

const struct ingot_node *ingot_tree_lookup(const struct ingot_tree *t, struct ingot_span path)
{
	ssize_t i = ingot_tree_find(t, path);
	return i < 0 ? NULL : &t->nodes[t->dirents[i].node];
}

size_t ingot_tree_subtree_end(const struct ingot_tree *t, size_t i)
{
	struct ingot_span dir = ingot_tree_at(t, i)->path;
	/* What is below dir follows it without a gap. Most subtrees are small: double the step first, then halve. */
	size_t step = 1, lo = i + 1;
	while (lo + step <= t->n && ingot_path_under(t->dirents[lo + step - 1].path, dir)) {
		lo += step;
		step *= 2;
	}
	size_t hi = lo + step <= t->n ? lo + step - 1 : t->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (ingot_path_under(t->dirents[mid].path, dir))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct ingot_digest *ingot_tree_id(const struct ingot_tree *t)
{
	if (t->id->known)
		return &t->id->digest;
	_cleanup_(ingot_hash_freep) struct ingot_hash *h = ingot_hash_new();
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(LINES_MAX);
	ingot_lines_tree_header(&text);
	for (size_t i = 0; i < t->n; i++) {
		ingot_lines_tree_entry(&text, t, i);
		if (text.n > KIB(64) || i + 1 == t->n) {
			ingot_hash_add(h, text.p, text.n);
			ingot_buf_clear(&text);
		}
	}
	ingot_hash_end(h, &t->id->digest);
	t->id->known = true;
	return &t->id->digest;
}
