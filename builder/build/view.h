/* view.h - what of a Tree its run user may read. Internal to build.
 *
 * In the sandbox every file is the one mapped user's own (checkout.h), so the kernel would let it read what in production only root can: a service that
 * needs such a file would pass here and fail there. Modes of root's cannot be shown, so what may not be read is not there: of a file the content, of a
 * directory that may not be entered all that is in it.
 */
#pragma once
#include <ingot/delta.h>

int view_of(struct ingot_tree *t, uint32_t uid, uint32_t gid, struct ingot_tree **ret, struct ingot_err *err) INGOT_MUST_USE;
