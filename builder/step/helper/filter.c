/* filter.c - which system calls a step has (safety 5.7).
 *
 * Three filters, of whose answers the kernel takes the stricter: the first says which calls exist for a step (every other is ENOSYS, as on an
 * older kernel, or EPERM where a program should hear a clear no); the second refuses single forms of these by their arguments. Init has these two itself. The
 * third is the payload's alone: it keeps it out of other processes' memory, and has init asked about the calls of the ledger (ledger.h).
 */
#include "ledger.h"
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

INGOT_CLEANUP(void, seccomp_release)

/* By name: a name that this machine's architecture does not have is left out. */
static const char allowed[] =
	"accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown chroot clock_getres clock_gettime clock_nanosleep clone close "
	"close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve "
	"execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr "
	"flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_waitv futimesat get_robust_list get_thread_area getcpu getcwd getdents "
	"getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit "
	"getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl ioprio_get "
	"ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listxattr llistxattr lremovexattr lseek "
	"lsetxattr lstat madvise map_shadow_stack membarrier memfd_create mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mprotect mremap mseal msgctl msgget "
	"msgrcv msgsnd msync munlock munlockall munmap nanosleep newfstatat open openat openat2 pause personality pidfd_open pidfd_send_signal pipe pipe2 "
	"pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_vm_readv process_vm_writev pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat "
	"readv recvfrom recvmmsg recvmsg removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
	"rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
	"sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop "
	"semtimedop sendfile sendmmsg sendmsg sendto set_robust_list set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid "
	"setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 socket "
	"socketpair splice stat statfs statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun "
	"timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utime utimensat utimes vfork "
	"vmsplice wait4 waitid write writev";

static const char refused[] =
	"_sysctl acct add_key adjtimex bpf clock_adjtime clock_settime create_module delete_module fanotify_init fanotify_mark finit_module fsconfig fsmount fsopen fspick get_mempolicy "
	"init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie lsm_set_self_attr mbind memfd_secret migrate_pages modify_ldt mount "
	"mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree open_tree_attr perf_event_open pidfd_getfd pivot_root process_madvise process_mrelease "
	"ptrace query_module quotactl quotactl_fd reboot request_key set_mempolicy set_mempolicy_home_node setdomainname sethostname setns "
	"settimeofday statmount listmount swapoff swapon syslog umount umount2 unshare uselib userfaultfd ustat vhangup vm86 vm86old";

static int fail(int r, const char *what, struct ingot_err *err)
{
	errno = -r;
	return ingot_fail_sys(err, INGOT_E_HOST, "seccomp: %s", what);
}

static int add_names(scmp_filter_ctx f, const char *names, uint32_t action, struct ingot_err *err)
{
	struct ingot_span rest = ingot_span_of(names), name;
	while (ingot_span_next(&rest, ' ', &name)) {
		char text[64] = "";
		memcpy(text, name.p, name.n < sizeof(text) ? name.n : sizeof(text) - 1);
		int call = seccomp_syscall_resolve_name(text);
		if (call < 0)
			continue; /* not on this architecture, or newer than libseccomp: then it is ENOSYS */
		int r = seccomp_rule_add_array(f, action, call, 0, NULL);
		if (r < 0)
			return fail(r, text, err);
	}
	return 0;
}

static int start(uint32_t otherwise, scmp_filter_ctx *ret, struct ingot_err *err)
{
	scmp_filter_ctx f = seccomp_init(otherwise);
	/* Foreign ABIs (i386, x32) end the process: there, socketcall() would open every family. */
	if (!f || seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 || seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0) {
		seccomp_release(f);
		return ingot_fail(err, INGOT_E_HOST, "seccomp: no filter");
	}
	*ret = f;
	return 0;
}

static int compile(scmp_filter_ctx f, struct ingot_buf *ret, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "seccomp: compiling the filter");
	int r = seccomp_export_bpf(f, fd);
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return fail(r < 0 ? r : -errno, "compiling the filter", err);
	ret->max = BPF_MAXINSNS * sizeof(struct sock_filter);
	return ingot_read_all(fd, ret, err);
}

static int load(const struct ingot_buf *code, unsigned flags, struct ingot_err *err)
{
	struct sock_fprog p = { .len = (unsigned short)(code->n / sizeof(struct sock_filter)), .filter = (struct sock_filter *)(void *)code->p };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
	if (r < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "seccomp: loading the filter");
	return (int)r;
}

static int deny(scmp_filter_ctx f, int errno_, int call, struct scmp_arg_cmp cmp, struct ingot_err *err)
{
	int r = seccomp_rule_add_array(f, SCMP_ACT_ERRNO((unsigned)errno_), call, 1, &cmp);
	return r < 0 ? fail(r, "refusing one form of a call", err) : 0;
}

/* AF_UNIX and NETLINK_ROUTE; AF_INET and AF_INET6 only where there is a network. All others (AF_ALG: CVE-2026-31431, AF_VSOCK, AF_PACKET ...) are in no namespace
 * or have no use here. A family above 32 bits is above AF_NETLINK, too. */
