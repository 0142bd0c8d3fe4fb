#include <ingot/span.h>

bool ingot_span_eq(struct ingot_span a, struct ingot_span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool ingot_span_is(struct ingot_span a, const char *s)
{
	return ingot_span_eq(a, ingot_span_of(s));
}

int ingot_span_cmp(struct ingot_span a, struct ingot_span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	if (c)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

bool ingot_span_starts(struct ingot_span a, const char *prefix)
{
	size_t n = strlen(prefix);
	return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

bool ingot_span_ends(struct ingot_span a, const char *suffix)
{
	size_t n = strlen(suffix);
	return a.n >= n && memcmp(a.p + a.n - n, suffix, n) == 0;
}

bool ingot_span_has(struct ingot_span a, char c)
{
	return a.n && memchr(a.p, c, a.n);
}

bool ingot_span_next(struct ingot_span *rest, char sep, struct ingot_span *ret)
{
	if (!rest->n)
		return false;
	const char *end = memchr(rest->p, sep, rest->n);
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	*ret = (struct ingot_span){ rest->p, n };
	size_t cut = end ? n + 1 : n;
	rest->p += cut;
	rest->n -= cut;
	return true;
}

struct ingot_span ingot_span_trim(struct ingot_span a)
{
	while (a.n && (a.p[0] == ' ' || a.p[0] == '\t')) {
		a.p++;
		a.n--;
	}
	while (a.n && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t'))
		a.n--;
	return a;
}
