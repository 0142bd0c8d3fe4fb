/* token.c - bearer tokens (the distribution project's token authentication): asked for at the origin that the credential is for, or at one that the user named. */
#include "session.h"
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/host.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_TOKEN (KIB(32) - 1)

/* Registries whose tokens come from another host of the same owner. What is not here is named by the user, or gets nothing. */
static const struct {
	const char *registry, *realm;
} known[] = {
	{ "registry-1.docker.io", "https://auth.docker.io" },
	{ "registry.gitlab.com", "https://gitlab.com" },
};

/* "https://HOST[:PORT]" of a URL, the rest behind it. False: not http(s), or it carries a user. */
static bool split(const char *url, char *origin, size_t size, const char **ret_target)
{
	const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 : strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
	if (!host)
		return false;
	size_t n = strcspn(host, "/?#");
	if (!n || memchr(host, '@', n) || memchr(host, '\\', n) || (size_t)(host - url) + n >= size)
		return false;
	(void)snprintf(origin, size, "%.*s", (int)((size_t)(host - url) + n), url);
	*ret_target = host[n] ? host + n : "/";
	return true;
}

static bool same(const char *a, const char *b)
{
	size_t n = strlen(b);
	while (n && b[n - 1] == '/')
		n--;
	return strlen(a) == n && strncasecmp(a, b, n) == 0;
}

/* May this origin know who we are? (safety 2.1: one function decides.) */
static bool trusted(const struct ingot_registry *g, const char *origin)
{
	struct ingot_span o = ingot_span_of(origin);
	if (same(origin, g->base) || (g->o.realm && same(origin, g->o.realm)))
		return !ingot_span_starts(o, "http://") || ingot_host_is_own(ingot_span_from(o, 7)); /* a token of one's own travels in a body, which the helper's rule does not cover */
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(g->remote.host, known[i].registry) == 0 && same(origin, known[i].realm))
			return true;
	return false;
}

/* RFC 3986: everything but unreserved characters is escaped. */
static void add_escaped(struct ingot_buf *b, const char *s)
{
	for (; *s; s++)
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-._~", *s))
			ingot_buf_char(b, *s);
		else
			ingot_buf_fmt(b, "%%%02X", (unsigned char)*s);
}

/* What we need, and not what the server says that we need. */
static void add_scopes(const struct ingot_registry *g, const char *name, struct ingot_buf *b)
{
	_cleanup_(ingot_freep) char *own = ingot_strf("repository:%s:%s", g->remote.repository, g->push ? "pull,push" : "pull");
	ingot_buf_fmt(b, "&%s=", name);
	add_escaped(b, own);
	if (!g->also)
		return;
	_cleanup_(ingot_freep) char *other = ingot_strf("repository:%s:pull", g->also);
	ingot_buf_fmt(b, "&%s=", name);
	add_escaped(b, other);
}

struct asked {
	struct ingot_buf form, answer;
	struct session_text body; /* the form, as it is given */
};

static ssize_t give(void *ctx, void *p, size_t n, struct ingot_err *err)
{
	return session_give_text(&((struct asked *)ctx)->body, p, n, err);
}

static int take(void *ctx, uint32_t status, const void *p, size_t n, struct ingot_err *err)
{
	struct asked *a = ctx;
	if (status == 200)
		ingot_buf_put(&a->answer, p, n);
	return 0;
}

static int read_token(struct ingot_registry *g, const struct asked *a, const char *origin, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	ingot_try(err, ingot_decode_json_bytes(ingot_buf_view(&a->answer), &d, err), "the token of %s", INGOT_SHOW(ingot_span_of(origin)));
	const struct ingot_doc_value *v = ingot_doc_get(d, "/token");
	v = v ? v : ingot_doc_get(d, "/access_token");
	bool fine = v && v->kind == INGOT_J_STRING && v->value.n && v->value.n < MAX_TOKEN;
	for (size_t i = 0; fine && i < v->value.n; i++)
		fine = v->value.p[i] > ' ' && v->value.p[i] < 127; /* it becomes a header */
	if (!fine)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s gives no token that can be used", INGOT_SHOW(ingot_span_of(origin)));
	session_forget_token(g);
	g->token = ingot_strf("%.*s", INGOT_SPAN_ARG(v->value));
	return 0;
}

