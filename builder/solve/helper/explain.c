/* Why there is no closure, as a chain from what was asked for to what is missing; and what a misspelt name may have meant. */
#include "solve.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <solv/bitmap.h>
#include <solv/evr.h>
#include <solv/knownid.h>
#include <stdio.h>

static const char *relation(Id flags)
{
	switch (flags) {
	case REL_GT: return ">>";
	case REL_EQ: return "=";
	case REL_LT: return "<<";
	case REL_GT | REL_EQ: return ">=";
	case REL_LT | REL_EQ: return "<=";
	default: return "?";
	}
}

void format_dep(const Pool *pool, Id dep, struct ingot_buf *out)
{
	if (!ISRELDEP(dep)) {
		ingot_escape_message(out, ingot_span_of(pool_id2str(pool, dep)));
		return;
	}
	const Reldep *r = GETRELDEP(pool, dep);
	format_dep(pool, r->name, out);
	if (r->flags == REL_OR) {
		ingot_buf_str(out, " | ");
		format_dep(pool, r->evr, out);
	} else if (r->flags == REL_MULTIARCH) {
		ingot_buf_char(out, ':');
		format_dep(pool, r->evr, out);
	} else {
		ingot_buf_fmt(out, " (%s ", relation(r->flags));
		format_dep(pool, r->evr, out);
		ingot_buf_char(out, ')');
	}
}

void format_labels(const struct universe *u, struct ingot_buf *out)
{
	for (unsigned i = 0; i < u->n_repos; i++)
		if (i == 0 || strcmp(u->labels[i], u->labels[i - 1]) != 0)
			ingot_buf_fmt(out, "%s%s", i ? ", " : "", u->labels[i]);
}

static void format_package(const struct universe *u, Id p, struct ingot_buf *out)
{
	const Solvable *s = u->pool->solvables + p;
	ingot_escape_message(out, ingot_span_of(pool_id2str(u->pool, s->name)));
	if (s->repo == u->dummies) {
		ingot_buf_str(out, " (excluded)");
		return;
	}
	ingot_buf_char(out, ' ');
	ingot_escape_message(out, ingot_span_of(pool_id2str(u->pool, s->evr)));
}

/* --- the chain --- */

struct link {
	SolverRuleinfo kind;
	Id source, target, dep;
	bool said;
};

struct chain {
	const struct universe *u;
	struct link *links;
	size_t n, cap;
	Map reached; /* packages that the text has come to */
	struct ingot_buf *out;
};

/* What there is of the name that nobody provides as it is needed. */
static void say_what_there_is(struct chain *c, Id dep)
{
	Pool *pool = c->u->pool;
	Id name = dep, p, pp;
	unsigned n = 0;
	if (ISRELDEP(dep) && GETRELDEP(pool, dep)->flags == REL_OR)
		return;
	while (ISRELDEP(name))
		name = GETRELDEP(pool, name)->name;
	FOR_PROVIDES(p, pp, name) {
		const Solvable *s = pool->solvables + p;
		if (s->name != name || n++ >= 3)
			continue;
		if (s->repo == c->u->dummies)
			ingot_buf_str(c->out, n == 1 ? " (it is excluded at version " : ", excluded at ");
		else
			ingot_buf_fmt(c->out, "%s%s has ", n == 1 ? " (" : ", ", c->u->labels[universe_repo(c->u, s)]);
		ingot_escape_message(c->out, ingot_span_of(pool_id2str(pool, s->evr)));
	}
	if (n)
		ingot_buf_char(c->out, ')');
}

