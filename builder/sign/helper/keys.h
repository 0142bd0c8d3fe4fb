/* keys.h - keys inside the signer. Private to ingot-sign. */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>
#include <openssl/evp.h>

static inline void pkey_freep(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}
static inline void bio_freep(BIO **b)
{
	BIO_free(*b);
}

/* libcrypto's own reason, for messages. */
const char *crypto_reason(void);

/* A private key from PEM; the passphrase is asked for only if the file is encrypted. INGOT_E_INPUT. */
int private_key(struct ingot_span pem, struct ingot_span passphrase, EVP_PKEY **ret, struct ingot_err *err);
/* A public key from PEM, SubjectPublicKeyInfo only. INGOT_E_INPUT. */
int public_key(struct ingot_span pem, EVP_PKEY **ret, struct ingot_err *err);
/* sha256 of the SubjectPublicKeyInfo in its one usual encoding: the same for every spelling of one key. */
int key_id(EVP_PKEY *key, unsigned char ret[32], struct ingot_err *err);
/* The digest that goes with a kind of key: NULL for Ed25519. */
const EVP_MD *key_digest(EVP_PKEY *key);

/* PEM of a fresh P-256 key, appended. */
int make_key(struct ingot_span passphrase, BIO *private_pem, BIO *public_pem, struct ingot_err *err);
