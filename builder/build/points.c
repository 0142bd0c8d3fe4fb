/* Mount points are made in the Tree, before anything of it is on a disk: set-up then makes nothing and follows nothing (safety 5.1). */
#include "places.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <string.h>

#define RESOLV INGOT_SPAN("etc/resolv.conf")

struct point {
	struct ingot_span path;
	struct ingot_place at;
};

static size_t all_points(const struct places *p, struct point ret[INGOT_MAX_STEP_MOUNTS + INGOT_MAX_STEP_TMPFS])
{
	const struct ingot_step *s = p->step;
	size_t n = 0;
	for (size_t i = 0; i < s->cache.n; i++)
		ret[n++] = (struct point){ ingot_span_of(s->cache.v[i]), s->cache.at[i] };
	for (size_t i = 0; i < s->n_tmpfs; i++)
		ret[n++] = (struct point){ ingot_span_of(s->tmpfs[i].path), s->tmpfs[i].at };
	for (size_t i = 0; i < s->n_binds; i++)
		ret[n++] = (struct point){ ingot_span_of(s->binds[i].to), s->binds[i].at };
	for (size_t i = 0; i < n; i++)
		ingot_assert(ingot_path_from_absolute(ret[i].path, &ret[i].path) == 0 && ret[i].path.n);
	return n;
}

static struct ingot_span prefix_to(struct ingot_span path, size_t from)
{
	const char *slash = from < path.n ? memchr(path.p + from, '/', path.n - from) : NULL;
	return (struct ingot_span){ path.p, slash ? (size_t)(slash - path.p) : path.n };
}

static const char *what(enum ingot_type type)
{
	return type == INGOT_LINK ? "a link" : type == INGOT_FILE ? "a file" : "no directory";
}

int point_add(struct ingot_span path, const char *whose, struct ingot_tree **have, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	const struct ingot_node dir = { .type = INGOT_DIR, .mode = 0755 };
	for (size_t n = 0; n < path.n;) {
		struct ingot_span part = prefix_to(path, n ? n + 1 : 0);
		n = part.n;
		const struct ingot_node *there = ingot_tree_lookup(*have, part);
		if (there && there->type != INGOT_DIR) {
			(void)ingot_fail(err, INGOT_E_INPUT, "/%s cannot be a place for the %s: /%s is %s", INGOT_SHOW(path), whose, INGOT_SHOW(part), what(there->type));
			if (there->type == INGOT_LINK)
				return ingot_hint(err, "name the directory itself: the link leads to %s", INGOT_SHOW(there->target));
			return -1;
		}
		if (!there)
			ingot_pass(ingot_delta_put(b, part, &dir, err));
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	struct ingot_tree *next = NULL;
	ingot_pass(ingot_apply(*have, d, &next, err));
	ingot_tree_unref(*have);
	*have = next;
	return 0;
}

/* With the host's network its resolv.conf is mounted on the step's (root.c), which most stages do not have. */
static int add_resolv(struct ingot_tree **have, struct ingot_err *err)
{
	const struct ingot_node *etc = ingot_tree_lookup(*have, INGOT_SPAN("etc"));
	if ((etc && etc->type != INGOT_DIR) || ingot_tree_find(*have, RESOLV) >= 0)
		return 0;
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	const struct ingot_node dir = { .type = INGOT_DIR, .mode = 0755 };
	struct ingot_node file = { .type = INGOT_FILE, .mode = 0644 };
	ingot_sha256("", 0, &file.content);
	if (!etc)
		ingot_pass(ingot_delta_put(b, INGOT_SPAN("etc"), &dir, err));
	ingot_pass(ingot_delta_put(b, RESOLV, &file, err));
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	struct ingot_tree *next = NULL;
	ingot_pass(ingot_apply(*have, d, &next, err));
	ingot_tree_unref(*have);
	*have = next;
	return 0;
}

int points_add(const struct engine *e, const struct places *p, struct ingot_tree *t, struct ingot_tree **ret, struct ingot_err *err)
{
	struct point points[INGOT_MAX_STEP_MOUNTS + INGOT_MAX_STEP_TMPFS];
	size_t n = all_points(p, points);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *have = ingot_tree_ref(t);
	for (size_t i = 0; i < n; i++)
		if (point_add(points[i].path, "step", &have, err) < 0)
			return ingot_recipe_blame(e->recipe, points[i].at, err);
	if (p->network)
		ingot_pass(add_resolv(&have, err));
	*ret = TAKE_PTR(have);
	return 0;
}

/* Made by us: base has it, t does not, and it is still what it was. */
static bool is_ours(const struct ingot_tree *t, const struct ingot_tree *base, struct ingot_span path, const struct ingot_node *now)
{
	const struct ingot_node *was = ingot_tree_lookup(base, path);
	if (!was || ingot_tree_find(t, path) >= 0 || was->type != now->type)
		return false;
	return now->type == INGOT_DIR || (now->type == INGOT_FILE && !now->size);
}

int points_drop(const struct places *p, const struct ingot_tree *t, const struct ingot_tree *base, struct ingot_delta **inout, struct ingot_err *err)
{
	if (ingot_digest_eq(ingot_tree_id(t), ingot_tree_id(base)))
		return 0;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *after = NULL, *clean = NULL;
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	ingot_pass(ingot_apply(base, *inout, &after, err));
	for (size_t i = 1; i < ingot_tree_count(base); i++) {
		struct ingot_span path = ingot_tree_at(base, i)->path;
		ssize_t at = ingot_tree_find(t, path) >= 0 ? -1 : ingot_tree_find(after, path);
		if (at < 0)
			continue;
		bool empty = true;
		size_t end = ingot_tree_subtree_end(after, (size_t)at);
		for (size_t k = (size_t)at; k < end && empty; k++)
			empty = is_ours(t, base, ingot_tree_at(after, k)->path, ingot_tree_node(after, ingot_tree_at(after, k)->node));
		if (empty)
			ingot_pass(ingot_delta_remove(b, path, err));
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	ingot_pass(ingot_apply(after, d, &clean, err));
	ingot_delta_free(*inout);
	*inout = ingot_diff(t, clean);
	return 0;
}
