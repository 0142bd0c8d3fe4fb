/* makefilter.c - which system calls a step has (safety 5.7), written out as BPF when ingot is built: compiling it at every step took longer than all the rest of the
 * step's set-up, and a program that holds finished tables has no compiler beside untrusted code.
 *
 * Three filters, of whose answers the kernel takes the stricter: CALLS says which calls exist for a step (every other is ENOSYS, as on an older kernel, or EPERM
 * where a program should hear a clear no); FORMS refuses single forms of these by their arguments. Init has these two itself. ASKS is the payload's alone: it
 * keeps it out of other processes' memory and limits, and has init asked about the calls of the ledger (helper/ledger.h).
 *
 * Prints the tables as C to stdout; runs on the machine that ingot is built for.
 */
#include "unrecorded.h"
#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

enum level { NOTHING, LEDGER, IDENTITY, CHROOT, KILLS };
enum when { ALWAYS, DEVICE, CREATE, KEEP };
static const struct ask {
	int nr;
	enum level level;
	enum when when;
	unsigned arg;
} asks[] = {
#define ASK(nr, level, when, arg, answer) { nr, level, when, arg },
#include "asks.def"
#undef ASK
};
#define N_ASKS (sizeof(asks) / sizeof(asks[0]))

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "makefilter: %s: %s\n", what, strerror(-r));
	exit(1);
}

static scmp_filter_ctx start(uint32_t otherwise)
{
	scmp_filter_ctx f = seccomp_init(otherwise);
	must(f ? 0 : -ENOMEM, "no filter");
	/* Foreign ABIs (i386, x32) end the process: there, socketcall() would open every family. */
	must(seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "foreign ABIs");
	must(seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2), "the order of a tree");
	return f;
}

static void add_names(scmp_filter_ctx f, const char *names, uint32_t action)
{
	char name[64];
	for (size_t n; *names; names += n + (names[n] == ' ')) {
		n = strcspn(names, " ");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, names);
		int call = seccomp_syscall_resolve_name(name);
		if (call >= 0) /* else: not on this architecture, or newer than libseccomp: then it is ENOSYS */
			must(seccomp_rule_add_array(f, action, call, 0, NULL), name);
	}
}

static void rule(scmp_filter_ctx f, uint32_t action, int call, struct scmp_arg_cmp cmp)
{
	must(seccomp_rule_add_array(f, action, call, 1, &cmp), "one form of a call");
}

static void deny(scmp_filter_ctx f, int errno_, int call, struct scmp_arg_cmp cmp)
{
	rule(f, SCMP_ACT_ERRNO((unsigned)errno_), call, cmp);
}

/* AF_UNIX and NETLINK_ROUTE; AF_INET and AF_INET6 only where there is a network. All others (AF_ALG: CVE-2026-31431, AF_VSOCK, AF_PACKET ...) are in no namespace
 * or have no use here. A family above 32 bits is above AF_NETLINK, too. */
