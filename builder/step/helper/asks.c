/* asks.c - the calls that are asked about, and answering one.
 *
 * The rules of seccomp_unotify(2) that everything here keeps: what a call points to may change while it is looked at, so an answer of "continue" is given only
 * where nothing depends on what was read; and a process may die meanwhile, so what was read counts only while its number is still waiting (tracee_waits()). */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.6; in no header of Debian 12. The asking process continues on our processor, without waking another. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct row {
	int nr;
	answer_fn *answer;
};

static const struct row rows[] = {
#define ASK(nr, level, when, arg, answer) { nr, answer },
#include "../asks.def"
#undef ASK
};

struct asks {
	struct call call;
	struct seccomp_notif *in;
	struct seccomp_notif_resp *out;
	struct seccomp_notif_sizes size;
	bool other_numbers; /* in proc */
};

struct asks *asks_new(struct ledger *l, const struct step_plan *p, struct ingot_err *err)
{
	struct asks *a = ingot_alloc(sizeof(*a));
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &a->size) < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "asking the kernel about seccomp user notification");
		(void)ingot_hint(err, "Linux 5.9 or newer, and no container around ingot that refuses seccomp(2)");
		return NULL;
	}
	/* The kernel's may be larger than what we know. */
	a->in = ingot_alloc(a->size.seccomp_notif > sizeof(*a->in) ? a->size.seccomp_notif : sizeof(*a->in));
	a->out = ingot_alloc(a->size.seccomp_notif_resp > sizeof(*a->out) ? a->size.seccomp_notif_resp : sizeof(*a->out));
	a->call = (struct call){ .l = l, .whos = whos_new(p->uid, p->gid), .listener = -1, .has_proc = !(p->flags & INGOT_STEP_CHROOT) };
	a->call.proc = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->call.proc < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "opening the step's /proc");
		return NULL;
	}
	a->other_numbers = step_self_in(a->call.proc) != getpid();
	return a;
}

void asks_listen(struct asks *a, int take_listener)
{
	a->call.listener = take_listener;
	int ignored = ioctl(take_listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	(void)ignored; /* quicker where the kernel knows it */
}

int asks_fd(const struct asks *a)
{
	return a->call.listener;
}

static answer_fn *find_answer(int nr)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].nr == nr)
			return rows[i].answer;
	return NULL;
}

enum asks_state asks_serve(struct asks *a)
{
	struct call *c = &a->call;
	memset(a->in, 0, a->size.seccomp_notif);
	if (ioctl(c->listener, SECCOMP_IOCTL_NOTIF_RECV, a->in) < 0) {
		struct pollfd f = { c->listener, POLLIN, 0 };
		/* ENOENT: it was killed before we looked. When nobody is left who has the filter, there is nothing to wait for. */
		if (errno != EINTR && poll(&f, 1, 0) > 0 && f.revents & (POLLHUP | POLLERR | POLLNVAL))
			ingot_closep(&c->listener);
		return ASKS_GO_ON;
	}
	uint64_t args[6];
	for (size_t i = 0; i < 6; i++)
		args[i] = a->in->data.args[i];
	c->id = a->in->id;
	c->tid = (pid_t)a->in->pid;
	c->shown = a->other_numbers ? step_number_in(c->proc, c->tid) : c->tid;
	c->nr = a->in->data.nr;
	c->a = args;
	c->needs_identity = false;
	answer_fn *answer = c->tid > 0 ? find_answer(c->nr) : NULL;
	int64_t value = answer ? answer(c) : -ENOSYS;
	if (c->needs_identity)
		return ASKS_NEED_IDENTITY;
	if (value == ANSWER_SENT)
		return ASKS_GO_ON;
	memset(a->out, 0, a->size.seccomp_notif_resp);
	a->out->id = c->id;
	if (value == ANSWER_CONTINUE)
		a->out->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (value < 0)
		a->out->error = (int32_t)value;
	else
		a->out->val = value;
	int ignored = ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SEND, a->out);
	(void)ignored; /* ENOENT: it died before it heard */
	return ASKS_GO_ON;
}
