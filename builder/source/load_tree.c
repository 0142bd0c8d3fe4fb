#include "load_impl.h"
#include <ingot/escape.h>
#include <ingot/intake.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <stdio.h>

/* A layer that was read before is remembered under this: what it says, and where its contents are. */
#define LAYER_REF "loaded"

static void ref_key(const struct ingot_digest *layer, const struct ingot_digest *diff_id, struct ingot_digest *ret)
{
	_cleanup_(ingot_hash_freep) struct ingot_hash *h = ingot_hash_new();
	ingot_hash_add(h, "ingot-loaded-layer 2", 20);
	ingot_hash_add(h, layer->b, sizeof(layer->b));
	ingot_hash_add(h, diff_id->b, sizeof(diff_id->b));
	ingot_hash_end(h, ret);
}

static int remember(struct ingot_store *s, const struct ingot_digest *key, const struct ingot_intake *in, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	_cleanup_(ingot_buf_done) struct ingot_buf record = INGOT_BUF(KIB(1));
	struct ingot_digest needs[2] = { { { 0 } }, in->pack };
	ingot_delta_text(in->delta, &text);
	ingot_pass(ingot_buf_check(&text, "a layer's list of files", err));
	ingot_pass(ingot_store_put(s, text.p, text.n, &needs[0], err));
	ingot_buf_fmt(&record, "%s %s\n", INGOT_HEX(&needs[0]), in->has_pack ? INGOT_HEX(&in->pack) : "-");
	return ingot_ref_put(s, LAYER_REF, key, ingot_buf_view(&record), needs, in->has_pack ? 2 : 1, err);
}

/* 1 and the delta, its contents ready for use; 0 when it has to be read. */
static int recall(struct ingot_store *s, const struct ingot_digest *key, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf record = INGOT_BUF(KIB(1));
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	struct ingot_digest delta, pack;
	int r = ingot_ref_get(s, LAYER_REF, key, &record, err);
	if (r <= 0)
		return r;
	struct ingot_span rest = ingot_buf_view(&record), first;
	if (!ingot_span_next(&rest, ' ', &first) || !ingot_span_ends(rest, "\n") || ingot_digest_parse_hex(first, &delta) < 0)
		return 0;
	rest.n--;
	if (!ingot_span_is(rest, "-")) {
		if (ingot_digest_parse_hex(rest, &pack) < 0)
			return 0;
		r = ingot_store_use_pack(s, &pack, err);
		if (r <= 0)
			return r;
	}
	r = ingot_store_get(s, &delta, &text, err);
	if (r <= 0)
		return r;
	ingot_pass(ingot_delta_parse(ingot_buf_view(&text), ret, err));
	return 1;
}

static int hash_more(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	ingot_hash_add(ctx, p, n);
	return 0;
}

static int check_diff_id(struct ingot_input in, const struct ingot_digest *layer, const struct ingot_digest *diff_id, struct ingot_err *err)
{
	_cleanup_(ingot_hash_freep) struct ingot_hash *hash = ingot_hash_new();
	struct ingot_digest is = *layer;
	bool compressed;
	ingot_pass(part_compressed(in, &compressed, err));
	if (compressed) {
		ingot_pass(ingot_decode_stream(in, 0, hash_more, hash, err));
		ingot_hash_end(hash, &is);
	}
	if (ingot_digest_eq(&is, diff_id))
		return 0;
	return ingot_fail(err, INGOT_E_OUTSIDE, "it unpacks to %s, and the config says %s", INGOT_DIGEST(&is), INGOT_DIGEST(diff_id));
}

static int read_layer(const struct blobs *b, const struct ingot_digest *layer, uint64_t size, const struct ingot_digest *diff_id, struct ingot_delta **ret, struct ingot_err *err)
{
	struct ingot_digest key;
	ref_key(layer, diff_id, &key);
	int known = recall(b->store, &key, ret, err);
	if (known)
		return known < 0 ? -1 : 0;
	_cleanup_(blob_part_done) struct blob_part p = BLOB_PART_INIT;
	ingot_pass(blobs_find(b, layer, size, &p, err));
	ingot_pass(check_diff_id(p.in, layer, diff_id, err));
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	_cleanup_(ingot_intake_done) struct ingot_intake got = { 0 };
	static const struct ingot_intake_ops ops = { .whiteouts = true, .acls = true };
	ingot_pass(ingot_decode_start(&h, INGOT_DECODE_TAR, p.in, 0, err));
	if (ingot_intake_drain(h.chan, b->store, &ops, &got, err) < 0)
		return ingot_helper_failed(&h, err);
	ingot_pass(ingot_helper_finish(&h, err));
	ingot_pass(remember(b->store, &key, &got, err));
	*ret = TAKE_PTR(got.delta);
	return 0;
}

/* Missing parents were added and nothing was moved: a layer that writes below a link of a lower one means one thing to overlay and
 * another to a tool that follows links (interop 1.7). */
