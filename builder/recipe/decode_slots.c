#include "decode_slots.h"
#include "rules.h"
#include <ingot/suggest.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <stdio.h>

#define LIST_MAX 4096 /* nobody writes longer lists by hand, and each is compared with each */

static size_t count_words(const char *const *words)
{
	size_t n = 0;
	while (words && words[n])
		n++;
	return n;
}

static int expected(struct decode *d, const struct field *f, const struct node *n, const char *what, struct ingot_err *err)
{
	(void)decode_fail(d, n->at, err, "%s: expected %s, found %s", f->key, what, node_what(n));
	if (node_is_null(n))
		return ingot_hint(err, n->text.n ? "quote it if the word itself is meant" : "give it a value, or remove the key");
	return -1;
}

static int check_words(struct decode *d, const struct field *f, struct ingot_span s, struct ingot_place at, struct ingot_err *err)
{
	size_t n = count_words(f->words);
	for (size_t i = 0; i < n; i++)
		if (ingot_span_is(s, f->words[i]))
			return 0;
	for (size_t i = 0; f->later_words && f->later_words[i]; i++)
		if (ingot_span_is(s, f->later_words[i])) {
			(void)decode_fail(d, at, err, "\"%s: %s\" is not supported by this version of ingot", f->key, f->later_words[i]);
			return decode_hint_words(err, (struct ingot_span){ 0 }, f->words, n);
		}
	(void)decode_fail(d, at, err, "%s: \"%s\" is not one of its values", f->key, INGOT_SHOW(s));
	return decode_hint_words(err, s, f->words, n);
}

static int check_rule(struct decode *d, const char *key, const struct rule *r, struct ingot_span s, struct ingot_place at, struct ingot_err *err)
{
	if (!r || r->ok(s))
		return 0;
	(void)decode_fail(d, at, err, "%s: \"%s\" is not %s", key, INGOT_SHOW(s), r->what);
	if (r->hint)
		return ingot_hint(err, "%s", r->hint);
	return -1;
}

/* The text of a scalar, variables replaced, by the field's rule. */
static int take_text(struct decode *d, const struct field *f, const struct node *n, const char *what, struct ingot_span *ret, struct ingot_err *err)
{
	if (n->kind != INGOT_Y_SCALAR || node_is_null(n))
		return expected(d, f, n, what, err);
	struct ingot_span s = n->text;
	if (!(f->flags & RAW))
		ingot_pass(decode_expand(d, s, n->at, &s, err));
	if (f->words)
		ingot_pass(check_words(d, f, s, n->at, err));
	if (f->rule != &rule_bytes && ingot_span_has(s, '\r'))
		return decode_fail(d, n->at, err, "a control character in a value: %s", INGOT_SHOW(s));
	ingot_pass(check_rule(d, f->key, f->rule, s, n->at, err));
	*ret = s;
	return 0;
}

static int slot_strings(struct decode *d, const struct field *f, const struct node *n, struct ingot_strings *ret, struct ingot_err *err)
{
	if (n->kind != INGOT_Y_SEQ) {
		(void)expected(d, f, n, "a list of strings", err);
		return ingot_hint(err, n->kind == INGOT_Y_SCALAR ? "write it in brackets: [ ... ]" : "a list is written [a, b], or with a dash before each member");
	}
	if (n->n > LIST_MAX)
		return decode_fail(d, n->at, err, "%s: more than %d members", f->key, LIST_MAX);
	if (!n->n && (f->flags & NONEMPTY))
		return decode_fail(d, n->at, err, "%s: the list is empty", f->key);
	const char **v = ingot_arena_array(d->arena, n->n, sizeof(*v));
	struct ingot_place *at = ingot_arena_array(d->arena, n->n, sizeof(*at));
	size_t i = 0;
	for (const struct node *c = n->child; c; c = c->next, i++) {
		struct ingot_span s = { 0 };
		if (c->kind != INGOT_Y_SCALAR || node_is_null(c))
			return decode_fail(d, c->at, err, "%s: expected a list of strings, found %s in it", f->key, node_what(c));
		ingot_pass(take_text(d, f, c, "a string", &s, err));
		v[i] = s.p;
		at[i] = c->at;
		for (size_t k = 0; k < i && !(f->flags & REPEATS); k++)
			if (ingot_span_is(s, v[k])) {
				(void)decode_fail(d, c->at, err, "%s: \"%s\" stands twice in the list", f->key, INGOT_SHOW(s));
				return ingot_hint(err, "the first is on line %u", at[k].line);
			}
	}
	*ret = (struct ingot_strings){ v, at, n->n };
	return 0;
}

static int slot_pairs(struct decode *d, const struct field *f, const struct node *n, struct ingot_pairs *ret, struct ingot_err *err)
{
	if (n->kind != INGOT_Y_MAP)
		return expected(d, f, n, "a mapping of names to strings", err);
	if (n->n > LIST_MAX)
		return decode_fail(d, n->at, err, "%s: more than %d members", f->key, LIST_MAX);
	struct ingot_pair *v = ingot_arena_array(d->arena, n->n, sizeof(*v));
	size_t i = 0;
	for (const struct node *c = n->child; c; c = c->next, i++) {
		struct ingot_span s = { 0 };
		ingot_pass(check_rule(d, f->key, f->key_rule, c->key, c->key_at, err));
		ingot_pass(take_text(d, f, c, "a string", &s, err));
		v[i] = (struct ingot_pair){ .key = c->key.p, .value = s.p, .at = c->key_at };
	}
	*ret = (struct ingot_pairs){ v, n->n };
	return 0;
}

