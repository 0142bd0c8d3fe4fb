/* verify.h - is this archive, byte for byte, one that was made and signed with these keys? Fails closed.
 *
 * Proved when it returns 0: the archive's bytes are the canonical ones (member order, headers, padding, both indexes); every blob hashes to its name and is
 * reachable from the image or a signature over it; the manifest and config are well-formed and agree; every layer decompresses to its diff_id; and at
 * least `threshold` of the given keys, counted by key and not by signature, made both a legacy signature and a DSSE statement of type
 * https://sigstore.dev/cosign/sign/v1 over exactly this manifest's digest, the former naming the reference that the index carries.
 */
#pragma once
#include <ingot/digest.h>
#include <ingot/reference.h>
#include <ingot/store.h>

struct ingot_verify_layer {
	struct ingot_digest digest, diff_id;
	uint64_t size, tar_size;
	bool compressed;
};

/* Made only by a verification that succeeded. */
struct ingot_verified;
void ingot_verified_free(struct ingot_verified *v);
INGOT_CLEANUP(struct ingot_verified, ingot_verified_free)

/* What was proved. Pointers live as long as the object. */
struct ingot_verify_facts {
	struct ingot_reference reference;
	struct ingot_digest manifest, config;
	uint64_t manifest_size;
	uint64_t archive_size; /* bytes of the archive, all of them accounted for */
	size_t blobs;
	const struct ingot_verify_layer *layers;
	size_t n_layers;
	const char (*keys)[65]; /* ids of the keys whose signatures held */
	size_t n_keys;
	uint64_t threshold;
};
const struct ingot_verify_facts *ingot_verified_facts(const struct ingot_verified *v);

/* path: an archive or an image layout directory. pubkeys: SPKI PEM texts. INGOT_E_FALSE: something of the above does not hold, saying what and where;
 * INGOT_E_INPUT: a key that is none, a file that cannot be read, threshold 0 or above the number of keys. */
int ingot_verify_archive(const char *path, const struct ingot_span *pubkeys, size_t n_pubkeys, unsigned threshold, struct ingot_verified **ret, struct ingot_err *err)
	INGOT_MUST_USE;
