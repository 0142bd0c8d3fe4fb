/* conflict.h - merging what two sources bring: one path with two different nodes is an error that names both, unless somebody said which wins. */
#pragma once
#include <ingot/delta.h>

struct ingot_conflict {
	bool found;
	struct ingot_span path; /* lives as long as the delta */
};

/* May the delta replace what the tree has at this path? Asked only where the two differ (mtime aside). */
typedef bool (*ingot_may_replace)(void *ctx, struct ingot_span path);

/* d is fitted to t (ingot_fit). A directory over a directory is no conflict: the tree's own stays, and the put is dropped from *ret, as dpkg does. An equal node (mtime aside)
 * likewise is dropped. Different ones: may_replace (NULL: never) decides; the first refused path is in *ret_conflict, and *ret is NULL then. Returns 0 in both cases. */
int ingot_admit(const struct ingot_tree *t, const struct ingot_delta *d, ingot_may_replace may_replace, void *ctx, struct ingot_delta **ret, struct ingot_conflict *ret_conflict,
		struct ingot_err *err) INGOT_MUST_USE;
