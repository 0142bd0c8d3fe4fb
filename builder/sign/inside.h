/* inside.h - between the files of the sign room. */
#pragma once
#include <ingot/media_type.h>
#include <ingot/sign.h>

#define SIGN_PREDICATE "https://sigstore.dev/cosign/sign/v1"

/* An owned fd to the key, which is never read here. */
int key_open(const struct ingot_key *key, int *ret_fd, struct ingot_err *err) INGOT_MUST_USE;
/* An owned fd from which exactly these bytes can be read once; -1 when there are none. */
int secret_fd(bool has, struct ingot_span secret, int *ret_fd, struct ingot_err *err) INGOT_MUST_USE;

/* The documents around signatures: verify makes the same ones again and compares bytes. */
void legacy_config_json(const struct ingot_digest *payload, struct ingot_buf *out);
void legacy_manifest_json(const struct ingot_blob_ref *config, const struct ingot_blob_ref *payload, struct ingot_span signature, struct ingot_buf *out);
void bundle_json(struct ingot_span hint, struct ingot_span statement, struct ingot_span signature, struct ingot_buf *out);
/* created: RFC 3339 text. */
void referrer_json(const struct ingot_blob_ref *bundle, const struct ingot_blob_ref *subject, struct ingot_span created, struct ingot_buf *out);
