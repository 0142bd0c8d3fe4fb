#include <ingot/escape.h>
#include <ingot/lock.h>

static bool listed(const struct ingot_strings *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], word) == 0)
			return true;
	return false;
}

static int stale(const struct ingot_recipe *r, struct ingot_place at, struct ingot_err *err)
{
	(void)ingot_hint(err, "run: ingot lock %s", INGOT_SHOW(ingot_span_of(r->file)));
	return ingot_recipe_blame(r, at, err);
}

static int check_lists(const struct ingot_recipe *r, const struct ingot_stage *s, const struct ingot_locked_set *set, struct ingot_err *err)
{
	const struct ingot_strings *now = &s->packages.install, *then = &set->install;
	for (size_t i = 0; i < now->n; i++)
		if (!listed(then, now->v[i])) {
			(void)ingot_fail(err, INGOT_E_INPUT, "the lock is stale: \"%s\" is new in the packages of %s", now->v[i], s->name);
			return stale(r, now->at[i], err);
		}
	for (size_t i = 0; i < then->n; i++)
		if (!listed(now, then->v[i])) {
			(void)ingot_fail(err, INGOT_E_INPUT, "the lock is stale: \"%s\" is no longer among the packages of %s", INGOT_SHOW(ingot_span_of(then->v[i])), s->name);
			return stale(r, s->packages.at, err);
		}
	return 0;
}

/* Suites that are locked but not wanted, or wanted but not locked. */
static int check_suites(const struct ingot_recipe *r, const struct ingot_source *s, const struct ingot_lock *l, struct ingot_err *err)
{
	for (size_t i = 0; i < s->suites.n; i++) {
		bool found = false;
		for (size_t k = 0; k < l->n_releases; k++)
			found = found || (strcmp(l->releases[k].source, s->name) == 0 && strcmp(l->releases[k].suite, s->suites.v[i]) == 0);
		if (!found) {
			(void)ingot_fail(err, INGOT_E_INPUT, "the lock is stale: the suite \"%s\" of \"%s\" is not in it", s->suites.v[i], s->name);
			return stale(r, s->suites.at[i].line ? s->suites.at[i] : s->at, err);
		}
	}
	return 0;
}

static int check_stage(const struct ingot_recipe *r, const struct ingot_stage *s, const struct ingot_lock *l, struct ingot_err *err)
{
	const struct ingot_locked_set *set = ingot_lock_set(l, s->name);
	if (!s->packages.install.n && set) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the lock is stale: %s has no packages any more", s->name);
		return stale(r, s->at, err);
	}
	if (!s->packages.install.n)
		return 0;
	if (!set) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the lock is stale: the packages of %s are not in it", s->name);
		return stale(r, s->packages.at, err);
	}
	ingot_pass(check_lists(r, s, set, err));
	return check_suites(r, ingot_recipe_source(r, s->packages.from), l, err);
}

int ingot_lock_check(const struct ingot_recipe *r, const struct ingot_lock *lock, struct ingot_err *err)
{
	struct ingot_digest key;
	if (!lock) {
		(void)ingot_fail(err, INGOT_E_INPUT, "there is no lock for this recipe");
		return stale(r, (struct ingot_place){ 0 }, err);
	}
	ingot_lock_key(r, &key);
	if (ingot_digest_eq(&key, &lock->key))
		return 0;
	/* The key says that something differs; what follows only finds words for it. */
	for (size_t i = 0; i < r->n_stages; i++)
		ingot_pass(check_stage(r, &r->stages[i], lock, err));
	ingot_pass(check_stage(r, &r->image.stage, lock, err));
	for (size_t i = 0; i < lock->n_sets; i++)
		if (strcmp(lock->sets[i].name, "image") != 0 && !strstr(lock->sets[i].name, INGOT_LOCK_TOOLS) && !ingot_recipe_stage(r, lock->sets[i].name)) {
			(void)ingot_fail(err, INGOT_E_INPUT, "the lock is stale: there is no stage \"%s\" any more", INGOT_SHOW(ingot_span_of(lock->sets[i].name)));
			return stale(r, (struct ingot_place){ 0 }, err);
		}
	(void)ingot_fail(err, INGOT_E_INPUT, "the lock is stale: package sources, excludes, configure or the architecture changed since it was made");
	return stale(r, (struct ingot_place){ 0 }, err);
}
