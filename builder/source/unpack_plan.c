/* dpkg orders what it configures by itself. What is left to decide is what it must not do: run a preinst before that package's Pre-Depends and, as apt
 * does, its Depends are there (policy 7.2). */
#include "unpack_plan.h"
#include <ingot/mem.h>

struct unit {
	struct ingot_span name, provides, needs[2];
	bool essential, seen;
};

struct planning {
	struct unit *units;
	size_t n, done;
	uint8_t *phase;
	size_t *order;
};

/* The next name of "a (>= 1) | b:any [amd64]" cut off *rest at SEP. */
static bool next_name(struct ingot_span *rest, struct ingot_span *ret)
{
	struct ingot_span one;
	while (ingot_span_next(rest, '|', &one)) {
		while (one.n && (one.p[0] == ' ' || one.p[0] == '\n' || one.p[0] == '\t'))
			one = (struct ingot_span){ one.p + 1, one.n - 1 };
		size_t n = 0;
		while (n < one.n && !strchr(" (:[\n\t", one.p[n]))
			n++;
		*ret = (struct ingot_span){ one.p, n };
		if (n)
			return true;
	}
	return false;
}

static bool provides(struct ingot_span field, struct ingot_span name)
{
	struct ingot_span group, one;
	while (ingot_span_next(&field, ',', &group))
		if (next_name(&group, &one) && ingot_span_eq(one, name))
			return true;
	return false;
}

static size_t find(const struct planning *p, struct ingot_span name)
{
	for (size_t i = 0; i < p->n; i++)
		if (ingot_span_eq(p->units[i].name, name))
			return i;
	for (size_t i = 0; i < p->n; i++)
		if (provides(p->units[i].provides, name))
			return i;
	return p->n;
}

/* The package that answers the group: of its first alternative that is here at all. p->n when none is (it was excluded). */
static size_t answer(const struct planning *p, struct ingot_span group)
{
	struct ingot_span name;
	size_t at = p->n;
	while (at == p->n && next_name(&group, &name))
		at = find(p, name);
	return at;
}

static void mark_essential(struct planning *p, size_t i)
{
	struct ingot_span group;
	if (p->phase[i] == UNPACK_ESSENTIAL)
		return;
	p->phase[i] = UNPACK_ESSENTIAL;
	for (size_t k = 0; k < 2; k++)
		for (struct ingot_span rest = p->units[i].needs[k]; ingot_span_next(&rest, ',', &group);) {
			size_t at = answer(p, group);
			if (at < p->n)
				mark_essential(p, at);
		}
}

static void put(struct planning *p, size_t i)
{
	struct ingot_span group;
	if (p->units[i].seen)
		return;
	p->units[i].seen = true;
	for (size_t k = 0; k < 2; k++)
		for (struct ingot_span rest = p->units[i].needs[k]; ingot_span_next(&rest, ',', &group);) {
			size_t at = answer(p, group);
			if (at < p->n && p->phase[at] == p->phase[i])
				put(p, at);
		}
	p->order[p->done++] = i;
}

void unpack_plan(const struct ingot_deb *const *debs, size_t n, uint8_t *phase, size_t *order)
{
	_cleanup_(ingot_freep) struct unit *units = ingot_alloc_array(n, sizeof(*units));
	struct planning p = { .units = units, .n = n, .phase = phase, .order = order };
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		units[i] = (struct unit){ .name = ingot_deb_field(debs[i], "Package"), .provides = ingot_deb_field(debs[i], "Provides"),
					  .needs = { ingot_deb_field(debs[i], "Pre-Depends"), ingot_deb_field(debs[i], "Depends") },
					  .essential = ingot_span_is(ingot_deb_field(debs[i], "Essential"), "yes") };
		any = any || units[i].essential;
	}
	for (size_t i = 0; i < n; i++)
		phase[i] = any ? UNPACK_REST : UNPACK_ESSENTIAL;
	for (size_t i = 0; i < n && any; i++)
		if (units[i].essential)
			mark_essential(&p, i);
	for (size_t i = 0; i < n; i++)
		put(&p, i);
}
