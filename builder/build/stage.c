#include "configure.h"
#include "engine.h"
#include <ingot/escape.h>
#include <ingot/files.h>
#include <ingot/mem.h>
#include <ingot/packages.h>
#include <ingot/resolve.h>
#include <stdio.h>

void needs_add(struct needs *s, const struct ingot_digest *d)
{
	for (size_t i = 0; i < s->n; i++)
		if (ingot_digest_eq(&s->v[i], d))
			return;
	ingot_reserve(s->v, s->n, s->cap);
	s->v[s->n++] = *d;
}

void needs_add_all(struct needs *s, const struct ingot_digest *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		needs_add(s, &v[i]);
}

void needs_done(struct needs *s)
{
	free(s->v);
	*s = (struct needs){ 0 };
}

void stage_state_done(struct stage_state *s)
{
	ingot_tree_unref(s->tree);
	ingot_tree_unref(s->ground);
	ingot_origins_free(s->origins);
	needs_done(&s->needs);
	*s = (struct stage_state){ .stage = s->stage };
}

struct stage_state *engine_stage(struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->recipe->n_stages; i++)
		if (strcmp(e->stages[i].stage->name, name) == 0)
			return &e->stages[i];
	return NULL;
}

int engine_source(struct engine *e, const char *name, struct source_state **ret, struct ingot_err *err)
{
	struct source_state *s = NULL;
	for (size_t i = 0; i < e->recipe->n_sources; i++)
		if (strcmp(e->sources[i].source->name, name) == 0)
			s = &e->sources[i];
	if (!s || s->source->kind != INGOT_SRC_FILES)
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is neither a stage nor a files source", INGOT_SHOW(ingot_span_of(name)));
	if (!s->tree) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty();
		_cleanup_(ingot_delta_freep) struct ingot_delta *delta = NULL, *whole = NULL;
		ingot_pass(ingot_files_load(e->store, e->dirfd, e->recipe, s->source, e->epoch, e->log, &delta, &s->pack, err));
		ingot_pass(ingot_fit(empty, delta, e->epoch, &whole, err));
		ingot_pass(ingot_apply(empty, whole, &s->tree, err));
	}
	*ret = s;
	return 0;
}

int stage_apply(struct stage_state *s, const struct ingot_delta *d, const char *origin, struct ingot_err *err)
{
	struct ingot_tree *next = NULL;
	ingot_pass(ingot_apply(s->tree, d, &next, err));
	ingot_origins_apply(s->origins, d, ingot_origins_id(s->origins, ingot_span_of(origin)));
	ingot_tree_unref(s->tree);
	s->tree = next;
	return 0;
}

static int begin_with_packages(struct engine *e, struct stage_state *s, struct ingot_err *err)
{
	const struct ingot_locked_set *set = ingot_lock_set(e->lock, s->stage->name);
	if (!set) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the lock has no packages for '%s'", s->stage->name);
		return ingot_hint(err, "ingot lock %s", e->recipe->file);
	}
	struct ingot_packages_request rq = {
		.recipe = e->recipe,
		.set = set,
		.skip_scripts = &s->stage->packages.skip_scripts,
		.mirrors = e->options->mirrors,
		.offline = e->options->offline,
		.parallel = e->options->parallel ? e->options->parallel : 2,
		.epoch = e->epoch,
	};
	if (s->stage->packages.configure)
		return configure_packages(e, s, &rq, err) < 0 ? ingot_recipe_blame(e->recipe, s->stage->packages.at, err) : 0;
	struct ingot_packages got = { 0 };
	ingot_pass(ingot_packages_load(e->store, &rq, e->log, &got, err));
	s->tree = got.tree;
	s->origins = got.origins;
	needs_add_all(&s->needs, got.needs, got.n_needs);
	free(got.needs);
	return 0;
}

static int begin(struct engine *e, struct stage_state *s, struct ingot_err *err)
{
	const struct ingot_stage *stage = s->stage;
	struct stage_state *base = stage->base ? engine_stage(e, stage->base) : NULL;
	if (stage->base && !base) {
		(void)ingot_fail(err, INGOT_E_INPUT, "base images are not supported by this version");
		return ingot_recipe_blame(e->recipe, stage->at, err);
	}
	if (stage->base && stage->packages.from) {
		(void)ingot_fail(err, INGOT_E_INPUT, "a stage begins with another stage or with packages, not with both");
		(void)ingot_hint(err, "name all packages in the stage that it begins with");
		return ingot_recipe_blame(e->recipe, stage->packages.at, err);
	}
	if (base) {
		ingot_pass(stage_build(e, base, err));
		s->tree = ingot_tree_ref(base->tree);
		s->origins = ingot_origins_copy(base->origins);
		needs_add_all(&s->needs, base->needs.v, base->needs.n);
		return 0;
	}
	if (stage->packages.from)
		return begin_with_packages(e, s, err);
	s->tree = ingot_tree_empty();
	s->origins = ingot_origins_new();
	return 0;
}

static int do_step(struct engine *e, struct stage_state *s, size_t i, struct ingot_err *err)
{
	const struct ingot_step *step = &s->stage->steps[i];
	char label[128];
	(void)snprintf(label, sizeof(label), "%s %zu/%zu", s->stage->name, i + 1, s->stage->n_steps);
	int r = step->kind == INGOT_STEP_COPY ? copy_into(e, s, &step->copy, err) : run_step(e, s, step, label, err);
	if (r < 0) {
		(void)ingot_context(err, "step %s", label);
		return ingot_recipe_blame(e->recipe, step->at, err);
	}
	return 0;
}

int stage_build(struct engine *e, struct stage_state *s, struct ingot_err *err)
{
	if (s->tree)
		return 0;
	ingot_pass(begin(e, s, err));
	const struct stage_state *base = s->stage->base ? engine_stage(e, s->stage->base) : NULL;
	s->ground = ingot_tree_ref(base ? base->ground : s->tree);
	/* The image's copies come before its steps: a step may then work on what was copied. */
	const struct ingot_image_spec *image = &e->recipe->image;
	for (size_t i = 0; s->stage == &image->stage && i < image->n_copies; i++)
		if (copy_into(e, s, &image->copies[i], err) < 0) {
			(void)ingot_context(err, "copy %zu of the image", i + 1);
			return ingot_recipe_blame(e->recipe, image->copies[i].at, err);
		}
	for (size_t i = 0; i < s->stage->n_steps; i++)
		ingot_pass(do_step(e, s, i, err));
	return 0;
}
