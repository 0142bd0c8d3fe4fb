/* Signatures found among the blobs. Each artefact is made again from the few things in it that may be any (the signature itself, the key's hint) and
 * compared byte for byte, so that nothing unsigned in it can mean anything. */
#include "inside.h"
#include "verify.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdlib.h>

void claims_done(struct claims *c)
{
	for (size_t i = 0; i < c->n; i++) {
		ingot_buf_done(&c->v[i].signature);
		ingot_buf_done(&c->v[i].hint);
	}
	free(c->v);
	*c = (struct claims){ 0 };
}

static struct claim *new_claim(struct claims *c, bool dsse, struct ingot_err *err)
{
	if (c->n == 2 * INGOT_MAX_SIGNATURES) {
		(void)not_proved(err, "it carries more than %d signatures", INGOT_MAX_SIGNATURES);
		return NULL;
	}
	ingot_reserve(c->v, c->n, c->cap);
	c->v[c->n] = (struct claim){ .dsse = dsse, .signature = INGOT_BUF(4096), .hint = INGOT_BUF(128) };
	return &c->v[c->n++];
}

static bool blob_is(const struct ingot_layout_blob *b, const struct ingot_buf *expected)
{
	/* The name is the hash of the bytes, which has been checked; so the expected bytes need only be hashed. */
	struct ingot_digest d;
	ingot_sha256(expected->p, expected->n, &d);
	return !expected->full && ingot_digest_eq(&d, &b->name);
}

static int base64_field(const struct ingot_doc *d, const char *pointer, struct ingot_buf *out, struct ingot_err *err)
{
	struct ingot_span s;
	ingot_pass(ingot_doc_string(d, pointer, &s, err));
	return ingot_unbase64(out, s) == 0 && !out->full ? 0 : not_proved(err, "\"%s\" is no signature in base64", pointer);
}

static const struct ingot_layout_blob *use(struct examination *x, const struct ingot_digest *digest)
{
	const struct ingot_layout_blob *b = ingot_layout_find(x->layout, digest);
	if (b)
		x->used[b - ingot_layout_at(x->layout, 0)] = true;
	return b;
}

/* A manifest of cosign's first kind: payload, config and manifest are all determined by the image and the signature. */
static int take_legacy(struct examination *x, const struct ingot_layout_blob *b, const struct ingot_doc *d, struct claims *claims, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf payload = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf config = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf manifest = INGOT_BUF(KIB(16));
	struct claim *c = new_claim(claims, false, err);
	if (!c)
		return -1;
	ingot_pass(base64_field(d, "/layers/0/annotations/dev.cosignproject.cosign~1signature", &c->signature, err));
	ingot_legacy_payload(x->name.full, &x->manifest, &payload);
	struct ingot_blob_ref payload_ref = { .size = payload.n }, config_ref;
	ingot_sha256(payload.p, payload.n, &payload_ref.digest);
	legacy_config_json(&payload_ref.digest, &config);
	config_ref = (struct ingot_blob_ref){ .size = config.n };
	ingot_sha256(config.p, config.n, &config_ref.digest);
	legacy_manifest_json(&config_ref, &payload_ref, ingot_buf_view(&c->signature), &manifest);
	if (!blob_is(b, &manifest))
		return not_proved(err, "it is a signature over another image or name, or not in the form that ingot writes");
	if (!use(x, &payload_ref.digest) || !use(x, &config_ref.digest))
		return not_proved(err, "what it signs is missing from the archive");
	return 0;
}

static int take_bundle(struct examination *x, const struct ingot_layout_blob *b, const struct ingot_doc *d, struct claims *claims, struct ingot_err *err)
{
	const struct ingot_layout_blob *bundle;
	_cleanup_(ingot_doc_freep) struct ingot_doc *doc = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_SIGNATURE);
	_cleanup_(ingot_buf_done) struct ingot_buf statement = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf again = INGOT_BUF(KIB(64));
	_cleanup_(ingot_buf_done) struct ingot_buf referrer = INGOT_BUF(KIB(16));
	struct claim *c = new_claim(claims, true, err);
	if (!c)
		return -1;
	ingot_pass(verify_descriptor(x, d, "/layers/0", INGOT_MT_BUNDLE, INGOT_MAX_SIGNATURE, &bundle, err));
	ingot_pass(ingot_layout_read(x->layout, bundle, INGOT_MAX_SIGNATURE, &text, err));
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&text), &doc, err));
	ingot_pass(base64_field(doc, "/dsseEnvelope/signatures/0/sig", &c->signature, err));
	struct ingot_span hint;
	ingot_pass(ingot_doc_string(doc, "/verificationMaterial/publicKey/hint", &hint, err));
	ingot_buf_span(&c->hint, hint);
	ingot_pass(ingot_buf_check(&c->hint, "a key's hint", err));
	/* The statement names the predicate type: an SBOM's or a provenance's signature is none of the image (interop 2.3). */
	ingot_sign_statement(&x->manifest, &statement);
	bundle_json(hint, ingot_buf_view(&statement), ingot_buf_view(&c->signature), &again);
	if (!blob_is(bundle, &again))
		return not_proved(err, "its bundle %s signs something else than this image, or is not in the form that ingot writes", INGOT_DIGEST(&bundle->name));
	struct ingot_blob_ref bundle_ref = { bundle->name, bundle->size, false }, subject = { x->manifest, x->manifest_size, false };
	referrer_json(&bundle_ref, &subject, ingot_buf_view(&x->created), &referrer);
	if (!blob_is(b, &referrer))
		return not_proved(err, "it refers to another image, or is not in the form that ingot writes");
	struct ingot_digest empty;
	ingot_sha256("{}", 2, &empty);
	return use(x, &empty) ? 0 : not_proved(err, "its config {} is missing from the archive");
}

