/* harvest.h - from what a step left on the disk to what it changed in the Tree. Internal to build.
 *
 * The disk shows a view of the Tree (checkout.h): owners, xattrs and set-id bits are not on it. So owners come from the Tree before the step, and a mode
 * counts as changed only if it differs from the one that the checkout gave.
 */
#pragma once
#include <ingot/delta.h>

/* The tree as it is laid out for a step: with the mount points. INGOT_E_INPUT when one of them is there as something else than a directory. */
int harvest_lower(const struct ingot_tree *t, struct ingot_tree **ret, struct ingot_err *err) INGOT_MUST_USE;
/* The delta onto t for what was found (raw) above lower. Every time of what changed becomes epoch. */
int harvest_delta(const struct ingot_tree *t, const struct ingot_tree *lower, const struct ingot_delta *raw, int64_t epoch, struct ingot_delta **ret, struct ingot_err *err)
	INGOT_MUST_USE;
