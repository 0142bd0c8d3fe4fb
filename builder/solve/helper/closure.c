/* One question: wants and excludes in, the closure out. */
#include "solve.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <ingot/solve.h>
#include <solv/bitmap.h>
#include <solv/evr.h>
#include <solv/knownid.h>
#include <solv/policy.h>
#include <solv/transaction.h>
#include <stdio.h>

struct word {
	char *text;
	bool exclude;
};

struct question {
	struct word *words;
	size_t n, cap;
	Queue wanted, job, result;
	Map considered;
};

static void question_done(struct question *q)
{
	for (size_t i = 0; i < q->n; i++)
		free(q->words[i].text);
	free(q->words);
	queue_free(&q->wanted);
	queue_free(&q->job);
	queue_free(&q->result);
	map_free(&q->considered);
}

static int by_text(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	return x->exclude != y->exclude ? (int)y->exclude - (int)x->exclude : strcmp(x->text, y->text);
}

static int take_words(struct universe *u, struct question *q, const union ingot_msg *first, struct ingot_err *err)
{
	union ingot_msg m = *first;
	for (;;) {
		if (!m.want.name.n || memchr(m.want.name.p, 0, m.want.name.n))
			return ingot_fail(err, INGOT_E_INPUT, "a package name is empty or holds a NUL");
		ingot_reserve(q->words, q->n, q->cap);
		q->words[q->n++] = (struct word){ ingot_strf("%.*s", INGOT_SPAN_ARG(m.want.name)), m.want.exclude };
		int type = ingot_chan_recv(u->c, INGOT_PERMIT(INGOT_MSG_WANT) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			break;
	}
	/* The answer depends on what is asked, not on the order in which a recipe lists it. */
	qsort(q->words, q->n, sizeof(*q->words), by_text);
	return 0;
}

/* The package that an exclude is about, and all its versions out of the way. */
static int exclude(struct universe *u, struct question *q, const char *name, Queue *excluded, struct ingot_err *err)
{
	Pool *pool = u->pool;
	Id id = pool_str2id(pool, name, 0), best = id ? universe_best(u, id) : 0, p, pp;
	if (!best)
		return explain_unknown(u, ingot_span_of(name), "exclude", err);
	FOR_PROVIDES(p, pp, id)
		if (pool->solvables[p].name == id)
			MAPCLR(&q->considered, p);
	queue_push(excluded, best);
	return 0;
}

/* In the place of an excluded package, one that provides the same and needs nothing. (Adding it makes libsolv forget who provides what.) */
static void add_stand_in(struct universe *u, struct question *q, Id excluded)
{
	Pool *pool = u->pool;
	if (!u->dummies)
		u->dummies = repo_create(pool, "excluded");
	Id d = repo_add_solvable(u->dummies);
	Solvable *to = pool->solvables + d, *from = pool->solvables + excluded;
	to->name = from->name;
	to->evr = from->evr;
	to->arch = from->arch;
	for (Id *dep = from->provides ? from->repo->idarraydata + from->provides : NULL; dep && *dep; dep++)
		to->provides = repo_addid_dep(u->dummies, to->provides, *dep, 0);
	map_grow(&q->considered, pool->nsolvables);
	MAPSET(&q->considered, d);
}

static int exclude_all(struct universe *u, struct question *q, struct ingot_err *err)
{
	Queue excluded;
	int r = 0;
	queue_init(&excluded);
	map_init(&q->considered, u->pool->nsolvables);
	map_setall(&q->considered);
	for (size_t i = 0; i < q->n && r == 0; i++)
		if (q->words[i].exclude)
			r = exclude(u, q, q->words[i].text, &excluded, err);
	for (int i = 0; i < excluded.count && r == 0; i++)
		add_stand_in(u, q, excluded.elements[i]);
	if (r == 0 && excluded.count)
		pool_createwhatprovides(u->pool);
	queue_free(&excluded);
	return r;
}

static int no_such_version(struct universe *u, Id name, const char *version, struct ingot_err *err)
{
	Pool *pool = u->pool;
	Id p, pp;
	_cleanup_(ingot_buf_done) struct ingot_buf have = INGOT_BUF(400), labels = INGOT_BUF(300);
	FOR_PROVIDES(p, pp, name) {
		const Solvable *s = pool->solvables + p;
		if (s->name == name && s->repo != u->dummies)
			ingot_buf_fmt(&have, "%s%s (%s)", have.n ? ", " : "", pool_id2str(pool, s->evr), u->labels[universe_repo(u, s)]);
	}
	format_labels(u, &labels);
	(void)ingot_fail(err, INGOT_E_INPUT, "package %s has no version %s in %s", pool_id2str(pool, name), INGOT_SHOW(ingot_span_of(version)), ingot_buf_cstr(&labels));
	return ingot_hint(err, "there is %s", ingot_buf_cstr(&have));
}

static int want(struct universe *u, struct question *q, const char *text, struct ingot_err *err)
{
	Pool *pool = u->pool;
	bool if_known = strncmp(text, INGOT_SOLVE_IF_KNOWN, 1) == 0;
	_cleanup_(ingot_freep) char *copy = ingot_strdup(text + if_known);
	char *version = strchr(copy, '=');
	if (version)
		*version++ = 0;
	char *arch = strchr(copy, ':');
	if (arch)
		*arch++ = 0;
	Id name = pool_str2id(pool, copy, 0), p, pp, best = 0;
	Id arch_id = arch ? pool_str2id(pool, arch, 0) : 0;
	bool known = false, excluded = false, other_arch = false;
	if (if_known && (!name || !universe_best(u, name)))
		return 0;
	if (!name)
		return explain_unknown(u, ingot_span_of(copy), "install", err);
	FOR_PROVIDES(p, pp, name) {
		const Solvable *s = pool->solvables + p;
		if (s->name != name)
			continue;
		excluded |= s->repo == u->dummies;
		known = true;
		if (!universe_usable(u, p))
			continue;
		if (arch && s->arch != arch_id && s->arch != ARCH_ALL) {
			other_arch = true;
			continue;
		}
		if (version && strcmp(pool_id2str(pool, s->evr), version) != 0)
			continue;
		if (!best || pool_evrcmp(pool, s->evr, pool->solvables[best].evr, EVRCMP_COMPARE) > 0)
			best = p;
	}
	if (excluded)
		return ingot_fail(err, INGOT_E_INPUT, "package %s is both asked for and excluded", copy);
	if (!known)
		return explain_unknown(u, ingot_span_of(copy), "install", err);
	if (!best && other_arch)
		return ingot_fail(err, INGOT_E_INPUT, "package %s is not there for architecture %s", copy, INGOT_SHOW(ingot_span_of(arch)));
	if (!best && version)
		return no_such_version(u, name, version, err);
	if (!best)
		return ingot_fail(err, INGOT_E_INPUT, "package %s cannot be installed on this architecture", copy);
	queue_push(&q->wanted, best);
	/* Without a version any would do, if the newest does not fit. */
	if (version)
		queue_push2(&q->job, SOLVER_INSTALL | SOLVER_SOLVABLE, best);
	else
		queue_push2(&q->job, SOLVER_INSTALL | SOLVER_SOLVABLE_NAME, name);
	return 0;
}

/* Every essential package, but what is excluded. An older version that was essential, of a package that is not any more, does not count. */
static void want_essential(struct universe *u, struct question *q)
{
	Pool *pool = u->pool;
	Id p;
	FOR_POOL_SOLVABLES(p) {
		if (!universe_usable(u, p) || !universe_essential(u, p) || !MAPTST(&q->considered, p) || universe_best(u, pool->solvables[p].name) != p)
			continue;
		queue_push(&q->wanted, p);
		queue_push2(&q->job, SOLVER_INSTALL | SOLVER_SOLVABLE_NAME, pool->solvables[p].name);
	}
}

static int solve(struct universe *u, struct question *q, struct ingot_err *err)
{
	Solver *solver = solver_create(u->pool);
	solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
	int problems = solver_solve(solver, &q->job), r = 0;
	if (problems) {
		r = explain_problem(u, solver, &q->wanted, err);
	} else {
		Transaction *t = solver_create_transaction(solver);
		(void)transaction_installedresult(t, &q->result);
		transaction_free(t);
	}
	solver_free(solver);
	return r;
}

static int by_name(const void *a, const void *b, void *ctx)
{
	Pool *pool = ctx;
	const Solvable *s = pool->solvables + *(const Id *)a, *t = pool->solvables + *(const Id *)b;
	int c = strcmp(pool_id2str(pool, s->name), pool_id2str(pool, t->name));
	return c ? c : strcmp(pool_id2str(pool, s->arch), pool_id2str(pool, t->arch));
}

static int send_package(struct universe *u, Id p, struct ingot_err *err)
{
	Pool *pool = u->pool;
	Solvable *s = pool->solvables + p;
	Id kind = 0;
	unsigned medianr = 0;
	const char *source = solvable_lookup_str(s, SOLVABLE_SOURCENAME), *name = pool_id2str(pool, s->name);
	const char *path = solvable_lookup_location(s, &medianr), *sum = solvable_lookup_checksum(s, SOLVABLE_CHECKSUM, &kind);
	uint64_t size = 0, installed = solvable_lookup_num(s, SOLVABLE_INSTALLSIZE, 0);
	const char *size_text = solvable_lookup_str(s, SOLVABLE_URL); /* universe.c put it there */
	if (!path || !sum || kind != REPOKEY_TYPE_SHA256 || !size_text || ingot_parse_u64(ingot_span_of(size_text), INGOT_MAX_DEB, &size) < 0 || !size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package index of %s has no usable Filename, Size or SHA256 for %s", u->labels[universe_repo(u, s)], INGOT_SHOW(ingot_span_of(name)));
	struct ingot_msg_package m = { .repo = universe_repo(u, s), .name = ingot_span_of(name), .version = ingot_span_of(pool_id2str(pool, s->evr)),
				       .arch = ingot_span_of(pool_id2str(pool, s->arch)), .pool = ingot_span_of(path), .size = size, .sha256 = ingot_span_of(sum),
				       .installed = installed > INGOT_MAX_FILE ? INGOT_MAX_FILE : installed, .source = ingot_span_of(source ? source : name) };
	if (m.name.n > 512 || m.version.n > 512 || m.arch.n > 32 || m.pool.n > 1024 || m.source.n > 1024)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package index of %s has a field of unreasonable length", u->labels[universe_repo(u, s)]);
	return ingot_chan_send(u->c, INGOT_MSG_PACKAGE, &m, err);
}

static int ask(struct universe *u, struct question *q, struct ingot_err *err)
{
	Pool *pool = u->pool;
	if (u->stale)
		pool_createwhatprovides(pool);
	u->stale = false;
	ingot_pass(exclude_all(u, q, err));
	u->stale = u->dummies != NULL; /* for the next question they are gone */
	pool->considered = &q->considered;
	for (size_t i = 0; i < q->n; i++)
		if (!q->words[i].exclude && strcmp(q->words[i].text, INGOT_SOLVE_ESSENTIAL) == 0)
			want_essential(u, q);
		else if (!q->words[i].exclude)
			ingot_pass(want(u, q, q->words[i].text, err));
	choose_alternatives(u, &q->wanted, &q->job);
	ingot_pass(solve(u, q, err));
	qsort_r(q->result.elements, (size_t)q->result.count, sizeof(Id), by_name, pool);
	for (int i = 0; i < q->result.count; i++)
		if (pool->solvables[q->result.elements[i]].repo != u->dummies)
			ingot_pass(send_package(u, q->result.elements[i], err));
	return ingot_chan_send(u->c, INGOT_MSG_DONE, NULL, err);
}

int answer_closure(struct universe *u, const union ingot_msg *first, struct ingot_err *err)
{
	_cleanup_(question_done) struct question q = { 0 };
	queue_init(&q.wanted);
	queue_init(&q.job);
	queue_init(&q.result);
	ingot_pass(take_words(u, &q, first, err));
	int r = ask(u, &q, err);
	u->pool->considered = NULL;
	if (u->dummies) {
		repo_free(u->dummies, 1);
		u->dummies = NULL;
	}
	return r;
}
