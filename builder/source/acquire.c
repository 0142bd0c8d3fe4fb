/* Locked packages into the store. The lock's digest is the only judge of the bytes; a mirror is a place, nothing more. */
#include <ingot/acquire.h>
#include <ingot/fetch.h>
#include <ingot/mem.h>

struct suite_bases {
	const char *suite;
	const struct ingot_base *bases;
	size_t n;
};

struct acquire {
	struct ingot_fetch_job *jobs;
	char **names;
	size_t n;
	struct suite_bases *suites;
	size_t n_suites, cap_suites;
};

static void acquire_done(struct acquire *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->names[i]);
	free(a->names);
	free(a->jobs);
	free(a->suites);
}

static int bases_of(struct acquire *a, const struct ingot_mirrors *m, const char *suite, const struct suite_bases **ret, struct ingot_err *err)
{
	for (size_t i = 0; i < a->n_suites; i++)
		if (strcmp(a->suites[i].suite, suite) == 0) {
			*ret = &a->suites[i];
			return 0;
		}
	struct suite_bases s = { .suite = suite };
	ingot_pass(ingot_mirrors_of(m, suite, &s.bases, &s.n, err));
	ingot_reserve(a->suites, a->n_suites, a->cap_suites);
	a->suites[a->n_suites] = s;
	*ret = &a->suites[a->n_suites++];
	return 0;
}

int ingot_acquire_packages(struct ingot_store *s, const struct ingot_locked_set *set, const struct ingot_mirrors *mirrors, bool offline, const struct ingot_log *log,
			   struct ingot_err *err)
{
	_cleanup_(acquire_done) struct acquire a = { 0 };
	a.jobs = ingot_alloc_array(set->n_packages + 1, sizeof(*a.jobs));
	a.names = ingot_alloc_array(set->n_packages + 1, sizeof(*a.names));
	for (size_t i = 0; i < set->n_packages; i++) {
		const struct ingot_locked_package *p = &set->packages[i];
		if (ingot_store_has(s, &p->sha256)) /* it is hashed again when it is read */
			continue;
		const struct suite_bases *b = NULL;
		if (!mirrors) {
			(void)ingot_fail(err, INGOT_E_HOST, "package %s %s is not in the store, and no mirror is known", p->name, p->version);
			return ingot_hint(err, "name one with --mirror http://mirror.example/debian");
		}
		ingot_pass(bases_of(&a, mirrors, p->suite, &b, err));
		a.names[a.n] = ingot_strf("package %s %s", p->name, p->version);
		a.jobs[a.n] = (struct ingot_fetch_job){ .bases = b->bases, .n_bases = b->n, .path = p->path, .what = a.names[a.n], .size = p->size, .expect = &p->sha256 };
		a.n++;
	}
	if (!a.n)
		return 0;
	const struct ingot_fetch_options o = { .offline = offline, .progress = "fetching packages" };
	if (ingot_fetch_run(s, a.jobs, a.n, &o, log, err) < 0) {
		if (err->code == INGOT_E_OUTSIDE && offline)
			return ingot_hint(err, "build once without --offline, or name a directory with --mirror");
		if (err->code == INGOT_E_OUTSIDE)
			return ingot_hint(err, "archives drop old versions: 'ingot lock --update' locks those that are there now; or use another mirror (--mirror)");
		return -1;
	}
	return 0;
}
