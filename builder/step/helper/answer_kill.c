/* answer_kill.c - signals of a step that has no pid namespace, where Landlock does not keep them inside (before Linux 6.12): to its own processes, and to no others.
 *
 * A process's own number stays its own while it asks, so the kernel may go on with that; to any other init sends the signal itself, through a descriptor. */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/num.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The process whose thread this is; -1 when it is gone. */
static pid_t process_of(const struct call *c, pid_t tid)
{
	char name[32], text[512];
	(void)snprintf(name, sizeof(name), "%d/status", (int)tid);
	_cleanup_(ingot_closep) int fd = openat(c->proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	const char *at = strstr(text, "\nTgid:\t");
	uint32_t pid;
	return at && ingot_parse_u32((struct ingot_span){ at + 7, strcspn(at + 7, "\n") }, INT32_MAX, &pid) == 0 ? (pid_t)pid : -1;
}

static int64_t send_to(const struct call *c, pid_t pid, pid_t tid, int sig)
{
	_cleanup_(ingot_closep) int fd = step_kill_permitted(c->proc, pid);
	if (fd < 0)
		return errno == ESRCH ? -ESRCH : -EPERM;
	if (!tracee_waits(c))
		return -ESRCH;
	/* A thread is looked for below its process, which the descriptor keeps from being another one. */
	return (tid ? syscall(SYS_tgkill, pid, tid, sig) : pidfd_send_signal(fd, sig, NULL, 0)) < 0 ? -errno : 0;
}

struct group {
	const struct call *c;
	pid_t group, caller; /* group 0: everybody but the caller */
	int sig, sent;
};

static int send_one(pid_t pid, void *ctx)
{
	struct group *g = ctx;
	bool meant = g->group ? getpgid(pid) == g->group : pid != g->caller;
	g->sent += meant && send_to(g->c, pid, 0, g->sig) == 0;
	return 0;
}

int64_t answer_kill(struct call *c)
{
	pid_t pid = (pid_t)c->a[0], caller = process_of(c, c->tid);
	int sig = (int)c->a[1];
	if (pid == 0 || pid == caller || (pid < -1 && -pid == getpgid(caller)))
		return ANSWER_CONTINUE; /* its own group began in its own session */
	if (pid > 0)
		return send_to(c, pid, 0, sig);
	struct group g = { .c = c, .group = pid == -1 ? 0 : -pid, .caller = caller, .sig = sig };
	(void)step_procs_each(c->proc, send_one, &g);
	return g.sent ? 0 : -ESRCH;
}

int64_t answer_tgkill(struct call *c)
{
	pid_t pid = (pid_t)c->a[0], tid = (pid_t)c->a[1];
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	return pid == process_of(c, c->tid) ? ANSWER_CONTINUE : send_to(c, pid, tid, (int)c->a[2]);
}

int64_t answer_tkill(struct call *c)
{
	pid_t tid = (pid_t)c->a[0];
	if (tid <= 0)
		return -EINVAL;
	pid_t pid = tid == c->tid ? -1 : process_of(c, tid);
	return tid == c->tid ? ANSWER_CONTINUE : pid < 0 ? -ESRCH : send_to(c, pid, tid, (int)c->a[1]);
}
