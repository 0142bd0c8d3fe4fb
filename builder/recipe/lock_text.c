#include <ingot/lock.h>
#include <inttypes.h>

static void put_release(struct ingot_buf *out, const struct ingot_locked_release *r)
{
	ingot_buf_fmt(out, "- {source: %s, suite: %s, codename: %s, date: %" PRId64 ", sha256: %s, key: %s}\n", r->source, r->suite, r->codename, r->date, INGOT_HEX(&r->sha256), r->key);
}

static void put_package(struct ingot_buf *out, const struct ingot_locked_package *p)
{
	ingot_buf_fmt(out, "    - {name: %s, version: %s, arch: %s, size: %" PRIu64 ", sha256: %s, path: %s, suite: %s, source: %s}\n", p->name, p->version, p->arch, p->size, INGOT_HEX(&p->sha256), p->path,
		      p->suite, p->source);
}

static void put_set(struct ingot_buf *out, const struct ingot_locked_set *s)
{
	ingot_buf_fmt(out, "  %s:\n    from: %s\n    install: [", s->name, s->from);
	for (size_t i = 0; i < s->install.n; i++)
		ingot_buf_fmt(out, "%s%s", i ? ", " : "", s->install.v[i]);
	ingot_buf_str(out, s->n_packages ? "]\n    packages:\n" : "]\n    packages: []\n");
	for (size_t i = 0; i < s->n_packages; i++)
		put_package(out, &s->packages[i]);
}

void ingot_lock_text(const struct ingot_lock *l, struct ingot_buf *out)
{
	ingot_buf_fmt(out, "# Written by \"ingot lock\": commit it, do not edit it.\ningot-lock: 1\nrecipe: %s\ndate: %" PRId64 "\n", INGOT_HEX(&l->key), l->date);
	ingot_buf_str(out, l->n_releases ? "releases:\n" : "releases: []\n");
	for (size_t i = 0; i < l->n_releases; i++)
		put_release(out, &l->releases[i]);
	ingot_buf_str(out, l->n_sets ? "sets:\n" : "sets: {}\n");
	for (size_t i = 0; i < l->n_sets; i++)
		put_set(out, &l->sets[i]);
}
