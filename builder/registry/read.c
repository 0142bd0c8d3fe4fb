#include "session.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/media_type.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without all of these some registries say that there is nothing (interop 7.2). */
#define ACCEPT INGOT_MT_INDEX ", " INGOT_MT_MANIFEST ", " INGOT_MT_DOCKER_LIST ", " INGOT_MT_DOCKER_MANIFEST

void ingot_remote_manifest_done(struct ingot_remote_manifest *m)
{
	ingot_buf_done(&m->text);
	free(TAKE_PTR(m->next));
}

static int take_text(void *ctx, uint32_t status, const void *p, size_t n, struct ingot_err *err)
{
	struct ingot_buf *b = ctx;
	if (status == 200)
		ingot_buf_put(b, p, n);
	return 0;
}

static int text_again(void *ctx, struct ingot_request *r, struct ingot_err *err)
{
	ingot_buf_clear(ctx);
	return 0;
}

/* "application/json; charset=utf-8" -> "application/json" */
static void type_of(const struct ingot_response *r, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%.*s", (int)strcspn(r->type, "; \t"), r->type);
}

/* 1, 0 (404), or a failure. */
static int get(struct ingot_registry *g, const char *target, const char *doing, struct ingot_remote_manifest *m, struct ingot_err *err)
{
	_cleanup_(session_call_freep) struct session_call *c = session_call_new(doing);
	c->request = (struct ingot_request){ .method = INGOT_HTTP_GET, .target = target, .accept = ACCEPT, .limit = INGOT_MAX_MANIFEST, .sink = take_text, .ctx = &m->text };
	c->again = text_again;
	m->text.max = INGOT_MAX_MANIFEST;
	ingot_pass(session_ask(g, c, err));
	if (c->response.status == 404)
		return 0;
	if (c->response.status != 200)
		return session_refused(g, c, err);
	type_of(&c->response, m->type, sizeof(m->type));
	(void)snprintf(m->etag, sizeof(m->etag), "%s", c->response.etag);
	m->next = c->response.next[0] ? ingot_strdup(c->response.next) : NULL;
	ingot_sha256(m->text.p, m->text.n, &m->digest);
	return 1;
}

int ingot_registry_manifest(struct ingot_registry *g, const char *tag, const struct ingot_digest *digest, struct ingot_remote_manifest *ret, struct ingot_err *err)
{
	struct ingot_remote_manifest m = { .type = "" };
	const char *name = digest ? INGOT_DIGEST(digest) : tag;
	_cleanup_(ingot_freep) char *target = ingot_strf("/v2/%s/manifests/%s", g->remote.repository, name), *doing = ingot_strf("reading the manifest %s of %s", name, g->remote.repository);
	int r = get(g, target, doing, &m, err);
	/* A page of a proxy is no other image, and no image. */
	if (r == 1 && strncmp(m.type, "application/vnd.", 16) != 0)
		r = ingot_fail(err, INGOT_E_OUTSIDE, "%s: it is no manifest but \"%s\"", doing, INGOT_SHOW(ingot_span_of(m.type)));
	if (r == 1 && digest && !ingot_digest_eq(&m.digest, digest))
		r = ingot_fail(err, INGOT_E_OUTSIDE, "%s: the registry gives other bytes: %s", doing, INGOT_DIGEST(&m.digest));
	if (r == 1)
		*ret = m;
	else
		ingot_remote_manifest_done(&m);
	return r;
}

