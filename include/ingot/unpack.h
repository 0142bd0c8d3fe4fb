/* unpack.h - locked packages as `dpkg --unpack` leaves them: files in place, and a database that says "unpacked", so that the real dpkg can configure
 * them in a sandbox. It decides about order, cycles, environment, triggers and conffiles; nothing of that is imitated here. What it does not do any more
 * for a package that is unpacked is left to the script of ingot_unpack_script(): preinst.
 *
 * Two phases, as debootstrap and mmdebstrap have them: first the essential packages and what they need, all unpacked before the first script of any of them
 * runs, because each may use all others; then the rest, onto the result. For each phase:
 *
 *     records   the scripts and other control files of its packages; a preinst may run (in the first phase with the files already there, because
 *               there would be no shell without)
 *     files     the packages' files, diversions obeyed, and their entries in the database
 *
 * The set may be larger than what the image gets: the tools (lock.h). ingot_unpack_prune() takes away again what only they brought.
 */
#pragma once
#include <ingot/packages.h>

#define INGOT_SCRIPTS_ORIGIN "scripts of packages" /* of a path that a script made; a package's file stays the package's */

struct ingot_unpack;
/* Fetches and decodes what is missing. tools: may be NULL. rq and what it points to must live as long as *ret. */
int ingot_unpack_begin(struct ingot_store *store, const struct ingot_packages_request *rq, const struct ingot_locked_set *tools, const struct ingot_log *log, struct ingot_unpack **ret,
		       struct ingot_err *err) INGOT_MUST_USE;
void ingot_unpack_free(struct ingot_unpack *u);
INGOT_CLEANUP(struct ingot_unpack, ingot_unpack_free)

#define INGOT_UNPACK_PHASES 2
size_t ingot_unpack_count(const struct ingot_unpack *u, unsigned phase);
bool ingot_unpack_has_preinst(const struct ingot_unpack *u, unsigned phase);

/* Each adds to *at (tree, origins, needs). The first call gets one that is all zero. */
int ingot_unpack_records(struct ingot_unpack *u, unsigned phase, struct ingot_packages *at, struct ingot_err *err) INGOT_MUST_USE;
int ingot_unpack_files(struct ingot_unpack *u, unsigned phase, struct ingot_packages *at, struct ingot_err *err) INGOT_MUST_USE;

#define INGOT_UNPACK_PREINST 1U   /* run the phase's preinst scripts */
#define INGOT_UNPACK_CONFIGURE 2U /* dpkg --configure -a */
/* The script for /bin/sh, and its environment ("NAME=value", owned by u). What goes wrong is said in dpkg's words, whichever of the two runs. */
void ingot_unpack_script(const struct ingot_unpack *u, unsigned phase, unsigned what, struct ingot_buf *out);
const char *const *ingot_unpack_env(const struct ingot_unpack *u, size_t *ret_n);
/* One line of output: a script's failure, with the package and what failed ("postinst failed with exit status 3")? 1, or 0. */
int ingot_unpack_failure(struct ingot_span line, struct ingot_buf *package, struct ingot_buf *what);

/* At the end: takes away what belongs to tools only, and writes the records of images without dpkg (/var/lib/dpkg/status.d). */
int ingot_unpack_prune(struct ingot_unpack *u, struct ingot_packages *at, struct ingot_err *err) INGOT_MUST_USE;
