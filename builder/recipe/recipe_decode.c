#include "recipe_decode.h"
#include "decode_slots.h"
#include "recipe_check.h"
#include "rules.h"
#include <ingot/suggest.h>
#include <ingot/escape.h>
#include <ingot/utf8.h>

static bool clean(struct ingot_span s)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t c;
		size_t n = ingot_utf8_next((struct ingot_span){ s.p + i, s.n - i }, &c);
		if (!n || (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0))
			return false;
		i += n;
	}
	return s.n <= 4096;
}

static int unknown_set(const struct ingot_pairs *vars, struct ingot_span name, struct ingot_err *err)
{
	_cleanup_(ingot_freep) const char **words = ingot_alloc_array(vars->n, sizeof(*words));
	for (size_t i = 0; i < vars->n; i++)
		words[i] = vars->v[i].key;
	(void)ingot_fail(err, INGOT_E_INPUT, "--set %s: the recipe has no such variable", INGOT_SHOW(name));
	if (!vars->n)
		return ingot_hint(err, "declare it in the recipe: vars: {%s: its default}", INGOT_SHOW(name));
	return decode_hint_words(err, name, words, vars->n);
}

static int apply_set(struct ingot_arena *arena, struct ingot_pairs *vars, const char *text, struct ingot_err *err)
{
	struct ingot_span value = ingot_span_of(text), name;
	if (!ingot_span_has(value, '=') || !ingot_span_next(&value, '=', &name))
		return ingot_fail(err, INGOT_E_INPUT, "--set %s: expected NAME=VALUE", INGOT_SHOW(ingot_span_of(text)));
	if (!clean(value))
		return ingot_fail(err, INGOT_E_INPUT, "--set %s: the value must be UTF-8 without control characters, at most 4096 bytes", INGOT_SHOW(name));
	for (size_t i = 0; i < vars->n; i++)
		if (ingot_span_is(name, vars->v[i].key)) {
			vars->v[i].value = ingot_arena_str(arena, value);
			return 0;
		}
	return unknown_set(vars, name, err);
}

/* Variables come first: everything else may use them. */
static int decode_vars(struct decode *d, const struct node *root, const char *const *sets, size_t n_sets, struct ingot_pairs *vars, struct ingot_err *err)
{
	const struct node *n = node_get(root, "vars");
	if (n) {
		struct ingot_recipe just_vars = { 0 };
		ingot_pass(decode_slot(d, schema_field(&schema_recipe, INGOT_SPAN("vars")), n, &just_vars, err));
		*vars = just_vars.vars;
	}
	for (size_t i = 0; i < n_sets; i++)
		ingot_pass(apply_set(d->arena, vars, sets[i], err));
	return 0;
}

/* The name that signatures are bound to: always with a tag. */
static const char *full_reference(struct ingot_arena *arena, const struct ingot_recipe *r)
{
	const char *tag = r->version ? r->version : "latest", *given = r->image.reference;
	if (!given)
		return ingot_arena_strf(arena, "localhost/%s:%s", r->name, tag);
	const char *last = strrchr(given, '/');
	return strchr(last ? last : given, ':') ? given : ingot_arena_strf(arena, "%s:%s", given, tag);
}

int recipe_decode(const struct source_text *s, struct ingot_arena *arena, const struct node *root, const char *const *sets, size_t n_sets, struct ingot_recipe *r, struct ingot_err *err)
{
	struct ingot_pairs vars = { 0 };
	struct decode d = { .source = *s, .arena = arena };
	/* The version comes before everything: what another version means by the rest is not ours to judge. */
	const struct node *format = node_get(root, "ingot");
	if (format && format->kind == INGOT_Y_SCALAR && !ingot_span_is(format->text, "1")) {
		(void)decode_fail(&d, format->at, err, "ingot: \"%s\" is not a version of the recipe language that this ingot reads", INGOT_SHOW(format->text));
		return ingot_hint(err, "write ingot: 1, or use a newer ingot");
	}
	ingot_pass(decode_vars(&d, root, sets, n_sets, &vars, err));
	d.vars = &vars;
	ingot_pass(decode_object(&d, &schema_recipe, root, r, err));
	r->vars = vars;
	const struct node *policy = node_get(root, "policy"), *rules_file = policy ? node_get(policy, "rules-file") : NULL;
	if (rules_file)
		r->rules_file_at = rules_file->at;
	r->profile = r->profile ? r->profile : "default";
	r->reference = full_reference(arena, r);
	return recipe_check(&d, r, err);
}
