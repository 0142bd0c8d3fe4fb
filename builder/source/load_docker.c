/* Archives of docker: manifest.json names files of the archive, which have digests only once they are hashed. */
#include "load_impl.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/json.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <stdio.h>
#include <stdlib.h>

static int name_of(const struct ingot_doc *d, const char *pointer, struct ingot_span *ret, struct ingot_err *err)
{
	struct ingot_span s;
	ingot_pass(ingot_doc_string(d, pointer, &s, err));
	if (ingot_span_starts(s, "./"))
		s = (struct ingot_span){ s.p + 2, s.n - 2 };
	if (!s.n || !ingot_path_valid(s))
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: \"%s\" is no name of a file in the archive", pointer, INGOT_SHOW(s));
	*ret = s;
	return 0;
}

/* A name that is a digest has to be the right one: "blobs/sha256/HEX" (all of it), "HEX.json" and "sha256:HEX" (a config). */
static int check_name(struct ingot_span name, bool config, const struct ingot_digest *is, struct ingot_err *err)
{
	struct ingot_span hex = ingot_path_base(name);
	struct ingot_digest said;
	bool blob = ingot_span_starts(name, "blobs/sha256/");
	if (config && ingot_span_ends(hex, ".json"))
		hex.n -= 5;
	if (config && ingot_span_starts(hex, "sha256:"))
		hex = (struct ingot_span){ hex.p + 7, hex.n - 7 };
	if ((blob || config) && ingot_digest_parse_hex(hex, &said) == 0 && !ingot_digest_eq(&said, is))
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s hashes to %s", INGOT_SHOW(name), INGOT_DIGEST(is));
	return 0;
}

static int find_part(const struct blobs *b, const struct ingot_doc *d, const char *pointer, struct ingot_span *ret_name, const struct ingot_part **ret, struct ingot_err *err)
{
	ingot_pass(name_of(d, pointer, ret_name, err));
	ingot_try(err, parts_find(b, *ret_name, ret, err), "%s", pointer);
	return *ret ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s is missing", pointer, INGOT_SHOW(*ret_name));
}

/* The file that a pointer names, hashed, among b->named. */
static int add_part(struct blobs *b, const struct ingot_doc *d, const char *pointer, bool config, struct ingot_blob_ref *ret, const struct ingot_part **ret_part, struct ingot_err *err)
{
	const struct ingot_part *p;
	struct ingot_span name;
	struct ingot_layout_blob blob;
	ingot_pass(find_part(b, d, pointer, &name, &p, err));
	if (config && p->size > INGOT_MAX_CONFIG)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s has %llu bytes, too many for a config", pointer, INGOT_SHOW(name), (unsigned long long)p->size);
	blob.offset = p->offset;
	blob.size = p->size;
	ingot_try(err, parts_digest(b, p, &blob.name, err), "%s", pointer);
	ingot_try(err, check_name(name, config, &blob.name, err), "%s", pointer);
	ingot_reserve(b->named, b->n_named, b->cap_named);
	b->named[b->n_named++] = blob;
	*ret = (struct ingot_blob_ref){ blob.name, blob.size, false };
	*ret_part = p;
	return 0;
}

/* The media type that the first bytes speak of. */
static int layer_type(const struct blobs *b, const struct ingot_part *p, const char **ret, struct ingot_err *err)
{
	unsigned char magic[4] = { 0 };
	ingot_pass(ingot_pread_all(b->fd, magic, p->size < 4 ? (size_t)p->size : 4, p->offset, err));
	bool gzip = magic[0] == 0x1f && magic[1] == 0x8b, zstd = memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0;
	*ret = gzip ? INGOT_MT_LAYER "+gzip" : zstd ? INGOT_MT_LAYER "+zstd" : INGOT_MT_LAYER;
	return 0;
}

static void put_descriptor(struct ingot_json *j, const char *key, const char *type, const struct ingot_blob_ref *ref)
{
	ingot_json_object(j, key);
	ingot_json_str(j, "mediaType", type);
	ingot_json_str(j, "digest", INGOT_DIGEST(&ref->digest));
	ingot_json_u64(j, "size", ref->size);
	ingot_json_end(j, '}');
}

