/* mem.h - allocation that cannot return NULL (ingot_panic when there is no memory), and an arena for values that live together. */
#pragma once
#include <ingot/cleanup.h>
#include <ingot/span.h>
#include <stddef.h>

void *ingot_alloc(size_t size);                          /* zeroed; free() */
void *ingot_alloc_array(size_t count, size_t size);      /* zeroed, overflow checked; free() */
void *ingot_grow(void *p, size_t count, size_t size);    /* realloc to count * size, overflow checked; new bytes are not zeroed */
char *ingot_strdup(const char *s);                       /* free() */
char *ingot_strf(const char *fmt, ...) INGOT_PRINTF(1, 2); /* free() */

/* Make room for one more element: doubles *cap when count has reached it. */
#define ingot_reserve(arr, count, cap)                                        \
	do {                                                                  \
		if ((count) == (cap)) {                                       \
			(cap) = (cap) ? (cap) * 2 : 16;                       \
			(arr) = ingot_grow((arr), (cap), sizeof(*(arr)));     \
		}                                                             \
	} while (0)

/* All memory of an arena is freed at once. Pointers into it stay valid until then. */
struct ingot_arena;
struct ingot_arena *ingot_arena_new(void);
void ingot_arena_free(struct ingot_arena *a);
INGOT_CLEANUP(struct ingot_arena, ingot_arena_free)
void *ingot_arena_alloc(struct ingot_arena *a, size_t size); /* zeroed, aligned for any type */
void *ingot_arena_array(struct ingot_arena *a, size_t count, size_t size);
struct ingot_span ingot_arena_span(struct ingot_arena *a, struct ingot_span s); /* a copy, NUL-terminated beyond its length */
char *ingot_arena_str(struct ingot_arena *a, struct ingot_span s);              /* the same as a C string; s holds no NUL */
char *ingot_arena_strf(struct ingot_arena *a, const char *fmt, ...) INGOT_PRINTF(2, 3);
