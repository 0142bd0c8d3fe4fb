/* load_impl.h - between the files that load an image. */
#pragma once
#include <ingot/decode.h>
#include <ingot/layout.h>
#include <ingot/load.h>

/* Where an image's blobs are: in a layout of ours as it stands, in a foreign directory, or (a foreign archive) in the store, taken there. */
struct blobs {
	struct ingot_store *store;
	struct ingot_layout *layout; /* ours, or NULL */
	int dir;                     /* blobs/sha256 of a foreign layout, or -1 */
	struct ingot_buf index;
	struct ingot_digest *all; /* every blob there is, for counting signatures */
	size_t n, cap;
};
#define BLOBS_INIT { .dir = -1, .index = INGOT_BUF(INGOT_MAX_MANIFEST) }
void blobs_done(struct blobs *b);
int blobs_open(struct ingot_store *s, const char *path, struct blobs *ret, struct ingot_err *err) INGOT_MUST_USE;

/* A blob's bytes as a part of an open file, hashed and found to be what they are called. */
struct blob_part {
	int fd; /* owned */
	struct ingot_input in;
};
#define BLOB_PART_INIT { .fd = -1 }
void blob_part_done(struct blob_part *p);
/* size UINT64_MAX: whatever it is. INGOT_E_OUTSIDE: missing, of another size, or other bytes. */
int blobs_find(const struct blobs *b, const struct ingot_digest *d, uint64_t size, struct blob_part *ret, struct ingot_err *err) INGOT_MUST_USE;
int blobs_read(const struct blobs *b, const struct ingot_digest *d, uint64_t size, uint64_t max, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;

/* The layers of l->manifest, applied one after another: tree, origins and layer_origins of l, which had none. */
int load_tree(const struct blobs *b, struct ingot_loaded *l, struct ingot_err *err) INGOT_MUST_USE;
int load_digest(const struct ingot_doc *d, const char *pointer, struct ingot_digest *ret, struct ingot_err *err) INGOT_MUST_USE;
