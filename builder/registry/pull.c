#include <ingot/archive.h>
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/load.h>
#include <ingot/media_type.h>
#include <ingot/mem.h>
#include <ingot/transfer_image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIGNATURE_MANIFEST KIB(64)
#define MAX_PAGES 32

struct pulling {
	struct ingot_store *s;
	struct ingot_registry *g;
	const struct ingot_remote *from;
	const char *architecture;
	const struct ingot_log *log;
	struct ingot_remote_manifest manifest;
	struct ingot_doc *doc, *config;
	struct ingot_buf config_json;
	struct ingot_blob_ref config_ref;
	struct ingot_image_layer *layers;
	size_t n_layers;
	struct ingot_blob_ref *extra; /* what carries signatures */
	size_t n_extra, cap_extra;
	uint64_t total;
	struct ingot_transferred out;
};

static void pulling_done(struct pulling *p)
{
	ingot_remote_manifest_done(&p->manifest);
	ingot_doc_free(p->doc);
	ingot_doc_free(p->config);
	ingot_buf_done(&p->config_json);
	free(p->layers);
	free(p->extra);
}

/* A descriptor of a document: its place is part of every complaint. */
static int descriptor(const struct ingot_doc *d, const char *at, uint64_t max, struct ingot_blob_ref *ret, struct ingot_err *err)
{
	char pointer[96];
	(void)snprintf(pointer, sizeof(pointer), "%s/digest", at);
	ingot_pass(ingot_doc_digest(d, pointer, &ret->digest, err));
	(void)snprintf(pointer, sizeof(pointer), "%s/size", at);
	return ingot_doc_u64(d, pointer, max, &ret->size, err);
}

static int fetch(struct pulling *p, const struct ingot_blob_ref *b, struct ingot_err *err)
{
	bool there = ingot_store_has(p->s, &b->digest);
	ingot_pass(ingot_registry_fetch(p->g, p->s, &b->digest, b->size, err));
	p->out.blobs++;
	p->out.blobs_skipped += there;
	*(there ? &p->out.skipped : &p->out.bytes) += b->size;
	if (p->total)
		ingot_progress(p->log, "pull", p->out.bytes + p->out.skipped, p->total);
	return 0;
}

/* --- which image --- */

static bool is(const struct ingot_doc *d, size_t i, const char *key, const char *word)
{
	const struct ingot_doc_value *v = ingot_doc_getf(d, "/manifests/%zu/%s", i, key);
	return v && v->kind == INGOT_J_STRING && ingot_span_is(v->value, word);
}

static int choose(struct pulling *p, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *index = NULL;
	struct ingot_blob_ref b;
	char at[64];
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&p->manifest.text), &index, err));
	if (ingot_doc_get(index, "/layers") || ingot_doc_get(index, "/config"))
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is an index and a manifest in one: tools would take different images from it");
	ssize_t n = ingot_doc_array_len(index, "/manifests");
	size_t found = 0, which = 0;
	for (ssize_t i = 0; i < n; i++)
		if (is(index, (size_t)i, "platform/os", "linux") && is(index, (size_t)i, "platform/architecture", p->architecture)) {
			which = (size_t)i;
			found++;
		}
	if (found != 1)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the index names %zd images, %zu of them for linux/%s", n, found, INGOT_SHOW(ingot_span_of(p->architecture)));
	(void)snprintf(at, sizeof(at), "/manifests/%zu", which);
	ingot_pass(descriptor(index, at, INGOT_MAX_MANIFEST, &b, err));
	ingot_remote_manifest_done(&p->manifest);
	p->manifest = (struct ingot_remote_manifest){ .type = "" };
	int r = ingot_registry_manifest(p->g, NULL, &b.digest, &p->manifest, err);
	ingot_pass(r);
	return r ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "the registry does not have the manifest %s that its index names", INGOT_DIGEST(&b.digest));
}

static int find_manifest(struct pulling *p, struct ingot_err *err)
{
	int r = ingot_registry_manifest(p->g, p->from->tag, p->from->has_digest ? &p->from->digest : NULL, &p->manifest, err);
	ingot_pass(r);
	if (r == 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "there is no such image");
	if (strcmp(p->manifest.type, INGOT_MT_INDEX) == 0 || strcmp(p->manifest.type, INGOT_MT_DOCKER_LIST) == 0)
		ingot_try(err, choose(p, err), "the index %s", INGOT_DIGEST(&p->manifest.digest));
	if (strcmp(p->manifest.type, INGOT_MT_MANIFEST) != 0 && strcmp(p->manifest.type, INGOT_MT_DOCKER_MANIFEST) != 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is no image manifest but \"%s\"", INGOT_SHOW(ingot_span_of(p->manifest.type)));
	return 0;
}

