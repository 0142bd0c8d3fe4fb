/* ld.so's cache, or the proof that none is needed: glibc's loader on Debian searches the multiarch directories and /usr/lib by itself, so the cache matters only
 * when ld.so.conf names a further directory that holds libraries. */
#include "transform.h"
#include <ingot/escape.h>
#include <ingot/limits.h>

static bool is_default(struct ingot_span dir)
{
	static const char *const defaults[] = { "lib", "usr/lib", "lib64", "usr/lib64" };
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (ingot_span_is(dir, defaults[i]))
			return true;
	/* lib/TRIPLET and usr/lib/TRIPLET of this architecture: compiled into the loader. */
	struct ingot_span base = dir;
	while (ingot_span_has(base, '/')) {
		base.p++;
		base.n--;
	}
	return ingot_span_ends(base, "-linux-gnu") && (ingot_span_starts(dir, "lib/") || ingot_span_starts(dir, "usr/lib/"));
}

static bool holds_library(const struct ingot_tree *tree, struct ingot_span dir)
{
	ssize_t at = ingot_tree_find(tree, dir);
	if (at < 0)
		return false;
	size_t end = ingot_tree_subtree_end(tree, (size_t)at);
	for (size_t i = (size_t)at + 1; i < end; i++) {
		struct ingot_span rest = ingot_tree_at(tree, i)->path;
		rest.p += dir.n + 1;
		rest.n -= dir.n + 1;
		if (ingot_span_has(rest, '/') || !ingot_span_starts(rest, "lib"))
			continue;
		for (size_t k = 0; k + 3 <= rest.n; k++)
			if (memcmp(rest.p + k, ".so", 3) == 0)
				return true;
	}
	return false;
}

static int check_conf(struct transform *t, struct ingot_span path, const struct ingot_node *node, bool say, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(64));
	int r = ingot_store_get(t->store, &node->content, &text, err);
	ingot_pass(r);
	struct ingot_span rest = ingot_buf_view(&text), line;
	while (r == 1 && ingot_span_next(&rest, '\n', &line)) {
		line = ingot_span_trim(line);
		struct ingot_span dir;
		if (!ingot_span_starts(line, "/"))
			continue;
		dir = (struct ingot_span){ line.p + 1, line.n - 1 };
		if (is_default(dir) || !holds_library(t->tree, dir))
			continue;
		if (!say)
			return 1;
		ingot_say(t->log, INGOT_WARNING, "/%s names %s, which holds libraries: the loader finds them only through a cache; add a step that runs ldconfig", INGOT_SHOW(path),
			  INGOT_SHOW(line));
	}
	return 0;
}

static int check(struct transform *t, bool say, struct ingot_err *err)
{
	ssize_t dir = ingot_tree_find(t->tree, ingot_span_of("etc/ld.so.conf.d"));
	if (dir < 0)
		return 0;
	size_t end = ingot_tree_subtree_end(t->tree, (size_t)dir);
	int needed = 0;
	for (size_t i = (size_t)dir + 1; i < end; i++) {
		const struct ingot_dirent *e = ingot_tree_at(t->tree, i);
		const struct ingot_node *n = ingot_tree_node(t->tree, e->node);
		if (n->type == INGOT_FILE && ingot_span_ends(e->path, ".conf") && n->size <= KIB(64))
			needed |= check_conf(t, e->path, n, say, err);
		ingot_pass(needed);
	}
	return needed;
}

int transform_ldso(struct transform *t, struct ingot_err *err)
{
	return check(t, true, err);
}

int transform_needs_ldso_cache(struct transform *t, struct ingot_err *err)
{
	return check(t, false, err);
}
