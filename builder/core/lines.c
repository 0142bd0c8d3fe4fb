#include "lines.h"
#include "tree_impl.h"
#include <ingot/escape.h>
#include <ingot/num.h>

/* --- writing: a line is one reservation in the buffer, for this is what a tree's id costs --- */

static char *put_number(char *p, uint64_t v)
{
	char digits[20];
	size_t n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = digits[--n];
	*p++ = ' ';
	return p;
}

/* ingot_escape_field() into room that is known to suffice. */
static char *put_field(char *p, struct ingot_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 0x21 && c <= 0x7e && c != '\\') {
			*p++ = (char)c;
			continue;
		}
		char hex[3];
		ingot_format_hex(&c, 1, hex);
		*p++ = '\\';
		*p++ = 'x';
		*p++ = hex[0];
		*p++ = hex[1];
	}
	return p;
}

static void commit(struct ingot_buf *out, char *start, char *end)
{
	end[-1] = '\n'; /* in place of the last blank */
	ingot_buf_added(out, (size_t)(end - start));
}

static void xattr_line(struct ingot_buf *out, const struct ingot_xattr *x)
{
	char *start = ingot_buf_room(out, 4 * (x->name.n + x->value.n) + 8), *p = start;
	if (!p)
		return;
	*p++ = 'x';
	*p++ = ' ';
	p = put_field(p, x->name);
	*p++ = ' ';
	p = put_field(p, x->value);
	*p++ = ' ';
	commit(out, start, p);
}

void ingot_lines_node(struct ingot_buf *out, struct ingot_span path, const struct ingot_node *node)
{
	/* 5 numbers of at most 21 characters, a digest, and the rest */
	char *start = ingot_buf_room(out, 4 * (path.n + node->target.n) + 256), *p = start;
	if (!p)
		return;
	*p++ = (char)node->type;
	*p++ = ' ';
	for (int shift = 9; shift >= 0; shift -= 3)
		*p++ = (char)('0' + (node->mode >> shift & 7));
	*p++ = ' ';
	p = put_number(p, node->uid);
	p = put_number(p, node->gid);
	p = put_number(p, (uint64_t)node->mtime);
	*p++ = '/';
	p = put_field(p, path);
	*p++ = ' ';
	if (node->type == INGOT_FILE) {
		p = put_number(p, node->size);
		ingot_format_hex(node->content.b, sizeof(node->content.b), p);
		p += 64;
		*p++ = ' ';
	} else if (node->type == INGOT_LINK) {
		p = put_field(p, node->target);
		*p++ = ' ';
	} else if (node->type == INGOT_CHR || node->type == INGOT_BLK) {
		p = put_number(p, node->major);
		p = put_number(p, node->minor);
	}
	commit(out, start, p);
	for (size_t i = 0; i < node->n_xattrs; i++)
		xattr_line(out, &node->xattrs[i]);
}

void ingot_lines_hard(struct ingot_buf *out, struct ingot_span path, struct ingot_span leader)
{
	char *start = ingot_buf_room(out, 4 * (path.n + leader.n) + 8), *p = start;
	if (!p)
		return;
	*p++ = 'h';
	*p++ = ' ';
	*p++ = '/';
	p = put_field(p, path);
	*p++ = ' ';
	*p++ = '/';
	p = put_field(p, leader);
	*p++ = ' ';
	commit(out, start, p);
}

void ingot_lines_op(struct ingot_buf *out, char op, struct ingot_span path)
{
	char *start = ingot_buf_room(out, 4 * path.n + 8), *p = start;
	if (!p)
		return;
	*p++ = op;
	*p++ = ' ';
	*p++ = '/';
	p = put_field(p, path);
	*p++ = ' ';
	commit(out, start, p);
}

/* --- reading --- */

#define MAX_FIELDS 9

