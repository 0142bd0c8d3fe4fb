/* procs.c - the processes of a step where the kernel does not count them for us: all that descend from init, which is their reaper (PR_SET_CHILD_SUBREAPER).
 *
 * A number is not a process: it may be another one's by the time it is used. So each is opened (pidfd_open(2)), and that it descends from us is looked up after that.
 */
#include "sandbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A small file of proc, NUL-terminated. Its length, or -1. */
static ssize_t read_small(int proc, const char *name, char *ret, size_t size)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_closep) int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : ingot_read_upto(fd, ret, size - 1, &ignored);
	ret[n > 0 ? n : 0] = '\0';
	return n;
}

static pid_t number(const char *text, size_t n)
{
	uint32_t v;
	return ingot_parse_u32((struct ingot_span){ text, n }, INT32_MAX, &v) < 0 ? -1 : (pid_t)v;
}

pid_t step_self_in(int proc)
{
	char text[32];
	ssize_t n = readlinkat(proc, "self", text, sizeof(text));
	return n > 0 && (size_t)n < sizeof(text) ? number(text, (size_t)n) : -1;
}

/* The last of the numbers that a process has in the pid namespaces from proc's down to its own (proc_pid_status(5), NSpid). */
static pid_t innermost(int proc, const char *status_name)
{
	char text[4096];
	if (read_small(proc, status_name, text, sizeof(text)) <= 0)
		return -1;
	const char *line = strstr(text, "\nNSpid:"), *end = line ? strchr(line + 1, '\n') : NULL;
	if (!end)
		return -1;
	const char *at = end;
	while (at[-1] != '\t')
		at--;
	return number(at, (size_t)(end - at));
}

struct search {
	int proc;
	pid_t tid, found;
};

static int search_threads(pid_t pid, void *ctx)
{
	struct search *s = ctx;
	char name[64];
	(void)snprintf(name, sizeof(name), "%d/task", (int)pid);
	int fd = openat(s->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		ingot_closep(&fd);
		return 0;
	}
	const struct dirent *e;
	while (s->found < 0 && (e = readdir(d))) {
		pid_t tid = number(e->d_name, strlen(e->d_name));
		(void)snprintf(name, sizeof(name), "%d/task/%d/status", (int)pid, (int)tid);
		if (tid > 0 && innermost(s->proc, name) == s->tid)
			s->found = tid;
	}
	(void)closedir(d);
	return s->found < 0 ? 0 : -1;
}

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

pid_t step_number_in(int proc, pid_t tid)
{
	char name[64], text[1024];
	_cleanup_(ingot_closep) int fd = pidfd_open(tid, PIDFD_THREAD);
	if (fd < 0)
		fd = pidfd_open(tid, 0); /* before 6.9 only a process, not one of its threads */
	(void)snprintf(name, sizeof(name), "self/fdinfo/%d", fd);
	if (fd >= 0 && read_small(proc, name, text, sizeof(text)) > 0) {
		const char *at = strstr(text, "\nPid:\t");
		return at ? number(at + 6, strcspn(at + 6, "\n")) : -1;
	}
	struct search s = { proc, tid, -1 };
	(void)step_procs_each(proc, search_threads, &s);
	return s.found;
}

pid_t step_parent_of(int proc, pid_t pid)
{
	char name[32], text[512];
	(void)snprintf(name, sizeof(name), "%d/stat", (int)pid);
	if (read_small(proc, name, text, sizeof(text)) <= 0)
		return -1;
	/* "12 (name) S 1 ...": the name may be anything, its end is the last parenthesis (proc_pid_stat(5)). */
	const char *end = strrchr(text, ')');
	if (!end || strlen(end) < 5)
		return -1;
	return number(end + 4, strcspn(end + 4, " "));
}

/* At most as many steps as there can be processes: a parent that changes meanwhile becomes init, which is nearer. */
static bool descends(int proc, pid_t pid, pid_t from)
{
	for (int i = 0; i < 100000; i++) {
		pid = step_parent_of(proc, pid);
		if (pid == from)
			return true;
		if (pid <= 1)
			return false;
	}
	return false;
}

int step_kill_permitted(int proc, pid_t target)
{
	if (target <= 1 || target == getpid())
		return errno = EPERM, -1;
	_cleanup_(ingot_closep) int fd = pidfd_open(target, 0);
	if (fd < 0)
		return -1;
	/* Opened first: if it was ours then, it is the same one now. */
	return descends(proc, target, getpid()) ? TAKE_FD(fd) : (errno = EPERM, -1);
}

int step_procs_each(int proc, int (*f)(pid_t pid, void *ctx), void *ctx)
{
	int again = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = again < 0 ? NULL : fdopendir(again);
	if (!d)
		return -1;
	pid_t self = step_self_in(proc);
	const struct dirent *e;
	while ((e = readdir(d))) {
		pid_t pid = number(e->d_name, strlen(e->d_name));
		/* In a /proc of our own, where we are the first, all are ours. */
		if (pid <= 0 || pid == self || (self != 1 && !descends(proc, pid, self)))
			continue;
		n++;
		if (f && f(pid, ctx) < 0)
			break;
	}
	(void)closedir(d);
	return n;
}

struct round {
	int proc, signal;
};

static int signal_one(pid_t pid, void *ctx)
{
	const struct round *r = ctx;
	_cleanup_(ingot_closep) int fd = step_kill_permitted(r->proc, pid);
	if (fd >= 0)
		(void)pidfd_send_signal(fd, r->signal, NULL, 0);
	return 0;
}

bool step_scoped(unsigned flags)
{
	return !(flags & INGOT_STEP_UNSCOPED) && ingot_landlock_abi() >= INGOT_LANDLOCK_ABI_SCOPE;
}

/* Tried, not only asked for: kill(-1) from outside of a domain would be the end of the container. */
static bool signals_stay_inside(unsigned flags)
{
	return step_scoped(flags) && kill(getppid(), 0) < 0 && errno == EPERM;
}

void step_end_all(int proc, unsigned flags)
{
	bool scoped = signals_stay_inside(flags);
	for (unsigned pass = 0;; pass++) {
		struct round r = { proc, pass < 20 ? SIGSTOP : SIGKILL };
		pid_t gone;
		/* Our own domain keeps this to what we started, and the kernel does it in one go, so that nothing can multiply while it is done (kill_something_info()). */
		if (scoped)
			(void)kill(-1, SIGKILL);
		else
			/* One by one. Stopped first: what stands still has no more children, and what its places are taken by cannot be forked anew. */
			(void)step_procs_each(proc, signal_one, &r);
		while ((gone = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (gone < 0 && errno == ECHILD)
			return; /* every orphan below us becomes our child: none of ours is left */
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}
