/* One meaning for each document (safety 2.5): what is present has to be what its place asks for, and nothing that another reader would take for something else. */
#include "load_impl.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <stdio.h>

#define DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define FOREIGN_LAYER "application/vnd.docker.image.rootfs.foreign.diff.tar"
#define ND_LAYER "application/vnd.oci.image.layer.nondistributable.v1.tar"

static const char *const config_types[] = { INGOT_MT_CONFIG, "application/vnd.docker.container.image.v1+json", NULL };
/* How a layer is compressed is told by its bytes, as every reader does it; diff_ids say what they have to unpack to. */
static const char *const layer_types[] = { INGOT_MT_LAYER, INGOT_MT_LAYER "+gzip", INGOT_MT_LAYER "+zstd", DOCKER_LAYER, DOCKER_LAYER ".gzip", DOCKER_LAYER ".zstd", ND_LAYER, ND_LAYER "+gzip", ND_LAYER "+zstd",
					   FOREIGN_LAYER, FOREIGN_LAYER ".gzip", NULL };

static int media_type(const struct ingot_doc *d, const char *at, const char *const *types, const char **ret, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *pointer = ingot_strf("%s/mediaType", at);
	struct ingot_span type;
	ingot_pass(ingot_doc_string(d, pointer, &type, err));
	for (; *types; types++)
		if (ingot_span_is(type, *types)) {
			*ret = *types;
			return 0;
		}
	return ingot_fail(err, INGOT_E_OUTSIDE, "%s: \"%s\" does not belong here", pointer, INGOT_SHOW(type));
}

int load_descriptor(const struct ingot_doc *d, const char *at, const char *const *types, uint64_t max, struct ingot_blob_ref *ret, const char **ret_type, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *digest = ingot_strf("%s/digest", at), *size = ingot_strf("%s/size", at);
	struct ingot_blob_ref ref = { .fresh = false };
	const char *type;
	ingot_pass(media_type(d, at, types, &type, err));
	ingot_pass(ingot_doc_digest(d, digest, &ref.digest, err));
	ingot_pass(ingot_doc_u64(d, size, max, &ref.size, err));
	const struct ingot_doc_value *urls = ingot_doc_getf(d, "%s/urls", at);
	if (urls && urls->kind != INGOT_J_NULL && !(urls->kind == INGOT_J_ARRAY && !urls->n))
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s/urls: its bytes are said to be somewhere else, and nothing is fetched from addresses that an image names", at);
	*ret = ref;
	*ret_type = type;
	return 0;
}

int load_check_type(const struct ingot_doc *d, const char *type, bool index, struct ingot_err *err)
{
	static const char *const not_index[] = { "config", "layers", "fsLayers", NULL }, *const not_manifest[] = { "manifests", "fsLayers", NULL };
	uint64_t version;
	ingot_pass(ingot_doc_u64(d, "/schemaVersion", UINT32_MAX, &version, err));
	if (version != 2)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/schemaVersion is %llu; 2 is read", (unsigned long long)version);
	const struct ingot_doc_value *own = ingot_doc_get(d, "/mediaType");
	bool matches = !own || (own->kind == INGOT_J_STRING && (type ? ingot_span_is(own->value, type) : ingot_span_is(own->value, INGOT_MT_INDEX) || ingot_span_is(own->value, INGOT_MT_DOCKER_LIST)));
	if (!matches)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/mediaType is \"%s\", and %s \"%s\"", INGOT_SHOW(own->value), type ? "its descriptor says" : "what belongs here is", type ? type : INGOT_MT_INDEX);
	/* CVE-2021-41190: one digest that is an index to some and a manifest to others. */
	for (const char *const *key = index ? not_index : not_manifest; *key; key++)
		if (ingot_doc_getf(d, "/%s", *key))
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s: it is an index and a manifest at once", *key);
	return 0;
}

/* Elements of an array that may be missing or null, as Go writes an empty one. -1: it is something else. */
static ssize_t list_len(const struct ingot_doc *d, const char *pointer)
{
	const struct ingot_doc_value *v = ingot_doc_get(d, pointer);
	return !v || v->kind == INGOT_J_NULL ? 0 : ingot_doc_array_len(d, pointer);
}