static void say(struct chain *c, struct link *l)
{
	const struct universe *u = c->u;
	l->said = true;
	if (c->out->n)
		ingot_buf_str(c->out, "; ");
	if (l->kind == SOLVER_RULE_PKG_SAME_NAME) {
		const Solvable *a = u->pool->solvables + l->source, *b = u->pool->solvables + l->target;
		bool ordered = pool_evrcmp(u->pool, a->evr, b->evr, EVRCMP_COMPARE) <= 0;
		ingot_buf_str(c->out, "only one of ");
		format_package(u, ordered ? l->source : l->target, c->out);
		ingot_buf_str(c->out, " and ");
		format_package(u, ordered ? l->target : l->source, c->out);
		ingot_buf_str(c->out, " can be there");
		return;
	}
	format_package(u, l->source, c->out);
	switch (l->kind) {
	case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
		ingot_buf_str(c->out, " needs ");
		format_dep(u->pool, l->dep, c->out);
		ingot_buf_str(c->out, ", which no package in ");
		format_labels(u, c->out);
		ingot_buf_str(c->out, " provides");
		say_what_there_is(c, l->dep);
		break;
	case SOLVER_RULE_PKG_REQUIRES:
		ingot_buf_str(c->out, " needs ");
		format_dep(u->pool, l->dep, c->out);
		break;
	case SOLVER_RULE_PKG_CONFLICTS:
	case SOLVER_RULE_PKG_SELF_CONFLICT:
		ingot_buf_str(c->out, " conflicts with ");
		if (l->target)
			format_package(u, l->target, c->out);
		ingot_buf_str(c->out, " (it says: ");
		format_dep(u->pool, l->dep, c->out);
		ingot_buf_char(c->out, ')');
		break;
	default:
		ingot_buf_str(c->out, " cannot be installed on this architecture");
		break;
	}
}

static bool is_chain(SolverRuleinfo kind)
{
	return kind == SOLVER_RULE_PKG_REQUIRES;
}

/* Say the requirements of packages reached, in order, and go on to what they need, until nothing new is reached; then the ends. */
static void walk(struct chain *c)
{
	Pool *pool = c->u->pool;
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < c->n; i++) {
			struct link *l = &c->links[i];
			if (l->said || !is_chain(l->kind) || !MAPTST(&c->reached, l->source))
				continue;
			say(c, l);
			Id p, pp;
			FOR_PROVIDES(p, pp, l->dep)
				MAPSET(&c->reached, p);
			more = true;
			break;
		}
	}
	for (size_t i = 0; i < c->n; i++)
		if (!c->links[i].said && !is_chain(c->links[i].kind))
			say(c, &c->links[i]);
}

static int by_source(const void *a, const void *b, void *ctx)
{
	Pool *pool = ctx;
	const struct link *x = a, *y = b;
	int c = strcmp(pool_id2str(pool, pool->solvables[x->source].name), pool_id2str(pool, pool->solvables[y->source].name));
	if (c == 0)
		c = strcmp(pool_id2str(pool, pool->solvables[x->source].evr), pool_id2str(pool, pool->solvables[y->source].evr));
	return c ? c : x->dep < y->dep ? -1 : x->dep > y->dep;
}

int explain_problem(const struct universe *u, Solver *solver, const Queue *wanted, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(4000);
	struct chain c = { .u = u, .out = &text };
	Queue rules;
	queue_init(&rules);
	map_init(&c.reached, u->pool->nsolvables);
	for (int i = 0; i < wanted->count; i++)
		MAPSET(&c.reached, wanted->elements[i]);
	/* The first problem is enough: the others are often the same seen from elsewhere. */
	solver_findallproblemrules(solver, 1, &rules);
	for (int i = 0; i < rules.count; i++) {
		struct link l = { 0 };
		l.kind = solver_ruleinfo(solver, rules.elements[i], &l.source, &l.target, &l.dep);
		if ((l.kind & SOLVER_RULE_TYPEMASK) != SOLVER_RULE_PKG || !l.source)
			continue;
		ingot_reserve(c.links, c.n, c.cap);
		c.links[c.n++] = l;
	}
	if (c.n)
		qsort_r(c.links, c.n, sizeof(*c.links), by_source, u->pool);
	walk(&c);
	queue_free(&rules);
	map_free(&c.reached);
	free(c.links);
	(void)ingot_fail(err, INGOT_E_INPUT, "the packages cannot be installed together: %s", text.n ? ingot_buf_cstr(&text) : "the solver gives no reason");
	return ingot_hint(err, "ask for other packages or versions, add the suite that has what is missing, or leave a dependency out with 'exclude:'");
}

