/* origin.h - who put a path where it is: a column beside a tree, no part of its id. Which source, package, step or input file. */
#pragma once
#include <ingot/delta.h>

struct ingot_origins;
struct ingot_origins *ingot_origins_new(void); /* empty: every path is of origin 0, "" */
struct ingot_origins *ingot_origins_copy(const struct ingot_origins *o);
void ingot_origins_free(struct ingot_origins *o);
INGOT_CLEANUP(struct ingot_origins, ingot_origins_free)

/* The number of an origin by its name ("package nginx", "step 2 of build"); the same name gives the same number. */
uint32_t ingot_origins_id(struct ingot_origins *o, struct ingot_span name);
struct ingot_span ingot_origins_name(const struct ingot_origins *o, uint32_t id);

/* Every path that d puts or links is of this origin now; what it removes (subtrees, opaque directories, directories that became files) has none. */
void ingot_origins_apply(struct ingot_origins *o, const struct ingot_delta *d, uint32_t id);
/* One path that was put by this origin. */
void ingot_origins_put(struct ingot_origins *o, struct ingot_span path, uint32_t id);
uint32_t ingot_origins_of(const struct ingot_origins *o, struct ingot_span path);
/* The same of every path of the tree that the deltas add up to, cheaper: ret has room for one a dirent. */
void ingot_origins_of_tree(const struct ingot_origins *o, const struct ingot_tree *t, uint32_t *ret);
