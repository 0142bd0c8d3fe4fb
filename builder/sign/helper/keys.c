#include "keys.h"
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

const char *crypto_reason(void)
{
	const char *r = ERR_reason_error_string(ERR_peek_last_error());
	return r ? r : "no reason given";
}

struct asked {
	struct ingot_span passphrase;
	bool yes;
};

/* Without this, libcrypto would ask on the terminal. */
static int give_passphrase(char *pass, size_t size, size_t *ret, const OSSL_PARAM params[], void *arg)
{
	struct asked *a = arg;
	a->yes = true;
	if (!a->passphrase.n || a->passphrase.n > size)
		return 0;
	memcpy(pass, a->passphrase.p, a->passphrase.n);
	*ret = a->passphrase.n;
	return 1;
}

static void decoder_freep(OSSL_DECODER_CTX **c)
{
	OSSL_DECODER_CTX_free(*c);
}

static int decode(struct ingot_span pem, const char *structure, int selection, struct asked *asked, EVP_PKEY **ret)
{
	const unsigned char *p = (const unsigned char *)pem.p;
	size_t n = pem.n;
	ERR_clear_error();
	EVP_PKEY *key = NULL;
	_cleanup_(decoder_freep) OSSL_DECODER_CTX *c = OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", structure, NULL, selection, NULL, NULL);
	if (!c || !OSSL_DECODER_CTX_set_passphrase_cb(c, give_passphrase, asked) || !OSSL_DECODER_from_data(c, &p, &n)) {
		EVP_PKEY_free(key);
		return -1;
	}
	*ret = key;
	return 0;
}

/* The kinds that every verifier of the field takes (tried: cosign, skopeo, podman). */
static int acceptable(EVP_PKEY *key, struct ingot_err *err)
{
	char group[64] = "";
	size_t n;
	if (EVP_PKEY_is_a(key, "ED25519"))
		return 0;
	if (EVP_PKEY_is_a(key, "EC")) {
		if (EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1 && (strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0))
			return 0;
		return ingot_fail(err, INGOT_E_INPUT, "the key's curve %s is not accepted", group[0] ? group : "(explicit parameters)");
	}
	if (EVP_PKEY_is_a(key, "RSA")) {
		int bits = EVP_PKEY_get_bits(key);
		if (bits >= 2048 && bits <= 8192)
			return 0;
		return ingot_fail(err, INGOT_E_INPUT, "an RSA key of %d bits is not accepted", bits);
	}
	return ingot_fail(err, INGOT_E_INPUT, "a key of type %s is not accepted", EVP_PKEY_get0_type_name(key));
}

static int checked(EVP_PKEY *key, struct ingot_err *err)
{
	if (acceptable(key, err) < 0)
		return ingot_hint(err, "accepted are EC P-256 (what 'ingot keygen' makes) and P-384, Ed25519, and RSA of 2048 to 8192 bits");
	return 0;
}

int private_key(struct ingot_span pem, struct ingot_span passphrase, EVP_PKEY **ret, struct ingot_err *err)
{
	struct asked asked = { .passphrase = passphrase };
	_cleanup_(pkey_freep) EVP_PKEY *key = NULL;
	if (decode(pem, NULL, EVP_PKEY_KEYPAIR, &asked, &key) == 0) {
		ingot_pass(checked(key, err));
		*ret = TAKE_PTR(key);
		return 0;
	}
	if (asked.yes && !passphrase.n) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the private key is encrypted, and there is no passphrase");
		return ingot_hint(err, "give it with --passphrase-file FILE or in the environment variable INGOT_PASSPHRASE");
	}
	if (asked.yes) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the private key cannot be decrypted: the passphrase is wrong, or the file is damaged");
		return ingot_hint(err, "libcrypto says: %s", crypto_reason());
	}
	(void)ingot_fail(err, INGOT_E_INPUT, "this is no private key that can be read (%s)", crypto_reason());
	if (memmem(pem.p, pem.n, "SIGSTORE PRIVATE KEY", 20) || memmem(pem.p, pem.n, "COSIGN PRIVATE KEY", 18))
		return ingot_hint(err, "keys in cosign's own encryption are not read; 'ingot keygen' makes one as PKCS#8, which 'cosign import-key-pair' takes over");
	if (memmem(pem.p, pem.n, "PUBLIC KEY", 10))
		return ingot_hint(err, "it holds a public key; signing needs the private one");
	return ingot_hint(err, "a PEM file is expected: -----BEGIN PRIVATE KEY----- or -----BEGIN ENCRYPTED PRIVATE KEY-----");
}

int public_key(struct ingot_span pem, EVP_PKEY **ret, struct ingot_err *err)
{
	struct asked asked = { 0 };
	_cleanup_(pkey_freep) EVP_PKEY *key = NULL;
	if (decode(pem, "SubjectPublicKeyInfo", EVP_PKEY_PUBLIC_KEY, &asked, &key) < 0) {
		(void)ingot_fail(err, INGOT_E_INPUT, "this is no public key that can be read (%s)", crypto_reason());
		return ingot_hint(err, "a PEM file is expected: -----BEGIN PUBLIC KEY-----, as 'ingot keygen' writes to PREFIX.pub");
	}
	ingot_pass(checked(key, err));
	*ret = TAKE_PTR(key);
	return 0;
}

int key_id(EVP_PKEY *key, unsigned char ret[32], struct ingot_err *err)
{
	/* A point can be written in three ways; cosign's hint and our count of distinct keys need one. */
	if (EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1)
		return ingot_fail(err, INGOT_E_BUG, "the public key cannot be encoded: %s", crypto_reason());
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	int ok = n > 0 ? EVP_Digest(der, (size_t)n, ret, NULL, EVP_sha256(), NULL) : 0;
	OPENSSL_free(der);
	return ok == 1 ? 0 : ingot_fail(err, INGOT_E_BUG, "the public key cannot be encoded: %s", crypto_reason());
}

const EVP_MD *key_digest(EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
}

static int write_encrypted(EVP_PKEY *key, struct ingot_span passphrase, BIO *out)
{
	/* scrypt with N = 2^14, r = 8, p = 5 (OWASP's password storage cheat sheet): 16 MiB, and so within the 32 MiB that OpenSSL's own
	 * reader allows; a larger N could not be opened by "openssl pkey". */
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 1 << 14, 8, 5);
	X509_SIG *sealed = info && pbe ? PKCS8_set0_pbe(passphrase.p, (int)passphrase.n, info, pbe) : NULL;
	if (!sealed)
		X509_ALGOR_free(pbe); /* otherwise it belongs to the sealed key */
	int ok = sealed ? PEM_write_bio_PKCS8(out, sealed) : 0;
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(info);
	return ok;
}

int make_key(struct ingot_span passphrase, BIO *private_pem, BIO *public_pem, struct ingot_err *err)
{
	_cleanup_(pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
	int ok = key != NULL;
	if (ok && passphrase.n)
		ok = write_encrypted(key, passphrase, private_pem);
	else if (ok)
		ok = PEM_write_bio_PKCS8PrivateKey(private_pem, key, NULL, NULL, 0, NULL, NULL);
	if (ok != 1 || PEM_write_bio_PUBKEY(public_pem, key) != 1)
		return ingot_fail(err, INGOT_E_BUG, "a key cannot be made: %s", crypto_reason());
	return 0;
}
