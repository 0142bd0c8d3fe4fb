/* path.h - names and paths of trees, and walking a path that someone else could have shaped.
 *
 * A tree path has no leading slash; the root is the empty path. Names are 1-255 bytes, any byte but '/' and NUL, not "." or "..",
 * and not beginning ".wh.", which means a whiteout in layers (OCI image-spec, layer.md). Depth is at most INGOT_MAX_DEPTH.
 */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>
#include <sys/types.h>

bool ingot_name_valid(struct ingot_span name);
bool ingot_path_valid(struct ingot_span path); /* "" is valid: the root */

/* Order with '/' as the lowest byte, so that a subtree is one contiguous range. */
int ingot_path_cmp(struct ingot_span a, struct ingot_span b);
bool ingot_path_under(struct ingot_span path, struct ingot_span dir); /* strictly below dir */
bool ingot_path_within(struct ingot_span path, struct ingot_span dir); /* dir, or below it */
struct ingot_span ingot_path_parent(struct ingot_span path);          /* of "" is "" */
struct ingot_span ingot_path_base(struct ingot_span path);

/* A user's absolute path ("/usr/bin/web", trailing slashes allowed) as a tree path: -1 for relative, "..", "." or invalid ones. */
int ingot_path_from_absolute(struct ingot_span abs, struct ingot_span *ret);

/* Open path beneath dirfd name by name with O_PATH|O_NOFOLLOW, the last with FLAGS|O_NOFOLLOW|O_CLOEXEC: no link is ever followed.
 * Returns an owned fd. The error names the component that was a link, missing, or no directory. */
int ingot_open_beneath(int dirfd, struct ingot_span path, int flags, struct ingot_err *err) INGOT_MUST_USE;
/* The parent directory of path, opened the same way (O_PATH), and its last name. */
int ingot_open_parent(int dirfd, struct ingot_span path, struct ingot_span *ret_name, struct ingot_err *err) INGOT_MUST_USE;
