/* unpack_impl.h - what unpack.c, unpack_script.c and unpack_prune.c share. */
#pragma once
#include "dpkg_texts.h"
#include "load_packages.h"
#include "unpack_plan.h"
#include <ingot/unpack.h>

#define DATABASE_ORIGIN "ingot: dpkg database"

struct ingot_unpack {
	struct load l;
	struct ingot_packages_request rq; /* of all packages: l.rq points here */
	const struct ingot_packages_request *asked;
	struct ingot_locked_set all;
	uint8_t *phase; /* of each of l.debs */
	size_t *order;  /* their numbers, for preinst */
	bool *tool;     /* not for the image */
	const char *env[16];
	size_t n_env;
	struct ingot_arena *arena;
};

bool unpack_has(const struct ingot_unpack *u, const char *package); /* in the image, not as a tool */
