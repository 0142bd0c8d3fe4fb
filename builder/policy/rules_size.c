/* rules_size.c - how large the image is, and whether everything in it came from somewhere. */
#include "look.h"
#include "rows.h"

static const struct ingot_rule rows[] = {
	{ "size-budget", SEV(ERROR, ERROR, ERROR), "the image is not larger than its budget", "The budget is there to make somebody look when an image has grown; a package too many is the usual reason.", NULL,
	  "raise size-budget, or leave something out (packages: exclude:)", "image:\n  user: web\n  size-budget: 30MiB\n", NULL },
	{ "origin-missing", SEV(WARNING, ERROR, ERROR), "a package, a step or an input accounts for every file", "A file that nothing brought is one that nobody has looked at, and that no list of contents names.", NULL,
	  "this is a fault of the builder, or of a store that somebody has changed: build again with --no-cache, and report it", NULL, "path" },
};

/* Directories above what somebody brought are nobody's. */
static void check_origins(struct look *l, const struct ingot_tree *t)
{
	_cleanup_(ingot_freep) uint32_t *ids = ingot_alloc_array(ingot_tree_count(t), sizeof(*ids));
	ingot_origins_of_tree(l->s->origins, t, ids);
	for (size_t i = 0; i < ingot_tree_count(t); i++)
		if (!ids[i] && ingot_tree_node(t, ingot_tree_at(t, i)->node)->type != INGOT_DIR)
			(void)look_path(l, "origin-missing", i, " was brought by nothing that is known");
}

static void check(struct look *l)
{
	const struct ingot_recipe *r = l->s->recipe;
	const struct ingot_tree *t = l->s->tree;
	if (r && r->image.size_budget && l->s->size > r->image.size_budget)
		(void)look_line(l, "size-budget", r->image.at, NULL, "the image has %llu bytes unpacked, %llu more than its size-budget", (unsigned long long)l->s->size, (unsigned long long)(l->s->size - r->image.size_budget));
	if (t && l->s->origins)
		check_origins(l, t);
}

const struct rule_group rules_size = { rows, N_ROWS(rows), check };
