/* What an image says of itself: where it is, a platform, index.json, an index within, manifest and config, or docker's manifest.json. Digests are no obstacle here: a
 * blob is whatever document is asked for. What is accepted has to hold together, and what is refused says why.
 *
 * An input is up to six texts, each behind a line "---": where, platform, index.json (or, where where begins docker-archive:, manifest.json), inner index, manifest, config. */
#include "../../builder/source/load_impl.h"
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <stddef.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum text { WHERE, PLATFORM, INDEX, INNER, MANIFEST, CONFIG, TEXTS };
static struct ingot_span texts[TEXTS];
static unsigned reads;
static const struct ingot_buf *config_text; /* where the config is read to */

/* --- in place of load_blobs.c and load_parts.c --- */

int blobs_read(const struct blobs *b, const struct ingot_digest *d, uint64_t size, uint64_t max, struct ingot_buf *out, struct ingot_err *err)
{
	bool inner = reads++ == 0 && texts[INNER].n && !b->docker;
	struct ingot_span t = out == config_text ? texts[CONFIG] : inner ? texts[INNER] : texts[MANIFEST];
	ingot_buf_span(out, t);
	return ingot_buf_check(out, "a blob", err);
}

int blobs_present(const struct blobs *b, const struct ingot_digest *d, uint64_t size, struct ingot_err *err)
{
	return size == 13 ? ingot_fail(err, INGOT_E_OUTSIDE, "it is missing") : 0;
}

void blobs_sort(struct blobs *b)
{
}

int parts_digest(struct blobs *b, const struct ingot_part *p, struct ingot_digest *ret, struct ingot_err *err)
{
	memset(ret, (int)p->offset & 0xff, sizeof(*ret));
	return 0;
}

int parts_find(const struct blobs *b, struct ingot_span name, const struct ingot_part **ret, struct ingot_err *err)
{
	static const struct ingot_part part = { .type = 'f', .offset = 0xaa, .size = 100 };
	ingot_assert(name.n && ingot_path_valid(name));
	*ret = ingot_span_has(name, '?') ? NULL : &part;
	return 0;
}

int ingot_docker_json(const char *name, const struct ingot_digest *config, const struct ingot_digest *layers, size_t n_layers, struct ingot_buf *out, struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_INPUT, "not here");
}

/* --- */

static void split(const uint8_t *data, size_t n)
{
	struct ingot_span rest = { (const char *)data, n };
	for (size_t i = 0; i < TEXTS; i++) {
		const char *at = rest.n ? memmem(rest.p, rest.n, "---\n", 4) : NULL;
		texts[i] = (struct ingot_span){ rest.p, at ? (size_t)(at - rest.p) : rest.n };
		rest = at ? (struct ingot_span){ at + 4, rest.n - texts[i].n - 4 } : (struct ingot_span){ 0 };
	}
}

static char *word(struct ingot_span s)
{
	while (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	char *p = ingot_alloc(s.n + 1);
	memcpy(p, s.p ? s.p : "", s.n);
	return p;
}

static void done(struct ingot_loaded *l)
{
	ingot_doc_free(l->manifest);
	ingot_doc_free(l->config);
	ingot_buf_done(&l->manifest_json);
	ingot_buf_done(&l->config_json);
	free(l->layers);
}

static int load(struct blobs *b, const struct where *w, struct platform *p, struct ingot_loaded *l, struct ingot_err *err)
{
	b->docker = w->transport == DOCKER_ARCHIVE;
	b->fd = b->docker ? open("/dev/zero", O_RDONLY | O_CLOEXEC) : -1; /* of which a layer's first bytes are read */
	ingot_buf_span(b->docker ? &b->docker_json : &b->index, texts[INDEX]);
	reads = 0;
	config_text = &l->config_json;
	ingot_pass(b->docker ? docker_choose(b, w, l, err) : index_choose(b, w, p, l, err));
	ingot_pass(platform_check(p, l->config, err));
	ingot_buf_span(&b->docker_json, b->docker ? INGOT_SPAN("") : texts[INNER]);
	return docker_agrees(b, p, l, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct blobs b = BLOBS_INIT;
	struct ingot_loaded l = { .manifest_json.max = INGOT_MAX_MANIFEST, .config_json.max = INGOT_MAX_CONFIG };
	struct platform p;
	_cleanup_(where_done) struct where w = { 0 };
	split(data, n);
	char *where = word(texts[WHERE]), *platform = word(texts[PLATFORM]);
	int r = where_parse(where, &w, &err);
	ingot_assert(r == 0 ? w.path && w.path[0] && !(w.name && !w.name[0]) : err.code == INGOT_E_INPUT);
	if (r == 0 && (r = platform_parse(*platform ? platform : NULL, &p, &err)) == 0) {
		r = load(&b, &w, &p, &l, &err);
		if (r < 0 && err.code == INGOT_E_BUG)
			ingot_panic("%s", err.msg);
		ingot_assert(r == 0 || (err.msg[0] && (err.code == INGOT_E_OUTSIDE || err.code == INGOT_E_INPUT)));
		ssize_t ids = r == 0 ? ingot_doc_array_len(l.config, "/rootfs/diff_ids") : 0;
		ingot_assert(r < 0 || (l.manifest && l.config && l.n_layers <= INGOT_MAX_DESCRIPTORS && (size_t)(ids < 0 ? 0 : ids) == l.n_layers));
		ingot_assert(r < 0 || !ingot_doc_get(l.manifest, "/manifests"));
	}
	done(&l);
	free(where);
	free(platform);
	ingot_buf_done(&b.index);
	ingot_buf_done(&b.docker_json);
	free(b.named);
	ingot_closep(&b.fd);
	return 0;
}
