#include "load_packages.h"
#include <ingot/conflict.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/resolve.h>
#include <stdio.h>

void ingot_packages_done(struct ingot_packages *p)
{
	ingot_tree_unref(p->tree);
	ingot_origins_free(p->origins);
	free(p->needs);
	*p = (struct ingot_packages){ 0 };
}

void load_done(struct load *l)
{
	for (size_t i = 0; i < l->n; i++)
		ingot_deb_free(l->jobs[i].deb);
	free(l->jobs);
	free(l->debs);
	ingot_packages_done(&l->out);
}

void load_keep(struct load *l, const struct ingot_digest *d)
{
	ingot_reserve(l->out.needs, l->out.n_needs, l->needs_cap);
	l->out.needs[l->out.n_needs++] = *d;
}

/* base-files decides the directories of the base, base-passwd the accounts; the order of the others shows only in what a conflict says. */
static int rank(const char *name)
{
	return strcmp(name, "base-files") == 0 ? 0 : strcmp(name, "base-passwd") == 0 ? 1 : 2;
}

static int by_merge_order(const void *a, const void *b)
{
	const struct ingot_deb_job *x = a, *y = b;
	int r = rank(x->name) - rank(y->name);
	return r ? r : strcmp(x->name, y->name);
}

int load_debs(struct load *l, struct ingot_err *err)
{
	const struct ingot_locked_set *set = l->rq->set;
	l->jobs = ingot_alloc_array(set->n_packages, sizeof(*l->jobs));
	l->debs = ingot_alloc_array(set->n_packages, sizeof(*l->debs));
	_cleanup_(ingot_freep) struct ingot_locked_package *missing = ingot_alloc_array(set->n_packages, sizeof(*missing));
	size_t n_missing = 0;
	for (size_t i = 0; i < set->n_packages; i++) {
		const struct ingot_locked_package *p = &set->packages[i];
		struct ingot_deb_job *job = &l->jobs[l->n++];
		*job = (struct ingot_deb_job){ .name = p->name, .sha256 = p->sha256, .size = p->size };
		int r = ingot_deb_cached(l->store, &p->sha256, &job->deb, err);
		ingot_pass(r);
		if (r == 0)
			missing[n_missing++] = *p;
	}
	if (n_missing) {
		struct ingot_locked_set rest = *set;
		rest.packages = missing;
		rest.n_packages = n_missing;
		ingot_pass(ingot_acquire_packages(l->store, &rest, l->rq->mirrors, l->rq->offline, l->log, err));
		_cleanup_(ingot_freep) struct ingot_deb_job *todo = ingot_alloc_array(n_missing, sizeof(*todo));
		for (size_t i = 0; i < n_missing; i++)
			todo[i] = (struct ingot_deb_job){ .name = missing[i].name, .sha256 = missing[i].sha256, .size = missing[i].size };
		ingot_ref_defer(l->store);
		ingot_pass(ingot_deb_load_many(l->store, todo, n_missing, l->rq->parallel, l->log, err));
		ingot_pass(ingot_ref_flush(l->store, err));
		for (size_t i = 0, k = 0; i < l->n; i++)
			if (!l->jobs[i].deb)
				l->jobs[i].deb = todo[k++].deb;
	}
	qsort(l->jobs, l->n, sizeof(*l->jobs), by_merge_order);
	for (size_t i = 0; i < l->n; i++) {
		l->debs[i] = l->jobs[i].deb;
		load_keep(l, ingot_deb_delta_id(l->debs[i]));
		load_keep(l, ingot_deb_members_id(l->debs[i]));
		if (ingot_deb_pack(l->debs[i]))
			load_keep(l, ingot_deb_pack(l->debs[i]));
	}
	return 0;
}

