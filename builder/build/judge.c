#include "engine.h"
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/policy.h>
#include <stdio.h>
#include <time.h>

static enum ingot_level level_of(const struct ingot_finding *f)
{
	if (f->allowed || f->severity == INGOT_SEV_NOTE)
		return INGOT_DEBUG;
	return f->severity == INGOT_SEV_ERROR ? INGOT_ERROR : INGOT_WARNING;
}

static void say(const struct engine *e, const struct ingot_finding *f)
{
	char at[32] = "";
	if (f->at.line)
		(void)snprintf(at, sizeof(at), "line %u: ", f->at.line);
	ingot_say(e->log, level_of(f), "%s[%s] %s%s%s%s%s%s", at, f->rule, f->text, f->origin ? " (" : "", f->origin ? f->origin : "", f->origin ? ")" : "", f->allowed ? "; allowed: " : "",
		  f->allowed ? f->allowed : "");
}

/* The first error, with the number of the others. */
static int refuse(const struct engine *e, const struct ingot_findings *all, size_t errors, struct ingot_err *err)
{
	const struct ingot_finding *f = all->v;
	while (f->allowed || f->severity != INGOT_SEV_ERROR)
		f++;
	const struct ingot_rule *rule = ingot_rule_find(ingot_span_of(f->rule));
	ingot_assert(rule);
	(void)ingot_fail(err, INGOT_E_INPUT, "[%s] %s", f->rule, f->text);
	if (errors > 1)
		(void)ingot_hint(err, "%s; %zu more errors stand above; ingot explain %s says why", f->mend ? f->mend : rule->mend, errors - 1, f->rule);
	else
		(void)ingot_hint(err, "%s; ingot explain %s says why", f->mend ? f->mend : rule->mend, f->rule);
	return ingot_recipe_blame(e->recipe, f->at.line ? f->at : e->recipe->image.at, err);
}

static int judge(const struct engine *e, const struct ingot_subject *s, bool errors_only, struct ingot_err *err)
{
	_cleanup_(ingot_findings_done) struct ingot_findings all = INGOT_FINDINGS_INIT;
	const struct ingot_policy policy = { .profile = e->profile, .allow = e->recipe->allow, .n_allow = e->recipe->n_allow };
	ingot_pass(ingot_policy_check(s, &policy, &all, err));
	size_t errors = ingot_findings_count(&all, INGOT_SEV_ERROR);
	for (size_t i = 0; i < all.n; i++)
		if (!errors_only || (errors && all.v[i].severity == INGOT_SEV_ERROR))
			say(e, &all.v[i]);
	return errors ? refuse(e, &all, errors, err) : 0;
}

static int choose_profile(struct engine *e, struct ingot_err *err)
{
	const char *word = e->options->profile;
	enum ingot_profile asked = INGOT_PROFILE_DEFAULT;
	if (ingot_profile_from_word(ingot_span_of(e->recipe->profile), &e->profile) < 0)
		ingot_panic("a profile that the schema let through: %s", e->recipe->profile);
	if (word && ingot_profile_from_word(ingot_span_of(word), &asked) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "there is no profile \"%s\": default, strict or release", INGOT_SHOW(ingot_span_of(word)));
	if (asked > e->profile)
		e->profile = asked;
	return 0;
}

int judge_recipe(struct engine *e, struct ingot_err *err)
{
	const struct ingot_subject s = { .recipe = e->recipe, .lock = e->lock, .now = (int64_t)time(NULL) };
	ingot_pass(choose_profile(e, err));
	return judge(e, &s, true, err);
}

int judge_image(struct engine *e, const struct stage_state *stage, const struct ingot_image_docs *docs, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *doc = NULL;
	_cleanup_(ingot_config_freep) struct ingot_config *config = NULL;
	ingot_pass(ingot_decode_json_bytes(ingot_buf_view(&docs->config_json), &doc, err));
	ingot_pass(ingot_config_read(doc, &config, err));
	const struct ingot_subject s = {
		.recipe = e->recipe,
		.lock = e->lock,
		.tree = stage->tree,
		.origins = stage->origins,
		.config = config,
		.writable = e->recipe->image.writable.v,
		.n_writable = e->recipe->image.writable.n,
		.size = e->result->size,
		.now = (int64_t)time(NULL),
	};
	return judge(e, &s, false, err);
}
