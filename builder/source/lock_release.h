/* lock_release.h - one suite's Release while a lock is made. */
#pragma once
#include "lock_indexes.h"

struct suite_release {
	const char *suite;
	const struct ingot_base *bases; /* of the suite */
	size_t n_bases, base;           /* base: where the Release came from; its indexes are asked for there first */
	struct ingot_release facts;
	struct ingot_locked_release locked;
};

/* suite is given; the rest is filled. */
int suite_release_get(struct locking *l, const struct ingot_keyring *keys, const char *source, struct suite_release *s, struct ingot_err *err) INGOT_MUST_USE;
