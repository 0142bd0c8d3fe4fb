/* release.h - InRelease files: the signature by gpgv or sqv against pinned keys, and exactly the bytes that were signed.
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/err.h>
#include <ingot/span.h>

/* Public keys, as a binary keyring ready for the verifier. */
struct ingot_keyring {
	struct ingot_buf packets;
	char *names; /* the files they came from, for messages */
};
#define INGOT_KEYRING_INIT { .packets = INGOT_BUF(4 << 20) }
void ingot_keyring_done(struct ingot_keyring *k);
/* Add a key file: ASCII-armoured (.asc; several blocks are fine) or binary. INGOT_E_INPUT when it holds no public key. */
int ingot_keyring_add(struct ingot_keyring *k, const char *path, struct ingot_err *err) INGOT_MUST_USE;
/* Add the archive keys of a distribution ("debian") that come with this program. */
int ingot_keyring_add_pinned(struct ingot_keyring *k, const char *distribution, struct ingot_err *err) INGOT_MUST_USE;

/* Check a clear-signed document. Appends to text the signed bytes, which are the only ones that may be looked at afterwards, and writes the
 * primary key's fingerprint (upper-case hex). At least one good signature and no bad one; an expired or revoked key's does not count (with sqv:
 * a key's that had expired or was revoked when it signed).
 * INGOT_E_OUTSIDE when it is not so; INGOT_E_HOST when neither gpgv nor sqv is installed. what: for messages ("InRelease of bookworm"). */
int ingot_inrelease_verify(const struct ingot_keyring *k, struct ingot_span document, const char *what, struct ingot_buf *text, char ret_fingerprint[129],
			   struct ingot_err *err) INGOT_MUST_USE;
