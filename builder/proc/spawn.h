/* spawn.h - one child process with exactly the descriptors and the environment that it was given (private to this room). */
#pragma once
#include <ingot/err.h>
#include <stddef.h>
#include <sys/types.h>

#define INGOT_MAX_SPAWN_FDS 64
#define INGOT_HELPER_EXIT_MS 10000 /* a helper that has nothing more to do needs no longer to end */

struct ingot_spawn {
	const char *path;        /* absolute */
	const char *const *argv; /* ends in NULL */
	const char *const *envp; /* ends in NULL */
	const int *fds;          /* become fd 3 and up; -1: /dev/null */
	size_t n_fds;
	int stderr_fd; /* becomes fd 2; -1: ours */
	int stdout_fd; /* becomes fd 1; 0 or -1: /dev/null */
};

/* stdin is /dev/null. The child is in a session of its own (a terminal's Ctrl-C reaches the coordinator alone, which then ends its
 * children in order) and dies with us. Returns once the program was executed. */
int ingot_spawn(const struct ingot_spawn *s, pid_t *ret, struct ingot_err *err) INGOT_MUST_USE;
/* 1 and the wait status; 0 when timeout_ms have passed (-1: for ever); -1 when there is no such child. */
int ingot_wait(pid_t pid, int timeout_ms, int *ret_status);
/* "exit status 3", "signal 9 (Killed)" */
const char *ingot_wait_text(int status, char ret[96]);
