#include "node.h"
#include "place.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <ingot/utf8.h>

struct node_builder {
	struct ingot_arena *arena;
	struct source_text source;
	struct node *root;
	struct open {
		struct node *node, *last;
	} open[INGOT_MAX_RECIPE_DEPTH];
	unsigned depth;
	struct node *keyed; /* made by a key, waiting for its value */
	size_t nodes, max;
	bool lock;
};

int text_blame(const struct source_text *s, struct ingot_place at, struct ingot_err *err)
{
	return place_fill(err, s->file, s->text, at.line, at.column);
}

struct node_builder *node_builder_new(struct ingot_arena *arena, const struct source_text *s, bool lock)
{
	struct node_builder *b = ingot_alloc(sizeof(*b));
	b->arena = arena;
	b->source = *s;
	b->lock = lock;
	b->max = lock ? INGOT_MAX_LOCK_NODES : INGOT_MAX_RECIPE_NODES;
	return b;
}

void node_builder_free(struct node_builder *b)
{
	free(b);
}

static int stranger(struct ingot_err *err, const char *what)
{
	return ingot_fail(err, INGOT_E_BUG, "ingot-recipe sent %s", what);
}

/* Escapes in double-quoted strings can still produce what the reader refuses in the text itself. */
static int check_text(struct node_builder *b, struct ingot_span s, bool key, struct ingot_place at, struct ingot_err *err)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t c;
		size_t n = ingot_utf8_next((struct ingot_span){ s.p + i, s.n - i }, &c);
		/* A carriage return is for the one rule that takes it (decode_slots.c). */
		bool fine = n && (c >= 0x20 || (!key && (c == '\n' || c == '\t' || (c == '\r' && !b->lock)))) && !(c >= 0x7f && c < 0xa0);
		if (!fine) {
			(void)ingot_fail(err, INGOT_E_INPUT, "a control character in a %s: %s", key ? "key" : "value", INGOT_SHOW(s));
			return text_blame(&b->source, at, err);
		}
		i += n;
	}
	return 0;
}

static int by_key(const void *x, const void *y)
{
	const struct node *a = *(const struct node *const *)x, *b = *(const struct node *const *)y;
	int c = ingot_span_cmp(a->key, b->key);
	if (c)
		return c;
	/* equal keys in the order of the text, so that the message names the later one */
	return a->key_at.line != b->key_at.line ? (a->key_at.line > b->key_at.line) - (a->key_at.line < b->key_at.line) :
						  (a->key_at.column > b->key_at.column) - (a->key_at.column < b->key_at.column);
}

static int check_duplicates(struct node_builder *b, const struct node *map, struct ingot_err *err)
{
	if (map->n < 2)
		return 0;
	_cleanup_(ingot_freep) const struct node **v = ingot_alloc_array(map->n, sizeof(*v));
	size_t n = 0;
	for (const struct node *c = map->child; c; c = c->next)
		v[n++] = c;
	qsort(v, n, sizeof(*v), by_key);
	for (size_t i = 1; i < n; i++)
		if (ingot_span_eq(v[i - 1]->key, v[i]->key)) {
			(void)ingot_fail(err, INGOT_E_INPUT, "duplicate key \"%s\"", INGOT_SHOW(v[i]->key));
			(void)ingot_hint(err, "it stands on line %u already", v[i - 1]->key_at.line);
			return text_blame(&b->source, v[i]->key_at, err);
		}
	return 0;
}

static int attach(struct node_builder *b, struct node *n, struct ingot_err *err)
{
	if (!b->depth) {
		if (b->root)
			return stranger(err, "two documents");
		b->root = n;
		return 0;
	}
	struct open *o = &b->open[b->depth - 1];
	if (o->node->kind == INGOT_Y_MAP && !b->keyed)
		return stranger(err, "a value without its key");
	b->keyed = NULL;
	if (o->last)
		o->last->next = n;
	else
		o->node->child = n;
	o->last = n;
	o->node->n++;
	return 0;
}

static int on_key(struct node_builder *b, const struct ingot_msg_node *m, struct ingot_err *err)
{
	if (!b->depth || b->open[b->depth - 1].node->kind != INGOT_Y_MAP || b->keyed)
		return stranger(err, "a key where none can be");
	struct ingot_place at = { m->line, m->column };
	ingot_pass(check_text(b, m->text, true, at, err));
	b->keyed = ingot_arena_alloc(b->arena, sizeof(*b->keyed));
	b->keyed->key = ingot_arena_span(b->arena, m->text);
	b->keyed->key_at = at;
	return 0;
}

static int on_end(struct node_builder *b, struct ingot_err *err)
{
	if (!b->depth || b->keyed)
		return stranger(err, "an end of nothing");
	const struct node *closed = b->open[--b->depth].node;
	return closed->kind == INGOT_Y_MAP ? check_duplicates(b, closed, err) : 0;
}

int node_builder_add(struct node_builder *b, const struct ingot_msg_node *m, struct ingot_err *err)
{
	if (++b->nodes > b->max)
		return stranger(err, "more nodes than the limit");
	if (m->kind == INGOT_Y_KEY)
		return on_key(b, m, err);
	if (m->kind == INGOT_Y_END)
		return on_end(b, err);
	struct node *n = b->keyed ? b->keyed : ingot_arena_alloc(b->arena, sizeof(*n));
	n->kind = (enum ingot_yaml_kind)m->kind;
	n->at = (struct ingot_place){ m->line, m->column };
	if (!b->keyed)
		n->key_at = n->at;
	ingot_pass(attach(b, n, err));
	if (n->kind == INGOT_Y_SCALAR) {
		n->plain = m->plain;
		n->text = ingot_arena_span(b->arena, m->text);
		return check_text(b, m->text, false, n->at, err);
	}
	if (b->depth == INGOT_MAX_RECIPE_DEPTH)
		return stranger(err, "more levels than the limit");
	b->open[b->depth++] = (struct open){ .node = n };
	return 0;
}

int node_builder_end(struct node_builder *b, struct node **ret, struct ingot_err *err)
{
	if (b->depth || b->keyed || !b->root)
		return stranger(err, "an unfinished document");
	*ret = b->root;
	return 0;
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != INGOT_Y_MAP)
		return NULL;
	for (const struct node *c = map->child; c; c = c->next)
		if (ingot_span_is(c->key, key))
			return c;
	return NULL;
}

bool node_is_null(const struct node *n)
{
	return n->kind == INGOT_Y_SCALAR && n->plain && (n->text.n == 0 || ingot_span_is(n->text, "~") || ingot_span_is(n->text, "null"));
}

const char *node_what(const struct node *n)
{
	if (n->kind == INGOT_Y_MAP)
		return "a mapping";
	if (n->kind == INGOT_Y_SEQ)
		return "a list";
	if (node_is_null(n))
		return "nothing";
	uint64_t v;
	if (n->plain && ingot_parse_u64(n->text, UINT64_MAX, &v) == 0)
		return "a number";
	if (n->plain && (ingot_span_is(n->text, "true") || ingot_span_is(n->text, "false")))
		return "true or false";
	return "a string";
}
