/* Which package a choice falls on. libsolv keeps no order among alternatives; Debian's have one: the first that can be had is meant
 * (policy 7.1), a real package before those that provide its name, and among these the one of the highest priority, then by name.
 *
 * So the closure is walked here once: dependencies that leave no choice first, to the end; then one choice, and on. What was chosen is told
 * to the solver as a preference. It decides, conflicts and all. */
#include "solve.h"
#include <solv/bitmap.h>
#include <solv/evr.h>
#include <solv/poolarch.h>

struct walk {
	const struct universe *u;
	Pool *pool;
	Map selected;
	Queue open;    /* packages whose dependencies were not looked at yet */
	Queue choices; /* dependencies with several answers */
};

static bool satisfied(struct walk *w, Id dep)
{
	Pool *pool = w->pool;
	Id p, pp;
	FOR_PROVIDES(p, pp, dep)
		if (MAPTST(&w->selected, p))
			return true;
	return false;
}

static void take(struct walk *w, Id p)
{
	if (MAPTST(&w->selected, p))
		return;
	MAPSET(&w->selected, p);
	queue_push(&w->open, p);
}

static unsigned priority(Pool *pool, Id p)
{
	static const char *const order[] = { "required", "important", "standard", "optional", "extra" };
	const char *word = pool_lookup_str(pool, p, SOLVABLE_INSTALLSTATUS);
	for (unsigned i = 0; word && i < 5; i++)
		if (strcmp(word, order[i]) == 0)
			return i;
	return 5;
}

static Id plain_name(Pool *pool, Id dep)
{
	while (ISRELDEP(dep))
		dep = GETRELDEP(pool, dep)->name;
	return dep;
}

/* True when a is to be preferred to b as an answer to a dependency on name. */
static bool better(Pool *pool, Id name, Id a, Id b)
{
	const Solvable *s = pool->solvables + a, *t = pool->solvables + b;
	if ((s->name == name) != (t->name == name))
		return s->name == name;
	if (s->name == t->name)
		return pool_evrcmp(pool, s->evr, t->evr, EVRCMP_COMPARE) > 0;
	unsigned x = priority(pool, a), y = priority(pool, b);
	if (x != y)
		return x < y;
	return strcmp(pool_id2str(pool, s->name), pool_id2str(pool, t->name)) < 0;
}

/* The preferred answer, or 0; *several when more than one name can answer. */
static Id answer(struct walk *w, Id dep, bool *several)
{
	Pool *pool = w->pool;
	if (ISRELDEP(dep) && GETRELDEP(pool, dep)->flags == REL_OR) {
		Reldep *r = GETRELDEP(pool, dep);
		Id first = answer(w, r->name, several), rest = answer(w, r->evr, several);
		if (first && rest && pool->solvables[first].name != pool->solvables[rest].name)
			*several = true;
		return first ? first : rest;
	}
	Id p, pp, best = 0, name = plain_name(pool, dep);
	FOR_PROVIDES(p, pp, dep) {
		if (!universe_usable(w->u, p))
			continue;
		if (best && pool->solvables[p].name != pool->solvables[best].name)
			*several = true;
		if (!best || better(pool, name, p, best))
			best = p;
	}
	return best;
}

static void look_at(struct walk *w, Id package)
{
	Solvable *s = w->pool->solvables + package;
	if (!s->requires)
		return;
	for (Id *d = s->repo->idarraydata + s->requires; *d; d++) {
		bool several = false;
		if (*d == SOLVABLE_PREREQMARKER || satisfied(w, *d))
			continue;
		Id p = answer(w, *d, &several);
		if (p && !several)
			take(w, p);
		else if (p)
			queue_push(&w->choices, *d);
	}
}

void choose_alternatives(const struct universe *u, const Queue *wanted, Queue *job)
{
	struct walk w = { .u = u, .pool = u->pool };
	map_init(&w.selected, u->pool->nsolvables);
	queue_init(&w.open);
	queue_init(&w.choices);
	for (int i = 0; i < wanted->count; i++)
		take(&w, wanted->elements[i]);
	int choice = 0;
	for (int next = 0; next < w.open.count || choice < w.choices.count;) {
		if (next < w.open.count) {
			look_at(&w, w.open.elements[next++]);
			continue;
		}
		bool several = false;
		Id dep = w.choices.elements[choice++], p = satisfied(&w, dep) ? 0 : answer(&w, dep, &several);
		if (p) {
			queue_push2(job, SOLVER_FAVOR | SOLVER_SOLVABLE, p);
			take(&w, p);
		}
	}
	queue_free(&w.choices);
	queue_free(&w.open);
	map_free(&w.selected);
}
