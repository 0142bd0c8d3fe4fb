#include "session.h"
#include <errno.h>
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define MAX_TRIES 5
#define PAUSE_MOST 30000

void ingot_registry_close(struct ingot_registry *g)
{
	if (!g)
		return;
	ingot_exchange_close(g->exchange);
	ingot_credential_forget(&g->credential);
	session_forget_token(g);
	free(g->base);
	free(g->also);
	ingot_arena_free(g->arena);
	free(g);
}

static const char *keep(struct ingot_registry *g, const char *s)
{
	return s ? ingot_arena_str(g->arena, ingot_span_of(s)) : NULL;
}

static int find_credential(struct ingot_registry *g, const char *user, const char *password, struct ingot_err *err)
{
	if (g->o.anonymous)
		return 0;
	if (!user)
		return ingot_credential_find(&g->remote, g->o.auth_file, &g->credential, err);
	if (strlen(user) >= sizeof(g->credential.user) || strlen(password ? password : "") >= sizeof(g->credential.password))
		return ingot_fail(err, INGOT_E_INPUT, "a name or password that is too long");
	(void)snprintf(g->credential.user, sizeof(g->credential.user), "%s", user);
	(void)snprintf(g->credential.password, sizeof(g->credential.password), "%s", password ? password : "");
	return 1;
}

int ingot_registry_open(const struct ingot_remote *r, bool push, const struct ingot_registry_options *o, const struct ingot_log *log, struct ingot_registry **ret, struct ingot_err *err)
{
	static const struct ingot_registry_options defaults;
	_cleanup_(ingot_registry_closep) struct ingot_registry *g = ingot_alloc(sizeof(*g));
	g->arena = ingot_arena_new();
	g->remote = *r;
	g->o = o ? *o : defaults;
	g->o.auth_file = keep(g, g->o.auth_file);
	g->o.realm = keep(g, g->o.realm);
	g->o.ca_file = keep(g, g->o.ca_file);
	g->o.proxy = keep(g, g->o.proxy);
	g->o.user = g->o.password = NULL;
	g->log = log;
	g->push = push;
	g->base = ingot_strf("%s://%s", ingot_remote_is_local(r) ? "http" : "https", r->host);
	int found = find_credential(g, o ? o->user : NULL, o ? o->password : NULL, err);
	ingot_try(err, found, "credentials for %s", INGOT_SHOW(ingot_span_of(r->registry)));
	g->has_credential = found > 0;
	*ret = TAKE_PTR(g);
	return 0;
}

static int open_exchange(struct ingot_registry *g, struct ingot_err *err)
{
	bool basic = g->has_credential && g->credential.user[0] && !g->credential.identity[0];
	struct ingot_exchange_options o = {
		.base = g->base,
		.proxy = g->o.proxy,
		.user = basic ? g->credential.user : NULL,
		.password = basic ? g->credential.password : NULL,
		.ca_file = g->o.ca_file,
		.patience = g->o.patience,
	};
	return g->exchange ? 0 : ingot_exchange_open(&o, &g->exchange, err);
}

static int use_scheme(struct ingot_registry *g, const char *scheme, struct ingot_err *err)
{
	ingot_exchange_close(TAKE_PTR(g->exchange));
	free(g->base);
	g->base = ingot_strf("%s://%s", scheme, g->remote.host);
	return open_exchange(g, err);
}

/* A registry of this machine may speak TLS as well, and is not told apart by its name. Plain http is tried first; a server of TLS answers that with 400 or not at all. Then
 * TLS is tried, once; where that breaks off, too, it is plain http for good. 1: ask again at once, in the other scheme. */
static int settle(struct ingot_registry *g, const struct ingot_response *r, struct ingot_err *err)
{
	bool clear = strncmp(g->base, "http:", 5) == 0;
	if (g->settled)
		return 0;
	if (clear && (r->broke || r->status == 400)) {
		ingot_pass(use_scheme(g, "https", err));
		return 1;
	}
	g->settled = true;
	if (clear || !r->broke || !ingot_remote_is_local(&g->remote))
		return 0;
	ingot_pass(use_scheme(g, "http", err));
	return 1;
}

