/* A step: its result from the store if everything that decides it is the same, else run on a checkout, harvested, and kept. */
#include "cachekey.h"
#include "engine.h"
#include "harvest.h"
#include "identity.h"
#include "isolation.h"
#include "kept.h"
#include "leaks.h"
#include "places.h"
#include "shell.h"
#include <ingot/checkout.h>
#include <ingot/fd.h>
#include <ingot/intake.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/step.h>
#include <stdio.h>
#include <unistd.h>

static void step_key(const struct engine *e, const struct stage_state *s, const struct ingot_step *step, const struct places *places, struct ingot_digest *ret)
{
	struct cachekey k;
	cachekey_begin(&k, "ingot step 1");
	cachekey_str(&k, "version", INGOT_VERSION);
	cachekey_u64(&k, "policy", INGOT_STEP_POLICY);
	cachekey_str(&k, "architecture", e->recipe->image.architecture);
	cachekey_digest(&k, "tree", ingot_tree_id(s->tree));
	cachekey_str(&k, "script", step->script);
	cachekey_str(&k, "shell", step->shell);
	for (size_t i = 0; i < step->argv.n; i++)
		cachekey_str(&k, "argv", step->argv.v[i]);
	for (size_t i = 0; i < step->env.n; i++) {
		cachekey_str(&k, "env name", step->env.v[i].key);
		cachekey_str(&k, "env value", step->env.v[i].value);
	}
	cachekey_str(&k, "workdir", step->workdir);
	cachekey_u64(&k, "user", step->user);
	cachekey_u64(&k, "epoch", (uint64_t)e->epoch);
	places_key(e, places, &k);
	cachekey_end(&k, ret);
}

/* 1 and the step's delta, its content findable; 0 when it has to be run. */
static int recall(struct engine *e, const struct ingot_digest *key, struct ingot_delta **ret, struct ingot_digest *ret_pack, bool *ret_has_pack, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	int r = kept_get(e, "step", key, &text, ret_pack, ret_has_pack, err);
	if (r > 0)
		ingot_pass(ingot_delta_parse(ingot_buf_view(&text), ret, err));
	return r;
}

static int keep(struct engine *e, const struct ingot_digest *key, const struct ingot_delta *d, const struct ingot_intake *in, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	ingot_delta_text(d, &text);
	ingot_pass(ingot_buf_check(&text, "what the step changed", err));
	return kept_put(e, "step", key, &text, in, err);
}

/* What a step runs on. */
struct ground {
	const struct ingot_tree *base, *lower; /* borrowed; lower is all of it, and much of that is in base */
	int top_fd, base_fd;
	bool identity; /* see identity.h */
};

static void ground_done(struct ground *g)
{
	ingot_closep(&g->top_fd);
	ingot_closep(&g->base_fd);
}

/* As this host can: without overlayfs there are no layers. */
static int lay_out(struct engine *e, struct ground *g, struct ingot_step_plan *plan, struct ingot_err *err)
{
	ground_done(g);
	ingot_try(err, ingot_checkout_layered(e->store, e->step_flags & INGOT_STEP_COPIED ? NULL : g->base, g->lower, &g->top_fd, &g->base_fd, err), "laying out the files of the step");
	plan->root_fd = g->top_fd;
	plan->base_fd = g->base_fd;
	return 0;
}

/* What a run left: the disk's side of it, and the ledger's. */
struct outcome {
	struct ingot_step_result result;
	struct ingot_intake in;
	struct ingot_span *kept;
	size_t n_kept, cap_kept;
	struct ingot_arena *arena; /* of kept */
};

static void outcome_done(struct outcome *o)
{
	ingot_step_result_done(&o->result);
	ingot_intake_done(&o->in);
	free(o->kept);
	ingot_arena_free(o->arena);
}

static void note_kept(void *ctx, struct ingot_span path)
{
	struct outcome *o = ctx;
	ingot_reserve(o->kept, o->n_kept, o->cap_kept);
	o->kept[o->n_kept++] = ingot_arena_span(o->arena, path);
}

