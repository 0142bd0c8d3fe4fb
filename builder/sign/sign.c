#include "inside.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <time.h>

/* What the signer answered, copied out of the channel's buffer. */
struct answer {
	struct ingot_buf payload, signature, hint;
};

static void answer_done(struct answer *a)
{
	ingot_buf_done(&a->payload);
	ingot_buf_done(&a->signature);
	ingot_buf_done(&a->hint);
}

static int take_answer(struct ingot_chan *c, enum ingot_signature_kind kind, struct ingot_span expected, struct answer *ret, struct ingot_err *err)
{
	union ingot_msg m;
	ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_SIGNATURE), &m, err));
	/* The signer is ours, but its answer goes into an image: what it signed must be what we would have written. */
	if (m.signature.kind != kind || !ingot_span_eq(m.signature.payload, expected) || !m.signature.signature.n)
		return ingot_fail(err, INGOT_E_BUG, "the signer signed something else than it was asked to");
	ingot_buf_span(&ret->payload, m.signature.payload);
	ingot_buf_span(&ret->signature, m.signature.signature);
	ingot_buf_span(&ret->hint, m.signature.hint);
	return ingot_buf_check(&ret->signature, "a signature", err);
}

static int ask(const struct ingot_key *key, const struct ingot_blob_ref *manifest, const char *reference, struct answer *legacy, struct answer *dsse, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf payload = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf statement = INGOT_BUF(KIB(4));
	ingot_legacy_payload(reference, &manifest->digest, &payload);
	ingot_sign_statement(&manifest->digest, &statement);

	_cleanup_(ingot_closep) int key_fd = -1;
	_cleanup_(ingot_closep) int passphrase_fd = -1;
	ingot_pass(key_open(key, &key_fd, err));
	ingot_pass(secret_fd(key->has_passphrase, key->passphrase, &passphrase_fd, err));
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(ingot_helper_start(&h, "ingot-sign", (int[]){ key_fd, passphrase_fd }, 2, err));
	struct ingot_msg_sign m = { .digest = ingot_span_of(INGOT_HEX(&manifest->digest)), .size = manifest->size, .reference = ingot_span_of(reference) };
	union ingot_msg done;
	if (ingot_chan_send(h.chan, INGOT_MSG_SIGN, &m, err) < 0 || take_answer(h.chan, INGOT_SIG_LEGACY, ingot_buf_view(&payload), legacy, err) < 0 ||
	    take_answer(h.chan, INGOT_SIG_DSSE, ingot_buf_view(&statement), dsse, err) < 0 || ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_DONE), &done, err) < 0)
		return ingot_helper_failed(&h, err);
	return ingot_helper_finish(&h, err);
}

static int put(struct ingot_store *s, const struct ingot_buf *b, struct ingot_blob_ref *ret, struct ingot_err *err)
{
	ingot_pass(ingot_buf_check(b, "a signature's document", err));
	struct ingot_blob_ref r = { .size = b->n, .fresh = true };
	ingot_pass(ingot_store_put(s, b->p, b->n, &r.digest, err));
	*ret = r;
	return 0;
}

static int put_legacy(struct ingot_store *s, const struct answer *a, struct ingot_signatures *ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf config = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf manifest = INGOT_BUF(KIB(16));
	ingot_pass(put(s, &a->payload, &ret->blobs[0], err));
	legacy_config_json(&ret->blobs[0].digest, &config);
	ingot_pass(put(s, &config, &ret->blobs[1], err));
	legacy_manifest_json(&ret->blobs[1], &ret->blobs[0], ingot_buf_view(&a->signature), &manifest);
	ingot_pass(put(s, &manifest, &ret->blobs[2], err));
	ret->legacy_manifest = ret->blobs[2];
	return 0;
}

static int put_bundle(struct ingot_store *s, const struct answer *a, const struct ingot_blob_ref *subject, const char *created, struct ingot_signatures *ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf bundle = INGOT_BUF(KIB(64));
	_cleanup_(ingot_buf_done) struct ingot_buf empty = INGOT_BUF(16);
	_cleanup_(ingot_buf_done) struct ingot_buf referrer = INGOT_BUF(KIB(16));
	bundle_json(ingot_buf_view(&a->hint), ingot_buf_view(&a->payload), ingot_buf_view(&a->signature), &bundle);
	ingot_pass(put(s, &bundle, &ret->blobs[3], err));
	ingot_buf_str(&empty, "{}");
	ingot_pass(put(s, &empty, &ret->blobs[4], err));
	referrer_json(&ret->blobs[3], subject, ingot_span_of(created), &referrer);
	ingot_pass(put(s, &referrer, &ret->blobs[5], err));
	ret->referrer_manifest = ret->blobs[5];
	return 0;
}

int ingot_sign_image(struct ingot_store *s, const struct ingot_key *key, const struct ingot_blob_ref *manifest, const char *reference, int64_t created,
		     struct ingot_signatures *ret, struct ingot_err *err)
{
	struct ingot_reference name;
	ingot_pass(ingot_reference_parse(ingot_span_of(reference), &name, err));
	char when[24];
	time_t t = (time_t)created;
	struct tm tm;
	if (!gmtime_r(&t, &tm) || strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm) != 20)
		return ingot_fail(err, INGOT_E_INPUT, "the time %lld is outside the years 1000 to 9999", (long long)created);
	_cleanup_(answer_done) struct answer legacy = { INGOT_BUF(KIB(4)), INGOT_BUF(KIB(4)), INGOT_BUF(128) };
	_cleanup_(answer_done) struct answer dsse = { INGOT_BUF(KIB(4)), INGOT_BUF(KIB(4)), INGOT_BUF(128) };
	ingot_try(err, ask(key, manifest, name.full, &legacy, &dsse, err), "signing %s", name.full);
	struct ingot_signatures r = { 0 };
	ingot_try(err, put_legacy(s, &legacy, &r, err), "keeping the signature");
	ingot_try(err, put_bundle(s, &dsse, manifest, when, &r, err), "keeping the signature");
	_cleanup_(ingot_buf_done) struct ingot_buf id = INGOT_BUF(64);
	struct ingot_digest d;
	if (ingot_unbase64(&id, ingot_buf_view(&dsse.hint)) < 0 || id.n != sizeof(d.b))
		return ingot_fail(err, INGOT_E_BUG, "the signer named no key");
	memcpy(d.b, id.p, sizeof(d.b));
	(void)ingot_digest_hex(&d, r.key_id);
	*ret = r;
	return 0;
}
