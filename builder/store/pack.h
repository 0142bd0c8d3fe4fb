/* pack.h - the format of a pack: many contents in one file.
 *
 *     offset        bytes
 *     0             "INGOTPK1"
 *     8             the contents, one after the other without gaps, in the order of writing, each once
 *     i             the index: for each content, in the order of the digests, 48 bytes: digest (32), offset (8), size (8)
 *     end - 56      count of contents (8), i (8)
 *     end - 40      sha256 of the index and of the 16 bytes behind it (32): the name of the pack
 *     end - 8       "INGOTPKX"
 *
 * Numbers are 64-bit little-endian. The name covers every content by its digest, so the contents are hashed once, not twice. */
#pragma once
#include "inside.h"
#include <ingot/limits.h>

#define PACK_HEAD "INGOTPK1"
#define PACK_END "INGOTPKX"
#define PACK_HEAD_SIZE 8U
#define PACK_ENTRY 48U
#define PACK_TAIL 56U
#define PACK_MAX_ENTRIES INGOT_MAX_ENTRIES /* contents are no more than entries of a tree */

static inline uint64_t get_u64(const uint8_t *p)
{
	uint64_t v = 0;
	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static inline void set_u64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

/* Reads and checks the index of an open pack: 1, or 0 when this is no whole pack of that name. */
int pack_read_index(int fd, uint64_t size, const struct ingot_digest *name, uint8_t **ret_index, uint32_t *ret_count);
