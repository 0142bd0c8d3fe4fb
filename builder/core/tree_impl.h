/* tree_impl.h - the inside of a Tree, for the files of this room that make one. Private to core.
 *
 * Trees are made by appending dirents in order to a tree_maker, which holds every invariant: so there is one place where a Tree can be
 * wrong. What is new is copied; a tree made from another shares that one's strings, for an image is built by a hundred small deltas.
 */
#pragma once
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/tree.h>

struct tree_id {
	bool known;
	struct ingot_digest digest;
};

/* The strings of a tree and of all that were made from it. Only ever added to; freed with the last of them. */
struct tree_strings {
	size_t refs;
	struct ingot_arena *arena;
};

struct ingot_tree {
	size_t refs;
	struct tree_strings *strings;
	struct ingot_dirent *dirents;
	struct ingot_node *nodes; /* in the order of their first dirents */
	uint32_t *first, *nlink;  /* one a node: its first dirent, how many name it */
	size_t n, n_nodes;
	struct tree_id *id; /* computed when first asked for */
};

struct tree_maker {
	struct ingot_tree *t;
	size_t cap, cap_nodes;
	enum ingot_code code; /* of its failures: whose text it is that is wrong */
	size_t depth;
	uint32_t stack[INGOT_MAX_DEPTH + 2]; /* the last dirent appended and such parents of it as are known */
};

/* from: the tree whose dirents will be kept, or NULL. */
void ingot_maker_begin(struct tree_maker *m, const struct ingot_tree *from, size_t expect, enum ingot_code code);
void ingot_maker_abort(struct tree_maker *m);
/* A copy of the node; it must be named by the next ingot_maker_append(). */
uint32_t ingot_maker_node(struct tree_maker *m, const struct ingot_node *node);
/* Fails (with the maker's code) unless path comes after the last one and its parent is a directory that is here. */
int ingot_maker_append(struct tree_maker *m, struct ingot_span path, uint32_t node, struct ingot_err *err) INGOT_MUST_USE;
/* Takes over dirents [at, end) of the tree given at the start; numbers holds the new number of each of its nodes, or UINT32_MAX. The caller
 * sees to it that they come after the last one and that no parent of theirs was left out. */
int ingot_maker_keep(struct tree_maker *m, const struct ingot_tree *from, size_t at, size_t end, uint32_t *numbers, struct ingot_err *err) INGOT_MUST_USE;
struct ingot_tree *ingot_maker_end(struct tree_maker *m);


/* What a node must be, wherever it comes from. path is for the message. */
int ingot_node_check(struct ingot_span path, const struct ingot_node *node, enum ingot_code code, struct ingot_err *err) INGOT_MUST_USE;
void ingot_node_copy(struct ingot_arena *arena, const struct ingot_node *from, struct ingot_node *to);
