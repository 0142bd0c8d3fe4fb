/* delta.h - what an archive, a package, a step or a layer says: put, link, remove, opaque.
 *
 * Sorted by path; at one path at most one of put, link or remove, and an opaque only before a put of a directory. (A builder also takes a remove beside a link or a
 * put of something else than a directory, which replaces all that was there anyway, and leaves it out.) What each means:
 *   put     this node is at this path now. A directory over a directory keeps what is in it; anything else replaces what was there, its
 *           subtree included.
 *   link    a hard link to a file that this same delta puts at an earlier or later path. The group's leader is its first path in order
 *           after building: ingot_delta_finish() moves the node there.
 *   remove  the path and everything below is gone (it is no error if it was not there).
 *   opaque  everything below this directory is gone, before the puts.
 *
 * Canonical text: "ingot-delta 1", then lines as in tree.h, and "- /path" (remove), "o /path" (opaque; the directory's own line follows).
 */
#pragma once
#include <ingot/tree.h>

enum ingot_op { INGOT_PUT = 1, INGOT_HARDLINK, INGOT_REMOVE, INGOT_OPAQUE };

struct ingot_change {
	enum ingot_op op;
	struct ingot_span path;
	uint32_t node;          /* put and hardlink: index for ingot_delta_node() */
	struct ingot_span link; /* hardlink: the leader's path */
};

struct ingot_delta;
void ingot_delta_free(struct ingot_delta *d);
INGOT_CLEANUP(struct ingot_delta, ingot_delta_free)
size_t ingot_delta_count(const struct ingot_delta *d);
const struct ingot_change *ingot_delta_at(const struct ingot_delta *d, size_t i);
const struct ingot_node *ingot_delta_node(const struct ingot_delta *d, uint32_t node);

void ingot_delta_text(const struct ingot_delta *d, struct ingot_buf *out);
int ingot_delta_parse(struct ingot_span text, struct ingot_delta **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_delta_id(const struct ingot_delta *d, struct ingot_digest *ret); /* sha256 of the text */

/* Building one, in any order of paths. Every span is copied. Each call checks what it is given and fails with INGOT_E_OUTSIDE, naming the path. */
struct ingot_delta_builder;
struct ingot_delta_builder *ingot_delta_new(void);
void ingot_delta_builder_free(struct ingot_delta_builder *b);
INGOT_CLEANUP(struct ingot_delta_builder, ingot_delta_builder_free)
int ingot_delta_put(struct ingot_delta_builder *b, struct ingot_span path, const struct ingot_node *node, struct ingot_err *err) INGOT_MUST_USE;
int ingot_delta_link(struct ingot_delta_builder *b, struct ingot_span path, struct ingot_span target, struct ingot_err *err) INGOT_MUST_USE;
int ingot_delta_remove(struct ingot_delta_builder *b, struct ingot_span path, struct ingot_err *err) INGOT_MUST_USE;
int ingot_delta_opaque(struct ingot_delta_builder *b, struct ingot_span path, struct ingot_err *err) INGOT_MUST_USE;
/* Sorts, checks duplicates and links, and frees the builder whether or not it succeeds. */
int ingot_delta_finish(struct ingot_delta_builder *take_b, struct ingot_delta **ret, struct ingot_err *err) INGOT_MUST_USE;

/* tree + delta: the delta's paths are taken literally; a parent that is missing or no directory in the result is an error
 * (INGOT_E_OUTSIDE), and so is a put or link below a path that the delta itself makes a non-directory. */
int ingot_apply(const struct ingot_tree *t, const struct ingot_delta *d, struct ingot_tree **ret, struct ingot_err *err) INGOT_MUST_USE;

/* The smallest delta with ingot_apply(a, d) == b. Directories' own metadata changes are puts; a hard-link group of which
 * one member changed is emitted whole. */
struct ingot_delta *ingot_diff(const struct ingot_tree *a, const struct ingot_tree *b);
