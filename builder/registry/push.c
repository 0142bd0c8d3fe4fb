#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/layout.h>
#include <ingot/limits.h>
#include <ingot/media_type.h>
#include <ingot/mem.h>
#include <ingot/transfer_image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIGNATURE_MANIFEST KIB(64)

enum blob_kind { PLAIN = 0, MANIFEST, LEGACY, REFERRER };

struct pushing {
	const struct ingot_layout *l;
	struct ingot_registry *g;
	const struct ingot_push_options *o;
	const struct ingot_log *log;
	enum blob_kind *kind; /* of each blob of the layout */
	struct ingot_digest manifest;
	char *type; /* its media type */
	uint64_t total;
	struct ingot_transferred *out;
};

/* Is this small blob a manifest that carries a signature over ours? */
static int look_at(struct pushing *p, size_t i, struct ingot_err *err)
{
	const struct ingot_layout_blob *b = ingot_layout_at(p->l, i);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_MANIFEST);
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	struct ingot_err no = INGOT_ERR_INIT;
	if (b->size > MAX_SIGNATURE_MANIFEST)
		return 0;
	ingot_pass(ingot_layout_read(p->l, b, MAX_SIGNATURE_MANIFEST, &text, err));
	if (!text.n || text.p[0] != '{' || ingot_decode_json_bytes(ingot_buf_view(&text), &d, &no) < 0 || !ingot_doc_get(d, "/layers"))
		return 0;
	const struct ingot_doc_value *subject = ingot_doc_get(d, "/subject/digest"), *type = ingot_doc_get(d, "/layers/0/mediaType");
	if (subject && ingot_span_is(subject->value, INGOT_DIGEST(&p->manifest)))
		p->kind[i] = REFERRER;
	else if (type && ingot_span_is(type->value, INGOT_MT_SIMPLE_SIGNING))
		p->kind[i] = LEGACY;
	return 0;
}

static int sort_out(struct pushing *p, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	struct ingot_span digest, type;
	ingot_try(err, ingot_decode_json_bytes(ingot_layout_index(p->l), &d, err), "its index");
	if (ingot_doc_array_len(d, "/manifests") != 1)
		return ingot_fail(err, INGOT_E_OUTSIDE, "its index names %zd images, not one", ingot_doc_array_len(d, "/manifests"));
	ingot_pass(ingot_doc_string(d, "/manifests/0/digest", &digest, err));
	ingot_pass(ingot_doc_string(d, "/manifests/0/mediaType", &type, err));
	if (!ingot_span_is(type, INGOT_MT_MANIFEST) && !ingot_span_is(type, INGOT_MT_DOCKER_MANIFEST))
		return ingot_fail(err, INGOT_E_OUTSIDE, "its index names no image manifest but \"%s\"", INGOT_SHOW(type));
	p->type = ingot_strf("%.*s", INGOT_SPAN_ARG(type));
	if (ingot_digest_parse(digest, &p->manifest) < 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "its index names no manifest");
	for (size_t i = 0; i < ingot_layout_count(p->l); i++) {
		if (ingot_digest_eq(&ingot_layout_at(p->l, i)->name, &p->manifest))
			p->kind[i] = MANIFEST;
		else
			ingot_pass(look_at(p, i, err));
		p->total += ingot_layout_at(p->l, i)->size;
	}
	return ingot_layout_find(p->l, &p->manifest) ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "the manifest %s is missing", INGOT_DIGEST(&p->manifest));
}

static int push_blobs(struct pushing *p, struct ingot_err *err)
{
	for (size_t i = 0; i < ingot_layout_count(p->l); i++) {
		const struct ingot_layout_blob *b = ingot_layout_at(p->l, i);
		_cleanup_(ingot_closep) int fd = -1;
		struct ingot_remote_source s = { .size = b->size, .digest = b->name };
		enum ingot_pushed how;
		if (p->kind[i] != PLAIN)
			continue;
		ingot_pass(ingot_layout_fd(p->l, b, &fd, &s.offset, err));
		s.fd = fd;
		ingot_pass(ingot_registry_push(p->g, &s, p->o->mount, &how, err));
		p->out->blobs++;
		p->out->blobs_skipped += how != INGOT_PUSHED_NOW;
		*(how == INGOT_PUSHED_NOW ? &p->out->bytes : &p->out->skipped) += b->size;
		ingot_progress(p->log, "push", p->out->bytes + p->out->skipped, p->total);
	}
	return 0;
}

