/* writable.h - where an image lets its user write, read from the image itself: what `ingot run` makes places in memory, and what the rules take for declared
 * where there is no recipe.
 */
#pragma once
#include <ingot/config.h>
#include <ingot/tree.h>

/* Empty directories that belong to the image's user (not root), and the config's volumes. */
struct ingot_writable {
	const char **v; /* absolute, sorted, unique */
	size_t n;
};

/* Strings live in the arena. */
void ingot_writable_of(const struct ingot_tree *t, const struct ingot_config *c, struct ingot_arena *arena, struct ingot_writable *ret);
/* Is this entry an empty directory of that user? Nothing is lost where it becomes memory. */
bool ingot_writable_empty(const struct ingot_tree *t, size_t dirent, uint32_t uid);
