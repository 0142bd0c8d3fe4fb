/* Maintainer scripts: packages are placed by us, as unpacked, and configured by their own dpkg in the sandbox, as steps like any other: run on a checkout,
 * harvested, kept in the store under a key of all that decides them. */
#include "configure.h"
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/unpack.h>
#include <stdio.h>

#define LINES 6 /* of output before a script's failure that its message shows */
#define TIMEOUT 7200

/* Listens to the output of a run for the first script that fails. */
struct listener {
	struct ingot_log log; /* given to the step */
	const struct ingot_log *outer;
	char lines[LINES][160];
	size_t n;
	struct ingot_buf package, what;
};

static void hear(void *ctx, const char *step, const char *line)
{
	struct listener *l = ctx;
	struct ingot_span text = ingot_span_of(line);
	if (l->outer && l->outer->output)
		l->outer->output(l->outer->ctx, step, line);
	/* dpkg goes on with other packages after a failure; the first is the one that matters. */
	if (l->package.n || ingot_unpack_failure(text, &l->package, &l->what) || ingot_span_starts(text, "dpkg: error processing package ") || !ingot_span_trim(text).n)
		return;
	(void)snprintf(l->lines[l->n++ % LINES], sizeof(l->lines[0]), "%s", line);
}

static void event(void *ctx, enum ingot_level level, const char *text)
{
	ingot_say(((struct listener *)ctx)->outer, level, "%s", text);
}

static void progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	ingot_progress(((struct listener *)ctx)->outer, what, done, total);
}

/* The step's own failure in terms of packages. */
static int explain(const struct listener *l, struct ingot_err *err)
{
	if (err->code != INGOT_E_STEP || !l->package.n)
		return -1;
	_cleanup_(ingot_buf_done) struct ingot_buf last = INGOT_BUF(sizeof(err->hint));
	for (size_t i = l->n > LINES ? l->n - LINES : 0; i < l->n; i++)
		ingot_buf_fmt(&last, "%s%s", last.n ? " | " : "", l->lines[i % LINES]);
	*err = (struct ingot_err)INGOT_ERR_INIT;
	(void)ingot_fail(err, INGOT_E_STEP, "package %s: its %s", ingot_buf_cstr(&l->package), ingot_buf_cstr(&l->what));
	return last.n ? ingot_hint(err, "the last lines before: %s", ingot_buf_cstr(&last)) : -1;
}

/* Where a script changed a package's file, it is still that package's; the rest is the scripts'. */
static int note_origins(struct stage_state *s, const struct ingot_delta *d, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *others = NULL;
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		if (c->op == INGOT_REMOVE) {
			ingot_pass(ingot_delta_remove(b, c->path, err));
			continue;
		}
		struct ingot_span origin = ingot_origins_name(s->origins, ingot_origins_of(s->origins, c->path));
		if (c->op != INGOT_OPAQUE && !ingot_span_starts(origin, "package ") && !ingot_span_starts(origin, "ingot: "))
			ingot_pass(ingot_delta_put(b, c->path, ingot_delta_node(d, c->node), err));
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &others, err));
	ingot_origins_apply(s->origins, others, ingot_origins_id(s->origins, INGOT_SPAN(INGOT_SCRIPTS_ORIGIN)));
	return 0;
}

static int take_result(struct stage_state *s, const struct stage_state *after, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *delta = ingot_diff(s->tree, after->tree);
	ingot_pass(note_origins(s, delta, err));
	needs_add_all(&s->needs, after->needs.v, after->needs.n);
	ingot_tree_unref(s->tree);
	s->tree = ingot_tree_ref(after->tree);
	return 0;
}

static int run_listening(struct engine *e, struct stage_state *after, const struct ingot_step *step, const char *label, struct ingot_err *err)
{
	struct listener l = { .outer = e->log, .package = INGOT_BUF(512), .what = INGOT_BUF(512) };
	struct engine listened = *e;
	l.log = (struct ingot_log){ .ctx = &l, .event = event, .progress = progress, .output = hear };
	listened.log = &l.log;
	int r = run_step(&listened, after, step, label, err);
	e->step_flags = listened.step_flags; /* what was learnt about this host */
	e->rung_tried = listened.rung_tried;
	if (r < 0)
		(void)explain(&l, err);
	ingot_buf_done(&l.package);
	ingot_buf_done(&l.what);
	return r;
}

