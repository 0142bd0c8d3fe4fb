/* The pool: package indexes fed to libsolv through a stream that is read from the channel, cut down to the fields that solving needs. */
#include "solve.h"
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <solv/evr.h>
#include <solv/poolarch.h>
#include <solv/repo_deb.h>
#include <stdio.h>
#include <strings.h>

/* What passes. Replaces does not: libsolv would take it for Obsoletes, but alone it is only about files (policy 7.6.1). Descriptions are
 * four fifths of the text. */
static const char *const wanted[] = { "Package", "Version", "Architecture", "Depends", "Pre-Depends", "Conflicts", "Breaks", "Provides", "Multi-Arch", "Filename", "Size",
				      "SHA256", "Installed-Size", "Source", "Priority", "Essential" };

struct feed {
	struct ingot_chan *c;
	struct ingot_span in; /* rest of the last DATA; lives in the channel's buffer until the next receive */
	struct ingot_buf line, out;
	size_t taken; /* of out */
	uint64_t seen, size;
	bool keep, ended, failed;
	struct ingot_err *err;
};

/* A whole line without its newline. Continuation lines are joined to the line before. */
static void take_line(struct feed *f, struct ingot_span l)
{
	if (l.n == 0) {
		ingot_buf_str(&f->out, f->out.n > 1 && f->out.p[f->out.n - 1] != '\n' ? "\n\n" : "\n");
		f->keep = false;
		return;
	}
	if (l.p[0] == ' ' || l.p[0] == '\t') {
		if (f->keep)
			ingot_buf_span(&f->out, l);
		return;
	}
	if (f->out.n && f->out.p[f->out.n - 1] != '\n')
		ingot_buf_char(&f->out, '\n');
	const char *colon = memchr(l.p, ':', l.n);
	size_t n = colon ? (size_t)(colon - l.p) : 0;
	f->keep = false;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && !f->keep; i++)
		f->keep = strlen(wanted[i]) == n && strncasecmp(l.p, wanted[i], n) == 0;
	if (!f->keep)
		return;
	/* libsolv's reader knows neither Priority nor Size nor Essential; it keeps what stands in Status, which an index does not have, and in Homepage and
	 * Enhances, which are not wanted. choose.c, closure.c and universe_essential() look there. */
	if (n == 8 && strncasecmp(l.p, "Priority", 8) == 0)
		ingot_buf_str(&f->out, "Status:");
	else if (n == 4 && strncasecmp(l.p, "Size", 4) == 0)
		ingot_buf_str(&f->out, "Homepage:");
	else if (n == 9 && strncasecmp(l.p, "Essential", 9) == 0)
		ingot_buf_str(&f->out, "Enhances:");
	else
		ingot_buf_put(&f->out, l.p, n + 1);
	ingot_buf_put(&f->out, l.p + n + 1, l.n - n - 1);
}

/* How much of what is there may be handed on; 0 while it is worth to collect more. */
static size_t whole_lines(const struct feed *f)
{
	size_t have = f->out.n - f->taken;
	if (f->ended)
		return have;
	if (have < 32768)
		return 0;
	const char *nl = memrchr(f->out.p + f->taken, '\n', have);
	return nl ? (size_t)(nl + 1 - (f->out.p + f->taken)) : 0;
}

static bool more_input(struct feed *f)
{
	union ingot_msg m;
	int type = ingot_chan_recv(f->c, INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE), &m, f->err);
	if (type < 0) {
		f->failed = true;
	} else if (type == INGOT_MSG_DONE) {
		f->ended = true;
		if (f->line.n)
			take_line(f, ingot_buf_view(&f->line));
		ingot_buf_str(&f->out, "\n\n");
	} else {
		f->in = m.data.data;
		f->seen += f->in.n;
		if (f->in.n && memchr(f->in.p, 0, f->in.n)) {
			(void)ingot_fail(f->err, INGOT_E_OUTSIDE, "a package index holds a NUL byte");
			f->failed = true;
		}
	}
	return !f->failed;
}

static void take_input(struct feed *f)
{
	const char *nl = f->in.n ? memchr(f->in.p, '\n', f->in.n) : NULL;
	struct ingot_span l = { f->in.p, nl ? (size_t)(nl - f->in.p) : f->in.n };
	f->in = (struct ingot_span){ f->in.p + l.n + (nl != NULL), f->in.n - l.n - (nl != NULL) };
	if (nl && !f->line.n) {
		take_line(f, l); /* the usual case: no copy */
		return;
	}
	ingot_buf_span(&f->line, l);
	if (nl) {
		take_line(f, ingot_buf_view(&f->line));
		ingot_buf_clear(&f->line);
	}
}

static ssize_t feed_read(void *ctx, char *p, size_t n)
{
	struct feed *f = ctx;
	/* All but the last line may be handed on: a continuation could still be added to that one. */
	size_t have = 0;
	while (!f->failed && !(have = whole_lines(f)) && !f->ended) {
		if (f->in.n)
			take_input(f);
		else if (!more_input(f))
			return 0;
		if (f->line.full || f->out.full) {
			(void)ingot_fail(f->err, INGOT_E_OUTSIDE, "a package index has a line of more than 1 MiB");
			f->failed = true;
		}
	}
	if (n > have)
		n = have;
	if (f->failed || !n)
		return 0;
	memcpy(p, f->out.p + f->taken, n);
	f->taken += n;
	if (f->taken == f->out.n) {
		ingot_buf_clear(&f->out);
		f->taken = 0;
	} else if (f->taken > 65536) {
		memmove(f->out.p, f->out.p + f->taken, f->out.n - f->taken);
		f->out.n -= f->taken;
		f->taken = 0;
	}
	return (ssize_t)n;
}