/* The plan of a step but for its files. Words live in the arena. */
static void make_plan(const struct engine *e, const struct ingot_step *step, const char *label, struct ingot_arena *arena, struct ingot_step_plan *ret)
{
	const char **argv = ingot_arena_array(arena, step->argv.n + 4, sizeof(*argv)), **env = ingot_arena_array(arena, step->env.n + 1, sizeof(*env));
	size_t n = 0;
	for (size_t i = 0; i < step->env.n; i++)
		env[i] = ingot_arena_strf(arena, "%s=%s", step->env.v[i].key, step->env.v[i].value);
	if (step->script) {
		/* -e: the first command that fails ends the step, as everybody expects of a build. */
		argv[n++] = step->shell ? step->shell : "/bin/sh";
		argv[n++] = "-e";
		argv[n++] = INGOT_STEP_SCRIPT;
	} else {
		for (size_t i = 0; i < step->argv.n; i++)
			argv[n++] = step->argv.v[i];
	}
	struct ingot_step_plan plan = INGOT_STEP_PLAN_INIT;
	plan.name = label;
	plan.argv = argv;
	plan.n_argv = n;
	plan.env = env;
	plan.n_env = step->env.n;
	plan.script = step->script ? ingot_span_of(step->script) : (struct ingot_span){ 0 };
	plan.workdir = step->workdir;
	plan.uid = plan.gid = step->user;
	plan.timeout = step->timeout;
	plan.memory = step->memory;
	plan.source_date_epoch = e->epoch;
	*ret = plan;
}

static int harvest(struct engine *e, const struct ingot_step_plan *plan, struct outcome *o, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	struct ingot_intake_ops ops = { .whiteouts = true, .kept = note_kept, .ctx = o };
	if (plan->flags & INGOT_STEP_COPIED)
		ingot_pass(ingot_step_harvest_copied(plan->root_fd, plan->scratch_fd, plan->flags, plan->uid, plan->gid, 0, &h, err));
	else
		ingot_pass(ingot_step_harvest(plan->scratch_fd, plan->uid, plan->gid, 0, &h, err));
	ingot_pass(ingot_intake_drain(h.chan, e->store, &ops, &o->in, err));
	return ingot_helper_finish(&h, err);
}

/* One run in a scratch directory of its own, as this host can. */
static int run_here(struct engine *e, struct places *places, struct ingot_step_plan *plan, struct outcome *o, struct ingot_err *err)
{
	char scratch[64];
	_cleanup_(ingot_closep) int scratch_fd = ingot_store_scratch(e->store, scratch, err);
	ingot_pass(scratch_fd);
	plan->scratch_fd = scratch_fd;
	plan->flags |= e->step_flags;
	ingot_step_result_done(&o->result);
	o->result = (struct ingot_step_result)INGOT_STEP_RESULT_INIT;
	int r = places_open(e, places, err);
	places_plan(e, places, plan);
	if (r == 0)
		r = ingot_step_run(plan, e->log, &o->result, err);
	if (r == 0 && o->result.reason != INGOT_STEP_NEEDS_IDENTITY) {
		r = ingot_step_check(plan, &o->result, err);
		if (r == 0 && (r = harvest(e, plan, o, err)) < 0)
			(void)ingot_context(err, "taking in what the step changed");
	}
	if (r < 0 && err->code == INGOT_E_STEP && e->options->shell_on_fail)
		shell_open(e, places->step, plan);
	ingot_store_scratch_remove(e->store, scratch);
	return r;
}

static int run_once(struct engine *e, struct places *places, struct ground *g, struct ingot_step_plan *plan, struct outcome *o, struct ingot_err *err)
{
	int r = run_here(e, places, plan, o, err);
	if (r == 0 || !isolation_fall_back(e, err))
		return r;
	ingot_pass(lay_out(e, g, plan, err));
	return run_here(e, places, plan, o, err);
}

