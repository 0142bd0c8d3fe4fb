#include "recipe_order.h"

static size_t index_of(const struct ingot_recipe *r, const char *name)
{
	for (size_t i = 0; name && i < r->n_stages; i++)
		if (strcmp(r->stages[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

/* The first stage that s uses and that is not placed yet. */
static size_t waits_for(const struct ingot_recipe *r, const struct ingot_stage *s, const bool *placed)
{
	size_t i = index_of(r, s->base);
	if (i != SIZE_MAX && !placed[i])
		return i;
	for (size_t k = 0; k < s->n_steps; k++) {
		i = s->steps[k].kind == INGOT_STEP_COPY ? index_of(r, s->steps[k].copy.from) : SIZE_MAX;
		if (i != SIZE_MAX && !placed[i])
			return i;
		for (size_t m = 0; m < s->steps[k].n_binds; m++) {
			i = index_of(r, s->steps[k].binds[m].from);
			if (i != SIZE_MAX && !placed[i])
				return i;
		}
	}
	return SIZE_MAX;
}

/* Whoever waits is followed to whom it waits for; after n steps one is inside the cycle for certain. */
static int name_cycle(struct decode *d, const struct ingot_recipe *r, size_t start, const bool *placed, struct ingot_err *err)
{
	size_t at = start;
	for (size_t i = 0; i < r->n_stages; i++)
		at = waits_for(r, &r->stages[at], placed);
	size_t first = at;
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(600);
	ingot_buf_str(&b, r->stages[first].name);
	do {
		at = waits_for(r, &r->stages[at], placed);
		ingot_buf_fmt(&b, " -> %s", r->stages[at].name);
	} while (at != first);
	(void)decode_fail(d, r->stages[first].at, err, "stages use each other in a circle: %s", ingot_buf_cstr(&b));
	return ingot_hint(err, "the arrow means: is based on, copies from, or binds");
}

int recipe_order(struct decode *d, struct ingot_recipe *r, struct ingot_err *err)
{
	size_t n = r->n_stages, done = 0;
	if (!n)
		return 0;
	struct ingot_stage *order = ingot_arena_array(d->arena, n, sizeof(*order));
	_cleanup_(ingot_freep) bool *placed = ingot_alloc_array(n, sizeof(*placed));
	while (done < n) {
		size_t stuck = SIZE_MAX, before = done;
		for (size_t i = 0; i < n && done == before; i++) {
			if (placed[i])
				continue;
			if (waits_for(r, &r->stages[i], placed) == SIZE_MAX) {
				placed[i] = true;
				order[done++] = r->stages[i];
			} else if (stuck == SIZE_MAX) {
				stuck = i;
			}
		}
		if (done == before)
			return name_cycle(d, r, stuck, placed, err);
	}
	r->stages = order;
	return 0;
}
