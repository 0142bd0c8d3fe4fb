/* A JSON document as the list of values that the decoder sent. Its order and its pointers are checked, so that a lookup has one answer. */
#include "doc.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <stdio.h>
#include <sys/mman.h>

#define MAX_VALUES 1000000 /* 4 MiB of JSON cannot hold more than 2 M values; of what we read, some ten thousand */
#define MAX_LEVELS 16

struct ingot_doc {
	struct ingot_arena *arena;
	struct ingot_doc_value *values; /* document order: pre-order */
	size_t n, cap;
	uint32_t *sorted; /* indices by path */
};

void ingot_doc_free(struct ingot_doc *d)
{
	if (!d)
		return;
	ingot_arena_free(d->arena);
	free(d->values);
	free(d->sorted);
	free(d);
}

/* --- taking it in --- */

struct open {
	size_t at[MAX_LEVELS + 1]; /* the objects and arrays that may still get members */
	size_t depth;
};

/* path is PARENT "/" and one name (for an array: its next index). */
static bool is_next_child(const struct ingot_doc_value *parent, struct ingot_span path)
{
	size_t n = parent->path.n;
	if (path.n <= n || (n && memcmp(path.p, parent->path.p, n) != 0) || path.p[n] != '/')
		return false;
	struct ingot_span name = { path.p + n + 1, path.n - n - 1 };
	uint64_t index;
	if (ingot_span_has(name, '/'))
		return false;
	return parent->kind == INGOT_J_OBJECT || (ingot_parse_u64(name, SIZE_MAX, &index) == 0 && index == parent->n);
}

static int protocol(struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_BUG, "helper protocol: JSON values that are no document");
}

static int add(struct ingot_doc *d, struct open *open, const struct ingot_msg_json *m, struct ingot_err *err)
{
	uint64_t integer;
	bool container = m->kind == INGOT_J_OBJECT || m->kind == INGOT_J_ARRAY;
	if (m->kind < INGOT_J_OBJECT || m->kind > INGOT_J_NULL || ((container || m->kind == INGOT_J_NULL) && m->value.n))
		return protocol(err);
	struct ingot_span digits = m->value;
	if (ingot_span_starts(digits, "-"))
		digits = (struct ingot_span){ digits.p + 1, digits.n - 1 };
	if (m->kind == INGOT_J_INTEGER && ingot_parse_u64(digits, (uint64_t)INT64_MAX + 1, &integer) < 0)
		return protocol(err);
	if (m->kind == INGOT_J_BOOL && !ingot_span_is(m->value, "true") && !ingot_span_is(m->value, "false"))
		return protocol(err);
	if (d->n == MAX_VALUES)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the JSON document has more than %d values", MAX_VALUES);
	if (d->n == 0) {
		if (m->path.n)
			return protocol(err);
	} else {
		while (open->depth && !is_next_child(&d->values[open->at[open->depth - 1]], m->path))
			open->depth--;
		if (!open->depth)
			return protocol(err);
		d->values[open->at[open->depth - 1]].n++;
	}
	if (container && open->depth == MAX_LEVELS)
		return protocol(err);
	ingot_reserve(d->values, d->n, d->cap);
	if (container)
		open->at[open->depth++] = d->n;
	d->values[d->n++] = (struct ingot_doc_value){ .path = ingot_arena_span(d->arena, m->path), .kind = (enum ingot_json_kind)m->kind, .value = ingot_arena_span(d->arena, m->value) };
	return 0;
}

static int by_path(const void *a, const void *b, void *ctx)
{
	const struct ingot_doc *d = ctx;
	return ingot_span_cmp(d->values[*(const uint32_t *)a].path, d->values[*(const uint32_t *)b].path);
}

static int finish(struct ingot_doc *d, struct ingot_err *err)
{
	if (!d->n)
		return protocol(err);
	d->sorted = ingot_alloc_array(d->n, sizeof(*d->sorted));
	for (size_t i = 0; i < d->n; i++)
		d->sorted[i] = (uint32_t)i;
	qsort_r(d->sorted, d->n, sizeof(*d->sorted), by_path, d);
	for (size_t i = 1; i < d->n; i++)
		if (by_path(&d->sorted[i - 1], &d->sorted[i], d) == 0)
			return protocol(err);
	return 0;
}

int doc_drain(struct ingot_chan *c, struct ingot_doc **ret, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = ingot_alloc(sizeof(*d));
	struct open open = { .depth = 0 };
	d->arena = ingot_arena_new();
	union ingot_msg m;
	int type;
	while ((type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_JSON) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err)) == INGOT_MSG_JSON)
		ingot_pass(add(d, &open, &m.json, err));
	ingot_pass(type);
	ingot_pass(finish(d, err));
	*ret = TAKE_PTR(d);
	return 0;
}

static int decode_json(struct ingot_input in, struct ingot_doc **ret, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	ingot_pass(ingot_decode_start(&h, INGOT_DECODE_JSON, in, 0, err));
	if (doc_drain(h.chan, &d, err) < 0)
		return err->code == INGOT_E_BUG ? ingot_helper_failed(&h, err) : -1;
	ingot_pass(ingot_helper_finish(&h, err));
	*ret = TAKE_PTR(d);
	return 0;
}

int ingot_decode_json_bytes(struct ingot_span text, struct ingot_doc **ret, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = memfd_create("json", MFD_CLOEXEC);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "an anonymous file for JSON");
	ingot_pass(ingot_write_all(fd, text.p, text.n, err));
	return decode_json((struct ingot_input){ fd, 0, text.n }, ret, err);
}

/* --- asking --- */

