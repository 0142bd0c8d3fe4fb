/* Other processes, limits, and what is needed and must go on working. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <stdlib.h>
#include <unistd.h>

static int exe(void) { return of_target("exe", O_RDONLY); }
static int exe_to_write(void) /* CVE-2019-5736: a running program cannot be written; that it is let so far as ETXTBSY is enough */
{
	int r = of_target("exe", O_WRONLY);
	return r >= 0 || errno == ETXTBSY ? 0 : -1;
}
static int environment(void) { char c; int fd = of_target("environ", O_RDONLY); return fd < 0 ? -1 : (int)read(fd, &c, 1) - 1; }
static int memory(void) { return of_target("mem", O_RDWR); }
static int working_directory(void) { return of_target("cwd/.", O_RDONLY); }
static int attached(void) { return (int)ptrace(PTRACE_ATTACH, target, NULL, NULL); }
static int seized(void) { return (int)ptrace(PTRACE_SEIZE, target, NULL, NULL); }
static int traced(void) { return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL); }
static int killed(int signal)
{
	struct pollfd f = { .fd = (int)syscall(SYS_pidfd_open, target, 0), .events = POLLIN };
	if (f.fd < 0 || kill(target, signal) < 0)
		return -1;
	return holds(poll(&f, 1, 300) == 1, EPERM); /* a signal to init is dropped */
}
static int killed_hard(void) { return killed(SIGKILL); }
static int killed_softly(void) { return killed(SIGTERM); }
static int killed_by_pidfd(void)
{
	struct pollfd f = { .fd = (int)syscall(SYS_pidfd_open, target, 0), .events = POLLIN };
	return f.fd < 0 || syscall(SYS_pidfd_send_signal, f.fd, SIGKILL, NULL, 0) < 0 ? -1 : holds(poll(&f, 1, 300) == 1, EPERM);
}
static int stopped(void)
{
	char path[64], text[512] = "";
	if (kill(target, SIGSTOP) < 0 || usleep(100000) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", target);
	int fd = reaches(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	return holds(n > 0 && strstr(text, ") T "), EPERM);
}
static int queued(void)
{
	siginfo_t i = { .si_code = SI_QUEUE };
	struct pollfd f = { .fd = (int)syscall(SYS_pidfd_open, target, 0), .events = POLLIN };
	return f.fd < 0 || syscall(SYS_rt_sigqueueinfo, target, SIGUSR1, &i) < 0 ? -1 : holds(poll(&f, 1, 300) == 1, EPERM);
}
static int written(void)
{
	char a = 1;
	struct iovec l = { &a, 1 }, r = { &a, 1 };
	return (int)process_vm_writev(target, &l, 1, &r, 1, 0) < 0 && errno == EFAULT ? 0 : -1;
}
static int read_own(void)
{
	char a = 1, b = 2;
	struct iovec l = { &a, 1 }, r = { &b, 1 };
	return (int)process_vm_readv(getpid(), &l, 1, &r, 1, 0);
}
static int written_own(void)
{
	char a = 1, b = 2;
	struct iovec l = { &a, 1 }, r = { &b, 1 };
	return (int)process_vm_writev(getpid(), &l, 1, &r, 1, 0);
}
static int compared(void) { return (int)syscall(SYS_kcmp, getpid(), target, 0, 0, 0); }
static int advised(void)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct iovec v = { page, sizeof(page) };
	return (int)syscall(SYS_process_madvise, syscall(SYS_pidfd_open, target, 0), &v, 1, 20 /* MADV_COLD */, 0);
}
static int pages_moved(void) { return (int)syscall(SYS_move_pages, target, 0, NULL, NULL, NULL, 0); }
static int robust_list(void) { void *head; size_t n; return (int)syscall(SYS_get_robust_list, target, &head, &n); }
static int limited(void) { const struct rlimit l = { 8, 8 }; return (int)syscall(SYS_prlimit64, target, RLIMIT_NOFILE, &l, NULL); }
static int host_signalled(void) { return kill(host_pid, 0); }
static int host_thread_signalled(void) { return (int)syscall(SYS_tgkill, host_pid, host_pid, 0); }
static int host_by_pidfd(void) { return (int)syscall(SYS_pidfd_open, host_pid, 0); }
static int host_visible(void) { return of_host("status", O_RDONLY); }
static int host_environment(void) { return of_host("environ", O_RDONLY); }
static int host_group(void) { return getpgid(host_pid); }
static int host_session(void) { return getsid(host_pid); }
static int host_priority(void) { errno = 0; return getpriority(PRIO_PROCESS, (id_t)host_pid) == -1 && errno ? -1 : 0; }
static int host_niced(void) { return setpriority(PRIO_PROCESS, (id_t)host_pid, getpriority(PRIO_PROCESS, 0)); } /* its own: lower ones take a right */
static int host_cpus(void) { cpu_set_t s; return sched_getaffinity(host_pid, sizeof(s), &s); }
static int host_scheduler(void) { return sched_getscheduler(host_pid); }
static int host_limits(void) { struct rlimit l; return (int)syscall(SYS_prlimit64, host_pid, RLIMIT_NOFILE, NULL, &l); }
static int host_io_class(void) { return (int)syscall(SYS_ioprio_get, 1, host_pid); }
static int host_parent(void) { return holds(getppid() > 1 && getsid(getppid()) == 0, ESRCH); } /* a parent outside has no number */

static const struct probe process_probes[] = {
	PROBE(exe), HOST(exe_to_write, "the program is another user's"), PROBE(environment), PROBE(memory), PROBE(working_directory), HOST(attached, "Yama may forbid it"), HOST(seized, "Yama may forbid it"), PROBE(traced), PROBE(killed_hard),
	PROBE(killed_softly), PROBE(killed_by_pidfd), PROBE(stopped), PROBE(queued), HOST(written, "Yama may forbid it"), PROBE(read_own), PROBE(written_own), HOST(compared, KERNEL), HOST(advised, KERNEL),
	HOST(pages_moved, KERNEL), PROBE(robust_list), PROBE(limited), PROBE(host_signalled), PROBE(host_thread_signalled), PROBE(host_by_pidfd), PROBE(host_visible), HOST(host_environment, "it may be hidden"),
	PROBE(host_group), PROBE(host_session), PROBE(host_priority), PROBE(host_niced), PROBE(host_cpus), PROBE(host_scheduler), PROBE(host_limits), PROBE(host_io_class),
	HOST(host_parent, "there are no processes outside of everything"),
};
GROUP(processes, process_probes);

static int above(int what, rlim_t most)
{
	struct rlimit l;
	return getrlimit((__rlimit_resource_t)what, &l) < 0 ? -1 : holds(l.rlim_max > most, EPERM);
}
static int raised(int what)
{
	struct rlimit l;
	if (getrlimit((__rlimit_resource_t)what, &l) < 0)
		return -1;
	l.rlim_max = l.rlim_max == RLIM_INFINITY ? l.rlim_max : l.rlim_max + 1;
	l.rlim_cur = l.rlim_max;
	return above(what, 1UL << 62) == 0 ? 0 : setrlimit((__rlimit_resource_t)what, &l);
}
static int core_dumps(void) { return above(RLIMIT_CORE, 1); }
static int core_raised(void) { return raised(RLIMIT_CORE); }
static int many_processes(void) { return above(RLIMIT_NPROC, 4096); }
static int processes_raised(void) { return raised(RLIMIT_NPROC); }
static int endless_file(void) { return above(RLIMIT_FSIZE, 1UL << 40); }
static int file_raised(void) { return raised(RLIMIT_FSIZE); }
static int locked_memory(void) { return above(RLIMIT_MEMLOCK, 8 << 20); }
static int locked_raised(void) { return raised(RLIMIT_MEMLOCK); }
static int descriptors_raised(void) { const struct rlimit l = { 1 << 20, 1 << 20 }; return setrlimit(RLIMIT_NOFILE, &l); }
static int real_time(void) { const struct sched_param p = { .sched_priority = 1 }; return sched_setscheduler(0, SCHED_FIFO, &p); }
static int nicer(void) { return setpriority(PRIO_PROCESS, 0, -5); }
static int idle_io(void) { return (int)syscall(SYS_ioprio_set, 1, 0, 1 << 13 /* real time */); }

static const struct probe limit_probes[] = {
	HOST(core_dumps, "the caller's limit"), HOST(core_raised, ROOTS), HOST(many_processes, "the caller's limit"), HOST(processes_raised, ROOTS), PROBE(endless_file), PROBE(file_raised),
	HOST(locked_memory, "the caller's limit"), HOST(locked_raised, ROOTS), HOST(descriptors_raised, ROOTS), HOST(real_time, ROOTS), HOST(nicer, ROOTS), HOST(idle_io, ROOTS),
};
GROUP(limits, limit_probes);

/* --- what ordinary programs do, and must be able to do inside --- */

static int child(void) { pid_t p = fork(); if (p == 0) _exit(0); return p < 0 || waitpid(p, NULL, 0) != p ? -1 : 0; }
static int own_child_killed(void)
{
	pid_t p = fork();
	if (p == 0)
		for (;;)
			(void)pause();
	int status;
	return p < 0 || kill(p, SIGTERM) < 0 || waitpid(p, &status, 0) != p || !WIFSIGNALED(status) ? -1 : 0;
}
static int session(void) { pid_t p = fork(); if (p == 0) _exit(setsid() < 0 ? 1 : 0); int s; return waitpid(p, &s, 0) == p && s == 0 ? 0 : -1; }
static int pseudo_terminal(void)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY), unlock = 0;
	unsigned n;
	char name[64];
	if (m < 0 || ioctl(m, TIOCSPTLCK, &unlock) < 0 || ioctl(m, TIOCGPTN, &n) < 0)
		return -1;
	(void)snprintf(name, sizeof(name), "/dev/pts/%u", n);
	return open(name, O_RDWR | O_NOCTTY);
}
static int null_device(void) { char c; return write(open("/dev/null", O_WRONLY), "x", 1) == 1 && read(open("/dev/zero", O_RDONLY), &c, 1) == 1 && read(open("/dev/urandom", O_RDONLY), &c, 1) == 1 ? 0 : -1; }
static int null_truncated(void) { return open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0644); }
static int stdout_by_name(void) { return open("/dev/stdout", O_WRONLY); }
static int shared_memory(void) { return shmget(IPC_PRIVATE, 4096, 0600); }
static int message_queue(void) { return msgget(IPC_PRIVATE, 0600); }
static int posix_memory(void) { return open("/dev/shm/x", O_RDWR | O_CREAT, 0600); }
static int socket_pair(void) { int p[2]; return socketpair(AF_UNIX, SOCK_STREAM, 0, p); }
static int route_socket(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }
static int watches(void) { int e = epoll_create1(0); struct epoll_event ev = { EPOLLIN, { 0 } }; int t = timerfd_create(CLOCK_MONOTONIC, 0); return inotify_add_watch(inotify_init(), "/tmp", IN_CREATE) < 0 ? -1 : epoll_ctl(e, EPOLL_CTL_ADD, t, &ev); }
static int file_lock(void) { return flock(open("/tmp/lock", O_RDWR | O_CREAT, 0600), LOCK_EX); }
static int anonymous_file(void) { return memfd_create("x", 0); }
static int own_filter(void)
{
	struct sock_filter f[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct sock_fprog p = { 1, f };
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p);
}
static int own_landlock(void)
{
	const struct landlock_ruleset_attr a = { .handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE };
	int fd = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);
	return fd < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : (int)syscall(SYS_landlock_restrict_self, fd, 0);
}
static int own_chroot(void) { (void)mkdir("/tmp/c", 0755); return chroot("/tmp/c"); }
static int big_stack(void) { const struct rlimit l = { 64 << 20, RLIM_INFINITY }; return setrlimit(RLIMIT_STACK, &l); }
static int executable_memory(void) { return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0; }
static int lock_directory(void) { return open("/run/lock/x", O_RDWR | O_CREAT, 0600); }

/* depends: here, why it may fail inside, too */
static const struct probe needed_probes[] = {
	PROBE(child), PROBE(own_child_killed), PROBE(session), PROBE(pseudo_terminal), PROBE(null_device), PROBE(null_truncated), HOST(stdout_by_name, "the output may be a socket"), PROBE(shared_memory), PROBE(message_queue),
	PROBE(posix_memory), PROBE(socket_pair), PROBE(route_socket), PROBE(watches), PROBE(file_lock), PROBE(anonymous_file), PROBE(own_filter), HOST(own_landlock, KERNEL), HOST(own_chroot, "only as uid 0"),
	PROBE(big_stack), PROBE(executable_memory), HOST(lock_directory, "another user's outside"),
};
GROUP(needed, needed_probes);