/* Does "Replaces: a, b (<< 2)" name the package? Versions are not compared: both are in one locked set, which the solver found consistent. */
bool names_package(struct ingot_span field, struct ingot_span name)
{
	struct ingot_span item;
	while (ingot_span_next(&field, ',', &item)) {
		while (item.n && (item.p[0] == ' ' || item.p[0] == '\n' || item.p[0] == '\t'))
			item = (struct ingot_span){ item.p + 1, item.n - 1 };
		size_t n = 0;
		while (n < item.n && item.p[n] != ' ' && item.p[n] != '(' && item.p[n] != ':' && item.p[n] != '\n')
			n++;
		if (ingot_span_eq((struct ingot_span){ item.p, n }, name))
			return true;
	}
	return false;
}

struct replacing {
	const struct load *l;
	struct ingot_span replaces;
};

static bool may_replace(void *ctx, struct ingot_span path)
{
	const struct replacing *r = ctx;
	struct ingot_span origin = ingot_origins_name(r->l->out.origins, ingot_origins_of(r->l->out.origins, path));
	if (ingot_span_is(origin, INGOT_SCRIPTS_ORIGIN))
		return true; /* as to dpkg: what belongs to no package gives way */
	if (!ingot_span_starts(origin, "package "))
		return false;
	return names_package(r->replaces, (struct ingot_span){ origin.p + 8, origin.n - 8 });
}

int load_merge(struct load *l, const struct ingot_delta *delta, const char *origin, struct ingot_span replaces, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *fitted = NULL, *admitted = NULL;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *next = NULL;
	struct ingot_conflict conflict = { 0 };
	struct replacing r = { l, replaces };
	ingot_pass(ingot_fit(l->out.tree, delta, l->rq->epoch, &fitted, err));
	ingot_pass(ingot_admit(l->out.tree, fitted, may_replace, &r, &admitted, &conflict, err));
	if (conflict.found) {
		struct ingot_span other = ingot_origins_name(l->out.origins, ingot_origins_of(l->out.origins, conflict.path));
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "/%s comes from two sources, with different content, mode or owner: %.*s and %s", INGOT_SHOW(conflict.path), INGOT_SPAN_ARG(other), origin);
		return ingot_hint(err, "leave one of the two out (packages: { exclude: [...] }), or copy the file that you want in a stage of its own");
	}
	ingot_pass(ingot_apply(l->out.tree, admitted, &next, err));
	ingot_origins_apply(l->out.origins, admitted, ingot_origins_id(l->out.origins, ingot_span_of(origin)));
	ingot_tree_unref(l->out.tree);
	l->out.tree = TAKE_PTR(next);
	return 0;
}

int load_skeleton(struct load *l, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *skeleton = NULL;
	l->out.tree = ingot_tree_empty();
	l->out.origins = ingot_origins_new();
	ingot_pass(transform_skeleton(l->rq->epoch, l->rq->recipe->image.architecture, &skeleton, err));
	return load_merge(l, skeleton, SKELETON_ORIGIN, (struct ingot_span){ 0 }, err);
}

int load_package(struct load *l, size_t i, const struct ingot_delta *delta, struct ingot_err *err)
{
	char origin[600];
	(void)snprintf(origin, sizeof(origin), "package %s", l->jobs[i].name);
	ingot_try(err, load_merge(l, delta, origin, ingot_deb_field(l->debs[i], "Replaces"), err), "package %s", l->jobs[i].name);
	return 0;
}

static int merge_packages(struct load *l, struct ingot_err *err)
{
	ingot_pass(load_skeleton(l, err));
	for (size_t i = 0; i < l->n; i++)
		ingot_pass(load_package(l, i, ingot_deb_delta(l->debs[i]), err));
	return 0;
}