static const struct ingot_doc_value *lookup(const struct ingot_doc *d, struct ingot_span path)
{
	size_t lo = 0, hi = d->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct ingot_doc_value *v = &d->values[d->sorted[mid]];
		int c = ingot_span_cmp(path, v->path);
		if (c == 0)
			return v;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

const struct ingot_doc_value *ingot_doc_get(const struct ingot_doc *d, const char *pointer)
{
	return lookup(d, ingot_span_of(pointer));
}

const struct ingot_doc_value *ingot_doc_getf(const struct ingot_doc *d, const char *fmt, ...)
{
	char pointer[1100];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(pointer, sizeof(pointer), fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized): it is, two lines up; clang 14 forgets it here and nowhere else */
	va_end(ap);
	return n < 0 || (size_t)n >= sizeof(pointer) ? NULL : lookup(d, (struct ingot_span){ pointer, (size_t)n });
}

static ssize_t length(const struct ingot_doc *d, const char *pointer, enum ingot_json_kind kind)
{
	const struct ingot_doc_value *v = ingot_doc_get(d, pointer);
	return v && v->kind == kind ? (ssize_t)v->n : -1;
}

ssize_t ingot_doc_array_len(const struct ingot_doc *d, const char *pointer)
{
	return length(d, pointer, INGOT_J_ARRAY);
}

ssize_t ingot_doc_object_len(const struct ingot_doc *d, const char *pointer)
{
	return length(d, pointer, INGOT_J_OBJECT);
}

const struct ingot_doc_value *ingot_doc_child(const struct ingot_doc *d, const struct ingot_doc_value *parent, size_t i)
{
	if (i >= parent->n)
		return NULL;
	if (parent->kind == INGOT_J_ARRAY) {
		char path[1100];
		int n = snprintf(path, sizeof(path), "%.*s/%zu", INGOT_SPAN_ARG(parent->path), i);
		return n < 0 || (size_t)n >= sizeof(path) ? NULL : lookup(d, (struct ingot_span){ path, (size_t)n });
	}
	/* Members follow their parent in document order, with what is below them in between. */
	for (const struct ingot_doc_value *v = parent + 1; v < d->values + d->n; v++) {
		struct ingot_span tail = { v->path.p + parent->path.n + 1, v->path.n - parent->path.n - 1 };
		if (!ingot_span_has(tail, '/') && i-- == 0)
			return v;
	}
	return NULL;
}

void ingot_doc_key(const struct ingot_doc_value *v, struct ingot_buf *out)
{
	size_t at = v->path.n;
	while (at && v->path.p[at - 1] != '/')
		at--;
	for (; at < v->path.n; at++) {
		char c = v->path.p[at];
		if (c == '~' && at + 1 < v->path.n)
			c = v->path.p[++at] == '1' ? '/' : '~';
		ingot_buf_char(out, c);
	}
}

static bool is_nothing(const struct ingot_doc_value *v)
{
	return !v || v->kind == INGOT_J_NULL || ((v->kind == INGOT_J_OBJECT || v->kind == INGOT_J_ARRAY) && !v->n) || (v->kind == INGOT_J_STRING && !v->value.n);
}

bool ingot_doc_same(const struct ingot_doc *a, const struct ingot_doc *b, const char *pointer)
{
	const struct ingot_doc_value *va = ingot_doc_get(a, pointer), *vb = ingot_doc_get(b, pointer);
	if (is_nothing(va) || is_nothing(vb))
		return is_nothing(va) && is_nothing(vb);
	/* What is below va follows it, and as many members under the same names leave no room for others. */
	for (const struct ingot_doc_value *v = va; v < a->values + a->n; v++) {
		bool below = v == va || (v->path.n > va->path.n && memcmp(v->path.p, va->path.p, va->path.n) == 0 && v->path.p[va->path.n] == '/');
		if (!below)
			break;
		const struct ingot_doc_value *other = lookup(b, v->path);
		if (!other || other->kind != v->kind || other->n != v->n || !ingot_span_eq(other->value, v->value))
			return false;
	}
	return true;
}

static int want(const struct ingot_doc *d, const char *pointer, enum ingot_json_kind kind, const char *name, struct ingot_span *ret, struct ingot_err *err)
{
	const struct ingot_doc_value *v = ingot_doc_get(d, pointer);
	if (!v || v->kind != kind)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s", INGOT_SHOW(ingot_span_of(pointer)), v ? name : "missing");
	*ret = v->value;
	return 0;
}

int ingot_doc_string(const struct ingot_doc *d, const char *pointer, struct ingot_span *ret, struct ingot_err *err)
{
	return want(d, pointer, INGOT_J_STRING, "not a string", ret, err);
}

int ingot_doc_digest(const struct ingot_doc *d, const char *pointer, struct ingot_digest *ret, struct ingot_err *err)
{
	struct ingot_span s;
	ingot_pass(ingot_doc_string(d, pointer, &s, err));
	if (ingot_digest_parse(s, ret) == 0)
		return 0;
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s is no sha256 digest: \"%s\"", pointer, INGOT_SHOW(s));
	return ingot_span_starts(s, "sha512:") ? ingot_hint(err, "of the digests that the image-spec registers, only sha256 is read here") : -1;
}

int ingot_doc_u64(const struct ingot_doc *d, const char *pointer, uint64_t max, uint64_t *ret, struct ingot_err *err)
{
	struct ingot_span text;
	ingot_pass(want(d, pointer, INGOT_J_INTEGER, "not an integer", &text, err));
	if (ingot_parse_u64(text, max, ret) < 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: %.*s is out of range", INGOT_SHOW(ingot_span_of(pointer)), INGOT_SPAN_ARG(text));
	return 0;
}
