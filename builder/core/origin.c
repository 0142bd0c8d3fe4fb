#include "delta_impl.h"
#include <ingot/origin.h>
#include <ingot/path.h>

/* Paths in a hash table. Nothing is ever taken out: a removal stamps the path, and whoever asks looks whether a parent was stamped
 * later than the path itself; so a removed subtree costs nothing, whatever its size. */
struct entry {
	struct ingot_span key;
	uint32_t value;   /* an origin, or for a name its own number */
	uint64_t since;   /* stamp of the put; 0 = never, or removed */
	uint64_t emptied; /* stamp of the last time that everything below went away */
};

struct table {
	struct entry *v;
	size_t n, cap;
	uint32_t *slots; /* index + 1 into v, or 0 */
	size_t n_slots;  /* a power of two, at least 2 * n */
	uint64_t key[2];
};

struct ingot_origins {
	struct ingot_arena *arena;
	struct table paths, names;
	uint64_t stamp;
};

/* --- the table --- */

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIPROUND(v)                                             \
	do {                                                    \
		v[0] += v[1], v[1] = ROTL(v[1], 13) ^ v[0];     \
		v[0] = ROTL(v[0], 32);                          \
		v[2] += v[3], v[3] = ROTL(v[3], 16) ^ v[2];     \
		v[0] += v[3], v[3] = ROTL(v[3], 21) ^ v[0];     \
		v[2] += v[1], v[1] = ROTL(v[1], 17) ^ v[2];     \
		v[2] = ROTL(v[2], 32);                          \
	} while (0)

