/* One transfer at a time over one easy handle (so the connection is kept alive). Redirects are followed here, never by libcurl: at most
 * three, without credentials, never from https to http, never from a public server to a private address (safety 2.1-2.3). */
#include "transfer.h"
#include "link.h"
#include <ingot/escape.h>
#include <ingot/log.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <stdio.h>

struct transfer {
	struct ingot_chan *c;
	struct link link;
	/* what a server said about the file asked for last, for If-Range */
	char *path, *validator, *new_validator;
	/* of the running transfer */
	const struct ingot_msg_get *get;
	struct ingot_err *err;
	uint64_t headers, range_start, at;
	unsigned retry_after;
	bool announced, broken, failed; /* failed: *err is filled */
};

/* --- callbacks; a negative or short result ends the transfer --- */

static void content_range(struct transfer *t, struct ingot_span v)
{
	/* "bytes FIRST-LAST/SIZE" (RFC 9110 section 14.4); only FIRST is used, and only to compare it with what was asked. */
	struct ingot_span first;
	t->range_start = UINT64_MAX;
	if (!ingot_span_starts(v, "bytes "))
		return;
	v = ingot_span_from(v, 6);
	if (!ingot_span_next(&v, '-', &first) || ingot_parse_u64(first, INGOT_MAX_FILE, &t->range_start) < 0)
		t->range_start = UINT64_MAX;
}

static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t n = size * count;
	struct ingot_span line = { p, n }, v;
	t->headers += n;
	if (t->headers > LINK_MAX_HEADERS) {
		t->failed = true;
		(void)ingot_fail(t->err, INGOT_E_OUTSIDE, "the server's headers are longer than %u bytes", (unsigned)LINK_MAX_HEADERS);
		return 0;
	}
	if (link_header(line, "etag", &v) && v.n && v.p[0] == '"' && v.n < 200 && !t->new_validator)
		t->new_validator = ingot_strf("%.*s", (int)v.n, v.p);
	else if (link_header(line, "content-range", &v))
		content_range(t, v);
	else if (link_header(line, "retry-after", &v) && ingot_parse_u32(v, UINT32_MAX, &t->retry_after) == 0 && t->retry_after > 60)
		t->retry_after = 60;
	return n;
}

/* The first byte is here: say what kind of answer it is. */
static int announce(struct transfer *t, long status)
{
	curl_off_t length = -1;
	(void)curl_easy_getinfo(t->link.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	t->at = status == 206 ? t->get->offset : 0;
	uint64_t total = length > 0 && (uint64_t)length < INGOT_MAX_FILE - t->at ? t->at + (uint64_t)length : 0;
	struct ingot_msg_status m = { .status = (uint32_t)status, .length = total };
	t->announced = true;
	return ingot_chan_send(t->c, INGOT_MSG_STATUS, &m, t->err);
}

static size_t on_data(char *p, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t n = size * count;
	long status = 0;
	(void)curl_easy_getinfo(t->link.curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 206 && t->range_start != t->get->offset) {
		t->broken = true; /* other bytes than were asked for */
		return 0;
	}
	if (status != 200 && status != 206)
		return 0; /* the body of an error page: nobody reads it, and it has no say in how long it is */
	if (!t->announced && announce(t, status) < 0) {
		t->failed = true;
		return 0;
	}
	if (n > t->get->limit - t->at || t->at > t->get->limit) {
		t->failed = true;
		(void)ingot_fail(t->err, INGOT_E_OUTSIDE, "the server sends more than the %llu bytes that %s has", (unsigned long long)t->get->limit, INGOT_SHOW(t->get->path));
		return 0;
	}
	struct ingot_msg_data d = { .data = { p, n } };
	if (ingot_chan_send(t->c, INGOT_MSG_DATA, &d, t->err) < 0) {
		t->failed = true;
		return 0;
	}
	t->at += n;
	return n;
}

/* --- set-up --- */

int transfer_new(struct ingot_chan *c, const struct ingot_msg_origin *o, struct ingot_span ca, struct transfer **ret, struct ingot_err *err)
{
	_cleanup_(transfer_freep) struct transfer *t = ingot_alloc(sizeof(*t));
	t->c = c;
	ingot_pass(link_init(&t->link, o, ca, err));
	*ret = TAKE_PTR(t);
	return 0;
}

void transfer_free(struct transfer *t)
{
	link_done(&t->link);
	free(t->path);
	free(t->validator);
	free(t->new_validator);
	free(t);
}

static bool set_options(struct transfer *t, const char *url, struct curl_slist *extra)
{
	const struct link *l = &t->link;
	CURLcode bad = link_prepare(&t->link, url, t->get->limit) ? CURLE_OK : CURLE_UNKNOWN_OPTION;
#define SET(option, value) bad = bad ? bad : curl_easy_setopt(l->curl, option, value)
	/* A credential belongs to one origin: never to where a redirect leads, never beside an unverified peer (safety 2.1, 2.3). */
	if (l->hop == 0 && l->user && !l->insecure) {
		SET(CURLOPT_USERNAME, l->user);
		SET(CURLOPT_PASSWORD, l->password ? l->password : "");
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	}
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HTTPHEADER, extra);
#undef SET
	return bad == CURLE_OK;
}

