/* buf.h - a growable byte buffer with a maximum given at creation.
 *
 * Appending past the maximum sets a sticky flag and changes nothing more; check once at the end with ingot_buf_check().
 */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>
#include <stdint.h>

struct ingot_buf {
	char *p; /* NUL-terminated beyond n when not NULL */
	size_t n, cap, max;
	bool full; /* an append did not fit */
};

#define INGOT_BUF(maximum) { .max = (maximum) }

void ingot_buf_done(struct ingot_buf *b); /* frees; the buffer is empty and usable again */
void ingot_buf_clear(struct ingot_buf *b); /* keeps the memory */
void ingot_buf_put(struct ingot_buf *b, const void *p, size_t n);
void ingot_buf_span(struct ingot_buf *b, struct ingot_span s);
void ingot_buf_str(struct ingot_buf *b, const char *s);
void ingot_buf_char(struct ingot_buf *b, char c);
void ingot_buf_fmt(struct ingot_buf *b, const char *fmt, ...) INGOT_PRINTF(2, 3);
/* Room for n more bytes at the end, or NULL (and full) if that passes the maximum; commit with ingot_buf_added(). */
char *ingot_buf_room(struct ingot_buf *b, size_t n);
void ingot_buf_added(struct ingot_buf *b, size_t n);
int ingot_buf_check(const struct ingot_buf *b, const char *what, struct ingot_err *err) INGOT_MUST_USE;

static inline struct ingot_span ingot_buf_view(const struct ingot_buf *b)
{
	return (struct ingot_span){ b->p, b->n };
}
static inline const char *ingot_buf_cstr(const struct ingot_buf *b)
{
	return b->p ? b->p : "";
}
