#include "imagetest.h"
#include "harvest.h"
#include "isolation.h"
#include "view.h"
#include <ingot/checkout.h>
#include <ingot/doctor.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <stdio.h>
#include <string.h>

void ingot_imagetest_done(struct ingot_imagetest_result *r)
{
	free(r->tests);
	*r = (struct ingot_imagetest_result){ 0 };
}

static void trials_done(struct trials *s)
{
	ingot_runtime_done(&s->runtime);
	ingot_tree_unref(s->tree);
	ingot_tree_unref(s->lower);
	ingot_closep(&s->root_fd);
}

/* "test 2 (/usr/bin/web --version)", "test 3 (port 8080/tcp)" */
static void name_test(const struct ingot_test *t, size_t i, char ret[96])
{
	_cleanup_(ingot_buf_done) struct ingot_buf what = INGOT_BUF(512);
	if (t->service)
		ingot_buf_fmt(&what, "%s%s", t->port ? "port " : "service", t->port ? t->port : "");
	for (size_t k = 0; k < t->run.n && what.n < 60; k++)
		ingot_buf_fmt(&what, "%s%.60s", what.n ? " " : "", INGOT_SHOW(ingot_span_of(t->run.v[k])));
	(void)snprintf(ret, 96, "test %zu (%.60s%s)", i + 1, ingot_buf_cstr(&what), what.n > 60 ? "..." : "");
}

static int prepare(struct trials *s, struct ingot_err *err)
{
	ingot_pass(ingot_runtime_read(NULL, s->o->tree, s->o->config, &s->o->recipe->image.writable, &s->runtime, err));
	ingot_pass(user_view(s->o->tree, s->runtime.uid, s->runtime.gid, &s->tree, err));
	ingot_pass(harvest_lower(s->tree, &s->lower, err));
	ingot_try(err, ingot_checkout_cached(s->store, s->lower, &s->root_fd, err), "laying out the image's files");
	return 0;
}

/* This host could not set the test up: is there another rung for it, which s->flags then says? */
static bool fall_back(struct trials *s, struct ingot_err *err)
{
	struct ingot_rung rung = { 0 };
	struct ingot_err ignored = INGOT_ERR_INIT;
	if (err->code != INGOT_E_HOST)
		return false;
	if (s->flags || isolation_measure(s->store, &rung, &ignored) < 0 || !rung.possible || !rung.flags || (rung.flags & INGOT_STEP_CHROOT && s->o->full_isolation)) {
		(void)ingot_context(err, "the image's tests cannot run here ('ingot doctor' says more, --no-tests builds without them)");
		return false;
	}
	if (rung.flags & INGOT_STEP_CHROOT)
		ingot_say(s->log, INGOT_WARNING, "this container gives no namespaces: tests run in a chroot under Landlock, a weaker wall (--isolation=full refuses it)");
	s->flags = rung.flags;
	*err = (struct ingot_err)INGOT_ERR_INIT;
	return true;
}

/* 0: run. 1: it could not be executed, which is the test's failure, in *why. */
static int run_one(struct trials *s, const struct ingot_test *t, const char *name, bool writable, struct trial *ret, struct ingot_err *why, struct ingot_err *err)
{
	for (;;) {
		if (trial_run(s, t, name, writable, ret, err) == 0)
			return 0;
		if (err->code == INGOT_E_STEP) {
			(void)ingot_fail(why, INGOT_E_FALSE, "%s: %s", name, err->msg);
			(void)ingot_hint(why, "%s", err->hint);
			*err = (struct ingot_err)INGOT_ERR_INIT;
			return 1;
		}
		if (!fall_back(s, err))
			return -1;
	}
}

