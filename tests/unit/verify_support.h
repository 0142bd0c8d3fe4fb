/* A signed image in a store, and the question whether an archive of it holds. */
#pragma once
#include "oci_support.h"
#include <ingot/sign.h>
#include <ingot/verify.h>

#define NAME "registry.example.com/demo/app:1.0"

static struct sample sample;
static struct ingot_signatures sig[2];
static struct ingot_buf pub[2];

static inline void setup(void)
{
	store_setup();
	sample_make(&sample, NAME);
	for (int i = 0; i < 2; i++) {
		_cleanup_(ingot_freep) char *prefix = ingot_strf("%s/k%d", tmp, i), *key_path = ingot_strf("%s.key", prefix), *pub_path = ingot_strf("%s.pub", prefix);
		ok(ingot_keygen(prefix, false, INGOT_SPAN(""), &err));
		struct ingot_key key = { .path = key_path, .fd = -1 };
		ok(ingot_sign_image(store, &key, &sample.docs.manifest, NAME, 1700000000, &sig[i], &err));
		pub[i] = (struct ingot_buf)INGOT_BUF(KIB(4));
		ok(ingot_read_file(pub_path, KIB(4), &pub[i], &err));
	}
}

static inline void teardown(void)
{
	ingot_image_docs_done(&sample.docs);
	ingot_buf_done(&pub[0]);
	ingot_buf_done(&pub[1]);
	store_teardown();
}

static inline const char *archive(const struct ingot_blob_ref *extra, size_t n)
{
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs, .extra = extra, .n_extra = n };
	const char *path = in_tmp("a.tar");
	err = (struct ingot_err)INGOT_ERR_INIT;
	ok(ingot_archive_write(store, &a, path, &err));
	return path;
}

static inline int verify(const char *path, const struct ingot_span *keys, size_t n, unsigned threshold)
{
	struct ingot_verified *v = NULL;
	err = (struct ingot_err)INGOT_ERR_INIT;
	int r = ingot_verify_archive(path, keys, n, threshold, &v, &err);
	ck_assert((r == 0) == (v != NULL)); /* the token exists exactly when the answer is yes */
	ck_assert((r == 0) == (err.code == INGOT_OK));
	ingot_verified_free(v);
	return r;
}

static inline int by_key0(const char *path)
{
	struct ingot_span k = ingot_buf_view(&pub[0]);
	return verify(path, &k, 1, 1);
}

static inline struct ingot_blob_ref put(const char *text, size_t n)
{
	struct ingot_blob_ref r = { .size = n, .fresh = true };
	ok(ingot_store_put(store, text, n, &r.digest, &err));
	return r;
}

/* One text in a document exchanged for another; the document goes into the store, and everything above it is made and signed anew. */
static inline void exchange(struct ingot_buf *doc, const char *from, const char *to)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(64));
	const char *at = strstr(ingot_buf_cstr(doc), from);
	ck_assert_msg(at != NULL, "%s is not in %s", from, doc->p);
	ingot_buf_put(&b, doc->p, (size_t)(at - doc->p));
	ingot_buf_str(&b, to);
	ingot_buf_str(&b, at + strlen(from));
	ingot_buf_clear(doc);
	ingot_buf_span(doc, ingot_buf_view(&b));
}

static inline int resigned(void)
{
	struct ingot_image_docs *d = &sample.docs;
	char was[128], is[128];
	(void)snprintf(was, sizeof(was), "%s\",\"size\":%llu", INGOT_HEX(&d->config.digest), (unsigned long long)d->config.size);
	struct ingot_blob_ref config = put(d->config_json.p, d->config_json.n);
	(void)snprintf(is, sizeof(is), "%s\",\"size\":%llu", INGOT_HEX(&config.digest), (unsigned long long)config.size);
	if (!ingot_digest_eq(&config.digest, &d->config.digest))
		exchange(&d->manifest_json, was, is);
	d->config = config;
	d->manifest = put(d->manifest_json.p, d->manifest_json.n);
	struct ingot_key key = { .path = in_tmp("k0.key"), .fd = -1 };
	ok(ingot_sign_image(store, &key, &d->manifest, NAME, 1700000000, &sig[0], &err));
	return by_key0(archive(sig[0].blobs, INGOT_SIGNATURE_BLOBS));
}
