/* vault.h - the secrets of one build: read when the first step asks for one, handed on as sealed memory, wiped at the end. Internal to build. */
#pragma once
#include <ingot/recipe.h>
#include <ingot/search.h>
#include <ingot/secrets.h>
#include <ingot/step.h>

struct vault_value {
	const char *id;
	int fd; /* a sealed memfd */
};

struct vault {
	struct vault_value *v;
	size_t n, cap;
	struct ingot_search *search, *hide; /* NULL until a secret was read */
};

/* The secrets that the step names, in its order: ret has room for INGOT_MAX_STEP_SECRETS. INGOT_E_INPUT at the step's own line when one was not given. */
struct engine;
int vault_open(struct engine *e, const struct ingot_step *step, struct ingot_step_secret *ret, struct ingot_err *err) INGOT_MUST_USE;
/* Says which of those that were given no step asks for. */
void vault_unused(const struct engine *e);
void vault_done(struct vault *v);