static int make_manifest(struct blobs *b, const struct ingot_doc *d, size_t i, struct ingot_loaded *l, struct ingot_err *err)
{
	struct ingot_json j = INGOT_JSON(&l->manifest_json);
	struct ingot_blob_ref ref;
	const struct ingot_part *part;
	const char *type;
	char at[64];
	(void)snprintf(at, sizeof(at), "/%zu/Config", i);
	ingot_pass(add_part(b, d, at, true, &ref, &part, err));
	ingot_json_object(&j, NULL);
	ingot_json_u64(&j, "schemaVersion", 2);
	ingot_json_str(&j, "mediaType", INGOT_MT_MANIFEST);
	put_descriptor(&j, "config", INGOT_MT_CONFIG, &ref);
	(void)snprintf(at, sizeof(at), "/%zu/Layers", i);
	const struct ingot_doc_value *layers = ingot_doc_get(d, at);
	ssize_t n = layers && layers->kind == INGOT_J_NULL ? 0 : ingot_doc_array_len(d, at);
	if (n < 0 || n > INGOT_MAX_DESCRIPTORS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s is no list of up to %d", at, INGOT_MAX_DESCRIPTORS);
	ingot_json_array(&j, "layers");
	for (ssize_t k = 0; k < n; k++) {
		(void)snprintf(at, sizeof(at), "/%zu/Layers/%zd", i, k);
		ingot_pass(add_part(b, d, at, false, &ref, &part, err));
		ingot_pass(layer_type(b, part, &type, err));
		put_descriptor(&j, NULL, type, &ref);
	}
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	blobs_sort(b);
	return ingot_buf_check(&l->manifest_json, "the manifest", err);
}

/* Both names in full are the same; one that is no name of an image is compared as it stands. */
static bool same_name(struct ingot_span a, const char *b)
{
	struct ingot_reference x, y;
	struct ingot_err no = INGOT_ERR_INIT;
	if (ingot_span_is(a, b))
		return true;
	return ingot_reference_parse(a, &x, &no) == 0 && ingot_reference_parse(ingot_span_of(b), &y, &no) == 0 && strcmp(x.full, y.full) == 0;
}

static bool has_tag(const struct ingot_doc *d, size_t i, const char *name)
{
	const struct ingot_doc_value *tags = ingot_doc_getf(d, "/%zu/RepoTags", i);
	for (size_t k = 0; tags && tags->kind == INGOT_J_ARRAY && k < tags->n; k++) {
		const struct ingot_doc_value *v = ingot_doc_child(d, tags, k);
		if (v && v->kind == INGOT_J_STRING && same_name(v->value, name))
			return true;
	}
	return false;
}

/* docker's id of an image is the digest of its config. */
static int is_config(struct blobs *b, const struct ingot_doc *d, size_t i, const struct ingot_digest *id, bool *ret, struct ingot_err *err)
{
	char at[64];
	const struct ingot_part *p;
	struct ingot_span name;
	struct ingot_digest is;
	(void)snprintf(at, sizeof(at), "/%zu/Config", i);
	ingot_pass(find_part(b, d, at, &name, &p, err));
	if (p->size > INGOT_MAX_CONFIG)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s has %llu bytes, too many for a config", at, INGOT_SHOW(name), (unsigned long long)p->size);
	ingot_pass(parts_digest(b, p, &is, err));
	*ret = ingot_digest_eq(&is, id);
	return 0;
}

static int choose(struct blobs *b, const struct ingot_doc *d, const struct where *w, size_t *ret, struct ingot_err *err)
{
	ssize_t n = ingot_doc_array_len(d, "");
	if (n < 1 || n > INGOT_MAX_DESCRIPTORS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is no list of images");
	size_t found = 0, at = 0;
	for (size_t i = 0; i < (size_t)n; i++) {
		bool meant = w->has_index ? i == w->index : !w->name || has_tag(d, i, w->name);
		if (meant && w->has_digest)
			ingot_pass(is_config(b, d, i, &w->digest, &meant, err));
		if (meant && !found++)
			at = i;
	}
	if (!found) {
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "it has no such image");
		return ingot_hint(err, "with an archive of docker a name is REPOSITORY:TAG as docker shows it, a number counts from 0, and a digest is the image's id");
	}
	if (found > 1) {
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "it names %zu images%s", found, w->name ? " of that name" : "");
		return ingot_hint(err, "say which is meant: docker-archive:FILE:NAME:TAG or docker-archive:FILE:@0");
	}
	*ret = at;
	return 0;
}

