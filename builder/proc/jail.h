/* jail.h - the walls of a helper (private to this room).
 *
 * In this order: no new privileges, not dumpable, rlimits, Landlock, a seccomp allow-list. Each is tried from inside before the helper says READY.
 *
 * A call that asks for something from outside (a file, a socket, a process) is answered with an errno, so that a library which merely looks
 * around (a locale, /dev/urandom) goes on; a call on neither list ends the process (SIGSYS).
 *
 * Known limits, also in docs/SECURITY.md: newfstatat() with AT_EMPTY_PATH, which is how glibc does fstat(), can ask for the metadata of a named file (seccomp
 * cannot see the name, and Landlock does not guard metadata). In the network profile, files of the list below can be read.
 */
#pragma once
#include <ingot/err.h>
#include <ingot/helper.h>

/* Landlock: 0, or 1 when this kernel has none (the caller decides whether seccomp alone will do). */
int ingot_landlock_set(enum ingot_jail jail, struct ingot_err *err) INGOT_MUST_USE;
int ingot_seccomp_set(enum ingot_jail jail, struct ingot_err *err) INGOT_MUST_USE;
/* Try what must fail. The first after Landlock and before seccomp, so that each wall is seen to stand by itself. */
int ingot_landlock_verify(struct ingot_err *err) INGOT_MUST_USE;
int ingot_seccomp_verify(enum ingot_jail jail, struct ingot_err *err) INGOT_MUST_USE;
/* All of it. */
int ingot_jail_set(enum ingot_jail jail, const struct ingot_jail_limits *limits, struct ingot_err *err) INGOT_MUST_USE;
