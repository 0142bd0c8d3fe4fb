/* `ingot lock`: for each package source its signed indexes, then one solver with them and one question for each set. */
#include "lock_indexes.h"
#include <ingot/escape.h>
#include <time.h>

struct plan {
	const struct ingot_stage **stages; /* with packages, sorted by name; the image among them */
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct ingot_stage *const *)a)->name, (*(const struct ingot_stage *const *)b)->name);
}

static int by_set_name(const void *a, const void *b)
{
	return strcmp(((const struct ingot_locked_set *)a)->name, ((const struct ingot_locked_set *)b)->name);
}

static struct ingot_strings copy_strings(struct ingot_arena *arena, const struct ingot_strings *s)
{
	const char **v = ingot_arena_array(arena, s->n + 1, sizeof(*v));
	struct ingot_place *at = ingot_arena_array(arena, s->n + 1, sizeof(*at));
	for (size_t i = 0; i < s->n; i++)
		v[i] = ingot_arena_str(arena, ingot_span_of(s->v[i]));
	return (struct ingot_strings){ .v = v, .at = at, .n = s->n };
}

static int feed(struct locking *l, struct ingot_solver *solver, const struct locked_index *x, struct ingot_err *err)
{
	struct ingot_content c = INGOT_CONTENT_INIT;
	int found = ingot_store_find(l->store, &x->text, &c, err);
	ingot_pass(found);
	if (!found) {
		(void)ingot_fail(err, INGOT_E_BUG, "the package index of %s has vanished from the store", x->suite);
		return ingot_again(err);
	}
	_cleanup_(ingot_freep) char *block = ingot_alloc(1 << 18);
	int r = ingot_solver_index(solver, x->suite, x->size, err);
	while (r == 0) {
		ssize_t n = ingot_content_read(&c, block, 1 << 18, err);
		if (n <= 0) {
			r = (int)n;
			break;
		}
		r = ingot_solver_text(solver, block, (size_t)n, err);
	}
	ingot_content_done(&c);
	return r;
}

/* The solver speaks about names; the recipe's line that has the name is where the user has to look. */
static int blame(struct locking *l, const struct ingot_stage *stage, struct ingot_err *err)
{
	const struct ingot_strings *lists[] = { &stage->packages.install, &stage->packages.exclude };
	struct ingot_place at = stage->packages.at;
	size_t longest = 0;
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k]->n; i++) {
			size_t n = strcspn(lists[k]->v[i], "=:");
			/* "package NAME ..." or "NAME VERSION needs ...": as a word of its own */
			for (const char *p = err->msg; n > longest && (p = strstr(p, lists[k]->v[i])); p += n)
				if ((p == err->msg || p[-1] == ' ') && strchr(" ,;:", p[n])) {
					at = lists[k]->at[i];
					longest = n;
					break;
				}
		}
	(void)ingot_context(err, "packages of %s", stage->name);
	return ingot_recipe_blame(l->recipe, at, err);
}

static bool solved(const struct ingot_solved *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return true;
	return false;
}

static void fill_set(struct locking *l, const struct indexes *x, const struct ingot_install *in, const char *name, const struct ingot_solved *list, size_t n, struct ingot_locked_set *ret)
{
	struct ingot_locked_set set = { .name = name, .from = ingot_arena_str(l->arena, ingot_span_of(in->from)), .install = copy_strings(l->arena, &in->install), .n_packages = n };
	set.packages = ingot_arena_array(l->arena, n + 1, sizeof(*set.packages));
	uint64_t bytes = 0;
	for (size_t i = 0; i < n; i++) {
		const struct ingot_solved *p = &list[i];
		set.packages[i] = (struct ingot_locked_package){ .name = p->name, .version = p->version, .arch = p->arch, .path = p->path, .source = p->source,
								 .suite = x->list[p->repo].suite, .size = p->size, .sha256 = p->sha256 };
		bytes += p->size;
	}
	ingot_say(l->log, INGOT_INFO, "%s: %zu packages, %.1f MB", name, n, (double)bytes / 1e6);
	*ret = set;
}

/* install, and the essential packages where they are to be in the set. */
static int closure(struct locking *l, struct ingot_solver *solver, const struct ingot_stage *stage, bool essential, struct ingot_solved **ret, size_t *ret_n, struct ingot_err *err)
{
	const struct ingot_install *in = &stage->packages;
	_cleanup_(ingot_freep) const char **wants = ingot_alloc_array(in->install.n + 1, sizeof(*wants));
	memcpy(wants, in->install.v, in->install.n * sizeof(*wants));
	wants[in->install.n] = INGOT_SOLVE_ESSENTIAL;
	int r = ingot_solver_closure(solver, wants, in->install.n + essential, in->exclude.v, in->exclude.n, l->arena, ret, ret_n, err);
	return r < 0 && err->code == INGOT_E_INPUT ? blame(l, stage, err) : r;
}

/* What the maintainer scripts of the set need that the set does not have: the essential packages (policy 3.8: scripts use them without saying so), and what
 * the recipe excluded. Its own packages at the very versions that it has. */
