#include "jail.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

INGOT_CLEANUP(void, seccomp_release)

#define SYS(name) SCMP_SYS(name)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Memory, descriptors that are open already, time, and the end of the process. */
static const int allowed[] = {
	SYS(read), SYS(write), SYS(readv), SYS(writev), SYS(pread64), SYS(pwrite64), SYS(preadv), SYS(pwritev), SYS(lseek), SYS(close), SYS(fstat), SYS(poll), SYS(ppoll),
	SYS(select), SYS(pselect6), SYS(recvfrom), SYS(recvmsg), SYS(sendto), SYS(sendmsg), SYS(dup), SYS(shutdown), SYS(fadvise64),
	SYS(brk), SYS(munmap), SYS(mremap), SYS(madvise), SYS(futex), SYS(sched_yield), SYS(restart_syscall), SYS(rt_sigreturn), SYS(rt_sigprocmask), SYS(rt_sigaction),
	SYS(sigaltstack), SYS(clock_gettime), SYS(clock_getres), SYS(clock_nanosleep), SYS(nanosleep), SYS(gettimeofday), SYS(time), SYS(times), SYS(getrusage), SYS(getpid), SYS(gettid), SYS(getppid),
	SYS(getuid), SYS(geteuid), SYS(getgid), SYS(getegid), SYS(sysinfo), SYS(uname), SYS(getcpu), SYS(sched_getaffinity), SYS(exit), SYS(exit_group),
};

/* Threads and sockets: fetch. */
static const int network[] = {
	SYS(connect), SYS(getsockname), SYS(getpeername), SYS(getsockopt), SYS(setsockopt), SYS(sendmmsg), SYS(recvmmsg), SYS(bind), SYS(pipe), SYS(pipe2), SYS(eventfd2), SYS(epoll_create1), SYS(epoll_ctl),
	SYS(epoll_wait), SYS(epoll_pwait), SYS(getrandom), SYS(set_robust_list), SYS(rseq), SYS(set_tid_address), SYS(fstatfs), SYS(getdents64), SYS(newfstatat), SYS(statx), SYS(stat), SYS(lstat), SYS(readlink), SYS(readlinkat), SYS(access),
	SYS(faccessat), SYS(faccessat2), SYS(getcwd), SYS(membarrier),
};

/* Calls of which only some forms are allowed (add_forms); the others are answered EPERM. */
static const int strict_forms[] = { SYS(mmap), SYS(mprotect), SYS(fcntl), SYS(tgkill), SYS(newfstatat) };
static const int network_forms[] = { SYS(mmap), SYS(mprotect), SYS(fcntl), SYS(tgkill), SYS(socket), SYS(socketpair), SYS(open), SYS(openat), SYS(clone), SYS(ioctl), SYS(prctl) };

/* Asked by libraries that look around, or by somebody who has taken the helper over: the answer is no. */
static const struct {
	int errno_;
	int call;
} refused[] = {
	{ EACCES, SYS(open) }, { EACCES, SYS(openat) }, { EACCES, SYS(openat2) }, { EACCES, SYS(creat) }, { EACCES, SYS(stat) }, { EACCES, SYS(lstat) }, { EACCES, SYS(statx) },
	{ EACCES, SYS(access) }, { EACCES, SYS(faccessat) }, { EACCES, SYS(faccessat2) }, { EACCES, SYS(readlink) }, { EACCES, SYS(readlinkat) }, { EACCES, SYS(getcwd) }, { EACCES, SYS(chdir) },
	{ EACCES, SYS(mkdir) }, { EACCES, SYS(mkdirat) }, { EACCES, SYS(unlink) }, { EACCES, SYS(unlinkat) }, { EACCES, SYS(rename) }, { EACCES, SYS(renameat2) }, { EACCES, SYS(statfs) },
	{ EACCES, SYS(socket) }, { EACCES, SYS(socketpair) }, { EACCES, SYS(connect) }, { EACCES, SYS(bind) }, { EPERM, SYS(execve) }, { EPERM, SYS(execveat) }, { EPERM, SYS(fork) },
	{ EPERM, SYS(vfork) }, { EPERM, SYS(clone) }, { ENOSYS, SYS(clone3) }, { EPERM, SYS(ptrace) }, { EPERM, SYS(process_vm_readv) }, { EPERM, SYS(kill) }, { EPERM, SYS(tkill) }, { EPERM, SYS(tgkill) },
	{ EPERM, SYS(unshare) }, { EPERM, SYS(setns) }, { EPERM, SYS(mount) }, { EPERM, SYS(memfd_create) }, { EPERM, SYS(prctl) }, { EPERM, SYS(prlimit64) }, { EPERM, SYS(getrlimit) }, { EPERM, SYS(setrlimit) },
	{ ENOTTY, SYS(ioctl) }, { ENOSYS, SYS(getrandom) }, { EPERM, SYS(mprotect) }, { EPERM, SYS(mmap) }, { EPERM, SYS(newfstatat) }, { EPERM, SYS(fcntl) }, { EPERM, SYS(pipe2) }, { EPERM, SYS(ftruncate) },
	{ EPERM, SYS(getdents64) }, { EPERM, SYS(io_uring_setup) }, { EPERM, SYS(bpf) }, { EPERM, SYS(perf_event_open) }, { EPERM, SYS(userfaultfd) }, { EPERM, SYS(keyctl) }, { EPERM, SYS(add_key) },
	{ EPERM, SYS(request_key) }, { EPERM, SYS(pidfd_open) }, { EPERM, SYS(pidfd_getfd) }, { ENOSYS, SYS(rseq) }, { ENOSYS, SYS(set_robust_list) }, { EPERM, SYS(seccomp) }, { EPERM, SYS(sched_setscheduler) }, { EPERM, SYS(sched_setaffinity) },
};