/* --- one GET --- */

static int tell_broken(struct transfer *t, const char *why)
{
	char text[512];
	struct ingot_msg_log l = { .level = INGOT_INFO, .text = ingot_span_of(ingot_show(ingot_span_of(why), text, sizeof(text))) };
	struct ingot_msg_status s = { .status = 0, .retry_after = t->retry_after };
	ingot_pass(ingot_chan_send(t->c, INGOT_MSG_LOG, &l, t->err));
	return ingot_chan_send(t->c, INGOT_MSG_STATUS, &s, t->err);
}

static int request(struct transfer *t, const char *url, char error_text[CURL_ERROR_SIZE], CURLcode *ret)
{
	struct curl_slist *extra = NULL;
	/* A part is asked for only if the server can tell that it is a part of the same file (RFC 9110 section 13.1.5). */
	if (t->get->offset && t->validator) {
		char line[512];
		(void)snprintf(line, sizeof(line), "Range: bytes=%llu-", (unsigned long long)t->get->offset);
		extra = curl_slist_append(extra, line);
		(void)snprintf(line, sizeof(line), "If-Range: %s", t->validator);
		extra = extra ? curl_slist_append(extra, line) : NULL;
	}
	t->headers = 0;
	t->range_start = UINT64_MAX;
	t->retry_after = 0;
	t->announced = t->broken = t->failed = false;
	free(TAKE_PTR(t->new_validator));
	bool ok = set_options(t, url, extra) && curl_easy_setopt(t->link.curl, CURLOPT_ERRORBUFFER, error_text) == CURLE_OK;
	error_text[0] = 0;
	if (ok)
		*ret = curl_easy_perform(t->link.curl);
	(void)curl_easy_setopt(t->link.curl, CURLOPT_ERRORBUFFER, (char *)NULL);
	(void)curl_easy_setopt(t->link.curl, CURLOPT_HTTPHEADER, (struct curl_slist *)NULL);
	curl_slist_free_all(extra);
	return ok ? 0 : ingot_fail(t->err, INGOT_E_HOST, "this libcurl lacks an option that is needed");
}

/* After a transfer that was no redirect. */
static int conclude(struct transfer *t, const char *url, CURLcode code, const char *error_text)
{
	long status = 0;
	(void)curl_easy_getinfo(t->link.curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->failed)
		return -1;
	if (t->link.refused_address)
		return ingot_fail(t->err, INGOT_E_OUTSIDE, "the server redirects to a private address: %s", INGOT_SHOW(ingot_span_of(url)));
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return ingot_fail(t->err, INGOT_E_OUTSIDE, "%s: %s", INGOT_SHOW(ingot_span_of(url)), INGOT_SHOW(ingot_span_of(error_text[0] ? error_text : curl_easy_strerror(code))));
	bool whole = status == 200 || status == 206;
	if (!whole && status > 0 && (code == CURLE_OK || code == CURLE_WRITE_ERROR)) {
		struct ingot_msg_status m = { .status = (uint32_t)(status > 999 ? 999 : status), .retry_after = t->retry_after };
		return ingot_chan_send(t->c, INGOT_MSG_STATUS, &m, t->err);
	}
	if (t->broken)
		return tell_broken(t, "the server answered with another part than was asked for");
	if (t->new_validator) {
		free(t->validator);
		t->validator = TAKE_PTR(t->new_validator);
	}
	if (code != CURLE_OK)
		return tell_broken(t, error_text[0] ? error_text : curl_easy_strerror(code));
	if (!t->announced) /* an empty file */
		ingot_pass(announce(t, status));
	return ingot_chan_send(t->c, INGOT_MSG_DONE, NULL, t->err);
}

static char *url_of(const struct transfer *t, struct ingot_span path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(32));
	ingot_buf_str(&b, t->link.base);
	ingot_buf_char(&b, '/');
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '+') /* some object stores read it as a blank */
			ingot_buf_str(&b, "%2b");
		else
			ingot_buf_char(&b, path.p[i]);
	return ingot_strdup(ingot_buf_cstr(&b));
}

int transfer_get(struct transfer *t, const struct ingot_msg_get *get, struct ingot_err *err)
{
	t->get = get;
	t->err = err;
	if (!t->path || !ingot_span_is(get->path, t->path)) { /* another file: what we know of the last one is of no use */
		free(t->path);
		t->path = ingot_strf("%.*s", INGOT_SPAN_ARG(get->path));
		free(TAKE_PTR(t->validator));
	}
	_cleanup_(ingot_freep) char *url = url_of(t, get->path);
	for (t->link.hop = 0;; t->link.hop++) {
		char text[CURL_ERROR_SIZE];
		CURLcode code = CURLE_OK;
		long status = 0;
		ingot_pass(request(t, url, text, &code));
		(void)curl_easy_getinfo(t->link.curl, CURLINFO_RESPONSE_CODE, &status);
		if (!link_redirects(status) || t->failed || (code != CURLE_OK && code != CURLE_WRITE_ERROR))
			return conclude(t, url, code, text);
		char *next = NULL;
		ingot_pass(link_redirect(&t->link, url, &next, err));
		free(url);
		url = next;
	}
}
