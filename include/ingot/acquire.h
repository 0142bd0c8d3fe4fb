/* acquire.h - locked packages made present in the store: whole-file size and sha256, before anything looks inside. */
#pragma once
#include <ingot/lock.h>
#include <ingot/log.h>
#include <ingot/mirror.h>
#include <ingot/store.h>

/* Afterwards every package of the set is an object of the store (by its sha256), or this fails: INGOT_E_OUTSIDE naming the package, and both digests
 * if other bytes came. Present ones are not asked for again. mirrors may be NULL when nothing is missing. offline: nothing but directories. */
int ingot_acquire_packages(struct ingot_store *s, const struct ingot_locked_set *set, const struct ingot_mirrors *mirrors, bool offline, const struct ingot_log *log,
			   struct ingot_err *err) INGOT_MUST_USE;