static void families(scmp_filter_ctx f, int call, bool inet)
{
	for (int family = 0; family < AF_NETLINK; family++) {
		if (family == AF_UNIX || (inet && (family == AF_INET || family == AF_INET6)))
			continue;
		deny(f, EAFNOSUPPORT, call, SCMP_A0(SCMP_CMP_EQ, (uint64_t)family));
	}
	deny(f, EAFNOSUPPORT, call, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
}

static void print(const char *name, scmp_filter_ctx take_f)
{
	struct sock_filter code[BPF_MAXINSNS];
	int fd = memfd_create("filter", MFD_CLOEXEC);
	must(fd < 0 ? -errno : seccomp_export_bpf(take_f, fd), "compiling");
	ssize_t n = pread(fd, code, sizeof(code), 0);
	must(n <= 0 || n % (ssize_t)sizeof(code[0]) ? -EIO : 0, "reading the compiled filter");
	printf("static const struct sock_filter filter_%s[] = {\n", name);
	for (size_t i = 0; i < (size_t)n / sizeof(code[0]); i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", code[i].code, code[i].jt, code[i].jf, code[i].k);
	printf("};\n");
	(void)close(fd);
	seccomp_release(take_f);
}

static void make_calls(void)
{
	scmp_filter_ctx f = start(SCMP_ACT_ERRNO(ENOSYS));
	add_names(f, allowed, SCMP_ACT_ALLOW);
	add_names(f, refused, SCMP_ACT_ERRNO(EPERM));
	print("calls", f);
}

static void make_forms(const char *name, bool inet)
{
	scmp_filter_ctx f = start(SCMP_ACT_ALLOW);
	families(f, SCMP_SYS(socket), inet);
	families(f, SCMP_SYS(socketpair), inet);
	const struct scmp_arg_cmp other_netlink[] = { SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE) };
	must(seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 2, other_netlink), "netlink");
	/* Namespaces would give capabilities back. clone3() hides its flags behind a pointer; ENOSYS makes libc use clone(). */
	static const uint64_t namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		deny(f, EPERM, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	/* Typing into a terminal (CVE-2017-5226); the kernel looks at 32 bits of the request only (CVE-2019-10063). */
	deny(f, EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, TIOCSTI));
	deny(f, EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, TIOCLINUX));
	print(name, f);
}

/* Without a pid namespace processes of the container have the step's own user, so whatever names another process is refused where it does more than ask; and chroot(),
 * with which one leaves a chroot. */
static void make_chroot(void)
{
	static const int first_names_one[] = { SCMP_SYS(prlimit64), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setattr), SCMP_SYS(sched_setparam), SCMP_SYS(sched_setscheduler) };
	static const int second_does[] = { SCMP_SYS(setpriority), SCMP_SYS(ioprio_set) };
	scmp_filter_ctx f = start(SCMP_ACT_ALLOW);
	for (size_t i = 0; i < sizeof(first_names_one) / sizeof(first_names_one[0]); i++)
		deny(f, EPERM, first_names_one[i], SCMP_A0(SCMP_CMP_NE, 0));
	for (size_t i = 0; i < sizeof(second_does) / sizeof(second_does[0]); i++)
		deny(f, EPERM, second_does[i], SCMP_A1(SCMP_CMP_NE, 0));
	/* "All of a user": PRIO_USER, IOPRIO_WHO_USER. */
	deny(f, EPERM, SCMP_SYS(setpriority), SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffU, 2));
	deny(f, EPERM, SCMP_SYS(ioprio_set), SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffU, 3));
	/* System V's memory, semaphores and queues are the container's: what a step makes is new, and what was there is not found by its key. */
	static const struct {
		int call;
		unsigned flags;
	} by_key[] = { { SCMP_SYS(shmget), 2 }, { SCMP_SYS(semget), 2 }, { SCMP_SYS(msgget), 1 } };
	static const uint64_t new[] = { IPC_CREAT, IPC_EXCL };
	for (size_t i = 0; i < sizeof(by_key) / sizeof(by_key[0]); i++)
		for (size_t k = 0; k < 2; k++) {
			const struct scmp_arg_cmp old[] = { SCMP_A0(SCMP_CMP_NE, IPC_PRIVATE), SCMP_CMP64(by_key[i].flags, SCMP_CMP_MASKED_EQ, new[k], 0) };
			must(seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM), by_key[i].call, 2, old), "keys of System V");
		}
	add_names(f, "chroot", SCMP_ACT_ERRNO(EPERM));
	print("chroot", f);
}

/* The same where Landlock does not keep signals and abstract sockets inside. kill() and its kin are asked about (helper/answer_kill.c); here is what carries a signal by
 * other ways: F_SETOWN and its kin have the kernel do it (fcntl(2)). */
static void make_chroot_unscoped(void)
{
	static const uint64_t commands[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG }, requests[] = { FIOSETOWN, SIOCSPGRP };
	scmp_filter_ctx f = start(SCMP_ACT_ALLOW);
	add_names(f, "rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal", SCMP_ACT_ERRNO(EPERM));
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		deny(f, EPERM, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, commands[i]));
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		deny(f, EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, requests[i]));
	deny(f, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	print("chroot_unscoped", f);
}

