#include <ingot/head.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/search.h>
#include <stdint.h>
#include <stdlib.h>

#define HEAD sizeof(uint32_t) /* no form is shorter: INGOT_MIN_SECRET */
#define FILTER_BITS 16

struct needle {
	char *p;
	size_t n;
	char *name;
	enum ingot_form form;
};

/* A position is looked at closely only if the hash of the four bytes there is one of a needle's first four; that costs one multiplication a byte, however
 * many needles there are. */
struct ingot_search {
	struct needle *v;
	size_t n, cap, longest;
	uint8_t filter[(1U << FILTER_BITS) / 8];
	bool first[256];
};

const char *ingot_form_words(enum ingot_form f)
{
	static const char *const words[] = { "as it is", "in base64", "in hex", "URL-encoded", "as a JSON string" };
	return words[f];
}

struct ingot_search *ingot_search_new(void)
{
	return ingot_alloc(sizeof(struct ingot_search));
}

void ingot_search_free(struct ingot_search *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		explicit_bzero(s->v[i].p, s->v[i].n);
		free(s->v[i].p);
		free(s->v[i].name);
	}
	free(s->v);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static bool maybe(const struct ingot_search *s, uint32_t hash)
{
	return s->filter[hash / 8] >> (hash % 8) & 1U;
}

static void add_needle(struct ingot_search *s, const char *name, enum ingot_form form, struct ingot_span bytes)
{
	if (bytes.n < HEAD)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].n == bytes.n && memcmp(s->v[i].p, bytes.p, bytes.n) == 0)
			return;
	ingot_reserve(s->v, s->n, s->cap);
	struct needle *needle = &s->v[s->n++];
	*needle = (struct needle){ .p = ingot_alloc(bytes.n), .n = bytes.n, .name = ingot_strdup(name), .form = form };
	memcpy(needle->p, bytes.p, bytes.n);
	uint32_t hash = ingot_head_hash(ingot_head(needle->p), FILTER_BITS);
	s->filter[hash / 8] = (uint8_t)(s->filter[hash / 8] | 1U << (hash % 8));
	s->first[(unsigned char)needle->p[0]] = true;
	if (needle->n > s->longest)
		s->longest = needle->n;
}

/* What is in out goes into the set, and out is wiped for the next form. */
static void take(struct ingot_search *s, const char *name, enum ingot_form form, struct ingot_buf *out)
{
	add_needle(s, name, form, ingot_buf_view(out));
	if (out->p)
		explicit_bzero(out->p, out->cap);
	ingot_buf_clear(out);
}

/* Only the characters that the value alone decides: with `before` bytes in front of it, and any behind. */
static void base64(struct ingot_span v, size_t before, bool url, size_t wrap, struct ingot_buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t first = (before * 8 + 5) / 6, end = (before + v.n) * 8 / 6;
	for (size_t i = first; i < end; i++) {
		unsigned sextet = 0;
		for (size_t bit = i * 6; bit < i * 6 + 6; bit++) {
			size_t at = bit - before * 8;
			sextet = sextet << 1 | ((unsigned char)v.p[at / 8] >> (7 - at % 8) & 1U);
		}
		if (wrap && i && i % wrap == 0)
			ingot_buf_char(out, '\n');
		ingot_buf_char(out, sextet < 62 ? digits[sextet] : (url ? "-_" : "+/")[sextet - 62]);
	}
}

static void hex(struct ingot_span v, bool upper, struct ingot_buf *out)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	for (size_t i = 0; i < v.n; i++) {
		ingot_buf_char(out, digits[(unsigned char)v.p[i] >> 4]);
		ingot_buf_char(out, digits[(unsigned char)v.p[i] & 15]);
	}
}

/* plain: what this encoder leaves alone beside letters, digits and "-._~" (RFC 3986 section 2.3); they differ in little else. */
static void url(struct ingot_span v, const char *plain, bool plus, bool upper, struct ingot_buf *out)
{
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];
		if (plus && c == ' ') {
			ingot_buf_char(out, '+');
		} else if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("-._~", c)) || (c && strchr(plain, c))) {
			ingot_buf_char(out, c);
		} else {
			ingot_buf_char(out, '%');
			hex((struct ingot_span){ v.p + i, 1 }, upper, out);
		}
	}
}

static void json(struct ingot_span v, bool slash, struct ingot_buf *out)
{
	static const char from[] = "\"\\\n\r\t/", to[] = "\"\\nrt/";
	for (size_t i = 0; i < v.n; i++) {
		const char *at = v.p[i] ? strchr(from, v.p[i]) : NULL;
		if (!at || (*at == '/' && !slash)) {
			ingot_buf_char(out, v.p[i]);
			continue;
		}
		ingot_buf_char(out, '\\');
		ingot_buf_char(out, to[at - from]);
	}
}

static struct ingot_span without_line_end(struct ingot_span v)
{
	while (v.n && (v.p[v.n - 1] == '\n' || v.p[v.n - 1] == '\r'))
		v.n--;
	return v;
}

