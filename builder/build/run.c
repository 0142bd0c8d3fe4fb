/* A step: its result from the store if everything that decides it is the same, else run on a checkout, harvested, and kept. */
#include "cachekey.h"
#include "engine.h"
#include "harvest.h"
#include <ingot/checkout.h>
#include <ingot/fd.h>
#include <ingot/intake.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/step.h>
#include <stdio.h>
#include <unistd.h>

static void step_key(const struct engine *e, const struct stage_state *s, const struct ingot_step *step, struct ingot_digest *ret)
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
	cachekey_end(&k, ret);
}

/* 1 and the step's delta, its content findable; 0 when it has to be run. */
static int recall(struct engine *e, const struct ingot_digest *key, struct ingot_delta **ret, struct ingot_digest *ret_pack, bool *ret_has_pack, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf record = INGOT_BUF(4096), text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	struct ingot_digest delta_id, pack;
	int r = ingot_ref_get(e->store, "step", key, &record, err);
	if (r <= 0)
		return r;
	struct ingot_span rest = ingot_buf_view(&record), line;
	bool has_pack = false;
	if (!ingot_span_next(&rest, '\n', &line) || ingot_digest_parse_hex(line, &delta_id) < 0)
		return 0;
	if (ingot_span_next(&rest, '\n', &line)) {
		if (ingot_digest_parse_hex(line, &pack) < 0)
			return 0;
		r = ingot_store_use_pack(e->store, &pack, err);
		if (r <= 0)
			return r;
		has_pack = true;
	}
	r = ingot_store_get(e->store, &delta_id, &text, err);
	if (r <= 0)
		return r;
	ingot_pass(ingot_delta_parse(ingot_buf_view(&text), ret, err));
	*ret_pack = pack;
	*ret_has_pack = has_pack;
	return 1;
}

static int keep(struct engine *e, const struct ingot_digest *key, const struct ingot_delta *d, const struct ingot_intake *in, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf record = INGOT_BUF(4096), text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	struct ingot_digest needs[2] = { 0 };
	ingot_delta_text(d, &text);
	ingot_pass(ingot_buf_check(&text, "what the step changed", err));
	ingot_pass(ingot_store_put(e->store, text.p, text.n, &needs[0], err));
	ingot_buf_fmt(&record, "%s\n", INGOT_HEX(&needs[0]));
	if (in->has_pack) {
		needs[1] = in->pack;
		ingot_buf_fmt(&record, "%s\n", INGOT_HEX(&needs[1]));
	}
	return ingot_ref_put(e->store, "step", key, ingot_buf_view(&record), needs, in->has_pack ? 2 : 1, err);
}

static int execute(struct engine *e, const struct ingot_step *step, const char *label, int root_fd, int scratch_fd, struct ingot_err *err)
{
	_cleanup_(ingot_freep) const char **argv = ingot_alloc_array(step->argv.n + 4, sizeof(*argv));
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	const char **env = ingot_arena_array(arena, step->env.n + 1, sizeof(*env));
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
	plan.source_date_epoch = e->epoch;
	plan.root_fd = root_fd;
	plan.scratch_fd = scratch_fd;
	struct ingot_step_result result = INGOT_STEP_RESULT_INIT;
	int r = ingot_step_run(&plan, e->log, &result, err);
	if (r == 0)
		r = ingot_step_check(&plan, &result, err);
	ingot_step_result_done(&result);
	return r;
}

static int harvest(struct engine *e, const struct ingot_step *step, int scratch_fd, struct ingot_intake *ret, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	struct ingot_intake_ops ops = { .whiteouts = true };
	struct ingot_intake got = { 0 };
	ingot_pass(ingot_step_harvest(scratch_fd, step->user, step->user, 0, &h, err));
	ingot_pass(ingot_intake_drain(h.chan, e->store, &ops, &got, err));
	if (ingot_helper_finish(&h, err) < 0) {
		ingot_intake_done(&got);
		return -1;
	}
	*ret = got;
	return 0;
}

/* Run on `lower`, the tree with mount points, and take in what changed on the disk. */
static int run_and_harvest(struct engine *e, const struct ingot_tree *lower, const struct ingot_step *step, const char *label, struct ingot_intake *ret, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int root_fd = -1;
	char scratch[64];
	ingot_try(err, ingot_checkout_cached(e->store, lower, &root_fd, err), "laying out the files of the step");
	_cleanup_(ingot_closep) int scratch_fd = ingot_store_scratch(e->store, scratch, err);
	ingot_pass(scratch_fd);
	int r = execute(e, step, label, root_fd, scratch_fd, err);
	if (r == 0 && (r = harvest(e, step, scratch_fd, ret, err)) < 0)
		(void)ingot_context(err, "taking in what the step changed");
	ingot_store_scratch_remove(e->store, scratch);
	return r;
}

static int run_fresh(struct engine *e, struct stage_state *s, const struct ingot_step *step, const char *label, const struct ingot_digest *key, struct ingot_delta **ret,
		     struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *lower = NULL;
	_cleanup_(ingot_intake_done) struct ingot_intake in = { 0 };
	_cleanup_(ingot_delta_freep) struct ingot_delta *delta = NULL;
	ingot_say(e->log, INGOT_INFO, "%s: running", label);
	ingot_pass(harvest_lower(s->tree, &lower, err));
	ingot_pass(run_and_harvest(e, lower, step, label, &in, err));
	ingot_pass(harvest_delta(s->tree, lower, in.delta, e->epoch, &delta, err));
	ingot_pass(keep(e, key, delta, &in, err));
	if (in.has_pack)
		needs_add(&s->needs, &in.pack);
	e->result->steps_run++;
	*ret = TAKE_PTR(delta);
	return 0;
}

int run_step(struct engine *e, struct stage_state *s, const struct ingot_step *step, const char *label, struct ingot_err *err)
{
	struct ingot_digest key, pack;
	_cleanup_(ingot_delta_freep) struct ingot_delta *delta = NULL;
	bool has_pack = false;
	step_key(e, s, step, &key);
	int r = e->options->no_cache ? 0 : recall(e, &key, &delta, &pack, &has_pack, err);
	ingot_pass(r);
	if (r == 1) {
		ingot_say(e->log, INGOT_INFO, "%s: unchanged", label);
		e->result->steps_reused++;
		if (has_pack)
			needs_add(&s->needs, &pack);
	} else {
		ingot_pass(run_fresh(e, s, step, label, &key, &delta, err));
	}
	char origin[160];
	(void)snprintf(origin, sizeof(origin), "step %s", label);
	return stage_apply(s, delta, origin, err);
}