/* 1: it names ours; 0: it names nothing, or may be moved. */
static int check_tag(const struct pushing *p, const char *tag, struct ingot_err *err)
{
	struct ingot_remote_manifest m;
	int there = ingot_registry_manifest(p->g, tag, NULL, &m, err);
	if (there <= 0)
		return there;
	bool ours = ingot_digest_eq(&m.digest, &p->manifest);
	ingot_remote_manifest_done(&m);
	if (ours || p->o->move_tag)
		return ours;
	(void)ingot_fail(err, INGOT_E_FALSE, "the tag %s names another image already: %s", tag, INGOT_DIGEST(&m.digest));
	return ingot_hint(err, "give this one a tag of its own, or move it: --move-tag");
}

static int put_text(const struct pushing *p, const char *tag, const struct ingot_layout_blob *b, const char *type, struct ingot_buf *text, bool *ret_referrers, struct ingot_err *err)
{
	ingot_pass(ingot_layout_read(p->l, b, INGOT_MAX_MANIFEST, text, err));
	int r = ingot_registry_put(p->g, tag, type, ingot_buf_view(text), NULL, ret_referrers, err);
	if (r == 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the tag %s was given to %s and names another image: somebody else is writing it", tag, INGOT_DIGEST(&b->name));
	return r < 0 ? -1 : 0;
}

static int put(const struct pushing *p, const char *tag, const struct ingot_layout_blob *b, const char *type, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_MANIFEST);
	bool unused;
	return put_text(p, tag, b, type, &text, &unused, err);
}

static int put_referrer(const struct pushing *p, const struct ingot_layout_blob *b, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_MANIFEST);
	bool kept = false;
	ingot_pass(put_text(p, NULL, b, INGOT_MT_MANIFEST, &text, &kept, err));
	return kept ? 0 : ingot_registry_refer(p->g, &p->manifest, ingot_buf_view(&text), err);
}

static int push_signatures(struct pushing *p, struct ingot_err *err)
{
	char tag[80];
	(void)snprintf(tag, sizeof(tag), "sha256-%s.sig", INGOT_HEX(&p->manifest));
	for (size_t i = 0; i < ingot_layout_count(p->l); i++) {
		const struct ingot_layout_blob *b = ingot_layout_at(p->l, i);
		if (p->kind[i] == LEGACY)
			ingot_pass(put(p, tag, b, INGOT_MT_MANIFEST, err));
		else if (p->kind[i] == REFERRER)
			ingot_pass(put_referrer(p, b, err));
		p->out->signatures += p->kind[i] == LEGACY || p->kind[i] == REFERRER;
	}
	return 0;
}

static int push(struct pushing *p, const struct ingot_remote *to, struct ingot_err *err)
{
	ingot_pass(sort_out(p, err));
	if (to->has_digest && !ingot_digest_eq(&to->digest, &p->manifest))
		return ingot_fail(err, INGOT_E_INPUT, "the image is %s, and the name asks for another digest", INGOT_DIGEST(&p->manifest));
	/* Before a gigabyte has gone over the line. */
	int ours = to->tag[0] ? check_tag(p, to->tag, err) : 0;
	ingot_pass(ours);
	p->out->tag_was_there = ours;
	p->out->manifest = p->manifest;
	ingot_pass(push_blobs(p, err));
	const struct ingot_layout_blob *manifest = ingot_layout_find(p->l, &p->manifest);
	ingot_pass(put(p, NULL, manifest, p->type, err));
	ingot_try(err, push_signatures(p, err), "its signatures");
	if (!to->tag[0])
		return 0;
	ingot_pass(check_tag(p, to->tag, err));
	return put(p, to->tag, manifest, p->type, err);
}

int ingot_push_image(const char *path, const struct ingot_remote *to, const struct ingot_push_options *o, const struct ingot_log *log, struct ingot_transferred *ret, struct ingot_err *err)
{
	_cleanup_(ingot_layout_freep) struct ingot_layout *l = NULL;
	_cleanup_(ingot_registry_closep) struct ingot_registry *g = NULL;
	struct ingot_transferred out = { 0 };
	if (ingot_layout_open(path, &l, err) < 0) {
		bool other = err->code == INGOT_E_FALSE;
		err->code = INGOT_E_INPUT; /* 1 is for a tag that names another image */
		(void)ingot_context(err, "%s", INGOT_SHOW(ingot_span_of(path)));
		return other ? ingot_hint(err, "only archives and layouts as ingot writes them are pushed, by build or pull") : -1;
	}
	ingot_pass(ingot_registry_open(to, true, &o->registry, log, &g, err));
	_cleanup_(ingot_freep) enum blob_kind *kind = ingot_alloc_array(ingot_layout_count(l) + 1, sizeof(*kind));
	struct pushing p = { .l = l, .g = g, .o = o, .log = log, .kind = kind, .out = &out };
	int r = push(&p, to, err);
	free(p.type);
	ingot_try(err, r, "pushing to %s", INGOT_SHOW(ingot_span_of(to->text)));
	*ret = out;
	return 0;
}
