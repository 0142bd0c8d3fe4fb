#include "exchange.h"
#include "challenge.h"
#include <ingot/escape.h>
#include <ingot/host.h>
#include <ingot/log.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <stdio.h>
#include <strings.h>

#define MAX_ERROR_BODY KIB(16) /* what a server says about its refusal: enough for a message */

struct exchange {
	struct ingot_chan *c;
	struct link link;
	/* of the running request */
	struct ingot_msg_ask ask; /* its spans are copies, below */
	char *target, *accept, *type, *match, *token;
	struct ingot_err *err;
	uint64_t headers, body_left, at, limit, unread; /* unread: of a redirect's body */
	struct ingot_span piece; /* of the body, not yet handed on */
	struct challenge challenge;
	uint32_t retry_after, subject;
	char content_type[256], etag[256], *location, *link_next;
	bool answered, failed; /* failed: *err is filled */
};

static char *copy(struct ingot_span s)
{
	return ingot_strf("%.*s", INGOT_SPAN_ARG(s));
}

static void forget(struct exchange *x)
{
	free(TAKE_PTR(x->target));
	free(TAKE_PTR(x->accept));
	free(TAKE_PTR(x->type));
	free(TAKE_PTR(x->match));
	if (x->token)
		explicit_bzero(x->token, strlen(x->token));
	free(TAKE_PTR(x->token));
	free(TAKE_PTR(x->location));
	free(TAKE_PTR(x->link_next));
}

int exchange_new(struct ingot_chan *c, struct link *take_l, struct exchange **ret, struct ingot_err *err)
{
	struct exchange *x = ingot_alloc(sizeof(*x));
	x->c = c;
	x->link = *take_l;
	x->link.http2 = true;
	*take_l = (struct link){ 0 };
	*ret = x;
	return 0;
}

void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	forget(x);
	link_done(&x->link);
	free(x);
}

/* --- the answer's headers --- */

static void keep_text(struct ingot_span v, char *ret, size_t size)
{
	bool plain = v.n < size;
	for (size_t i = 0; i < v.n; i++)
		plain = plain && (unsigned char)v.p[i] >= ' ' && v.p[i] != 127;
	(void)snprintf(ret, size, "%.*s", plain ? (int)v.n : 0, v.p);
}

/* Link: <URL>; rel="next" (RFC 8288), of which a registry makes no other use. */
static void keep_next(struct exchange *x, struct ingot_span v)
{
	if (!ingot_span_starts(v, "<") || x->link_next || !memmem(v.p, v.n, "rel=\"next\"", 10))
		return;
	const char *end = memchr(v.p, '>', v.n);
	if (end)
		x->link_next = copy((struct ingot_span){ v.p + 1, (size_t)(end - v.p) - 1 });
}

static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;
	size_t n = size * count;
	struct ingot_span line = { p, n }, v;
	x->headers += n;
	if (x->headers > LINK_MAX_HEADERS) {
		x->failed = true;
		(void)ingot_fail(x->err, INGOT_E_OUTSIDE, "the server's headers are longer than %u bytes", (unsigned)LINK_MAX_HEADERS);
		return 0;
	}
	if (link_header(line, "www-authenticate", &v))
		challenge_read(&x->challenge, v);
	else if (link_header(line, "content-type", &v))
		keep_text(v, x->content_type, sizeof(x->content_type));
	else if (link_header(line, "etag", &v))
		keep_text(v, x->etag, sizeof(x->etag));
	else if (link_header(line, "oci-subject", &v))
		x->subject = 1;
	else if (link_header(line, "location", &v) && !x->location && v.n < KIB(16))
		x->location = copy(v);
	else if (link_header(line, "link", &v))
		keep_next(x, v);
	else if (link_header(line, "retry-after", &v) && ingot_parse_u32(v, UINT32_MAX, &x->retry_after) == 0 && x->retry_after > 60)
		x->retry_after = 60;
	return n;
}

