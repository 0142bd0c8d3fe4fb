/* tarout.h - a Delta as the bytes of a layer tar. One Delta, one tree of parents: exactly one byte string, on every host.
 *
 * The dialect (what every unpacker of the field takes; design notes of interop, 1.7):
 *   - POSIX ustar ("ustar\0" "00"), typeflags 0-6, numbers in octal, no names of users and groups; the root itself is left out.
 *   - a pax header ("x", named PaxHeaders/x, mtime 0) only where ustar cannot say it: a path or link target that is too long or not ASCII,
 *     an id above 07777777, 8 GiB and more, a time beyond 33 bits, xattrs (SCHILY.xattr.NAME). Never a global one.
 *   - order of ingot_path_cmp() ('/' lowest), so a directory is followed by all that is in it, and a hard link's file precedes the link. In a directory:
 *     .wh..wh..opq, then the whiteouts of its entries by name (image-spec, layer.md: before sibling entries), then the entries.
 *   - every parent is written, with its metadata from the tree, even where the Delta does not touch it: unpackers invent mode and time otherwise.
 *   - no path twice; directories end in '/'; two zero blocks at the end and no further padding.
 */
#pragma once
#include <ingot/delta.h>
#include <ingot/store.h>

/* Where bytes go. */
struct ingot_sink {
	void *ctx;
	int (*write)(void *ctx, const void *p, size_t n, struct ingot_err *err);
};

/* parents: a tree that has the parent directories of everything in the delta that the delta does not put itself: the tree before or after it.
 * Content is read from the store and verified as it passes: a missing or damaged one aborts (INGOT_E_BUG, naming the path), and the bytes written so
 * far are worth nothing. */
int ingot_tar_write(struct ingot_store *s, const struct ingot_delta *d, const struct ingot_tree *parents, const struct ingot_sink *out, struct ingot_err *err)
	INGOT_MUST_USE;

/* What of the tree of parents enters the bytes, appended to out in a canonical form: part of a cache key. */
int ingot_tar_parents(const struct ingot_delta *d, const struct ingot_tree *parents, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;

/* A plain member of an archive: regular file 0644 or (name ending in '/') directory 0755, owner 0:0, the given time. The name is short and ASCII. */
#define INGOT_TAR_BLOCK 512
void ingot_tar_member(const char *name, uint64_t size, int64_t mtime, char ret[INGOT_TAR_BLOCK]);
