#include "delta_impl.h"
#include "lines.h"
#include "tree_impl.h"
#include <ingot/escape.h>

#define HEADER "ingot-delta 1"

static void change_lines(struct ingot_buf *out, const struct ingot_delta *d, const struct ingot_change *c)
{
	switch (c->op) {
	case INGOT_PUT:
		ingot_lines_node(out, c->path, &d->nodes[c->node]);
		break;
	case INGOT_HARDLINK:
		ingot_lines_hard(out, c->path, c->link);
		break;
	case INGOT_REMOVE:
		ingot_lines_op(out, '-', c->path);
		break;
	case INGOT_OPAQUE:
		ingot_lines_op(out, 'o', c->path);
		break;
	}
}

void ingot_delta_text(const struct ingot_delta *d, struct ingot_buf *out)
{
	ingot_buf_str(out, HEADER "\n");
	for (size_t i = 0; i < d->n; i++)
		change_lines(out, d, &d->changes[i]);
}

void ingot_delta_id(const struct ingot_delta *d, struct ingot_digest *ret)
{
	_cleanup_(ingot_hash_freep) struct ingot_hash *h = ingot_hash_new();
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(LINES_MAX);
	ingot_buf_str(&text, HEADER "\n");
	for (size_t i = 0; i < d->n; i++) {
		change_lines(&text, d, &d->changes[i]);
		if (text.n > KIB(64)) {
			ingot_hash_add(h, text.p, text.n);
			ingot_buf_clear(&text);
		}
	}
	ingot_hash_add(h, text.p, text.n);
	ingot_hash_end(h, ret);
}

/* In canonical text a hard link names an earlier put of a file, and so its group's first path. */
static int hard_link(const struct ingot_delta *d, const struct line_record *rec, size_t line, uint32_t *ret, struct ingot_err *err)
{
	ssize_t at = ingot_delta_find(d, rec->leader, OP_BIT(INGOT_PUT));
	if (at < 0 || d->nodes[d->changes[at].node].type != INGOT_FILE)
		return ingot_fail(err, INGOT_E_INPUT, "line %zu: /%s, to which /%s is a hard link, is not the first name of a file", line, INGOT_SHOW(rec->leader),
				  INGOT_SHOW(rec->path));
	*ret = d->changes[at].node;
	return 0;
}

static int read_change(struct line_reader *r, const struct line_record *rec, struct ingot_delta *d, struct ingot_err *err)
{
	uint32_t node = NO_NODE;
	enum ingot_op op = INGOT_PUT;
	if (rec->kind == 'h') {
		op = INGOT_HARDLINK;
		ingot_pass(hard_link(d, rec, r->line, &node, err));
	} else if (rec->kind == '-') {
		op = INGOT_REMOVE;
	} else if (rec->kind == 'o') {
		op = INGOT_OPAQUE;
	} else {
		node = ingot_delta_add_node(d, &rec->node);
	}
	/* nor can the root be a hard link: its leader would have to come before it */
	if (rec->path.n == 0 && op == INGOT_REMOVE)
		return ingot_fail(err, INGOT_E_INPUT, "line %zu: the root cannot be removed", r->line);
	if (d->n >= 2 * (size_t)INGOT_MAX_ENTRIES)
		return ingot_fail(err, INGOT_E_INPUT, "line %zu: more than %d changes", r->line, 2 * INGOT_MAX_ENTRIES);
	ingot_delta_add(d, op, rec->path, node, rec->leader);
	if (d->n > 1 && ingot_change_cmp(&d->changes[d->n - 2], &d->changes[d->n - 1]) >= 0)
		return ingot_fail(err, INGOT_E_INPUT, "line %zu: /%s is there twice, or out of order", r->line, INGOT_SHOW(rec->path));
	if (d->n > 1)
		ingot_try(err, ingot_delta_check_at(d, d->n - 2, INGOT_E_INPUT, err), "line %zu", r->line);
	return 0;
}

int ingot_delta_parse(struct ingot_span text, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_lines_done) struct line_reader r;
	ingot_pass(ingot_lines_begin(&r, text, HEADER, err));
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_delta_blank();
	_cleanup_(ingot_freep) struct line_record *rec = ingot_alloc(sizeof(*rec));
	int got;
	while ((got = ingot_lines_next(&r, rec, err)) > 0)
		ingot_pass(read_change(&r, rec, d, err));
	ingot_pass(got);
	if (d->n)
		ingot_try(err, ingot_delta_check_at(d, d->n - 1, INGOT_E_INPUT, err), "line %zu", r.line);
	*ret = TAKE_PTR(d);
	return 0;
}