/* A URL of the server's as a target of its own origin, or "": what leads elsewhere is nothing that we send anything to (safety 2.1). */
static char *own_target(const struct exchange *x, const char *from, const char *url)
{
	CURLU *u = curl_url();
	char *whole = NULL, *path = NULL, *query = NULL, *ret = NULL;
	if (url && url[0] && u && curl_url_set(u, CURLUPART_URL, from, 0) == CURLUE_OK && curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &whole, 0) == CURLUE_OK && link_same_origin(whole, x->link.base) && curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
		(void)curl_url_get(u, CURLUPART_QUERY, &query, 0);
		ret = ingot_strf("%s%s%s", path, query ? "?" : "", query ? query : "");
	}
	curl_free(whole);
	curl_free(path);
	curl_free(query);
	curl_url_cleanup(u);
	if (ret && strlen(ret) >= KIB(16))
		free(TAKE_PTR(ret));
	return ret ? ret : ingot_strdup("");
}

static int answer(struct exchange *x, const char *url)
{
	long status = 0;
	curl_off_t length = -1;
	(void)curl_easy_getinfo(x->link.curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(x->link.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	_cleanup_(ingot_freep) char *location = own_target(x, url, x->location), *next = own_target(x, url, x->link_next);
	struct ingot_msg_answer m = {
		.status = (uint32_t)(status < 0 || status > 999 ? 999 : status),
		.length = length > 0 && (uint64_t)length < INGOT_MAX_FILE ? (uint64_t)length : 0,
		.retry_after = x->retry_after,
		.subject = x->subject,
		.type = ingot_span_of(x->content_type),
		.etag = ingot_span_of(x->etag),
		.location = ingot_span_of(location),
		.next = ingot_span_of(next),
	};
	/* What somebody asks whom a redirect leads to is nobody's business. */
	if (status == 401 && x->link.hop == 0) {
		m.challenge = x->challenge.bearer ? INGOT_AUTH_BEARER : x->challenge.basic ? INGOT_AUTH_BASIC : INGOT_AUTH_NONE;
		m.realm = ingot_span_of(x->challenge.realm);
		m.service = ingot_span_of(x->challenge.service);
		m.scope = ingot_span_of(x->challenge.scope);
	}
	x->answered = true;
	x->at = 0;
	x->limit = status >= 200 && status < 300 ? x->ask.limit : MAX_ERROR_BODY;
	return ingot_chan_send(x->c, INGOT_MSG_ANSWER, &m, x->err);
}

/* --- bodies --- */

static size_t on_data(char *p, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;
	size_t n = size * count;
	char *url = NULL;
	long status = 0;
	(void)curl_easy_getinfo(x->link.curl, CURLINFO_RESPONSE_CODE, &status);
	if (link_redirects(status) && x->ask.method == INGOT_HTTP_GET)
		return (x->unread += n) > MAX_ERROR_BODY ? 0 : n; /* nobody reads it */
	(void)curl_easy_getinfo(x->link.curl, CURLINFO_EFFECTIVE_URL, &url);
	if (!x->answered && answer(x, url) < 0) {
		x->failed = true;
		return 0;
	}
	bool good = status >= 200 && status < 300;
	if (n > x->limit - x->at && good) {
		x->failed = true;
		(void)ingot_fail(x->err, INGOT_E_OUTSIDE, "the server sends more than %llu bytes for %s", (unsigned long long)x->limit, INGOT_SHOW(ingot_span_of(x->target)));
		return 0;
	}
	size_t part = n > x->limit - x->at ? (size_t)(x->limit - x->at) : n;
	struct ingot_msg_data d = { .data = { p, part } };
	if (part && ingot_chan_send(x->c, INGOT_MSG_DATA, &d, x->err) < 0) {
		x->failed = true;
		return 0;
	}
	x->at += part;
	return part == n ? n : 0; /* a refusal that goes on and on */
}

/* The next piece of our own body, from the coordinator. */
static int more_body(struct exchange *x)
{
	union ingot_msg m;
	if (x->piece.n || !x->body_left)
		return 0;
	if (ingot_chan_recv(x->c, INGOT_PERMIT(INGOT_MSG_DATA), &m, x->err) < 0 || m.data.data.n > x->body_left) {
		x->failed = true;
		return -1;
	}
	x->piece = m.data.data;
	x->body_left -= m.data.data.n;
	return 0;
}

static size_t on_read(char *p, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;
	size_t room = size * count;
	if (more_body(x) < 0)
		return CURL_READFUNC_ABORT;
	size_t n = x->piece.n < room ? x->piece.n : room;
	if (n)
		memcpy(p, x->piece.p, n);
	x->piece = ingot_span_from(x->piece, n);
	return n;
}

/* The server did not wait for all of it: the rest must not be taken for the next question. */
static int drain_body(struct exchange *x)
{
	do {
		x->piece.n = 0;
		ingot_pass(more_body(x));
	} while (x->piece.n);
	return 0;
}

/* --- one request --- */

static bool add_line(struct curl_slist **list, const char *name, const char *value)
{
	if (!value[0])
		return true;
	_cleanup_(ingot_freep) char *line = ingot_strf("%s: %s", name, value);
	struct curl_slist *longer = curl_slist_append(*list, line);
	*list = longer ? longer : *list;
	return longer != NULL;
}

/* A credential goes to the configured origin alone: not where a redirect leads, not beside an unverified peer, not in the clear beyond this machine (safety 2.1, 2.3). */
static bool may_authenticate(const struct exchange *x, const char *url)
{
	struct ingot_err no = INGOT_ERR_INIT;
	if (x->link.hop || x->link.insecure || !link_same_origin(url, x->link.base))
		return false;
	if (link_scheme(url, &no) == 1)
		return true;
	struct ingot_span rest = ingot_span_from(ingot_span_of(x->link.base), 7), host; /* behind "http://" */
	return ingot_span_next(&rest, '/', &host) && ingot_host_is_own(host);
}

static bool headers_of(struct exchange *x, const char *url, struct curl_slist **list)
{
	bool fine = add_line(list, "Accept", x->accept) && add_line(list, "Content-Type", x->type) && add_line(list, "If-Match", x->match) && add_line(list, "Expect", " ");
	if (x->ask.offset) {
		char range[64];
		(void)snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)x->ask.offset);
		fine = fine && add_line(list, "Range", range);
	}
	if (x->ask.auth == INGOT_AUTH_BEARER && may_authenticate(x, url)) {
		_cleanup_(ingot_freep) char *value = ingot_strf("Bearer %s", x->token);
		fine = fine && add_line(list, "Authorization", value);
		explicit_bzero(value, strlen(value));
	}
	return fine;
}