bool ingot_search_add(struct ingot_search *s, const char *name, struct ingot_span value)
{
	struct ingot_span v = without_line_end(value);
	/* Room for every form at once, so that no half of a value is left behind by a buffer that moves: three bytes a byte is the longest. */
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(v.n * 3 + 64);
	if (v.n < INGOT_MIN_SECRET)
		return false;
	(void)ingot_buf_room(&out, v.n * 3 + 64);
	add_needle(s, name, INGOT_FORM_RAW, v);
	for (size_t before = 0; before < 3; before++)
		for (int other = 0; other < 2; other++) {
			base64(v, before, other, 0, &out);
			take(s, name, INGOT_FORM_BASE64, &out);
		}
	for (size_t wrap = 64; wrap <= 76; wrap += 12) {
		base64(v, 0, false, wrap, &out);
		take(s, name, INGOT_FORM_BASE64, &out);
	}
	for (int upper = 0; upper < 2; upper++) {
		hex(v, upper, &out);
		take(s, name, INGOT_FORM_HEX, &out);
		static const char *const plain[] = { "", "/", "!'()*" }; /* RFC 3986, most libraries' path encoders, encodeURIComponent() */
		for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
			url(v, plain[i], false, upper, &out);
			take(s, name, INGOT_FORM_URL, &out);
		}
		url(v, "", true, upper, &out); /* application/x-www-form-urlencoded */
		take(s, name, INGOT_FORM_URL, &out);
		json(v, upper, &out);
		take(s, name, INGOT_FORM_JSON, &out);
	}
	return true;
}

void ingot_search_add_lines(struct ingot_search *s, const char *name, struct ingot_span value)
{
	struct ingot_span rest = without_line_end(value), line;
	if (!ingot_span_has(rest, '\n'))
		return;
	while (ingot_span_next(&rest, '\n', &line))
		if (without_line_end(line).n >= 16)
			add_needle(s, name, INGOT_FORM_RAW, without_line_end(line));
}

size_t ingot_search_longest(const struct ingot_search *s)
{
	return s ? s->longest : 0;
}

static const struct needle *longest_at(const struct ingot_search *s, struct ingot_span rest)
{
	const struct needle *best = NULL;
	uint32_t head = ingot_head(rest.p);
	for (size_t i = 0; i < s->n; i++) {
		const struct needle *v = &s->v[i];
		if (v->n <= rest.n && ingot_head(v->p) == head && memcmp(v->p, rest.p, v->n) == 0 && (!best || v->n > best->n))
			best = v;
	}
	return best;
}

bool ingot_search_find(const struct ingot_search *s, struct ingot_span text, struct ingot_found *ret)
{
	for (size_t i = 0; s && s->n && i + HEAD <= text.n; i++) {
		if (!maybe(s, ingot_head_hash(ingot_head(text.p + i), FILTER_BITS)))
			continue;
		const struct needle *v = longest_at(s, (struct ingot_span){ text.p + i, text.n - i });
		if (!v)
			continue;
		*ret = (struct ingot_found){ v->name, v->form, i, v->n };
		return true;
	}
	return false;
}

static bool begins_one(const struct ingot_search *s, struct ingot_span rest)
{
	if (!s->first[(unsigned char)rest.p[0]] || (rest.n >= HEAD && !maybe(s, ingot_head_hash(ingot_head(rest.p), FILTER_BITS))))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].n > rest.n && memcmp(s->v[i].p, rest.p, rest.n) == 0)
			return true;
	return false;
}

size_t ingot_search_open(const struct ingot_search *s, struct ingot_span text)
{
	size_t longest = ingot_search_longest(s);
	for (size_t i = text.n >= longest && longest ? text.n - (longest - 1) : 0; longest && i < text.n; i++)
		if (begins_one(s, (struct ingot_span){ text.p + i, text.n - i }))
			return text.n - i;
	return 0;
}

void ingot_search_begin(struct ingot_search_stream *t, const struct ingot_search *s)
{
	*t = (struct ingot_search_stream){ .search = s, .seam = INGOT_BUF(2 * ingot_search_longest(s) + 1) };
}

bool ingot_search_next(struct ingot_search_stream *t, struct ingot_span block, struct ingot_found *ret)
{
	size_t longest = ingot_search_longest(t->search), had = t->seam.n;
	if (!longest)
		return false;
	/* What begins before this block and ends in it; then what lies in it. */
	size_t over = block.n < longest - 1 ? block.n : longest - 1;
	ingot_buf_put(&t->seam, block.p, over);
	if (had && ingot_search_find(t->search, ingot_buf_view(&t->seam), ret) && ret->at < had) {
		ret->at -= had;
		return true;
	}
	if (ingot_search_find(t->search, block, ret))
		return true;
	size_t keep;
	if (block.n >= longest - 1) {
		ingot_buf_clear(&t->seam);
		ingot_buf_put(&t->seam, block.p + (block.n - (longest - 1)), longest - 1);
	} else if (t->seam.n > (keep = longest - 1)) {
		memmove(t->seam.p, t->seam.p + (t->seam.n - keep), keep);
		t->seam.n = keep;
	}
	return false;
}

void ingot_search_end(struct ingot_search_stream *t)
{
	if (t->seam.p)
		explicit_bzero(t->seam.p, t->seam.cap);
	ingot_buf_done(&t->seam);
}
