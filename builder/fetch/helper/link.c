#include "link.h"
#include "address.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <strings.h>

#define CONNECT_SECONDS 20L
#define DEADLINE_RATE 32768 /* bytes a second that a whole transfer must reach on average, beyond its first two minutes */
#define DEADLINE_MOST 21600

static struct curl_blob blob_of(struct ingot_span text)
{
	struct curl_blob b = { .data = text.n ? ingot_alloc(text.n) : NULL, .len = text.n, .flags = CURL_BLOB_NOCOPY };
	if (text.n)
		memcpy(b.data, text.p, text.n);
	return b;
}

static char *text_of(struct ingot_span s)
{
	return s.n ? ingot_strf("%.*s", INGOT_SPAN_ARG(s)) : NULL;
}

int link_init(struct link *l, const struct ingot_msg_origin *o, struct ingot_span ca, struct ingot_err *err)
{
	if (memchr(o->base.p, 0, o->base.n) || memchr(o->proxy.p, 0, o->proxy.n))
		return ingot_fail(err, INGOT_E_BUG, "a NUL in a URL");
	l->base = ingot_strf("%.*s", INGOT_SPAN_ARG(o->base));
	l->proxy = text_of(o->proxy);
	l->user = text_of(o->user);
	l->password = text_of(o->password);
	l->insecure = o->insecure;
	l->patience = o->patience ? o->patience : 30;
	l->ca = blob_of(ca);
	ingot_pass(link_scheme(l->base, err));
	l->curl = curl_easy_init();
	return l->curl ? 0 : ingot_fail(err, INGOT_E_HOST, "libcurl cannot be initialised");
}

void link_done(struct link *l)
{
	if (l->curl)
		curl_easy_cleanup(l->curl);
	free(l->base);
	free(l->proxy);
	free(l->user);
	free(l->password);
	free(l->ca.data);
	free(l->certificate.data);
	free(l->key.data);
	*l = (struct link){ 0 };
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct link *l = ctx;
	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	bool private = ingot_address_private(&a->addr);
	if (l->hop == 0 && private)
		l->private_ok = true;
	/* With a proxy the address is the proxy's; which machine it reaches is its owner's rule. */
	if (l->hop > 0 && private && !l->private_ok && !l->proxy) {
		l->refused_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

bool link_prepare(struct link *l, const char *url, uint64_t bytes)
{
	CURL *h = l->curl;
	CURLcode bad = CURLE_OK;
	uint64_t deadline = 120 + bytes / DEADLINE_RATE;
	curl_easy_reset(h); /* keeps the connections */
	l->refused_address = false;
#define SET(option, value) bad = bad ? bad : curl_easy_setopt(h, option, value)
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, l->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP_CONTENT_DECODING, 0L); /* the bytes as they are: their digest is known */
	SET(CURLOPT_USERAGENT, "ingot");
	SET(CURLOPT_PROXY, l->proxy ? l->proxy : "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1024L);
	SET(CURLOPT_LOW_SPEED_TIME, (long)l->patience);
	SET(CURLOPT_TIMEOUT, (long)(deadline > DEADLINE_MOST ? DEADLINE_MOST : deadline));
	SET(CURLOPT_BUFFERSIZE, 262144L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAINFO, (char *)NULL);
	SET(CURLOPT_CAPATH, (char *)NULL);
	if (l->ca.len)
		SET(CURLOPT_CAINFO_BLOB, &l->ca);
	if (l->insecure) {
		SET(CURLOPT_SSL_VERIFYPEER, 0L);
		SET(CURLOPT_SSL_VERIFYHOST, 0L);
	}
	/* Who we are is for the configured server to know, and for nobody whom it names. */
	if (l->certificate.len && l->hop == 0) {
		SET(CURLOPT_SSLCERT_BLOB, &l->certificate);
		SET(CURLOPT_SSLKEY_BLOB, &l->key);
	}
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, l);
#undef SET
	return bad == CURLE_OK;
}

int link_scheme(const char *url, struct ingot_err *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL;
	int r = -1;
	if (!u)
		ingot_panic("no memory");
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) != CURLUE_OK || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s is no usable URL", INGOT_SHOW(ingot_span_of(url)));
	else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s: only http and https are fetched", INGOT_SHOW(ingot_span_of(url)));
	else
		r = strcmp(scheme, "https") == 0;
	curl_free(scheme);
	curl_url_cleanup(u);
	return r;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part, unsigned flags)
{
	char *x = NULL, *y = NULL;
	bool same = curl_url_get(a, part, &x, flags) == CURLUE_OK && curl_url_get(b, part, &y, flags) == CURLUE_OK && strcasecmp(x, y) == 0;
	curl_free(x);
	curl_free(y);
	return same;
}

bool link_same_origin(const char *a, const char *b)
{
	CURLU *x = curl_url(), *y = curl_url();
	bool same = x && y && curl_url_set(x, CURLUPART_URL, a, CURLU_DISALLOW_USER) == CURLUE_OK && curl_url_set(y, CURLUPART_URL, b, CURLU_DISALLOW_USER) == CURLUE_OK &&
		    same_part(x, y, CURLUPART_SCHEME, 0) && same_part(x, y, CURLUPART_HOST, 0) && same_part(x, y, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	curl_url_cleanup(x);
	curl_url_cleanup(y);
	return same;
}

bool link_redirects(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

int link_redirect(struct link *l, const char *from, char **ret, struct ingot_err *err)
{
	char *to = NULL;
	(void)curl_easy_getinfo(l->curl, CURLINFO_REDIRECT_URL, &to);
	if (!to)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the server redirects without saying where");
	int was = link_scheme(from, err), is = link_scheme(to, err);
	ingot_try(err, was < 0 ? was : is, "the server redirects");
	if (was == 1 && is == 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the server redirects from https to http: %s", INGOT_SHOW(ingot_span_of(to)));
	if (l->hop == LINK_MAX_HOPS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d redirects; the last leads to %s", LINK_MAX_HOPS, INGOT_SHOW(ingot_span_of(to)));
	*ret = ingot_strdup(to);
	return 0;
}

bool link_header(struct ingot_span line, const char *name, struct ingot_span *ret)
{
	size_t n = strlen(name);
	if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
		return false;
	struct ingot_span v = ingot_span_from(line, n + 1);
	while (v.n && (v.p[v.n - 1] == '\r' || v.p[v.n - 1] == '\n'))
		v.n--;
	*ret = ingot_span_trim(v);
	return true;
}
