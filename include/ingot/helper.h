/* helper.h - starting a helper process (coordinator's side), and being one (the helper's side).
 *
 * A helper is an executable of its own, found relative to the coordinator's binary (../libexec/ingot/NAME, or beside it in a build
 * tree), never through the environment. It starts with an empty environment, /dev/null as stdin and stdout, stderr kept, its channel as
 * fd 3, the fds of the caller's list as fd 4 and up in order, and nothing else open.
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/chan.h>
#include <sys/types.h>

#define INGOT_CHANNEL_FD 3
#define INGOT_FIRST_FD 4

struct ingot_helper {
	char name[32];
	pid_t pid; /* -1: none */
	struct ingot_chan *chan;
};
#define INGOT_HELPER_INIT { .pid = -1 }

/* Start NAME ("ingot-decode") with fds (borrowed; -1 entries become /dev/null) and wait for its READY. */
int ingot_helper_start(struct ingot_helper *h, const char *name, const int *fds, size_t n_fds, struct ingot_err *err) INGOT_MUST_USE;
/* Close the channel and wait: any exit but 0 is a failure. After a failed receive call ingot_helper_kill() instead. */
int ingot_helper_finish(struct ingot_helper *h, struct ingot_err *err) INGOT_MUST_USE;
/* After a failed send or receive: kill and reap, and add to err how the helper ended ("ended by signal 31 ..., a system call that its jail
 * does not know"). Returns -1. */
int ingot_helper_failed(struct ingot_helper *h, struct ingot_err *err);
/* Kill and reap, if it runs. For _cleanup_. */
void ingot_helper_kill(struct ingot_helper *h);
/* Where helpers and data files are: fills ret with the directory that holds NAME. */
int ingot_helper_path(const char *name, char *ret, size_t size, struct ingot_err *err) INGOT_MUST_USE;

/* Run a foreign program (gpgv, sqv) by absolute path with the same hygiene: argv, empty environment but PATH and LC_ALL=C, fds as
 * above from fd 3 on (there is no channel); waits at most timeout_ms. Returns its exit status; INGOT_E_HOST when it cannot be run. Its
 * stdout and stderr are collected (bounded by the buffer, the rest is dropped) when output is not NULL, else they go to /dev/null. */
int ingot_run_program(const char *const *argv, const int *fds, size_t n_fds, int timeout_ms, struct ingot_buf *output, struct ingot_err *err) INGOT_MUST_USE;

/* --- the helper's side --- */
enum ingot_jail {
	INGOT_JAIL_STRICT,  /* read and write open fds, memory, nothing else: decode, solve, recipe */
	INGOT_JAIL_SIGN,    /* the same and random numbers: sign */
	INGOT_JAIL_NETWORK  /* sockets of AF_INET, AF_INET6, AF_UNIX (resolver), files of the resolver and the CA store read-only: fetch */
};
struct ingot_jail_limits {
	uint64_t memory;   /* RLIMIT_AS, bytes; ignored under a sanitizer */
	unsigned cpu;      /* RLIMIT_CPU, seconds */
	unsigned files;    /* RLIMIT_NOFILE */
};

/* First call of a helper's main: takes fd 3 as the channel, closes every fd beyond 3 + n_fds, sets the jail, *tries* what must
 * fail, and sends READY. On any failure it reports over the channel and ends the process. */
struct ingot_chan *ingot_helper_take(size_t n_fds); /* its first half, without jail and READY: for ingot-step, whose walls are others */
struct ingot_chan *ingot_helper_enter(enum ingot_jail jail, const struct ingot_jail_limits *limits, size_t n_fds);
/* Landlock alone, for processes whose other walls are their own (no_new_privs must be set). 0, or 1 where this kernel has none or not enough of it. */
#define INGOT_LANDLOCK_FILES 1U /* no file can be opened from here on, no TCP port bound or connected to */
#define INGOT_LANDLOCK_SCOPE 2U /* no abstract socket and no process outside can be reached */
int ingot_landlock(unsigned what, struct ingot_err *err) INGOT_MUST_USE;
/* The same with files below these directories (borrowed) left: all that can be done to them, or with reading only. Needs ABI 2, without which nothing could be renamed
 * or linked into another directory. */
int ingot_landlock_below(unsigned what, const int *dirs, size_t n_dirs, bool reading, struct ingot_err *err) INGOT_MUST_USE;
long ingot_landlock_abi(void); /* < 1: none */
#define INGOT_LANDLOCK_ABI_BELOW 2
#define INGOT_LANDLOCK_ABI_SCOPE 6 /* Linux 6.12 */
/* Last call: sends FAIL when err holds a failure, and ends the process (0, or 1 after a failure). */
_Noreturn void ingot_helper_leave(struct ingot_chan *c, const struct ingot_err *err);
