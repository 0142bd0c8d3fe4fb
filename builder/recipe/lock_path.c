#include <ingot/lock.h>
#include <ingot/mem.h>

char *ingot_lock_path(const char *recipe_path)
{
	static const char *const endings[] = { ".yaml", ".yml", ".json" };
	struct ingot_span s = ingot_span_of(recipe_path);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ingot_span_ends(s, endings[i])) {
			s.n -= strlen(endings[i]);
			break;
		}
	return ingot_strf("%.*s.lock.yaml", INGOT_SPAN_ARG(s));
}

void ingot_lock_free(struct ingot_lock *l)
{
	if (l)
		ingot_arena_free(l->arena); /* l lies in it */
}

const struct ingot_locked_set *ingot_lock_set(const struct ingot_lock *l, const char *name)
{
	for (size_t i = 0; i < l->n_sets; i++)
		if (strcmp(l->sets[i].name, name) == 0)
			return &l->sets[i];
	return NULL;
}

const struct ingot_locked_set *ingot_lock_tools(const struct ingot_lock *l, const char *name)
{
	_cleanup_(ingot_freep) char *tools = ingot_strf("%s" INGOT_LOCK_TOOLS, name);
	return ingot_lock_set(l, tools);
}
