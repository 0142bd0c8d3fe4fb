/* rules_own.c - rules of the user's own, as data: what they match is a finding. */
#include "look.h"
#include <ingot/escape.h>
#include <ingot/glob.h>
#include <ingot/num.h>
#include <ingot/path.h>

/* '*' stands for anything, slashes among it. The last star is the only one that has to be tried again. */
static bool wild(const char *pattern, struct ingot_span s)
{
	const char *p = pattern, *star = NULL;
	size_t i = 0, retry = 0;
	while (i < s.n) {
		if (*p == '*') {
			star = p++;
			retry = i;
		} else if (*p && *p == s.p[i]) {
			p++;
			i++;
		} else if (star) {
			p = star + 1;
			i = ++retry;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

static bool type_fits(const char *word, enum ingot_type t)
{
	if (!word)
		return t != INGOT_LINK;
	switch (t) {
	case INGOT_DIR:
		return strcmp(word, "directory") == 0;
	case INGOT_FILE:
		return strcmp(word, "file") == 0;
	case INGOT_LINK:
		return strcmp(word, "link") == 0;
	case INGOT_FIFO:
		return strcmp(word, "fifo") == 0;
	case INGOT_CHR:
	case INGOT_BLK:
		return strcmp(word, "device") == 0;
	}
	return false;
}

static bool owner_fits(const struct look *l, const char *word, uint32_t uid)
{
	struct ingot_span s = ingot_span_of(word);
	uint32_t id = 0;
	bool other = ingot_span_starts(s, "not ");
	if (!word)
		return true;
	if (ingot_span_is(s, "user"))
		return l->config && l->config->numeric && l->config->uid == uid;
	(void)ingot_parse_u32(other ? ingot_span_from(s, 4) : s, UINT32_MAX, &id);
	return (id == uid) != other;
}

static bool node_fits(const struct look *l, const struct ingot_own_rule *r, const struct ingot_dirent *d)
{
	const struct ingot_node *n = ingot_tree_node(l->s->tree, d->node);
	if (!type_fits(r->type, n->type) || (r->mode >= 0 && !(n->mode & (uint32_t)r->mode)) || !owner_fits(l, r->owner, n->uid))
		return false;
	if (!r->origin)
		return true;
	return l->s->origins && wild(r->origin, ingot_origins_name(l->s->origins, ingot_origins_of(l->s->origins, d->path)));
}

static enum ingot_severity severity_of(const struct ingot_own_rule *r)
{
	return strcmp(r->severity, "error") == 0 ? INGOT_SEV_ERROR : strcmp(r->severity, "note") == 0 ? INGOT_SEV_NOTE : INGOT_SEV_WARNING;
}

static void finish(struct look *l, const struct ingot_own_rule *r, struct ingot_finding *f, const char *before)
{
	f->text = before ? ingot_arena_strf(l->out->arena, "%s: %s", before, INGOT_SHOW(ingot_span_of(r->message))) : ingot_arena_str(l->out->arena, ingot_span_of(INGOT_SHOW(ingot_span_of(r->message))));
	f->rule = ingot_arena_str(l->out->arena, ingot_span_of(r->id));
	f->mend = ingot_arena_str(l->out->arena, ingot_span_of(r->mend ? r->mend : "see where the rule is defined: policy: rules: of the recipe, or the file of rules"));
}

static size_t check_paths(struct look *l, const struct ingot_own_rule *r)
{
	size_t hits = 0;
	struct ingot_span pattern = ingot_span_from(ingot_span_of(r->path), strspn(r->path, "/"));
	for (size_t i = 1; i < ingot_tree_count(l->s->tree); i++) {
		const struct ingot_dirent *d = ingot_tree_at(l->s->tree, i);
		if (!ingot_glob_match(pattern, d->path) || !node_fits(l, r, d))
			continue;
		hits++;
		if (!r->required) {
			struct ingot_finding *f = look_own_path(l, r->id, severity_of(r), i);
			finish(l, r, f, f->path);
		}
	}
	return hits;
}

/* One member of the config. */
struct member {
	struct look *l;
	const struct ingot_own_rule *r;
	size_t hits;
};

static void try_member(struct member *m, const char *field, const char *value)
{
	const struct ingot_own_rule *r = m->r;
	if (!ingot_glob_match(ingot_span_from(ingot_span_of(r->field), 1), ingot_span_from(ingot_span_of(field), 1)) || (r->value && !wild(r->value, ingot_span_of(value))))
		return;
	m->hits++;
	if (r->required)
		return;
	struct ingot_finding *f = look_own_field(m->l, r->id, severity_of(r), field, value);
	finish(m->l, r, f, INGOT_SHOW(ingot_span_of(field)));
}

static void try_words(struct member *m, const char *list, const struct ingot_words *w, bool by_name)
{
	for (size_t i = 0; i < w->n; i++)
		try_member(m, by_name ? ingot_arena_strf(m->l->out->arena, "/config/%s/%s", list, w->v[i]) : ingot_arena_strf(m->l->out->arena, "/config/%s/%zu", list, i), w->v[i]);
}

static size_t check_config(struct look *l, const struct ingot_own_rule *r)
{
	const struct ingot_config *c = l->config;
	struct member m = { l, r, 0 };
	const char *const single[][2] = { { "/config/User", c->user }, { "/config/WorkingDir", c->workdir }, { "/config/StopSignal", c->stop_signal }, { "/architecture", c->architecture }, { "/os", c->os }, { "/author", c->author } };
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (single[i][1][0])
			try_member(&m, single[i][0], single[i][1]);
	try_words(&m, "Env", &c->env, false);
	try_words(&m, "Entrypoint", &c->entrypoint, false);
	try_words(&m, "Cmd", &c->cmd, false);
	try_words(&m, "ExposedPorts", &c->ports, true);
	try_words(&m, "Volumes", &c->volumes, true);
	for (size_t i = 0; i < c->n_labels; i++)
		try_member(&m, ingot_arena_strf(l->out->arena, "/config/Labels/%s", c->labels[i].name), c->labels[i].value);
	for (size_t i = 0; i < c->n_history; i++)
		try_member(&m, ingot_arena_strf(l->out->arena, "/history/%zu/created_by", i), c->history[i].created_by);
	return m.hits;
}

static void check_rule(struct look *l, const struct ingot_own_rule *r)
{
	if (r->path ? !l->s->tree : !l->config)
		return;
	size_t hits = r->path ? check_paths(l, r) : check_config(l, r);
	if (hits || !r->required)
		return;
	struct ingot_finding *f = ingot_findings_add(l->out, r->id, severity_of(r));
	f->value = ingot_arena_str(l->out->arena, ingot_span_of(r->path ? r->path : r->field));
	f->at = l->s->recipe ? l->s->recipe->image.at : (struct ingot_place){ 0, 0 };
	finish(l, r, f, NULL);
}

void check_own_rules(struct look *l)
{
	const struct ingot_own_rules *of_recipe = l->s->recipe ? &l->s->recipe->own : NULL;
	for (size_t i = 0; of_recipe && i < of_recipe->n; i++)
		check_rule(l, &of_recipe->v[i]);
	for (size_t i = 0; i < l->p->own.n; i++)
		check_rule(l, &l->p->own.v[i]);
}

const struct ingot_own_rule *own_rule_find(const struct ingot_subject *s, const struct ingot_policy *p, const char *id)
{
	for (size_t i = 0; s->recipe && i < s->recipe->own.n; i++)
		if (strcmp(s->recipe->own.v[i].id, id) == 0)
			return &s->recipe->own.v[i];
	for (size_t i = 0; i < p->own.n; i++)
		if (strcmp(p->own.v[i].id, id) == 0)
			return &p->own.v[i];
	return NULL;
}
