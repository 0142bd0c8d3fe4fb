#include "engine.h"
#include "layers.h"
#include "leaks.h"
#include "tested.h"
#include <ingot/archive.h>
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <stdio.h>
#include <sys/stat.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MAX_LAYERS 8
#define RECORD_MAX 65536

/* Pairs of the recipe as the image's, with PATH in front of an environment that sets none. */
static struct ingot_label *labels_of(const struct ingot_pairs *p, bool environment, size_t *ret_n)
{
	struct ingot_label *v = ingot_alloc_array(p->n + 1, sizeof(*v));
	size_t n = 0;
	bool has_path = false;
	for (size_t i = 0; i < p->n; i++)
		has_path |= strcmp(p->v[i].key, "PATH") == 0;
	if (environment && !has_path)
		v[n++] = (struct ingot_label){ "PATH", DEFAULT_PATH };
	for (size_t i = 0; i < p->n; i++)
		v[n++] = (struct ingot_label){ p->v[i].key, p->v[i].value };
	*ret_n = n;
	return v;
}

static void note_result(struct engine *e, const struct ingot_image *image, const struct ingot_image_docs *docs)
{
	struct ingot_build_result *r = e->result;
	(void)snprintf(r->reference, sizeof(r->reference), "%s", docs->reference.full);
	r->manifest = docs->manifest.digest;
	r->manifest_size = docs->manifest.size;
	r->config = docs->config.digest;
	r->size = docs->manifest.size + docs->config.size;
	r->n_layers = image->n_layers;
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct ingot_layer *l = &image->layers[i].layer;
		r->layers[i] = (struct ingot_build_layer){ l->digest, l->diff_id, l->size };
		r->size += l->size;
		r->unpacked += l->tar_size;
	}
	r->uid = image->uid;
	r->gid = image->gid;
	r->epoch = image->created;
}

