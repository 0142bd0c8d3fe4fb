/* The two texts that get signed, and what DSSE makes of the second. Compiled into the signer, which composes them, and into the
 * library, where verify compares with them: one source, so they cannot drift apart. */
#include <ingot/json.h>
#include <ingot/num.h>
#include <ingot/sign.h>

void ingot_legacy_payload(const char *reference, const struct ingot_digest *manifest, struct ingot_buf *out)
{
	/* containers/image, docs/containers-signature.5.md; the type is cosign's. */
	char digest[72] = "sha256:";
	ingot_format_hex(manifest->b, sizeof(manifest->b), digest + 7);
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_object(&j, "critical");
	ingot_json_object(&j, "identity");
	ingot_json_str(&j, "docker-reference", reference);
	ingot_json_end(&j, '}');
	ingot_json_object(&j, "image");
	ingot_json_str(&j, "docker-manifest-digest", digest);
	ingot_json_end(&j, '}');
	ingot_json_str(&j, "type", "cosign container image signature");
	ingot_json_end(&j, '}');
	ingot_json_null(&j, "optional");
	ingot_json_end(&j, '}');
}

void ingot_sign_statement(const struct ingot_digest *manifest, struct ingot_buf *out)
{
	char hex[65];
	ingot_format_hex(manifest->b, sizeof(manifest->b), hex);
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "_type", "https://in-toto.io/Statement/v1");
	ingot_json_array(&j, "subject");
	ingot_json_object(&j, NULL);
	ingot_json_object(&j, "digest");
	ingot_json_str(&j, "sha256", hex);
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	ingot_json_str(&j, "predicateType", "https://sigstore.dev/cosign/sign/v1");
	ingot_json_object(&j, "predicate");
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
}

void ingot_dsse_pae(struct ingot_span payload, struct ingot_buf *out)
{
	/* DSSE v1.0.0, protocol.md, "Signature Definition". The lengths keep one text from being read as another type's. */
	static const char type[] = "application/vnd.in-toto+json";
	ingot_buf_fmt(out, "DSSEv1 %zu %s %zu ", sizeof(type) - 1, type, payload.n);
	ingot_buf_span(out, payload);
}
