/* solve.h - asking ingot-solve (libsolv in a jail) about signed index texts: what a Release says, and the closure of packages.
 */
#pragma once
#include <ingot/digest.h>
#include <ingot/err.h>
#include <ingot/mem.h>
#include <ingot/span.h>

struct ingot_index_file {
	const char *path; /* "main/binary-amd64/Packages.xz" */
	uint64_t size;
	struct ingot_digest sha256;
};

struct ingot_release {
	const char *suite, *codename, *origin;
	int64_t date, valid_until; /* valid_until 0: none */
	bool by_hash;
	struct ingot_index_file *files; /* the package indexes of the architecture, all components */
	size_t n_files;
};

/* Parse the signed text of a Release file. Everything lives in the arena. */
int ingot_solve_release(struct ingot_span text, const char *arch, struct ingot_arena *arena, struct ingot_release *ret, struct ingot_err *err) INGOT_MUST_USE;

struct ingot_solved {
	const char *name, *version, *arch, *path, *source;
	unsigned repo; /* number of the index it came from */
	uint64_t size, installed; /* bytes of the .deb; bytes that it declares to take when unpacked */
	struct ingot_digest sha256;
};

/* One solver with its indexes loaded, for any number of questions. */
struct ingot_solver;
int ingot_solver_open(const char *arch, unsigned n_repos, struct ingot_solver **ret, struct ingot_err *err) INGOT_MUST_USE;
/* Load the next index, in the order of preference between equal versions: announce it, hand over its text in pieces. label: "bookworm", for messages. */
int ingot_solver_index(struct ingot_solver *s, const char *label, uint64_t size, struct ingot_err *err) INGOT_MUST_USE;
int ingot_solver_text(struct ingot_solver *s, const void *p, size_t n, struct ingot_err *err) INGOT_MUST_USE;
/* Among the wants: every package that is "Essential: yes" at its newest version, but those that are excluded (policy 3.8). No package can have this name. */
#define INGOT_SOLVE_ESSENTIAL "@essential"
#define INGOT_SOLVE_IF_KNOWN "?" /* before a name: only if there is such a package */
/* The closure of wants ("name", "name=version", "name:arch"), sorted by name, in the arena. No recommends, and no essential packages unless asked for. An
 * excluded package counts as present at its newest version, but neither it nor what only it needs is in the answer.
 * INGOT_E_INPUT with a readable chain when there is no solution. */
int ingot_solver_closure(struct ingot_solver *s, const char *const *wants, size_t n_wants, const char *const *excludes, size_t n_excludes,
			 struct ingot_arena *arena, struct ingot_solved **ret, size_t *ret_n, struct ingot_err *err) INGOT_MUST_USE;
int ingot_solver_close(struct ingot_solver *take_s, struct ingot_err *err) INGOT_MUST_USE;
void ingot_solver_free(struct ingot_solver *s);
INGOT_CLEANUP(struct ingot_solver, ingot_solver_free)
