#include "look.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <stdlib.h>

/* Exceptions of which normalisation has made use: what they name is there because of them. */
static bool covers_transient(const struct look *l, const struct ingot_allow *a)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err no = INGOT_ERR_INIT;
	return strcmp(a->rule, "transient") == 0 && l->s->tree && a->path && ingot_resolve(l->s->tree, ingot_span_of(a->path), INGOT_NOFOLLOW, &b, &no) == 0;
}

/* The path of an exception as a finding writes it: "/bin/su" is /usr/bin/su where /usr is merged. */
static const char *resolved(const struct look *l, const char *path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH), shown = INGOT_BUF(KIB(64));
	struct ingot_err no = INGOT_ERR_INIT;
	if (!l->s->tree || ingot_resolve(l->s->tree, ingot_span_of(path), INGOT_NOFOLLOW, &at, &no) < 0)
		return path;
	ingot_escape_message(&shown, ingot_buf_view(&at));
	return ingot_arena_strf(l->out->arena, "/%s", ingot_buf_cstr(&shown));
}

static bool covers(const struct ingot_allow *a, const char *path, const struct ingot_finding *f)
{
	if (strcmp(a->rule, f->rule) != 0)
		return false;
	return a->path ? f->path && strcmp(path, f->path) == 0 : a->value && f->value && strcmp(a->value, f->value) == 0;
}

static void say_unused(struct look *l, const struct ingot_allow *a)
{
	const char *what = a->path ? a->path : a->value;
	struct ingot_finding *f = look_line(l, "allow-unused", a->at, NULL, "nothing at %s needs to be allowed as %s", INGOT_SHOW(ingot_span_of(what)), a->rule);
	if (f && a->path)
		f->path = ingot_arena_str(l->out->arena, ingot_span_of(a->path));
}

static void use_exceptions(struct look *l, size_t first)
{
	bool whole = l->s->tree && l->s->config;
	for (size_t i = 0; i < l->p->n_allow; i++) {
		const struct ingot_allow *a = &l->p->allow[i];
		const char *path = a->path ? resolved(l, a->path) : NULL;
		bool used = covers_transient(l, a);
		for (size_t k = first; k < l->out->n; k++)
			if (covers(a, path, &l->out->v[k])) {
				l->out->v[k].allowed = ingot_arena_str(l->out->arena, ingot_span_of(a->reason));
				used = true;
			}
		if (!used && whole)
			say_unused(l, a);
	}
}

static int bad_exception(const struct ingot_subject *s, const struct ingot_allow *a, struct ingot_err *err)
{
	return s->recipe ? ingot_recipe_blame(s->recipe, a->at, err) : -1;
}

static int check_exceptions(const struct ingot_subject *s, const struct ingot_policy *p, struct ingot_err *err)
{
	for (size_t i = 0; i < p->n_allow; i++) {
		const struct ingot_allow *a = &p->allow[i];
		const struct ingot_own_rule *own = own_rule_find(s, p, a->rule);
		const struct ingot_rule *r = ingot_rule_find(ingot_span_of(a->rule));
		if (own)
			continue;
		if (!r) {
			const char *near = ingot_rule_near(ingot_span_of(a->rule));
			(void)ingot_fail(err, INGOT_E_INPUT, "there is no rule \"%s\"", INGOT_SHOW(ingot_span_of(a->rule)));
			(void)(near ? ingot_hint(err, "did you mean \"%s\"?", near) : ingot_hint(err, "ingot explain lists the rules"));
			return bad_exception(s, a, err);
		}
		const char *by = a->path ? "path" : "value";
		if (!r->allowed_by || strcmp(r->allowed_by, by) != 0) {
			(void)ingot_fail(err, INGOT_E_INPUT, "an exception from \"%s\" by %s", r->id, by);
			(void)(r->allowed_by ? ingot_hint(err, "it names a %s", r->allowed_by) : ingot_hint(err, "this rule has no exceptions: %s", r->mend));
			return bad_exception(s, a, err);
		}
	}
	return 0;
}

static void resolve_writable(struct look *l)
{
	for (size_t i = 0; i < l->s->n_writable && l->s->tree; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
		struct ingot_err no = INGOT_ERR_INIT;
		if (ingot_resolve(l->s->tree, ingot_span_of(l->s->writable[i]), 0, &b, &no) == 0)
			l->writable[i] = ingot_arena_span(l->out->arena, ingot_buf_view(&b));
	}
}

int ingot_policy_check(const struct ingot_subject *s, const struct ingot_policy *p, struct ingot_findings *inout, struct ingot_err *err)
{
	ingot_pass(check_exceptions(s, p, err));
	if (!inout->arena)
		inout->arena = ingot_arena_new();
	_cleanup_(ingot_freep) struct ingot_span *writable = ingot_alloc_array(s->n_writable + 1, sizeof(*writable));
	struct look l = { .s = s, .p = p, .out = inout, .config = s->config, .writable = writable };
	if (!l.config && s->recipe && !s->tree)
		l.config = plan_config(s->recipe, inout->arena);
	size_t first = inout->n;
	resolve_writable(&l);
	for (size_t g = 0; rule_groups[g]; g++)
		if (rule_groups[g]->check)
			rule_groups[g]->check(&l);
	check_own_rules(&l);
	use_exceptions(&l, first);
	ingot_findings_sort(inout);
	return 0;
}
