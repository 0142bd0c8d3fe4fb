/* image.h - an image: layers, config and manifest as one plain struct that the engine fills in, and the JSON documents made from it.
 *
 * Every document is compact, with its keys in a fixed order (image-spec v1.1): the same struct gives the same bytes. The annotations of index.json are
 * the three that make every tool find the image under its name (interop 0.3, 1.2).
 */
#pragma once
#include <ingot/layer.h>
#include <ingot/reference.h>

struct ingot_label {
	const char *name, *value;
};

struct ingot_image_layer {
	struct ingot_layer layer;
	const char *created_by; /* one entry of the history: what made this layer, e.g. "packages: nginx, ca-certificates" */
};

struct ingot_image {
	const char *reference;    /* what it is called; see reference.h */
	int64_t created;          /* seconds; SOURCE_DATE_EPOCH or the lock's date */
	const char *architecture; /* GOARCH: amd64, arm64, ... */
	const char *variant;      /* v7, v8; NULL: none */
	uint32_t uid, gid;        /* the user it runs as, always written as numbers */
	const char *const *entrypoint;
	size_t n_entrypoint;
	const char *const *cmd;
	size_t n_cmd;
	const struct ingot_label *env; /* in the order given; PATH is the engine's to add */
	size_t n_env;
	const char *const *ports; /* "8080/tcp", any order */
	size_t n_ports;
	const char *workdir;     /* absolute; NULL: "/" */
	const char *stop_signal; /* NULL: none */
	const struct ingot_label *labels; /* any order */
	size_t n_labels;
	const struct ingot_label *annotations; /* of the manifest, any order; org.opencontainers.image.created is added */
	size_t n_annotations;
	const struct ingot_image_layer *layers; /* lowest first */
	size_t n_layers;
};

struct ingot_blob_ref {
	struct ingot_digest digest;
	uint64_t size;
	bool fresh; /* see layer.h */
};

/* The documents of an image. */
struct ingot_image_docs {
	struct ingot_blob_ref config, manifest;
	struct ingot_buf config_json, manifest_json;
	struct ingot_reference reference;
};
void ingot_image_docs_done(struct ingot_image_docs *d);

/* Checks the struct (INGOT_E_INPUT: what is wrong with which field), makes config and manifest and puts both into the store. */
int ingot_image_make(struct ingot_store *s, const struct ingot_image *image, struct ingot_image_docs *ret, struct ingot_err *err) INGOT_MUST_USE;

/* The same without a store: only the bytes and their digests. */
int ingot_image_describe(const struct ingot_image *image, struct ingot_image_docs *ret, struct ingot_err *err) INGOT_MUST_USE;

/* The documents of the archive around it; verify compares with the same functions. */
struct ingot_index_facts {
	const char *name;      /* full reference */
	struct ingot_blob_ref manifest;
	const char *manifest_type; /* its media type; NULL: OCI's */
	const char *architecture, *variant, *os;
};
#define INGOT_OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
int ingot_index_json(const struct ingot_index_facts *facts, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
/* manifest.json of docker-archive: dockerd's classic store and "crane push FILE" read only this. */
int ingot_docker_json(const char *name, const struct ingot_digest *config, const struct ingot_digest *layers, size_t n_layers, struct ingot_buf *out,
		      struct ingot_err *err) INGOT_MUST_USE;
