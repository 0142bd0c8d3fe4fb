/* link.h - one origin over one libcurl handle: what every request to it has in common, and where a redirect may lead. */
#pragma once
#include <curl/curl.h>
#include <ingot/chan.h>

#define LINK_MAX_HOPS 3
#define LINK_MAX_HEADERS KIB(64) /* of one answer, redirects apart */

struct link {
	CURL *curl;
	char *base, *proxy, *user, *password;
	struct curl_blob ca, certificate, key; /* PEM; .len 0: none. The latter two are ours, for a server that asks who we are */
	unsigned patience;
	bool insecure, private_ok; /* the configured server itself is on a private network */
	bool refused_address;      /* of the running request: it led to a private address */
	bool http2;
	unsigned hop;
};

/* The message and the texts are copied. */
int link_init(struct link *l, const struct ingot_msg_origin *o, struct ingot_span ca, struct ingot_err *err) INGOT_MUST_USE;
void link_done(struct link *l);
/* Resets the handle (its connections stay) and sets all but callbacks, headers and credentials. bytes: the most that will be moved, for the deadline. False: this libcurl
 * lacks something. */
bool link_prepare(struct link *l, const char *url, uint64_t bytes);

/* The scheme of a URL that may be used at all: 1 https, 0 http. */
int link_scheme(const char *url, struct ingot_err *err) INGOT_MUST_USE;
/* Scheme, host and port alike. */
bool link_same_origin(const char *a, const char *b);
/* Where the redirect that was just answered leads, if it may be followed: at most three, never from https to http (safety 2.1-2.3). free() */
int link_redirect(struct link *l, const char *from, char **ret, struct ingot_err *err) INGOT_MUST_USE;
bool link_redirects(long status);

/* Is this line of headers of that name? Its value, trimmed. */
bool link_header(struct ingot_span line, const char *name, struct ingot_span *ret);