int ingot_registry_referrers(struct ingot_registry *g, const struct ingot_digest *d, const char *page, struct ingot_remote_manifest *ret, struct ingot_err *err)
{
	struct ingot_remote_manifest m = { .type = "" };
	_cleanup_(ingot_freep) char *target = page ? ingot_strdup(page) : ingot_strf("/v2/%s/referrers/%s", g->remote.repository, INGOT_DIGEST(d));
	_cleanup_(ingot_freep) char *doing = ingot_strf("asking what refers to %s", INGOT_DIGEST(d));
	int r = get(g, target, doing, &m, err);
	/* An index and nothing else: some registries answer every path with something. */
	if (r == 1 && strcmp(m.type, INGOT_MT_INDEX) == 0) {
		*ret = m;
		return 1;
	}
	ingot_remote_manifest_done(&m);
	ingot_pass(r);
	if (page)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: the list goes on at a place that is none", doing);
	char tag[80];
	(void)snprintf(tag, sizeof(tag), "sha256-%s", INGOT_HEX(d));
	return ingot_registry_manifest(g, tag, NULL, ret, err);
}

/* --- blobs --- */

struct taking {
	struct ingot_store *store;
	struct ingot_blob *blob;
	uint64_t at, size;
	bool part; /* the running answer goes on at `at` */
};

static int take_blob(void *ctx, uint32_t status, const void *p, size_t n, struct ingot_err *err)
{
	struct taking *t = ctx;
	if (status == 200 && !t->part && t->at) { /* it begins anew: what we have is no part of this answer */
		ingot_blob_abort(TAKE_PTR(t->blob));
		t->at = 0;
	}
	t->part = true;
	if (!t->blob)
		ingot_pass(ingot_blob_begin(t->store, &t->blob, err));
	if (n > t->size - t->at)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the registry sends more than the %llu bytes that it has", (unsigned long long)t->size);
	t->at += n;
	return ingot_blob_write(t->blob, p, n, err);
}

static int blob_again(void *ctx, struct ingot_request *r, struct ingot_err *err)
{
	struct taking *t = ctx;
	t->part = false;
	r->offset = t->at;
	return 0;
}

static int fetch(struct ingot_registry *g, struct session_call *c, struct taking *t, const struct ingot_digest *d, struct ingot_err *err)
{
	/* A short answer with a fitting Content-Length is an answer for HTTP, and half a blob for us. */
	for (unsigned n = 1; n <= 3; n++) {
		uint64_t before = t->at;
		ingot_pass(blob_again(t, &c->request, err));
		ingot_pass(session_ask(g, c, err));
		uint32_t status = c->response.status;
		if (status == 416 && t->at) { /* our part does not exist there */
			ingot_blob_abort(TAKE_PTR(t->blob));
			t->at = 0;
			continue;
		}
		if (status != 200 && status != 206)
			return session_refused(g, c, err);
		if (!t->blob)
			ingot_pass(ingot_blob_begin(t->store, &t->blob, err));
		if (t->at == t->size)
			return ingot_blob_end(TAKE_PTR(t->blob), d, &(struct ingot_digest){ 0 }, &(uint64_t){ 0 }, err);
		if (t->at == before)
			break;
	}
	return ingot_fail(err, INGOT_E_OUTSIDE, "the registry gives %llu of its %llu bytes", (unsigned long long)t->at, (unsigned long long)t->size);
}

int ingot_registry_fetch(struct ingot_registry *g, struct ingot_store *s, const struct ingot_digest *d, uint64_t size, struct ingot_err *err)
{
	if (ingot_store_has(s, d))
		return 0;
	_cleanup_(ingot_freep) char *target = ingot_strf("/v2/%s/blobs/%s", g->remote.repository, INGOT_DIGEST(d)), *doing = ingot_strf("reading the blob %s", INGOT_DIGEST(d));
	_cleanup_(session_call_freep) struct session_call *c = session_call_new(doing);
	struct taking t = { .store = s, .size = size };
	c->request = (struct ingot_request){ .method = INGOT_HTTP_GET, .target = target, .limit = size, .sink = take_blob, .ctx = &t };
	c->again = blob_again;
	int r = fetch(g, c, &t, d, err);
	ingot_blob_abort(t.blob);
	return r < 0 && !strstr(err->msg, doing) ? ingot_context(err, "%s", doing) : r;
}
