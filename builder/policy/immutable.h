/* immutable.h - the proof that the image's user cannot change its own code: what that user can change (reach.h), held against the places that are declared writable and
 * against what is code (code.h).
 *
 * One row for each cause, not for each file: a directory of the user's with 5000 files is one.
 */
#pragma once
#include "code.h"
#include <ingot/reach.h>

struct immutable_question {
	const struct ingot_tree *tree;
	struct ingot_identity user; /* not root, for whom nothing can be proved */
	const struct ingot_span *writable; /* the declared places, resolved in the tree */
	size_t n_writable;
	struct code_places places;
	/* What a file holds if that is code ("an ELF program"), else NULL; may be NULL. */
	const char *(*content)(void *ctx, const struct ingot_node *node);
	void *content_ctx;
};

struct immutable_row {
	size_t dirent;     /* the cause: a directory in which names can be made and taken, a file that can be written to, a link that leads to what can be changed */
	uint16_t bits;     /* INGOT_REACH_ of the cause */
	enum ingot_grant grant; /* by what; of a link NONE */
	uint32_t id;            /* of whom: see ingot_grants() */
	size_t below;      /* of a directory: how many names below it can be changed by that, it alone not counted */
	bool declared;     /* lies in a declared place, or is /tmp or the like */
	/* code */
	const char *why_made; /* of a directory: why a file that is made in it is code; or NULL */
	struct ingot_span place; /* and where, if it only leads there: see code_why_below() */
	size_t n_code;        /* how many names that can be changed are code */
	size_t code;          /* the first of them, when there is one */
	const char *why;      /* and why it is; a clause about it */
	struct ingot_span as; /* another path by which why_made or else why holds, when a link leads there; or NULL, 0. Of the tree, or of the result */
};

struct immutable_result {
	struct immutable_row *v; /* by dirent; causes that are declared and have no code among them */
	size_t n;
	struct ingot_arena *arena;
};
void immutable_result_done(struct immutable_result *r);

void immutable_prove(const struct immutable_question *q, struct immutable_result *ret);

/* The sentence's pieces: " belongs to 10001 (0644)", " can be written by group 33 (0664)", " can be written by everybody (0666)". */
void immutable_grant_text(const struct immutable_question *q, const struct immutable_row *r, struct ingot_buf *out);
