#include <inttypes.h>
#include <ingot/layer.h>
#include <ingot/limits.h>
#include <ingot/num.h>

/* tar -> (hash: diff_id) -> compressor -> blob, which hashes too: both digests from one pass. */
struct tee {
	struct ingot_hash *hash;
	struct ingot_compressor *compressor;
	uint64_t size;
};

static int tee_write(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	struct tee *t = ctx;
	ingot_hash_add(t->hash, p, n);
	t->size += n;
	return ingot_compressor_write(t->compressor, p, n, err);
}

static int blob_sink(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	return ingot_blob_write(ctx, p, n, err);
}

/* Everything that the blob's bytes depend on. Content is in the delta's id; the dialect is in the domain string, to be counted up with any change of tar.c. */
static int cache_key(const struct ingot_delta *d, const struct ingot_tree *parents, const struct ingot_layer_options *o, struct ingot_digest *ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	struct ingot_digest id;
	char version[64];
	ingot_delta_id(d, &id);
	ingot_compression_version(o->compression, o->level, version);
	ingot_buf_fmt(&b, "ingot-layer 1\n%s\n%s\n", INGOT_DIGEST(&id), version);
	ingot_pass(ingot_tar_parents(d, parents, &b, err));
	ingot_sha256(b.p, b.n, ret);
	return 0;
}

/* The record: "DIGEST SIZE DIFF_ID TAR_SIZE\n". -1 for any other text: then it is made again. */
static int parse_record(struct ingot_span text, struct ingot_layer *ret)
{
	struct ingot_span line, field[4], more;
	struct ingot_layer l = { 0 };
	if (!ingot_span_next(&text, '\n', &line) || text.n)
		return -1;
	for (int i = 0; i < 4; i++)
		if (!ingot_span_next(&line, ' ', &field[i]))
			return -1;
	if (ingot_span_next(&line, ' ', &more) || ingot_digest_parse(field[0], &l.digest) < 0 || ingot_parse_u64(field[1], INGOT_MAX_FILE, &l.size) < 0 ||
	    ingot_digest_parse(field[2], &l.diff_id) < 0 || ingot_parse_u64(field[3], UINT64_MAX, &l.tar_size) < 0)
		return -1;
	*ret = l;
	return 0;
}

static int remember(struct ingot_store *s, const struct ingot_digest *key, const struct ingot_layer *l, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(1));
	ingot_buf_fmt(&b, "%s %" PRIu64 " %s %" PRIu64 "\n", INGOT_DIGEST(&l->digest), l->size, INGOT_DIGEST(&l->diff_id), l->tar_size);
	return ingot_ref_put(s, "layer", key, ingot_buf_view(&b), &l->digest, 1, err);
}

static int encode(struct ingot_store *s, const struct ingot_delta *d, const struct ingot_tree *parents, const struct ingot_layer_options *o, struct ingot_layer *ret,
		  struct ingot_err *err)
{
	struct ingot_layer l = { .compression = o->compression, .fresh = true };
	_cleanup_(ingot_blob_abortp) struct ingot_blob *blob = NULL;
	ingot_pass(ingot_blob_begin(s, &blob, err));
	struct ingot_sink to_blob = { blob, blob_sink };
	_cleanup_(ingot_compressor_freep) struct ingot_compressor *c = NULL;
	ingot_pass(ingot_compressor_new(o->compression, o->level, &to_blob, &c, err));
	_cleanup_(ingot_hash_freep) struct ingot_hash *hash = ingot_hash_new();
	struct tee t = { hash, c, 0 };
	struct ingot_sink to_tee = { &t, tee_write };
	ingot_pass(ingot_tar_write(s, d, parents, &to_tee, err));
	ingot_pass(ingot_compressor_end(c, err));
	ingot_pass(ingot_blob_end(TAKE_PTR(blob), NULL, &l.digest, &l.size, err));
	ingot_hash_end(hash, &l.diff_id);
	l.tar_size = t.size;
	*ret = l;
	return 0;
}

int ingot_layer_make(struct ingot_store *s, const struct ingot_delta *d, const struct ingot_tree *parents, const struct ingot_layer_options *o, struct ingot_layer *ret,
		     struct ingot_err *err)
{
	struct ingot_digest key;
	ingot_try(err, cache_key(d, parents, o, &key, err), "a layer's key");
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(4));
	struct ingot_layer l;
	int hit = ingot_ref_get(s, "layer", &key, &text, err);
	ingot_pass(hit);
	if (hit && parse_record(ingot_buf_view(&text), &l) == 0) {
		l.compression = o->compression;
		*ret = l;
		return 0;
	}
	ingot_try(err, encode(s, d, parents, o, &l, err), "packing a layer");
	ingot_pass(remember(s, &key, &l, err));
	*ret = l;
	return 0;
}
