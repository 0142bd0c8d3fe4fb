#include "cachekey.h"
#include <string.h>

static void length(struct cachekey *k, uint64_t n)
{
	uint8_t le[8];
	for (size_t i = 0; i < 8; i++)
		le[i] = (uint8_t)(n >> (8 * i));
	ingot_hash_add(k->hash, le, sizeof(le));
}

static void field(struct cachekey *k, char kind, const char *name, const void *p, size_t n)
{
	ingot_hash_add(k->hash, &kind, 1);
	length(k, strlen(name));
	ingot_hash_add(k->hash, name, strlen(name));
	length(k, n);
	ingot_hash_add(k->hash, p, n);
}

void cachekey_begin(struct cachekey *k, const char *domain)
{
	k->hash = ingot_hash_new();
	field(k, 'D', "domain", domain, strlen(domain));
}

void cachekey_bytes(struct cachekey *k, const char *name, const void *p, size_t n)
{
	field(k, 'b', name, p, n);
}

void cachekey_str(struct cachekey *k, const char *name, const char *value)
{
	if (value)
		field(k, 's', name, value, strlen(value));
	else
		field(k, '0', name, "", 0);
}

void cachekey_u64(struct cachekey *k, const char *name, uint64_t value)
{
	uint8_t le[8];
	for (size_t i = 0; i < 8; i++)
		le[i] = (uint8_t)(value >> (8 * i));
	field(k, 'u', name, le, sizeof(le));
}

void cachekey_digest(struct cachekey *k, const char *name, const struct ingot_digest *d)
{
	field(k, 'd', name, d->b, sizeof(d->b));
}

void cachekey_end(struct cachekey *k, struct ingot_digest *ret)
{
	ingot_hash_end(k->hash, ret);
	ingot_hash_free(k->hash);
	k->hash = NULL;
}
