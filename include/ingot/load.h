/* load.h - an image from disk: an OCI archive or layout directory as a Tree with its documents. For tree, inspect, diff, run and image sources.
 *
 * Says nothing about who made it: digests are checked (every blob that is read hashes to its name, every layer to its diff_id), signatures are not; that is
 * verify.h. Reads archives of others too, as long as their index names one image for this architecture.
 */
#pragma once
#include <ingot/image.h>
#include <ingot/origin.h>

struct ingot_doc; /* decode.h: one JSON document, read in the jail */

struct ingot_loaded {
	struct ingot_tree *tree;             /* all layers applied; NULL when it was not asked for */
	struct ingot_origins *origins;       /* of the tree: "layer 2: " and what its history says; NULL with it */
	struct ingot_doc *manifest, *config; /* owned */
	struct ingot_blob_ref manifest_ref, config_ref;
	struct ingot_buf manifest_json, config_json; /* the bytes as they were */
	char name[INGOT_MAX_REFERENCE + 1]; /* what index.json calls it, or "" */
	struct ingot_digest *layers;        /* lowest first */
	uint32_t *layer_origins;            /* one a layer; NULL without a tree */
	size_t n_layers;
	size_t signatures; /* how many signature artefacts for this manifest the file carries; unverified. 0 when they were not asked for */
};
void ingot_loaded_done(struct ingot_loaded *l);
uint64_t ingot_loaded_layer_size(const struct ingot_loaded *l, size_t i); /* as the manifest says; where the tree was loaded it is true */

#define INGOT_LOAD_TREE 1U /* decode the layers; their content goes into the store */
#define INGOT_LOAD_SIGNATURES 2U /* count them, for which every blob is looked at */
/* path: "FILE", "DIR", "oci-archive:FILE" or "oci:DIR". INGOT_E_INPUT: no such file; INGOT_E_OUTSIDE: it is no image, or damaged. */
int ingot_image_load(struct ingot_store *s, const char *path, unsigned flags, struct ingot_loaded *ret, struct ingot_err *err) INGOT_MUST_USE;
