/* node.h - the generic tree that a helper's nodes add up to. Lives in an arena; immutable once built. */
#pragma once
#include <ingot/mem.h>
#include <ingot/recipe.h>
#include <ingot/wire.h>

struct node {
	enum ingot_yaml_kind kind; /* INGOT_Y_SCALAR, _MAP or _SEQ */
	bool plain;                /* a scalar without quotes */
	struct ingot_place at;
	struct ingot_span text; /* of a scalar, NUL-terminated beyond its length */
	struct ingot_span key;  /* under which it stands in its mapping */
	struct ingot_place key_at;
	struct node *child, *next;
	size_t n; /* children */
};

/* What messages about a text need. */
struct source_text {
	const char *file;
	struct ingot_span text;
};
/* Give a failure already recorded a place in s. Returns -1. */
int text_blame(const struct source_text *s, struct ingot_place at, struct ingot_err *err);

/* Feeding nodes in pre-order. The stream is not believed: kinds, nesting, keys and counts are checked as if a stranger had sent it. */
struct node_builder;
struct node_builder *node_builder_new(struct ingot_arena *arena, const struct source_text *s, bool lock);
void node_builder_free(struct node_builder *b);
INGOT_CLEANUP(struct node_builder, node_builder_free)
/* INGOT_E_INPUT for a duplicate key or a character that no value may hold, INGOT_E_BUG for a stream that is no tree. */
int node_builder_add(struct node_builder *b, const struct ingot_msg_node *m, struct ingot_err *err) INGOT_MUST_USE;
int node_builder_end(struct node_builder *b, struct node **ret, struct ingot_err *err) INGOT_MUST_USE;

const struct node *node_get(const struct node *map, const char *key); /* NULL when absent, or when map is no mapping */
/* "a mapping", "a list", "a string", "a number", "true or false", "nothing" */
const char *node_what(const struct node *n);
bool node_is_null(const struct node *n); /* written as nothing, null or ~ */
