/* tar.h - the strict profile: which tar archives have exactly one meaning.
 *
 * The scanner sees every byte of an archive, in blocks, and lists its entries; it reads ustar headers (POSIX 1003.1-2017, pax), GNU headers with
 * long names (L, K) as dpkg-deb writes them, and pax records. It refuses what two readers could read differently: bad checksums, two spellings of one thing,
 * sizes on what has no content, unknown records, sparse files, anything but zeros in the padding and behind the end.
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/err.h>
#include <ingot/limits.h>
#include <ingot/span.h>
#include <stdint.h>

#define TAR_BLOCK 512

struct tar_xattr {
	struct ingot_span name, value;
};

struct tar_entry {
	struct tar_entry *next;
	char type;               /* as in ENTRY: d f l c b p, h for a hard link */
	uint32_t mode, uid, gid; /* mode: the low 12 bits */
	uint64_t mtime, size;
	uint32_t major, minor;
	struct ingot_span path, target; /* as the archive spells them */
	uint64_t offset;                /* where in the tar its content begins */
	struct tar_xattr *xattrs;
	size_t n_xattrs;
	struct ingot_span acl[2]; /* SCHILY.acl.access and .default, as text; empty: none */
	char *text; /* what the spans point into */
};
void tar_entry_free(struct tar_entry *e);
static inline void tar_entry_freep(struct tar_entry **e)
{
	tar_entry_free(*e);
}

enum tar_profile {
	TAR_PACKAGE, /* what dpkg-deb writes */
	TAR_LAYER,   /* the same, and what other builders write beside it: no end (a digest covers the whole), access control lists, labels, records about inodes */
	TAR_ARCHIVE  /* an archive of an image: plain files, directories, links; no attributes */
};

struct tar;
struct tar *tar_new(enum tar_profile profile);
void tar_free(struct tar *t);
static inline void tar_freep(struct tar **t)
{
	tar_free(*t);
}
int tar_feed(struct tar *t, struct ingot_span block, struct ingot_err *err) INGOT_MUST_USE;
/* The archive ended here: was it whole? */
int tar_end(const struct tar *t, struct ingot_err *err) INGOT_MUST_USE;
/* The next entry whose headers have been seen, owned by the caller, or NULL. */
struct tar_entry *tar_pop(struct tar *t);

/* --- pax.c: extended headers --- */
enum pax_key { PAX_PATH, PAX_LINKPATH, PAX_SIZE, PAX_UID, PAX_GID, PAX_MTIME, PAX_ACL_ACCESS, PAX_ACL_DEFAULT, PAX_KEYS };
struct pax {
	unsigned have; /* bit per pax_key */
	struct ingot_span path, linkpath, acl[2]; /* into the body */
	uint64_t size, uid, gid, mtime;
	struct tar_xattr xattrs[INGOT_MAX_XATTRS]; /* into the body */
	size_t n_xattrs;
};
/* The records of an extended header ('x'). */
int pax_parse(struct ingot_span body, enum tar_profile profile, struct pax *ret, struct ingot_err *err) INGOT_MUST_USE;
/* A global header ('g'): comments only. */
int pax_global(struct ingot_span body, struct ingot_err *err) INGOT_MUST_USE;

/* A number of a header: octal digits, blanks before, NUL or blanks behind; or, where permitted, GNU's base 256 without a sign. */
int tar_number(const void *field, size_t n, bool base256, const char *what, uint64_t max, uint64_t *ret, struct ingot_err *err) INGOT_MUST_USE;