/* --- unknown names --- */

/* Edit distance with neighbours swapped counting as one, given up beyond limit. */
static unsigned distance(const char *a, const char *b, unsigned limit)
{
	enum { MOST = 40 };
	size_t n = strlen(a), m = strlen(b);
	unsigned row[3][MOST + 1];
	if (n > MOST || m > MOST || (n > m ? n - m : m - n) > limit)
		return limit + 1;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = row[i % 3], *last = row[(i - 1) % 3], *before = row[(i + 1) % 3], least = limit + 1;
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned d = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < d)
				d = last[j] + 1;
			if (now[j - 1] + 1 < d)
				d = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			now[j] = d;
			if (d < least)
				least = d;
		}
		if (least > limit)
			return limit + 1;
	}
	return row[n % 3][m];
}

struct near {
	const char *name;
	unsigned d;
};

static void keep_near(struct near best[3], const char *name, unsigned d)
{
	for (int i = 0; i < 3; i++) {
		if (best[i].name && strcmp(best[i].name, name) == 0)
			return;
		if (best[i].name && (best[i].d < d || (best[i].d == d && strcmp(best[i].name, name) < 0)))
			continue;
		memmove(&best[i + 1], &best[i], (size_t)(2 - i) * sizeof(best[0]));
		best[i] = (struct near){ name, d };
		return;
	}
}

/* Who provides a name, each once: several suites have the same package in other versions. Returns how many were listed. */
static unsigned list_providers(Pool *pool, Id id, struct ingot_buf *list)
{
	Id seen[6], p, pp;
	unsigned n = 0, i;
	FOR_PROVIDES(p, pp, id) {
		Id name = pool->solvables[p].name;
		for (i = 0; i < n && seen[i] != name; i++)
			;
		if (i < n)
			continue;
		if (n == sizeof(seen) / sizeof(seen[0])) {
			ingot_buf_str(list, ", ...");
			break;
		}
		seen[n++] = name;
		ingot_buf_fmt(list, "%s%s", list->n ? ", " : "", pool_id2str(pool, name));
	}
	return n;
}

int explain_unknown(const struct universe *u, struct ingot_span name, const char *what, struct ingot_err *err)
{
	Pool *pool = u->pool;
	_cleanup_(ingot_buf_done) struct ingot_buf labels = INGOT_BUF(400), list = INGOT_BUF(450);
	_cleanup_(ingot_freep) char *text = ingot_strf("%.*s", INGOT_SPAN_ARG(name));
	Id id = pool_str2id(pool, text, 0), p;
	format_labels(u, &labels);
	if (id && list_providers(pool, id, &list)) {
		(void)ingot_fail(err, INGOT_E_INPUT, "%s is no package in %s, but a name that others provide", INGOT_SHOW(name), ingot_buf_cstr(&labels));
		return ingot_hint(err, "%s one of: %s", what, ingot_buf_cstr(&list));
	}
	struct near best[3] = { 0 };
	unsigned limit = name.n < 5 ? 1 : name.n < 9 ? 2 : 3;
	FOR_POOL_SOLVABLES(p) {
		const char *other = pool_id2str(pool, pool->solvables[p].name);
		unsigned d = distance(text, other, limit);
		if (d <= limit)
			keep_near(best, other, d);
	}
	for (int i = 0; i < 3 && best[i].name; i++)
		ingot_buf_fmt(&list, "%s%s", i ? ", " : "", best[i].name);
	(void)ingot_fail(err, INGOT_E_INPUT, "there is no package %s in %s", INGOT_SHOW(name), ingot_buf_cstr(&labels));
	if (list.n)
		return ingot_hint(err, "is it %s?", ingot_buf_cstr(&list));
	return ingot_hint(err, "look for its name with 'apt-cache search', or add the suite or component that has it");
}