/* Splits at every single blank; -1 when there are more fields than any line has. */
static ssize_t split(struct ingot_span line, struct ingot_span f[MAX_FIELDS])
{
	size_t n = 0;
	for (;;) {
		if (n == MAX_FIELDS)
			return -1;
		const char *blank = line.n ? memchr(line.p, ' ', line.n) : NULL;
		size_t len = blank ? (size_t)(blank - line.p) : line.n;
		f[n++] = (struct ingot_span){ line.p, len };
		if (!blank)
			return (ssize_t)n;
		line.p += len + 1;
		line.n -= len + 1;
	}
}

static bool is_plain(struct ingot_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x21 || (unsigned char)s.p[i] > 0x7e || s.p[i] == '\\')
			return false;
	return true;
}

static int field(struct line_reader *r, struct ingot_span s, struct ingot_span *ret)
{
	if (is_plain(s)) {
		*ret = s;
		return 0;
	}
	ingot_buf_clear(&r->scratch);
	if (ingot_unescape_field(&r->scratch, s) < 0)
		return -1;
	*ret = ingot_arena_span(r->arena, ingot_buf_view(&r->scratch));
	return 0;
}

static int path_field(struct line_reader *r, struct ingot_span s, struct ingot_span *ret)
{
	struct ingot_span path;
	if (!ingot_span_starts(s, "/") || field(r, (struct ingot_span){ s.p + 1, s.n - 1 }, &path) < 0 || !ingot_path_valid(path))
		return -1;
	*ret = path;
	return 0;
}

static int bad(struct line_reader *r, const char *what, struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_INPUT, "line %zu: %s", r->line, what);
}

/* f[1] mode, f[2] uid, f[3] gid, f[4] mtime, f[5] path: what every node has. */
static int common_fields(struct line_reader *r, const struct ingot_span *f, struct line_record *rec, struct ingot_err *err)
{
	struct ingot_node *node = &rec->node;
	uint64_t mtime;
	if (f[1].n != 4 || ingot_parse_octal(f[1], 07777, &node->mode) < 0)
		return bad(r, "the mode is not four octal digits", err);
	if (ingot_parse_u32(f[2], INGOT_MAX_ID, &node->uid) < 0 || ingot_parse_u32(f[3], INGOT_MAX_ID, &node->gid) < 0)
		return bad(r, "the owner is not two numbers in range", err);
	if (ingot_parse_u64(f[4], INT64_MAX, &mtime) < 0)
		return bad(r, "the time is not a number", err);
	node->mtime = (int64_t)mtime;
	if (path_field(r, f[5], &rec->path) < 0)
		return bad(r, "not a path that a tree can hold", err);
	return 0;
}

static int node_line(struct line_reader *r, const struct ingot_span *f, size_t n, struct line_record *rec, struct ingot_err *err)
{
	struct ingot_node *node = &rec->node;
	size_t want = 6;
	*node = (struct ingot_node){ .type = (enum ingot_type)rec->kind };
	if (rec->kind == INGOT_FILE || rec->kind == INGOT_CHR || rec->kind == INGOT_BLK)
		want = 8;
	else if (rec->kind == INGOT_LINK)
		want = 7;
	if (n != want)
		return bad(r, "wrong number of fields for this type", err);
	ingot_pass(common_fields(r, f, rec, err));
	if (rec->kind == INGOT_FILE && (ingot_parse_u64(f[6], INGOT_MAX_FILE, &node->size) < 0 || ingot_digest_parse_hex(f[7], &node->content) < 0))
		return bad(r, "a file needs its size and 64 hex digits", err);
	if (rec->kind == INGOT_LINK && field(r, f[6], &node->target) < 0)
		return bad(r, "the target of the link is not spelled as it should be", err);
	if ((rec->kind == INGOT_CHR || rec->kind == INGOT_BLK) &&
	    (ingot_parse_u32(f[6], UINT32_MAX, &node->major) < 0 || ingot_parse_u32(f[7], UINT32_MAX, &node->minor) < 0))
		return bad(r, "a device needs its major and minor number", err);
	return 0;
}

