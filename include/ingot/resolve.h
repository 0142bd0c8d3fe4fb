/* resolve.h - path resolution inside a Tree, as openat2(RESOLVE_IN_ROOT) does it: absolute links start at the tree's root, ".." stops there,
 * at most INGOT_MAX_SYMLINKS links, nothing ever leaves the tree. */
#pragma once
#include <ingot/delta.h>
#include <ingot/tree.h>

#define INGOT_NOFOLLOW 1U /* a link as the last component is the answer, not followed */
#define INGOT_MISSING_OK 2U /* missing components at the end are kept literally ("." and ".." among them are an error) */

/* path may be absolute or relative to the root, may hold "." and ".." and repeated slashes. The result, appended to out (which must be
 * empty), is a tree path without links in any parent. Errors (INGOT_E_INPUT): missing, not a directory, too many links; the
 * message names the component. */
int ingot_resolve(const struct ingot_tree *t, struct ingot_span path, unsigned flags, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;

/* The delta of an archive made to fit the tree: every path's parents are resolved through the tree's links to directories (usr-merge), and a
 * directory that the tree has as a link to a directory becomes that directory. Missing parents are added (0755 0:0, the given mtime).
 * Two paths of the delta that fall together are an error unless both are directories. */
int ingot_fit(const struct ingot_tree *t, const struct ingot_delta *d, int64_t mtime, struct ingot_delta **ret, struct ingot_err *err) INGOT_MUST_USE;
