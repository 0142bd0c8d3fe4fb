/* layout.h - an image layout as ingot writes it, recognised: an archive byte by byte, or a directory name by name.
 *
 * This reads no foreign format. An archive is compared with what archive.h would have written: each header must be, in all its 512 bytes, the one for
 * its place, and only the size and the digest in it may be any. Whatever else a file could be is for the decoder (decode.h).
 */
#pragma once
#include <ingot/digest.h>
#include <ingot/buf.h>
#include <ingot/err.h>

struct ingot_layout_blob {
	struct ingot_digest name; /* what it is called; what it hashes to is for the caller to find out */
	uint64_t offset, size;
};

struct ingot_layout;
void ingot_layout_free(struct ingot_layout *l);
INGOT_CLEANUP(struct ingot_layout, ingot_layout_free)

/* INGOT_E_INPUT: cannot be read, or is neither file nor directory. INGOT_E_FALSE: not of this form, saying where it departs. */
int ingot_layout_open(const char *path, struct ingot_layout **ret, struct ingot_err *err) INGOT_MUST_USE;

uint64_t ingot_layout_size(const struct ingot_layout *l); /* bytes of the archive; of all files of a directory */
struct ingot_span ingot_layout_index(const struct ingot_layout *l);  /* index.json */
struct ingot_span ingot_layout_docker(const struct ingot_layout *l); /* manifest.json */

/* Sorted by digest, unique. */
size_t ingot_layout_count(const struct ingot_layout *l);
const struct ingot_layout_blob *ingot_layout_at(const struct ingot_layout *l, size_t i);
const struct ingot_layout_blob *ingot_layout_find(const struct ingot_layout *l, const struct ingot_digest *digest); /* or NULL */
/* An owned fd in which the blob's bytes stand at *ret_offset. */
int ingot_layout_fd(const struct ingot_layout *l, const struct ingot_layout_blob *b, int *ret_fd, uint64_t *ret_offset, struct ingot_err *err) INGOT_MUST_USE;
/* Hash a blob and compare with its name: INGOT_E_FALSE naming both digests. */
int ingot_layout_check(const struct ingot_layout *l, const struct ingot_layout_blob *b, struct ingot_err *err) INGOT_MUST_USE;
/* All of a small blob, appended and checked. Larger than max: INGOT_E_FALSE. */
int ingot_layout_read(const struct ingot_layout *l, const struct ingot_layout_blob *b, uint64_t max, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
