/* schema.h - the one table of the recipe language: what decodes it (decode.c), describes it (recipe_schema.c) and documents it.
 *
 * An object is a struct of recipe.h and the keys that fill it. Adding a key is adding a line to a table of schema_table.c.
 */
#pragma once
#include "node.h"
#include <stddef.h>

struct decode;

/* What a string must look like. */
struct rule {
	const char *what;    /* "a lower-case name": for "expected ..., found ..." */
	const char *pattern; /* the same as a regular expression (ECMA 262, anchored), as far as one can say it; or NULL */
	bool (*ok)(struct ingot_span s);
	const char *hint; /* or NULL */
};

enum slot {
	SLOT_STRING,  /* const char * */
	SLOT_STRINGS, /* struct ingot_strings: a list of strings without duplicates, unless REPEATS */
	SLOT_PAIRS,   /* struct ingot_pairs: a mapping of words to strings */
	SLOT_BOOL,    /* bool */
	SLOT_U32,     /* uint32_t, min to max */
	SLOT_SIZE,    /* uint64_t: bytes with a unit */
	SLOT_MODE,    /* int32_t: octal digits */
	SLOT_COMMAND, /* const char * (a script), or struct ingot_strings at offset2 (an argv) */
	SLOT_OBJECT,  /* the struct itself */
	SLOT_LIST,    /* pointer to an array of structs, size_t count at offset2 */
	SLOT_NAMED,   /* the same from a mapping of names; the name goes into the struct's first member */
	SLOT_NONE     /* checked only: it is refused, or read elsewhere */
};

enum {
	REQUIRED = 1,
	LATER = 2,   /* known, checked and refused: a later version implements it */
	SCALARS = 4, /* numbers, true and false may stand here without quotes; they are taken as written */
	REPEATS = 8, /* a list in which the same string may stand twice */
	NONEMPTY = 16,
	RAW = 32 /* ${NAME} is not replaced */
};

#define NO_PLACE ((size_t)-1) /* at_offset of a struct that keeps none */

struct object;
struct field {
	const char *key;
	enum slot slot;
	unsigned flags;
	size_t offset, offset2;
	const struct rule *rule, *key_rule; /* of the string or strings; of the names of a mapping */
	const struct object *object;
	const char *const *words;       /* the string is one of these */
	const char *const *later_words; /* or of these, which a later version implements; not in the schema */
	uint32_t min, max;
	const char *with;     /* may stand only beside this key */
	const char *doc;      /* what it means, in one or two sentences; required */
	const char *example;  /* a JSON value */
	const char *fallback; /* the default, as a JSON value, if there is one to name */
};

struct object {
	const char *name; /* in the schema's definitions, and in messages: "a step" */
	const char *doc;
	const struct field *fields;
	size_t n;
	size_t size;
	size_t at_offset;            /* of its struct ingot_place */
	const char *one_of[5];       /* exactly one of these keys; NULL-terminated */
	const char *scalar_key;      /* a bare string stands for {scalar_key: string} */
	const char *list_key;        /* a bare list stands for {list_key: list} */
	/* Defaults, and what no single key can say. n is the node as written. */
	int (*finish)(struct decode *d, const struct node *n, void *out, struct ingot_err *err);
};

/* The root: struct ingot_recipe. */
extern const struct object schema_recipe;
/* An entry of policy: rules:, which stands in files of its own, too. */
extern const struct object schema_own_rule;
/* Every object reachable from the root, each once, NULL at the end (for the schema writer and its tests). */
extern const struct object *const schema_objects[];
const struct field *schema_field(const struct object *o, struct ingot_span key);

/* --- decoding --- */
struct decode {
	struct source_text source;
	struct ingot_arena *arena;
	const struct ingot_pairs *vars;
};
/* Fill out (zeroed, o->size bytes) from n. INGOT_E_INPUT with the place. */
int decode_object(struct decode *d, const struct object *o, const struct node *n, void *out, struct ingot_err *err) INGOT_MUST_USE;
/* Record an input failure at a place of the recipe. Returns -1. */
int decode_fail(const struct decode *d, struct ingot_place at, struct ingot_err *err, const char *fmt, ...) INGOT_PRINTF(4, 5);
/* A hint with the nearest word, or with all of them when none is near and they are few. Returns -1. */
int decode_hint_words(struct ingot_err *err, struct ingot_span s, const char *const *words, size_t n);
