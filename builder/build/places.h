/* places.h - what a step has beside its root and its command: caches, directories in memory, other stages' files, secrets, network. Internal to build.
 *
 * Sequence: places_begin(), places_key(); and if the step has to be run: points_add() to the tree that is laid out, places_open(), places_plan(), the step,
 * places_keep() if it succeeded, points_drop() from what was harvested; places_done() in any case.
 */
#pragma once
#include "cachekey.h"
#include "engine.h"
#include <ingot/delta.h>
#include <ingot/limits.h>
#include <ingot/step.h>

/* A private copy of a cache directory: the content of `upper` in a scratch directory of its own, which is what the harvest takes. */
struct cache_copy {
	int scratch_fd, fd;
	char scratch[64];
	struct ingot_digest key;
	struct ingot_digest tree; /* what it began with; zero: nothing */
};

struct places {
	const struct ingot_step *step;
	bool network;
	struct ingot_tree *bind[INGOT_MAX_STEP_MOUNTS]; /* owned: what each bind shows */
	int bind_fd[INGOT_MAX_STEP_MOUNTS];
	struct cache_copy cache[INGOT_MAX_STEP_MOUNTS];
	struct ingot_step_tmpfs tmpfs[INGOT_MAX_STEP_TMPFS];
	struct ingot_step_volume volumes[INGOT_MAX_STEP_MOUNTS];
	struct ingot_step_secret secrets[INGOT_MAX_STEP_SECRETS];
	size_t n_caches; /* opened */
	struct ingot_store *store;
};

/* Everything that decides whether and on what the step may run: permission for the network, the secrets, the other stages (built if need be). */
int places_begin(struct engine *e, const struct ingot_step *step, struct places *ret, struct ingot_err *err) INGOT_MUST_USE;
void places_key(const struct engine *e, const struct places *p, struct cachekey *k);
/* Again for a second run of the step: with fresh copies of its caches. */
int places_open(struct engine *e, struct places *p, struct ingot_err *err) INGOT_MUST_USE;
void places_plan(const struct engine *e, const struct places *p, struct ingot_step_plan *plan);
void places_keep(struct engine *e, struct places *p); /* the step succeeded: its caches are the ones that the next step begins with */
void places_done(struct places *p);

/* points.c: the directories of one mount point that *have lacks; whose it is ("step") stands in the message when a link or a file is in the way. */
int point_add(struct ingot_span path, const char *whose, struct ingot_tree **have, struct ingot_err *err) INGOT_MUST_USE;
/* The places as directories of the tree, and out of what the step left again, unless something is in them now. */
int points_add(const struct engine *e, const struct places *p, struct ingot_tree *t, struct ingot_tree **ret, struct ingot_err *err) INGOT_MUST_USE;
/* *inout: the delta onto base (the tree with the points); afterwards the delta onto t. */
int points_drop(const struct places *p, const struct ingot_tree *t, const struct ingot_tree *base, struct ingot_delta **inout, struct ingot_err *err) INGOT_MUST_USE;

/* cache.c */
int cache_open(struct engine *e, const struct ingot_step *step, const char *path, struct cache_copy *ret, struct ingot_err *err) INGOT_MUST_USE;
int cache_keep(struct engine *e, const struct ingot_step *step, struct cache_copy *c, struct ingot_err *err) INGOT_MUST_USE;
void cache_done(struct ingot_store *store, struct cache_copy *c);
