/* copy.h - a checkout that a step may change, where there is no overlayfs (private to this room; the coordinator's side). */
#pragma once
#include <ingot/err.h>
#include <ingot/step.h>

/* The plan's checkout as scratch/upper, whose inodes are the step's own: cloned where the file system can (copy_file_range(2)), else copied; and scratch/record. The
 * modes, times and hard links are those of the checkout, the owner is the caller; with INGOT_STEP_CHROOT the step's user, and what a mount would cover is empty.
 * ret_bytes: what the copy takes on the disk. */
int step_copy(const struct ingot_step_plan *p, uint64_t *ret_bytes, struct ingot_err *err) INGOT_MUST_USE;
