#include "decode_slots.h"
#include <ingot/suggest.h>
#include <ingot/escape.h>
#include <ingot/limits.h>

static const struct ingot_pair *variable(const struct ingot_pairs *vars, struct ingot_span name)
{
	for (size_t i = 0; i < vars->n; i++)
		if (ingot_span_is(name, vars->v[i].key))
			return &vars->v[i];
	return NULL;
}

static int unknown_variable(struct decode *d, struct ingot_span name, struct ingot_place at, struct ingot_err *err)
{
	_cleanup_(ingot_freep) const char **words = ingot_alloc_array(d->vars->n, sizeof(*words));
	for (size_t i = 0; i < d->vars->n; i++)
		words[i] = d->vars->v[i].key;
	(void)decode_fail(d, at, err, "no variable \"%s\" in vars", INGOT_SHOW(name));
	const char *near = ingot_suggest(name, words, d->vars->n);
	if (near)
		return ingot_hint(err, "did you mean ${%s}?", near);
	return ingot_hint(err, "declare it under \"vars:\"; for the text itself write $${...}");
}

int decode_expand(struct decode *d, struct ingot_span text, struct ingot_place at, struct ingot_span *ret, struct ingot_err *err)
{
	if (!d->vars || !ingot_span_has(text, '$')) {
		*ret = text;
		return 0;
	}
	/* No variable's value is looked at again, so the result is at most as long as this. */
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(256));
	for (size_t i = 0; i < text.n; i++) {
		struct ingot_span rest = { text.p + i, text.n - i };
		if (ingot_span_starts(rest, "$${")) {
			ingot_buf_str(&b, "${");
			i += 2;
			continue;
		}
		if (!ingot_span_starts(rest, "${")) {
			ingot_buf_char(&b, text.p[i]);
			continue;
		}
		const char *end = memchr(rest.p, '}', rest.n);
		if (!end) {
			(void)decode_fail(d, at, err, "\"${\" without its closing brace");
			return ingot_hint(err, "a variable is written ${NAME}; for the text itself write $${");
		}
		struct ingot_span name = { rest.p + 2, (size_t)(end - rest.p) - 2 };
		const struct ingot_pair *v = variable(d->vars, name);
		if (!v)
			return unknown_variable(d, name, at, err);
		ingot_buf_str(&b, v->value);
		i += name.n + 2;
	}
	if (b.full)
		return decode_fail(d, at, err, "longer than 256 KiB once its variables are replaced");
	*ret = ingot_arena_span(d->arena, ingot_buf_view(&b));
	return 0;
}
