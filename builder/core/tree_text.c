#include "lines.h"
#include "tree_impl.h"
#include <ingot/escape.h>

#define HEADER "ingot-tree 1"

void ingot_lines_tree_header(struct ingot_buf *out)
{
	ingot_buf_str(out, HEADER "\n");
}

void ingot_lines_tree_entry(struct ingot_buf *out, const struct ingot_tree *t, size_t i)
{
	const struct ingot_dirent *d = &t->dirents[i];
	size_t leader = t->first[d->node];
	if (leader == i)
		ingot_lines_node(out, d->path, &t->nodes[d->node]);
	else
		ingot_lines_hard(out, d->path, t->dirents[leader].path);
}

void ingot_tree_text(const struct ingot_tree *t, struct ingot_buf *out)
{
	ingot_lines_tree_header(out);
	for (size_t i = 0; i < t->n; i++)
		ingot_lines_tree_entry(out, t, i);
}

/* A hard link names the leader of its group: an earlier path that is a file and carries the node itself. */
static int hard_link(const struct ingot_tree *t, const struct line_record *rec, size_t line, uint32_t *ret, struct ingot_err *err)
{
	ssize_t at = ingot_tree_find(t, rec->leader);
	if (at < 0 || t->nodes[t->dirents[at].node].type != INGOT_FILE || t->first[t->dirents[at].node] != (uint32_t)at)
		return ingot_fail(err, INGOT_E_INPUT, "line %zu: /%s, to which /%s is a hard link, is not the first name of a file", line, INGOT_SHOW(rec->leader),
				  INGOT_SHOW(rec->path));
	*ret = t->dirents[at].node;
	return 0;
}

static int read_entries(struct line_reader *r, struct tree_maker *m, struct ingot_err *err)
{
	_cleanup_(ingot_freep) struct line_record *rec = ingot_alloc(sizeof(*rec));
	for (;;) {
		int got = ingot_lines_next(r, rec, err);
		if (got <= 0)
			return got;
		uint32_t node;
		if (rec->kind == '-' || rec->kind == 'o')
			return ingot_fail(err, INGOT_E_INPUT, "line %zu: only a delta can remove", r->line);
		if (rec->kind == 'h')
			ingot_pass(hard_link(m->t, rec, r->line, &node, err));
		else
			node = ingot_maker_node(m, &rec->node);
		ingot_try(err, ingot_maker_append(m, rec->path, node, err), "line %zu", r->line);
	}
}

int ingot_tree_parse(struct ingot_span text, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_lines_done) struct line_reader r;
	struct tree_maker m;
	ingot_pass(ingot_lines_begin(&r, text, HEADER, err));
	/* no line is shorter than 16 bytes, and most are longer than 100 */
	size_t expect = text.n / 128;
	ingot_maker_begin(&m, NULL, expect < INGOT_MAX_ENTRIES ? expect : INGOT_MAX_ENTRIES, INGOT_E_INPUT);
	int result = read_entries(&r, &m, err);
	if (result == 0 && m.t->n == 0)
		result = ingot_fail(err, INGOT_E_INPUT, "line 2: the tree has no root");
	if (result < 0) {
		ingot_maker_abort(&m);
		return -1;
	}
	*ret = ingot_maker_end(&m);
	return 0;
}