/* Once more on a root that can be written to, only to know where it writes. What cannot be found out is left out: the failure itself stands. */
static void name_writes(struct trials *s, const struct ingot_test *t, const char *name, struct ingot_err *why)
{
	struct trial again;
	struct ingot_err ignored = INGOT_ERR_INIT, other = INGOT_ERR_INIT;
	struct trials quiet = *s;
	quiet.log = NULL;
	trial_begin(&again);
	if (!(s->flags & INGOT_STEP_CHROOT) && run_one(&quiet, t, name, true, &again, &ignored, &other) == 0 && again.writes.n) {
		size_t n = strlen(why->msg);
		(void)snprintf(why->msg + n, sizeof(why->msg) - n, "; it writes to %s, outside of what the image declares writable", ingot_buf_cstr(&again.writes));
	}
	s->flags = quiet.flags; /* what it learned about this host */
	trial_done(&again);
}

static void add_calls(struct ingot_imagetest_result *r, const struct ingot_step_result *is)
{
	for (size_t i = 0; i < sizeof(r->calls); i++)
		r->calls[i] |= is->calls[i];
}

static int judge(struct trials *s, const struct ingot_test *t, struct ingot_imagetest *x, struct ingot_imagetest_result *r, struct ingot_err *err)
{
	struct trial trial;
	trial_begin(&trial);
	int ran = run_one(s, t, x->name, false, &trial, &x->why, err);
	x->passed = ran == 0 && trial_check(s, t, x->name, &trial, &x->why) == 0;
	add_calls(r, &trial.result);
	if (ran >= 0 && !x->passed)
		name_writes(s, t, x->name, &x->why);
	trial_done(&trial);
	if (ran < 0 || !x->passed || !s->o->find_writes)
		return ran < 0 ? -1 : 0;
	trial_begin(&trial);
	ran = run_one(s, t, x->name, true, &trial, &x->why, err);
	x->passed = ran == 0 && trial_check(s, t, x->name, &trial, &x->why) == 0;
	trial_done(&trial);
	return ran < 0 ? -1 : 0;
}

static int run_all(struct trials *s, struct ingot_imagetest_result *r, struct ingot_err *err)
{
	const struct ingot_recipe *recipe = s->o->recipe;
	for (size_t i = 0; i < recipe->n_tests; i++) {
		struct ingot_imagetest *x = &r->tests[r->n++];
		name_test(&recipe->tests[i], i, x->name);
		if (judge(s, &recipe->tests[i], x, r, err) < 0)
			return ingot_recipe_blame(recipe, recipe->tests[i].at, err);
		r->passed += x->passed;
		ingot_say(s->log, x->passed ? INGOT_INFO : INGOT_NOTE, "%s: %s", x->name, x->passed ? "passed" : "failed");
		if (!x->passed)
			(void)ingot_recipe_blame(recipe, recipe->tests[i].at, &x->why);
	}
	if (s->o->record && s->flags & INGOT_STEP_CHROOT)
		return ingot_fail(err, INGOT_E_HOST, "system calls cannot be written down where tests run in a chroot");
	r->isolation = s->flags & INGOT_STEP_CHROOT ? INGOT_ISOLATION_CHROOT : INGOT_ISOLATION_FULL;
	return 0;
}

int ingot_imagetest_run(struct ingot_store *store, const struct ingot_imagetest_options *o, const struct ingot_log *log, struct ingot_imagetest_result *ret, struct ingot_err *err)
{
	_cleanup_(trials_done) struct trials s = { .store = store, .o = o, .log = log, .root_fd = -1, .flags = o->step_flags };
	struct ingot_imagetest_result r = { .tests = ingot_alloc_array(o->recipe->n_tests + 1, sizeof(*r.tests)) };
	if (prepare(&s, err) < 0 || run_all(&s, &r, err) < 0) {
		ingot_imagetest_done(&r);
		return -1;
	}
	*ret = r;
	return 0;
}

int ingot_imagetest_check(const struct ingot_imagetest_result *r, struct ingot_err *err)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->tests[i].passed)
			continue;
		*err = r->tests[i].why;
		size_t n = strlen(err->msg), more = r->n - r->passed - 1;
		if (more)
			(void)snprintf(err->msg + n, sizeof(err->msg) - n, " (and %zu more of %zu tests)", more, r->n);
		return -1;
	}
	return 0;
}