static int read_layers(const struct blobs *b, struct ingot_loaded *l, struct ingot_err *err)
{
	ssize_t n = list_len(l->manifest, "/layers");
	if (n < 0 || n > INGOT_MAX_DESCRIPTORS || !ingot_doc_get(l->manifest, "/layers"))
		return ingot_fail(err, INGOT_E_OUTSIDE, "/layers is no list of up to %d", INGOT_MAX_DESCRIPTORS);
	l->layers = ingot_alloc_array((size_t)n + 1, sizeof(*l->layers));
	for (l->n_layers = 0; l->n_layers < (size_t)n; l->n_layers++) {
		char at[64];
		struct ingot_blob_ref ref;
		const char *type;
		(void)snprintf(at, sizeof(at), "/layers/%zu", l->n_layers);
		ingot_pass(load_descriptor(l->manifest, at, layer_types, INGOT_MAX_FILE, &ref, &type, err));
		ingot_try(err, blobs_present(b, &ref.digest, ref.size, err), "%s", at);
		l->layers[l->n_layers] = ref.digest;
	}
	return 0;
}

static bool digits(struct ingot_span s, size_t at, size_t n)
{
	for (size_t i = at; i < at + n; i++)
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* RFC 3339, "date-time": other tools fail on anything else (interop 1.4). */
static bool is_time(struct ingot_span s)
{
	static const char shape[] = "0000-00-00T00:00:00";
	size_t i = 0;
	for (; i < sizeof(shape) - 1; i++)
		if (i >= s.n || (shape[i] == '0' ? !digits(s, i, 1) : s.p[i] != shape[i]))
			return false;
	if (i < s.n && s.p[i] == '.') {
		size_t from = ++i;
		while (digits(s, i, 1))
			i++;
		if (i == from)
			return false;
	}
	if (i < s.n && s.p[i] == 'Z')
		return i + 1 == s.n;
	return i + 6 == s.n && (s.p[i] == '+' || s.p[i] == '-') && digits(s, i + 1, 2) && s.p[i + 3] == ':' && digits(s, i + 4, 2);
}

static int check_history(const struct ingot_doc *d, size_t layers, struct ingot_err *err)
{
	ssize_t n = list_len(d, "/history");
	size_t with = 0;
	for (ssize_t i = 0; i < n; i++) {
		const struct ingot_doc_value *empty = ingot_doc_getf(d, "/history/%zd/empty_layer", i);
		with += !(empty && empty->kind == INGOT_J_BOOL && ingot_span_is(empty->value, "true"));
	}
	if (n < 0 || with > layers)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/history tells of %zu layers, and there are %zu", with, layers);
	return 0;
}

static int check_config(const struct ingot_doc *d, size_t layers, struct ingot_err *err)
{
	const struct ingot_doc_value *root = ingot_doc_get(d, ""), *created = ingot_doc_get(d, "/created"), *type = ingot_doc_get(d, "/rootfs/type");
	if (root->kind != INGOT_J_OBJECT)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is no object");
	if (created && created->kind != INGOT_J_NULL && (created->kind != INGOT_J_STRING || !is_time(created->value)))
		return ingot_fail(err, INGOT_E_OUTSIDE, "/created is no time as RFC 3339 has it: \"%s\"", INGOT_SHOW(created->value));
	if (type && !(type->kind == INGOT_J_STRING && ingot_span_is(type->value, "layers")))
		return ingot_fail(err, INGOT_E_OUTSIDE, "/rootfs/type is \"%s\"; \"layers\" is known", INGOT_SHOW(type->value));
	ssize_t ids = list_len(d, "/rootfs/diff_ids");
	if (ids < 0 || (size_t)ids != layers)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/rootfs/diff_ids: the manifest has %zu layers and the config %zd diff_ids", layers, ids);
	return check_history(d, layers, err);
}

int load_documents(const struct blobs *b, const char *type, struct ingot_loaded *l, struct ingot_err *err)
{
	const char *config_type;
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&l->manifest_json), &l->manifest, err));
	ingot_pass(load_check_type(l->manifest, type, false, err));
	ingot_pass(load_descriptor(l->manifest, "/config", config_types, INGOT_MAX_CONFIG, &l->config_ref, &config_type, err));
	ingot_pass(read_layers(b, l, err));
	ingot_try(err, blobs_read(b, &l->config_ref.digest, l->config_ref.size, INGOT_MAX_CONFIG, &l->config_json, err), "/config");
	ingot_try(err, ingot_decode_json_bytes(ingot_buf_view(&l->config_json), &l->config, err), "the config %s", INGOT_DIGEST(&l->config_ref.digest));
	ingot_try(err, check_config(l->config, l->n_layers, err), "the config %s", INGOT_DIGEST(&l->config_ref.digest));
	return 0;
}
