#include "delta_impl.h"
#include "tree_impl.h"

/* Three passes over two sorted lists: which nodes of b can stay as a has them; what is put and removed, in order; and where one opaque
 * says less than many removals. All are linear. */
struct diffing {
	const struct ingot_tree *a, *b;
	int64_t *events;    /* in order of path: a dirent of b, or ~ the dirent of a that is removed with all below it */
	size_t n_events;
	uint32_t *parent;   /* of each dirent of b: its parent's */
	bool *kept;         /* of each node of b: a has just this, at just these paths */
	bool *was_dir;      /* of each dirent of b: it is a directory in both */
	uint32_t *removals; /* of each dirent of b: what it costs to remove below it */
	uint32_t *stays;    /* of each dirent of b: how many below it are kept */
	bool *opaque;
};

/* Calls back for every path, in order; i or j is SIZE_MAX where the path is missing in a or b. */
#define NONE SIZE_MAX
static bool next_pair(const struct diffing *x, size_t *at_a, size_t *at_b, size_t *ret_i, size_t *ret_j)
{
	bool more_a = *at_a < x->a->n, more_b = *at_b < x->b->n;
	if (!more_a && !more_b)
		return false;
	int c = !more_a ? 1 : !more_b ? -1 : ingot_path_cmp(x->a->dirents[*at_a].path, x->b->dirents[*at_b].path);
	*ret_i = c <= 0 ? (*at_a)++ : NONE;
	*ret_j = c >= 0 ? (*at_b)++ : NONE;
	return true;
}

/* A node of b can stay if a has an equal one at all its paths, and this one node. Where a group of a is several groups in b, one of
 * them, the largest, can stay: the paths of the others are put anew, and so leave the old group. */
static void find_kept(struct diffing *x)
{
	_cleanup_(ingot_freep) uint32_t *old = ingot_alloc_array(x->b->n_nodes, sizeof(*old)); /* of a node of b: a's node + 1 */
	_cleanup_(ingot_freep) uint32_t *best = ingot_alloc_array(x->a->n_nodes, sizeof(*best)); /* of a node of a: b's node + 1 */
	size_t at_a = 0, at_b = 0, i, j;
	while (next_pair(x, &at_a, &at_b, &i, &j)) {
		if (j == NONE)
			continue;
		uint32_t nb = x->b->dirents[j].node;
		uint32_t na = i == NONE ? NO_NODE : x->a->dirents[i].node;
		if (x->b->first[nb] == j)
			old[nb] = na != NO_NODE && ingot_node_eq(&x->a->nodes[na], &x->b->nodes[nb], 0) ? na + 1 : 0;
		else if (na == NO_NODE || old[nb] != na + 1)
			old[nb] = 0;
	}
	for (uint32_t nb = 0; nb < x->b->n_nodes; nb++) {
		if (!old[nb])
			continue;
		uint32_t *winner = &best[old[nb] - 1];
		if (!*winner || x->b->nlink[nb] > x->b->nlink[*winner - 1])
			*winner = nb + 1;
	}
	for (uint32_t nb = 0; nb < x->b->n_nodes; nb++)
		x->kept[nb] = old[nb] && best[old[nb] - 1] == nb + 1;
}

static void find_events(struct diffing *x)
{
	uint32_t stack[INGOT_MAX_DEPTH + 2];
	size_t depth = 0, at_a = 0, at_b = 0, i, j;
	while (next_pair(x, &at_a, &at_b, &i, &j)) {
		struct ingot_span path = j == NONE ? x->a->dirents[i].path : x->b->dirents[j].path;
		while (depth && !ingot_path_under(path, x->b->dirents[stack[depth - 1]].path))
			depth--;
		bool gone = j == NONE, a_is_dir = i != NONE && x->a->nodes[x->a->dirents[i].node].type == INGOT_DIR;
		if (gone) {
			ingot_assert(depth > 0); /* the root is in both */
			x->removals[stack[depth - 1]]++;
			x->events[x->n_events++] = ~(int64_t)i;
		} else {
			bool b_is_dir = x->b->nodes[x->b->dirents[j].node].type == INGOT_DIR;
			x->parent[j] = depth ? stack[depth - 1] : 0;
			x->was_dir[j] = a_is_dir && b_is_dir;
			gone = a_is_dir && !b_is_dir;
			if (b_is_dir)
				stack[depth++] = (uint32_t)j;
			x->events[x->n_events++] = (int64_t)j;
		}
		/* What was below goes with it, unsaid. */
		if (gone && a_is_dir)
			at_a = ingot_tree_subtree_end(x->a, i);
	}
}

