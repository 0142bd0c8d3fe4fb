/* digest.h - SHA-256, the one digest of the project. As text: 64 lower-case hex digits, or "sha256:" and these (OCI image-spec, descriptor.md). */
#pragma once
#include <ingot/span.h>
#include <stdint.h>

struct ingot_digest {
	uint8_t b[32];
};

/* A running hash. Opaque; free it. */
struct ingot_hash;
struct ingot_hash *ingot_hash_new(void);
void ingot_hash_free(struct ingot_hash *h);
static inline void ingot_hash_freep(struct ingot_hash **h)
{
	if (*h)
		ingot_hash_free(*h);
}
void ingot_hash_add(struct ingot_hash *h, const void *p, size_t n);
void ingot_hash_end(struct ingot_hash *h, struct ingot_digest *ret); /* and start anew */

void ingot_sha256(const void *p, size_t n, struct ingot_digest *ret);
bool ingot_digest_eq(const struct ingot_digest *a, const struct ingot_digest *b);
int ingot_digest_cmp(const struct ingot_digest *a, const struct ingot_digest *b);

/* "ab12..." (64 digits and a NUL). */
const char *ingot_digest_hex(const struct ingot_digest *d, char ret[65]);
/* "sha256:ab12...". */
const char *ingot_digest_text(const struct ingot_digest *d, char ret[72]);
#define INGOT_HEX(d) ingot_digest_hex((d), (char[65]){ 0 })
#define INGOT_DIGEST(d) ingot_digest_text((d), (char[72]){ 0 })
int ingot_digest_parse_hex(struct ingot_span s, struct ingot_digest *ret);  /* exactly 64 lower-case digits, or -1 */
int ingot_digest_parse(struct ingot_span s, struct ingot_digest *ret);      /* "sha256:" + the same, or -1 */
