/* transform.h - the pure transforms that stand in for maintainer scripts. Internal to source.
 *
 * Each looks at the tree so far and the packages and adds to a delta; it runs nothing, and the same input gives the same output.
 */
#pragma once
#include <ingot/deb.h>
#include <ingot/delta.h>
#include <ingot/recipe.h>
#include <ingot/store.h>

struct transform {
	struct ingot_store *store;
	const struct ingot_tree *tree;
	const struct ingot_deb *const *debs; /* in merge order */
	size_t n_debs;
	int64_t epoch;
	const struct ingot_log *log;
	const struct ingot_recipe *recipe;
	/* what a transform adds goes here */
	struct ingot_pack *pack;
	struct ingot_delta_builder *delta;
	size_t added;
};

int transform_put_file(struct transform *t, const char *path, uint32_t mode, uint32_t uid, uint32_t gid, struct ingot_span bytes, struct ingot_err *err) INGOT_MUST_USE;
int transform_put_dir(struct transform *t, const char *path, uint32_t mode, struct ingot_err *err) INGOT_MUST_USE;
int transform_put_link(struct transform *t, const char *path, const char *target, struct ingot_err *err) INGOT_MUST_USE;
/* The bytes of a regular file of the tree (links in its parents and itself resolved). 1, or 0 when there is none. */
int transform_read(struct transform *t, const char *path, size_t max, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
/* Is there something at this path, links resolved? */
bool transform_exists(const struct transform *t, const char *path);

/* The table of transforms, in order. */
struct transform_row {
	const char *name; /* origin of what it adds: "ingot: NAME" */
	int (*run)(struct transform *t, struct ingot_err *err);
};
extern const struct transform_row transform_table[];
extern const size_t transform_table_size;

int transform_accounts(struct transform *t, struct ingot_err *err) INGOT_MUST_USE;
int transform_ca(struct transform *t, struct ingot_err *err) INGOT_MUST_USE;
int transform_alternatives(struct transform *t, struct ingot_err *err) INGOT_MUST_USE;
int transform_identity(struct transform *t, struct ingot_err *err) INGOT_MUST_USE;
int transform_ldso(struct transform *t, struct ingot_err *err) INGOT_MUST_USE;
/* 1 when the loader finds a library of the tree through its cache only; 0. */
int transform_needs_ldso_cache(struct transform *t, struct ingot_err *err) INGOT_MUST_USE;
int transform_status(struct transform *t, struct ingot_err *err) INGOT_MUST_USE;

/* The base that packages are merged onto: the directories of merged /usr. */
int transform_skeleton(int64_t epoch, const char *architecture, struct ingot_delta **ret, struct ingot_err *err) INGOT_MUST_USE;

/* scripts.c: does the package's script do something that neither the transforms nor a build without services leaves out rightly? 1 and the
 * first such line (number from 1), or 0. */
int script_does_more(struct ingot_span package, struct ingot_span script, size_t *ret_number, struct ingot_span *ret_line);