static int solve_tools(struct locking *l, struct ingot_solver *solver, const struct ingot_stage *stage, const struct ingot_solved *own, size_t n_own, struct ingot_solved **ret, size_t *ret_n,
		       struct ingot_err *err)
{
	struct ingot_solved *all = NULL;
	size_t n = 0;
	const char **wants = ingot_arena_array(l->arena, n_own + 2, sizeof(*wants));
	size_t n_wants = n_own;
	for (size_t i = 0; i < n_own; i++)
		wants[i] = ingot_arena_strf(l->arena, "%s=%s", own[i].name, own[i].version);
	wants[n_wants++] = INGOT_SOLVE_ESSENTIAL;
	/* What is begun with has a merged /usr: the package that says so will do, in place of the one that does it and brings all of perl. */
	if (!solved(own, n_own, "usrmerge"))
		wants[n_wants++] = INGOT_SOLVE_IF_KNOWN "usr-is-merged";
	if (ingot_solver_closure(solver, wants, n_wants, NULL, 0, l->arena, &all, &n, err) < 0) {
		(void)ingot_context(err, "what the maintainer scripts of %s need", stage->name);
		return err->code == INGOT_E_INPUT ? ingot_recipe_blame(l->recipe, stage->packages.at, err) : -1;
	}
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		if (!solved(own, n_own, all[i].name))
			all[(*ret_n)++] = all[i];
	*ret = all;
	return 0;
}

/* One set, or two. */
static int solve_stage(struct locking *l, struct ingot_solver *solver, const struct indexes *x, const struct ingot_stage *stage, struct ingot_lock *lock, struct ingot_err *err)
{
	struct ingot_solved *list = NULL, *tools = NULL;
	size_t n = 0, n_tools = 0;
	ingot_pass(closure(l, solver, stage, false, &list, &n, err));
	/* Where dpkg is, its database is, and a system that has one has the essential packages. */
	if (stage->packages.configure && solved(list, n, "dpkg"))
		ingot_pass(closure(l, solver, stage, true, &list, &n, err));
	fill_set(l, x, &stage->packages, ingot_arena_str(l->arena, ingot_span_of(stage->name)), list, n, &lock->sets[lock->n_sets++]);
	if (!stage->packages.configure)
		return 0;
	ingot_pass(solve_tools(l, solver, stage, list, n, &tools, &n_tools, err));
	if (n_tools) {
		const struct ingot_install none = { .from = stage->packages.from };
		fill_set(l, x, &none, ingot_arena_strf(l->arena, "%s" INGOT_LOCK_TOOLS, stage->name), tools, n_tools, &lock->sets[lock->n_sets++]);
	}
	return 0;
}

/* All sets that come from one source. */
static int lock_source(struct locking *l, const struct ingot_source *source, const struct plan *plan, struct ingot_lock *lock, struct ingot_err *err)
{
	struct indexes x;
	_cleanup_(ingot_solver_freep) struct ingot_solver *solver = NULL;
	ingot_pass(indexes_get(l, source, &x, err));
	for (size_t i = 0; i < x.n_releases; i++) {
		lock->releases[lock->n_releases++] = x.releases[i];
		if (x.releases[i].date > lock->date)
			lock->date = x.releases[i].date;
	}
	ingot_pass(ingot_solver_open(l->recipe->image.architecture, (unsigned)x.n, &solver, err));
	for (size_t i = 0; i < x.n; i++)
		ingot_pass(feed(l, solver, &x.list[i], err));
	for (size_t i = 0; i < plan->n; i++)
		if (strcmp(plan->stages[i]->packages.from, source->name) == 0)
			ingot_pass(solve_stage(l, solver, &x, plan->stages[i], lock, err));
	return ingot_solver_close(TAKE_PTR(solver), err);
}

static bool used(const struct plan *plan, const struct ingot_source *s)
{
	for (size_t i = 0; i < plan->n; i++)
		if (strcmp(plan->stages[i]->packages.from, s->name) == 0)
			return true;
	return false;
}

int ingot_lock_make(const struct ingot_recipe *r, const struct ingot_lock *old, const struct ingot_lock_options *o, const struct ingot_log *log, struct ingot_store *s,
		    struct ingot_lock **ret, struct ingot_err *err)
{
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_freep) const struct ingot_stage **stages = ingot_alloc_array(r->n_stages + 1, sizeof(*stages));
	struct plan plan = { .stages = stages };
	struct locking l = { .recipe = r, .old = old, .o = o, .log = log, .store = s, .arena = arena, .now = o->now ? o->now : (int64_t)time(NULL) };
	for (size_t i = 0; i < r->n_stages; i++)
		if (r->stages[i].packages.install.n)
			stages[plan.n++] = &r->stages[i];
	if (r->image.stage.packages.install.n)
		stages[plan.n++] = &r->image.stage;
	qsort(stages, plan.n, sizeof(*stages), by_name);
	struct ingot_lock *lock = ingot_arena_alloc(arena, sizeof(*lock));
	size_t most = 0;
	for (size_t i = 0; i < r->n_sources; i++)
		most += r->sources[i].suites.n;
	ingot_lock_key(r, &lock->key);
	lock->releases = ingot_arena_array(arena, most + 1, sizeof(*lock->releases));
	lock->sets = ingot_arena_array(arena, 2 * plan.n + 1, sizeof(*lock->sets));
	for (size_t i = 0; i < r->n_sources; i++)
		if (r->sources[i].kind == INGOT_SRC_PACKAGES && used(&plan, &r->sources[i]))
			ingot_pass(lock_source(&l, &r->sources[i], &plan, lock, err));
	qsort(lock->sets, lock->n_sets, sizeof(*lock->sets), by_set_name);
	lock->arena = TAKE_PTR(arena);
	*ret = lock;
	return 0;
}
