#include "decode_slots.h"
#include "place.h"
#include "rules.h"
#include <ingot/suggest.h>
#include <ingot/escape.h>
#include <stdio.h>

int decode_fail(const struct decode *d, struct ingot_place at, struct ingot_err *err, const char *fmt, ...)
{
	char text[sizeof(err->msg)];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)ingot_fail(err, INGOT_E_INPUT, "%s", text);
	return text_blame(&d->source, at, err);
}

int decode_hint_words(struct ingot_err *err, struct ingot_span s, const char *const *words, size_t n)
{
	const char *near = ingot_suggest(s, words, n);
	if (near)
		return ingot_hint(err, "did you mean \"%s\"?", near);
	if (!n || n > 20)
		return -1;
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(480);
	for (size_t i = 0; i < n; i++)
		ingot_buf_fmt(&b, "%s%s", i ? ", " : n > 1 ? "one of: " : "possible: ", words[i]);
	return ingot_hint(err, "%s", ingot_buf_cstr(&b));
}

const struct field *schema_field(const struct object *o, struct ingot_span key)
{
	for (size_t i = 0; i < o->n; i++)
		if (ingot_span_is(key, o->fields[i].key))
			return &o->fields[i];
	return NULL;
}

static int unknown_key(struct decode *d, const struct object *o, const struct node *child, struct ingot_err *err)
{
	const char *words[32];
	size_t n = 0;
	for (size_t i = 0; i < o->n && n < 32; i++)
		words[n++] = o->fields[i].key;
	(void)decode_fail(d, child->key_at, err, "unknown key \"%s\" in %s", INGOT_SHOW(child->key), o->name);
	return decode_hint_words(err, child->key, words, n);
}

/* Keys that exclude or need each other, and keys that must be there. */
static int check_keys(struct decode *d, const struct object *o, const struct node *n, struct ingot_err *err)
{
	const struct node *chosen = NULL;
	char list[128] = "";
	for (size_t i = 0; o->one_of[i]; i++) {
		const struct node *c = node_get(n, o->one_of[i]);
		if (c && chosen) {
			bool later = c->key_at.line != chosen->key_at.line ? c->key_at.line > chosen->key_at.line : c->key_at.column > chosen->key_at.column;
			return decode_fail(d, later ? c->key_at : chosen->key_at, err, "\"%s\" and \"%s\" exclude each other", INGOT_SHOW(chosen->key), o->one_of[i]);
		}
		chosen = c ? c : chosen;
		size_t used = strlen(list);
		(void)snprintf(list + used, sizeof(list) - used, "%s\"%s\"", i ? " or " : "", o->one_of[i]);
	}
	if (o->one_of[0] && !chosen)
		return decode_fail(d, n->at, err, "%s needs %s", o->name, list);
	for (size_t i = 0; i < o->n; i++) {
		const struct field *f = &o->fields[i];
		const struct node *c = node_get(n, f->key);
		if (c && f->with && !node_get(n, f->with))
			return decode_fail(d, c->key_at, err, "\"%s\" belongs to \"%s\", which is not here", f->key, f->with);
		if (c || !(f->flags & REQUIRED) || (f->with && !node_get(n, f->with)))
			continue;
		(void)decode_fail(d, n->key_at, err, "%s lacks the key \"%s\"", o->name, f->key);
		return ingot_hint(err, "%s", f->doc);
	}
	return 0;
}

static int decode_field(struct decode *d, const struct field *f, const struct node *n, void *out, struct ingot_err *err)
{
	ingot_pass(decode_slot(d, f, n, out, err));
	if (!(f->flags & LATER) || (f->slot == SLOT_BOOL && !*(bool *)((char *)out + f->offset)))
		return 0;
	(void)decode_fail(d, n->key_at, err, "\"%s\" is not supported by this version of ingot", f->key);
	return ingot_hint(err, "the key is known and its value well-formed, but this version does not carry it out");
}

static int wrong_form(struct decode *d, const struct object *o, const struct node *n, struct ingot_err *err)
{
	return decode_fail(d, n->at, err, "%s: expected a mapping%s%s, found %s", o->name, o->scalar_key ? " or a string" : "", o->list_key ? " or a list" : "", node_what(n));
}

int decode_object(struct decode *d, const struct object *o, const struct node *n, void *out, struct ingot_err *err)
{
	const char *short_key = n->kind == INGOT_Y_SCALAR ? o->scalar_key : n->kind == INGOT_Y_SEQ ? o->list_key : NULL;
	if (o->at_offset != NO_PLACE)
		*(struct ingot_place *)((char *)out + o->at_offset) = n->key_at;
	if (short_key && !node_is_null(n)) {
		ingot_pass(decode_slot(d, schema_field(o, ingot_span_of(short_key)), n, out, err));
		return o->finish ? o->finish(d, n, out, err) : 0;
	}
	if (n->kind != INGOT_Y_MAP)
		return wrong_form(d, o, n, err);
	for (const struct node *c = n->child; c; c = c->next) {
		const struct field *f = schema_field(o, c->key);
		if (!f)
			return unknown_key(d, o, c, err);
		ingot_pass(decode_field(d, f, c, out, err));
	}
	ingot_pass(check_keys(d, o, n, err));
	return o->finish ? o->finish(d, n, out, err) : 0;
}
