/* decode.h - foreign bytes (packages, layers, archives, compressed streams, JSON) read by the jailed helper ingot-decode.
 *
 * The coordinator starts one helper a blob, on an fd, and drains what it says; nothing here interprets the bytes. The caller has
 * checked the blob's digest before, and checks what comes out against what it expects: a subverted decoder can falsify the meaning
 * of its own blob, nothing else.
 *
 * An input is a part of an open, seekable file; its file position is neither used nor moved, so one fd may serve several decoders.
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/digest.h>
#include <ingot/err.h>
#include <ingot/helper.h>
#include <ingot/wire.h>

struct ingot_input {
	int fd; /* borrowed, needed only until the call that takes it returns */
	uint64_t offset, size;
};

/* Start a decoder and put the question. limit: the most it may put out, 0 = min(1000 times the input + 64 MiB, INGOT_MAX_FILE). Drain h->chan
 * (intake.h for DEB and TAR), then ingot_helper_finish(); after a failure ingot_helper_kill(). */
int ingot_decode_start(struct ingot_helper *h, enum ingot_decode_what what, struct ingot_input in, uint64_t limit, struct ingot_err *err) INGOT_MUST_USE;

/* Decompress gzip, zstd or xz (told by the first bytes); sink gets the bytes in order. */
typedef int (*ingot_sink)(void *ctx, const void *p, size_t n, struct ingot_err *err);
int ingot_decode_stream(struct ingot_input in, uint64_t limit, ingot_sink sink, void *ctx, struct ingot_err *err) INGOT_MUST_USE;

/* The files of an image's archive: an uncompressed tar. Names are unique, relative and valid (path.h); contents are not read, but said where they are. */
struct ingot_part {
	struct ingot_span name, target; /* target: of a link */
	char type;                      /* f, l a symbolic link, h a hard link (its target is another part's name) */
	uint64_t offset, size;          /* of its content in the input's file */
};
struct ingot_parts {
	struct ingot_arena *arena;
	struct ingot_part *all; /* sorted by name, unique */
	size_t n, cap;
};
void ingot_parts_done(struct ingot_parts *p);
int ingot_decode_parts(struct ingot_input in, struct ingot_parts *ret, struct ingot_err *err) INGOT_MUST_USE;

struct ingot_member_ops {
	int (*begin)(void *ctx, struct ingot_span name, uint64_t size, struct ingot_err *err);
	int (*data)(void *ctx, const void *p, size_t n, struct ingot_err *err);
	int (*end)(void *ctx, struct ingot_err *err);
};
/* The gzip members in a file of any kind, wherever they begin, each up to INGOT_MAX_GUNZIP bytes of what it decompresses to. Damaged ones as far as they go. */
int ingot_decode_gzip(struct ingot_input in, const struct ingot_member_ops *ops, void *ctx, struct ingot_err *err) INGOT_MUST_USE;

/* --- JSON --- */
/* One JSON document as a read-only list of values in document order. Integers only (no fractions); no key twice in one
 * object, not even in another case; depth at most 16. Positions are JSON pointers (RFC 6901): "" is the whole document. */
struct ingot_doc;
struct ingot_doc_value {
	struct ingot_span path;
	enum ingot_json_kind kind;
	struct ingot_span value; /* string: its bytes (UTF-8, may hold NUL); integer: decimal; bool: "true" or "false"; else empty */
	size_t n;                /* object, array: how many members it has */
};

int ingot_decode_json_bytes(struct ingot_span text, struct ingot_doc **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_doc_free(struct ingot_doc *d);
INGOT_CLEANUP(struct ingot_doc, ingot_doc_free)

/* The value at a pointer, or NULL. The second form takes a format: ingot_doc_getf(d, "/layers/%zu/digest", i). */
const struct ingot_doc_value *ingot_doc_get(const struct ingot_doc *d, const char *pointer);
const struct ingot_doc_value *ingot_doc_getf(const struct ingot_doc *d, const char *fmt, ...) INGOT_PRINTF(2, 3);
/* Number of members of the array (object) at pointer; -1 when it is not there or no array (object). */
ssize_t ingot_doc_array_len(const struct ingot_doc *d, const char *pointer);
ssize_t ingot_doc_object_len(const struct ingot_doc *d, const char *pointer);
/* The i-th member of an object or array, in document order, or NULL. */
const struct ingot_doc_value *ingot_doc_child(const struct ingot_doc *d, const struct ingot_doc_value *parent, size_t i);
/* Appends the last name of v's path, unescaped: the key of an object's member. */
void ingot_doc_key(const struct ingot_doc_value *v, struct ingot_buf *out);

/* The values at this pointer say the same in both documents, whatever the order of keys; missing, null and (at the pointer itself) empty are one. */
bool ingot_doc_same(const struct ingot_doc *a, const struct ingot_doc *b, const char *pointer);

/* What must be there: INGOT_E_OUTSIDE naming the pointer when it is missing or of another kind. */
int ingot_doc_string(const struct ingot_doc *d, const char *pointer, struct ingot_span *ret, struct ingot_err *err) INGOT_MUST_USE;
int ingot_doc_digest(const struct ingot_doc *d, const char *pointer, struct ingot_digest *ret, struct ingot_err *err) INGOT_MUST_USE; /* "sha256:..." */
int ingot_doc_u64(const struct ingot_doc *d, const char *pointer, uint64_t max, uint64_t *ret, struct ingot_err *err) INGOT_MUST_USE;
