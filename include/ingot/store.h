/* store.h - content, trees, deltas and layers under one directory, addressed by digest; references that name what must be kept.
 *
 *     objects/ab/cdef...   a file of its own, by the sha256 of its bytes
 *     packs/ab/cdef...     many contents in one file, by the sha256 of the index at its end, which holds the digest of every content: so
 *                          the bytes are hashed once, not twice (pack.h in builder/store has the format)
 *     refs/KIND/KEY        a small record: what it says, and the digests that it needs (objects and packs). Visible only once
 *                          all these are durable
 *     checkouts/ID         trees laid out for steps (checkout.h)
 *     tmp/                 files that are being written; each is locked by its writer, and swept at open when that is gone
 *     damaged/             what was found damaged, until the next gc
 *     lock                 builders hold it shared, gc exclusive while it deletes
 *
 * Any number of builders use one store at once. Writes go to a temporary name and are renamed; an object that is there already with the same bytes is left alone.
 * No fsync an object: ingot_ref_put() syncs once before the reference appears. Bytes are hashed when they are used: a damaged object is
 * moved aside and reported as missing, so it is made or fetched again and never ends up in an image.
 */
#pragma once
#include <ingot/digest.h>
#include <ingot/buf.h>
#include <ingot/err.h>
#include <ingot/log.h>