static bool in(const int *list, size_t n, int call)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == call)
			return true;
	return false;
}

static bool has_forms(enum ingot_jail jail, int call)
{
	return jail == INGOT_JAIL_NETWORK ? in(network_forms, COUNT(network_forms), call) : in(strict_forms, COUNT(strict_forms), call);
}

static bool is_allowed(enum ingot_jail jail, int call)
{
	return in(allowed, COUNT(allowed), call) || (jail == INGOT_JAIL_NETWORK && in(network, COUNT(network), call)) || (jail == INGOT_JAIL_SIGN && call == SYS(getrandom));
}

static int rule(scmp_filter_ctx f, uint32_t action, int call, const struct scmp_arg_cmp *cmp, unsigned n, struct ingot_err *err)
{
	int r = seccomp_rule_add_array(f, action, call, n, cmp);
	if (r < 0) {
		errno = -r;
		return ingot_fail_sys(err, INGOT_E_BUG, "seccomp: rule for call %d", call);
	}
	return 0;
}

#define ALLOW(call, ...)                                                                                  \
	do {                                                                                               \
		const struct scmp_arg_cmp cmp_[] = { __VA_ARGS__ };                                        \
		ingot_pass(rule(f, SCMP_ACT_ALLOW, (call), cmp_, (unsigned)COUNT(cmp_), err));             \
	} while (0)
#define MASKED(n, mask, value) { (n), SCMP_CMP_MASKED_EQ, (mask), (value) }
#define EQUAL(n, value) { (n), SCMP_CMP_EQ, (uint64_t)(value), 0 }

static int add_network_forms(scmp_filter_ctx f, struct ingot_err *err)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
	for (size_t i = 0; i < COUNT(families); i++) {
		ALLOW(SYS(socket), EQUAL(0, families[i]), MASKED(1, 0xf, SOCK_STREAM));
		ALLOW(SYS(socket), EQUAL(0, families[i]), MASKED(1, 0xf, SOCK_DGRAM));
	}
	/* getaddrinfo() asks the kernel for our addresses */
	ALLOW(SYS(socket), EQUAL(0, AF_NETLINK), EQUAL(2, NETLINK_ROUTE));
	ALLOW(SYS(socketpair), EQUAL(0, AF_UNIX));
	/* Reading only; Landlock says what. */
	const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
	ALLOW(SYS(open), MASKED(1, writing, O_RDONLY));
	ALLOW(SYS(openat), MASKED(2, writing, O_RDONLY));
	/* Threads, but no process and no namespace. */
	const uint64_t kinds = CLONE_THREAD | CLONE_VM | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	ALLOW(SYS(clone), MASKED(0, kinds, CLONE_THREAD | CLONE_VM));
	ALLOW(SYS(ioctl), EQUAL(1, FIONBIO));
	ALLOW(SYS(ioctl), EQUAL(1, FIONREAD));
	ALLOW(SYS(prctl), EQUAL(0, PR_SET_NAME));
	/* glibc loads libraries for names and for the end of threads: executable, but never writable at the same time. */
	ALLOW(SYS(mmap), MASKED(2, PROT_EXEC | PROT_WRITE, PROT_EXEC));
	return 0;
}

