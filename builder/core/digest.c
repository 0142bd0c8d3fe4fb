#include <ingot/digest.h>
#include <ingot/err.h>
#include <ingot/num.h>
#include <openssl/evp.h>

struct ingot_hash {
	EVP_MD_CTX *ctx;
};

/* libcrypto fails here only without memory or with a broken installation: neither leaves anything to go on with. */
static void must(int ok)
{
	if (ok != 1)
		ingot_panic("libcrypto cannot compute SHA-256");
}

struct ingot_hash *ingot_hash_new(void)
{
	struct ingot_hash *h = calloc(1, sizeof(*h));
	must(h && (h->ctx = EVP_MD_CTX_new()));
	must(EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL));
	return h;
}

void ingot_hash_free(struct ingot_hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void ingot_hash_add(struct ingot_hash *h, const void *p, size_t n)
{
	if (n)
		must(EVP_DigestUpdate(h->ctx, p, n));
}

void ingot_hash_end(struct ingot_hash *h, struct ingot_digest *ret)
{
	must(EVP_DigestFinal_ex(h->ctx, ret->b, NULL));
	must(EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL));
}

void ingot_sha256(const void *p, size_t n, struct ingot_digest *ret)
{
	must(EVP_Digest(p, n, ret->b, NULL, EVP_sha256(), NULL));
}

bool ingot_digest_eq(const struct ingot_digest *a, const struct ingot_digest *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int ingot_digest_cmp(const struct ingot_digest *a, const struct ingot_digest *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

const char *ingot_digest_hex(const struct ingot_digest *d, char ret[65])
{
	ingot_format_hex(d->b, sizeof(d->b), ret);
	return ret;
}

const char *ingot_digest_text(const struct ingot_digest *d, char ret[72])
{
	memcpy(ret, "sha256:", 7);
	ingot_format_hex(d->b, sizeof(d->b), ret + 7);
	return ret;
}

int ingot_digest_parse_hex(struct ingot_span s, struct ingot_digest *ret)
{
	return ingot_parse_hex(s, ret->b, sizeof(ret->b));
}

int ingot_digest_parse(struct ingot_span s, struct ingot_digest *ret)
{
	if (!ingot_span_starts(s, "sha256:"))
		return -1;
	return ingot_digest_parse_hex((struct ingot_span){ s.p + 7, s.n - 7 }, ret);
}