static int choose_and_make(struct blobs *b, const struct where *w, struct ingot_loaded *l, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	size_t i = 0;
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&b->docker_json), &d, err));
	ingot_pass(choose(b, d, w, &i, err));
	ingot_pass(make_manifest(b, d, i, l, err));
	const struct ingot_doc_value *tag = ingot_doc_getf(d, "/%zu/RepoTags/0", i);
	if (w->name)
		(void)snprintf(l->name, sizeof(l->name), "%s", INGOT_SHOW(ingot_span_of(w->name)));
	else if (tag && tag->kind == INGOT_J_STRING)
		(void)snprintf(l->name, sizeof(l->name), "%s", INGOT_SHOW(tag->value));
	l->manifest_ref.size = l->manifest_json.n;
	ingot_sha256(l->manifest_json.p, l->manifest_json.n, &l->manifest_ref.digest);
	l->manifest_made = true;
	return 0;
}

int docker_choose(struct blobs *b, const struct where *w, struct ingot_loaded *l, struct ingot_err *err)
{
	ingot_try(err, choose_and_make(b, w, l, err), "manifest.json");
	return load_documents(b, INGOT_MT_MANIFEST, l, err);
}

/* The config of an entry is the one of this image. In a directory or an archive of ours only names can be compared: every blob is called by its digest. */
static int names_config(struct blobs *b, const struct ingot_doc *d, size_t i, const struct ingot_digest *config, bool *ret, struct ingot_err *err)
{
	struct ingot_span name;
	struct ingot_digest said;
	char at[64];
	if (b->fd >= 0)
		return is_config(b, d, i, config, ret, err);
	(void)snprintf(at, sizeof(at), "/%zu/Config", i);
	ingot_pass(name_of(d, at, &name, err));
	*ret = ingot_span_starts(name, "blobs/sha256/") && ingot_digest_parse_hex(ingot_path_base(name), &said) == 0 && ingot_digest_eq(&said, config);
	return 0;
}

static int agrees(struct blobs *b, const struct platform *p, const struct ingot_loaded *l, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&b->docker_json), &d, err));
	ssize_t n = ingot_doc_array_len(d, "");
	if (n < 0 || n > INGOT_MAX_DESCRIPTORS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is no list of images");
	for (size_t i = 0; i < (size_t)n; i++) {
		bool same;
		ingot_pass(names_config(b, d, i, &l->config_ref.digest, &same, err));
		if (same)
			return 0;
	}
	/* It has room for one platform only (interop 1.6). */
	if (p->decided)
		return 0;
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "it names another image than index.json, so that tools read different images here");
	return ingot_hint(err, "say which is meant: oci-archive:FILE or docker-archive:FILE");
}

int docker_agrees(struct blobs *b, const struct platform *p, const struct ingot_loaded *l, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf ours = INGOT_BUF(INGOT_MAX_MANIFEST);
	struct ingot_err no = INGOT_ERR_INIT;
	if (!b->docker_json.n)
		return 0;
	if (ingot_docker_json(l->name, &l->config_ref.digest, l->layers, l->n_layers, &ours, &no) == 0 && ingot_span_eq(ingot_buf_view(&ours), ingot_buf_view(&b->docker_json)))
		return 0;
	ingot_try(err, agrees(b, p, l, err), "manifest.json");
	return 0;
}
