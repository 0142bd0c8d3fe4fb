/* inside.h - what the files of this room share. Nothing here is for others. */
#pragma once
#include <ingot/store.h>
#include <sys/stat.h>
#include <sys/types.h>

struct used_pack; /* index.c */

/* A reference on its way. */
struct new_ref {
	char kind[17];
	struct ingot_digest key;
	struct ingot_buf record;
	char temp[64]; /* "" = not in tmp/ */
	int fd;
};

/* A directory of tmp/ that this handle protects: its fd holds the lock. */
struct scratch {
	char name[64];
	int fd;
};

struct ingot_store {
	char *path; /* escaped, for messages */
	const struct ingot_log *log;
	int root, objects, packs, refs, checkouts, tmp, damaged; /* directories, each opened once without following a link */
	int lock;

	struct scratch *scratch;
	size_t n_scratch, cap_scratch;

	/* references that are published together (ingot_ref_defer) */
	bool deferring;
	struct new_ref *pending;
	size_t n_pending, cap_pending;
	int64_t pending_since; /* milliseconds */

	/* contents of packs in use: open addressing; a slot is (pack + 1) << 32 | entry, 0 = empty */
	struct used_pack *used;
	size_t n_used, cap_used;
	uint64_t *slots;
	size_t n_slots, n_filled;
	unsigned next_open;      /* round robin over open_packs */
	uint32_t open_packs[16]; /* which packs have an open fd (index + 1): a build uses more packs than a process may have fds */
};

/* --- open.c --- */
/* An I/O error of this room: a full or read-only disk is the host's (INGOT_E_HOST) and says what to do. Both return -1. */
int store_fail(const struct ingot_store *s, struct ingot_err *err, const char *fmt, ...) INGOT_PRINTF(3, 4); /* with errno */
int store_blame(const struct ingot_store *s, struct ingot_err *err); /* for a failure that base recorded */
/* Shared for builders, exclusive for gc. 0, or 1 when it could not be had in wait_ms. */
int store_lock(struct ingot_store *s, int how, int wait_ms, struct ingot_err *err) INGOT_MUST_USE;

/* --- temp.c --- */
/* A new file (or directory) in tmp/, locked so that nobody sweeps it while the returned fd or a duplicate is open. */
int temp_file(struct ingot_store *s, const char *prefix, char ret_name[64], struct ingot_err *err) INGOT_MUST_USE;
int temp_dir(struct ingot_store *s, const char *prefix, char ret_name[64], struct ingot_err *err) INGOT_MUST_USE;
void temp_sweep(struct ingot_store *s); /* what dead writers left */

/* --- remove.c --- */
/* Remove whatever NAME is, a tree of any depth and any modes included. 0 also when it was not there; -1 and errno when something stays. */
int remove_any(int dirfd, const char *name);
int remove_make_accessible(int dirfd, const char *name); /* chmod 0700 of a directory that we may not even open for reading; no link is followed */

/* --- object.c --- */
#define OBJECT_NAME 66 /* "ab/" + 62 digits + NUL */
void object_name(const struct ingot_digest *d, char ret[OBJECT_NAME]);
/* Rename temp file NAME of SIZE bytes to its place below dir (objects or packs). One that is there already, of the same size, stays. */
int object_publish(struct ingot_store *s, int dir, const char *temp, const struct ingot_digest *d, uint64_t size, struct ingot_err *err) INGOT_MUST_USE;
/* Owned fd of a regular file, or -1 when there is none; what is no readable regular file is set aside. -2: a failure, in err. */
int object_open(struct ingot_store *s, int dir, const struct ingot_digest *d, uint64_t *ret_size, struct ingot_err *err) INGOT_MUST_USE;
bool object_exists(const struct ingot_store *s, int dir, const struct ingot_digest *d);
/* Move a damaged thing to damaged/ and say so once. With fd >= 0 only if the name still means that file: a good one may have replaced it. */
void object_set_aside(struct ingot_store *s, int dir, const char *name, int fd);

/* Calls f for each well-formed object name below dir; name is "ab/...". Stops when f returns non-zero, and returns that. */
typedef int (*object_each_fn)(struct ingot_store *s, int dir, const char *name, const struct ingot_digest *d, void *ctx);
int object_each(struct ingot_store *s, int dir, object_each_fn f, void *ctx);
/* The entries of a directory, "." and ".." left out: opened anew, no link followed. NULL when it cannot be read. */
typedef struct __dirstream DIR;
DIR *dir_open(int dirfd, const char *name);
const char *dir_next(DIR *d);

/* --- index.c --- */
int index_add(struct ingot_store *s, const struct ingot_digest *pack, uint8_t *take_index, uint32_t count, int take_fd);
/* 1 and where the bytes are (fd borrowed until the next call), 0 when no used pack has them, -1 failure. */
int index_find(struct ingot_store *s, const struct ingot_digest *d, int *ret_fd, uint64_t *ret_offset, uint64_t *ret_size, uint32_t *ret_pack, struct ingot_err *err) INGOT_MUST_USE;
bool index_has(const struct ingot_store *s, const struct ingot_digest *d);
void index_forget(struct ingot_store *s, uint32_t pack, int fd); /* it is gone, or (with its fd) damaged: set aside */
void index_each(const struct ingot_store *s, void (*f)(const struct ingot_digest *pack, void *ctx), void *ctx);
void index_free(struct ingot_store *s);

/* --- ref.c --- */
struct ref_record {
	struct ingot_digest *needs; /* free() */
	size_t n_needs;
	struct ingot_span text; /* into the buffer that was parsed */
};
#define REF_MAX MIB(64) /* 1 M needs; a build has some hundreds */
bool ref_kind_valid(const char *kind);
/* -1 for anything that ingot_ref_put() would not have written for this kind and key. */
int ref_parse(struct ingot_span bytes, const char *kind, const struct ingot_digest *key, struct ref_record *ret);
void ref_head(struct ingot_buf *out, const char *kind, const struct ingot_digest *key); /* the first line */
/* The directory of a kind, made if wanted; -1 and errno. */
int ref_kind_dir(struct ingot_store *s, const char *kind, bool make);
bool ref_need_there(const struct ingot_store *s, const struct ingot_digest *d);
/* Owned fd and its bytes, or -1: none, or no regular file. */
int ref_read(int dirfd, const char *name, struct ingot_buf *out, struct stat *ret_st);
bool ref_needs_there(const struct ingot_store *s, const struct ref_record *r);

/* --- refput.c --- */
bool ref_pending(const struct ingot_store *s, const char *kind, const struct ingot_digest *key, struct ingot_buf *text); /* not published yet: appends its text */

/* --- cached.c --- */
/* True if checkouts/NAME is whole; its size and when it was last used. */
bool checkout_look(const struct ingot_store *s, const char *name, uint64_t *ret_size, time_t *ret_used);

/* --- recheck.c --- */
/* Every name, mode, time and byte below checkouts/NAME/root is what the tree says, and nothing else is there. */
bool checkout_right(const struct ingot_store *s, const char *name);
