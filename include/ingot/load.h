/* load.h - an image from disk as a Tree with its documents. For tree, inspect, diff, check, run and image sources.
 *
 * Reads what this and other builders write: OCI layouts (directory, archive) and archives of docker (classic, and with an OCI layout beside it), archives also when
 * all of them is compressed. Strictly: whatever two readers could read in two ways is refused, with the descriptor's place in its document.
 *
 * Says nothing about who made it: digests are checked (every blob that is read hashes to its name, every layer to its diff_id), signatures are not; that is
 * verify.h.
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
	bool manifest_made; /* an archive of docker has no manifest: this one was made from what it names, as an OCI manifest */
	char name[INGOT_MAX_REFERENCE + 1]; /* what index.json (manifest.json of docker) calls it, or "" */
	struct ingot_digest *layers;        /* lowest first */
	uint32_t *layer_origins;            /* one a layer; NULL without a tree */
	size_t n_layers;
	size_t signatures; /* how many signature artefacts for this manifest the file carries; unverified. 0 when they were not asked for */
};
void ingot_loaded_done(struct ingot_loaded *l);
uint64_t ingot_loaded_layer_size(const struct ingot_loaded *l, size_t i); /* as the manifest says; where the tree was loaded it is true */

#define INGOT_LOAD_TREE 1U /* decode the layers; their content goes into the store */
#define INGOT_LOAD_SIGNATURES 2U /* count them, for which every blob is looked at */
/* where, with the transports as skopeo names them; the path ends at the first colon:
 *
 *     PATH                                    a file or directory of either form, told by what is in it
 *     oci:DIR[:NAME]     oci-archive:FILE[:NAME]     NAME is org.opencontainers.image.ref.name, or the full name
 *     docker-archive:FILE[:NAME[:TAG]]
 *
 * Instead of a name :@N is the N-th entry from 0; behind any of them (and behind PATH) @sha256:DIGEST is the manifest, or of docker's archives the image's id.
 * Without either there has to be one image, or one for the platform.
 *
 * platform: "OS/ARCH[/VARIANT]" which image of several is meant, and what an only one has to be for. NULL: of several the one for this host.
 *
 * INGOT_E_INPUT: no such file, a malformed where; INGOT_E_OUTSIDE: it is no image, damaged, ambiguous, or has no such image. */
int ingot_image_load_for(struct ingot_store *s, const char *where, const char *platform, unsigned flags, struct ingot_loaded *ret, struct ingot_err *err) INGOT_MUST_USE;
/* The same with platform NULL. */
int ingot_image_load(struct ingot_store *s, const char *where, unsigned flags, struct ingot_loaded *ret, struct ingot_err *err) INGOT_MUST_USE;
/* The architecture of this host, as the field names it: "amd64". */
const char *ingot_host_architecture(void);
