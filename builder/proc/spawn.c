#include "spawn.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Which part of the child's preparation failed; travels over the pipe together with errno. */
enum stage { ST_DEATH, ST_NULL, ST_FDS, ST_CLOSE, ST_EXEC };
struct report {
	enum stage stage;
	int sys;
};

/* Between fork and exec only async-signal-safe calls: the coordinator may have threads (zstd's workers). */
static _Noreturn void child_fail(int report_fd, enum stage stage)
{
	struct report r = { stage, errno };
	ssize_t ignored = write(report_fd, &r, sizeof(r));
	(void)ignored;
	_exit(127);
}

static void reset_signals(void)
{
	struct sigaction dfl;
	memset(&dfl, 0, sizeof(dfl));
	dfl.sa_handler = SIG_DFL;
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL); /* SIGKILL, SIGSTOP and the two of libc refuse: they are at default */
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Every source first moves above the range of targets, so that no dup2() can overwrite one that is still needed. */
static void arrange_fds(const struct ingot_spawn *s, int null, int *report_fd)
{
	int high[INGOT_MAX_SPAWN_FDS], first = 3 + (int)s->n_fds, log = s->stderr_fd, out = s->stdout_fd;
	if ((*report_fd = fcntl(*report_fd, F_DUPFD_CLOEXEC, first)) < 0)
		_exit(127);
	if ((null = fcntl(null, F_DUPFD_CLOEXEC, first)) < 0)
		child_fail(*report_fd, ST_FDS);
	if (log < 0 && fcntl(STDERR_FILENO, F_GETFD) >= 0)
		log = STDERR_FILENO;
	if ((log = fcntl(log < 0 ? null : log, F_DUPFD_CLOEXEC, first)) < 0)
		child_fail(*report_fd, ST_FDS);
	if ((out = fcntl(out > 0 ? out : null, F_DUPFD_CLOEXEC, first)) < 0)
		child_fail(*report_fd, ST_FDS);
	for (size_t i = 0; i < s->n_fds; i++)
		if ((high[i] = fcntl(s->fds[i] < 0 ? null : s->fds[i], F_DUPFD_CLOEXEC, first)) < 0)
			child_fail(*report_fd, ST_FDS);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		child_fail(*report_fd, ST_FDS);
	for (size_t i = 0; i < s->n_fds; i++)
		if (dup2(high[i], 3 + (int)i) < 0)
			child_fail(*report_fd, ST_FDS);
	/* Marked, not closed: the report's descriptor must live until the exec. Nothing else survives it (CVE-2024-21626). */
	if (syscall(SYS_close_range, (unsigned)first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		child_fail(*report_fd, ST_CLOSE);
}

static _Noreturn void child(const struct ingot_spawn *s, pid_t parent, int report_fd)
{
	reset_signals();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		child_fail(report_fd, ST_DEATH);
	if (getppid() != parent)
		_exit(127); /* it died before it could be watched */
	(void)setsid();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (null < 0)
		child_fail(report_fd, ST_NULL);
	arrange_fds(s, null, &report_fd);
	/* execve() takes its vectors unqualified for history's sake (POSIX, rationale of exec) and does not change them. */
	(void)execve(s->path, (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)s->envp);
	child_fail(report_fd, ST_EXEC);
}

static int explain(const struct ingot_spawn *s, const struct report *r, struct ingot_err *err)
{
	static const char *const what[] = { "asking to die with its parent", "opening /dev/null", "arranging descriptors", "closing descriptors (Linux 5.11 or newer is needed)",
					    "starting" };
	errno = r->sys;
	return ingot_fail_sys(err, INGOT_E_HOST, "%s %s", r->stage <= ST_EXEC ? what[r->stage] : "preparing", s->path);
}

int ingot_spawn(const struct ingot_spawn *s, pid_t *ret, struct ingot_err *err)
{
	ingot_assert(s->n_fds <= INGOT_MAX_SPAWN_FDS);
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting %s", s->path);
	_cleanup_(ingot_closep) int report = p[0];
	_cleanup_(ingot_closep) int to = p[1];
	/* No handler of ours may run in the child before it has reset them. */
	sigset_t all, old;
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid_t self = getpid(), pid = fork();
	if (pid == 0)
		child(s, self, to);
	int sys = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = sys;
	if (pid < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting %s", s->path);
	ingot_closep(&to);
	struct report r;
	ssize_t n = ingot_read_upto(report, &r, sizeof(r), err);
	if (n == 0) {
		*ret = pid;
		return 0;
	}
	int status;
	(void)kill(pid, SIGKILL);
	(void)ingot_wait(pid, -1, &status);
	if (n != sizeof(r))
		return n < 0 ? -1 : ingot_fail(err, INGOT_E_HOST, "starting %s: the child ended early", s->path);
	return explain(s, &r, err);
}

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int ingot_wait(pid_t pid, int timeout_ms, int *ret_status)
{
	int64_t end = now_ms() + timeout_ms;
	long pause_us = 100;
	for (;;) {
		int status;
		pid_t r = waitpid(pid, &status, timeout_ms < 0 ? 0 : WNOHANG);
		if (r == pid) {
			*ret_status = status;
			return 1;
		}
		if (r < 0 && errno != EINTR)
			return -1;
		if (timeout_ms < 0)
			continue;
		if (now_ms() >= end)
			return 0;
		/* Polling needs neither a signal handler (the process is the caller's) nor pidfd_open(), which older filters refuse. */
		struct timespec t = { 0, pause_us * 1000 };
		(void)nanosleep(&t, NULL);
		if (pause_us < 5000)
			pause_us *= 2;
	}
}

const char *ingot_wait_text(int status, char ret[96])
{
	if (WIFEXITED(status))
		(void)snprintf(ret, 96, "exit status %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		(void)snprintf(ret, 96, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		(void)snprintf(ret, 96, "wait status %d", status);
	return ret;
}
