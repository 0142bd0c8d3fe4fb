/* sign.h - signing with a plain key, through the ingot-sign helper: the coordinator opens the key but never reads it.
 *
 * The helper composes what it signs from the manifest's digest and the reference, and signs nothing else. Two signatures come of it: the legacy
 * "simple signing" one (skopeo, podman, CRI-O, cosign 1 and 2) and a Sigstore bundle v0.3 (cosign 3); both as OCI artefacts (interop 2.1, 2.3).
 * Keys: EC P-256 or P-384, Ed25519, RSA of 2048 bits and more; PKCS#8 (or traditional) PEM, plain or encrypted.
 */
#pragma once
#include <ingot/image.h>

struct ingot_key {
	const char *path; /* a file; or */
	const char *env;  /* the name of an environment variable that holds the PEM text; or */
	int fd;           /* an open file, borrowed; used when path and env are NULL */
	bool has_passphrase;
	struct ingot_span passphrase; /* no newline; where it comes from is the front end's choice */
};

/* The key that an option value names: "FILE" or "env://NAME". passphrase NULL: it has none. The key borrows both. */
int ingot_key_from_option(const char *option, const char *passphrase, struct ingot_key *ret, struct ingot_err *err) INGOT_MUST_USE;

enum { INGOT_SIGNATURE_BLOBS = 6 };
struct ingot_signatures {
	/* payload, config and manifest of the legacy signature; bundle, empty config and referrer manifest of the bundle: all in the store,
	 * to go into the archive as extra blobs. */
	struct ingot_blob_ref blobs[INGOT_SIGNATURE_BLOBS];
	struct ingot_blob_ref legacy_manifest, referrer_manifest; /* two of them, by name */
	char key_id[65]; /* sha256 of the public key (SPKI, DER) in hex */
};

/* Signs the manifest of docs (digest, size) as docs->reference.full. INGOT_E_INPUT: no such key, wrong or missing passphrase, a kind of key that is not
 * accepted. created: the time that the referrer manifest states. */
int ingot_sign_image(struct ingot_store *s, const struct ingot_key *key, const struct ingot_blob_ref *manifest, const char *reference, int64_t created,
		     struct ingot_signatures *ret, struct ingot_err *err) INGOT_MUST_USE;

/* A fresh P-256 key: PREFIX.key (PKCS#8 PEM, mode 0600, encrypted when there is a passphrase) and PREFIX.pub (SPKI PEM, 0644). Refuses to overwrite either. */
int ingot_keygen(const char *prefix, bool has_passphrase, struct ingot_span passphrase, struct ingot_err *err) INGOT_MUST_USE;

/* Does the signature (DER, or raw for Ed25519) over message verify under this public key (PEM)? 0 and the key's id, or INGOT_E_FALSE; INGOT_E_INPUT for what is no
 * usable key. */
int ingot_check_signature(struct ingot_span public_pem, struct ingot_span message, struct ingot_span signature, char ret_key_id[65], struct ingot_err *err)
	INGOT_MUST_USE;

/* What DSSE signs: "DSSEv1 SP len(type) SP type SP len(payload) SP payload" (the pre-authentication encoding), type application/vnd.in-toto+json. */
void ingot_dsse_pae(struct ingot_span payload, struct ingot_buf *out);
/* The two payloads for a manifest, byte for byte as the helper composes them. */
void ingot_legacy_payload(const char *reference, const struct ingot_digest *manifest, struct ingot_buf *out);
void ingot_sign_statement(const struct ingot_digest *manifest, struct ingot_buf *out);
