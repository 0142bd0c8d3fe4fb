/* harvest.h - from what a step left on the disk to what it changed in the Tree. Internal to build.
 *
 * The disk shows a view of the Tree (checkout.h): owners, xattrs and set-id bits are not on it. So owners come from the Tree before the step and from the ledger
 * (owned.h), and a mode counts as changed only if it differs from the one that the checkout gave. A new file at an old path is new: nothing of the old one is its.
 */
#pragma once
#include <ingot/delta.h>
#include <ingot/step.h>

/* What is known beside the disk. */
struct harvest_facts {
	uint32_t uid, gid;             /* as whom the step began: new files are theirs */
	const struct ingot_span *kept; /* sorted: paths that are the same inode as before (ingot_intake_ops.kept) */
	size_t n_kept;
	const struct ingot_step_owned *owned;
	size_t n_owned;
	const struct ingot_span *other; /* filled by harvest_delta(): where the ledger saw another inode than the Tree's */
	size_t n_other;
	int64_t epoch;
};

/* The tree as it is laid out for a step: with the mount points. INGOT_E_INPUT when one of them is there as something else than a directory. */
int harvest_lower(const struct ingot_tree *t, struct ingot_tree **ret, struct ingot_err *err) INGOT_MUST_USE;
/* The delta onto t for what was found (raw) above lower. Every time of what changed becomes facts->epoch. */
int harvest_delta(const struct ingot_tree *t, const struct ingot_tree *lower, const struct ingot_delta *raw, const struct harvest_facts *facts, struct ingot_delta **ret, struct ingot_err *err)
	INGOT_MUST_USE;
