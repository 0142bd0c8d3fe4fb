#include <ingot/err.h>
#include <ingot/mem.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p)
		ingot_panic("out of memory");
	return p;
}

void *ingot_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *ingot_alloc_array(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *ingot_grow(void *p, size_t count, size_t size)
{
	return checked(reallocarray(p, count ? count : 1, size ? size : 1));
}

char *ingot_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	return memcpy(ingot_alloc(n), s, n);
}

__attribute__((format(printf, 1, 0))) static char *vformat(const char *fmt, va_list ap)
{
	char *s = NULL;
	if (vasprintf(&s, fmt, ap) < 0)
		ingot_panic("out of memory");
	return s;
}

char *ingot_strf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = vformat(fmt, ap);
	va_end(ap);
	return s;
}

struct chunk {
	struct chunk *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

struct ingot_arena {
	struct chunk *top;
};

#define CHUNK_SIZE ((size_t)64 * 1024)

struct ingot_arena *ingot_arena_new(void)
{
	return ingot_alloc(sizeof(struct ingot_arena));
}

void ingot_arena_free(struct ingot_arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->top, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

void *ingot_arena_alloc(struct ingot_arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	if (size > SIZE_MAX / 2)
		ingot_panic("out of memory");
	size = (size + align - 1) & ~(align - 1);
	struct chunk *c = a->top;
	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;
		struct chunk *fresh = ingot_alloc(sizeof(*fresh) + room);
		fresh->size = room;
		if (c && room == size && c->size - c->used > 0) {
			/* A big object gets a chunk of its own below the top, so that the rest of the top stays in use. */
			fresh->next = c->next;
			c->next = fresh;
		} else {
			fresh->next = c;
			a->top = fresh;
		}
		c = fresh;
	}
	void *p = c->data + c->used;
	c->used += size;
	return p;
}

void *ingot_arena_array(struct ingot_arena *a, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		ingot_panic("out of memory");
	return ingot_arena_alloc(a, total);
}

struct ingot_span ingot_arena_span(struct ingot_arena *a, struct ingot_span s)
{
	char *p = ingot_arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct ingot_span){ p, s.n };
}

char *ingot_arena_str(struct ingot_arena *a, struct ingot_span s)
{
	char *p = ingot_arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

char *ingot_arena_strf(struct ingot_arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	_cleanup_(ingot_freep) char *s = vformat(fmt, ap);
	va_end(ap);
	return ingot_arena_str(a, ingot_span_of(s));
}
