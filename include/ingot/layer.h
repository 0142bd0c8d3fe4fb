/* layer.h - a layer: the encoding of a Delta as tar and compression, kept in the store under its digest.
 *
 * Made once: the result is remembered under the reference kind "layer" by everything that the bytes depend on (the delta's id, what of its
 * parents is written, compression, level, library version).
 */
#pragma once
#include <ingot/compress.h>
#include <ingot/log.h>

struct ingot_layer {
	struct ingot_digest digest;  /* of the blob as it is stored: what a descriptor says */
	uint64_t size;
	struct ingot_digest diff_id; /* of the uncompressed tar: what the config says */
	uint64_t tar_size;
	enum ingot_compression compression;
	bool fresh; /* these bytes were made and hashed by this very process: the archive writer need not hash them again */
};

struct ingot_layer_options {
	enum ingot_compression compression; /* zeroed: zstd */
	int level;                          /* INGOT_LEVEL_DEFAULT */
};

/* parents as for ingot_tar_write(). An empty delta makes a layer too (two zero blocks): whether to have it is the caller's question. */
int ingot_layer_make(struct ingot_store *s, const struct ingot_delta *d, const struct ingot_tree *parents, const struct ingot_layer_options *o, struct ingot_layer *ret,
		     struct ingot_err *err) INGOT_MUST_USE;