static int take(struct examination *x, size_t i, struct claims *claims, struct ingot_err *err)
{
	static const char prefix[] = "{\"schemaVersion\":2,";
	const struct ingot_layout_blob *b = ingot_layout_at(x->layout, i);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_SIGNATURE);
	ingot_pass(ingot_layout_read(x->layout, b, INGOT_MAX_SIGNATURE, &text, err));
	if (!ingot_span_starts(ingot_buf_view(&text), prefix))
		return 0; /* no manifest: a part of one, or nobody's */
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&text), &d, err));
	x->used[i] = true;
	return ingot_doc_get(d, "/subject") ? take_bundle(x, b, d, claims, err) : take_legacy(x, b, d, claims, err);
}

int verify_find_claims(struct examination *x, struct claims *ret, struct ingot_err *err)
{
	_cleanup_(claims_done) struct claims c = { 0 };
	size_t n = ingot_layout_count(x->layout), over = 0;
	for (size_t i = 0; i < n; i++)
		over += !x->used[i];
	/* Six blobs a key, one of them shared; more is an attempt to keep us busy. */
	if (over > 6 * INGOT_MAX_SIGNATURES)
		return not_proved(err, "it carries %zu blobs beside the image", over);
	for (size_t i = 0; i < n; i++)
		if (!x->used[i])
			ingot_try(err, take(x, i, &c, err), "blob %s", INGOT_DIGEST(&ingot_layout_at(x->layout, i)->name));
	for (size_t i = 0; i < n; i++)
		if (!x->used[i])
			return not_proved(err, "blob %s belongs neither to the image nor to a signature over it", INGOT_DIGEST(&ingot_layout_at(x->layout, i)->name));
	*ret = c;
	c = (struct claims){ 0 };
	return 0;
}

/* 1 when the key made a signature of this kind over this image. A bundle has to name the key as well. */
static int made(const struct claims *c, bool dsse, struct ingot_span message, struct ingot_span pem, char ret_id[65], struct ingot_err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct claim *claim = &c->v[i];
		if (claim->dsse != dsse)
			continue;
		struct ingot_err no = INGOT_ERR_INIT;
		if (ingot_check_signature(pem, message, ingot_buf_view(&claim->signature), ret_id, &no) < 0) {
			if (no.code == INGOT_E_FALSE)
				continue; /* another key's */
			*err = no;
			return -1;
		}
		if (!dsse)
			return 1;
		struct ingot_digest id;
		_cleanup_(ingot_buf_done) struct ingot_buf hint = INGOT_BUF(128);
		ingot_assert(ingot_digest_parse_hex(ingot_span_of(ret_id), &id) == 0);
		ingot_base64(&hint, id.b, sizeof(id.b));
		if (ingot_span_eq(ingot_buf_view(&hint), ingot_buf_view(&claim->hint)))
			return 1;
	}
	return 0;
}

int verify_key(const struct examination *x, const struct claims *c, struct ingot_span public_pem, char ret_id[65], struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf payload = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf statement = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf pae = INGOT_BUF(KIB(8));
	char legacy_id[65], dsse_id[65];
	ingot_legacy_payload(x->name.full, &x->manifest, &payload);
	ingot_sign_statement(&x->manifest, &statement);
	ingot_dsse_pae(ingot_buf_view(&statement), &pae);
	int legacy = made(c, false, ingot_buf_view(&payload), public_pem, legacy_id, err);
	ingot_pass(legacy);
	int dsse = made(c, true, ingot_buf_view(&pae), public_pem, dsse_id, err);
	ingot_pass(dsse);
	if (!legacy || !dsse)
		return 0;
	memcpy(ret_id, dsse_id, sizeof(dsse_id));
	return 1;
}
