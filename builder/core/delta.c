#include "delta_impl.h"
#include "tree_impl.h"
#include <ingot/escape.h>

/* --- the value --- */

struct ingot_delta *ingot_delta_blank(void)
{
	struct ingot_delta *d = ingot_alloc(sizeof(*d));
	d->arena = ingot_arena_new();
	return d;
}

void ingot_delta_free(struct ingot_delta *d)
{
	if (!d)
		return;
	ingot_arena_free(d->arena);
	free(d->changes);
	free(d->nodes);
	free(d);
}

size_t ingot_delta_count(const struct ingot_delta *d)
{
	return d->n;
}

const struct ingot_change *ingot_delta_at(const struct ingot_delta *d, size_t i)
{
	ingot_assert(i < d->n);
	return &d->changes[i];
}

const struct ingot_node *ingot_delta_node(const struct ingot_delta *d, uint32_t node)
{
	ingot_assert(node < d->n_nodes);
	return &d->nodes[node];
}

void ingot_delta_add(struct ingot_delta *d, enum ingot_op op, struct ingot_span path, uint32_t node, struct ingot_span link)
{
	ingot_reserve(d->changes, d->n, d->cap);
	struct ingot_span to = link.n ? ingot_arena_span(d->arena, link) : (struct ingot_span){ 0 };
	d->changes[d->n++] = (struct ingot_change){ .op = op, .path = ingot_arena_span(d->arena, path), .node = node, .link = to };
}

uint32_t ingot_delta_add_node(struct ingot_delta *d, const struct ingot_node *node)
{
	ingot_reserve(d->nodes, d->n_nodes, d->cap_nodes);
	ingot_node_copy(d->arena, node, &d->nodes[d->n_nodes]);
	return (uint32_t)d->n_nodes++;
}

int ingot_change_cmp(const struct ingot_change *a, const struct ingot_change *b)
{
	int c = ingot_path_cmp(a->path, b->path);
	return c ? c : (b->op == INGOT_OPAQUE) - (a->op == INGOT_OPAQUE);
}

