/* A helper that tells what it can do. fd 4 holds one letter: '-' no jail, 's' strict, 'g' sign, 'n' network, and for test_spawn:
 * 'f' the open descriptors and the rest of the surroundings, 'x' ends early, 'k' makes a call that no filter knows, 'h' hangs at the end, 'c' burns CPU time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/helper.h>
#include <ingot/mem.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(struct ingot_chan *c, const char *name, long r)
{
	struct ingot_err err = INGOT_ERR_INIT;
	char text[300];
	(void)snprintf(text, sizeof(text), "%s %ld", name, r < 0 ? (long)errno : 0L);
	struct ingot_msg_log m = { .level = 3, .text = ingot_span_of(text) };
	if (ingot_chan_send(c, INGOT_MSG_LOG, &m, &err) < 0)
		_exit(9);
}

static int open_close(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int open_sock(int family, int type)
{
	int fd = socket(family, type, 0);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* In a child where a success would change us; where no child can be made, here. */
static int in_child(int (*f)(void))
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	if (pid < 0)
		return f();
	if (pid == 0)
		_exit(f() < 0 ? errno : 0);
	int status;
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return errno = EFAULT, -1;
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

static int p_exec(void)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };
	return execve("/bin/true", argv, argv + 1);
}

static int p_fork(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static int p_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static int p_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int p_signal(void)
{
	return kill(getppid(), 0);
}

static int p_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}

static int p_limit(void)
{
	/* soft limit of core files up to the hard one */
	uint64_t old[2], new[2] = { 0, 0 };
	return (int)syscall(SYS_prlimit64, 0, 4, new, old);
}

static int map(int prot)
{
	void *p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	(void)munmap(p, 4096);
	return 0;
}

static int map_then_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r = p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
	int keep = errno;
	if (p != MAP_FAILED)
		(void)munmap(p, 4096);
	errno = keep;
	return r;
}

static void *thread(void *arg)
{
	struct addrinfo *ai = NULL;
	*(int *)arg = getaddrinfo("localhost", "80", NULL, &ai);
	if (ai)
		freeaddrinfo(ai);
	return NULL;
}

/* What libcurl does: a name is resolved in a thread. */
static int p_resolve(void)
{
	pthread_t t;
	int r = -1, e = pthread_create(&t, NULL, thread, &r);
	if (e)
		return errno = e, -1;
	(void)pthread_join(t, NULL);
	return r == 0 ? 0 : (errno = ENOENT, -1);
}

static void try_all(struct ingot_chan *c)
{
	char block[8];
	struct stat st;
	say(c, "open /", open_close("/", O_RDONLY));
	say(c, "open /etc/passwd", open_close("/etc/passwd", O_RDONLY));
	say(c, "open /dev/null for writing", open_close("/dev/null", O_WRONLY));
	say(c, "open /proc/self/mem", open_close("/proc/self/mem", O_RDWR));
	say(c, "open /etc/nsswitch.conf", open_close("/etc/nsswitch.conf", O_RDONLY));
	say(c, "create", open_close("/tmp/.ingot-jail-test", O_RDWR | O_CREAT));
	say(c, "openat2", (int)syscall(SYS_openat2, AT_FDCWD, "/", &(uint64_t[3]){ O_PATH, 0, 0 }, 24));
	say(c, "unlink", unlink("/tmp/.ingot-jail-test"));
	say(c, "inet", open_sock(AF_INET, SOCK_STREAM));
	say(c, "inet6", open_sock(AF_INET6, SOCK_DGRAM));
	say(c, "unix", open_sock(AF_UNIX, SOCK_STREAM));
	say(c, "netlink", open_sock(AF_NETLINK, SOCK_RAW));
	say(c, "raw", open_sock(AF_INET, SOCK_RAW));
	say(c, "alg", open_sock(AF_ALG, SOCK_SEQPACKET));
	say(c, "vsock", open_sock(40, SOCK_STREAM));
	say(c, "exec", in_child(p_exec));
	say(c, "fork", p_fork());
	say(c, "unshare", in_child(p_unshare));
	say(c, "ptrace", in_child(p_ptrace));
	say(c, "signal", in_child(p_signal));
	say(c, "dumpable", in_child(p_dumpable));
	say(c, "prlimit", in_child(p_limit));
	say(c, "map rwx", map(PROT_READ | PROT_WRITE | PROT_EXEC));
	say(c, "map rx", map(PROT_READ | PROT_EXEC));
	say(c, "mprotect rx", map_then_exec());
	say(c, "memfd", memfd_create("x", 0));
	say(c, "getrandom", getrandom(block, sizeof(block), 0));
	say(c, "resolve", p_resolve());
	/* and what must go on working */
	say(c, "fstat", fstat(INGOT_FIRST_FD, &st));
	say(c, "memory", map(PROT_READ | PROT_WRITE));
	char *p = ingot_alloc(4 << 20);
	p[1 << 20] = 1;
	free(p);
	say(c, "heap", 0);
}

static void tell_surroundings(struct ingot_chan *c)
{
	char path[64], target[200];
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && (e = readdir(d));) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%.20s", e->d_name);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		if (n < 0 || strcmp(e->d_name, "..") == 0 || atoi(e->d_name) == dirfd(d))
			continue;
		target[n] = '\0';
		(void)snprintf(path, sizeof(path), "fd %.20s %.20s", e->d_name, target);
		say(c, path, 0);
	}
	sigset_t set;
	(void)sigprocmask(SIG_SETMASK, NULL, &set);
	struct sigaction sa;
	say(c, "blocked signal", sigismember(&set, SIGUSR1) ? 0 : -1);
	(void)sigaction(SIGUSR2, NULL, &sa);
	say(c, "ignored signal", sa.sa_handler == SIG_IGN ? 0 : -1);
	say(c, "environment", environ && environ[0] ? 0 : -1);
	say(c, "session of its own", getsid(0) == getpid() ? 0 : -1);
}

int main(void)
{
	static const struct ingot_jail_limits limits = { .memory = MIB(256), .cpu = 1, .files = 64 };
	struct ingot_err err = INGOT_ERR_INIT;
	char what = '-';
	if (read(INGOT_FIRST_FD, &what, 1) != 1)
		return 9;
	if (what == 'x')
		return 3;
	struct ingot_chan *c;
	if (what == '-' || what == 'f') {
		/* Descriptors are told before take() closes what should not be there: spawn alone must have got it right. */
		c = ingot_chan_new(INGOT_CHANNEL_FD);
		if (ingot_chan_send(c, INGOT_MSG_READY, NULL, &err) < 0)
			return 9;
	} else {
		c = ingot_helper_enter(what == 'n' ? INGOT_JAIL_NETWORK : what == 'g' ? INGOT_JAIL_SIGN : INGOT_JAIL_STRICT, &limits, 1);
	}
	if (what == 'f')
		tell_surroundings(c);
	else if (what == 'k')
		(void)syscall(SYS_swapon, NULL, 0);
	else if (what == 'h')
		for (;;)
			(void)poll(NULL, 0, 1000);
	else if (what == 'c')
		for (volatile unsigned long i = 0;; i++)
			;
	else
		try_all(c);
	if (ingot_chan_send(c, INGOT_MSG_DONE, NULL, &err) < 0)
		return 9;
	ingot_helper_leave(c, NULL);
}
