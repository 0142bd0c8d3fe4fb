#include "gen.h"
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <stdio.h>
#include <time.h>

uint64_t gen_seed(const char *test)
{
	uint64_t seed = (uint64_t)time(NULL);
	const char *given = getenv("INGOT_SEED");
	if (given && ingot_parse_u64(ingot_span_of(given), UINT64_MAX, &seed) < 0)
		ingot_panic("INGOT_SEED is not a number");
	(void)printf("%s: INGOT_SEED=%llu\n", test, (unsigned long long)seed);
	(void)fflush(stdout);
	return seed;
}

/* splitmix64 (Steele, Lea, Flood) */
static uint64_t next(struct gen *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15U;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

uint32_t gen_below(struct gen *g, uint32_t n)
{
	return (uint32_t)(next(g) % n);
}

bool gen_chance(struct gen *g, uint32_t percent)
{
	return gen_below(g, 100) < percent;
}

/* Bytes below and above '/' in ASCII, blanks, escapes, control and high bytes: the order of paths and the text's escapes are tried. */
static const struct ingot_span names[] = {
	INGOT_SPAN("a"), INGOT_SPAN("b"), INGOT_SPAN("ab"), INGOT_SPAN("a.b"), INGOT_SPAN("a-b"), INGOT_SPAN("a b"), INGOT_SPAN("a!"), INGOT_SPAN("a0"), INGOT_SPAN(".a"),
	INGOT_SPAN("..."), INGOT_SPAN("a\\x20"), INGOT_SPAN("\n"), INGOT_SPAN("\xff\xfe"), INGOT_SPAN("\x01"), INGOT_SPAN("\x7f"), INGOT_SPAN("~"), INGOT_SPAN(".wh"), INGOT_SPAN("-"),
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct ingot_span gen_name(struct gen *g)
{
	return names[gen_below(g, gen_chance(g, 50) ? 5 : COUNT(names))];
}

/* --- nodes: few values, so that equal ones meet --- */

static const struct ingot_xattr xattr_sets[][2] = {
	{ { INGOT_SPAN("user.a"), INGOT_SPAN("") }, { INGOT_SPAN("user.b"), INGOT_SPAN("x y\n") } },
	{ { INGOT_SPAN("user.a"), INGOT_SPAN("1") }, { INGOT_SPAN("user.\xff"), INGOT_SPAN("\0\1") } },
};
static const uint32_t modes[] = { 0755, 0644, 0, 07777, 04755, 01777 };

static enum ingot_type random_type(struct gen *g)
{
	static const enum ingot_type types[] = { INGOT_DIR, INGOT_DIR, INGOT_DIR, INGOT_FILE, INGOT_FILE, INGOT_FILE, INGOT_FILE, INGOT_LINK, INGOT_CHR, INGOT_BLK, INGOT_FIFO };
	return types[gen_below(g, COUNT(types))];
}

static struct ingot_node random_node(struct gen *g, enum ingot_type type)
{
	struct ingot_node n = { .type = type, .mode = modes[gen_below(g, 2)], .uid = gen_chance(g, 20) ? 1000 : 0, .mtime = gen_below(g, 2) };
	if (type == INGOT_FILE) {
		n.size = gen_below(g, 2);
		n.content.b[31] = (uint8_t)gen_below(g, 3);
	} else if (type == INGOT_LINK) {
		n.target = names[gen_below(g, COUNT(names))];
	} else if (type == INGOT_CHR || type == INGOT_BLK) {
		n.minor = gen_below(g, 2);
	}
	if ((type == INGOT_FILE || type == INGOT_DIR) && gen_chance(g, 20)) {
		n.xattrs = xattr_sets[gen_below(g, 2)];
		n.n_xattrs = 1 + gen_below(g, 2);
	}
	return n;
}

static void change_xattrs(struct gen *g, struct ingot_node *n)
{
	if (n->n_xattrs == 2) {
		n->n_xattrs = 1;
		n->xattrs += gen_below(g, 2);
	} else if (n->n_xattrs) {
		n->n_xattrs = 0;
		n->xattrs = NULL;
	} else {
		n->xattrs = xattr_sets[gen_below(g, 2)];
		n->n_xattrs = 1;
	}
}

struct ingot_node gen_other_node(struct gen *g, const struct ingot_node *node)
{
	struct ingot_node n = *node;
	uint32_t field = gen_below(g, 7);
	if (n.type == INGOT_DIR)
		field = field == 5 ? 0 : field;
	switch (field) {
	case 0:
		n.mode ^= 1U << gen_below(g, 12);
		break;
	case 1:
		n.uid ^= 1U << gen_below(g, 16);
		break;
	case 2:
		n.gid ^= 1U << gen_below(g, 16);
		break;
	case 3:
		n.mtime ^= (int64_t)1 << gen_below(g, 40);
		break;
	case 4:
		if (n.type == INGOT_FILE || n.type == INGOT_DIR)
			change_xattrs(g, &n);
		else
			n.mode ^= 1;
		break;
	default:
		if (n.type == INGOT_FILE && field == 5)
			n.size ^= 1U << gen_below(g, 30);
		else if (n.type == INGOT_FILE)
			n.content.b[gen_below(g, 32)] ^= (uint8_t)(1U << gen_below(g, 8));
		else if (n.type == INGOT_LINK)
			n.target = ingot_span_is(n.target, "other") ? INGOT_SPAN("another") : INGOT_SPAN("other");
		else if (n.type == INGOT_CHR || n.type == INGOT_BLK)
			*(field == 5 ? &n.minor : &n.major) ^= 1U << gen_below(g, 12);
		else
			n.mode ^= 2;
	}
	return n;
}

/* --- a model that is easy to change: paths, and a number for each node; equal numbers are hard links --- */

struct item {
	struct ingot_span path;
	size_t node;
};

struct model {
	struct ingot_arena *arena;
	struct item *v;
	struct ingot_node *nodes;
	size_t n, cap, n_nodes, cap_nodes;
};

static size_t add_node(struct model *m, struct ingot_node node)
{
	ingot_reserve(m->nodes, m->n_nodes, m->cap_nodes);
	m->nodes[m->n_nodes] = node;
	return m->n_nodes++;
}

static struct item *at(struct model *m, struct ingot_span path)
{
	for (size_t i = 0; i < m->n; i++)
		if (ingot_span_eq(m->v[i].path, path))
			return &m->v[i];
	return NULL;
}

static void add_item(struct model *m, struct ingot_span path, size_t node)
{
	ingot_reserve(m->v, m->n, m->cap);
	m->v[m->n++] = (struct item){ ingot_arena_span(m->arena, path), node };
}

static void drop(struct model *m, struct ingot_span path, bool itself)
{
	size_t kept = 0;
	for (size_t i = 0; i < m->n; i++)
		if (!ingot_path_under(m->v[i].path, path) && !(itself && ingot_span_eq(m->v[i].path, path)))
			m->v[kept++] = m->v[i];
	m->n = kept;
}

static struct item *pick(struct gen *g, struct model *m, enum ingot_type type)
{
	for (unsigned tries = 0; tries < 30; tries++) {
		struct item *i = &m->v[gen_below(g, (uint32_t)m->n)];
		if (!type || m->nodes[i->node].type == type)
			return i;
	}
	return NULL;
}

/* A path that is not there yet, below a directory that is. */
static bool new_path(struct gen *g, struct model *m, struct ingot_span *ret)
{
	const struct item *dir = pick(g, m, INGOT_DIR);
	if (!dir || dir->path.n > 60)
		return false;
	struct ingot_span name = gen_name(g);
	char *p = ingot_arena_alloc(m->arena, dir->path.n + name.n + 2);
	size_t n = 0;
	if (dir->path.n) {
		memcpy(p, dir->path.p, dir->path.n);
		p[dir->path.n] = '/';
		n = dir->path.n + 1;
	}
	memcpy(p + n, name.p, name.n);
	*ret = (struct ingot_span){ p, n + name.n };
	return !at(m, *ret);
}

static void add_random(struct gen *g, struct model *m)
{
	struct ingot_span path;
	if (!new_path(g, m, &path))
		return;
	const struct item *file = gen_chance(g, 25) ? pick(g, m, INGOT_FILE) : NULL;
	add_item(m, path, file ? file->node : add_node(m, random_node(g, random_type(g))));
}

static void rename_random(struct gen *g, struct model *m)
{
	const struct item *i = pick(g, m, 0);
	struct ingot_span to, from = i->path;
	if (!from.n || !new_path(g, m, &to) || ingot_path_under(to, from))
		return;
	for (size_t k = 0; k < m->n; k++) {
		struct ingot_span p = m->v[k].path;
		if (!ingot_span_eq(p, from) && !ingot_path_under(p, from))
			continue;
		char *moved = ingot_arena_alloc(m->arena, to.n + p.n - from.n + 1);
		memcpy(moved, to.p, to.n);
		memcpy(moved + to.n, p.p + from.n, p.n - from.n);
		m->v[k].path = (struct ingot_span){ moved, to.n + p.n - from.n };
	}
}

static void mutate(struct gen *g, struct model *m)
{
	struct item *i = pick(g, m, 0);
	switch (gen_below(g, 8)) {
	case 0: /* a field, on all paths of the node */
		m->nodes[i->node] = gen_other_node(g, &m->nodes[i->node]);
		break;
	case 1: /* another thing in its place */
		if (i->path.n) {
			i->node = add_node(m, random_node(g, random_type(g)));
			if (m->nodes[i->node].type != INGOT_DIR)
				drop(m, i->path, false);
		}
		break;
	case 2:
		if (i->path.n)
			drop(m, i->path, true);
		break;
	case 3:
		drop(m, i->path, false);
		break;
	case 4: /* a hard link broken: an equal file of its own */
		i->node = add_node(m, m->nodes[i->node]);
		break;
	case 5: /* and one made */
		if (m->nodes[i->node].type == INGOT_FILE) {
			const struct item *other = pick(g, m, INGOT_FILE);
			i->node = other ? other->node : i->node;
		}
		break;
	case 6:
		rename_random(g, m);
		break;
	default:
		add_random(g, m);
	}
}

/* --- between models and trees --- */

static void must(int r, const struct ingot_err *err)
{
	if (r < 0)
		ingot_panic("gen: %s", err->msg);
}

static struct ingot_tree *tree_from(const struct model *m)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty();
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	_cleanup_(ingot_freep) size_t *first = ingot_alloc_array(m->n_nodes, sizeof(*first)); /* + 1 */
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_tree *t = NULL;
	for (size_t i = 0; i < m->n; i++) {
		size_t node = m->v[i].node;
		if (first[node] && m->nodes[node].type == INGOT_FILE)
			must(ingot_delta_link(b, m->v[i].path, m->v[first[node] - 1].path, &err), &err);
		else
			must(ingot_delta_put(b, m->v[i].path, &m->nodes[node], &err), &err);
		first[node] = first[node] ? first[node] : i + 1;
	}
	must(ingot_delta_finish(TAKE_PTR(b), &d, &err), &err);
	must(ingot_apply(empty, d, &t, &err), &err);
	return t;
}

static void model_done(struct model *m)
{
	ingot_arena_free(m->arena);
	free(m->v);
	free(m->nodes);
}

struct ingot_tree *gen_tree(struct gen *g, size_t entries)
{
	_cleanup_(model_done) struct model m = { .arena = ingot_arena_new() };
	add_item(&m, (struct ingot_span){ 0 }, add_node(&m, random_node(g, INGOT_DIR)));
	for (size_t i = 0; i < entries; i++)
		add_random(g, &m);
	return tree_from(&m);
}

struct ingot_tree *gen_neighbour(struct gen *g, const struct ingot_tree *t, size_t changes)
{
	_cleanup_(model_done) struct model m = { .arena = ingot_arena_new() };
	for (uint32_t i = 0; i < ingot_tree_nodes(t); i++)
		(void)add_node(&m, *ingot_tree_node(t, i));
	for (size_t i = 0; i < ingot_tree_count(t); i++)
		add_item(&m, ingot_tree_at(t, i)->path, ingot_tree_at(t, i)->node);
	for (size_t i = 0; i < changes; i++)
		mutate(g, &m);
	return tree_from(&m);
}

/* --- forests of links --- */

struct ingot_span gen_target(struct gen *g, char *room, size_t size)
{
	static const char *const parts[] = { "a", "b", "c", "a", "b", "c", "..", ".", "zz" };
	size_t n = 0;
	if (gen_chance(g, 30))
		room[n++] = '/';
	for (uint32_t k = 1 + gen_below(g, 4); k && n + 8 < size; k--) {
		const char *part = parts[gen_below(g, COUNT(parts))];
		n += (size_t)snprintf(room + n, size - n, "%s", part);
		if (k > 1 || gen_chance(g, 15))
			room[n++] = '/';
		if (gen_chance(g, 5))
			room[n++] = '/';
	}
	return (struct ingot_span){ room, n };
}

struct ingot_tree *gen_forest(struct gen *g, size_t entries)
{
	_cleanup_(model_done) struct model m = { .arena = ingot_arena_new() };
	static const struct ingot_span few[] = { INGOT_SPAN("a"), INGOT_SPAN("b"), INGOT_SPAN("c") };
	add_item(&m, (struct ingot_span){ 0 }, add_node(&m, (struct ingot_node){ .type = INGOT_DIR, .mode = 0755 }));
	for (size_t i = 0; i < entries; i++) {
		const struct item *dir = pick(g, &m, INGOT_DIR);
		struct ingot_span name = few[gen_below(g, COUNT(few))];
		char path[256], room[64];
		if (!dir || dir->path.n > 12)
			continue;
		size_t n = (size_t)snprintf(path, sizeof(path), "%.*s%s%.*s", INGOT_SPAN_ARG(dir->path), dir->path.n ? "/" : "", INGOT_SPAN_ARG(name));
		if (at(&m, (struct ingot_span){ path, n }))
			continue;
		struct ingot_node node = { .type = INGOT_DIR, .mode = 0755 };
		if (gen_chance(g, 60)) {
			node.type = INGOT_LINK;
			node.target = ingot_arena_span(m.arena, gen_target(g, room, sizeof(room)));
		} else if (gen_chance(g, 25)) {
			node.type = INGOT_FILE;
		}
		add_item(&m, (struct ingot_span){ path, n }, add_node(&m, node));
	}
	return tree_from(&m);
}

/* --- rights --- */

static struct ingot_node node_with_rights(struct gen *g, enum ingot_type type)
{
	static const uint32_t dirs[] = { 0755, 0777, 01777, 0775, 01775, 0711, 0751, 0700, 03777, 0733 }, files[] = { 0644, 0664, 0666, 0600, 0755, 0711, 04755, 02755, 0606, 0462 };
	static const uint32_t uids[] = { 0, 0, 1000, 1001 }, gids[] = { 0, 1000, 33, 44 };
	struct ingot_node n = { .type = type, .uid = uids[gen_below(g, COUNT(uids))], .gid = gids[gen_below(g, COUNT(gids))] };
	if (type == INGOT_LINK)
		n.mode = 0777;
	else if (gen_chance(g, 30))
		n.mode = gen_below(g, 02000);
	else
		n.mode = type == INGOT_DIR ? dirs[gen_below(g, COUNT(dirs))] : files[gen_below(g, COUNT(files))];
	return n;
}

struct ingot_tree *gen_rights(struct gen *g, size_t entries)
{
	_cleanup_(model_done) struct model m = { .arena = ingot_arena_new() };
	static const struct ingot_span few[] = { INGOT_SPAN("a"), INGOT_SPAN("b"), INGOT_SPAN("c") };
	static const enum ingot_type types[] = { INGOT_DIR, INGOT_DIR, INGOT_DIR, INGOT_DIR, INGOT_FILE, INGOT_FILE, INGOT_FILE, INGOT_LINK, INGOT_LINK, INGOT_FIFO };
	add_item(&m, (struct ingot_span){ 0 }, add_node(&m, node_with_rights(g, INGOT_DIR)));
	m.nodes[0].mode |= 0111; /* or there is nothing to see */
	for (size_t i = 0; i < entries; i++) {
		const struct item *dir = pick(g, &m, INGOT_DIR), *file = gen_chance(g, 20) ? pick(g, &m, INGOT_FILE) : NULL;
		struct ingot_span name = few[gen_below(g, COUNT(few))];
		char path[256], room[64];
		if (!dir || dir->path.n > 8)
			continue;
		size_t n = (size_t)snprintf(path, sizeof(path), "%.*s%s%.*s", INGOT_SPAN_ARG(dir->path), dir->path.n ? "/" : "", INGOT_SPAN_ARG(name));
		if (at(&m, (struct ingot_span){ path, n }))
			continue;
		struct ingot_node node = node_with_rights(g, types[gen_below(g, COUNT(types))]);
		if (node.type == INGOT_LINK)
			node.target = ingot_arena_span(m.arena, gen_target(g, room, sizeof(room)));
		add_item(&m, (struct ingot_span){ path, n }, file ? file->node : add_node(&m, node));
	}
	return tree_from(&m);
}
