/* view.h - a tree as the image's user sees it. Internal to build.
 *
 * In the sandbox every file belongs to the one uid that there is, so the disk cannot refuse the image's user anything. What the Tree would refuse it is therefore taken out
 * before: files that it may not read or execute, the content of directories that it may not enter; and the x bit where it may read only. POSIX ACLs are not looked at.
 */
#pragma once
#include <ingot/tree.h>

int user_view(const struct ingot_tree *t, uint32_t uid, uint32_t gid, struct ingot_tree **ret, struct ingot_err *err) INGOT_MUST_USE;