static int read_manifest(struct pulling *p, struct ingot_err *err)
{
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&p->manifest.text), &p->doc, err));
	/* One digest, two meanings (safety 2.5): what the server calls it, the document has to call itself. */
	const struct ingot_doc_value *own = ingot_doc_get(p->doc, "/mediaType");
	if (ingot_doc_get(p->doc, "/manifests") || (own && !ingot_span_is(own->value, p->manifest.type)))
		return ingot_fail(err, INGOT_E_OUTSIDE, "it calls itself something else than the registry does (\"%s\")", INGOT_SHOW(ingot_span_of(p->manifest.type)));
	ingot_pass(descriptor(p->doc, "/config", INGOT_MAX_CONFIG, &p->config_ref, err));
	ssize_t n = ingot_doc_array_len(p->doc, "/layers");
	if (n < 1 || n > INGOT_MAX_DESCRIPTORS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it has %zd layers", n);
	p->layers = ingot_alloc_array((size_t)n, sizeof(*p->layers));
	p->total = p->config_ref.size;
	for (; p->n_layers < (size_t)n; p->n_layers++) {
		char at[64];
		struct ingot_blob_ref b;
		(void)snprintf(at, sizeof(at), "/layers/%zu", p->n_layers);
		ingot_pass(descriptor(p->doc, at, INGOT_MAX_FILE, &b, err));
		(void)snprintf(at, sizeof(at), "/layers/%zu/urls", p->n_layers);
		if (ingot_doc_get(p->doc, at))
			return ingot_fail(err, INGOT_E_OUTSIDE, "layer %zu is to be had elsewhere (urls), which is not followed", p->n_layers);
		p->layers[p->n_layers].layer = (struct ingot_layer){ .digest = b.digest, .size = b.size };
		p->total += b.size;
	}
	return 0;
}

/* --- signatures --- */

static void add_extra(struct pulling *p, const struct ingot_digest *d, uint64_t size)
{
	ingot_reserve(p->extra, p->n_extra, p->cap_extra);
	p->extra[p->n_extra++] = (struct ingot_blob_ref){ *d, size, false };
}

/* A manifest that carries a signature: it, its config and its layers. */
static int take_artefact(struct pulling *p, const struct ingot_remote_manifest *m, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	struct ingot_digest stored;
	struct ingot_blob_ref b;
	if (m->text.n > MAX_SIGNATURE_MANIFEST)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it has more than %u bytes", (unsigned)MAX_SIGNATURE_MANIFEST);
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&m->text), &d, err));
	ingot_pass(descriptor(d, "/config", INGOT_MAX_SIGNATURE, &b, err));
	ingot_pass(fetch(p, &b, err));
	add_extra(p, &b.digest, b.size);
	ssize_t n = ingot_doc_array_len(d, "/layers");
	if (n < 1 || n > INGOT_MAX_SIGNATURES)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it has %zd layers", n);
	for (ssize_t i = 0; i < n; i++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "/layers/%zd", i);
		ingot_pass(descriptor(d, at, INGOT_MAX_SIGNATURE, &b, err));
		ingot_pass(fetch(p, &b, err));
		add_extra(p, &b.digest, b.size);
	}
	ingot_pass(ingot_store_put(p->s, m->text.p, m->text.n, &stored, err));
	add_extra(p, &stored, m->text.n);
	p->out.signatures++;
	return 0;
}

static int take_legacy(struct pulling *p, struct ingot_err *err)
{
	struct ingot_remote_manifest m = { .type = "" };
	char tag[80];
	(void)snprintf(tag, sizeof(tag), "sha256-%s.sig", INGOT_HEX(&p->manifest.digest));
	int r = ingot_registry_manifest(p->g, tag, NULL, &m, err);
	if (r <= 0)
		return r;
	r = take_artefact(p, &m, err);
	ingot_remote_manifest_done(&m);
	if (r < 0)
		return ingot_context(err, "its signature %s", tag);
	return 0;
}

static bool is_bundle(const struct ingot_doc *d, size_t i)
{
	const struct ingot_doc_value *v = ingot_doc_getf(d, "/manifests/%zu/artifactType", i);
	return v && v->kind == INGOT_J_STRING && ingot_span_starts(v->value, "application/vnd.dev.sigstore.bundle");
}

static int take_page(struct pulling *p, const struct ingot_doc *d, struct ingot_err *err)
{
	ssize_t n = ingot_doc_array_len(d, "/manifests");
	for (ssize_t i = 0; i < n && p->out.signatures < INGOT_MAX_SIGNATURES; i++) {
		char at[64];
		struct ingot_blob_ref b;
		struct ingot_remote_manifest m = { .type = "" };
		if (!is_bundle(d, (size_t)i))
			continue;
		(void)snprintf(at, sizeof(at), "/manifests/%zd", i);
		ingot_pass(descriptor(d, at, MAX_SIGNATURE_MANIFEST, &b, err));
		int r = ingot_registry_manifest(p->g, NULL, &b.digest, &m, err);
		ingot_pass(r);
		if (r == 0)
			continue; /* deleted since */
		r = take_artefact(p, &m, err);
		ingot_remote_manifest_done(&m);
		if (r < 0)
			return ingot_context(err, "its signature %s", INGOT_DIGEST(&b.digest));
	}
	return 0;
}

