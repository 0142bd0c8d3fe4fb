/* verify.h - between the files of the verification. Private to the sign room. */
#pragma once
#include <ingot/decode.h>
#include <ingot/layout.h>
#include <ingot/verify.h>

/* What is known so far; each check adds to it, none takes anything for granted that an earlier one did not establish. */
struct examination {
	struct ingot_layout *layout;
	bool *used; /* one a blob of the layout: reachable from the image or from a signature over it */
	struct ingot_reference name;
	struct ingot_digest manifest;
	uint64_t manifest_size;
	struct ingot_digest config;
	struct ingot_buf created; /* of the manifest's annotation, or empty */
	struct ingot_verify_layer *layers;
	size_t n_layers;
};

int not_proved(struct ingot_err *err, const char *fmt, ...) INGOT_PRINTF(2, 3);
/* The blob that a descriptor names, marked as used. Size and presence are checked. */
int verify_descriptor(struct examination *x, const struct ingot_doc *d, const char *pointer, const char *media_type, uint64_t max, const struct ingot_layout_blob **ret,
		      struct ingot_err *err) INGOT_MUST_USE;
/* Only these keys (a list that NULL ends) in the object at pointer. */
int verify_keys(const struct ingot_doc *d, const char *pointer, const char *const *keys, struct ingot_err *err) INGOT_MUST_USE;

/* index.json, manifest.json, manifest and config: agree with each other, to the byte where ingot writes them. */
int verify_documents(struct examination *x, struct ingot_err *err) INGOT_MUST_USE;
/* Every layer decompresses to its diff_id. */
int verify_layers(struct examination *x, struct ingot_err *err) INGOT_MUST_USE;

/* The signatures over this image that the layout carries: what each needs to be checked. */
struct claim {
	bool dsse;
	struct ingot_buf signature;
	struct ingot_buf hint; /* dsse: the key it names, base64 */
};
struct claims {
	struct claim *v;
	size_t n, cap;
};
void claims_done(struct claims *c);
int verify_find_claims(struct examination *x, struct claims *ret, struct ingot_err *err) INGOT_MUST_USE;
/* 1 and its id when this key made both kinds of signature, 0 when not. */
int verify_key(const struct examination *x, const struct claims *c, struct ingot_span public_pem, char ret_id[65], struct ingot_err *err) INGOT_MUST_USE;
