#include <ingot/limits.h>
#include <ingot/lock.h>
#include <ingot/mem.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct ingot_stage *const *)a)->name, (*(const struct ingot_stage *const *)b)->name);
}

/* Each part with its length before it, so that no two recipes can flow into one text (BuildKit's and Buildah's cache keys did). */
static void add(struct ingot_hash *h, const char *text)
{
	struct ingot_span s = ingot_span_of(text);
	uint64_t n = s.n;
	unsigned char le[8];
	for (size_t i = 0; i < 8; i++)
		le[i] = (unsigned char)(n >> (8 * i));
	ingot_hash_add(h, le, sizeof(le));
	ingot_hash_add(h, s.p, s.n);
}

/* Order decides nothing about what is resolved, so another order is no reason for a new lock. */
static void add_sorted(struct ingot_hash *h, const char *key, const struct ingot_strings *list)
{
	_cleanup_(ingot_freep) const char **v = ingot_alloc_array(list->n, sizeof(*v));
	if (list->n)
		memcpy(v, list->v, list->n * sizeof(*v));
	qsort(v, list->n, sizeof(*v), by_text);
	add(h, key);
	for (size_t i = 0; i < list->n; i++)
		add(h, v[i]);
	add(h, "");
}

static void add_set(struct ingot_hash *h, const struct ingot_recipe *r, const struct ingot_stage *s)
{
	const struct ingot_source *from = ingot_recipe_source(r, s->packages.from);
	ingot_assert(from); /* recipe_check() has seen to it */
	add(h, "set");
	add(h, s->name);
	add(h, from->name);
	add(h, from->distribution);
	add_sorted(h, "suites", &from->suites);
	add_sorted(h, "components", &from->components);
	add_sorted(h, "install", &s->packages.install);
	add_sorted(h, "exclude", &s->packages.exclude);
	if (s->packages.configure)
		add(h, "configure"); /* brings the tools for the scripts along */
}

void ingot_lock_key(const struct ingot_recipe *r, struct ingot_digest *ret)
{
	_cleanup_(ingot_hash_freep) struct ingot_hash *h = ingot_hash_new();
	_cleanup_(ingot_freep) const struct ingot_stage **v = ingot_alloc_array(r->n_stages + 1, sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < r->n_stages; i++)
		v[n++] = &r->stages[i];
	v[n++] = &r->image.stage;
	qsort(v, n, sizeof(*v), by_name);
	add(h, "ingot lock key 1");
	add(h, r->image.architecture);
	for (size_t i = 0; i < n; i++)
		if (v[i]->packages.install.n)
			add_set(h, r, v[i]);
	ingot_hash_end(h, ret);
}
