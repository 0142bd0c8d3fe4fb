#include "client.h"
#include "own_rules.h"
#include "recipe_decode.h"
#include <ingot/fd.h>
#include <ingot/limits.h>

int ingot_recipe_load(const char *path, const char *const *sets, size_t n_sets, struct ingot_recipe **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_RECIPE);
	ingot_try(err, ingot_read_file(path, INGOT_MAX_RECIPE, &text, err), "reading the recipe");
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	struct ingot_recipe *r = ingot_arena_alloc(arena, sizeof(*r));
	r->file = ingot_arena_str(arena, ingot_span_of(path));
	r->text = ingot_arena_span(arena, ingot_buf_view(&text));
	ingot_sha256(r->text.p, r->text.n, &r->digest);
	const struct source_text s = { r->file, r->text };
	struct node *root;
	ingot_pass(recipe_parse(&s, false, arena, &root, err));
	ingot_pass(recipe_decode(&s, arena, root, sets, n_sets, r, err));
	ingot_pass(own_rules_add(r, arena, err));
	r->arena = TAKE_PTR(arena);
	*ret = r;
	return 0;
}

void ingot_recipe_free(struct ingot_recipe *r)
{
	if (r)
		ingot_arena_free(r->arena); /* r lies in it */
}

const struct ingot_source *ingot_recipe_source(const struct ingot_recipe *r, const char *name)
{
	for (size_t i = 0; i < r->n_sources; i++)
		if (strcmp(r->sources[i].name, name) == 0)
			return &r->sources[i];
	return NULL;
}

const struct ingot_stage *ingot_recipe_stage(const struct ingot_recipe *r, const char *name)
{
	for (size_t i = 0; i < r->n_stages; i++)
		if (strcmp(r->stages[i].name, name) == 0)
			return &r->stages[i];
	return NULL;
}

int ingot_recipe_blame(const struct ingot_recipe *r, struct ingot_place at, struct ingot_err *err)
{
	return text_blame(&(const struct source_text){ r->file, r->text }, at, err);
}