int load_transform(struct load *l, const struct transform_row *row, struct ingot_err *err)
{
	_cleanup_(ingot_pack_abortp) struct ingot_pack *pack = NULL;
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *delta = NULL;
	ingot_pass(ingot_pack_begin(l->store, &pack, err));
	struct transform t = { .store = l->store, .tree = l->out.tree, .debs = l->debs, .n_debs = l->n, .epoch = l->rq->epoch, .log = l->log, .recipe = l->rq->recipe, .pack = pack, .delta = b };
	ingot_pass(row->run(&t, err));
	if (!t.added)
		return 0;
	struct ingot_digest pack_id;
	ingot_pass(ingot_pack_end(TAKE_PTR(pack), &pack_id, err));
	load_keep(l, &pack_id);
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &delta, err));
	char origin[64];
	(void)snprintf(origin, sizeof(origin), "ingot: %s", row->name);
	return load_merge(l, delta, origin, (struct ingot_span){ 0 }, err);
}

/* Somebody looked at its scripts and said why they do not matter here. */
static bool acknowledged(const struct ingot_pairs *skip, const char *package)
{
	for (size_t i = 0; i < skip->n; i++)
		if (strcmp(skip->v[i].key, package) == 0)
			return true;
	return false;
}

/* The first script of a package that does more than is done for it, or NULL; where it does. */
static const char *undone_script(const struct load *l, size_t i, size_t *ret_number, struct ingot_span *ret_line)
{
	static const char *const scripts[] = { "preinst", "postinst" };
	for (size_t k = 0; k < 2; k++) {
		struct ingot_span text = ingot_deb_member(l->debs[i], scripts[k]);
		if (text.p && script_does_more(ingot_span_of(l->jobs[i].name), text, ret_number, ret_line))
			return scripts[k];
	}
	return NULL;
}

/* A reason for what is not so any more would hide what comes later under this name. */
static void report_stale_reasons(const struct load *l)
{
	const struct ingot_pairs *skip = l->rq->skip_scripts;
	for (size_t i = 0; i < skip->n; i++) {
		size_t at = 0, number;
		struct ingot_span line;
		while (at < l->n && strcmp(l->jobs[at].name, skip->v[i].key) != 0)
			at++;
		if (at == l->n)
			ingot_say(l->log, INGOT_WARNING, "skip-scripts names %s, which is not among the packages: remove the entry", skip->v[i].key);
		else if (!undone_script(l, at, &number, &line))
			ingot_say(l->log, INGOT_NOTE, "skip-scripts names %s, whose scripts need no reason: the entry can go", skip->v[i].key);
	}
}

static void report_scripts(const struct load *l)
{
	const char *first = NULL;
	for (size_t i = 0; i < l->n; i++) {
		const char *name = l->jobs[i].name, *script;
		struct ingot_span line;
		size_t number;
		if (acknowledged(l->rq->skip_scripts, name) || !(script = undone_script(l, i, &number, &line)))
			continue;
		ingot_say(l->log, INGOT_WARNING, "package %s: its %s is not run, and does more than is done for it here (line %zu: %s)", name, script, number, INGOT_SHOW(line));
		first = first ? first : name;
	}
	if (first)
		ingot_say(l->log, INGOT_NOTE, "where the image needs what such a script does, add a step that does it; where not, say so: packages: { skip-scripts: { %s: \"why\" } }",
			  first);
	report_stale_reasons(l);
}

static int load_all(struct load *l, struct ingot_err *err)
{
	ingot_pass(load_debs(l, err));
	ingot_pass(merge_packages(l, err));
	for (size_t i = 0; i < transform_table_size; i++)
		ingot_try(err, load_transform(l, &transform_table[i], err), "%s", transform_table[i].name);
	report_scripts(l);
	return 0;
}

int ingot_packages_load(struct ingot_store *store, const struct ingot_packages_request *rq, const struct ingot_log *log, struct ingot_packages *ret, struct ingot_err *err)
{
	_cleanup_(load_done) struct load l = { .store = store, .rq = rq, .log = log };
	ingot_try(err, load_all(&l, err), "packages of %s", rq->set->name);
	*ret = l.out;
	l.out = (struct ingot_packages){ 0 };
	return 0;
}
