#include "engine.h"
#include <ingot/accounts.h>
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/facts.h>
#include <ingot/judge.h>
#include <ingot/policy.h>
#include <time.h>

void ingot_judgement_done(struct ingot_judgement *j)
{
	ingot_findings_done(&j->findings);
}

/* The first error, with the number of the others. */
static int refuse(const struct engine *e, const struct ingot_findings *all, size_t errors, struct ingot_err *err)
{
	const struct ingot_finding *f = all->v;
	while (f->allowed || f->severity != INGOT_SEV_ERROR)
		f++;
	const struct ingot_rule *rule = ingot_rule_find(ingot_span_of(f->rule));
	ingot_assert(rule || f->mend); /* an own rule says so itself, and is not explained */
	(void)ingot_fail(err, INGOT_E_INPUT, "[%s] %s", f->rule, f->text);
	if (!rule)
		(void)ingot_hint(err, "%s", f->mend);
	else if (errors > 1)
		(void)ingot_hint(err, "%s; %zu more errors stand above; ingot explain %s says why", f->mend ? f->mend : rule->mend, errors - 1, f->rule);
	else
		(void)ingot_hint(err, "%s; ingot explain %s says why", f->mend ? f->mend : rule->mend, f->rule);
	return ingot_recipe_blame(e->recipe, f->at.line ? f->at : e->recipe->image.at, err);
}

/* What is found last is what the caller is told: the image's findings hold the recipe's. */
static int judge(const struct engine *e, const struct ingot_subject *s, struct ingot_err *err)
{
	_cleanup_(ingot_judgement_done) struct ingot_judgement own = INGOT_JUDGEMENT_INIT;
	struct ingot_judgement *j = e->options->judgement ? e->options->judgement : &own;
	const struct ingot_policy policy = { .profile = e->profile, .allow = e->recipe->allow, .n_allow = e->recipe->n_allow, .own = e->options->rules };
	ingot_findings_done(&j->findings);
	j->profile = e->profile;
	j->recipe = true;
	j->image = s->tree != NULL;
	ingot_pass(ingot_policy_check(s, &policy, &j->findings, err));
	size_t errors = ingot_findings_count(&j->findings, INGOT_SEV_ERROR);
	return errors ? refuse(e, &j->findings, errors, err) : 0;
}

int judge_profile(const struct ingot_recipe *r, const char *word, enum ingot_profile *ret, struct ingot_err *err)
{
	enum ingot_profile own = INGOT_PROFILE_DEFAULT, asked = INGOT_PROFILE_DEFAULT;
	if (r && ingot_profile_from_word(ingot_span_of(r->profile), &own) < 0)
		ingot_panic("a profile that the schema let through: %s", r->profile);
	if (word && ingot_profile_from_word(ingot_span_of(word), &asked) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "there is no profile \"%s\": default, strict or release", INGOT_SHOW(ingot_span_of(word)));
	*ret = asked > own ? asked : own;
	return 0;
}

int judge_recipe(struct engine *e, struct ingot_err *err)
{
	const struct ingot_subject s = { .recipe = e->recipe, .lock = e->lock, .now = (int64_t)time(NULL) };
	ingot_pass(judge_profile(e->recipe, e->options->profile, &e->profile, err));
	return judge(e, &s, err);
}

int judge_image(struct engine *e, const struct stage_state *stage, const struct ingot_doc *doc, struct ingot_err *err)
{
	_cleanup_(ingot_config_freep) struct ingot_config *config = NULL;
	_cleanup_(ingot_accounts_freep) struct ingot_accounts *accounts = NULL;
	_cleanup_(ingot_facts_freep) struct ingot_facts *facts = NULL;
	ingot_pass(ingot_accounts_read(e->store, stage->tree, &accounts, err));
	ingot_pass(ingot_facts_gather(e->store, stage->tree, e->options->parallel ? e->options->parallel : 2, e->log, &facts, err));
	ingot_pass(ingot_config_read(doc, &config, err));
	const struct ingot_subject s = {
		.recipe = e->recipe,
		.lock = e->lock,
		.tree = stage->tree,
		.origins = stage->origins,
		.config = config,
		.accounts = accounts,
		.facts = facts,
		.writable = e->recipe->image.writable.v,
		.n_writable = e->recipe->image.writable.n,
		.size = e->result->unpacked,
		.now = (int64_t)time(NULL),
	};
	return judge(e, &s, err);
}
