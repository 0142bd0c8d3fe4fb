/* registry.h - one repository of a registry (OCI distribution-spec 1.1): manifests and blobs, both ways.
 *
 * Nothing is believed: what comes is hashed and compared with the digest that was asked for; no digest of a header is ever used. Requests that break off, or that the
 * server cannot answer now (408, 429, 5xx), are made again a few times, with growing pauses and jitter, not before the server's Retry-After. Plain http to this machine only.
 */
#pragma once
#include <ingot/log.h>
#include <ingot/remote.h>
#include <ingot/store.h>

struct ingot_registry_options {
	const char *auth_file; /* credentials.h; NULL: where docker and podman keep them */
	const char *user, *password; /* instead of any file; NULL: none */
	const char *realm;     /* an origin ("https://HOST") that may be asked for tokens beside the registry's own; it gets the credential. NULL: none */
	const char *ca_file;   /* PEM; NULL: the host's bundle */
	const char *proxy;     /* "http://HOST:PORT" or NULL */
	unsigned patience;     /* seconds below 1 KiB/s until a request is given up; 0 = 30 */
	unsigned pause;        /* milliseconds before the second try, doubled each time; 0 = 250 */
	bool anonymous;        /* use no credential */
};

struct ingot_registry;
/* push: rights to write will be asked for. Nothing is sent yet. INGOT_E_INPUT: a credential file that cannot be used. */
int ingot_registry_open(const struct ingot_remote *r, bool push, const struct ingot_registry_options *o, const struct ingot_log *log, struct ingot_registry **ret, struct ingot_err *err)
	INGOT_MUST_USE;
void ingot_registry_close(struct ingot_registry *g);
INGOT_CLEANUP(struct ingot_registry, ingot_registry_close)

/* --- reading --- */
struct ingot_remote_manifest {
	struct ingot_buf text;
	struct ingot_digest digest; /* of the text */
	char type[128];             /* its media type, as the server says: the document's own has to be the same */
	char etag[256];             /* or "" */
	char *next;                 /* owned: where a list goes on; NULL: it does not */
};
void ingot_remote_manifest_done(struct ingot_remote_manifest *m);
/* By digest if digest is not NULL, else by tag. 1, or 0 when there is none. INGOT_E_OUTSIDE: other bytes than the digest says, an answer that is no manifest. */
int ingot_registry_manifest(struct ingot_registry *g, const char *tag, const struct ingot_digest *digest, struct ingot_remote_manifest *ret, struct ingot_err *err) INGOT_MUST_USE;
/* A blob into the store, unless it is there; what breaks off goes on where it was. */
int ingot_registry_fetch(struct ingot_registry *g, struct ingot_store *s, const struct ingot_digest *d, uint64_t size, struct ingot_err *err) INGOT_MUST_USE;
/* What refers to this manifest, as an index document: from the registry, or from the tag that stands for it where it keeps none. 1, or 0: nothing. page: NULL, or the next of the
 * answer before. */
int ingot_registry_referrers(struct ingot_registry *g, const struct ingot_digest *d, const char *page, struct ingot_remote_manifest *ret, struct ingot_err *err) INGOT_MUST_USE;

/* --- writing --- */
struct ingot_remote_source {
	int fd;          /* borrowed; read at offset, its position is left alone */
	uint64_t offset, size;
	struct ingot_digest digest;
};
enum ingot_pushed { INGOT_PUSHED_NOW = 0, INGOT_PUSHED_BEFORE, INGOT_PUSHED_MOUNTED };
/* A blob, unless it is there. mount: a repository of the same registry that may have it, or NULL. The bytes are hashed on their way: other ones are INGOT_E_BUG, and nothing is
 * published. */
int ingot_registry_push(struct ingot_registry *g, const struct ingot_remote_source *b, const char *mount, enum ingot_pushed *ret, struct ingot_err *err) INGOT_MUST_USE;
/* A manifest under a tag, or (tag NULL) under its digest, read back and compared. match: only over the one with this ETag, or NULL. ret_referrers: the registry keeps track of
 * its subject itself. 1, or 0 when another one was there (412), or is there now. */
int ingot_registry_put(struct ingot_registry *g, const char *tag, const char *type, struct ingot_span text, const char *match, bool *ret_referrers, struct ingot_err *err)
	INGOT_MUST_USE;
/* Have this manifest (its text, pushed before) among what refers to subject, where the registry does not see to it itself: the tag that stands for the list is read, added to
 * and written, until it holds it. */
int ingot_registry_refer(struct ingot_registry *g, const struct ingot_digest *subject, struct ingot_span manifest, struct ingot_err *err) INGOT_MUST_USE;