static bool is_pipe(const char *path)
{
	struct stat st;
	return strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

static int write_signed(struct engine *e, const struct ingot_image *image, const struct ingot_image_docs *docs, struct ingot_err *err)
{
	struct ingot_archive archive = { .image = image, .docs = docs };
	struct ingot_signatures signatures;
	const struct ingot_key *key = e->options->key;
	if (key) {
		e->spent = key->path ? is_pipe(key->path) : !key->env;
		ingot_try(err, ingot_sign_image(e->store, key, &docs->manifest, docs->reference.full, image->created, &signatures, err), "signing");
		archive.extra = signatures.blobs;
		archive.n_extra = INGOT_SIGNATURE_BLOBS;
		e->result->signed_by_us = true;
		memcpy(e->result->key_id, signatures.key_id, sizeof(e->result->key_id));
	}
	if (!e->options->target)
		return 0;
	e->spent |= is_pipe(e->options->target);
	ingot_try(err, ingot_archive_write(e->store, &archive, e->options->target, err), "writing %s", INGOT_SHOW(ingot_span_of(e->options->target)));
	return 0;
}

static int keep_record(struct engine *e, const struct stage_state *s, const struct ingot_digest *key, const struct ingot_image_layer *layers, size_t n, struct ingot_err *err);

/* The image from its layers: what a fresh build and a reused one (without stage and key) have in common. */
static int put_out(struct engine *e, struct ingot_image_layer *layers, size_t n_layers, const struct stage_state *fresh, const struct ingot_digest *key, struct ingot_err *err)
{
	const struct ingot_image_spec *spec = &e->recipe->image;
	struct ingot_label annotations[2];
	size_t n_annotations = 0, n_env, n_labels;
	_cleanup_(ingot_freep) struct ingot_label *env = labels_of(&spec->env, true, &n_env);
	_cleanup_(ingot_freep) struct ingot_label *labels = labels_of(&spec->labels, false, &n_labels);
	annotations[n_annotations++] = (struct ingot_label){ "org.opencontainers.image.title", e->recipe->name };
	if (e->recipe->version)
		annotations[n_annotations++] = (struct ingot_label){ "org.opencontainers.image.version", e->recipe->version };
	struct ingot_image image = {
		.reference = e->options->reference ? e->options->reference : e->recipe->reference,
		.created = e->epoch,
		.architecture = spec->architecture,
		.uid = spec->user.uid,
		.gid = spec->user.gid,
		.entrypoint = spec->entrypoint.v,
		.n_entrypoint = spec->entrypoint.n,
		.cmd = spec->cmd.v,
		.n_cmd = spec->cmd.n,
		.env = env,
		.n_env = n_env,
		.ports = spec->ports.v,
		.n_ports = spec->ports.n,
		.workdir = spec->workdir,
		.stop_signal = spec->stop_signal,
		.labels = labels,
		.n_labels = n_labels,
		.annotations = annotations,
		.n_annotations = n_annotations,
		.layers = layers,
		.n_layers = n_layers,
	};
	struct ingot_image_docs docs = { 0 };
	_cleanup_(ingot_doc_freep) struct ingot_doc *config = NULL; /* as others will read it */
	ingot_try(err, ingot_image_make(e->store, &image, &docs, err), "the image's documents");
	note_result(e, &image, &docs);
	int r = leaks_of_documents(e, &docs, err);
	if (r == 0 && fresh)
		r = ingot_decode_json_bytes(ingot_buf_view(&docs.config_json), &config, err);
	if (r == 0 && fresh)
		r = judge_image(e, fresh, config, err);
	/* The record comes before the archive: a reader that closes the pipe early costs nothing but that archive. */
	if (r == 0 && fresh)
		r = keep_record(e, fresh, key, layers, n_layers, err);
	if (r == 0)
		r = tests_of_image(e, fresh ? fresh->tree : NULL, key, config, err);
	if (r == 0)
		r = write_signed(e, &image, &docs, err);
	ingot_image_docs_done(&docs);
	return r;
}

/* --- the record of an image in the store: one line a layer, then the tree --- */

static int keep_record(struct engine *e, const struct stage_state *s, const struct ingot_digest *key, const struct ingot_image_layer *layers, size_t n, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(RECORD_MAX);
	struct ingot_digest needs[MAX_LAYERS];
	for (size_t i = 0; i < n; i++) {
		const struct ingot_layer *l = &layers[i].layer;
		ingot_buf_fmt(&text, "layer %s %llu %s %llu %s\n", INGOT_HEX(&l->digest), (unsigned long long)l->size, INGOT_HEX(&l->diff_id), (unsigned long long)l->tar_size,
			      i == 0 && n == 2 ? "packages" : "files");
		needs[i] = l->digest;
	}
	ingot_buf_fmt(&text, "tree %s %zu\n", INGOT_HEX(ingot_tree_id(s->tree)), ingot_tree_count(s->tree));
	return ingot_ref_put(e->store, "image", key, ingot_buf_view(&text), needs, n, err);
}

static const char *created_by(bool packages)
{
	return packages ? "ingot: packages" : "ingot: files";
}

static int parse_layer(struct ingot_span line, struct ingot_image_layer *ret)
{
	struct ingot_span f[6];
	for (size_t i = 0; i < 6; i++)
		if (!ingot_span_next(&line, ' ', &f[i]))
			return -1;
	struct ingot_layer *l = &ret->layer;
	ret->created_by = created_by(ingot_span_is(f[5], "packages"));
	return ingot_span_is(f[0], "layer") && ingot_digest_parse_hex(f[1], &l->digest) == 0 && ingot_parse_u64(f[2], UINT64_MAX, &l->size) == 0 &&
			       ingot_digest_parse_hex(f[3], &l->diff_id) == 0 && ingot_parse_u64(f[4], UINT64_MAX, &l->tar_size) == 0 ?
		       0 :
		       -1;
}

static int parse_tree(struct ingot_span line, struct ingot_build_result *ret)
{
	struct ingot_span word, id, count;
	if (!ingot_span_next(&line, ' ', &word) || !ingot_span_is(word, "tree") || !ingot_span_next(&line, ' ', &id) || !ingot_span_next(&line, ' ', &count))
		return -1;
	return ingot_digest_parse_hex(id, &ret->tree) == 0 && ingot_parse_u64(count, UINT64_MAX, &ret->files) == 0 ? 0 : -1;
}

static int parse_record(struct ingot_span text, struct ingot_image_layer *layers, size_t *ret_n, struct ingot_build_result *ret)
{
	struct ingot_span line;
	size_t n = 0;
	while (ingot_span_next(&text, '\n', &line)) {
		if (ingot_span_starts(line, "tree ")) {
			*ret_n = n;
			return text.n == 0 ? parse_tree(line, ret) : -1;
		}
		if (n == MAX_LAYERS || parse_layer(line, &layers[n++]) < 0)
			return -1;
	}
	return -1;
}

static void set_compression(const struct engine *e, struct ingot_image_layer *layers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ingot_compression_from_word(ingot_span_of(e->recipe->image.compression), &layers[i].layer.compression) < 0)
			ingot_panic("a compression that the schema let through: %s", e->recipe->image.compression);
}

int reuse_image(struct engine *e, const struct ingot_digest *key, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(RECORD_MAX);
	struct ingot_image_layer layers[MAX_LAYERS] = { 0 };
	size_t n = 0;
	int r = ingot_ref_get(e->store, "image", key, &text, err);
	if (r > 0)
		r = tests_known(e, key, err);
	ingot_pass(r);
	if (r == 0 || parse_record(ingot_buf_view(&text), layers, &n, e->result) < 0)
		return 0;
	set_compression(e, layers, n);
	ingot_pass(put_out(e, layers, n, NULL, NULL, err));
	e->result->reused = true;
	return 1;
}

int make_image(struct engine *e, struct stage_state *s, const struct ingot_digest *key, struct ingot_err *err)
{
	struct layer_split split;
	struct ingot_image_layer layers[MAX_LAYERS] = { 0 };
	ingot_pass(leaks_of_tree(e, s, err));
	ingot_pass(layer_split(s->tree, s->origins, &split, err));
	int r = 0;
	set_compression(e, layers, split.n);
	for (size_t i = 0; i < split.n && r == 0; i++) {
		struct ingot_layer_options o = { .compression = layers[i].layer.compression };
		r = ingot_layer_make(e->store, split.delta[i], split.tree[i], &o, &layers[i].layer, err);
		layers[i].created_by = created_by(i == 0 && split.n == 2);
	}
	size_t n = split.n;
	layer_split_done(&split);
	ingot_pass(r);
	e->result->tree = *ingot_tree_id(s->tree);
	e->result->files = ingot_tree_count(s->tree);
	return put_out(e, layers, n, s, key, err);
}
