#include "session.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ROUNDS 5 /* of one blob: an upload that breaks off begins anew */

struct giving {
	const struct ingot_remote_source *b;
	struct ingot_hash *hash;
	uint64_t at;
};

static ssize_t give(void *ctx, void *p, size_t n, struct ingot_err *err)
{
	struct giving *g = ctx;
	ssize_t got;
	do
		got = pread(g->b->fd, p, n, (off_t)(g->b->offset + g->at));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the blob %s", INGOT_DIGEST(&g->b->digest));
	if (got == 0)
		return ingot_fail(err, INGOT_E_BUG, "the blob %s is shorter than it was", INGOT_DIGEST(&g->b->digest));
	ingot_hash_add(g->hash, p, (size_t)got);
	g->at += (uint64_t)got;
	/* The last byte is held back from a server that could take wrong ones for right: what does not hash is not sent whole. */
	if (g->at == g->b->size) {
		struct ingot_digest is;
		ingot_hash_end(g->hash, &is);
		if (!ingot_digest_eq(&is, &g->b->digest))
			return ingot_fail(err, INGOT_E_BUG, "the blob %s has become %s", INGOT_DIGEST(&g->b->digest), INGOT_DIGEST(&is));
	}
	return got;
}

static int nothing(void *ctx, struct ingot_request *r, struct ingot_err *err)
{
	return 0;
}

/* 1: it has the blob. */
static int has(struct ingot_registry *g, struct session_call *c, const struct ingot_remote_source *b, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *target = ingot_strf("/v2/%s/blobs/%s", g->remote.repository, INGOT_DIGEST(&b->digest));
	c->request = (struct ingot_request){ .method = INGOT_HTTP_HEAD, .target = target };
	c->again = nothing;
	ingot_pass(session_ask(g, c, err));
	if (c->response.status == 404)
		return 0;
	if (c->response.status != 200)
		return session_refused(g, c, err);
	/* Of another size it is not this one, whatever it is called. */
	return !c->response.length || c->response.length == b->size;
}

/* 1: mounted; 0: there is a place to send it to, in c->response.location. */
static int begin(struct ingot_registry *g, struct session_call *c, const struct ingot_remote_source *b, const char *mount, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *target = mount ? ingot_strf("/v2/%s/blobs/uploads/?mount=%s&from=%s", g->remote.repository, INGOT_DIGEST(&b->digest), mount) :
						      ingot_strf("/v2/%s/blobs/uploads/", g->remote.repository);
	c->request = (struct ingot_request){ .method = INGOT_HTTP_POST, .target = target, .limit = KIB(64) };
	c->again = nothing;
	ingot_pass(session_ask(g, c, err));
	if (mount && c->response.status == 201)
		return 1;
	if (c->response.status != 202)
		return session_refused(g, c, err);
	if (!c->response.location[0])
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: the registry names no place of its own to send it to", c->doing);
	return 0;
}

/* 0: it is there; 1: it broke off. */
static int send_once(struct ingot_registry *g, struct session_call *c, const struct ingot_remote_source *b, struct ingot_err *err)
{
	const char *location = c->response.location;
	_cleanup_(ingot_freep) char *target = ingot_strf("%s%cdigest=%s", location, strchr(location, '?') ? '&' : '?', INGOT_DIGEST(&b->digest));
	struct giving giving = { .b = b, .hash = ingot_hash_new() };
	c->request = (struct ingot_request){ .method = INGOT_HTTP_PUT, .target = target, .type = "application/octet-stream", .limit = KIB(64), .size = b->size, .body = give, .ctx = &giving };
	c->again = NULL;
	int r = session_ask(g, c, err);
	ingot_hash_free(giving.hash);
	if (r < 0)
		return c->response.broke ? 1 : -1;
	if (c->response.status == 201 || c->response.status == 204)
		return 0;
	/* An upload that the server has forgotten, or cannot take now, is begun anew; so is one whose right to write has run out. */
	bool later = c->response.status == 404 || c->response.status == 408 || c->response.status == 429 || c->response.status >= 500 || c->response.status == 401;
	return later ? 1 : session_refused(g, c, err);
}

static int push(struct ingot_registry *g, struct session_call *c, const struct ingot_remote_source *b, const char *mount, enum ingot_pushed *ret, struct ingot_err *err)
{
	int there = has(g, c, b, err);
	ingot_pass(there);
	if (there) {
		*ret = INGOT_PUSHED_BEFORE;
		return 0;
	}
	for (unsigned n = 1;; n++) {
		int r = begin(g, c, b, n == 1 ? mount : NULL, err);
		ingot_pass(r);
		if (r == 1) {
			*ret = INGOT_PUSHED_MOUNTED;
			return 0;
		}
		r = send_once(g, c, b, err);
		if (r == 0) {
			*ret = INGOT_PUSHED_NOW;
			return 0;
		}
		ingot_pass(r);
		if (n == MAX_ROUNDS)
			return c->response.broke ? ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s", c->doing, c->response.why) : session_refused(g, c, err);
		session_pause(g, n, c->response.retry_after);
	}
}

int ingot_registry_push(struct ingot_registry *g, const struct ingot_remote_source *b, const char *mount, enum ingot_pushed *ret, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *doing = ingot_strf("writing the blob %s", INGOT_DIGEST(&b->digest));
	_cleanup_(session_call_freep) struct session_call *c = session_call_new(doing);
	session_also(g, mount);
	return push(g, c, b, mount, ret, err);
}

/* --- manifests --- */

static int text_again(void *ctx, struct ingot_request *r, struct ingot_err *err)
{
	((struct session_text *)ctx)->at = 0;
	return 0;
}

/* 1, or 0: it is another one. */
static int read_back(struct ingot_registry *g, const char *tag, const struct ingot_digest *d, struct ingot_err *err)
{
	struct ingot_remote_manifest m;
	int r = ingot_registry_manifest(g, tag, tag ? NULL : d, &m, err);
	ingot_pass(r);
	if (r == 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the registry took the manifest %s and does not have it", INGOT_DIGEST(d));
	bool same = ingot_digest_eq(&m.digest, d);
	ingot_remote_manifest_done(&m);
	return same;
}

int ingot_registry_put(struct ingot_registry *g, const char *tag, const char *type, struct ingot_span text, const char *match, bool *ret_referrers, struct ingot_err *err)
{
	struct ingot_digest d;
	ingot_sha256(text.p, text.n, &d);
	const char *name = tag ? tag : INGOT_DIGEST(&d);
	_cleanup_(ingot_freep) char *target = ingot_strf("/v2/%s/manifests/%s", g->remote.repository, name), *doing = ingot_strf("writing the manifest %s", name);
	_cleanup_(session_call_freep) struct session_call *c = session_call_new(doing);
	struct session_text source = { .text = text };
	c->request = (struct ingot_request){ .method = INGOT_HTTP_PUT, .target = target, .type = type, .match = match, .limit = KIB(64), .size = text.n, .body = session_give_text, .ctx = &source };
	c->again = text_again;
	ingot_pass(session_ask(g, c, err));
	if (match && c->response.status == 412)
		return 0;
	if (c->response.status != 201)
		return session_refused(g, c, err);
	*ret_referrers = c->response.subject;
	return read_back(g, tag, &d, err);
}
