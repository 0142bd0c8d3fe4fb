/* lock.h - the exact bytes that every outside input of a recipe resolved to. A file beside the recipe, committed by the user.
 *
 *     ingot-lock: 1
 *     recipe: <64 hex>            # ingot_lock_key(): what of the recipe decides the lock
 *     date: 1783764997            # the newest Release date in it, seconds
 *     releases:
 *     - {source: debian, suite: bookworm, codename: bookworm, date: 1783764997, sha256: <64 hex of the signed text>, key: <fingerprint>}
 *     sets:
 *       image:
 *         from: debian
 *         install: [nginx]
 *         packages:
 *         - {name: nginx, version: 1.22.1-9, arch: amd64, size: 527148, sha256: <64 hex>, path: pool/main/n/nginx/..., suite: bookworm, source: nginx}
 *     images: ...  fetches: ...   # later
 *
 * No host is named. The file is canonical: ingot_lock_text() writes exactly one text for each lock; what is read back and written again is equal.
 */
#pragma once
#include <ingot/recipe.h>

struct ingot_locked_package {
	const char *name, *version, *arch, *path, *suite, *source;
	uint64_t size;
	struct ingot_digest sha256;
};

/* What a set's maintainer scripts need beyond its own packages, for packages: { configure: true }: a set of its own, "image+tools" beside "image". */
#define INGOT_LOCK_TOOLS "+tools"

struct ingot_locked_set {
	const char *name; /* of the stage, or "image"; INGOT_LOCK_TOOLS added for its tools */
	const char *from; /* packages source */
	struct ingot_strings install;
	struct ingot_locked_package *packages; /* sorted by name */
	size_t n_packages;
};

struct ingot_locked_release {
	const char *source, *suite, *codename, *key;
	int64_t date;
	struct ingot_digest sha256;
};

struct ingot_lock {
	struct ingot_digest key;
	int64_t date;
	struct ingot_locked_release *releases;
	size_t n_releases;
	struct ingot_locked_set *sets; /* sorted by name */
	size_t n_sets;
	struct ingot_arena *arena;
};

void ingot_lock_free(struct ingot_lock *l);
INGOT_CLEANUP(struct ingot_lock, ingot_lock_free)

/* "web.lock.yaml" beside "web.yaml". free() it. */
char *ingot_lock_path(const char *recipe_path);
/* Digest over everything in the recipe that decides what a lock holds (package sources, suites, installs, excludes, architecture). */
void ingot_lock_key(const struct ingot_recipe *r, struct ingot_digest *ret);

/* Parse a lock file. INGOT_E_INPUT with place; *ret is NULL and the result 0 when the file does not exist. */
int ingot_lock_read(const char *path, struct ingot_lock **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_lock_text(const struct ingot_lock *l, struct ingot_buf *out);
/* Write, read back, compare, publish. */
int ingot_lock_write(const char *path, const struct ingot_lock *l, struct ingot_err *err) INGOT_MUST_USE;
/* INGOT_E_INPUT, saying "ingot lock RECIPE", when lock is NULL or was made for another recipe. */
int ingot_lock_check(const struct ingot_recipe *r, const struct ingot_lock *lock, struct ingot_err *err) INGOT_MUST_USE;
const struct ingot_locked_set *ingot_lock_set(const struct ingot_lock *l, const char *name);
/* The tools that belong to that set, or NULL: it needs none. */
const struct ingot_locked_set *ingot_lock_tools(const struct ingot_lock *l, const char *name);
