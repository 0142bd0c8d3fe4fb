/* lock_indexes.h - the signed indexes of one package source: fetched, checked, in the store. */
#pragma once
#include <ingot/locking.h>
#include <ingot/release.h>
#include <ingot/solve.h>

struct locking {
	const struct ingot_recipe *recipe;
	const struct ingot_lock *old;
	const struct ingot_lock_options *o;
	const struct ingot_log *log;
	struct ingot_store *store;
	struct ingot_arena *arena; /* of the lock that is made */
	int64_t now;
};

struct locked_index {
	const char *suite, *component;
	struct ingot_digest text; /* of the decompressed index, an object of the store */
	uint64_t size;
};

struct indexes {
	struct ingot_locked_release *releases; /* one a suite */
	size_t n_releases;
	struct locked_index *list; /* one a suite and component */
	size_t n;
};

/* Everything that the source's suites and components say, checked against pinned keys. All memory is the arena's. */
int indexes_get(struct locking *l, const struct ingot_source *source, struct indexes *ret, struct ingot_err *err) INGOT_MUST_USE;
