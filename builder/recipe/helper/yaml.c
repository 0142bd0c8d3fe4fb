#include "yaml.h"
#include "../place.h"
#include "scan.h"
#include <ingot/limits.h>
#include <libfyaml.h>

#define SCALAR_MAX KIB(512) /* an escape can make three bytes of two */

struct yaml {
	const char *name;
	struct ingot_span text;
	size_t nodes, max_nodes;
	unsigned depth;
	struct level {
		bool map, have_key; /* have_key: the next event is a value */
	} level[INGOT_MAX_RECIPE_DEPTH];
	struct ingot_msg_node key; /* place of the last key: an empty value has none of its own */
	yaml_sink sink;
	void *ctx;
};

static void diag_free(struct fy_diag **d)
{
	if (*d)
		fy_diag_destroy(*d); /* unref alone keeps the collected errors */
}

static void parser_free(struct fy_parser **p)
{
	if (*p)
		fy_parser_destroy(*p);
}

static int refuse_at(struct yaml *y, uint32_t line, uint32_t column, struct ingot_err *err, const char *what, const char *hint)
{
	(void)ingot_fail(err, INGOT_E_INPUT, "%s", what);
	if (hint)
		(void)ingot_hint(err, "%s", hint);
	return place_fill(err, y->name, y->text, line, column);
}

/* What the library found wrong: its last collected error is the one that stopped it. */
static int library_error(struct yaml *y, struct fy_diag *diag, struct ingot_err *err)
{
	void *prev = NULL;
	const struct fy_diag_error *e, *first = NULL;
	while (!first && (e = fy_diag_errors_iterate(diag, &prev)))
		if (e->type == FYET_ERROR)
			first = e;
	if (!first)
		return refuse_at(y, 1, 1, err, "not YAML", NULL);
	(void)ingot_fail(err, INGOT_E_INPUT, "not YAML: %.300s", first->msg);
	return place_fill(err, y->name, y->text, first->line > 0 ? (uint32_t)first->line : 1, first->column > 0 ? (uint32_t)first->column : 1);
}

static struct ingot_msg_node node_at(struct yaml *y, struct fy_event *e, enum ingot_yaml_kind kind)
{
	struct ingot_msg_node n = { .kind = kind, .line = y->key.line, .column = y->key.column };
	const struct fy_mark *m = fy_event_start_mark(e);
	if (m && m->line >= 0 && m->column >= 0) {
		n.line = (uint32_t)m->line + 1;
		n.column = (uint32_t)m->column + 1;
	}
	return n;
}

static int emit(struct yaml *y, const struct ingot_msg_node *n, struct ingot_err *err)
{
	if (++y->nodes > y->max_nodes)
		return refuse_at(y, n->line, n->column, err, "more nodes than the limit", "split what the recipe does into several recipes");
	return y->sink(y->ctx, n, err);
}

/* Whether the value that begins here is a mapping's key, and bookkeeping of what comes next. */
static bool next_is_key(struct yaml *y)
{
	if (!y->depth || !y->level[y->depth - 1].map)
		return false;
	struct level *l = &y->level[y->depth - 1];
	l->have_key = !l->have_key;
	return l->have_key;
}

/* The library's mark of a token stands behind its first character if that is &, * or a quote. */
static void move_to_token(struct ingot_msg_node *n, struct fy_token *token, unsigned behind)
{
	const struct fy_mark *m = token ? fy_token_start_mark(token) : NULL;
	if (m && m->line >= 0 && m->column >= (int)behind) {
		n->line = (uint32_t)m->line + 1;
		n->column = (uint32_t)m->column + 1 - behind;
	}
}

static int check_properties(struct yaml *y, struct ingot_msg_node *n, struct fy_token *anchor, struct fy_token *tag, struct ingot_err *err)
{
	if (anchor || tag)
		move_to_token(n, anchor ? anchor : tag, anchor != NULL);
	if (anchor)
		return refuse_at(y, n->line, n->column, err, "anchors are not used in recipes", "write the value out where it is needed");
	if (tag)
		return refuse_at(y, n->line, n->column, err, "tags are not used in recipes", "the schema decides the type of each value; remove the tag");
	return 0;
}