static int families(scmp_filter_ctx f, int call, unsigned flags, struct ingot_err *err)
{
	bool inet = flags & (INGOT_STEP_LOOPBACK | INGOT_STEP_NETWORK_HOST);
	for (int family = 0; family < AF_NETLINK; family++) {
		if (family == AF_UNIX || (inet && (family == AF_INET || family == AF_INET6)))
			continue;
		ingot_pass(deny(f, EAFNOSUPPORT, call, SCMP_A0(SCMP_CMP_EQ, (uint64_t)family), err));
	}
	return deny(f, EAFNOSUPPORT, call, SCMP_A0(SCMP_CMP_GT, AF_NETLINK), err);
}

static int add_forms(scmp_filter_ctx f, unsigned flags, struct ingot_err *err)
{
	ingot_pass(families(f, SCMP_SYS(socket), flags, err));
	ingot_pass(families(f, SCMP_SYS(socketpair), flags, err));
	const struct scmp_arg_cmp other_netlink[] = { SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE) };
	int r = seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 2, other_netlink);
	if (r < 0)
		return fail(r, "refusing netlink", err);
	/* Namespaces would give capabilities back. clone3() hides its flags behind a pointer; ENOSYS makes libc use clone(). */
	static const uint64_t namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		ingot_pass(deny(f, EPERM, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]), err));
	/* Typing into a terminal (CVE-2017-5226); the kernel looks at 32 bits of the request only (CVE-2019-10063). */
	ingot_pass(deny(f, EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, TIOCSTI), err));
	return deny(f, EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, TIOCLINUX), err);
}

static int ask_if(scmp_filter_ctx f, int call, struct scmp_arg_cmp cmp, struct ingot_err *err)
{
	int r = seccomp_rule_add_array(f, SCMP_ACT_NOTIFY, call, 1, &cmp);
	return r < 0 ? fail(r, "asking about one form of a call", err) : 0;
}

/* Asked about in every form by another row? Then this row's condition would be in the way. */
static bool asked_always(int nr, bool identity)
{
	for (const struct ask *k = step_asks; k->answer; k++)
		if (k->nr == nr && k->when == ASK_ALWAYS && (identity || !k->identity))
			return true;
	return false;
}

static int add_asks(scmp_filter_ctx f, bool identity, struct ingot_err *err)
{
	for (const struct ask *k = step_asks; k->answer; k++) {
		if (k->identity && !identity)
			continue;
		if (k->when == ASK_ALWAYS) {
			int r = seccomp_rule_add_array(f, SCMP_ACT_NOTIFY, k->nr, 0, NULL);
			if (r < 0)
				return fail(r, "asking about a call", err);
		} else if (asked_always(k->nr, identity)) {
			continue;
		} else if (k->when == ASK_DEVICE) {
			ingot_pass(ask_if(f, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFCHR), err));
			ingot_pass(ask_if(f, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFBLK), err));
		} else if (k->when == ASK_KEEP) {
			ingot_pass(ask_if(f, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, 0xffffffffU, PR_SET_KEEPCAPS), err));
		} else {
			ingot_pass(ask_if(f, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT), err));
			ingot_pass(ask_if(f, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, O_TMPFILE & ~O_DIRECTORY, O_TMPFILE & ~O_DIRECTORY), err));
		}
	}
	return 0;
}

int step_filter_make(unsigned flags, bool ledger, struct step_filter *ret, struct ingot_err *err)
{
	_cleanup_(seccomp_releasep) scmp_filter_ctx forms = NULL;
	_cleanup_(seccomp_releasep) scmp_filter_ctx calls = NULL;
	_cleanup_(seccomp_releasep) scmp_filter_ctx asks = NULL;
	ingot_pass(start(SCMP_ACT_ALLOW, &forms, err));
	ingot_pass(add_forms(forms, flags, err));
	ingot_pass(start(SCMP_ACT_ERRNO(ENOSYS), &calls, err));
	ingot_pass(add_names(calls, allowed, SCMP_ACT_ALLOW, err));
	ingot_pass(add_names(calls, refused, SCMP_ACT_ERRNO(EPERM), err));
	ingot_pass(compile(forms, &ret->forms, err));
	ingot_pass(compile(calls, &ret->calls, err));
	ingot_pass(start(SCMP_ACT_ALLOW, &asks, err));
	ingot_pass(add_names(asks, "process_vm_readv process_vm_writev", SCMP_ACT_ERRNO(EPERM), err));
	if (ledger)
		ingot_pass(add_asks(asks, flags & INGOT_STEP_IDENTITY, err));
	ret->ledger = ledger;
	return compile(asks, &ret->asks, err);
}

int step_filter_load(const struct step_filter *f, struct ingot_err *err)
{
	/* The forms first: the other filter is loaded through it, and lets seccomp() through itself. */
	ingot_pass(load(&f->forms, 0, err));
	return load(&f->calls, 0, err);
}

int step_filter_ask(const struct step_filter *f, struct ingot_err *err)
{
	int r = load(&f->asks, f->ledger ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, err);
	return r < 0 ? ingot_hint(err, "EBUSY: a program around ingot listens to seccomp notifications of its own, and the kernel knows one listener only") : r;
}
