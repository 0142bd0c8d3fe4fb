#include "report_impl.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdlib.h>

int ingot_report_format_from_word(struct ingot_span word, enum ingot_report_format *ret)
{
	static const char *const words[] = { "text", "json", "sarif", "codequality" };
	for (int i = 0; i < 4; i++)
		if (ingot_span_is(word, words[i])) {
			*ret = (enum ingot_report_format)i;
			return 0;
		}
	return -1;
}

const char *report_mend(const struct ingot_finding *f)
{
	const struct ingot_rule *r = ingot_rule_find(ingot_span_of(f->rule));
	return f->mend ? f->mend : r ? r->mend : "";
}

static void encode(const char *s, struct ingot_buf *out)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c);
		if (plain)
			ingot_buf_char(out, (char)c);
		else
			ingot_buf_fmt(out, "%%%02X", c);
	}
}

void report_uri(const char *path, struct ingot_buf *out)
{
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	if (*path == '/')
		ingot_buf_str(out, "file://");
	encode(path, out);
}

void report_image_uri(const char *path, struct ingot_buf *out)
{
	encode(*path == '/' ? path + 1 : path, out);
}

void ingot_report_where(const struct ingot_report *r, const struct ingot_finding *f, struct ingot_buf *out)
{
	bool placed = r->recipe && f->at.line;
	const char *file = placed || !r->image ? r->recipe : r->image;
	ingot_escape_message(out, ingot_span_of(file));
	if (placed)
		ingot_buf_fmt(out, ":%u:%u", f->at.line, f->at.column);
}

void ingot_report_line(const struct ingot_finding *f, struct ingot_buf *out)
{
	ingot_buf_fmt(out, "[%s] %s", f->rule, f->text);
	if (f->origin) {
		ingot_buf_str(out, " (");
		ingot_escape_message(out, ingot_span_of(f->origin));
		ingot_buf_char(out, ')');
	}
	if (f->allowed) {
		ingot_buf_str(out, "; allowed: ");
		ingot_escape_message(out, ingot_span_of(f->allowed));
	}
}

/* --- fingerprints --- */

struct print {
	struct ingot_digest digest;
	size_t at;
};

static int by_digest(const void *x, const void *y)
{
	const struct print *a = x, *b = y;
	int r = memcmp(a->digest.b, b->digest.b, sizeof(a->digest.b));
	return r ? r : a->at < b->at ? -1 : 1;
}

static void add(struct ingot_hash *h, const char *s)
{
	ingot_hash_add(h, s ? s : "", s ? strlen(s) + 1 : 1);
}

/* The image's name is left out: many carry a date or a commit. The text counts only where nothing else tells findings of a rule apart, because it may hold numbers. */
static void print_of(const struct ingot_report *r, const struct ingot_finding *f, struct ingot_digest *ret)
{
	_cleanup_(ingot_hash_freep) struct ingot_hash *h = ingot_hash_new();
	_cleanup_(ingot_buf_done) struct ingot_buf uri = INGOT_BUF(KIB(64));
	if (r->recipe)
		report_uri(r->recipe, &uri);
	add(h, "ingot-finding 1");
	add(h, ingot_buf_cstr(&uri));
	add(h, f->rule);
	add(h, f->path);
	add(h, f->value ? f->value : f->field);
	if (!f->path && !f->value && !f->field)
		add(h, f->text);
	ingot_hash_end(h, ret);
}

static void numbered(struct print *p, unsigned number)
{
	_cleanup_(ingot_hash_freep) struct ingot_hash *h = ingot_hash_new();
	_cleanup_(ingot_freep) char *text = ingot_strf("%s %u", INGOT_HEX(&p->digest), number);
	add(h, text);
	ingot_hash_end(h, &p->digest);
}

void ingot_report_fingerprints(const struct ingot_report *r, struct ingot_digest *ret)
{
	size_t n = r->findings->n;
	_cleanup_(ingot_freep) struct print *all = ingot_alloc_array(n + 1, sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		all[i].at = i;
		print_of(r, &r->findings->v[i], &all[i].digest);
	}
	qsort(all, n, sizeof(*all), by_digest);
	unsigned number = 0;
	struct ingot_digest first = { { 0 } };
	for (size_t i = 0; i < n; i++) {
		number = i && ingot_digest_eq(&all[i].digest, &first) ? number + 1 : 0;
		first = all[i].digest;
		if (number)
			numbered(&all[i], number);
		ret[all[i].at] = all[i].digest;
	}
}

void ingot_report(const struct ingot_report *r, enum ingot_report_format format, struct ingot_buf *out)
{
	static void (*const writers[])(const struct ingot_report *r, struct ingot_buf *out) = { report_text, report_json, report_sarif, report_quality };
	writers[format](r, out);
}