/* Asked about in every form by another row? Then this row's condition would be in the way. */
static bool asked_always(int nr, enum level level)
{
	for (size_t i = 0; i < N_ASKS; i++)
		if (asks[i].nr == nr && asks[i].when == ALWAYS && asks[i].level <= level)
			return true;
	return false;
}

static void ask(scmp_filter_ctx f, const struct ask *k)
{
	static const uint64_t tmpfile = O_TMPFILE & ~O_DIRECTORY;
	switch (k->when) {
	case ALWAYS:
		must(seccomp_rule_add_array(f, SCMP_ACT_NOTIFY, k->nr, 0, NULL), "asking");
		break;
	case DEVICE:
		rule(f, SCMP_ACT_NOTIFY, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFCHR));
		rule(f, SCMP_ACT_NOTIFY, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFBLK));
		break;
	case CREATE:
		rule(f, SCMP_ACT_NOTIFY, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT));
		rule(f, SCMP_ACT_NOTIFY, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, tmpfile, tmpfile));
		break;
	case KEEP:
		rule(f, SCMP_ACT_NOTIFY, k->nr, SCMP_CMP64(k->arg, SCMP_CMP_MASKED_EQ, 0xffffffffU, PR_SET_KEEPCAPS));
		break;
	}
}

/* more: NOTHING, or what a chroot needs beside the level */
static void make_asks(const char *name, enum level level, enum level more)
{
	scmp_filter_ctx f = start(SCMP_ACT_ALLOW);
	add_names(f, "process_vm_readv process_vm_writev", SCMP_ACT_ERRNO(EPERM));
	/* Limits of others: init has the step's uid, and without descriptors it could not count what the step writes. One's own are pid 0. */
	deny(f, EPERM, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_NE, 0));
	/* Who a process is lies in this limit (helper/who.c). pam_limits(8) sets every limit there is, between su's setgroups() and its setuid(): it hears that it did. */
	const struct scmp_arg_cmp sets[] = { SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, RLIMIT_LOCKS), SCMP_A2(SCMP_CMP_NE, 0), SCMP_A3(SCMP_CMP_EQ, 0) };
	const struct scmp_arg_cmp swaps[] = { sets[0], sets[1], SCMP_A3(SCMP_CMP_NE, 0) };
	must(seccomp_rule_add_array(f, SCMP_ACT_ERRNO(0), SCMP_SYS(prlimit64), 3, sets), "the limit of credentials");
	must(seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 3, swaps), "the limit of credentials");
	rule(f, SCMP_ACT_ERRNO(0), SCMP_SYS(setrlimit), SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffU, RLIMIT_LOCKS));
	for (size_t i = 0; i < N_ASKS; i++)
		if ((asks[i].level <= level || (asks[i].level > IDENTITY && asks[i].level <= more)) && (asks[i].when == ALWAYS || !asked_always(asks[i].nr, level)))
			ask(f, &asks[i]);
	print(name, f);
}

/* Everything is asked about (helper/record.c) but the call that hands the listener over: it is told by bits that sendmsg() itself never looks at, its flags being an int. */
static void make_record(void)
{
	scmp_filter_ctx f = start(SCMP_ACT_NOTIFY);
	rule(f, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), SCMP_A2(SCMP_CMP_MASKED_EQ, 0xffffffff00000000ULL, (uint64_t)STEP_UNRECORDED << 32));
	print("record", f);
}

int main(void)
{
	make_calls();
	make_forms("forms", false);
	make_forms("forms_inet", true);
	make_chroot();
	make_chroot_unscoped();
	make_asks("asks_nothing", NOTHING, NOTHING);
	make_asks("asks_ledger", LEDGER, NOTHING);
	make_asks("asks_identity", IDENTITY, NOTHING);
	make_asks("asks_ledger_chroot", LEDGER, CHROOT);
	make_asks("asks_identity_chroot", IDENTITY, CHROOT);
	make_asks("asks_ledger_kills", LEDGER, KILLS);
	make_asks("asks_identity_kills", IDENTITY, KILLS);
	make_record();
	return 0;
}