void session_pause(const struct ingot_registry *g, unsigned n, uint32_t at_least)
{
	uint64_t pause = (uint64_t)(g->o.pause ? g->o.pause : 250) << (n - 1);
	uint32_t jitter = 0;
	(void)!getrandom(&jitter, sizeof(jitter), 0);
	pause += jitter % pause;
	if (pause > PAUSE_MOST)
		pause = PAUSE_MOST;
	if (pause < (uint64_t)at_least * 1000)
		pause = (uint64_t)at_least * 1000;
	struct timespec t = { (time_t)(pause / 1000), (long)(pause % 1000) * 1000000 };
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* --- one call --- */

static int take_body(void *ctx, uint32_t status, const void *p, size_t n, struct ingot_err *err)
{
	struct session_call *c = ctx;
	if (status < 200 || status > 299) {
		ingot_buf_put(&c->refusal, p, n);
		return 0;
	}
	return c->request.sink ? c->request.sink(c->request.ctx, status, p, n, err) : 0;
}

static ssize_t give_body(void *ctx, void *p, size_t n, struct ingot_err *err)
{
	const struct session_call *c = ctx;
	return c->request.body(c->request.ctx, p, n, err);
}

static int ask_once(struct ingot_registry *g, struct session_call *c, struct ingot_err *err)
{
	struct ingot_request r = c->request;
	r.sink = take_body;
	r.body = give_body;
	r.ctx = c;
	r.auth = g->token ? INGOT_AUTH_BEARER : g->basic ? INGOT_AUTH_BASIC : INGOT_AUTH_NONE;
	r.token = g->token;
	ingot_buf_done(&c->refusal);
	c->refusal = (struct ingot_buf)INGOT_BUF(KIB(64));
	ingot_pass(open_exchange(g, err));
	return ingot_exchange_ask(g->exchange, &r, &c->response, err);
}

/* After 401: 1 when it is worth asking again. */
static int authenticate(struct ingot_registry *g, const struct session_call *c, struct ingot_err *err)
{
	if (c->response.challenge == INGOT_AUTH_BEARER) {
		ingot_pass(session_token(g, &c->response, err));
		return 1;
	}
	bool usable = c->response.challenge == INGOT_AUTH_BASIC && g->has_credential && g->credential.user[0] && !g->basic;
	g->basic |= usable;
	return usable;
}

static bool worth_again(const struct ingot_response *r)
{
	return r->broke || r->status == 408 || r->status == 429 || r->status >= 500;
}

static int prepare_again(struct session_call *c, struct ingot_err *err)
{
	return c->again(c->request.ctx, &c->request, err);
}

int session_ask(struct ingot_registry *g, struct session_call *c, struct ingot_err *err)
{
	unsigned authenticated = 0;
	for (unsigned n = 1;; n++) {
		ingot_try(err, ask_once(g, c, err), "%s", c->doing);
		const struct ingot_response *r = &c->response;
		int other = c->again ? settle(g, r, err) : 0;
		ingot_try(err, other, "%s", c->doing);
		if (other) {
			ingot_try(err, prepare_again(c, err), "%s", c->doing);
			continue;
		}
		if (r->status == 401 && !r->broke && authenticated++ < 2) {
			int more = authenticate(g, c, err);
			ingot_try(err, more, "%s", c->doing);
			if (!more || !c->again)
				return 0; /* what is not made again by itself is begun anew by its caller, with the new token */
			ingot_try(err, prepare_again(c, err), "%s", c->doing);
			continue;
		}
		if (!worth_again(r))
			return 0;
		if (n >= MAX_TRIES || !c->again) {
			if (!r->broke)
				return 0;
			(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s: %s", c->doing, INGOT_SHOW(ingot_span_of(g->base)), r->why[0] ? r->why : "it broke off");
			return ingot_remote_is_local(&g->remote) ? -1 : ingot_hint(err, "a registry beyond this machine has to speak TLS; is it up, and is that its port?");
		}
		ingot_say(g->log, INGOT_DEBUG, "%s: %s; trying again", c->doing, r->broke ? r->why : "the registry cannot now");
		session_pause(g, n, r->retry_after);
		ingot_try(err, prepare_again(c, err), "%s", c->doing);
	}
}

struct session_call *session_call_new(const char *doing)
{
	struct session_call *c = ingot_alloc(sizeof(*c));
	c->doing = doing;
	return c;
}

void session_call_free(struct session_call *c)
{
	ingot_buf_done(&c->refusal);
	free(c);
}

ssize_t session_give_text(void *ctx, void *p, size_t n, struct ingot_err *err)
{
	struct session_text *t = ctx;
	size_t part = t->text.n - t->at < n ? t->text.n - t->at : n;
	memcpy(p, t->text.p + t->at, part);
	t->at += part;
	return (ssize_t)part;
}

/* {"errors":[{"code","message","detail"}]} if it is that (distribution-spec, "Error codes"); HTML of a proxy is not worth showing. */
static void words_of(const struct session_call *c, char *ret, size_t size)
{
	struct ingot_err no = INGOT_ERR_INIT;
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	ret[0] = '\0';
	if (!c->refusal.n || c->refusal.p[0] != '{' || ingot_decode_json_bytes(ingot_buf_view(&c->refusal), &d, &no) < 0)
		return;
	const struct ingot_doc_value *code = ingot_doc_get(d, "/errors/0/code"), *message = ingot_doc_get(d, "/errors/0/message");
	if (code && code->kind == INGOT_J_STRING)
		(void)snprintf(ret, size, " (%s%s%s)", INGOT_SHOW(code->value), message && message->value.n ? ": " : "", message ? INGOT_SHOW(message->value) : "");
}

int session_no_credential(const struct ingot_registry *g, struct ingot_err *err)
{
	if (g->credential.helper[0])
		return ingot_hint(err, "docker-credential-%s may know a credential, and is not run: give it with --creds", INGOT_SHOW(ingot_span_of(g->credential.helper)));
	return ingot_hint(err, "log in: podman login %s", INGOT_SHOW(ingot_span_of(g->remote.registry)));
}

void session_also(struct ingot_registry *g, const char *repository)
{
	if (!repository || (g->also && strcmp(g->also, repository) == 0))
		return;
	free(g->also);
	g->also = ingot_strdup(repository);
	session_forget_token(g); /* it is not good for this one */
}

int session_refused(struct ingot_registry *g, const struct session_call *c, struct ingot_err *err)
{
	const struct ingot_response *r = &c->response;
	char words[600];
	words_of(c, words, sizeof(words));
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s answers with status %u%s", c->doing, INGOT_SHOW(ingot_span_of(g->remote.host)), r->status, words);
	if ((r->status == 401 || r->status == 403) && !g->has_credential)
		return session_no_credential(g, err);
	const char *from = g->credential.file[0] ? g->credential.file : "the command line";
	if (r->status == 401 && !g->token)
		return ingot_hint(err, "the name or the password of %s is wrong", from);
	if (r->status == 401 || r->status == 403)
		return ingot_hint(err, "the user of %s may not do this", from);
	if (r->status >= 300 && r->status < 400)
		return ingot_hint(err, "it leads elsewhere, where nothing of ours is sent");
	return -1;
}
