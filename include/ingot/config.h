/* config.h - an image's config (image-spec, config.md) as a plain struct, whoever wrote it. */
#pragma once
#include <ingot/err.h>
#include <ingot/mem.h>
#include <stdint.h>

struct ingot_doc; /* decode.h */

struct ingot_words {
	const char **v;
	size_t n;
};

struct ingot_config_label {
	const char *name, *value;
};

struct ingot_config_history {
	const char *created_by; /* "" when it says nothing */
	bool empty_layer;
};

/* Strings are as written, foreign, without NUL; those that are missing are "". */
struct ingot_config {
	const char *user;
	bool numeric;      /* user is UID or UID:GID */
	bool has_gid;      /* UID:GID; else the gid is what the image's passwd says */
	uint32_t uid, gid; /* 0 when user is "" or no number */
	struct ingot_words env; /* NAME=VALUE */
	struct ingot_words entrypoint, cmd;
	struct ingot_words ports, volumes; /* the keys of ExposedPorts and Volumes, in the order of the document */
	struct ingot_config_label *labels;
	size_t n_labels;
	struct ingot_config_history *history;
	size_t n_history;
	const char *workdir, *stop_signal, *architecture, *os, *author;
	bool healthcheck; /* docker's extension: there is one, and it is not NONE */
	bool on_build;    /* docker's extension: instructions for those who build on it */
	struct ingot_arena *arena;
};

/* INGOT_E_OUTSIDE with the pointer: a member of another kind than the specification says, a string with NUL. Unknown members are left aside. */
int ingot_config_read(const struct ingot_doc *d, struct ingot_config **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_config_free(struct ingot_config *c);
INGOT_CLEANUP(struct ingot_config, ingot_config_free)
