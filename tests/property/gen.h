/* gen.h - random trees from a seed: small, with nasty names, many equal nodes, hard links, and neighbours that differ in little. */
#pragma once
#include <ingot/delta.h>

struct gen {
	uint64_t state;
};

/* The seed is INGOT_SEED, or the time; it is printed, so that a failure can be played again. */
uint64_t gen_seed(const char *test);
uint32_t gen_below(struct gen *g, uint32_t n); /* 0 to n - 1 */
bool gen_chance(struct gen *g, uint32_t percent);

struct ingot_tree *gen_tree(struct gen *g, size_t entries);
/* Another tree, a few changes away: fields, types, additions, removals, renames, links made and broken, directories emptied. */
struct ingot_tree *gen_neighbour(struct gen *g, const struct ingot_tree *t, size_t changes);
/* A node like this one but for one field that its type has. The spans are borrowed or static. */
struct ingot_node gen_other_node(struct gen *g, const struct ingot_node *node);
/* A link's target: absolute or not, with "." and "..", to names that are often there. */
struct ingot_span gen_target(struct gen *g, char *room, size_t size);
/* For trees whose links are walked: no type but directory, link and file, names and targets of few letters. */
struct ingot_tree *gen_forest(struct gen *g, size_t entries);
/* For trees that are made on a file system and asked who may what: few names and levels, hard links, links, pipes; modes of all kinds; users 0, 1000,
 * 1001 and groups 0, 33, 44, 1000. */
struct ingot_tree *gen_rights(struct gen *g, size_t entries);
struct ingot_span gen_name(struct gen *g);
