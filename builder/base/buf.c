#include <ingot/buf.h>
#include <ingot/mem.h>
#include <stdio.h>

void ingot_buf_done(struct ingot_buf *b)
{
	free(b->p);
	*b = (struct ingot_buf)INGOT_BUF(b->max);
}

void ingot_buf_clear(struct ingot_buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

char *ingot_buf_room(struct ingot_buf *b, size_t n)
{
	if (b->full || n > b->max || b->n > b->max - n) {
		b->full = true;
		return NULL;
	}
	size_t need = b->n + n + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 64;
		while (cap < need)
			cap *= 2;
		b->p = ingot_grow(b->p, cap, 1);
		b->cap = cap;
	}
	return b->p + b->n;
}

void ingot_buf_added(struct ingot_buf *b, size_t n)
{
	ingot_assert(b->p && b->n + n < b->cap);
	b->n += n;
	b->p[b->n] = '\0';
}

void ingot_buf_put(struct ingot_buf *b, const void *p, size_t n)
{
	char *room = ingot_buf_room(b, n);
	if (!room)
		return;
	if (n)
		memcpy(room, p, n);
	ingot_buf_added(b, n);
}

void ingot_buf_span(struct ingot_buf *b, struct ingot_span s)
{
	ingot_buf_put(b, s.p, s.n);
}

void ingot_buf_str(struct ingot_buf *b, const char *s)
{
	ingot_buf_put(b, s, strlen(s));
}

void ingot_buf_char(struct ingot_buf *b, char c)
{
	ingot_buf_put(b, &c, 1);
}

void ingot_buf_fmt(struct ingot_buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *room = n < 0 ? NULL : ingot_buf_room(b, (size_t)n);
	if (room) {
		(void)vsnprintf(room, (size_t)n + 1, fmt, again);
		ingot_buf_added(b, (size_t)n);
	}
	va_end(again);
}

int ingot_buf_check(const struct ingot_buf *b, const char *what, struct ingot_err *err)
{
	if (b->full)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s is larger than the limit of %zu bytes", what, b->max);
	return 0;
}
