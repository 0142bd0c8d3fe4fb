/* secrets.h - where the values of a build's secrets are. They are read when a step asks for one, and never before. */
#pragma once
#include <ingot/err.h>
#include <ingot/mem.h>

struct ingot_secret_source {
	const char *id;
	const char *file; /* or NULL */
	const char *env;  /* the name of a variable, or NULL */
};

/* "id=token,src=FILE" or "id=token,env=NAME", as --secret has it. Strings live in the arena. */
int ingot_secret_parse(struct ingot_arena *arena, const char *text, struct ingot_secret_source *ret, struct ingot_err *err) INGOT_MUST_USE;
