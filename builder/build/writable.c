#include <ingot/path.h>
#include <ingot/writable.h>
#include <stdlib.h>

bool ingot_writable_empty(const struct ingot_tree *t, size_t dirent, uint32_t uid)
{
	const struct ingot_node *n = ingot_tree_node(t, ingot_tree_at(t, dirent)->node);
	return dirent && uid && n->type == INGOT_DIR && n->uid == uid && ingot_tree_subtree_end(t, dirent) == dirent + 1;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void ingot_writable_of(const struct ingot_tree *t, const struct ingot_config *c, struct ingot_arena *arena, struct ingot_writable *ret)
{
	const char **v = NULL;
	_cleanup_(ingot_freep) void *owner = NULL;
	size_t n = 0, cap = 0;
	for (size_t i = 1; i < ingot_tree_count(t); i++)
		if (ingot_writable_empty(t, i, c->uid)) {
			ingot_reserve(v, n, cap);
			v[n++] = ingot_arena_strf(arena, "/%.*s", INGOT_SPAN_ARG(ingot_tree_at(t, i)->path));
		}
	for (size_t i = 0; i < c->volumes.n; i++) {
		struct ingot_span path;
		if (ingot_path_from_absolute(ingot_span_of(c->volumes.v[i]), &path) < 0 || !path.n)
			continue; /* of no file system */
		ingot_reserve(v, n, cap);
		v[n++] = ingot_arena_strf(arena, "/%.*s", INGOT_SPAN_ARG(path));
	}
	owner = v;
	if (n)
		qsort(v, n, sizeof(*v), by_text);
	ret->v = ingot_arena_array(arena, n + 1, sizeof(*v));
	ret->n = 0;
	for (size_t i = 0; i < n; i++)
		if (!ret->n || strcmp(v[i], ret->v[ret->n - 1]) != 0)
			ret->v[ret->n++] = v[i];
}
