#include "jail.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int limit(int what, uint64_t soft, uint64_t hard, const char *name, struct ingot_err *err)
{
	struct rlimit had, want = { .rlim_cur = (rlim_t)soft, .rlim_max = (rlim_t)hard };
	/* A caller may have given us less already; that stays. */
	if (getrlimit((__rlimit_resource_t)what, &had) == 0) {
		want.rlim_max = want.rlim_max > had.rlim_max ? had.rlim_max : want.rlim_max;
		want.rlim_cur = want.rlim_cur > want.rlim_max ? want.rlim_max : want.rlim_cur;
	}
	if (setrlimit((__rlimit_resource_t)what, &want) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "setting the limit %s", name);
	return 0;
}

static int set_limits(enum ingot_jail jail, const struct ingot_jail_limits *l, struct ingot_err *err)
{
	ingot_pass(limit(RLIMIT_CORE, 0, 0, "CORE", err));
	ingot_pass(limit(RLIMIT_CPU, l->cpu, (uint64_t)l->cpu + 2, "CPU", err)); /* SIGXCPU says what it was; SIGKILL comes later */
	ingot_pass(limit(RLIMIT_NOFILE, l->files, l->files, "NOFILE", err));
#ifndef INGOT_SANITIZED
	/* A sanitizer maps terabytes of address space, and its reports must reach a log file. */
	ingot_pass(limit(RLIMIT_AS, l->memory, l->memory, "AS", err));
	ingot_pass(limit(RLIMIT_FSIZE, 0, 0, "FSIZE", err));
#endif
	(void)signal(SIGXFSZ, SIG_IGN); /* stderr may be a log file: writing there fails, and that is all */
	/* Threads count, too, and per user: fetch's resolver needs them. Its filter lets no process be made. */
	if (jail != INGOT_JAIL_NETWORK)
		ingot_pass(limit(RLIMIT_NPROC, 0, 0, "NPROC", err));
	return 0;
}

static int verify_flags(struct ingot_err *err)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return ingot_fail(err, INGOT_E_BUG, "the jail does not hold: new privileges are possible");
	if (prctl(PR_GET_DUMPABLE) != 0)
		return ingot_fail(err, INGOT_E_BUG, "the jail does not hold: the process can be dumped");
	return 0;
}

static long try_open(enum ingot_jail jail)
{
	return open(jail == INGOT_JAIL_NETWORK ? "/dev/null" : "/", jail == INGOT_JAIL_NETWORK ? O_WRONLY | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
}

static long try_create(enum ingot_jail jail)
{
	return open("/tmp/ingot-jail-probe", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static long try_socket(enum ingot_jail jail)
{
	return socket(jail == INGOT_JAIL_NETWORK ? AF_PACKET : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long try_exec(enum ingot_jail jail)
{
	char *const none[] = { NULL };
	return execve("/proc/self/exe", none, none);
}

static long try_fork(enum ingot_jail jail)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(0);
	return pid;
}

static long try_ptrace(enum ingot_jail jail)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_mmap(enum ingot_jail jail)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static long try_mprotect(enum ingot_jail jail)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 0; /* needed, so this is wrong as well */
	int r = mprotect(p, 4096, PROT_READ | PROT_EXEC), sys = errno;
	(void)munmap(p, 4096);
	errno = sys;
	return r;
}

static long try_unshare(enum ingot_jail jail)
{
	return unshare(CLONE_NEWUSER);
}

static long try_mount(enum ingot_jail jail)
{
	return mount("none", "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long try_signal(enum ingot_jail jail)
{
	return kill(getppid(), 0);
}

static const struct {
	const char *what;
	long (*try)(enum ingot_jail jail);
} probes[] = {
	{ "opening a file", try_open },	     { "creating a file", try_create },	       { "a socket", try_socket },     { "executing a program", try_exec },
	{ "a new process", try_fork },	     { "ptrace", try_ptrace },		       { "writable code", try_mmap },  { "making data executable", try_mprotect },
	{ "a new namespace", try_unshare }, { "mounting", try_mount },		       { "signalling", try_signal },
};

int ingot_seccomp_verify(enum ingot_jail jail, struct ingot_err *err)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		errno = 0;
		if (probes[i].try(jail) >= 0 || (errno != EPERM && errno != EACCES))
			return ingot_fail(err, INGOT_E_BUG, "the jail does not hold: %s got past the filter (errno %d)", probes[i].what, errno);
	}
	return 0;
}

int ingot_jail_set(enum ingot_jail jail, const struct ingot_jail_limits *limits, struct ingot_err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "giving up privileges");
	ingot_pass(set_limits(jail, limits, err));
	ingot_pass(verify_flags(err));
	int missing = ingot_landlock_set(jail, err);
	ingot_pass(missing);
	if (missing && jail == INGOT_JAIL_NETWORK) {
		/* The other profiles open nothing at all, which seccomp alone can hold; this one opens some files, and only Landlock knows which. */
		(void)ingot_fail(err, INGOT_E_HOST, "this kernel offers no Landlock, without which the network helper could read every file of yours");
		return ingot_hint(err, "Linux 5.13 or newer with landlock in its list of security modules (see 'ingot doctor'), or build with --offline");
	}
	if (!missing)
		ingot_pass(ingot_landlock_verify(err));
	ingot_pass(ingot_seccomp_set(jail, err));
	return ingot_seccomp_verify(jail, err);
}