static int on_scalar(struct yaml *y, struct fy_event *e, struct ingot_err *err)
{
	struct ingot_msg_node n = node_at(y, e, INGOT_Y_SCALAR);
	ingot_pass(check_properties(y, &n, e->scalar.anchor, e->scalar.tag, err));
	size_t size = 0;
	const char *text = e->scalar.value ? fy_token_get_text(e->scalar.value, &size) : "";
	if (!text)
		return ingot_fail(err, INGOT_E_BUG, "the YAML library lost a value");
	if (size > SCALAR_MAX)
		return refuse_at(y, n.line, n.column, err, "a value of more than 512 KiB", NULL);
	n.text = (struct ingot_span){ text, size };
	enum fy_scalar_style style = e->scalar.value ? fy_scalar_token_get_style(e->scalar.value) : FYSS_PLAIN;
	n.plain = style == FYSS_PLAIN;
	if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
		move_to_token(&n, e->scalar.value, 1);
	if (next_is_key(y)) {
		if (n.plain && ingot_span_is(n.text, "<<"))
			return refuse_at(y, n.line, n.column, err, "merge keys are not used in recipes", "write the keys out where they are needed");
		n.kind = INGOT_Y_KEY;
		y->key = n;
	}
	return emit(y, &n, err);
}

static int on_start(struct yaml *y, struct fy_event *e, bool map, struct ingot_err *err)
{
	struct ingot_msg_node n = node_at(y, e, map ? INGOT_Y_MAP : INGOT_Y_SEQ);
	ingot_pass(check_properties(y, &n, map ? e->mapping_start.anchor : e->sequence_start.anchor, map ? e->mapping_start.tag : e->sequence_start.tag, err));
	if (next_is_key(y))
		return refuse_at(y, n.line, n.column, err, "a key must be a plain word, not a list or mapping", "quote it if it begins with a bracket");
	if (y->depth == INGOT_MAX_RECIPE_DEPTH)
		return refuse_at(y, n.line, n.column, err, "nested more than 32 levels deep", NULL);
	y->level[y->depth++] = (struct level){ .map = map };
	return emit(y, &n, err);
}

static int on_event(struct yaml *y, struct fy_event *e, unsigned *documents, struct ingot_err *err)
{
	struct ingot_msg_node n = node_at(y, e, INGOT_Y_END);
	switch (e->type) {
	case FYET_SCALAR:
		return on_scalar(y, e, err);
	case FYET_MAPPING_START:
	case FYET_SEQUENCE_START:
		return on_start(y, e, e->type == FYET_MAPPING_START, err);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		ingot_assert(y->depth > 0);
		y->depth--;
		return emit(y, &n, err);
	case FYET_ALIAS:
		move_to_token(&n, e->alias.anchor, 1);
		return refuse_at(y, n.line, n.column, err, "aliases are not used in recipes", "write the value out; quote it if it begins with an asterisk");
	case FYET_DOCUMENT_START:
		if (++*documents > 1)
			return refuse_at(y, n.line, n.column, err, "a second document in one file", "a recipe is one document: remove what follows \"---\"");
		return 0;
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END:
	case FYET_NONE:
		return 0;
	}
	return ingot_fail(err, INGOT_E_BUG, "the YAML library reported an unknown event");
}

int yaml_parse(const char *name, struct ingot_span text, bool lock, yaml_sink sink, void *ctx, struct ingot_err *err)
{
	ingot_pass(lock ? scan_lock(name, text, err) : scan_recipe(name, text, err));
	struct yaml y = { .name = name, .text = text, .max_nodes = lock ? INGOT_MAX_LOCK_NODES : INGOT_MAX_RECIPE_NODES, .key = { .line = 1, .column = 1 }, .sink = sink, .ctx = ctx };
	/* Errors are collected, never printed: the library's own output would bypass our escaping. */
	struct fy_diag_cfg quiet;
	fy_diag_cfg_default(&quiet);
	quiet.fp = NULL;
	quiet.colorize = false;
	_cleanup_(diag_free) struct fy_diag *diag = fy_diag_create(&quiet);
	if (!diag)
		ingot_panic("out of memory");
	fy_diag_set_collect_errors(diag, true);
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DISABLE_MMAP_OPT | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2, .diag = diag };
	_cleanup_(parser_free) struct fy_parser *parser = fy_parser_create(&cfg);
	/* A length of 0 would mean strlen() to the library. */
	if (!parser || fy_parser_set_string(parser, text.n ? text.p : "", text.n ? text.n : (size_t)-1) != 0)
		ingot_panic("out of memory");
	unsigned documents = 0;
	struct fy_event *e;
	while ((e = fy_parser_parse(parser))) {
		int r = on_event(&y, e, &documents, err);
		fy_parser_event_free(parser, e);
		ingot_pass(r);
	}
	if (fy_parser_get_stream_error(parser) || fy_diag_got_error(diag))
		return library_error(&y, diag, err);
	if (!documents)
		return refuse_at(&y, 1, 1, err, "nothing in it", NULL);
	return 0;
}
