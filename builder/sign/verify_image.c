#include "verify.h"
#include <ingot/compress.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/image.h>
#include <ingot/limits.h>
#include <ingot/media_type.h>
#include <ingot/mem.h>
#include <stdarg.h>
#include <stdio.h>


int not_proved(struct ingot_err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ingot_fail(err, INGOT_E_FALSE, "%s", text);
}

int verify_keys(const struct ingot_doc *d, const char *pointer, const char *const *keys, struct ingot_err *err)
{
	const struct ingot_doc_value *o = ingot_doc_get(d, pointer);
	if (!o || o->kind != INGOT_J_OBJECT)
		return not_proved(err, "\"%s\" is no object", pointer);
	for (size_t i = 0; i < o->n; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf key = INGOT_BUF(KIB(2));
		ingot_doc_key(ingot_doc_child(d, o, i), &key);
		size_t k = 0;
		while (keys[k] && !ingot_span_is(ingot_buf_view(&key), keys[k]))
			k++;
		if (!keys[k])
			return not_proved(err, "\"%s\" holds the unknown key \"%s\"", pointer, INGOT_SHOW(ingot_buf_view(&key)));
	}
	return 0;
}

static int string_is(const struct ingot_doc *d, const char *pointer, const char *expected, struct ingot_err *err)
{
	struct ingot_span s;
	ingot_pass(ingot_doc_string(d, pointer, &s, err));
	return ingot_span_is(s, expected) ? 0 : not_proved(err, "\"%s\" is \"%s\", not \"%s\"", pointer, INGOT_SHOW(s), expected);
}

static int get_digest(const struct ingot_doc *d, const char *pointer, struct ingot_digest *ret, struct ingot_err *err)
{
	struct ingot_span s;
	ingot_pass(ingot_doc_string(d, pointer, &s, err));
	return ingot_digest_parse(s, ret) == 0 ? 0 : not_proved(err, "\"%s\" is no sha256 digest: \"%s\"", pointer, INGOT_SHOW(s));
}

int verify_descriptor(struct examination *x, const struct ingot_doc *d, const char *pointer, const char *media_type, uint64_t max, const struct ingot_layout_blob **ret,
		      struct ingot_err *err)
{
	char at[128];
	struct ingot_digest digest;
	uint64_t size;
	if (media_type) {
		(void)snprintf(at, sizeof(at), "%s/mediaType", pointer);
		ingot_pass(string_is(d, at, media_type, err));
	}
	(void)snprintf(at, sizeof(at), "%s/digest", pointer);
	ingot_pass(get_digest(d, at, &digest, err));
	(void)snprintf(at, sizeof(at), "%s/size", pointer);
	ingot_pass(ingot_doc_u64(d, at, max, &size, err));
	const struct ingot_layout_blob *b = ingot_layout_find(x->layout, &digest);
	if (!b)
		return not_proved(err, "the blob %s that \"%s\" names is missing", INGOT_DIGEST(&digest), pointer);
	if (b->size != size)
		return not_proved(err, "the blob %s has %llu bytes and \"%s\" says %llu", INGOT_DIGEST(&digest), (unsigned long long)b->size, pointer, (unsigned long long)size);
	x->used[b - ingot_layout_at(x->layout, 0)] = true;
	*ret = b;
	return 0;
}

static int read_doc(const struct examination *x, const struct ingot_layout_blob *b, uint64_t max, struct ingot_doc **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_MANIFEST);
	ingot_pass(ingot_layout_read(x->layout, b, max, &text, err));
	return ingot_decode_json_bytes(ingot_buf_view(&text), ret, err);
}

/* Where the index points. Whether it is otherwise right is seen when it is made again. */
static int read_index(struct examination *x, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	ingot_pass(ingot_decode_json_bytes(ingot_layout_index(x->layout), &d, err));
	if (ingot_doc_array_len(d, "/manifests") != 1)
		return not_proved(err, "it names %zd images; exactly one is what every tool understands alike", ingot_doc_array_len(d, "/manifests"));
	const struct ingot_layout_blob *b = NULL;
	ingot_pass(verify_descriptor(x, d, "/manifests/0", INGOT_MT_MANIFEST, INGOT_MAX_MANIFEST, &b, err));
	ingot_assert(b);
	x->manifest = b->name;
	x->manifest_size = b->size;
	struct ingot_span name;
	ingot_pass(ingot_doc_string(d, "/manifests/0/annotations/io.containerd.image.name", &name, err));
	if (ingot_reference_parse(name, &x->name, err) < 0) {
		err->code = INGOT_E_FALSE; /* no mistake of the user's */
		return -1;
	}
	return ingot_span_is(name, x->name.full) ? 0 : not_proved(err, "the name \"%s\" is not in its full form", INGOT_SHOW(name));
}