static bool set_method(struct exchange *x)
{
	static const char *const words[] = { "", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "POST" };
	CURL *h = x->link.curl;
	CURLcode bad = CURLE_OK;
#define SET(option, value) bad = bad ? bad : curl_easy_setopt(h, option, value)
	if (x->ask.method == INGOT_HTTP_HEAD)
		SET(CURLOPT_NOBODY, 1L);
	else if (x->ask.method != INGOT_HTTP_GET) {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->ask.size);
		SET(CURLOPT_READFUNCTION, on_read);
		SET(CURLOPT_READDATA, x);
		SET(CURLOPT_CUSTOMREQUEST, words[x->ask.method]);
	}
#undef SET
	return bad == CURLE_OK;
}

static bool set_options(struct exchange *x, const char *url, struct curl_slist *lines)
{
	CURL *h = x->link.curl;
	CURLcode bad = link_prepare(&x->link, url, x->ask.limit + x->ask.size) && set_method(x) ? CURLE_OK : CURLE_UNKNOWN_OPTION;
#define SET(option, value) bad = bad ? bad : curl_easy_setopt(h, option, value)
	if (x->ask.auth == INGOT_AUTH_BASIC && x->link.user && may_authenticate(x, url)) {
		SET(CURLOPT_USERNAME, x->link.user);
		SET(CURLOPT_PASSWORD, x->link.password ? x->link.password : "");
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	}
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, x);
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_HTTPHEADER, lines);
#undef SET
	return bad == CURLE_OK;
}

