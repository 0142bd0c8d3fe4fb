/* size.h - what makes a tree large: its bytes by who brought them, and its largest files. */
#pragma once
#include <ingot/origin.h>

struct ingot_size_part {
	struct ingot_span origin; /* borrowed from the origins; "" where nobody is known */
	uint64_t bytes;           /* of file contents, each file counted once whatever its number of names */
	size_t files;
};

struct ingot_size {
	uint64_t bytes;
	size_t files;
	struct ingot_size_part *parts; /* largest first; only those that brought files */
	size_t n_parts;
	size_t *largest; /* dirents, largest first */
	size_t n_largest;
};

/* top: how many of the largest files are wanted. Always freed with ingot_size_done(). */
void ingot_size_of(const struct ingot_tree *t, const struct ingot_origins *o, size_t top, struct ingot_size *ret);
void ingot_size_done(struct ingot_size *s);
