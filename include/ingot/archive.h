/* archive.h - the OCI archive: one tar that is an OCI image layout and a docker-archive over the same blobs.
 *
 * Members in this order: oci-layout, index.json, manifest.json, blobs/, blobs/sha256/, then every blob sorted by digest; plain files 0644 and
 * directories 0755 of 0:0 at time 0; two zero blocks. index.json has one entry; signatures travel as blobs that it does not list (interop 0.1, 0.2). So
 * the same image and signatures give the same bytes, and verify refuses any other.
 */
#pragma once
#include <ingot/image.h>

struct ingot_archive {
	const struct ingot_image *image;
	const struct ingot_image_docs *docs;
	const char *manifest_type; /* NULL: OCI's; docker's for an image that was made elsewhere */
	const struct ingot_blob_ref *extra; /* signature artefacts and the like, in the store */
	size_t n_extra;
};

/* target: a file name (written beside it under a temporary name, synced, renamed), "-" for stdout (never a terminal), or "dir:PATH" for an image
 * layout directory, which may replace an older image layout or an empty directory and nothing else. Blobs are verified as they leave the store: a
 * damaged one is INGOT_E_BUG and no archive appears. */
int ingot_archive_write(struct ingot_store *s, const struct ingot_archive *a, const char *target, struct ingot_err *err) INGOT_MUST_USE;
