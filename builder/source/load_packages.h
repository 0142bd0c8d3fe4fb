/* load_packages.h - packages on their way into a Tree: what packages.c (pure transforms) and unpack.c (for dpkg to configure) share. Internal to source. */
#pragma once
#include "transform.h"
#include <ingot/unpack.h>

#define SKELETON_ORIGIN "ingot: base directories"

/* Everything that is being put together; the result is moved out at the end. */
struct load {
	struct ingot_store *store;
	const struct ingot_packages_request *rq;
	const struct ingot_log *log;
	struct ingot_deb_job *jobs; /* in merge order */
	const struct ingot_deb **debs;
	size_t n;
	struct ingot_packages out;
	size_t needs_cap;
};

void load_done(struct load *l);
void load_keep(struct load *l, const struct ingot_digest *d);
/* jobs and debs: what is decoded already needs no .deb; only the rest is fetched. */
int load_debs(struct load *l, struct ingot_err *err) INGOT_MUST_USE;
/* out.tree += delta, fitted; two different files at one path are an error, unless the delta's package Replaces the other's, or a script made the other. */
int load_merge(struct load *l, const struct ingot_delta *delta, const char *origin, struct ingot_span replaces, struct ingot_err *err) INGOT_MUST_USE;
int load_skeleton(struct load *l, struct ingot_err *err) INGOT_MUST_USE;
int load_package(struct load *l, size_t i, const struct ingot_delta *delta, struct ingot_err *err) INGOT_MUST_USE;
int load_transform(struct load *l, const struct transform_row *row, struct ingot_err *err) INGOT_MUST_USE;
/* Does "Replaces: a, b (<< 2)" name the package? */
bool names_package(struct ingot_span field, struct ingot_span name);