static int add_forms(scmp_filter_ctx f, enum ingot_jail jail, struct ingot_err *err)
{
	/* W^X: memory that can be executed exists already, and no more can be made. */
	ALLOW(SYS(mmap), MASKED(2, PROT_EXEC, 0));
	ALLOW(SYS(mprotect), MASKED(2, PROT_EXEC, 0));
	static const int fcntls[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC };
	for (size_t i = 0; i < COUNT(fcntls); i++)
		ALLOW(SYS(fcntl), EQUAL(1, fcntls[i]));
	ALLOW(SYS(tgkill), EQUAL(0, getpid())); /* abort() */
	if (jail == INGOT_JAIL_NETWORK)
		return add_network_forms(f, err);
	ALLOW(SYS(newfstatat), MASKED(3, AT_EMPTY_PATH, AT_EMPTY_PATH)); /* fstat(), see jail.h */
	return 0;
}

static int start(uint32_t otherwise, scmp_filter_ctx *ret, struct ingot_err *err)
{
	scmp_filter_ctx f = seccomp_init(otherwise);
	/* Foreign ABIs (i386, x32) end the process: their numbers mean other calls. */
	if (!f || seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 || seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0) {
		seccomp_release(f);
		return ingot_fail(err, INGOT_E_BUG, "seccomp: no filter");
	}
	*ret = f;
	return 0;
}

static int load(scmp_filter_ctx f, struct ingot_err *err)
{
	int r = seccomp_load(f);
	if (r == 0)
		return 0;
	errno = -r;
	(void)ingot_fail_sys(err, INGOT_E_HOST, "seccomp: loading the filter");
	return ingot_hint(err, "the kernel needs CONFIG_SECCOMP_FILTER, and a surrounding container must let seccomp(2) through");
}

/* Which calls there are at all: every other one ends the process. */
static int load_known(enum ingot_jail jail, struct ingot_err *err)
{
	_cleanup_(seccomp_releasep) scmp_filter_ctx f = NULL;
	ingot_pass(start(SCMP_ACT_KILL_PROCESS, &f, err));
	for (size_t i = 0; i < COUNT(allowed); i++)
		ingot_pass(rule(f, SCMP_ACT_ALLOW, allowed[i], NULL, 0, err));
	for (size_t i = 0; jail == INGOT_JAIL_NETWORK && i < COUNT(network); i++)
		ingot_pass(rule(f, SCMP_ACT_ALLOW, network[i], NULL, 0, err));
	for (size_t i = 0; i < COUNT(refused); i++)
		ingot_pass(rule(f, SCMP_ACT_ALLOW, refused[i].call, NULL, 0, err));
	return load(f, err);
}

/* Of these, which are allowed. A filter of its own, because libseccomp drops the conditions of a call when it gets a rule without one;
 * the kernel takes the strictest answer of both filters. */
static int load_answers(enum ingot_jail jail, struct ingot_err *err)
{
	_cleanup_(seccomp_releasep) scmp_filter_ctx f = NULL;
	ingot_pass(start(SCMP_ACT_ERRNO(EPERM), &f, err));
	for (size_t i = 0; i < COUNT(allowed); i++)
		ingot_pass(rule(f, SCMP_ACT_ALLOW, allowed[i], NULL, 0, err));
	for (size_t i = 0; jail == INGOT_JAIL_NETWORK && i < COUNT(network); i++)
		ingot_pass(rule(f, SCMP_ACT_ALLOW, network[i], NULL, 0, err));
	if (jail == INGOT_JAIL_SIGN)
		ingot_pass(rule(f, SCMP_ACT_ALLOW, SYS(getrandom), NULL, 0, err));
	ingot_pass(add_forms(f, jail, err));
	for (size_t i = 0; i < COUNT(refused); i++)
		if (refused[i].errno_ != EPERM && !is_allowed(jail, refused[i].call) && !has_forms(jail, refused[i].call))
			ingot_pass(rule(f, SCMP_ACT_ERRNO((unsigned)refused[i].errno_), refused[i].call, NULL, 0, err));
	return load(f, err);
}

int ingot_seccomp_set(enum ingot_jail jail, struct ingot_err *err)
{
	/* In this order: loading is itself prctl() and seccomp(), which are known calls, but answered EPERM by the second filter. */
	ingot_pass(load_known(jail, err));
	return load_answers(jail, err);
}
