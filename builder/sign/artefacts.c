/* The OCI artefacts that carry signatures, byte for byte as cosign writes them (interop 2.1, 2.3). */
#include "inside.h"
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/limits.h>
#include <ingot/media_type.h>


static void descriptor(struct ingot_json *j, const char *key, const char *media_type, const struct ingot_digest *digest, uint64_t size)
{
	ingot_json_object(j, key);
	ingot_json_str(j, "mediaType", media_type);
	ingot_json_str(j, "digest", INGOT_DIGEST(digest));
	ingot_json_u64(j, "size", size);
}

static void begin_manifest(struct ingot_json *j)
{
	ingot_json_object(j, NULL);
	ingot_json_u64(j, "schemaVersion", 2);
	ingot_json_str(j, "mediaType", INGOT_MT_MANIFEST);
}

static void base64_str(struct ingot_json *j, const char *key, struct ingot_span bytes)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(128));
	ingot_base64(&text, bytes.p, bytes.n);
	ingot_json_span(j, key, ingot_buf_view(&text));
}

void legacy_config_json(const struct ingot_digest *payload, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "architecture", "");
	ingot_json_str(&j, "created", "0001-01-01T00:00:00Z"); /* Go's zero time, as cosign has it */
	ingot_json_array(&j, "history");
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "created", "0001-01-01T00:00:00Z");
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	ingot_json_str(&j, "os", "");
	ingot_json_object(&j, "rootfs");
	ingot_json_str(&j, "type", "layers");
	ingot_json_array(&j, "diff_ids");
	ingot_json_str(&j, NULL, INGOT_DIGEST(payload));
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	ingot_json_object(&j, "config");
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
}

void legacy_manifest_json(const struct ingot_blob_ref *config, const struct ingot_blob_ref *payload, struct ingot_span signature, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	begin_manifest(&j);
	descriptor(&j, "config", INGOT_MT_CONFIG, &config->digest, config->size);
	ingot_json_end(&j, '}');
	ingot_json_array(&j, "layers");
	descriptor(&j, NULL, INGOT_MT_SIMPLE_SIGNING, &payload->digest, payload->size);
	ingot_json_object(&j, "annotations");
	base64_str(&j, "dev.cosignproject.cosign/signature", signature);
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
}

void bundle_json(struct ingot_span hint, struct ingot_span statement, struct ingot_span signature, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "mediaType", INGOT_MT_BUNDLE);
	ingot_json_object(&j, "verificationMaterial");
	ingot_json_object(&j, "publicKey");
	ingot_json_span(&j, "hint", hint);
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
	ingot_json_object(&j, "dsseEnvelope");
	base64_str(&j, "payload", statement);
	ingot_json_str(&j, "payloadType", INGOT_MT_STATEMENT);
	ingot_json_array(&j, "signatures");
	ingot_json_object(&j, NULL);
	base64_str(&j, "sig", signature);
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
}

void referrer_json(const struct ingot_blob_ref *bundle, const struct ingot_blob_ref *subject, struct ingot_span created, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	struct ingot_digest empty;
	ingot_sha256("{}", 2, &empty);
	begin_manifest(&j);
	ingot_json_str(&j, "artifactType", INGOT_MT_BUNDLE);
	descriptor(&j, "config", INGOT_MT_EMPTY, &empty, 2);
	ingot_json_end(&j, '}');
	ingot_json_array(&j, "layers");
	descriptor(&j, NULL, INGOT_MT_BUNDLE, &bundle->digest, bundle->size);
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	descriptor(&j, "subject", INGOT_MT_MANIFEST, &subject->digest, subject->size);
	ingot_json_end(&j, '}');
	ingot_json_object(&j, "annotations");
	ingot_json_str(&j, "dev.sigstore.bundle.content", "dsse-envelope");
	ingot_json_str(&j, "dev.sigstore.bundle.predicateType", SIGN_PREDICATE);
	ingot_json_span(&j, "org.opencontainers.image.created", created);
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
}
