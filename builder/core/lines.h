/* lines.h - the lines that tree and delta text are made of: one writer, one reader. Private to core. The grammar is in tree.h and delta.h. */
#pragma once
#include <ingot/delta.h>
#include <ingot/limits.h>
#include <ingot/mem.h>

/* One dirent with 64 xattrs of 64 KiB, each byte as \xHH, and what is beside it in a buffer. */
#define LINES_MAX (MIB(64))

void ingot_lines_tree_header(struct ingot_buf *out);
void ingot_lines_tree_entry(struct ingot_buf *out, const struct ingot_tree *t, size_t i);

void ingot_lines_node(struct ingot_buf *out, struct ingot_span path, const struct ingot_node *node);
void ingot_lines_hard(struct ingot_buf *out, struct ingot_span path, struct ingot_span leader);
void ingot_lines_op(struct ingot_buf *out, char op, struct ingot_span path); /* '-' or 'o' */

struct line_reader {
	struct ingot_span rest; /* not yet read */
	size_t line;            /* number of the line last read */
	struct ingot_arena *arena; /* of what had to be unescaped */
	struct ingot_buf scratch, again;
};

struct line_record {
	char kind; /* a type of node, 'h', '-' or 'o' */
	struct ingot_span path;
	struct ingot_node node;
	struct ingot_span leader;
	struct ingot_xattr xattrs[INGOT_MAX_XATTRS]; /* node.xattrs points here */
};

/* Fails (INGOT_E_INPUT) unless text begins with exactly this line. */
int ingot_lines_begin(struct line_reader *r, struct ingot_span text, const char *header, struct ingot_err *err) INGOT_MUST_USE;
void ingot_lines_done(struct line_reader *r);
/* The next record, its x lines included: 1, 0 at the end, or -1 with the line's number in the message. Spans in it hold as long as
 * the text and the reader. Each record is written again and compared, so that no second spelling of anything can pass. */
int ingot_lines_next(struct line_reader *r, struct line_record *ret, struct ingot_err *err) INGOT_MUST_USE;