struct ingot_store;
/* path NULL: $XDG_CACHE_HOME/ingot or ~/.cache/ingot. Made (0700) if missing. Holds the shared lock until closed. */
int ingot_store_open(const char *path, const struct ingot_log *log, struct ingot_store **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_store_close(struct ingot_store *s);
INGOT_CLEANUP(struct ingot_store, ingot_store_close)
/* A fresh private directory below tmp/ for scratch (0700). Returns an owned fd; the store holds the lock that protects it from sweepers until
 * ingot_store_scratch_remove(), which walks by descriptor, follows nothing, and copes with whatever a dead step left: modes of 000, any depth. */
int ingot_store_scratch(struct ingot_store *s, char ret_name[64], struct ingot_err *err) INGOT_MUST_USE;
void ingot_store_scratch_remove(struct ingot_store *s, const char *name);

/* --- writing one object --- */
struct ingot_blob;
int ingot_blob_begin(struct ingot_store *s, struct ingot_blob **ret, struct ingot_err *err) INGOT_MUST_USE;
int ingot_blob_write(struct ingot_blob *b, const void *p, size_t n, struct ingot_err *err) INGOT_MUST_USE;
/* Publish; frees b on success and on failure. With expect not NULL, other bytes than these are INGOT_E_OUTSIDE naming both digests. */
int ingot_blob_end(struct ingot_blob *take_b, const struct ingot_digest *expect, struct ingot_digest *ret, uint64_t *ret_size, struct ingot_err *err) INGOT_MUST_USE;
void ingot_blob_abort(struct ingot_blob *b);
INGOT_CLEANUP(struct ingot_blob, ingot_blob_abort)
int ingot_store_put(struct ingot_store *s, const void *p, size_t n, struct ingot_digest *ret, struct ingot_err *err) INGOT_MUST_USE;

/* --- writing many contents into one pack --- */
struct ingot_pack;
int ingot_pack_begin(struct ingot_store *s, struct ingot_pack **ret, struct ingot_err *err) INGOT_MUST_USE;
int ingot_pack_write(struct ingot_pack *p, const void *data, size_t n, struct ingot_err *err) INGOT_MUST_USE; /* bytes of the current content */
int ingot_pack_next(struct ingot_pack *p, struct ingot_digest *ret, uint64_t *ret_size, struct ingot_err *err) INGOT_MUST_USE; /* ends the current content; one already in the pack is dropped again */
int ingot_pack_end(struct ingot_pack *take_p, struct ingot_digest *ret, struct ingot_err *err) INGOT_MUST_USE; /* publishes, and makes the contents findable in this store handle */
void ingot_pack_abort(struct ingot_pack *p);
INGOT_CLEANUP(struct ingot_pack, ingot_pack_abort)
/* Make the contents of a pack written earlier findable. Returns 1, or 0 when there is no such (whole) pack. */
int ingot_store_use_pack(struct ingot_store *s, const struct ingot_digest *pack, struct ingot_err *err) INGOT_MUST_USE;

/* --- reading --- */
struct ingot_content {
	int fd; /* owned; -1 = none. Pins the bytes even if the object is deleted meanwhile */
	uint64_t offset, size;
	struct ingot_digest digest;
	struct ingot_hash *hash; /* internal */
	uint64_t at;             /* internal */
	struct ingot_store *store; /* internal */
	bool in_pack;              /* internal */
	uint32_t pack;             /* internal */
};
#define INGOT_CONTENT_INIT { .fd = -1 }
/* 1 and a handle (ret holds none yet), or 0 when the store has no such content (resident or in a used pack). */
int ingot_store_find(struct ingot_store *s, const struct ingot_digest *d, struct ingot_content *ret, struct ingot_err *err) INGOT_MUST_USE;
/* The same for a content that is needed and whose size is known. It is missing, or of another size because it is damaged: an error that the next run mends
 * (ingot_again), and a damaged one is set aside. */
int ingot_store_need(struct ingot_store *s, const struct ingot_digest *d, uint64_t size, struct ingot_content *ret, struct ingot_err *err) INGOT_MUST_USE;
/* The next bytes (at most n); 0 at the end, which is reached only if the digest was right: otherwise INGOT_E_BUG "damaged", the object is set
 * aside, and the next run mends it (ingot_again). */
ssize_t ingot_content_read(struct ingot_content *c, void *p, size_t n, struct ingot_err *err) INGOT_MUST_USE;
void ingot_content_done(struct ingot_content *c);
/* All of a small content, verified. 1, or 0 when missing or damaged. */
int ingot_store_get(struct ingot_store *s, const struct ingot_digest *d, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
/* Where a content lies, without opening it: true and its pack, a number of this handle's, and its place in there; false when no pack in use has it. */
bool ingot_store_where(const struct ingot_store *s, const struct ingot_digest *d, uint32_t *ret_pack, uint64_t *ret_offset);
const struct ingot_digest *ingot_store_pack(const struct ingot_store *s, uint32_t pack);
bool ingot_store_has(struct ingot_store *s, const struct ingot_digest *d);

/* --- references --- */
/* KIND is a fixed word of ours ("deb", "step", "layer", "image", "cache"). The record's text is the caller's; needs are kept alive by it. Replaces. */
int ingot_ref_put(struct ingot_store *s, const char *kind, const struct ingot_digest *key, struct ingot_span text, const struct ingot_digest *needs, size_t n_needs,
		  struct ingot_err *err) INGOT_MUST_USE;
/* 1 and the text appended, or 0 when there is none or it is damaged (its own checksum is wrong) or something it needs is gone. Marks it used now. */
int ingot_ref_get(struct ingot_store *s, const char *kind, const struct ingot_digest *key, struct ingot_buf *text, struct ingot_err *err) INGOT_MUST_USE;
/* From now on references put through this handle may be published together: each after a second at most, if another follows; all at
 * ingot_ref_flush() and at close. That is three syncs of the disk for all of them, not three each. ingot_ref_get() of this handle sees them at once. */
void ingot_ref_defer(struct ingot_store *s);
/* Publish what is deferred, and each at once from now on. */
int ingot_ref_flush(struct ingot_store *s, struct ingot_err *err) INGOT_MUST_USE;

/* --- housekeeping --- */
struct ingot_store_stats {
	uint64_t objects, packs, refs, checkouts, bytes, damaged;
	uint64_t caches; /* cache directories of steps; each is one of the references, too */
};
int ingot_store_info(struct ingot_store *s, struct ingot_store_stats *ret, struct ingot_err *err) INGOT_MUST_USE;
/* Re-hash everything, and compare checkouts with their trees; what is damaged is set aside, and counted. */
int ingot_store_verify(struct ingot_store *s, struct ingot_store_stats *ret, struct ingot_err *err) INGOT_MUST_USE;
/* Delete references not used since max_age seconds, then what no reference needs. Waits for running builds at most wait_ms. Needs no free space. */
int ingot_store_gc(struct ingot_store *s, int64_t max_age, int wait_ms, struct ingot_store_stats *ret_freed, struct ingot_err *err) INGOT_MUST_USE;
