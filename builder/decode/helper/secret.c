#include "secret.h"
#include <ingot/head.h>
#include <ingot/mem.h>
#include <string.h>

#define HEAD 4U /* bytes of an anchor that the filter sees */
#define BITS 15 /* a filter of 32 KiB stays in the nearest cache */
#define STEP 8

struct secret_search {
	uint8_t filter[1U << BITS]; /* by hash: may an anchor begin here? */
	uint16_t first[1U << BITS]; /* by hash: the first head, + 1 */
	struct head {
		uint32_t bytes;
		uint16_t pattern, next; /* next: + 1 */
	} *heads;
	size_t n, cap;
};

bool secret_in(enum secret_class c, char ch)
{
	bool digit = ch >= '0' && ch <= '9', upper = ch >= 'A' && ch <= 'Z', lower = ch >= 'a' && ch <= 'z';
	switch (c) {
	case CLASS_ANY:
		return true;
	case CLASS_DIGIT:
		return digit;
	case CLASS_HEX:
		return digit || (ch >= 'a' && ch <= 'f');
	case CLASS_ALNUM:
		return digit || upper || lower;
	case CLASS_BASE32:
		return upper || (ch >= '2' && ch <= '7');
	case CLASS_BECH32:
		return ch && strchr("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", ch);
	case CLASS_BASE64:
		return digit || upper || lower || ch == '+' || ch == '/';
	case CLASS_URL:
		return digit || upper || lower || ch == '-' || ch == '_';
	case CLASS_TOKEN:
		return digit || upper || lower || (ch && strchr("-_.+/=", ch));
	}
	return false;
}

size_t secret_run(enum secret_class c, const char *p, const char *end, size_t max)
{
	size_t n = 0;
	while (p + n < end && n <= max && secret_in(c, p[n]))
		n++;
	return n;
}

static unsigned maybe(const struct secret_search *s, const char *p)
{
	return s->filter[ingot_head_hash(ingot_head(p), BITS)];
}

static void add_head(struct secret_search *s, const char *bytes, size_t pattern)
{
	uint32_t head = ingot_head(bytes), hash = ingot_head_hash(head, BITS);
	ingot_reserve(s->heads, s->n, s->cap);
	s->heads[s->n] = (struct head){ head, (uint16_t)pattern, s->first[hash] };
	s->first[hash] = (uint16_t)++s->n;
	s->filter[hash] = 1;
}

/* Anchors that are too short for the filter come with everything that may follow. */
static void add(struct secret_search *s, size_t pattern, char bytes[HEAD], size_t have)
{
	if (have == HEAD) {
		add_head(s, bytes, pattern);
		return;
	}
	for (int c = 1; c < 256; c++)
		if (secret_in(secret_patterns[pattern].class, (char)c)) {
			bytes[have] = (char)c;
			add(s, pattern, bytes, have + 1);
		}
}

struct secret_search *secret_search_new(void)
{
	struct secret_search *s = ingot_alloc(sizeof(*s));
	/* The last first: each goes to the front of its chain. */
	for (size_t i = secret_n_patterns; i-- > 0;) {
		char bytes[HEAD] = { 0 };
		size_t n = strlen(secret_patterns[i].anchor);
		memcpy(bytes, secret_patterns[i].anchor, n < HEAD ? n : HEAD);
		add(s, i, bytes, n < HEAD ? n : HEAD);
	}
	return s;
}

void secret_search_free(struct secret_search *s)
{
	free(s->heads);
	free(s);
}

bool secret_made_up(struct ingot_span s)
{
	static const char *const words[] = { "example", "xxxx", "12345678", "abcdefgh", "placeholder", "changeme", "redacted", "deadbeef", "....", "your" };
	bool seen[256] = { false };
	unsigned kinds = 0;
	for (size_t i = 0; i < s.n; i++) {
		kinds += !seen[(unsigned char)s.p[i]];
		seen[(unsigned char)s.p[i]] = true;
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (s.n - i >= strlen(words[k]) && strncasecmp(s.p + i, words[k], strlen(words[k])) == 0)
				return true;
	}
	return kinds < 6;
}

static bool matches(const struct secret_pattern *p, struct sight *s)
{
	size_t n = strlen(p->anchor);
	if ((size_t)(s->end - s->at) < n || memcmp(s->at, p->anchor, n) != 0)
		return false;
	s->after = s->at + n;
	if (!p->min)
		return !p->check || p->check(s, (struct ingot_span){ s->after, 0 });
	if (s->at > s->begin && (secret_in(CLASS_ALNUM, s->at[-1]) || secret_in(p->class, s->at[-1])))
		return false;
	struct ingot_span run = { s->after, secret_run(p->class, s->after, s->end, p->max) };
	if (run.n < p->min || run.n > p->max || (run.p + run.n < s->end && secret_in(CLASS_ALNUM, run.p[run.n])) ||
	    secret_made_up(run))
		return false;
	return !p->check || p->check(s, run);
}

static void look(const struct secret_search *s, const struct secret_text *t, const char *at, secret_found found, void *ctx)
{
	uint32_t bytes = ingot_head(at);
	for (size_t i = s->first[ingot_head_hash(bytes, BITS)]; i; i = s->heads[i - 1].next) {
		const struct secret_pattern *p = &secret_patterns[s->heads[i - 1].pattern];
		struct sight sight = { .begin = t->begin, .at = at, .end = t->end };
		if (s->heads[i - 1].bytes != bytes || !matches(p, &sight))
			continue;
		found(ctx, p->what, sight.flags, t->at - (uint64_t)(t->from - sight.at));
		return;
	}
}

void secret_search(const struct secret_search *s, const struct secret_text *t, secret_found found, void *ctx)
{
	const char *p = t->from, *end = t->end - t->from < (ptrdiff_t)HEAD ? t->from : t->end - HEAD + 1;
	end = end > t->upto ? t->upto : end;
	/* Several places with one branch: almost everywhere there is nothing. */
	for (; end - p >= STEP; p += STEP) {
		if (!(maybe(s, p) | maybe(s, p + 1) | maybe(s, p + 2) | maybe(s, p + 3) | maybe(s, p + 4) | maybe(s, p + 5) | maybe(s, p + 6) | maybe(s, p + 7)))
			continue;
		for (int i = 0; i < STEP; i++)
			if (maybe(s, p + i))
				look(s, t, p + i, found, ctx);
	}
	for (; p < end; p++)
		if (maybe(s, p))
			look(s, t, p, found, ctx);
}
