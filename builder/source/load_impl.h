/* load_impl.h - between the files that load an image. */
#pragma once
#include <ingot/decode.h>
#include <ingot/layout.h>
#include <ingot/limits.h>
#include <ingot/load.h>
#include <ingot/media_type.h>

/* --- load_where.c: what was asked for --- */
enum transport { ANY, OCI_DIR, OCI_ARCHIVE, DOCKER_ARCHIVE };
struct where {
	enum transport transport;
	char *path, *name;          /* name: NULL when none was given */
	bool has_index, has_digest;
	uint64_t index;             /* :@N */
	struct ingot_digest digest; /* @sha256: */
};
void where_done(struct where *w);
int where_parse(const char *text, struct where *ret, struct ingot_err *err) INGOT_MUST_USE;

/* --- load_platform.c --- */
struct platform {
	bool asked;  /* not the host's by default */
	bool decided; /* of several images this chose one */
	char os[64], architecture[64], variant[64];
};
int platform_parse(const char *text, struct platform *ret, struct ingot_err *err) INGOT_MUST_USE;
/* at: pointer of an object with os, architecture and variant. */
bool platform_matches(const struct platform *p, const struct ingot_doc *d, const char *at);
/* The config is of the platform that was asked for, or by which the image was chosen. */
int platform_check(const struct platform *p, const struct ingot_doc *config, struct ingot_err *err) INGOT_MUST_USE;

/* --- load_blobs.c: where an image's blobs are --- */
struct blobs {
	struct ingot_store *store;
	struct ingot_layout *layout; /* of our own form, or NULL */
	int dir;                     /* blobs/sha256 of a foreign directory, or -1 */
	int fd;                      /* a foreign archive, or -1: */
	struct ingot_parts parts;    /* the files in it */
	struct ingot_layout_blob *named; /* and those that are blobs, sorted */
	size_t n_named, cap_named;
	struct ingot_layout_blob *hashed; /* files of the archive whose digest is known by now */
	size_t n_hashed, cap_hashed;
	bool docker;                 /* named are what docker's manifest.json names, hashed */
	struct ingot_buf index, docker_json, version; /* index.json, manifest.json and oci-layout; empty: there is none */
	struct ingot_digest *all; /* every blob of an OCI layout, for counting signatures */
	size_t n, cap;
};
#define BLOBS_INIT { .dir = -1, .fd = -1, .index = INGOT_BUF(INGOT_MAX_MANIFEST), .docker_json = INGOT_BUF(INGOT_MAX_MANIFEST), .version = INGOT_BUF(KIB(4)) }
void blobs_done(struct blobs *b);
int blobs_open(struct ingot_store *s, const struct where *w, struct blobs *ret, struct ingot_err *err) INGOT_MUST_USE;
int blobs_list(struct blobs *b, const struct ingot_digest *d, struct ingot_err *err) INGOT_MUST_USE;
void blobs_sort(struct blobs *b);

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
/* It is there and has this size; its bytes are not looked at. */
int blobs_present(const struct blobs *b, const struct ingot_digest *d, uint64_t size, struct ingot_err *err) INGOT_MUST_USE;
/* By its first bytes; which of the formats it is, the decoder finds out. */
int part_compressed(struct ingot_input in, bool *ret, struct ingot_err *err) INGOT_MUST_USE;
int part_hash(int fd, uint64_t offset, uint64_t size, struct ingot_digest *ret, struct ingot_err *err) INGOT_MUST_USE;

/* --- load_parts.c: a foreign archive --- */
int parts_open(struct blobs *b, int take_fd, uint64_t size, struct ingot_err *err) INGOT_MUST_USE;
/* The file of this name, links followed inside the archive. NULL: there is none. */
int parts_find(const struct blobs *b, struct ingot_span name, const struct ingot_part **ret, struct ingot_err *err) INGOT_MUST_USE;
/* Its digest; however often a document names one file, it is hashed once. */
int parts_digest(struct blobs *b, const struct ingot_part *p, struct ingot_digest *ret, struct ingot_err *err) INGOT_MUST_USE;
/* All of a small one, appended. */
int parts_read(const struct blobs *b, const struct ingot_part *p, uint64_t max, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;

/* --- load_index.c: from the index to the manifest; fills manifest_json, manifest_ref and name --- */
int index_choose(const struct blobs *b, const struct where *w, struct platform *p, struct ingot_loaded *l, struct ingot_err *err) INGOT_MUST_USE;

/* --- load_manifest.c: one meaning for each document --- */
/* A descriptor: a media type (*ret_type, one of types, which ends with NULL), a digest, a size up to max, and no addresses. */
int load_descriptor(const struct ingot_doc *d, const char *at, const char *const *types, uint64_t max, struct ingot_blob_ref *ret, const char **ret_type, struct ingot_err *err) INGOT_MUST_USE;
/* schemaVersion is 2, and what the document says of its own type is what its descriptor says. */
int load_check_type(const struct ingot_doc *d, const char *type, bool index, struct ingot_err *err) INGOT_MUST_USE;
/* l->manifest_json as a manifest with its config; every layer is there. */
int load_documents(const struct blobs *b, const char *type, struct ingot_loaded *l, struct ingot_err *err) INGOT_MUST_USE;

/* --- load_docker.c --- */
/* What docker's manifest.json names, hashed, as an OCI manifest in l. */
int docker_choose(struct blobs *b, const struct where *w, struct ingot_loaded *l, struct ingot_err *err) INGOT_MUST_USE;
/* An OCI layout with docker's manifest.json beside it: both mean this image. */
int docker_agrees(struct blobs *b, const struct platform *p, const struct ingot_loaded *l, struct ingot_err *err) INGOT_MUST_USE;

/* --- load_tree.c: the layers of l->manifest, applied one after another: tree, origins and layer_origins of l, which had none --- */
int load_tree(const struct blobs *b, struct ingot_loaded *l, struct ingot_err *err) INGOT_MUST_USE;