static int run_scripts(struct engine *e, struct stage_state *s, const struct ingot_unpack *u, unsigned phase, unsigned what, const char *label, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf script = INGOT_BUF(MIB(4));
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	size_t n;
	const char *const *env = ingot_unpack_env(u, &n);
	struct ingot_pair *pairs = ingot_arena_array(arena, n, sizeof(*pairs));
	for (size_t i = 0; i < n; i++) {
		struct ingot_span value = ingot_span_of(env[i]), name;
		ingot_assert(ingot_span_next(&value, '=', &name));
		pairs[i] = (struct ingot_pair){ .key = ingot_arena_str(arena, name), .value = ingot_arena_str(arena, value) };
	}
	ingot_unpack_script(u, phase, what, &script);
	ingot_pass(ingot_buf_check(&script, "the list of scripts", err));
	const struct ingot_step step = { .kind = INGOT_STEP_RUN, .script = ingot_buf_cstr(&script), .env = { pairs, n }, .workdir = "/", .timeout = TIMEOUT };
	/* Beside the stage, so that the origins of what is changed can be told apart. */
	struct stage_state after = { .stage = s->stage, .tree = ingot_tree_ref(s->tree), .origins = ingot_origins_new() };
	int r = run_listening(e, &after, &step, label, err);
	if (r == 0)
		r = take_result(s, &after, err);
	stage_state_done(&after);
	return r;
}

typedef int (*unpack_step)(struct ingot_unpack *u, unsigned phase, struct ingot_packages *at, struct ingot_err *err);

static int prune(struct ingot_unpack *u, unsigned phase, struct ingot_packages *at, struct ingot_err *err)
{
	(void)phase;
	return ingot_unpack_prune(u, at, err);
}

/* One of ingot_unpack's steps, on the stage. */
static int place(struct stage_state *s, struct ingot_unpack *u, unpack_step f, unsigned phase, struct ingot_err *err)
{
	struct ingot_packages at = { .tree = s->tree, .origins = s->origins };
	s->tree = NULL;
	s->origins = NULL;
	int r = f(u, phase, &at, err);
	s->tree = at.tree;
	s->origins = at.origins;
	needs_add_all(&s->needs, at.needs, at.n_needs);
	free(at.needs);
	return r;
}

static int configure_phase(struct engine *e, struct stage_state *s, struct ingot_unpack *u, unsigned phase, struct ingot_err *err)
{
	char label[128];
	bool preinst = ingot_unpack_has_preinst(u, phase);
	unsigned what = INGOT_UNPACK_CONFIGURE | (phase == 0 ? INGOT_UNPACK_PREINST : 0);
	if (!ingot_unpack_count(u, phase))
		return 0;
	(void)snprintf(label, sizeof(label), "%s: scripts of the %s", s->stage->name, phase == 0 ? "essential packages" : "packages");
	ingot_pass(place(s, u, ingot_unpack_records, phase, err));
	if (phase > 0 && preinst) {
		char before[160];
		(void)snprintf(before, sizeof(before), "%s, preinst", label);
		ingot_pass(run_scripts(e, s, u, phase, INGOT_UNPACK_PREINST, before, err));
	}
	ingot_pass(place(s, u, ingot_unpack_files, phase, err));
	return run_scripts(e, s, u, phase, what, label, err);
}

int configure_packages(struct engine *e, struct stage_state *s, const struct ingot_packages_request *rq, struct ingot_err *err)
{
	_cleanup_(ingot_unpack_freep) struct ingot_unpack *u = NULL;
	ingot_pass(ingot_unpack_begin(e->store, rq, ingot_lock_tools(e->lock, s->stage->name), e->log, &u, err));
	for (unsigned phase = 0; phase < INGOT_UNPACK_PHASES; phase++)
		ingot_pass(configure_phase(e, s, u, phase, err));
	return place(s, u, prune, 0, err);
}
