/* engine.h - the state of one build. Internal to build. */
#pragma once
#include "vault.h"
#include <ingot/build.h>
#include <ingot/image.h>
#include <ingot/lock.h>
#include <ingot/origin.h>
#include <ingot/rule.h>
#include <ingot/tree.h>

/* A set of digests that a result needs in the store. */
struct needs {
	struct ingot_digest *v;
	size_t n, cap;
};
void needs_add(struct needs *s, const struct ingot_digest *d); /* once each */
void needs_add_all(struct needs *s, const struct ingot_digest *v, size_t n);
void needs_done(struct needs *s);

/* Where a stage stands: the tree so far, who put what there, and what its content lives in. */
struct stage_state {
	const struct ingot_stage *stage;
	struct ingot_tree *tree; /* NULL: not built yet */
	struct ingot_tree *ground; /* what it began with, which changes seldom: steps are laid out on it in layers */
	struct ingot_origins *origins;
	struct needs needs;
};
void stage_state_done(struct stage_state *s);

/* A files source, read once a build. */
struct source_state {
	const struct ingot_source *source;
	struct ingot_tree *tree; /* as a tree of its own, for copying from; NULL: not read yet */
	struct ingot_digest pack;
};

struct engine {
	struct ingot_store *store;
	const struct ingot_build_options *options;
	const struct ingot_log *log;
	struct ingot_recipe *recipe;
	struct ingot_lock *lock; /* NULL: nothing in the recipe comes from outside */
	int dirfd;               /* the recipe's directory */
	int64_t epoch;
	enum ingot_profile profile;
	unsigned step_flags; /* of the rung on which steps run here (isolation.h) */
	bool rung_tried;
	struct vault vault; /* secrets, once a step has asked for one */
	struct stage_state *stages; /* one a stage of the recipe */
	struct source_state *sources;
	bool spent; /* something that comes or goes through a pipe was begun: this build cannot be done once more */
	struct ingot_build_result *result;
};

/* stage.c */
/* Builds the stage and, before it, every stage that it uses. */
int stage_build(struct engine *e, struct stage_state *s, struct ingot_err *err) INGOT_MUST_USE;
struct stage_state *engine_stage(struct engine *e, const char *name);
int engine_source(struct engine *e, const char *name, struct source_state **ret, struct ingot_err *err) INGOT_MUST_USE;
/* tree = tree + delta, origin noted. */
int stage_apply(struct stage_state *s, const struct ingot_delta *d, const char *origin, struct ingot_err *err) INGOT_MUST_USE;

/* put.c */
enum put_how { PUT_QUIETLY, PUT_SAY_REPLACED };
/* The delta finished, fitted to the stage's tree (ingot_fit) and applied; files of another origin that it replaces are told if asked. */
int stage_put(struct engine *e, struct stage_state *s, struct ingot_delta_builder *take_b, const char *origin, enum put_how how, struct ingot_err *err) INGOT_MUST_USE;

/* copy.c */
int copy_into(struct engine *e, struct stage_state *s, const struct ingot_copy *copy, struct ingot_err *err) INGOT_MUST_USE;

/* run.c */
int run_step(struct engine *e, struct stage_state *s, const struct ingot_step *step, const char *label, struct ingot_err *err) INGOT_MUST_USE;

/* finish.c: the image's own stage made final: user, writable places, normalisation. */
int finish_tree(struct engine *e, struct stage_state *s, struct ingot_err *err) INGOT_MUST_USE;

/* engine.c: does it install anything? Else a lock beside it is none of its. */
bool wants_lock(const struct ingot_recipe *r);

struct ingot_doc; /* decode.h: the image's config, read back from what was written */

/* judge.c: the recipe before anything is built; then the image, before it is signed. An error ends the build at the line that brought it. */
int judge_recipe(struct engine *e, struct ingot_err *err) INGOT_MUST_USE;
int judge_profile(const struct ingot_recipe *r, const char *word, enum ingot_profile *ret, struct ingot_err *err) INGOT_MUST_USE;
int judge_image(struct engine *e, const struct stage_state *s, const struct ingot_doc *config, struct ingot_err *err) INGOT_MUST_USE;

/* output.c: layers, documents, signatures, archive. */
int make_image(struct engine *e, struct stage_state *s, const struct ingot_digest *key, struct ingot_err *err) INGOT_MUST_USE;
/* 1 when the store still has the image of an earlier build under this key, whole, and it has been written out; else 0. */
int reuse_image(struct engine *e, const struct ingot_digest *key, struct ingot_err *err) INGOT_MUST_USE;
