/* What an update of a lock means, for people: security updates first, then the rest, each by name. */
#include <ingot/locking.h>
#include <ingot/mem.h>

struct change {
	const char *set;
	const struct ingot_locked_package *was, *is; /* one of them may be NULL */
	bool security;
};

struct changes {
	struct change *v;
	size_t n, cap;
};

static void compare(struct changes *c, const struct ingot_locked_set *was, const struct ingot_locked_set *is)
{
	ingot_assert(was || is);
	const char *set = is ? is->name : was->name;
	size_t i = 0, k = 0, n = was ? was->n_packages : 0, m = is ? is->n_packages : 0;
	while (i < n || k < m) {
		const struct ingot_locked_package *a = was && i < n ? &was->packages[i] : NULL, *b = is && k < m ? &is->packages[k] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);
		struct change one = { .set = set, .was = order <= 0 ? a : NULL, .is = order >= 0 ? b : NULL };
		i += one.was != NULL;
		k += one.is != NULL;
		if (one.was && one.is && ingot_digest_eq(&one.was->sha256, &one.is->sha256) && strcmp(one.was->version, one.is->version) == 0)
			continue;
		/* What a security suite brings where something else stood. */
		one.security = one.was && one.is && ingot_span_ends(ingot_span_of(one.is->suite), "-security");
		ingot_reserve(c->v, c->n, c->cap);
		c->v[c->n++] = one;
	}
}

static void print(const struct change *c, struct ingot_buf *out)
{
	ingot_assert(c->was || c->is);
	if (!c->was)
		ingot_buf_fmt(out, "%s: + %s %s (%s)\n", c->set, c->is->name, c->is->version, c->is->suite);
	else if (!c->is)
		ingot_buf_fmt(out, "%s: - %s %s\n", c->set, c->was->name, c->was->version);
	else if (strcmp(c->was->version, c->is->version) == 0)
		ingot_buf_fmt(out, "%s: %s %s, other bytes of the same version (%s)\n", c->set, c->is->name, c->is->version, c->is->suite);
	else
		ingot_buf_fmt(out, "%s: %s %s -> %s (%s)\n", c->set, c->is->name, c->was->version, c->is->version, c->is->suite);
}

void ingot_lock_changes(const struct ingot_lock *old, const struct ingot_lock *new, struct ingot_buf *out)
{
	struct changes c = { 0 };
	for (size_t i = 0; i < new->n_sets; i++)
		compare(&c, old ? ingot_lock_set(old, new->sets[i].name) : NULL, &new->sets[i]);
	for (size_t i = 0; old && i < old->n_sets; i++)
		if (!ingot_lock_set(new, old->sets[i].name))
			compare(&c, &old->sets[i], NULL);
	for (int security = 1; security >= 0; security--)
		for (size_t i = 0; i < c.n; i++)
			if (c.v[i].security == (security == 1))
				print(&c.v[i], out);
	free(c.v);
}