static int nothing_moved(const struct ingot_delta *was, const struct ingot_delta *is, struct ingot_err *err)
{
	size_t k = 0;
	for (size_t i = 0; i < ingot_delta_count(was); i++) {
		const struct ingot_change *c = ingot_delta_at(was, i);
		while (k < ingot_delta_count(is) && !(ingot_delta_at(is, k)->op == c->op && ingot_span_eq(ingot_delta_at(is, k)->path, c->path)))
			k++;
		if (k == ingot_delta_count(is))
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is written through a link of a lower layer, which tools read differently", INGOT_SHOW(c->path));
	}
	return 0;
}

static bool is_put(const struct ingot_delta *d, struct ingot_span path)
{
	size_t lo = 0, hi = ingot_delta_count(d);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (ingot_path_cmp(ingot_delta_at(d, mid)->path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* An opaque stands before the put of its directory. */
	for (; lo < ingot_delta_count(d) && ingot_span_eq(ingot_delta_at(d, lo)->path, path); lo++)
		if (ingot_delta_at(d, lo)->op == INGOT_PUT)
			return true;
	return false;
}

/* The same of what a layer removes: to apply, nothing is there. */
static int nothing_removed_through(const struct ingot_tree *t, const struct ingot_delta *d, struct ingot_err *err)
{
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		struct ingot_span up = ingot_path_parent(c->path);
		if (c->op != INGOT_REMOVE)
			continue;
		while (up.n && !ingot_tree_lookup(t, up))
			up = ingot_path_parent(up);
		const struct ingot_node *n = ingot_tree_lookup(t, up);
		if (n->type == INGOT_LINK && !is_put(d, up))
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is removed through a link of a lower layer, which tools read differently", INGOT_SHOW(c->path));
	}
	return 0;
}

static int apply(struct ingot_tree **t, const struct ingot_delta *d, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *fitted = NULL;
	struct ingot_tree *next = NULL;
	struct ingot_err no = INGOT_ERR_INIT;
	ingot_pass(nothing_removed_through(*t, d, err));
	if (ingot_apply(*t, d, &next, &no) < 0) {
		ingot_pass(ingot_fit(*t, d, 0, &fitted, err));
		ingot_pass(nothing_moved(d, fitted, err));
		ingot_pass(ingot_apply(*t, fitted, &next, err));
	}
	ingot_tree_unref(*t);
	*t = next;
	return 0;
}

/* "layer 2: COPY ..." by the i-th entry of the history that made one. Somebody else's text. */
static uint32_t layer_origin(const struct ingot_doc *config, size_t i, struct ingot_origins *o)
{
	_cleanup_(ingot_buf_done) struct ingot_buf name = INGOT_BUF(KIB(64));
	const struct ingot_doc_value *by = NULL;
	ssize_t n = ingot_doc_array_len(config, "/history");
	for (ssize_t k = 0, layer = 0; k < n && !by; k++) {
		const struct ingot_doc_value *empty = ingot_doc_getf(config, "/history/%zd/empty_layer", k);
		if (empty && ingot_span_is(empty->value, "true"))
			continue;
		if ((size_t)layer++ == i && !(by = ingot_doc_getf(config, "/history/%zd/created_by", k)))
			break;
	}
	ingot_buf_fmt(&name, "layer %zu%s", i + 1, by && by->value.n ? ": " : "");
	if (by) {
		bool cut = by->value.n > 80;
		ingot_escape_message(&name, (struct ingot_span){ by->value.p, cut ? 77 : by->value.n });
		ingot_buf_str(&name, cut ? "..." : "");
	}
	return ingot_origins_id(o, ingot_buf_view(&name));
}

static int one_layer(const struct blobs *b, struct ingot_loaded *l, size_t i, struct ingot_err *err)
{
	char at[64];
	struct ingot_digest layer, diff_id;
	uint64_t size;
	(void)snprintf(at, sizeof(at), "/layers/%zu/digest", i);
	ingot_pass(ingot_doc_digest(l->manifest, at, &layer, err));
	(void)snprintf(at, sizeof(at), "/layers/%zu/size", i);
	ingot_pass(ingot_doc_u64(l->manifest, at, INGOT_MAX_FILE, &size, err));
	(void)snprintf(at, sizeof(at), "/rootfs/diff_ids/%zu", i);
	ingot_pass(ingot_doc_digest(l->config, at, &diff_id, err));
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	ingot_pass(read_layer(b, &layer, size, &diff_id, &d, err));
	l->layer_origins[i] = layer_origin(l->config, i, l->origins);
	ingot_origins_apply(l->origins, d, l->layer_origins[i]);
	return apply(&l->tree, d, err);
}

int load_tree(const struct blobs *b, struct ingot_loaded *l, struct ingot_err *err)
{
	ssize_t n = ingot_doc_array_len(l->manifest, "/layers"); /* as many as diff_ids: load_manifest.c */
	l->tree = ingot_tree_empty();
	l->origins = ingot_origins_new();
	l->layer_origins = ingot_alloc_array((size_t)n + 1, sizeof(*l->layer_origins));
	for (ssize_t i = 0; i < n; i++)
		ingot_try(err, one_layer(b, l, (size_t)i, err), "/layers/%zd", i);
	return 0;
}
