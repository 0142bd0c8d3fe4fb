#include "load_impl.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>

#define MT_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MT_INDEX "application/vnd.oci.image.index.v1+json"
#define MT_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MT_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

#if defined(__x86_64__)
static const char host_architecture[] = "amd64";
#elif defined(__aarch64__)
static const char host_architecture[] = "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
static const char host_architecture[] = "riscv64";
#elif defined(__s390x__)
static const char host_architecture[] = "s390x";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
static const char host_architecture[] = "ppc64le";
#elif defined(__i386__)
static const char host_architecture[] = "386";
#else
static const char host_architecture[] = "arm";
#endif

void ingot_loaded_done(struct ingot_loaded *l)
{
	ingot_tree_unref(l->tree);
	ingot_origins_free(l->origins);
	ingot_doc_free(l->manifest);
	ingot_doc_free(l->config);
	ingot_buf_done(&l->manifest_json);
	ingot_buf_done(&l->config_json);
	free(l->layers);
	free(l->layer_origins);
	*l = (struct ingot_loaded){ 0 };
}

uint64_t ingot_loaded_layer_size(const struct ingot_loaded *l, size_t i)
{
	_cleanup_(ingot_freep) char *at = ingot_strf("/layers/%zu/size", i);
	struct ingot_err no = INGOT_ERR_INIT;
	uint64_t size;
	return ingot_doc_u64(l->manifest, at, INGOT_MAX_FILE, &size, &no) == 0 ? size : 0;
}

int load_digest(const struct ingot_doc *d, const char *pointer, struct ingot_digest *ret, struct ingot_err *err)
{
	struct ingot_span s;
	ingot_pass(ingot_doc_string(d, pointer, &s, err));
	return ingot_digest_parse(s, ret) == 0 ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "\"%s\" is no sha256 digest: \"%s\"", pointer, INGOT_SHOW(s));
}

static bool text_is(const struct ingot_doc *d, size_t i, const char *key, const char *expected)
{
	const struct ingot_doc_value *v = ingot_doc_getf(d, "/manifests/%zu/%s", i, key);
	return v && v->kind == INGOT_J_STRING && ingot_span_is(v->value, expected);
}

/* The one entry, or the one for this kind of machine. */
static int choose(const struct ingot_doc *index, size_t *ret, struct ingot_err *err)
{
	ssize_t n = ingot_doc_array_len(index, "/manifests");
	if (n < 1)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the index names no image");
	size_t found = 0, at = 0;
	for (size_t i = 0; n > 1 && i < (size_t)n; i++)
		if (text_is(index, i, "platform/os", "linux") && text_is(index, i, "platform/architecture", host_architecture)) {
			found++;
			at = i;
		}
	if (n > 1 && found != 1) {
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "the index names %zd images, %zu of them for linux/%s", n, found, host_architecture);
		return ingot_hint(err, "copy the one that is meant: skopeo copy oci-archive:FILE:TAG oci-archive:ONE:TAG");
	}
	*ret = at;
	return 0;
}

static int keep_name(const struct ingot_doc *index, size_t i, struct ingot_loaded *l)
{
	static const char *const keys[] = { "io.containerd.image.name", "org.opencontainers.image.ref.name" };
	for (size_t k = 0; k < 2 && !l->name[0]; k++) {
		const struct ingot_doc_value *v = ingot_doc_getf(index, "/manifests/%zu/annotations/%s", i, keys[k]);
		if (v && v->kind == INGOT_J_STRING)
			(void)snprintf(l->name, sizeof(l->name), "%s", INGOT_SHOW(v->value)); /* somebody else's text, to be printed */
	}
	return 0;
}

/* From an index to the manifest, through at most one index within (a multi-platform image). */
static int find_manifest(const struct blobs *b, struct ingot_span index, bool inner, struct ingot_loaded *l, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	size_t i = 0;
	char at[64];
	struct ingot_digest digest;
	uint64_t size;
	ingot_pass(ingot_decode_json_bytes(index, &d, err));
	ingot_pass(choose(d, &i, err));
	(void)keep_name(d, i, l);
	(void)snprintf(at, sizeof(at), "/manifests/%zu/digest", i);
	ingot_pass(load_digest(d, at, &digest, err));
	(void)snprintf(at, sizeof(at), "/manifests/%zu/size", i);
	ingot_pass(ingot_doc_u64(d, at, INGOT_MAX_MANIFEST, &size, err));
	bool is_index = text_is(d, i, "mediaType", MT_INDEX) || text_is(d, i, "mediaType", MT_DOCKER_LIST);
	if (!is_index && !text_is(d, i, "mediaType", MT_MANIFEST) && !text_is(d, i, "mediaType", MT_DOCKER_MANIFEST))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the index points at something that is no image manifest");
	ingot_pass(blobs_read(b, &digest, size, INGOT_MAX_MANIFEST, &l->manifest_json, err));
	if (is_index && inner)
		return ingot_fail(err, INGOT_E_OUTSIDE, "an index within an index within an index");
	if (is_index) {
		_cleanup_(ingot_buf_done) struct ingot_buf text = l->manifest_json;
		l->manifest_json = (struct ingot_buf)INGOT_BUF(INGOT_MAX_MANIFEST);
		ingot_try(err, find_manifest(b, ingot_buf_view(&text), true, l, err), "the index %s", INGOT_DIGEST(&digest));
		return 0;
	}
	l->manifest_ref = (struct ingot_blob_ref){ digest, size, false };
	return 0;
}