ssize_t ingot_delta_find(const struct ingot_delta *d, struct ingot_span path, unsigned ops)
{
	size_t lo = 0, hi = d->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (ingot_path_cmp(d->changes[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < d->n && ingot_span_eq(d->changes[lo].path, path); lo++)
		if (ops & OP_BIT(d->changes[lo].op))
			return (ssize_t)lo;
	return -1;
}

int ingot_delta_check_at(const struct ingot_delta *d, size_t i, enum ingot_code code, struct ingot_err *err)
{
	ingot_assert(d->changes && i < d->n);
	const struct ingot_change *c = &d->changes[i], *next = i + 1 < d->n ? c + 1 : NULL;
	bool same = next && ingot_span_eq(c->path, next->path);
	if (c->op == INGOT_OPAQUE) {
		if (!same || next->op != INGOT_PUT || d->nodes[next->node].type != INGOT_DIR)
			return ingot_fail(err, code, "/%s is marked opaque, but is not put as a directory", INGOT_SHOW(c->path));
	} else if (same) {
		return ingot_fail(err, code, "/%s is there twice", INGOT_SHOW(c->path));
	}
	return 0;
}

/* --- building one --- */

struct ingot_delta_builder {
	struct ingot_delta *d; /* hard links still name what they were given, not their leader */
};

struct ingot_delta_builder *ingot_delta_new(void)
{
	struct ingot_delta_builder *b = ingot_alloc(sizeof(*b));
	b->d = ingot_delta_blank();
	return b;
}

void ingot_delta_builder_free(struct ingot_delta_builder *b)
{
	if (!b)
		return;
	ingot_delta_free(b->d);
	free(b);
}

static int room_for(const struct ingot_delta_builder *b, struct ingot_err *err)
{
	/* an opaque and a put for each entry is the most that can make sense */
	if (b->d->n >= 2 * (size_t)INGOT_MAX_ENTRIES)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d changes", 2 * INGOT_MAX_ENTRIES);
	return 0;
}

static int path_check(struct ingot_span path, struct ingot_err *err)
{
	if (!ingot_path_valid(path))
		return ingot_fail(err, INGOT_E_OUTSIDE, "'%s' is not a path that a tree can hold", INGOT_SHOW(path));
	return 0;
}

int ingot_delta_put(struct ingot_delta_builder *b, struct ingot_span path, const struct ingot_node *node, struct ingot_err *err)
{
	ingot_pass(room_for(b, err));
	ingot_pass(ingot_node_check(path, node, INGOT_E_OUTSIDE, err));
	ingot_delta_add(b->d, INGOT_PUT, path, ingot_delta_add_node(b->d, node), (struct ingot_span){ 0 });
	return 0;
}

int ingot_delta_link(struct ingot_delta_builder *b, struct ingot_span path, struct ingot_span target, struct ingot_err *err)
{
	ingot_pass(room_for(b, err));
	ingot_pass(path_check(path, err));
	ingot_try(err, path_check(target, err), "hard link /%s", INGOT_SHOW(path));
	if (path.n == 0 || target.n == 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/%s: the root cannot be a hard link", INGOT_SHOW(path));
	ingot_delta_add(b->d, INGOT_HARDLINK, path, NO_NODE, target);
	return 0;
}

int ingot_delta_remove(struct ingot_delta_builder *b, struct ingot_span path, struct ingot_err *err)
{
	ingot_pass(room_for(b, err));
	ingot_pass(path_check(path, err));
	if (path.n == 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the root cannot be removed");
	ingot_delta_add(b->d, INGOT_REMOVE, path, NO_NODE, (struct ingot_span){ 0 });
	return 0;
}

int ingot_delta_opaque(struct ingot_delta_builder *b, struct ingot_span path, struct ingot_err *err)
{
	ingot_pass(room_for(b, err));
	ingot_pass(path_check(path, err));
	ingot_delta_add(b->d, INGOT_OPAQUE, path, NO_NODE, (struct ingot_span){ 0 });
	return 0;
}

static int change_order(const void *a, const void *b)
{
	return ingot_change_cmp(a, b);
}

static void sort(struct ingot_delta *d)
{
	/* Most sources are nearly always sorted already. */
	for (size_t i = 1; i < d->n; i++)
		if (ingot_change_cmp(&d->changes[i - 1], &d->changes[i]) > 0) {
			qsort(d->changes, d->n, sizeof(*d->changes), change_order);
			return;
		}
}

/* Follows a hard link to the put at its end, links to links included, and leaves the answer in every link passed on the way. */
static int follow(struct ingot_delta *d, size_t at, struct ingot_err *err)
{
	size_t i = at, steps = 0;
	while (d->changes[i].op == INGOT_HARDLINK && d->changes[i].node == NO_NODE) {
		ssize_t next = ingot_delta_find(d, d->changes[i].link, OP_BIT(INGOT_PUT) | OP_BIT(INGOT_HARDLINK));
		if (next < 0)
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is a hard link to /%s, which is not in the same source", INGOT_SHOW(d->changes[i].path),
					  INGOT_SHOW(d->changes[i].link));
		if (++steps > d->n)
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is a hard link to itself", INGOT_SHOW(d->changes[at].path));
		i = (size_t)next;
	}
	uint32_t node = d->changes[i].node;
	if (d->nodes[node].type == INGOT_DIR)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is a hard link to a directory, /%s", INGOT_SHOW(d->changes[at].path), INGOT_SHOW(d->changes[i].path));
	for (i = at; d->changes[i].op == INGOT_HARDLINK && d->changes[i].node == NO_NODE;) {
		ssize_t next = ingot_delta_find(d, d->changes[i].link, OP_BIT(INGOT_PUT) | OP_BIT(INGOT_HARDLINK));
		d->changes[i].node = node;
		i = (size_t)next;
	}
	return 0;
}

/* After this the first path of each group carries the node, and the others name that path. */
static int lead(struct ingot_delta *d, struct ingot_err *err)
{
	bool any = false;
	for (size_t i = 0; i < d->n; i++)
		if (d->changes[i].op == INGOT_HARDLINK) {
			any = true;
			ingot_pass(follow(d, i, err));
		}
	if (!any)
		return 0;
	_cleanup_(ingot_freep) uint32_t *first = ingot_alloc_array(d->n_nodes, sizeof(*first)); /* of a node: index + 1 */
	for (size_t i = 0; i < d->n; i++) {
		struct ingot_change *c = &d->changes[i];
		if (c->op != INGOT_PUT && c->op != INGOT_HARDLINK)
			continue;
		if (d->nodes[c->node].type != INGOT_FILE) {
			/* A hard link to a link or a device (GNU tar writes such) is as good as a second one: with a node of its own, as the text says it. */
			struct ingot_node same = d->nodes[c->node];
			if (c->op == INGOT_HARDLINK)
				c->node = ingot_delta_add_node(d, &same);
			c->op = INGOT_PUT;
		} else if (!first[c->node]) {
			first[c->node] = (uint32_t)i + 1;
			c->op = INGOT_PUT;
		} else {
			c->op = INGOT_HARDLINK;
			c->link = d->changes[first[c->node] - 1].path;
			continue;
		}
		c->link = (struct ingot_span){ 0 };
	}
	return 0;
}

/* A removal in front of what takes the place (OCI layers may have both) says nothing that the put does not say; but a directory would keep what is below it. */
static void unite(struct ingot_delta *d)
{
	size_t n = 0;
	if (d->n < 2)
		return;
	for (size_t i = 0; i < d->n; i++) {
		const struct ingot_change *c = &d->changes[i], *next = c + 1, *prev = n ? &d->changes[n - 1] : NULL;
		bool replaces = c->op == INGOT_HARDLINK || (c->op == INGOT_PUT && d->nodes[c->node].type != INGOT_DIR);
		if (c->op == INGOT_REMOVE && i + 1 < d->n && ingot_span_eq(c->path, next->path) &&
		    (next->op == INGOT_HARDLINK || (next->op == INGOT_PUT && d->nodes[next->node].type != INGOT_DIR)))
			continue;
		if (replaces && prev && prev->op == INGOT_REMOVE && ingot_span_eq(prev->path, c->path))
			n--;
		d->changes[n++] = *c;
	}
	d->n = n;
}

static int finish(struct ingot_delta *d, struct ingot_err *err)
{
	sort(d);
	unite(d);
	for (size_t i = 0; i < d->n; i++)
		ingot_pass(ingot_delta_check_at(d, i, INGOT_E_OUTSIDE, err));
	return lead(d, err);
}

int ingot_delta_finish(struct ingot_delta_builder *take_b, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = take_b;
	ingot_pass(finish(b->d, err));
	*ret = TAKE_PTR(b->d);
	return 0;
}