static int read_layers(struct examination *x, const struct ingot_doc *m, struct ingot_err *err)
{
	static const char *const keys[] = { "mediaType", "digest", "size", NULL };
	ssize_t n = ingot_doc_array_len(m, "/layers");
	if (n < 1 || n > INGOT_MAX_DESCRIPTORS)
		return not_proved(err, "it has %zd layers", n);
	x->layers = ingot_alloc_array((size_t)n, sizeof(*x->layers));
	x->n_layers = (size_t)n;
	for (size_t i = 0; i < x->n_layers; i++) {
		char at[64], type[80];
		struct ingot_span media;
		const struct ingot_layout_blob *b = NULL;
		(void)snprintf(at, sizeof(at), "/layers/%zu", i);
		(void)snprintf(type, sizeof(type), "%s/mediaType", at);
		ingot_pass(verify_keys(m, at, keys, err));
		ingot_pass(ingot_doc_string(m, type, &media, err));
		int k = INGOT_ZSTD;
		while (k <= INGOT_PLAIN && !ingot_span_is(media, ingot_compression_media_type((enum ingot_compression)k)))
			k++;
		if (k > INGOT_PLAIN)
			return not_proved(err, "layer %zu is of the unknown type \"%s\"", i, INGOT_SHOW(media));
		ingot_pass(verify_descriptor(x, m, at, NULL, INGOT_MAX_FILE, &b, err));
		ingot_assert(b);
		x->layers[i] = (struct ingot_verify_layer){ .digest = b->name, .size = b->size, .compressed = k != INGOT_PLAIN };
	}
	return 0;
}

static int read_manifest(struct examination *x, const struct ingot_layout_blob **ret_config, struct ingot_err *err)
{
	static const char *const keys[] = { "schemaVersion", "mediaType", "config", "layers", "annotations", NULL }, *const descriptor[] = { "mediaType", "digest", "size", NULL };
	_cleanup_(ingot_doc_freep) struct ingot_doc *m = NULL;
	uint64_t version;
	ingot_pass(read_doc(x, ingot_layout_find(x->layout, &x->manifest), INGOT_MAX_MANIFEST, &m, err));
	ingot_pass(verify_keys(m, "", keys, err));
	ingot_pass(ingot_doc_u64(m, "/schemaVersion", 2, &version, err));
	ingot_pass(string_is(m, "/mediaType", INGOT_MT_MANIFEST, err));
	if (version != 2)
		return not_proved(err, "its schemaVersion is not 2");
	ingot_pass(verify_keys(m, "/config", descriptor, err));
	ingot_pass(verify_descriptor(x, m, "/config", INGOT_MT_CONFIG, INGOT_MAX_CONFIG, ret_config, err));
	ingot_assert(*ret_config);
	x->config = (*ret_config)->name;
	struct ingot_span created = INGOT_SPAN("");
	if (ingot_doc_get(m, "/annotations/org.opencontainers.image.created"))
		ingot_pass(ingot_doc_string(m, "/annotations/org.opencontainers.image.created", &created, err));
	x->created.max = 64;
	ingot_buf_span(&x->created, created);
	ingot_pass(ingot_buf_check(&x->created, "the time of creation", err));
	return read_layers(x, m, err);
}

static int check_config(struct examination *x, const struct ingot_doc *c, struct ingot_err *err)
{
	static const char *const keys[] = { "created", "architecture", "variant", "os", "config", "rootfs", "history", NULL }, *const rootfs[] = { "type", "diff_ids", NULL };
	ingot_pass(verify_keys(c, "", keys, err));
	ingot_pass(string_is(c, "/os", "linux", err));
	ingot_pass(verify_keys(c, "/rootfs", rootfs, err));
	ingot_pass(string_is(c, "/rootfs/type", "layers", err));
	if (ingot_doc_array_len(c, "/rootfs/diff_ids") != (ssize_t)x->n_layers)
		return not_proved(err, "it has %zd diff_ids for %zu layers", ingot_doc_array_len(c, "/rootfs/diff_ids"), x->n_layers);
	for (size_t i = 0; i < x->n_layers; i++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "/rootfs/diff_ids/%zu", i);
		ingot_pass(get_digest(c, at, &x->layers[i].diff_id, err));
	}
	/* Each entry counts as a layer here: ingot writes no empty ones. */
	if (ingot_doc_get(c, "/history") && ingot_doc_array_len(c, "/history") != (ssize_t)x->n_layers)
		return not_proved(err, "its history has %zd entries for %zu layers", ingot_doc_array_len(c, "/history"), x->n_layers);
	return 0;
}

