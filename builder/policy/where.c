/* where.c - from what was found in the image back to the line of the recipe that brought it. */
#include "look.h"
#include <ingot/num.h>
#include <string.h>

static const struct ingot_place nowhere = { 0, 0 };

/* "NAME" and "NAME=VERSION" of install: */
static struct ingot_place of_package(const struct ingot_install *p, struct ingot_span name)
{
	for (size_t i = 0; i < p->install.n; i++) {
		struct ingot_span word = ingot_span_of(p->install.v[i]), is;
		if (ingot_span_next(&word, '=', &is) && ingot_span_eq(is, name))
			return p->install.at[i];
	}
	return nowhere;
}

static struct ingot_place of_copy(const struct ingot_copy *v, size_t n, struct ingot_span from)
{
	for (size_t i = 0; i < n; i++)
		if (ingot_span_is(from, v[i].from))
			return v[i].at;
	return nowhere;
}

static bool cut(struct ingot_span *s, const char *prefix)
{
	if (!ingot_span_starts(*s, prefix))
		return false;
	*s = ingot_span_from(*s, strlen(prefix));
	return true;
}

/* "STAGE 2/5", as the engine calls it. */
static struct ingot_place of_step(const struct ingot_recipe *r, struct ingot_span label)
{
	struct ingot_span name, number, rest = label;
	uint64_t n;
	if (!ingot_span_next(&rest, ' ', &name) || !ingot_span_next(&rest, '/', &number) || ingot_parse_u64(number, 100000, &n) < 0 || !n)
		return nowhere;
	const struct ingot_stage *s = &r->image.stage;
	for (size_t i = 0; i < r->n_stages; i++)
		if (ingot_span_is(name, r->stages[i].name))
			s = &r->stages[i];
	return n <= s->n_steps ? s->steps[n - 1].at : nowhere;
}

struct ingot_place where_origin(const struct ingot_recipe *r, struct ingot_span origin)
{
	if (!r)
		return nowhere;
	if (cut(&origin, "package ")) {
		struct ingot_place at = of_package(&r->image.stage.packages, origin);
		for (size_t i = 0; !at.line && i < r->n_stages; i++)
			at = of_package(&r->stages[i].packages, origin);
		return at.line ? at : r->image.stage.packages.at; /* a dependency */
	}
	if (cut(&origin, "copy from "))
		return of_copy(r->image.copies, r->image.n_copies, origin);
	if (cut(&origin, "step "))
		return of_step(r, origin);
	if (ingot_span_is(origin, "ingot: user"))
		return r->image.user.at;
	return nowhere;
}

static struct ingot_place of_strings(const struct ingot_strings *s, struct ingot_span index)
{
	uint64_t i = 0;
	if (index.n && (ingot_parse_u64(index, UINT32_MAX, &i) < 0 || i >= s->n))
		return nowhere;
	return s->n ? s->at[i] : nowhere;
}

/* The recipe's pairs follow what ingot puts in front (PATH). */
static struct ingot_place of_env(const struct ingot_recipe *r, struct ingot_span index)
{
	uint64_t i;
	const struct ingot_pairs *p = &r->image.env;
	if (ingot_parse_u64(index, UINT32_MAX, &i) < 0)
		return nowhere;
	bool own_path = false;
	for (size_t k = 0; k < p->n; k++)
		own_path |= strcmp(p->v[k].key, "PATH") == 0;
	if (!own_path && i-- == 0)
		return nowhere;
	return i < p->n ? p->v[i].at : nowhere;
}

struct ingot_place where_field(const struct ingot_recipe *r, const char *field)
{
	struct ingot_span f = ingot_span_of(field);
	if (!r)
		return nowhere;
	if (cut(&f, "/config/Env/"))
		return of_env(r, f);
	if (cut(&f, "/config/Labels/")) {
		for (size_t i = 0; i < r->image.labels.n; i++)
			if (ingot_span_is(f, r->image.labels.v[i].key))
				return r->image.labels.v[i].at;
		return nowhere;
	}
	if (cut(&f, "/config/ExposedPorts/")) {
		for (size_t i = 0; i < r->image.ports.n; i++)
			if (ingot_span_is(f, r->image.ports.v[i]))
				return r->image.ports.at[i];
		return nowhere;
	}
	if (cut(&f, "/config/Entrypoint"))
		return of_strings(&r->image.entrypoint, ingot_span_from(f, f.n ? 1 : 0));
	if (cut(&f, "/config/Cmd"))
		return of_strings(&r->image.cmd, ingot_span_from(f, f.n ? 1 : 0));
	if (cut(&f, "/config/User"))
		return r->image.user.at;
	return r->image.at;
}