static int slot_bool(struct decode *d, const struct field *f, const struct node *n, bool *ret, struct ingot_err *err)
{
	bool yes = n->kind == INGOT_Y_SCALAR && n->plain && ingot_span_is(n->text, "true");
	if (!yes && !(n->kind == INGOT_Y_SCALAR && n->plain && ingot_span_is(n->text, "false"))) {
		(void)expected(d, f, n, "true or false", err);
		return ingot_hint(err, "only the words true and false, without quotes, are meant by YAML 1.2");
	}
	*ret = yes;
	return 0;
}

static int slot_u32(struct decode *d, const struct field *f, const struct node *n, uint32_t *ret, struct ingot_err *err)
{
	char what[96];
	(void)snprintf(what, sizeof(what), "a whole number from %u to %u", f->min, f->max);
	if (n->kind != INGOT_Y_SCALAR || node_is_null(n) || !n->plain)
		return expected(d, f, n, what, err);
	struct ingot_span s = { 0 };
	uint32_t v;
	ingot_pass(decode_expand(d, n->text, n->at, &s, err));
	if (ingot_parse_u32(s, f->max, &v) < 0 || v < f->min) {
		(void)decode_fail(d, n->at, err, "%s: \"%s\" is not %s", f->key, INGOT_SHOW(s), what);
		return ingot_hint(err, "in decimal digits, without sign, unit or leading zeros");
	}
	*ret = v;
	return 0;
}

static int slot_command(struct decode *d, const struct field *f, const struct node *n, const char **ret_script, struct ingot_strings *ret_argv, struct ingot_err *err)
{
	if (n->kind == INGOT_Y_SEQ)
		return slot_strings(d, f, n, ret_argv, err);
	struct ingot_span s = { 0 };
	ingot_pass(take_text(d, f, n, "a script, or a list of a command and its arguments", &s, err));
	if (!ingot_span_trim(s).n)
		return decode_fail(d, n->at, err, "%s: the script is empty", f->key);
	*ret_script = s.p;
	return 0;
}

static int slot_list(struct decode *d, const struct field *f, const struct node *n, void **ret, size_t *ret_n, struct ingot_err *err)
{
	bool named = f->slot == SLOT_NAMED;
	if (n->kind != (named ? INGOT_Y_MAP : INGOT_Y_SEQ))
		return expected(d, f, n, named ? "a mapping of names" : "a list", err);
	if (n->n > LIST_MAX)
		return decode_fail(d, n->at, err, "%s: more than %d members", f->key, LIST_MAX);
	char *v = ingot_arena_array(d->arena, n->n, f->object->size), *at = v;
	for (const struct node *c = n->child; c; c = c->next, at += f->object->size) {
		if (named) {
			ingot_pass(check_rule(d, f->key, f->key_rule, c->key, c->key_at, err));
			*(const char **)(void *)at = c->key.p;
		}
		ingot_pass(decode_object(d, f->object, c, at, err));
	}
	*ret = v;
	*ret_n = n->n;
	return 0;
}

static int slot_scalar(struct decode *d, const struct field *f, const struct node *n, void *at, struct ingot_err *err)
{
	struct ingot_span s = { 0 };
	ingot_pass(take_text(d, f, n, f->rule ? f->rule->what : "a string", &s, err));
	uint32_t mode;
	if (f->slot == SLOT_STRING)
		*(const char **)at = s.p;
	else if (f->slot == SLOT_SIZE)
		ingot_assert(parse_size(s, at) == 0); /* the rule has said so */
	else {
		ingot_assert(ingot_parse_octal(s, 07777, &mode) == 0);
		*(int32_t *)at = (int32_t)mode;
	}
	return 0;
}

int decode_slot(struct decode *d, const struct field *f, const struct node *n, void *out, struct ingot_err *err)
{
	char *at = (char *)out + f->offset, *at2 = (char *)out + f->offset2;
	switch (f->slot) {
	case SLOT_STRING:
	case SLOT_SIZE:
	case SLOT_MODE:
		return slot_scalar(d, f, n, at, err);
	case SLOT_STRINGS:
		return slot_strings(d, f, n, (struct ingot_strings *)(void *)at, err);
	case SLOT_PAIRS:
		return slot_pairs(d, f, n, (struct ingot_pairs *)(void *)at, err);
	case SLOT_BOOL:
		return slot_bool(d, f, n, (bool *)at, err);
	case SLOT_U32:
		return slot_u32(d, f, n, (uint32_t *)(void *)at, err);
	case SLOT_COMMAND:
		return slot_command(d, f, n, (const char **)(void *)at, (struct ingot_strings *)(void *)at2, err);
	case SLOT_OBJECT:
		return decode_object(d, f->object, n, at, err);
	case SLOT_LIST:
	case SLOT_NAMED:
		return slot_list(d, f, n, (void **)(void *)at, (size_t *)(void *)at2, err);
	case SLOT_NONE: {
		/* Checked as a list or a string, kept nowhere. */
		struct ingot_strings list;
		struct ingot_span s = { 0 };
		return f->flags & REPEATS ? slot_strings(d, f, n, &list, err) : take_text(d, f, n, "a string", &s, err);
	}
	}
	ingot_panic("no such slot");
}
