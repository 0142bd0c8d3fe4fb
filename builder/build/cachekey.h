/* cachekey.h - a digest over everything that decides a result: length-prefixed, named, domain-separated (safety.md 6.4). Internal to build.
 *
 * Two different sequences of calls never give one key: every field carries its name and its length.
 */
#pragma once
#include <ingot/digest.h>
#include <stdint.h>

struct cachekey {
	struct ingot_hash *hash;
};

/* domain says what kind of result it is, with a version that changes when its meaning does: "ingot step 1". */
void cachekey_begin(struct cachekey *k, const char *domain);
void cachekey_bytes(struct cachekey *k, const char *name, const void *p, size_t n);
void cachekey_str(struct cachekey *k, const char *name, const char *value); /* NULL is not the empty string */
void cachekey_u64(struct cachekey *k, const char *name, uint64_t value);
void cachekey_digest(struct cachekey *k, const char *name, const struct ingot_digest *d);
void cachekey_end(struct cachekey *k, struct ingot_digest *ret); /* frees */
