/* program.c - running helpers of ours and foreign programs, from the coordinator's side. */
#include "spawn.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where, seen from our own executable, helpers can be: installed, in a build tree, and seen from a test in a build tree. */
static const char *const places[] = { "/../libexec/ingot", "", "/../builder", "/../../builder" };

int ingot_helper_path(const char *name, char *ret, size_t size, struct ingot_err *err)
{
	char self[4096], path[4096 + 300];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "reading /proc/self/exe (is /proc mounted?)");
	self[n] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return ingot_fail(err, INGOT_E_HOST, "/proc/self/exe is no absolute path");
	*slash = '\0';
	/* An installed binary must not look for helpers beside its own prefix; only a program below .../tests/ is a test. */
	bool test = strstr(self, "/tests/") != NULL || (slash - self > 6 && strcmp(slash - 6, "/tests") == 0);
	for (size_t i = 0; i < (test ? 4U : 2U); i++) {
		int k = snprintf(path, sizeof(path), "%s%s", self, places[i]);
		if (k < 0 || (size_t)k >= size)
			continue;
		size_t dir = (size_t)k;
		(void)snprintf(path + dir, sizeof(path) - dir, "/%s", name);
		if (access(path, F_OK) == 0) {
			memcpy(ret, path, dir);
			ret[dir] = '\0';
			return 0;
		}
	}
	(void)ingot_fail(err, INGOT_E_HOST, "%s is neither in %s/../libexec/ingot nor in %s", name, self, self);
	return ingot_hint(err, "the installation is incomplete: install ingot again");
}

void ingot_helper_kill(struct ingot_helper *h)
{
	ingot_chan_free(h->chan);
	h->chan = NULL;
	if (h->pid > 0) {
		int status;
		(void)kill(h->pid, SIGKILL);
		(void)ingot_wait(h->pid, -1, &status);
	}
	h->pid = -1;
}

int ingot_helper_failed(struct ingot_helper *h, struct ingot_err *err)
{
	int status = 0;
	char text[96];
	/* A helper that died by itself has the better story; give it a moment to be reaped. */
	if (h->pid > 0 && ingot_wait(h->pid, 200, &status) == 1) {
		h->pid = -1;
		if (WIFSIGNALED(status))
			(void)ingot_context(err, "%s ended by %s%s", h->name, ingot_wait_text(status, text),
					    WTERMSIG(status) == SIGSYS	 ? ", a system call that its jail does not know" :
					    WTERMSIG(status) == SIGXCPU ? ", its limit of CPU time" :
									  "");
	}
	ingot_helper_kill(h);
	return ingot_context(err, "%s", h->name);
}

int ingot_helper_start(struct ingot_helper *h, const char *name, const int *fds, size_t n_fds, struct ingot_err *err)
{
	static const char *const no_env[] = { NULL };
	char dir[4096], path[4096 + 300];
	int list[INGOT_MAX_SPAWN_FDS], sv[2];
	ingot_assert(n_fds < INGOT_MAX_SPAWN_FDS && h->pid <= 0);
	ingot_pass(ingot_helper_path(name, dir, sizeof(dir), err));
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting %s", name);
	_cleanup_(ingot_closep) int ours = sv[0];
	_cleanup_(ingot_closep) int theirs = sv[1];
	list[0] = theirs;
	for (size_t i = 0; i < n_fds; i++)
		list[1 + i] = fds[i];
	const char *argv[] = { name, NULL };
	struct ingot_spawn s = { .path = path, .argv = argv, .envp = no_env, .fds = list, .n_fds = 1 + n_fds, .stderr_fd = -1 };
	pid_t pid;
	ingot_pass(ingot_spawn(&s, &pid, err));
	(void)snprintf(h->name, sizeof(h->name), "%s", name);
	h->pid = pid;
	h->chan = ingot_chan_new(TAKE_FD(ours));
	ingot_closep(&theirs); /* so that its end is seen as an end of file */
	union ingot_msg m;
	if (ingot_chan_recv(h->chan, INGOT_PERMIT(INGOT_MSG_READY), &m, err) < 0)
		return ingot_helper_failed(h, err);
	return 0;
}

int ingot_helper_finish(struct ingot_helper *h, struct ingot_err *err)
{
	int status;
	char text[96];
	ingot_chan_free(h->chan);
	h->chan = NULL;
	if (h->pid <= 0)
		return 0;
	int r = ingot_wait(h->pid, INGOT_HELPER_EXIT_MS, &status);
	if (r == 0) {
		ingot_helper_kill(h);
		return ingot_fail(err, INGOT_E_BUG, "%s did not end when its work was done", h->name);
	}
	h->pid = -1;
	if (r < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "waiting for %s", h->name);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return ingot_fail(err, INGOT_E_BUG, "%s ended with %s", h->name, ingot_wait_text(status, text));
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What the program says, until it closes its stdout and stderr or the time is over; what does not fit is read and dropped, so that it never blocks. */
static void collect(int fd, int64_t end, struct ingot_buf *out)
{
	char block[4096];
	for (;;) {
		int64_t left = end - now_ms();
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		if (left <= 0)
			return;
		int k = poll(&pfd, 1, (int)left);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return;
		ssize_t n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		size_t room = out->max - out->n;
		ingot_buf_put(out, block, (size_t)n < room ? (size_t)n : room);
	}
}

int ingot_run_program(const char *const *argv, const int *fds, size_t n_fds, int timeout_ms, struct ingot_buf *output, struct ingot_err *err)
{
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
	ingot_assert(argv[0] && argv[0][0] == '/' && timeout_ms >= 0);
	int p[2] = { -1, -1 };
	if (output ? pipe2(p, O_CLOEXEC) < 0 : (p[1] = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "running %s", argv[0]);
	_cleanup_(ingot_closep) int from = p[0];
	_cleanup_(ingot_closep) int to = p[1];
	struct ingot_spawn s = { .path = argv[0], .argv = argv, .envp = env, .fds = fds, .n_fds = n_fds, .stderr_fd = to, .stdout_fd = to };
	int64_t end = now_ms() + timeout_ms;
	pid_t pid;
	ingot_pass(ingot_spawn(&s, &pid, err));
	ingot_closep(&to);
	if (output)
		collect(from, end, output);
	int64_t left = end - now_ms();
	int status;
	char text[96];
	int r = ingot_wait(pid, left > 0 ? (int)left : 0, &status);
	if (r == 0) {
		(void)kill(pid, SIGKILL);
		(void)ingot_wait(pid, -1, &status);
		return ingot_fail(err, INGOT_E_HOST, "%s did not end within %d s", argv[0], timeout_ms / 1000);
	}
	if (r < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "waiting for %s", argv[0]);
	if (!WIFEXITED(status))
		return ingot_fail(err, INGOT_E_HOST, "%s ended with %s", argv[0], ingot_wait_text(status, text));
	return WEXITSTATUS(status);
}