static int request(struct exchange *x, const char *url, char error_text[CURL_ERROR_SIZE], CURLcode *ret)
{
	struct curl_slist *lines = NULL;
	x->headers = x->unread = 0;
	x->retry_after = x->subject = 0;
	x->challenge = (struct challenge){ 0 };
	x->content_type[0] = x->etag[0] = '\0';
	x->answered = x->failed = false;
	free(TAKE_PTR(x->location));
	free(TAKE_PTR(x->link_next));
	bool ok = headers_of(x, url, &lines) && set_options(x, url, lines) && curl_easy_setopt(x->link.curl, CURLOPT_ERRORBUFFER, error_text) == CURLE_OK;
	error_text[0] = '\0';
	if (ok)
		*ret = curl_easy_perform(x->link.curl);
	(void)curl_easy_setopt(x->link.curl, CURLOPT_ERRORBUFFER, (char *)NULL);
	(void)curl_easy_setopt(x->link.curl, CURLOPT_HTTPHEADER, (struct curl_slist *)NULL);
	curl_slist_free_all(lines);
	return ok ? 0 : ingot_fail(x->err, INGOT_E_HOST, "this libcurl lacks an option that is needed");
}

static int tell_broken(struct exchange *x, const char *why)
{
	char text[512];
	struct ingot_msg_log l = { .level = INGOT_INFO, .text = ingot_span_of(ingot_show(ingot_span_of(why), text, sizeof(text))) };
	struct ingot_msg_status s = { .status = 0, .retry_after = x->retry_after };
	ingot_pass(ingot_chan_send(x->c, INGOT_MSG_LOG, &l, x->err));
	return ingot_chan_send(x->c, INGOT_MSG_STATUS, &s, x->err);
}

/* After a request that was not redirected. */
static int conclude(struct exchange *x, const char *url, CURLcode code, const char *error_text)
{
	long status = 0;
	(void)curl_easy_getinfo(x->link.curl, CURLINFO_RESPONSE_CODE, &status);
	if (x->failed)
		return -1;
	if (x->link.refused_address)
		return ingot_fail(x->err, INGOT_E_OUTSIDE, "the server redirects to a private address: %s", INGOT_SHOW(ingot_span_of(url)));
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return ingot_fail(x->err, INGOT_E_OUTSIDE, "%s: %s", INGOT_SHOW(ingot_span_of(url)), INGOT_SHOW(ingot_span_of(error_text[0] ? error_text : curl_easy_strerror(code))));
	ingot_pass(drain_body(x));
	bool good = status >= 200 && status < 300, refusal = status > 0 && !good;
	/* What a refusal says may be cut short, by us or by anybody; an answer may not. */
	if (code != CURLE_OK && !(refusal && (x->answered || code == CURLE_SEND_ERROR || code == CURLE_WRITE_ERROR)))
		return tell_broken(x, error_text[0] ? error_text : curl_easy_strerror(code));
	if (!x->answered)
		ingot_pass(answer(x, url));
	return ingot_chan_send(x->c, INGOT_MSG_DONE, NULL, x->err);
}

int exchange_ask(struct exchange *x, const struct ingot_msg_ask *ask, struct ingot_err *err)
{
	forget(x);
	x->ask = *ask;
	x->err = err;
	x->target = copy(ask->target);
	x->accept = copy(ask->accept);
	x->type = copy(ask->type);
	x->match = copy(ask->match);
	x->token = copy(ask->token);
	x->body_left = ask->size;
	x->piece = (struct ingot_span){ 0 };
	if (!ask->method || ask->method > INGOT_HTTP_FORM || !ingot_span_starts(ask->target, "/"))
		return ingot_fail(err, INGOT_E_BUG, "an ASK that nobody can carry out");
	_cleanup_(ingot_freep) char *url = ingot_strf("%s%s", x->link.base, x->target);
	for (x->link.hop = 0;; x->link.hop++) {
		char text[CURL_ERROR_SIZE];
		CURLcode code = CURLE_OK;
		long status = 0;
		ingot_pass(request(x, url, text, &code));
		(void)curl_easy_getinfo(x->link.curl, CURLINFO_RESPONSE_CODE, &status);
		bool reads = x->ask.method == INGOT_HTTP_GET || x->ask.method == INGOT_HTTP_HEAD;
		if (!link_redirects(status) || !reads || x->failed || (code != CURLE_OK && code != CURLE_WRITE_ERROR))
			return conclude(x, url, code, text);
		char *next = NULL;
		ingot_pass(link_redirect(&x->link, url, &next, err));
		free(url);
		url = next;
	}
}
