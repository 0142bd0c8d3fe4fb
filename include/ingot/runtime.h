/* runtime.h - how an image runs: what its config and its files say, read once for `ingot run`, the tests of an image, and the hand-over to other tools.
 *
 * Everything lives in the arena. Strings come from a config that anyone may have written: no NUL, but any other byte.
 */
#pragma once
#include <ingot/decode.h>
#include <ingot/mem.h>
#include <ingot/recipe.h>
#include <ingot/store.h>
#include <ingot/tree.h>

struct ingot_writable_place {
	const char *path; /* absolute */
	bool filled;      /* the image has something in it */
};

struct ingot_runtime {
	const char **argv; /* entrypoint, then cmd; may be empty */
	size_t n_argv;
	const char **env; /* NAME=VALUE */
	size_t n_env;
	const char *workdir;     /* NULL: "/" */
	const char *stop_signal; /* a word or a number as the config has it; NULL: SIGTERM is meant */
	uint32_t uid, gid;
	const char **ports; /* "8080/tcp" */
	size_t n_ports;
	struct ingot_writable_place *writable; /* places that a running image writes to, beside /tmp and /run */
	size_t n_writable;
	struct ingot_arena *arena;
};
#define INGOT_MAX_WRITABLE 64
void ingot_runtime_done(struct ingot_runtime *r);

/* declared: what a recipe calls writable, resolved in the tree; INGOT_E_INPUT when the image lacks one. NULL: there is no recipe, and the places are volumes of the config and
 * empty directories that belong to the image's user, which is what a recipe's writable directories look like in an image.
 * store: where the tree's contents are, for a user that is a name: it is looked up in the image's own passwd and group. NULL: numbers only.
 * INGOT_E_OUTSIDE: a user that is not known, or a config that no tool would take. */
int ingot_runtime_read(struct ingot_store *store, const struct ingot_tree *tree, const struct ingot_doc *config, const struct ingot_strings *declared, struct ingot_runtime *ret, struct ingot_err *err) INGOT_MUST_USE;

/* Is this path of the tree /tmp, /run, or below one of them? They are memory of every run, and empty, whatever the image has there. */
bool ingot_runtime_memory(struct ingot_span path);

/* "SIGTERM", "TERM", "15", "SIGRTMIN+3"; NULL: SIGTERM. 0 for what is none. */
unsigned ingot_signal_number(const char *word);
