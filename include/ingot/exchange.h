/* exchange.h - requests to one origin (a registry, a server of tokens), one after the other, through a jailed ingot-fetch of its own.
 *
 * The helper holds the credential of this origin and sends it nowhere else: not where a redirect leads, not over plain http beyond this machine. Bodies come as they
 * are; whoever asks hashes them.
 */
#pragma once
#include <ingot/err.h>
#include <ingot/wire.h>
#include <sys/types.h>

struct ingot_exchange_options {
	const char *base;  /* "https://HOST[:PORT]", nothing behind it */
	const char *proxy; /* or NULL */
	const char *user, *password; /* of this origin; NULL: none */
	const char *ca_file;         /* PEM; NULL: the host's bundle */
	unsigned patience;           /* seconds below 1 KiB/s until a request is given up; 0 = 30 */
};

struct ingot_exchange;
int ingot_exchange_open(const struct ingot_exchange_options *o, struct ingot_exchange **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_exchange_close(struct ingot_exchange *x);
INGOT_CLEANUP(struct ingot_exchange, ingot_exchange_close)

struct ingot_request {
	enum ingot_http_method method;
	enum ingot_http_auth auth;
	const char *target; /* path and query: "/v2/..." */
	const char *accept, *type, *match, *token; /* "" or NULL: none */
	uint64_t offset;    /* GET: from here on */
	uint64_t limit;     /* the most that a good answer's body may have; more is a failure of the origin */
	uint64_t size;      /* of our own body */
	/* Puts the next bytes of our body (at most n, at least one) into p; called until size bytes are there. */
	ssize_t (*body)(void *ctx, void *p, size_t n, struct ingot_err *err);
	/* Gets the answer's body. of a status outside of 200 to 299: at most 16 KiB of it. NULL: dropped. */
	int (*sink)(void *ctx, uint32_t status, const void *p, size_t n, struct ingot_err *err);
	void *ctx;
};

struct ingot_response {
	bool broke; /* no answer, or not all of it: why says what happened, and the same again may work */
	char why[512];
	uint32_t status;
	uint64_t length; /* as the server says; 0: it does not */
	uint32_t retry_after;
	bool subject; /* OCI-Subject was there: the registry keeps referrers itself */
	enum ingot_http_auth challenge;
	char type[256], etag[256], realm[2049], service[1025], scope[4097];
	char location[16385], next[16385]; /* targets of the same origin, or "" */
};

/* 0 when there is an answer, whatever its status, and when it broke off. A failure is final for this origin: INGOT_E_OUTSIDE what it did, INGOT_E_BUG. The body's and the
 * sink's own failures come through. */
int ingot_exchange_ask(struct ingot_exchange *x, const struct ingot_request *r, struct ingot_response *ret, struct ingot_err *err) INGOT_MUST_USE;

/* The host's bundle of CA certificates, or this file: an owned fd, or -1 when there is none. */
int ingot_ca_open(const char *file);
