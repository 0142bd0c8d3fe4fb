#include "facts_impl.h"
#include <ingot/limits.h>

void ingot_facts_free(struct ingot_facts *f)
{
	if (!f)
		return;
	ingot_arena_free(f->arena);
	free(f->entries);
	free(f->slots);
	free(f);
}

static uint32_t *slot_of(const struct ingot_facts *f, const struct ingot_digest *d)
{
	uint64_t hash;
	memcpy(&hash, d->b, sizeof(hash)); /* a digest is as random as a hash can be */
	for (size_t i = (size_t)hash & (f->n_slots - 1);; i = (i + 1) & (f->n_slots - 1))
		if (!f->slots[i] || ingot_digest_eq(&f->entries[f->slots[i] - 1].content, d))
			return &f->slots[i];
}

struct facts_entry *facts_find(const struct ingot_facts *f, const struct ingot_digest *d)
{
	uint32_t slot = *slot_of(f, d);
	return slot ? &f->entries[slot - 1] : NULL;
}

/* Every content of the tree, each once. */
static struct ingot_facts *facts_new(const struct ingot_tree *t)
{
	struct ingot_facts *f = ingot_alloc(sizeof(*f));
	size_t nodes = ingot_tree_nodes(t);
	f->arena = ingot_arena_new();
	for (f->n_slots = 16; f->n_slots < 2 * nodes + 2;)
		f->n_slots *= 2;
	f->slots = ingot_alloc_array(f->n_slots, sizeof(*f->slots));
	for (size_t i = 0; i < nodes; i++) {
		const struct ingot_node *node = ingot_tree_node(t, (uint32_t)i);
		if (node->type != INGOT_FILE || *slot_of(f, &node->content))
			continue;
		ingot_reserve(f->entries, f->n, f->cap);
		f->entries[f->n] = (struct facts_entry){ .content = node->content, .size = node->size, .pack = NO_PACK };
		*slot_of(f, &node->content) = (uint32_t)++f->n;
	}
	return f;
}

static int by_place(const void *a, const void *b)
{
	const struct facts_entry *x = *(struct facts_entry *const *)a, *y = *(struct facts_entry *const *)b;
	if (x->pack != y->pack)
		return x->pack < y->pack ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return ingot_digest_cmp(&x->content, &y->content);
}

/* In the order in which they lie in the store. */
static struct facts_entry **sorted(struct ingot_store *s, struct ingot_facts *f)
{
	struct facts_entry **list = ingot_alloc_array(f->n + 1, sizeof(struct facts_entry *));
	for (size_t i = 0; i < f->n; i++) {
		list[i] = &f->entries[i];
		if (!ingot_store_where(s, &list[i]->content, &list[i]->pack, &list[i]->offset))
			list[i]->pack = NO_PACK;
	}
	if (f->n)
		qsort(list, f->n, sizeof(*list), by_place);
	return list;
}

/* A pack of the tree's, of which some contents have not been looked at. */
struct stale {
	struct ingot_digest key;
	struct ingot_buf text; /* its record so far */
	size_t from, end;      /* of the list of what is looked at */
};

struct gathering {
	struct ingot_store *store;
	struct ingot_facts *facts;
	struct facts_entry **list, **unknown;
	size_t n_unknown;
	struct stale *stale;
	size_t n_stale, cap_stale;
};

static void gathering_done(struct gathering *g)
{
	for (size_t i = 0; i < g->n_stale; i++)
		ingot_buf_done(&g->stale[i].text);
	free(g->stale);
	free(g->list);
	free(g->unknown);
	ingot_facts_free(g->facts);
}