static int take_referrers(struct pulling *p, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *page = NULL;
	for (unsigned n = 0; n < MAX_PAGES; n++) {
		struct ingot_remote_manifest list = { .type = "" };
		_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
		int r = ingot_registry_referrers(p->g, &p->manifest.digest, page, &list, err);
		if (r <= 0)
			return r;
		free(page);
		page = TAKE_PTR(list.next);
		r = ingot_decode_json_bytes(ingot_buf_view(&list.text), &d, err);
		ingot_remote_manifest_done(&list);
		ingot_pass(r);
		ingot_pass(take_page(p, d, err));
		if (!page)
			return 0;
	}
	return ingot_fail(err, INGOT_E_OUTSIDE, "their list goes on after %d pages", MAX_PAGES);
}

/* --- all of it --- */

static int write_out(struct pulling *p, const char *target, struct ingot_err *err)
{
	struct ingot_span architecture, variant = { 0 };
	struct ingot_image_docs docs = { .config = p->config_ref, .manifest = { p->manifest.digest, p->manifest.text.n, false } };
	ingot_pass(ingot_doc_string(p->config, "/architecture", &architecture, err));
	if (ingot_doc_get(p->config, "/variant"))
		ingot_pass(ingot_doc_string(p->config, "/variant", &variant, err));
	if (ingot_span_has(architecture, '\0') || ingot_span_has(variant, '\0') || architecture.n > 64 || variant.n > 64)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the config names no architecture");
	_cleanup_(ingot_freep) char *a = ingot_strf("%.*s", INGOT_SPAN_ARG(architecture)), *v = variant.n ? ingot_strf("%.*s", INGOT_SPAN_ARG(variant)) : NULL;
	_cleanup_(ingot_freep) char *name = ingot_strf("%s/%s:%s", p->from->registry, p->from->repository, p->from->tag[0] ? p->from->tag : "latest");
	ingot_pass(ingot_reference_parse(ingot_span_of(name), &docs.reference, err));
	struct ingot_image image = { .reference = docs.reference.full, .architecture = a, .variant = v, .layers = p->layers, .n_layers = p->n_layers };
	struct ingot_archive archive = { .image = &image, .docs = &docs, .manifest_type = p->manifest.type, .extra = p->extra, .n_extra = p->n_extra };
	ingot_try(err, ingot_archive_write(p->s, &archive, target, err), "writing %s", INGOT_SHOW(ingot_span_of(target)));
	return 0;
}

static int pull(struct pulling *p, const char *target, struct ingot_err *err)
{
	struct ingot_digest stored;
	ingot_pass(find_manifest(p, err));
	ingot_try(err, read_manifest(p, err), "the manifest %s", INGOT_DIGEST(&p->manifest.digest));
	ingot_pass(ingot_store_put(p->s, p->manifest.text.p, p->manifest.text.n, &stored, err));
	ingot_pass(fetch(p, &p->config_ref, err));
	for (size_t i = 0; i < p->n_layers; i++) {
		const struct ingot_layer *l = &p->layers[i].layer;
		ingot_try(err, fetch(p, &(struct ingot_blob_ref){ l->digest, l->size, false }, err), "layer %zu", i);
	}
	ingot_pass(take_legacy(p, err));
	ingot_try(err, take_referrers(p, err), "its signatures");
	int r = ingot_store_get(p->s, &p->config_ref.digest, &p->config_json, err);
	ingot_pass(r);
	if (r == 0)
		return ingot_again(err);
	ingot_try(err, ingot_decode_json_bytes(ingot_buf_view(&p->config_json), &p->config, err), "the config");
	p->out.manifest = p->manifest.digest;
	return write_out(p, target, err);
}

int ingot_pull_image(struct ingot_store *s, const struct ingot_remote *from, const char *target, const struct ingot_pull_options *o, const struct ingot_log *log,
		     struct ingot_transferred *ret, struct ingot_err *err)
{
	_cleanup_(ingot_registry_closep) struct ingot_registry *g = NULL;
	ingot_pass(ingot_registry_open(from, false, &o->registry, log, &g, err));
	_cleanup_(pulling_done) struct pulling p = { .s = s, .g = g, .from = from, .architecture = o->architecture ? o->architecture : ingot_host_architecture(), .log = log, .manifest = { .type = "" }, .config_json = INGOT_BUF(INGOT_MAX_CONFIG) };
	ingot_try(err, pull(&p, target, err), "pulling %s", INGOT_SHOW(ingot_span_of(from->text)));
	*ret = p.out;
	return 0;
}
