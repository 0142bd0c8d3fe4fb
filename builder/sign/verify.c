#include "verify.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdlib.h>

struct ingot_verified {
	struct ingot_verify_facts facts;
	struct ingot_verify_layer *layers;
	char (*keys)[65];
};

void ingot_verified_free(struct ingot_verified *v)
{
	if (!v)
		return;
	free(v->layers);
	free(v->keys);
	free(v);
}

const struct ingot_verify_facts *ingot_verified_facts(const struct ingot_verified *v)
{
	return &v->facts;
}

static void examination_done(struct examination *x)
{
	ingot_layout_free(x->layout);
	free(x->used);
	ingot_buf_done(&x->created);
	free(x->layers);
}

/* Bytes first: what follows reads blobs by their names. */
static int check_blobs(const struct examination *x, struct ingot_err *err)
{
	for (size_t i = 0; i < ingot_layout_count(x->layout); i++)
		ingot_pass(ingot_layout_check(x->layout, ingot_layout_at(x->layout, i), err));
	return 0;
}

struct keyring {
	char (*ids)[65];
	size_t n;
};

static bool known(const struct keyring *k, const char *id)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->ids[i], id) == 0)
			return true;
	return false;
}

/* The ids of the given keys that signed, each once: the same key given twice, or spelled in two ways, is one party (safety 8.4). */
static int count_keys(const struct examination *x, const struct claims *c, const struct ingot_span *pubkeys, size_t n, struct keyring *ret, struct ingot_err *err)
{
	for (size_t i = 0; i < n; i++) {
		char id[65];
		int signed_by = verify_key(x, c, pubkeys[i], id, err);
		ingot_try(err, signed_by, "public key %zu", i + 1);
		if (signed_by && !known(ret, id))
			memcpy(ret->ids[ret->n++], id, sizeof(id));
	}
	return 0;
}

static int too_few(const struct claims *c, const struct keyring *k, size_t n_pubkeys, unsigned threshold, struct ingot_err *err)
{
	if (c->n == 0) {
		(void)not_proved(err, "it is not signed");
		return ingot_hint(err, "build it with --key KEY, or sign it: ingot sign ARCHIVE --key KEY");
	}
	if (k->n == 0) {
		(void)not_proved(err, "it is signed, but not in both formats by %s", n_pubkeys == 1 ? "this key" : "any of these keys");
		for (size_t i = 0; i < c->n; i++)
			if (c->v[i].dsse)
				return ingot_hint(err, "a signature in it names the key %s (base64 of the sha256 of its public half)", INGOT_SHOW(ingot_buf_view(&c->v[i].hint)));
		return -1;
	}
	return not_proved(err, "it is signed by %zu of the given keys, and %u are asked for", k->n, threshold);
}

static int examine(struct examination *x, const char *path, const struct ingot_span *pubkeys, size_t n_pubkeys, unsigned threshold, struct keyring *ret, struct ingot_err *err)
{
	_cleanup_(claims_done) struct claims c = { 0 };
	ingot_pass(ingot_layout_open(path, &x->layout, err));
	x->used = ingot_alloc_array(ingot_layout_count(x->layout) + 1, sizeof(*x->used));
	ingot_pass(check_blobs(x, err));
	ingot_pass(verify_documents(x, err));
	ingot_pass(verify_find_claims(x, &c, err));
	ingot_pass(count_keys(x, &c, pubkeys, n_pubkeys, ret, err));
	if (ret->n < threshold)
		return too_few(&c, ret, n_pubkeys, threshold, err);
	/* Last, because only what a known key signed is worth unpacking. */
	return verify_layers(x, err);
}

int ingot_verify_archive(const char *path, const struct ingot_span *pubkeys, size_t n_pubkeys, unsigned threshold, struct ingot_verified **ret, struct ingot_err *err)
{
	_cleanup_(examination_done) struct examination x = { 0 };
	_cleanup_(ingot_freep) void *owner = NULL;
	struct keyring k = { 0 };
	if (threshold < 1 || threshold > n_pubkeys || n_pubkeys > INGOT_MAX_SIGNATURES)
		return ingot_fail(err, INGOT_E_INPUT, "%u signatures cannot be asked for with %zu keys (at most %d)", threshold, n_pubkeys, INGOT_MAX_SIGNATURES);
	k.ids = owner = ingot_alloc_array(n_pubkeys, sizeof(*k.ids));
	if (examine(&x, path, pubkeys, n_pubkeys, threshold, &k, err) < 0) {
		/* A decoder calls wrong bytes from outside by their class; here they are the answer to the question. */
		if (err->code == INGOT_E_OUTSIDE)
			err->code = INGOT_E_FALSE;
		return ingot_context(err, "%s is not verified", INGOT_SHOW(ingot_span_of(path)));
	}

	/* The one place where the token is made. */
	_cleanup_(ingot_verified_freep) struct ingot_verified *v = ingot_alloc(sizeof(*v));
	v->layers = TAKE_PTR(x.layers);
	v->keys = TAKE_PTR(owner);
	v->facts = (struct ingot_verify_facts){ .reference = x.name, .manifest = x.manifest, .config = x.config, .manifest_size = x.manifest_size,
		.archive_size = ingot_layout_size(x.layout), .blobs = ingot_layout_count(x.layout), .layers = v->layers, .n_layers = x.n_layers,
		.keys = (const char(*)[65])v->keys, .n_keys = k.n, .threshold = threshold };
	*ret = TAKE_PTR(v);
	return 0;
}
