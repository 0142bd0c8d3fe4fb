/* Which image of an index is meant: by name, number or digest, else the only one, else the one for the platform. */
#include "load_impl.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const entry_types[] = { INGOT_MT_MANIFEST, INGOT_MT_INDEX, INGOT_MT_DOCKER_MANIFEST, INGOT_MT_DOCKER_LIST, NULL };
#define REF_NAME "org.opencontainers.image.ref.name"
#define FULL_NAME "io.containerd.image.name"

struct chosen {
	struct ingot_blob_ref ref;
	const char *type;
	size_t i;
};

static struct ingot_span text_of(const struct ingot_doc *d, size_t i, const char *key)
{
	const struct ingot_doc_value *v = ingot_doc_getf(d, "/manifests/%zu/%s", i, key);
	return v && v->kind == INGOT_J_STRING ? v->value : (struct ingot_span){ 0 };
}

/* What stands beside an image: attestations of BuildKit, signatures as cosign saves them, artefacts. */
static bool is_companion(const struct ingot_doc *d, size_t i)
{
	struct ingot_span kind = text_of(d, i, "annotations/kind");
	bool nowhere = ingot_span_is(text_of(d, i, "platform/os"), "unknown") && ingot_span_is(text_of(d, i, "platform/architecture"), "unknown");
	bool beside = ingot_span_starts(kind, "dev.cosignproject.cosign/") && !ingot_span_starts(kind, "dev.cosignproject.cosign/image");
	return nowhere || beside || text_of(d, i, "annotations/vnd.docker.reference.type").n || text_of(d, i, "artifactType").n;
}

static bool named(const struct ingot_doc *d, size_t i, const char *name)
{
	return ingot_span_is(text_of(d, i, "annotations/" REF_NAME), name) || ingot_span_is(text_of(d, i, "annotations/" FULL_NAME), name);
}

static void keep_name(const struct ingot_doc *d, size_t i, struct ingot_loaded *l)
{
	static const char *const keys[] = { "annotations/" FULL_NAME, "annotations/" REF_NAME };
	for (size_t k = 0; k < 2 && !l->name[0]; k++) {
		struct ingot_span v = text_of(d, i, keys[k]);
		if (v.n)
			(void)snprintf(l->name, sizeof(l->name), "%s", INGOT_SHOW(v)); /* somebody else's text, to be printed */
	}
}

static int take(const struct ingot_doc *d, size_t i, struct chosen *ret, struct ingot_err *err)
{
	char at[64];
	struct chosen c = { .i = i };
	(void)snprintf(at, sizeof(at), "/manifests/%zu", i);
	ingot_pass(load_descriptor(d, at, entry_types, INGOT_MAX_MANIFEST, &c.ref, &c.type, err));
	*ret = c;
	return 0;
}

/* What tells the images apart, as far as they say: "registry.example.com/app:1 linux/arm64, linux/s390x". */
static void list_images(const struct ingot_doc *d, const bool *open, size_t n, struct ingot_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		struct ingot_span os = text_of(d, i, "platform/os"), arch = text_of(d, i, "platform/architecture"), variant = text_of(d, i, "platform/variant"), name = text_of(d, i, "annotations/" FULL_NAME);
		if (!open[i])
			continue;
		if (!name.n)
			name = text_of(d, i, "annotations/" REF_NAME);
		ingot_buf_fmt(out, "%s%s%s", out->n ? ", " : "", INGOT_SHOW(name), name.n && os.n ? " " : "");
		if (os.n)
			ingot_buf_fmt(out, "%s/%s%s%s", INGOT_SHOW(os), INGOT_SHOW(arch), variant.n ? "/" : "", INGOT_SHOW(variant));
		else if (!name.n)
			ingot_buf_fmt(out, "one without name and platform");
	}
}

static int undecided(const struct ingot_doc *d, const bool *open, size_t n, size_t matching, const struct platform *p, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf list = INGOT_BUF(400);
	list_images(d, open, n, &list);
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "/manifests: several images (%s), %zu of them for %s/%s%s%s", list.full ? "many" : ingot_buf_cstr(&list), matching, p->os, p->architecture, p->variant[0] ? "/" : "",
			 p->variant);
	return ingot_hint(err, "say which is meant: oci-archive:FILE:NAME, a digest behind @, or --platform OS/ARCH");
}

/* The entries that are open, but for repetitions of one digest. */
static size_t count_distinct(const struct chosen *all, const bool *open, size_t n, size_t *ret_first)
{
	size_t distinct = 0;
	for (size_t i = n; i-- > 0;) {
		bool again = false;
		for (size_t k = 0; k < i && open[i]; k++)
			again = again || (open[k] && ingot_digest_eq(&all[k].ref.digest, &all[i].ref.digest));
		if (open[i] && !again) {
			distinct++;
			*ret_first = i;
		}
	}
	return distinct;
}

static int by_platform(const struct ingot_doc *d, const struct chosen *all, bool *open, size_t n, struct platform *p, size_t *ret, struct ingot_err *err)
{
	_cleanup_(ingot_freep) bool *matching = ingot_alloc_array(n + 1, sizeof(*matching));
	for (size_t i = 0; i < n; i++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "/manifests/%zu/platform", i);
		matching[i] = open[i] && platform_matches(p, d, at);
	}
	size_t found = count_distinct(all, matching, n, ret);
	if (found != 1)
		return undecided(d, open, n, found, p, err);
	p->decided = true;
	return 0;
}

