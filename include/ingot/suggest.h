/* suggest.h - the nearest valid word, for messages. */
#pragma once
#include <ingot/span.h>

/* Of n words the one nearest to s (edit distance with transpositions, at most a third of the length, at least 1), or NULL. */
const char *ingot_suggest(struct ingot_span s, const char *const *words, size_t n);
/* Edit distance (insert, delete, replace, swap neighbours), of at most 63 bytes of each. */
unsigned ingot_edit_distance(struct ingot_span a, struct ingot_span b);