/* Both indexes again, from what the manifest and the config say. They are not signed; so nothing in them may be free. */
static int same_documents(const struct examination *x, const struct ingot_doc *c, struct ingot_err *err)
{
	struct ingot_span architecture, variant = { 0 };
	ingot_pass(ingot_doc_string(c, "/architecture", &architecture, err));
	if (ingot_doc_get(c, "/variant"))
		ingot_pass(ingot_doc_string(c, "/variant", &variant, err));
	if (ingot_span_has(architecture, '\0') || ingot_span_has(variant, '\0'))
		return not_proved(err, "the config names no architecture");
	_cleanup_(ingot_freep) char *a = ingot_strf("%.*s", INGOT_SPAN_ARG(architecture)), *v = variant.p ? ingot_strf("%.*s", INGOT_SPAN_ARG(variant)) : NULL;
	struct ingot_index_facts f = { .name = x->name.full, .manifest = { x->manifest, x->manifest_size, false }, .architecture = a, .variant = v, .os = "linux" };
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_MANIFEST);
	ingot_pass(ingot_index_json(&f, &text, err));
	if (!ingot_span_eq(ingot_buf_view(&text), ingot_layout_index(x->layout)))
		return not_proved(err, "index.json is not what ingot writes for this image");
	struct ingot_digest *layers = ingot_alloc_array(x->n_layers, sizeof(*layers));
	_cleanup_(ingot_freep) void *owner = layers;
	for (size_t i = 0; i < x->n_layers; i++)
		layers[i] = x->layers[i].digest;
	ingot_buf_clear(&text);
	ingot_pass(ingot_docker_json(x->name.full, &x->config, layers, x->n_layers, &text, err));
	if (!ingot_span_eq(ingot_buf_view(&text), ingot_layout_docker(x->layout)))
		return not_proved(err, "manifest.json is not what ingot writes for this image");
	return 0;
}

int verify_documents(struct examination *x, struct ingot_err *err)
{
	const struct ingot_layout_blob *config = NULL;
	_cleanup_(ingot_doc_freep) struct ingot_doc *c = NULL;
	ingot_try(err, read_index(x, err), "index.json");
	ingot_try(err, read_manifest(x, &config, err), "the manifest %s", INGOT_DIGEST(&x->manifest));
	ingot_try(err, read_doc(x, config, INGOT_MAX_CONFIG, &c, err), "the config %s", INGOT_DIGEST(&x->config));
	ingot_try(err, check_config(x, c, err), "the config %s", INGOT_DIGEST(&x->config));
	return same_documents(x, c, err);
}

struct count {
	struct ingot_hash *hash;
	uint64_t n;
};

static int count(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	struct count *c = ctx;
	ingot_hash_add(c->hash, p, n);
	c->n += n;
	return 0;
}

static int unpack(const struct examination *x, struct ingot_verify_layer *l, struct ingot_err *err)
{
	const struct ingot_layout_blob *b = ingot_layout_find(x->layout, &l->digest);
	_cleanup_(ingot_closep) int fd = -1;
	uint64_t offset;
	ingot_pass(ingot_layout_fd(x->layout, b, &fd, &offset, err));
	_cleanup_(ingot_hash_freep) struct ingot_hash *hash = ingot_hash_new();
	struct count c = { hash, 0 };
	/* Its size is not declared, but its maker is known by now: the ratio for strangers would refuse a large file of zeros. */
	ingot_pass(ingot_decode_stream((struct ingot_input){ fd, offset, b->size }, INGOT_MAX_FILE, count, &c, err));
	struct ingot_digest is;
	ingot_hash_end(hash, &is);
	if (!ingot_digest_eq(&is, &l->diff_id))
		return not_proved(err, "it unpacks to %s, and the config says %s", INGOT_DIGEST(&is), INGOT_DIGEST(&l->diff_id));
	l->tar_size = c.n;
	return 0;
}

int verify_layers(struct examination *x, struct ingot_err *err)
{
	for (size_t i = 0; i < x->n_layers; i++) {
		struct ingot_verify_layer *l = &x->layers[i];
		if (!l->compressed) {
			if (!ingot_digest_eq(&l->digest, &l->diff_id))
				return not_proved(err, "layer %zu is %s, and the config says %s", i, INGOT_DIGEST(&l->digest), INGOT_DIGEST(&l->diff_id));
			l->tar_size = l->size;
			continue;
		}
		ingot_try(err, unpack(x, l, err), "layer %zu (%s)", i, INGOT_DIGEST(&l->digest));
	}
	return 0;
}