static int read_documents(const struct blobs *b, struct ingot_loaded *l, struct ingot_err *err)
{
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&l->manifest_json), &l->manifest, err));
	ingot_pass(load_digest(l->manifest, "/config/digest", &l->config_ref.digest, err));
	ingot_pass(ingot_doc_u64(l->manifest, "/config/size", INGOT_MAX_CONFIG, &l->config_ref.size, err));
	ssize_t n = ingot_doc_array_len(l->manifest, "/layers");
	if (n < 0 || n > INGOT_MAX_DESCRIPTORS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it has %zd layers", n);
	l->layers = ingot_alloc_array((size_t)n + 1, sizeof(*l->layers));
	for (l->n_layers = 0; l->n_layers < (size_t)n; l->n_layers++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "/layers/%zu/digest", l->n_layers);
		ingot_pass(load_digest(l->manifest, at, &l->layers[l->n_layers], err));
	}
	ingot_try(err, blobs_read(b, &l->config_ref.digest, l->config_ref.size, INGOT_MAX_CONFIG, &l->config_json, err), "the config");
	ingot_try(err, ingot_decode_json_bytes(ingot_buf_view(&l->config_json), &l->config, err), "the config");
	return 0;
}

/* How many blobs look like signatures over this manifest. A look, not a check. */
static int count_signatures(const struct blobs *b, struct ingot_loaded *l, struct ingot_err *err)
{
	char digest[72];
	(void)ingot_digest_text(&l->manifest_ref.digest, digest);
	for (size_t i = 0; i < b->n; i++) {
		_cleanup_(blob_part_done) struct blob_part p = BLOB_PART_INIT;
		_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(64));
		struct ingot_err no = INGOT_ERR_INIT;
		if (ingot_digest_eq(&b->all[i], &l->manifest_ref.digest) || blobs_read(b, &b->all[i], UINT64_MAX, KIB(64), &text, &no) < 0)
			continue; /* a layer, or damaged: nothing to count */
		bool bundle = memmem(text.p, text.n, "\"subject\":{", 11) && memmem(text.p, text.n, digest, 71) && memmem(text.p, text.n, "dev.sigstore.bundle", 19);
		bool legacy = memmem(text.p, text.n, "\"layers\":[", 10) && memmem(text.p, text.n, "simplesigning.v1+json", 21);
		l->signatures += bundle || legacy;
	}
	return 0;
}

static int load(struct ingot_store *s, const char *path, unsigned flags, struct ingot_loaded *l, struct ingot_err *err)
{
	_cleanup_(blobs_done) struct blobs b = BLOBS_INIT;
	l->manifest_json.max = INGOT_MAX_MANIFEST;
	l->config_json.max = INGOT_MAX_CONFIG;
	ingot_pass(blobs_open(s, path, &b, err));
	ingot_try(err, find_manifest(&b, ingot_buf_view(&b.index), false, l, err), "its index");
	ingot_try(err, read_documents(&b, l, err), "the manifest %s", INGOT_DIGEST(&l->manifest_ref.digest));
	if (flags & INGOT_LOAD_SIGNATURES)
		ingot_pass(count_signatures(&b, l, err));
	return flags & INGOT_LOAD_TREE ? load_tree(&b, l, err) : 0;
}

int ingot_image_load(struct ingot_store *s, const char *path, unsigned flags, struct ingot_loaded *ret, struct ingot_err *err)
{
	_cleanup_(ingot_loaded_done) struct ingot_loaded l = { 0 };
	struct ingot_span p = ingot_span_of(path);
	if (ingot_span_starts(p, "oci-archive:"))
		path += 12;
	else if (ingot_span_starts(p, "oci:"))
		path += 4;
	ingot_try(err, load(s, path, flags, &l, err), "%s", INGOT_SHOW(ingot_span_of(path)));
	*ret = l;
	l = (struct ingot_loaded){ 0 };
	return 0;
}
