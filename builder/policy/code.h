/* code.h - what is code, by any route: what a machine, a shell, an interpreter or a service executes, loads or obeys when it finds it where it lies.
 *
 * Whoever can change such a file decides what runs next, and often as whom. Told by the content where it is known, by the mode, by the name, and by the place: the table
 * (code_table.c) says for each which program reads it.
 */
#pragma once
#include <ingot/tree.h>

/* The table. Places are globs (glob.h) from the root: a path that matches, and everything below it. "usr/" and "usr/local/" in front of a path are no part of it, so that
 * "bin" is /bin, /usr/bin and /usr/local/bin. In a directory that leads to a place, the place can be made: that directory is a route, too. */
struct code_row {
	const char *pattern, *why; /* why: "cron runs it", a clause about a file there */
};
extern const struct code_row code_places[], code_names[], code_endings[]; /* each ends with NULL */

/* Further places of one image: directories of its PATH, the program that it starts. */
struct code_place {
	struct ingot_span path; /* of the tree */
	const char *why;
};
struct code_places {
	const struct code_place *v;
	size_t n;
};

/* Why the file at path is code, or NULL. content: what it holds if that is known to be code ("an ELF program"), or NULL. node may be NULL: the path alone tells. more may
 * be NULL. A directory or link is asked about as if it were a file. */
const char *code_why(struct ingot_span path, const struct ingot_node *node, const char *content, const struct code_places *more);
/* Why a file that is made in directory path is code, if it is given the right name; or NULL. ret_place: the place, as the table or more has it, where the directory is not in
 * one but only leads to one; else NULL, 0. */
const char *code_why_below(struct ingot_span path, const struct code_places *more, struct ingot_span *ret_place);