/* Children come after their parents, so that going backwards every subtree is complete when its directory is reached. An opaque is
 * taken only where nothing below stays: content that is in place is never said again to save a line. */
static void find_opaque(struct diffing *x)
{
	for (size_t j = x->b->n; j-- > 0;) {
		bool kept = x->kept[x->b->dirents[j].node];
		uint32_t price = kept ? 2 : 1; /* the directory's own put, which an opaque needs */
		if (x->was_dir[j] && x->stays[j] == 0 && x->removals[j] > price) {
			x->opaque[j] = true;
			x->removals[j] = price;
			kept = false;
		}
		if (j == 0)
			break;
		x->removals[x->parent[j]] += x->removals[j];
		x->stays[x->parent[j]] += x->stays[j] + (kept ? 1 : 0);
	}
}

static void emit(const struct diffing *x, struct ingot_delta *d)
{
	_cleanup_(ingot_freep) uint32_t *number = ingot_alloc_array(x->b->n_nodes, sizeof(*number)); /* in d, + 1 */
	const struct ingot_span none = { 0 };
	struct ingot_span hidden = none; /* the directory made opaque last */
	bool any = false;
	for (size_t e = 0; e < x->n_events; e++) {
		int64_t v = x->events[e];
		struct ingot_span path = v < 0 ? x->a->dirents[~v].path : x->b->dirents[v].path;
		bool inside = any && ingot_path_under(path, hidden);
		if (v < 0) {
			if (!inside)
				ingot_delta_add(d, INGOT_REMOVE, path, NO_NODE, none);
			continue;
		}
		uint32_t node = x->b->dirents[v].node;
		bool opaque = x->opaque[v] && !inside;
		if (x->kept[node] && !opaque && !inside)
			continue;
		if (opaque) {
			ingot_delta_add(d, INGOT_OPAQUE, path, NO_NODE, none);
			hidden = path;
			any = true;
		}
		if (number[node]) {
			ingot_delta_add(d, INGOT_HARDLINK, path, number[node] - 1, x->b->dirents[x->b->first[node]].path);
		} else {
			number[node] = ingot_delta_add_node(d, &x->b->nodes[node]) + 1;
			ingot_delta_add(d, INGOT_PUT, path, number[node] - 1, none);
		}
	}
}

struct ingot_delta *ingot_diff(const struct ingot_tree *a, const struct ingot_tree *b)
{
	struct ingot_delta *d = ingot_delta_blank();
	if (a == b)
		return d;
	size_t n = b->n;
	_cleanup_(ingot_freep) int64_t *events = ingot_grow(NULL, a->n + n, sizeof(*events));
	_cleanup_(ingot_freep) uint32_t *numbers = ingot_alloc_array(3 * n, sizeof(*numbers));
	_cleanup_(ingot_freep) bool *flags = ingot_alloc_array(2 * n + b->n_nodes, sizeof(*flags));
	struct diffing x = {
		.a = a, .b = b, .events = events, .parent = numbers, .removals = numbers + n, .stays = numbers + 2 * n,
		.was_dir = flags, .opaque = flags + n, .kept = flags + 2 * n,
	};
	find_kept(&x);
	find_events(&x);
	find_opaque(&x);
	emit(&x, d);
	return d;
}
