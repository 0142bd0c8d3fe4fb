#include "load_impl.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <stdlib.h>

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

/* How many blobs look like signatures over this manifest. A look, not a check. */
static void count_signatures(const struct blobs *b, struct ingot_loaded *l)
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
}

static int load(struct ingot_store *s, const struct where *w, struct platform *p, unsigned flags, struct ingot_loaded *l, struct ingot_err *err)
{
	_cleanup_(blobs_done) struct blobs b = BLOBS_INIT;
	l->manifest_json.max = INGOT_MAX_MANIFEST;
	l->config_json.max = INGOT_MAX_CONFIG;
	ingot_pass(blobs_open(s, w, &b, err));
	ingot_pass(b.docker ? docker_choose(&b, w, l, err) : index_choose(&b, w, p, l, err));
	ingot_pass(platform_check(p, l->config, err));
	if (!b.docker && w->transport == ANY && !w->has_digest)
		ingot_pass(docker_agrees(&b, p, l, err));
	if (flags & INGOT_LOAD_SIGNATURES)
		count_signatures(&b, l);
	return flags & INGOT_LOAD_TREE ? load_tree(&b, l, err) : 0;
}

int ingot_image_load_for(struct ingot_store *s, const char *where, const char *platform, unsigned flags, struct ingot_loaded *ret, struct ingot_err *err)
{
	_cleanup_(ingot_loaded_done) struct ingot_loaded l = { 0 };
	_cleanup_(where_done) struct where w = { 0 };
	struct platform p;
	ingot_pass(where_parse(where, &w, err));
	ingot_pass(platform_parse(platform, &p, err));
	ingot_try(err, load(s, &w, &p, flags, &l, err), "%s", INGOT_SHOW(ingot_span_of(w.path)));
	*ret = l;
	l = (struct ingot_loaded){ 0 };
	return 0;
}

int ingot_image_load(struct ingot_store *s, const char *where, unsigned flags, struct ingot_loaded *ret, struct ingot_err *err)
{
	return ingot_image_load_for(s, where, NULL, flags, ret, err);
}