static int load_index(struct universe *u, unsigned i, struct ingot_err *err)
{
	union ingot_msg m;
	ingot_pass(ingot_chan_recv(u->c, INGOT_PERMIT(INGOT_MSG_INDEXFILE), &m, err));
	u->labels[i] = ingot_strf("%.*s", INGOT_SPAN_ARG(m.indexfile.path));
	struct feed f = { .c = u->c, .line = INGOT_BUF(MIB(1)), .out = INGOT_BUF(MIB(4)), .size = m.indexfile.size, .err = err };
	FILE *in = fopencookie(&f, "r", (cookie_io_functions_t){ .read = feed_read });
	if (!in)
		ingot_panic("no memory");
	Repo *repo = repo_create(u->pool, u->labels[i]);
	u->n_repos = i + 1;
	int r = repo_add_debpackages(repo, in, 0);
	(void)fclose(in);
	ingot_buf_done(&f.line);
	ingot_buf_done(&f.out);
	if (f.failed)
		return -1;
	if (r != 0 || !f.ended)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package index of %s cannot be read", u->labels[i]);
	if (f.seen != f.size)
		return ingot_fail(err, INGOT_E_BUG, "the package index of %s has %llu bytes, not %llu", u->labels[i], (unsigned long long)f.seen, (unsigned long long)f.size);
	return 0;
}

static int by_identity(const void *a, const void *b, void *ctx)
{
	const Pool *pool = ctx;
	Id x = *(const Id *)a, y = *(const Id *)b;
	const Solvable *s = pool->solvables + x, *t = pool->solvables + y;
	if (s->name != t->name)
		return s->name < t->name ? -1 : 1;
	if (s->evr != t->evr)
		return s->evr < t->evr ? -1 : 1;
	if (s->arch != t->arch)
		return s->arch < t->arch ? -1 : 1;
	return x < y ? -1 : x > y; /* in the order of the indexes */
}

/* The same name, version and architecture in several indexes: the first listed is it. */
static void drop_doubles(struct universe *u)
{
	Pool *pool = u->pool;
	_cleanup_(ingot_freep) Id *all = ingot_alloc_array((size_t)pool->nsolvables, sizeof(*all));
	size_t n = 0;
	Id p;
	FOR_POOL_SOLVABLES(p)
		all[n++] = p;
	qsort_r(all, n, sizeof(*all), by_identity, pool);
	for (size_t i = 1, first = 0; i < n; i++) {
		const Solvable *s = pool->solvables + all[first], *t = pool->solvables + all[i];
		if (s->name == t->name && s->evr == t->evr && s->arch == t->arch)
			repo_free_solvable(t->repo, all[i], 0);
		else
			first = i;
	}
}

int universe_load(struct universe *u, struct ingot_chan *c, struct ingot_span arch, unsigned n_repos, struct ingot_err *err)
{
	u->c = c;
	u->pool = pool_create();
	if (pool_setdisttype(u->pool, DISTTYPE_DEB) < 0)
		return ingot_fail(err, INGOT_E_HOST, "this libsolv knows no Debian semantics");
	_cleanup_(ingot_freep) char *a = ingot_strf("%.*s", INGOT_SPAN_ARG(arch));
	pool_setarch(u->pool, a);
	for (unsigned i = 0; i < n_repos; i++)
		ingot_pass(load_index(u, i, err));
	drop_doubles(u);
	u->stale = true;
	return 0;
}

void universe_done(struct universe *u)
{
	for (unsigned i = 0; i < u->n_repos; i++)
		free(u->labels[i]);
	if (u->pool)
		pool_free(u->pool);
}

unsigned universe_repo(const struct universe *u, const Solvable *s)
{
	return (unsigned)s->repo->repoid - 1;
}

bool universe_usable(const struct universe *u, Id p)
{
	const Solvable *s = u->pool->solvables + p;
	return s->repo && pool_installable(u->pool, u->pool->solvables + p) && !pool_disabled_solvable(u->pool, u->pool->solvables + p);
}

Id universe_best(const struct universe *u, Id name)
{
	Pool *pool = u->pool;
	Id p, pp, best = 0;
	FOR_PROVIDES(p, pp, name) {
		const Solvable *s = pool->solvables + p;
		if (s->name != name || !universe_usable(u, p))
			continue;
		if (!best || pool_evrcmp(pool, s->evr, pool->solvables[best].evr, EVRCMP_COMPARE) > 0)
			best = p;
	}
	return best;
}

bool universe_essential(const struct universe *u, Id p)
{
	Pool *pool = u->pool;
	const Solvable *s = pool->solvables + p;
	for (Id *dep = s->enhances ? s->repo->idarraydata + s->enhances : NULL; dep && *dep; dep++)
		if (!ISRELDEP(*dep) && strcmp(pool_id2str(pool, *dep), "yes") == 0)
			return true;
	return false;
}
