/* ingot-sign: reads one key, answers one request, and ends. What it signs it composes itself, from a digest and a name: no bytes of the caller's get signed. */
#include "keys.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/num.h>
#include <ingot/sign.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>

enum { KEY_FD = INGOT_FIRST_FD, PASSPHRASE_FD, N_FDS = 2, MAX_PASSPHRASE = 1024 };

static void forget(struct ingot_buf *b)
{
	if (b->p)
		OPENSSL_cleanse(b->p, b->cap);
	ingot_buf_done(b);
}

static void md_freep(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

static int read_secret(int fd, const char *what, struct ingot_buf *out, struct ingot_err *err)
{
	/* Room for all of it at once: no copies of a secret in memory that was given back. */
	(void)ingot_buf_room(out, out->max);
	ingot_try(err, ingot_read_all(fd, out, err), "%s", what);
	return 0;
}

static int make_signature(EVP_PKEY *key, struct ingot_span message, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(md_freep) EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = 4096;
	char *at = ingot_buf_room(out, n);
	if (!c || !at || EVP_DigestSignInit(c, NULL, key_digest(key), NULL, key) != 1 ||
	    EVP_DigestSign(c, (unsigned char *)at, &n, (const unsigned char *)message.p, message.n) != 1)
		return ingot_fail(err, INGOT_E_BUG, "signing failed: %s", crypto_reason());
	ingot_buf_added(out, n);
	return 0;
}

static int send_signature(struct ingot_chan *c, EVP_PKEY *key, enum ingot_signature_kind kind, struct ingot_span payload, struct ingot_span message, struct ingot_span hint,
			  struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf signature = INGOT_BUF(4096);
	ingot_pass(make_signature(key, message, &signature, err));
	struct ingot_msg_signature m = { .kind = kind, .payload = payload, .signature = ingot_buf_view(&signature), .hint = hint };
	return ingot_chan_send(c, INGOT_MSG_SIGNATURE, &m, err);
}

/* "<base64 of the key's id>": what cosign writes as the hint of a bundle. */
static int hint_of(EVP_PKEY *key, struct ingot_buf *out, struct ingot_err *err)
{
	unsigned char id[32];
	ingot_pass(key_id(key, id, err));
	ingot_base64(out, id, sizeof(id));
	return 0;
}

static int sign(struct ingot_chan *c, const struct ingot_msg_sign *m, struct ingot_err *err)
{
	/* The request's spans end with the next receive; there is none. */
	struct ingot_digest digest;
	struct ingot_reference name;
	if (m->digest.n != 64 || ingot_parse_hex(m->digest, digest.b, sizeof(digest.b)) < 0 || m->size == 0)
		return ingot_fail(err, INGOT_E_BUG, "the signer was asked to sign what is no manifest's digest");
	ingot_pass(ingot_reference_parse(m->reference, &name, err));
	if (!ingot_span_is(m->reference, name.full))
		return ingot_fail(err, INGOT_E_BUG, "the signer was asked to sign for a name that is not in its full form");

	_cleanup_(forget) struct ingot_buf pem = INGOT_BUF(INGOT_MAX_KEY);
	_cleanup_(forget) struct ingot_buf passphrase = INGOT_BUF(MAX_PASSPHRASE);
	ingot_pass(read_secret(KEY_FD, "the private key", &pem, err));
	ingot_pass(read_secret(PASSPHRASE_FD, "the passphrase", &passphrase, err));
	_cleanup_(pkey_freep) EVP_PKEY *key = NULL;
	ingot_pass(private_key(ingot_buf_view(&pem), ingot_buf_view(&passphrase), &key, err));

	_cleanup_(ingot_buf_done) struct ingot_buf hint = INGOT_BUF(128);
	_cleanup_(ingot_buf_done) struct ingot_buf legacy = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf statement = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf pae = INGOT_BUF(KIB(8));
	ingot_pass(hint_of(key, &hint, err));
	ingot_legacy_payload(name.full, &digest, &legacy);
	ingot_sign_statement(&digest, &statement);
	ingot_dsse_pae(ingot_buf_view(&statement), &pae);
	ingot_pass(ingot_buf_check(&legacy, "a payload", err));
	ingot_pass(ingot_buf_check(&pae, "a payload", err));
	struct ingot_span view = ingot_buf_view(&hint);
	ingot_pass(send_signature(c, key, INGOT_SIG_LEGACY, ingot_buf_view(&legacy), ingot_buf_view(&legacy), view, err));
	ingot_pass(send_signature(c, key, INGOT_SIG_DSSE, ingot_buf_view(&statement), ingot_buf_view(&pae), view, err));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}

static int check(struct ingot_chan *c, const struct ingot_msg_checksig *m, struct ingot_err *err)
{
	_cleanup_(pkey_freep) EVP_PKEY *key = NULL;
	_cleanup_(md_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	_cleanup_(ingot_buf_done) struct ingot_buf hint = INGOT_BUF(128);
	ingot_pass(public_key(m->key, &key, err));
	ingot_pass(hint_of(key, &hint, err));
	if (!md || EVP_DigestVerifyInit(md, NULL, key_digest(key), NULL, key) != 1)
		return ingot_fail(err, INGOT_E_BUG, "verifying cannot begin: %s", crypto_reason());
	/* 1 is the one answer that means yes; a malformed signature is a negative one. */
	if (EVP_DigestVerify(md, (const unsigned char *)m->signature.p, m->signature.n, (const unsigned char *)m->payload.p, m->payload.n) != 1)
		return ingot_fail(err, INGOT_E_FALSE, "the signature was not made by this key over these bytes");
	struct ingot_msg_signature yes = { .hint = ingot_buf_view(&hint) };
	ingot_pass(ingot_chan_send(c, INGOT_MSG_SIGNATURE, &yes, err));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}

static int keygen(struct ingot_chan *c, struct ingot_err *err)
{
	_cleanup_(forget) struct ingot_buf passphrase = INGOT_BUF(MAX_PASSPHRASE);
	ingot_pass(read_secret(PASSPHRASE_FD, "the passphrase", &passphrase, err));
	_cleanup_(bio_freep) BIO *private_pem = BIO_new(BIO_s_secmem());
	_cleanup_(bio_freep) BIO *public_pem = BIO_new(BIO_s_mem());
	if (!private_pem || !public_pem)
		return ingot_fail(err, INGOT_E_BUG, "no memory for a key");
	ingot_pass(make_key(ingot_buf_view(&passphrase), private_pem, public_pem, err));
	char *priv, *pub;
	long n_priv = BIO_get_mem_data(private_pem, &priv), n_pub = BIO_get_mem_data(public_pem, &pub);
	struct ingot_msg_keypair m = { .private_pem = { priv, (size_t)n_priv }, .public_pem = { pub, (size_t)n_pub } };
	ingot_pass(ingot_chan_send(c, INGOT_MSG_KEYPAIR, &m, err));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}

int main(void)
{
	/* scrypt takes 16 MiB; the seconds are for keys with an absurd number of iterations. */
	static const struct ingot_jail_limits limits = { .memory = MIB(256), .cpu = 20, .files = 8 };
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_chan *c = ingot_helper_enter(INGOT_JAIL_SIGN, &limits, N_FDS);
	/* No openssl.cnf: it could name modules to load, and the jail could not open it. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
		(void)ingot_fail(&err, INGOT_E_HOST, "libcrypto does not start: %s", crypto_reason());
		ingot_helper_leave(c, &err);
	}
	union ingot_msg m;
	int type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_SIGN) | INGOT_PERMIT(INGOT_MSG_CHECKSIG) | INGOT_PERMIT(INGOT_MSG_KEYGEN), &m, &err);
	if (type == INGOT_MSG_SIGN)
		(void)sign(c, &m.sign, &err);
	else if (type == INGOT_MSG_CHECKSIG)
		(void)check(c, &m.checksig, &err);
	else if (type == INGOT_MSG_KEYGEN)
		(void)keygen(c, &err);
	ingot_helper_leave(c, &err);
}
