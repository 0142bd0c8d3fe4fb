/* head.h - the first four bytes of a string as a number, and the hash of it by which a search for many strings leaves out most places. */
#pragma once
#include <stdint.h>
#include <string.h>

static inline uint32_t ingot_head(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* Multiplicative (Knuth), of so many bits. */
static inline uint32_t ingot_head_hash(uint32_t head, unsigned bits)
{
	return head * UINT32_C(2654435761) >> (32 - bits);
}