/* False at the end of the text. A last line without its newline is an error of the record (the copy that is compared has one). */
static bool next_line(struct line_reader *r, struct ingot_span *ret)
{
	if (!ingot_span_next(&r->rest, '\n', ret))
		return false;
	r->line++;
	return true;
}

static int xattr_lines(struct line_reader *r, struct line_record *rec, struct ingot_err *err)
{
	struct ingot_span line, f[MAX_FIELDS];
	size_t n = 0;
	while (ingot_span_starts(r->rest, "x ") && next_line(r, &line)) {
		if (n == INGOT_MAX_XATTRS)
			return bad(r, "too many extended attributes", err);
		if (split(line, f) != 3 || field(r, f[1], &rec->xattrs[n].name) < 0 || field(r, f[2], &rec->xattrs[n].value) < 0)
			return bad(r, "an extended attribute needs its name and value", err);
		n++;
	}
	rec->node.xattrs = n ? rec->xattrs : NULL;
	rec->node.n_xattrs = n;
	return 0;
}

static int one_record(struct line_reader *r, struct ingot_span line, struct line_record *rec, struct ingot_err *err)
{
	struct ingot_span f[MAX_FIELDS];
	ssize_t n = split(line, f);
	if (n < 2 || f[0].n != 1)
		return bad(r, "not a line of a tree or delta", err);
	rec->kind = f[0].p[0];
	switch (rec->kind) {
	case 'h':
		if (n != 3 || path_field(r, f[1], &rec->path) < 0 || path_field(r, f[2], &rec->leader) < 0)
			return bad(r, "a hard link needs two paths", err);
		return 0;
	case '-':
	case 'o':
		if (n != 2 || path_field(r, f[1], &rec->path) < 0)
			return bad(r, "not a path that a tree can hold", err);
		return 0;
	case INGOT_DIR:
	case INGOT_FILE:
	case INGOT_LINK:
	case INGOT_CHR:
	case INGOT_BLK:
	case INGOT_FIFO:
		ingot_pass(node_line(r, f, (size_t)n, rec, err));
		ingot_pass(xattr_lines(r, rec, err));
		ingot_try(err, ingot_node_check(rec->path, &rec->node, INGOT_E_INPUT, err), "line %zu", r->line);
		return 0;
	default:
		return bad(r, "not a line of a tree or delta", err);
	}
}

int ingot_lines_begin(struct line_reader *r, struct ingot_span text, const char *header, struct ingot_err *err)
{
	*r = (struct line_reader){ .rest = text, .scratch = INGOT_BUF(INGOT_MAX_XATTR_VALUE), .again = INGOT_BUF(LINES_MAX) };
	struct ingot_span line;
	if (!next_line(r, &line) || !ingot_span_is(line, header) || text.n == line.n)
		return ingot_fail(err, INGOT_E_INPUT, "line 1: expected '%s'", header);
	r->arena = ingot_arena_new();
	return 0;
}

void ingot_lines_done(struct line_reader *r)
{
	ingot_arena_free(TAKE_PTR(r->arena));
	ingot_buf_done(&r->scratch);
	ingot_buf_done(&r->again);
}

int ingot_lines_next(struct line_reader *r, struct line_record *ret, struct ingot_err *err)
{
	const char *start = r->rest.p;
	struct ingot_span line;
	if (!next_line(r, &line))
		return 0;
	ingot_pass(one_record(r, line, ret, err));
	ingot_buf_clear(&r->again);
	if (ret->kind == 'h')
		ingot_lines_hard(&r->again, ret->path, ret->leader);
	else if (ret->kind == '-' || ret->kind == 'o')
		ingot_lines_op(&r->again, ret->kind, ret->path);
	else
		ingot_lines_node(&r->again, ret->path, &ret->node);
	ingot_pass(ingot_buf_check(&r->again, "an entry", err));
	if (!ingot_span_eq(ingot_buf_view(&r->again), (struct ingot_span){ start, (size_t)(r->rest.p - start) }))
		return bad(r, "not the one spelling of what it says", err);
	return 1;
}
