/* span.h - a borrowed view of bytes. Bytes that come from outside are spans; C strings exist at the system-call edge only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct ingot_span {
	const char *p; /* not NUL-terminated; may be NULL when n is 0 */
	size_t n;
};

#define INGOT_SPAN(literal) ((struct ingot_span){ (literal), sizeof(literal) - 1 })
/* For printf("%.*s", INGOT_SPAN_ARG(s)): only for text known to be clean. */
#define INGOT_SPAN_ARG(s) (int)(s).n, (s).p

static inline struct ingot_span ingot_span_of(const char *s)
{
	return (struct ingot_span){ s, s ? strlen(s) : 0 };
}

/* What is left behind the first n bytes; empty when there are no more. */
static inline struct ingot_span ingot_span_from(struct ingot_span s, size_t n)
{
	return n < s.n ? (struct ingot_span){ s.p + n, s.n - n } : (struct ingot_span){ 0 };
}

bool ingot_span_eq(struct ingot_span a, struct ingot_span b);
bool ingot_span_is(struct ingot_span a, const char *s);
int ingot_span_cmp(struct ingot_span a, struct ingot_span b); /* bytewise, shorter first */
bool ingot_span_starts(struct ingot_span a, const char *prefix);
bool ingot_span_ends(struct ingot_span a, const char *suffix);
bool ingot_span_has(struct ingot_span a, char c);

/* Cut the next piece up to SEP off *rest (SEP itself is dropped). False when *rest is exhausted; a trailing SEP yields no empty piece. */
bool ingot_span_next(struct ingot_span *rest, char sep, struct ingot_span *ret);
struct ingot_span ingot_span_trim(struct ingot_span a); /* without spaces and tabs at both ends */