static int fetch(struct ingot_registry *g, const char *origin, const char *target, const struct ingot_response *asked, struct asked *a, struct ingot_err *err)
{
	_cleanup_(ingot_exchange_closep) struct ingot_exchange *x = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf url = INGOT_BUF(KIB(16));
	bool identity = g->credential.identity[0], basic = g->has_credential && !identity;
	struct ingot_exchange_options o = {
		.base = origin,
		.proxy = g->o.proxy,
		.user = basic ? g->credential.user : NULL,
		.password = basic ? g->credential.password : NULL,
		.ca_file = g->o.ca_file,
		.patience = g->o.patience,
	};
	ingot_buf_str(&url, target);
	struct ingot_request r = { .method = INGOT_HTTP_GET, .auth = basic ? INGOT_AUTH_BASIC : INGOT_AUTH_NONE, .limit = KIB(64), .body = give, .sink = take, .ctx = a };
	if (identity) {
		ingot_buf_str(&a->form, "grant_type=refresh_token&client_id=ingot&service=");
		add_escaped(&a->form, asked->service);
		add_scopes(g, "scope", &a->form);
		ingot_buf_str(&a->form, "&refresh_token=");
		add_escaped(&a->form, g->credential.identity);
		r.method = INGOT_HTTP_FORM;
		r.type = "application/x-www-form-urlencoded";
		r.size = a->form.n;
	} else {
		ingot_buf_str(&url, strchr(target, '?') ? "&service=" : "?service=");
		add_escaped(&url, asked->service);
		add_scopes(g, "scope", &url);
	}
	ingot_pass(ingot_buf_check(&url, "the address of a token", err));
	r.target = ingot_buf_cstr(&url);
	ingot_pass(ingot_exchange_open(&o, &x, err));
	for (unsigned n = 1;; n++) {
		struct ingot_response *got = ingot_alloc(sizeof(*got));
		_cleanup_(ingot_freep) void *owner = got;
		a->body = (struct session_text){ ingot_buf_view(&a->form), 0 };
		ingot_buf_clear(&a->answer);
		ingot_pass(ingot_exchange_ask(x, &r, got, err));
		if (!got->broke && got->status == 200)
			return 0;
		bool later = got->broke || got->status == 429 || got->status >= 500;
		if (later && n < 4) {
			session_pause(g, n, got->retry_after);
			continue;
		}
		if (got->broke)
			return ingot_fail(err, INGOT_E_OUTSIDE, "asking %s for a token: %s", INGOT_SHOW(ingot_span_of(origin)), got->why);
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s gives no token (status %u)", INGOT_SHOW(ingot_span_of(origin)), got->status);
		return g->has_credential ? ingot_hint(err, "the name or the password of %s may be wrong", g->credential.file[0] ? g->credential.file : "the command line") :
					   session_no_credential(g, err);
	}
}

void session_forget_token(struct ingot_registry *g)
{
	if (g->token)
		explicit_bzero(g->token, strlen(g->token));
	free(TAKE_PTR(g->token));
}

int session_token(struct ingot_registry *g, const struct ingot_response *asked, struct ingot_err *err)
{
	char origin[1024];
	const char *target;
	if (!split(asked->realm, origin, sizeof(origin), &target))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the registry sends us to no usable place for a token: \"%s\"", INGOT_SHOW(ingot_span_of(asked->realm)));
	if (!trusted(g, origin)) {
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "the registry wants tokens of %s, which is neither itself nor known to belong to it; nothing was sent there", INGOT_SHOW(ingot_span_of(origin)));
		return ingot_hint(err, "if it does belong to it: --realm %s", INGOT_SHOW(ingot_span_of(origin)));
	}
	struct asked a = { .form = INGOT_BUF(KIB(32)), .answer = INGOT_BUF(KIB(64)) };
	int r = fetch(g, origin, target, asked, &a, err);
	if (r == 0)
		r = read_token(g, &a, origin, err);
	if (a.form.p)
		explicit_bzero(a.form.p, a.form.n);
	if (a.answer.p)
		explicit_bzero(a.answer.p, a.answer.n);
	ingot_buf_done(&a.form);
	ingot_buf_done(&a.answer);
	return r;
}
