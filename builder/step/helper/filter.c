/* filter.c - the seccomp filters of a step, loaded. What they say, and why, is in ../makefilter.c. */
#include "../unrecorded.h"
#include "sandbox.h"
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filters.h" /* made by makefilter */

/* Linux 5.19; in no header of Debian 12. A signal that comes while init is at work waits for its answer: begun again, mkdir() would find its own directory. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static int load(const struct sock_filter *code, size_t n, unsigned flags, struct ingot_err *err)
{
	union { /* the kernel copies it */
		const struct sock_filter *in;
		struct sock_filter *out;
	} p = { code };
	struct sock_fprog program = { .len = (unsigned short)n, .filter = p.out };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (r < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "seccomp: loading the filter");
	return (int)r;
}

int step_filter_load(unsigned flags, struct ingot_err *err)
{
	bool inet = flags & (INGOT_STEP_LOOPBACK | INGOT_STEP_NETWORK_HOST);
	/* The forms first: the other filter is loaded through it, and lets seccomp() through itself. */
	ingot_pass(load(inet ? filter_forms_inet : filter_forms, inet ? COUNT(filter_forms_inet) : COUNT(filter_forms), 0, err));
	return load(filter_calls, COUNT(filter_calls), 0, err);
}

int step_filter_chroot(unsigned flags, struct ingot_err *err)
{
	ingot_pass(load(filter_chroot, COUNT(filter_chroot), 0, err));
	return step_scoped(flags) ? 0 : load(filter_chroot_unscoped, COUNT(filter_chroot_unscoped), 0, err);
}

/* A kernel that does not know the second flag still knows the first. */
static int load_listener(const struct sock_filter *code, size_t n, struct ingot_err *err)
{
	struct ingot_err older = INGOT_ERR_INIT;
	int r = load(code, n, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &older);
	if (r < 0)
		r = load(code, n, SECCOMP_FILTER_FLAG_NEW_LISTENER, err);
	return r < 0 ? ingot_hint(err, "EBUSY: a program around ingot listens to seccomp notifications of its own, and the kernel knows one listener only") : r;
}

int step_filter_record(struct ingot_err *err)
{
	return load_listener(filter_record, COUNT(filter_record), err);
}

ssize_t step_sendmsg_unrecorded(int fd, const struct msghdr *m)
{
	return syscall(SYS_sendmsg, fd, m, (uint64_t)STEP_UNRECORDED << 32 | MSG_NOSIGNAL);
}

int step_filter_ask(unsigned flags, bool ledger, struct ingot_err *err)
{
	static const struct {
		const struct sock_filter *code;
		size_t n;
	} asks[3][2] = {
		{ { filter_asks_ledger, COUNT(filter_asks_ledger) }, { filter_asks_identity, COUNT(filter_asks_identity) } },
		{ { filter_asks_ledger_chroot, COUNT(filter_asks_ledger_chroot) }, { filter_asks_identity_chroot, COUNT(filter_asks_identity_chroot) } },
		{ { filter_asks_ledger_kills, COUNT(filter_asks_ledger_kills) }, { filter_asks_identity_kills, COUNT(filter_asks_identity_kills) } },
	};
	if (!ledger)
		return load(filter_asks_nothing, COUNT(filter_asks_nothing), 0, err);
	bool identity = flags & INGOT_STEP_IDENTITY;
	size_t where = !(flags & INGOT_STEP_CHROOT) ? 0 : step_scoped(flags) ? 1 : 2;
	return load_listener(asks[where][identity].code, asks[where][identity].n, err);
}
