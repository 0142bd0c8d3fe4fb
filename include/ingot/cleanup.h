/* cleanup.h - scope-bound ownership: cleanup attributes, and taking a value out of its owner.
 *
 * An owned pointer starts NULL, an owned fd starts -1. A destructor accepts both.
 */
#pragma once
#include <stdlib.h>

#define _cleanup_(fn) __attribute__((cleanup(fn), unused)) /* an owner may have nothing to do but own */
#define INGOT_MUST_USE __attribute__((warn_unused_result))
#define INGOT_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* The value, leaving the variable empty: the caller of TAKE owns it now. */
#define TAKE_PTR(p)                     \
	__extension__({                 \
		__typeof__(p) *pp_ = &(p); \
		__typeof__(p) v_ = *pp_;   \
		*pp_ = NULL;            \
		v_;                     \
	})
#define TAKE_FD(fd)                 \
	__extension__({             \
		int *pf_ = &(fd);   \
		int v_ = *pf_;      \
		*pf_ = -1;          \
		v_;                 \
	})

/* Defines void NAMEp(TYPE **), for _cleanup_(NAMEp). */
#define INGOT_CLEANUP(type, name)                  \
	static inline void name##p(type **p)       \
	{                                          \
		if (*p)                            \
			name(*p);                  \
	}

static inline void ingot_freep(void *p)
{
	free(*(void **)p);
}