/* Run on g->lower, the tree with mount points, and take in what changed on the disk. */
static int run_and_harvest(struct engine *e, struct ground *g, const struct ingot_step *step, struct places *places, const char *label, struct outcome *ret, struct ingot_err *err)
{
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	struct ingot_step_plan plan;
	make_plan(e, step, label, arena, &plan);
	ingot_pass(lay_out(e, g, &plan, err));
	identity_seeds(g->lower, arena, &plan);
	if (g->identity)
		plan.flags |= INGOT_STEP_IDENTITY;
	ingot_pass(run_once(e, places, g, &plan, ret, err));
	if (ret->result.reason != INGOT_STEP_NEEDS_IDENTITY)
		return 0;
	/* From the beginning, because what it did until then was seen by nobody in the new light. Its output stays visible twice, which is honest. */
	ingot_say(e->log, INGOT_INFO, "%s: becomes another user, or keeps owners; once more, with every process told who it is and whose a file is", label);
	ingot_pass(identity_remember(e, step, err));
	plan.flags |= INGOT_STEP_IDENTITY;
	ingot_pass(run_once(e, places, g, &plan, ret, err));
	return ret->result.reason != INGOT_STEP_NEEDS_IDENTITY ? 0 : ingot_step_check(&plan, &ret->result, err);
}

static int run_fresh(struct engine *e, struct stage_state *s, const struct ingot_step *step, struct places *places, const char *label, const struct ingot_digest key[2], struct ingot_delta **ret,
		     struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *base = NULL, *lower = NULL, *ground = NULL;
	_cleanup_(ground_done) struct ground g = { .top_fd = -1, .base_fd = -1 };
	_cleanup_(outcome_done) struct outcome o = { .result = INGOT_STEP_RESULT_INIT, .arena = ingot_arena_new() };
	_cleanup_(ingot_delta_freep) struct ingot_delta *delta = NULL;
	ingot_say(e->log, INGOT_INFO, "%s: running", label);
	ingot_pass(points_add(e, places, s->tree, &base, err));
	ingot_pass(harvest_lower(base, &lower, err));
	if (s->ground)
		ingot_pass(harvest_lower(s->ground, &ground, err));
	g.base = ground;
	g.lower = lower;
	g.identity = identity_wanted(e, s, step);
	ingot_pass(run_and_harvest(e, &g, step, places, label, &o, err));
	const struct harvest_facts facts = { .uid = step->user, .gid = step->user, .kept = o.kept, .n_kept = o.n_kept, .owned = o.result.owned, .n_owned = o.result.n_owned, .epoch = e->epoch };
	ingot_pass(harvest_delta(base, lower, o.in.delta, &facts, &delta, err));
	ingot_pass(points_drop(places, s->tree, base, &delta, err));
	places_keep(e, places);
	int leaks = leaks_of_step(e, delta, label, err);
	ingot_pass(leaks);
	if (!leaks) /* with a secret in it, it would be used again when that secret is another, and nobody would know what to look for */
		ingot_pass(keep(e, &key[o.result.isolation == INGOT_ISOLATION_CHROOT], delta, &o.in, err));
	if (o.result.isolation > e->result->isolation)
		e->result->isolation = o.result.isolation;
	if (o.in.has_pack)
		needs_add(&s->needs, &o.in.pack);
	e->result->steps_run++;
	*ret = TAKE_PTR(delta);
	return 0;
}

int run_step(struct engine *e, struct stage_state *s, const struct ingot_step *step, const char *label, struct ingot_err *err)
{
	struct ingot_digest key[2], pack; /* the second for what came out of a chroot */
	_cleanup_(ingot_delta_freep) struct ingot_delta *delta = NULL;
	bool has_pack = false;
	_cleanup_(places_done) struct places places = { 0 };
	ingot_pass(places_begin(e, step, &places, err));
	step_key(e, s, step, &places, &key[0]);
	isolation_key(&key[0], &key[1]);
	if (places.network) {
		ingot_say(e->log, INGOT_WARNING, "%s: has the host's network; the image is not hermetic", label);
		e->result->steps_network++;
	}
	int r = e->options->no_cache ? 0 : recall(e, &key[0], &delta, &pack, &has_pack, err);
	if (r == 0 && !e->options->no_cache && !e->options->full_isolation && (r = recall(e, &key[1], &delta, &pack, &has_pack, err)) > 0)
		e->result->isolation = INGOT_ISOLATION_CHROOT;
	ingot_pass(r);
	if (r == 1) {
		ingot_say(e->log, INGOT_INFO, "%s: unchanged", label);
		e->result->steps_reused++;
		if (has_pack)
			needs_add(&s->needs, &pack);
	} else {
		ingot_pass(run_fresh(e, s, step, &places, label, key, &delta, err));
	}
	char origin[160];
	(void)snprintf(origin, sizeof(origin), "step %s", label);
	return stage_apply(s, delta, origin, err);
}