/* What is known of the contents list[from..end), all of one place. */
static int recall(struct gathering *g, size_t from, size_t end, struct ingot_err *err)
{
	struct stale stale = { .from = g->n_unknown };
	uint32_t pack = g->list[from]->pack;
	if (pack != NO_PACK) {
		facts_key("pack", ingot_store_pack(g->store, pack), &stale.key);
		int r = facts_get(g->store, &stale.key, g->facts, &stale.text, err);
		if (r < 0)
			ingot_buf_done(&stale.text);
		ingot_pass(r);
		if (!r)
			ingot_buf_clear(&stale.text);
	}
	for (size_t i = from; i < end; i++) {
		struct facts_entry *e = g->list[i];
		e->known = e->known || !e->size; /* nothing is data */
		if (!e->known)
			g->unknown[g->n_unknown++] = e;
	}
	stale.end = g->n_unknown;
	if (pack == NO_PACK || stale.from == stale.end) {
		ingot_buf_done(&stale.text);
		return 0;
	}
	ingot_reserve(g->stale, g->n_stale, g->cap_stale);
	g->stale[g->n_stale++] = stale;
	return 0;
}

static int recall_all(struct gathering *g, struct ingot_err *err)
{
	size_t n = g->facts->n;
	g->list = sorted(g->store, g->facts);
	g->unknown = ingot_alloc_array(n + 1, sizeof(struct facts_entry *));
	for (size_t from = 0, end; from < n; from = end) {
		for (end = from; end < n && g->list[end]->pack == g->list[from]->pack;)
			end++;
		ingot_pass(recall(g, from, end, err));
	}
	return 0;
}

static int keep_tree(struct gathering *g, const struct ingot_digest *key, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(FACTS_MAX_RECORD);
	ingot_buf_str(&text, FACTS_HEAD);
	for (size_t i = 0; i < g->facts->n; i++)
		if (!facts_plain(&g->facts->entries[i].fact))
			facts_write(&g->facts->entries[i], &text);
	return facts_put(g->store, key, &text, err);
}

/* A record needs nothing: what it says is true of its contents wherever they are. */
static int keep_all(struct gathering *g, const struct ingot_digest *key, struct ingot_err *err)
{
	if (g->n_stale)
		ingot_ref_defer(g->store);
	for (size_t i = 0; i < g->n_stale; i++) {
		struct stale *p = &g->stale[i];
		p->text.max = FACTS_MAX_RECORD;
		if (!p->text.n)
			ingot_buf_str(&p->text, FACTS_HEAD);
		for (size_t k = p->from; k < p->end; k++)
			facts_write(g->unknown[k], &p->text);
		ingot_pass(facts_put(g->store, &p->key, &p->text, err));
	}
	ingot_pass(keep_tree(g, key, err));
	return g->n_stale ? ingot_ref_flush(g->store, err) : 0;
}

int ingot_facts_gather(struct ingot_store *s, const struct ingot_tree *t, unsigned parallel, const struct ingot_log *log, struct ingot_facts **ret, struct ingot_err *err)
{
	_cleanup_(gathering_done) struct gathering g = { .store = s, .facts = facts_new(t) };
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(FACTS_MAX_RECORD);
	struct ingot_digest key;
	facts_key("tree", ingot_tree_id(t), &key);
	int there = facts_get(s, &key, g.facts, &text, err);
	ingot_try(err, there, "facts about contents");
	if (!there) {
		ingot_try(err, recall_all(&g, err), "facts about contents");
		if (g.n_unknown)
			ingot_try(err, facts_ask(s, g.facts, g.unknown, g.n_unknown, parallel, log, err), "looking at contents");
		ingot_try(err, keep_all(&g, &key, err), "facts about contents");
	}
	*ret = TAKE_PTR(g.facts);
	return 0;
}

const struct ingot_fact *ingot_facts_of(const struct ingot_facts *f, const struct ingot_digest *content)
{
	const struct facts_entry *e = facts_find(f, content);
	return e ? &e->fact : NULL;
}

size_t ingot_facts_looked_at(const struct ingot_facts *f)
{
	return f->looked_at;
}

size_t ingot_facts_helpers(const struct ingot_facts *f)
{
	return f->helpers;
}