/* top: the whole index, which names and numbers are about. */
static int choose(const struct ingot_doc *d, const struct where *w, bool top, struct platform *p, struct chosen *ret, struct ingot_err *err)
{
	ssize_t len = ingot_doc_array_len(d, "/manifests");
	if (len < 1 || len > INGOT_MAX_DESCRIPTORS)
		return ingot_fail(err, INGOT_E_OUTSIDE, len > 0 ? "/manifests: more entries than %d" : "/manifests: it names no image", INGOT_MAX_DESCRIPTORS);
	size_t n = (size_t)len, i = 0;
	_cleanup_(ingot_freep) struct chosen *all = ingot_alloc_array(n, sizeof(*all));
	_cleanup_(ingot_freep) bool *open = ingot_alloc_array(n, sizeof(*open));
	for (i = 0; i < n; i++) {
		ingot_pass(take(d, i, &all[i], err));
		open[i] = !top || (!w->name && !w->has_index) ? !is_companion(d, i) : w->has_index ? i == w->index : named(d, i, w->name);
	}
	i = 0;
	size_t distinct = count_distinct(all, open, n, &i);
	if (!distinct && top && (w->name || w->has_index))
		return w->name ? ingot_fail(err, INGOT_E_OUTSIDE, "/manifests: none is called '%s'", INGOT_SHOW(ingot_span_of(w->name)))
			       : ingot_fail(err, INGOT_E_OUTSIDE, "/manifests: there are %zu, and number %llu was asked for", n, (unsigned long long)w->index);
	if (!distinct)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/manifests: it names no image, only what belongs to one");
	if (distinct > 1)
		ingot_pass(by_platform(d, all, open, n, p, &i, err));
	*ret = all[i];
	return 0;
}

/* The entry with this digest, here or in an index that is named here. 1, or 0 when there is none. */
static int find_digest(const struct blobs *b, const struct ingot_doc *d, const struct ingot_digest *digest, bool inner, struct chosen *ret, struct ingot_loaded *l, struct ingot_err *err)
{
	ssize_t n = ingot_doc_array_len(d, "/manifests");
	for (ssize_t i = 0; i < n && i < INGOT_MAX_DESCRIPTORS; i++) {
		struct chosen c;
		ingot_pass(take(d, (size_t)i, &c, err));
		if (ingot_digest_eq(&c.ref.digest, digest)) {
			keep_name(d, (size_t)i, l);
			*ret = c;
			return 1;
		}
		if (inner || (strcmp(c.type, INGOT_MT_INDEX) != 0 && strcmp(c.type, INGOT_MT_DOCKER_LIST) != 0))
			continue;
		_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_MANIFEST);
		_cleanup_(ingot_doc_freep) struct ingot_doc *below = NULL;
		ingot_try(err, blobs_read(b, &c.ref.digest, c.ref.size, INGOT_MAX_MANIFEST, &text, err), "/manifests/%zd", i);
		ingot_try(err, ingot_decode_json_bytes(ingot_buf_view(&text), &below, err), "the index %s", INGOT_DIGEST(&c.ref.digest));
		ingot_try(err, load_check_type(below, c.type, true, err), "the index %s", INGOT_DIGEST(&c.ref.digest));
		int r = find_digest(b, below, digest, true, ret, l, err);
		if (r == 1)
			keep_name(d, (size_t)i, l);
		if (r)
			return r;
	}
	return 0;
}

/* From an index to the manifest, through at most one index within (an image for several platforms). */
static int descend(const struct blobs *b, const struct where *w, struct ingot_span index, const char *type, unsigned level, struct platform *p, struct ingot_loaded *l, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	struct chosen c;
	ingot_pass(ingot_decode_json_bytes(index, &d, err));
	ingot_pass(load_check_type(d, type, true, err));
	if (level == 0 && w->has_digest) {
		int r = find_digest(b, d, &w->digest, false, &c, l, err);
		ingot_pass(r);
		if (!r)
			return ingot_fail(err, INGOT_E_OUTSIDE, "/manifests: none has the digest %s", INGOT_DIGEST(&w->digest));
	} else {
		ingot_pass(choose(d, w, level == 0, p, &c, err));
		keep_name(d, c.i, l);
	}
	ingot_buf_clear(&l->manifest_json);
	ingot_try(err, blobs_read(b, &c.ref.digest, c.ref.size, INGOT_MAX_MANIFEST, &l->manifest_json, err), "/manifests/%zu", c.i);
	if (strcmp(c.type, INGOT_MT_INDEX) != 0 && strcmp(c.type, INGOT_MT_DOCKER_LIST) != 0) {
		l->manifest_ref = c.ref;
		ingot_try(err, load_documents(b, c.type, l, err), "the manifest %s", INGOT_DIGEST(&c.ref.digest));
		return 0;
	}
	if (level > 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/manifests/%zu: an index within an index within an index", c.i);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_MANIFEST);
	ingot_buf_span(&text, ingot_buf_view(&l->manifest_json));
	ingot_try(err, descend(b, w, ingot_buf_view(&text), c.type, level + 1, p, l, err), "the index %s", INGOT_DIGEST(&c.ref.digest));
	return 0;
}

int index_choose(const struct blobs *b, const struct where *w, struct platform *p, struct ingot_loaded *l, struct ingot_err *err)
{
	ingot_try(err, descend(b, w, ingot_buf_view(&b->index), NULL, 0, p, l, err), "index.json");
	return 0;
}