/* SipHash-1-3 (Aumasson, Bernstein): the paths are a stranger's, who must not be able to make them all fall into one place. */
static uint64_t hash(const uint64_t key[2], struct ingot_span s)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU, key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U };
	size_t whole = s.n & ~(size_t)7;
	for (size_t i = 0; i <= whole; i += 8) {
		uint64_t m = 0;
		if (i < whole)
			memcpy(&m, s.p + i, 8);
		else if (s.n > whole)
			memcpy(&m, s.p + i, s.n - whole);
		if (i == whole)
			m |= (uint64_t)s.n << 56;
		v[3] ^= m;
		SIPROUND(v);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	SIPROUND(v);
	SIPROUND(v);
	SIPROUND(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* No system call here, so the key is what address space randomisation gave this allocation. It decides places, never answers. */
static void table_key(struct table *t, const void *p)
{
	t->key[0] = (uint64_t)(uintptr_t)p * 0x9e3779b97f4a7c15U;
	t->key[1] = (uint64_t)(uintptr_t)t->slots * 0xc2b2ae3d27d4eb4fU;
}

static size_t table_slot(const struct table *t, struct ingot_span key)
{
	size_t at = hash(t->key, key) & (t->n_slots - 1);
	while (t->slots[at] && !ingot_span_eq(t->v[t->slots[at] - 1].key, key))
		at = (at + 1) & (t->n_slots - 1);
	return at;
}

static struct entry *table_find(const struct table *t, struct ingot_span key)
{
	if (!t->n)
		return NULL;
	uint32_t i = t->slots[table_slot(t, key)];
	return i ? &t->v[i - 1] : NULL;
}

static void table_rehash(struct table *t, size_t n_slots)
{
	free(t->slots);
	t->slots = ingot_alloc_array(n_slots, sizeof(*t->slots));
	t->n_slots = n_slots;
	if (!t->key[0])
		table_key(t, t->v);
	for (size_t i = 0; i < t->n; i++)
		t->slots[table_slot(t, t->v[i].key)] = (uint32_t)i + 1;
}

static struct entry *table_add(struct table *t, struct ingot_arena *arena, struct ingot_span key)
{
	struct entry *have = table_find(t, key);
	if (have)
		return have;
	ingot_reserve(t->v, t->n, t->cap);
	if (2 * (t->n + 1) > t->n_slots)
		table_rehash(t, t->n_slots ? 2 * t->n_slots : 64);
	ingot_assert(t->v);
	t->v[t->n] = (struct entry){ .key = ingot_arena_span(arena, key) };
	t->slots[table_slot(t, key)] = (uint32_t)t->n + 1;
	return &t->v[t->n++];
}

static void table_copy(const struct table *from, struct table *to, struct ingot_arena *arena)
{
	if (!from->n)
		return;
	to->n = to->cap = from->n;
	to->v = ingot_alloc_array(from->n, sizeof(*to->v));
	for (size_t i = 0; i < from->n; i++) {
		to->v[i] = from->v[i];
		to->v[i].key = ingot_arena_span(arena, from->v[i].key);
	}
	table_rehash(to, from->n_slots);
}

/* --- origins --- */

struct ingot_origins *ingot_origins_new(void)
{
	struct ingot_origins *o = ingot_alloc(sizeof(*o));
	o->arena = ingot_arena_new();
	(void)ingot_origins_id(o, (struct ingot_span){ 0 });
	return o;
}

struct ingot_origins *ingot_origins_copy(const struct ingot_origins *o)
{
	struct ingot_origins *copy = ingot_alloc(sizeof(*copy));
	copy->arena = ingot_arena_new();
	copy->stamp = o->stamp;
	table_copy(&o->paths, &copy->paths, copy->arena);
	table_copy(&o->names, &copy->names, copy->arena);
	return copy;
}

void ingot_origins_free(struct ingot_origins *o)
{
	if (!o)
		return;
	free(o->paths.v);
	free(o->paths.slots);
	free(o->names.v);
	free(o->names.slots);
	ingot_arena_free(o->arena);
	free(o);
}

uint32_t ingot_origins_id(struct ingot_origins *o, struct ingot_span name)
{
	size_t before = o->names.n;
	struct entry *e = table_add(&o->names, o->arena, name);
	if (o->names.n > before)
		e->value = (uint32_t)before;
	return e->value;
}

struct ingot_span ingot_origins_name(const struct ingot_origins *o, uint32_t id)
{
	ingot_assert(id < o->names.n);
	return o->names.v[id].key;
}

void ingot_origins_apply(struct ingot_origins *o, const struct ingot_delta *d, uint32_t id)
{
	ingot_assert(id < o->names.n);
	for (size_t i = 0; i < d->n; i++) {
		const struct ingot_change *c = &d->changes[i];
		bool put = c->op == INGOT_PUT || c->op == INGOT_HARDLINK;
		struct entry *e = table_add(&o->paths, o->arena, c->path);
		/* Parents come first in d, so that what is put below an opaque directory is younger than its emptying. */
		o->stamp++;
		if (!put || d->nodes[c->node].type != INGOT_DIR)
			e->emptied = o->stamp;
		if (put) {
			e->value = id;
			e->since = o->stamp;
		} else if (c->op == INGOT_REMOVE) {
			e->since = 0;
		}
	}
}

void ingot_origins_put(struct ingot_origins *o, struct ingot_span path, uint32_t id)
{
	ingot_assert(id < o->names.n);
	struct entry *e = table_add(&o->paths, o->arena, path);
	e->value = id;
	e->since = ++o->stamp;
}

uint32_t ingot_origins_of(const struct ingot_origins *o, struct ingot_span path)
{
	const struct entry *e = table_find(&o->paths, path);
	if (!e || !e->since)
		return 0;
	while (path.n) {
		path = ingot_path_parent(path);
		const struct entry *up = table_find(&o->paths, path);
		if (up && up->emptied > e->since)
			return 0;
	}
	return e->value;
}

/* What is in the tree was put after whatever emptied a parent of it. */
void ingot_origins_of_tree(const struct ingot_origins *o, const struct ingot_tree *t, uint32_t *ret)
{
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		const struct entry *e = table_find(&o->paths, ingot_tree_at(t, i)->path);
		ret[i] = e && e->since ? e->value : 0;
	}
}
