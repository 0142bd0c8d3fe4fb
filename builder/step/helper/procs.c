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

pid_t step_parent_of(int proc, pid_t pid)
{
	char name[32], text[512];
	struct ingot_err ignored = INGOT_ERR_INIT;
	(void)snprintf(name, sizeof(name), "%d/stat", (int)pid);
	_cleanup_(ingot_closep) int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : ingot_read_upto(fd, text, sizeof(text) - 1, &ignored);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	/* "12 (name) S 1 ...": the name may be anything, its end is the last parenthesis (proc_pid_stat(5)). */
	const char *end = strrchr(text, ')');
	uint32_t parent;
	if (!end || strlen(end) < 5)
		return -1;
	struct ingot_span rest = ingot_span_of(end + 4), word;
	if (!ingot_span_next(&rest, ' ', &word) || ingot_parse_u32(word, INT32_MAX, &parent) < 0)
		return -1;
	return (pid_t)parent;
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
	pid_t self = getpid();
	const struct dirent *e;
	while ((e = readdir(d))) {
		uint32_t pid;
		if (ingot_parse_u32(ingot_span_of(e->d_name), INT32_MAX, &pid) < 0 || (pid_t)pid == self || !descends(proc, (pid_t)pid, self))
			continue;
		n++;
		if (f && f((pid_t)pid, ctx) < 0)
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

void step_end_all(int proc)
{
	bool scoped = ingot_landlock_abi() >= INGOT_LANDLOCK_ABI_SCOPE;
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
