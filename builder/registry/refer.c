/* refer.c - the list of what refers to a manifest, for registries that keep none (distribution-spec, "Referrers tag schema"). */
#include "session.h"
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/limits.h>
#include <ingot/media_type.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <string.h>

#define MAX_ROUNDS 6

/* A value as it was read, written again: entries of others stay as they are. */
static void copy_value(struct ingot_json *j, const struct ingot_doc *d, const struct ingot_doc_value *v, const char *key)
{
	if (v->kind == INGOT_J_STRING)
		ingot_json_span(j, key, v->value);
	else if (v->kind == INGOT_J_INTEGER || v->kind == INGOT_J_BOOL)
		ingot_json_raw(j, key, v->value);
	else if (v->kind == INGOT_J_NULL)
		ingot_json_null(j, key);
	else {
		bool object = v->kind == INGOT_J_OBJECT;
		(object ? ingot_json_object : ingot_json_array)(j, key);
		for (size_t i = 0; i < v->n; i++) {
			const struct ingot_doc_value *m = ingot_doc_child(d, v, i);
			_cleanup_(ingot_buf_done) struct ingot_buf name = INGOT_BUF(KIB(4));
			ingot_doc_key(m, &name);
			copy_value(j, d, m, object ? ingot_buf_cstr(&name) : NULL);
		}
		ingot_json_end(j, object ? '}' : ']');
	}
}

static bool lists(const struct ingot_doc *d, const struct ingot_digest *digest)
{
	ssize_t n = ingot_doc_array_len(d, "/manifests");
	for (ssize_t i = 0; i < n; i++) {
		const struct ingot_doc_value *v = ingot_doc_getf(d, "/manifests/%zd/digest", i);
		if (v && ingot_span_is(v->value, INGOT_DIGEST(digest)))
			return true;
	}
	return false;
}

/* What is to be listed: a manifest of ours. */
struct referrer {
	struct ingot_digest digest;
	uint64_t size;
	struct ingot_doc *doc;
};

static void write_entry(struct ingot_json *j, const struct referrer *r)
{
	const struct ingot_doc_value *type = ingot_doc_get(r->doc, "/artifactType"), *annotations = ingot_doc_get(r->doc, "/annotations");
	type = type ? type : ingot_doc_get(r->doc, "/config/mediaType");
	ingot_json_object(j, NULL);
	ingot_json_str(j, "mediaType", INGOT_MT_MANIFEST);
	ingot_json_str(j, "digest", INGOT_DIGEST(&r->digest));
	ingot_json_u64(j, "size", r->size);
	if (type)
		ingot_json_span(j, "artifactType", type->value);
	if (annotations)
		copy_value(j, r->doc, annotations, "annotations");
	ingot_json_end(j, '}');
}

static void write_list(const struct ingot_doc *d, const struct referrer *r, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_u64(&j, "schemaVersion", 2);
	ingot_json_str(&j, "mediaType", INGOT_MT_INDEX);
	ingot_json_array(&j, "manifests");
	const struct ingot_doc_value *list = d ? ingot_doc_get(d, "/manifests") : NULL;
	for (size_t i = 0; list && i < list->n; i++)
		copy_value(&j, d, ingot_doc_child(d, list, i), NULL);
	write_entry(&j, r);
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
}

/* 1: it is in the list now, or was. 0: somebody else wrote it meanwhile. */
static int add_once(struct ingot_registry *g, const char *tag, const struct referrer *r, struct ingot_err *err)
{
	struct ingot_remote_manifest m = { .type = "" };
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf list = INGOT_BUF(INGOT_MAX_MANIFEST);
	bool unused;
	int there = ingot_registry_manifest(g, tag, NULL, &m, err);
	ingot_pass(there);
	int bad = there ? ingot_decode_json_bytes(ingot_buf_view(&m.text), &d, err) : 0;
	char etag[256];
	(void)snprintf(etag, sizeof(etag), "%s", m.etag);
	if (there)
		ingot_remote_manifest_done(&m);
	ingot_try(err, bad, "the list of referrers %s", tag);
	if (d && !ingot_doc_get(d, "/manifests"))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the tag %s, where the list of referrers belongs, is something else", tag);
	if (d && lists(d, &r->digest))
		return 1;
	write_list(d, r, &list);
	ingot_pass(ingot_buf_check(&list, "the list of referrers", err));
	return ingot_registry_put(g, tag, INGOT_MT_INDEX, ingot_buf_view(&list), etag[0] ? etag : NULL, &unused, err);
}

int ingot_registry_refer(struct ingot_registry *g, const struct ingot_digest *subject, struct ingot_span manifest, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *doc = NULL;
	struct referrer r = { .size = manifest.n };
	char tag[80];
	ingot_sha256(manifest.p, manifest.n, &r.digest);
	ingot_pass(ingot_decode_json_bytes(manifest, &doc, err));
	r.doc = doc;
	(void)snprintf(tag, sizeof(tag), "sha256-%s", INGOT_HEX(subject));
	for (unsigned n = 1; n <= MAX_ROUNDS; n++) {
		int done = add_once(g, tag, &r, err);
		ingot_pass(done);
		if (done)
			return 0;
		session_pause(g, n, 0);
	}
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "others write the list of referrers %s all the time", tag);
	return ingot_hint(err, "push again");
}
