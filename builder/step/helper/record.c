/* record.c - which system calls the programs of a test make, for a profile of exactly these. Every call is asked about and let go: the filter of the payload's last act
 * before execve() (confine.c) sends them here. A filter cannot forget what it has seen, so each costs the way to init and back.
 *
 * "Continue" is the answer to everything, which takes nothing away from the other filters: the kernel asks only about what all of them let through. */
#include "sandbox.h"
#include <errno.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct record {
	int listener[STEP_RECORDED];
	size_t n;
	struct seccomp_notif *in;
	struct seccomp_notif_resp *out;
	struct seccomp_notif_sizes size;
	uint8_t seen[INGOT_STEP_CALLS / 8];
};

struct record *record_new(struct ingot_err *err)
{
	struct record *r = ingot_alloc(sizeof(*r));
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &r->size) < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "asking the kernel about seccomp user notification");
		free(r);
		return NULL;
	}
	r->in = ingot_alloc(r->size.seccomp_notif > sizeof(*r->in) ? r->size.seccomp_notif : sizeof(*r->in));
	r->out = ingot_alloc(r->size.seccomp_notif_resp > sizeof(*r->out) ? r->size.seccomp_notif_resp : sizeof(*r->out));
	for (size_t i = 0; i < STEP_RECORDED; i++)
		r->listener[i] = -1;
	return r;
}

void record_listen(struct record *r, int take_listener)
{
	if (r->n < STEP_RECORDED)
		r->listener[r->n++] = take_listener;
	else
		(void)close(take_listener);
}

int record_fd(const struct record *r, size_t i)
{
	return r->listener[i];
}

void record_serve(struct record *r, size_t i)
{
	memset(r->in, 0, r->size.seccomp_notif);
	if (ioctl(r->listener[i], SECCOMP_IOCTL_NOTIF_RECV, r->in) < 0) {
		struct pollfd f = { r->listener[i], POLLIN, 0 };
		/* It was killed before we looked; or nobody is left. */
		if (errno != EINTR && poll(&f, 1, 0) > 0 && f.revents & (POLLHUP | POLLERR | POLLNVAL))
			ingot_closep(&r->listener[i]);
		return;
	}
	int nr = r->in->data.nr;
	if (nr >= 0 && nr < INGOT_STEP_CALLS)
		r->seen[nr / 8] |= (uint8_t)(1U << (nr % 8));
	memset(r->out, 0, r->size.seccomp_notif_resp);
	r->out->id = r->in->id;
	r->out->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	int ignored = ioctl(r->listener[i], SECCOMP_IOCTL_NOTIF_SEND, r->out);
	(void)ignored; /* ENOENT: it died before it heard */
}

void record_seen(const struct record *r, uint8_t ret[INGOT_STEP_CALLS / 8])
{
	memcpy(ret, r->seen, sizeof(r->seen));
}
