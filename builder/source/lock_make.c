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

static int solve_set(struct locking *l, struct ingot_solver *solver, const struct indexes *x, const struct ingot_stage *stage, struct ingot_locked_set *ret, struct ingot_err *err)
{
	const struct ingot_install *in = &stage->packages;
	struct ingot_solved *list = NULL;
	size_t n = 0;
	if (ingot_solver_closure(solver, in->install.v, in->install.n, in->exclude.v, in->exclude.n, l->arena, &list, &n, err) < 0)
		return err->code == INGOT_E_INPUT ? blame(l, stage, err) : -1;
	struct ingot_locked_set set = { .name = ingot_arena_str(l->arena, ingot_span_of(stage->name)), .from = ingot_arena_str(l->arena, ingot_span_of(in->from)),
					.install = copy_strings(l->arena, &in->install), .n_packages = n };
	set.packages = ingot_arena_array(l->arena, n + 1, sizeof(*set.packages));
	uint64_t bytes = 0;
	for (size_t i = 0; i < n; i++) {
		const struct ingot_solved *p = &list[i];
		set.packages[i] = (struct ingot_locked_package){ .name = p->name, .version = p->version, .arch = p->arch, .path = p->path, .source = p->source,
								 .suite = x->list[p->repo].suite, .size = p->size, .sha256 = p->sha256 };
		bytes += p->size;
	}
	ingot_say(l->log, INGOT_INFO, "%s: %zu packages, %.1f MB", stage->name, n, (double)bytes / 1e6);
	*ret = set;
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
			ingot_pass(solve_set(l, solver, &x, plan->stages[i], &lock->sets[i], err));
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
	lock->sets = ingot_arena_array(arena, plan.n + 1, sizeof(*lock->sets));
	lock->n_sets = plan.n;
	for (size_t i = 0; i < r->n_sources; i++)
		if (r->sources[i].kind == INGOT_SRC_PACKAGES && used(&plan, &r->sources[i]))
			ingot_pass(lock_source(&l, &r->sources[i], &plan, lock, err));
	lock->arena = TAKE_PTR(arena);
	*ret = lock;
	return 0;
}
