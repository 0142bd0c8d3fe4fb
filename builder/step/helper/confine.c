/* confine.c - from init's child to the payload: what it may not have is taken away, tried, and only then is the command executed. */
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <linux/close_range.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* For uid 0: what make install, ldconfig, useradd and unpackers use on their own files. Nothing about the machine, the network or other processes' secrets. */
const int step_root_caps[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT, CAP_SETFCAP };

const size_t step_n_root_caps = sizeof(step_root_caps) / sizeof(step_root_caps[0]);

int step_close_all_but(const int *keep, size_t n, struct ingot_err *err)
{
	unsigned from = 0;
	for (size_t i = 0; i <= n; i++) {
		unsigned to = i < n ? (unsigned)keep[i] : ~0U;
		if (to > from && syscall(SYS_close_range, from, i < n ? to - 1 : to, 0) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "closing descriptors");
		from = to + 1;
	}
	return 0;
}

/* All five sets, by name (CVE-2022-24769 and its kin). */
int step_drop_caps(const int *keep, size_t n, bool exec_as_root, struct ingot_err *err)
{
	/* Without the meaning of uid 0 an execve() gives nothing back; with it, it gives what the bounding set still holds. */
	unsigned bits = SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	/* Programs that become another user ask to keep capabilities meanwhile. As setuid() is the ledger's, this asks for nothing. */
	if (!exec_as_root)
		bits |= SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "setting the secure bits");
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		bool stays = false;
		for (size_t i = 0; exec_as_root && i < n; i++)
			stays = stays || keep[i] == cap;
		if (!stays && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "dropping capability %d", cap);
	}
	return step_set_caps(keep, n, err);
}

int step_set_caps(const int *keep, size_t n, struct ingot_err *err)
{
	cap_t caps = cap_init();
	int r = caps ? 0 : -1;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const cap_value_t v[] = { keep[i] };
		r = cap_set_flag(caps, CAP_PERMITTED, 1, v, CAP_SET) < 0 || cap_set_flag(caps, CAP_EFFECTIVE, 1, v, CAP_SET) < 0 ? -1 : 0;
	}
	if (r == 0)
		r = cap_set_proc(caps);
	int sys = errno;
	if (caps)
		(void)cap_free(caps);
	errno = sys;
	return r < 0 ? ingot_fail_sys(err, INGOT_E_HOST, "dropping capabilities") : 0;
}

static int limit(int what, uint64_t soft, uint64_t hard, struct ingot_err *err)
{
	struct rlimit had, want;
	if (getrlimit((__rlimit_resource_t)what, &had) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "reading limit %d", what);
	want.rlim_max = hard < had.rlim_max ? hard : had.rlim_max;
	want.rlim_cur = soft < want.rlim_max ? soft : want.rlim_max;
	if (setrlimit((__rlimit_resource_t)what, &want) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "setting limit %d", what);
	return 0;
}

static int set_limits(const struct step_plan *p, struct ingot_err *err)
{
	/* 1, not 0: a handler in core_pattern ("|/usr/...") runs on the host and is fed even at 0; at 1 the kernel does not start it (fs/coredump.c). */
	ingot_pass(limit(RLIMIT_CORE, 1, 1, err));
	ingot_pass(limit(RLIMIT_FSIZE, p->disk_limit, p->disk_limit, err));
	ingot_pass(limit(RLIMIT_NPROC, 4096, 4096, err)); /* counted in the user namespace since 5.14; before, with the caller's other processes */
	ingot_pass(limit(RLIMIT_NOFILE, 1024, 65536, err)); /* the usual soft limit on every host */
	if (p->memory) /* a single process that asks for all of it and more hears of it at once */
		ingot_pass(limit(RLIMIT_DATA, p->memory, p->memory, err));
	ingot_pass(limit(RLIMIT_MEMLOCK, MIB(8), MIB(8), err));
	ingot_pass(limit(RLIMIT_STACK, MIB(8), RLIM_INFINITY, err));
	ingot_pass(limit(RLIMIT_RTPRIO, 0, 0, err));
	return 0;
}

static bool works(long r)
{
	return r >= 0;
}

/* What must fail is tried (safety 5.1, 5.7, 5.10). */
static int verify(const struct step_plan *p, struct ingot_err *err)
{
	bool inet = p->flags & (INGOT_STEP_LOOPBACK | INGOT_STEP_NETWORK_HOST);
	const char *wrong = NULL;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		wrong = "new privileges are possible";
	else if (works(unshare(CLONE_NEWUSER)))
		wrong = "a new user namespace was possible";
	else if (works(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0)))
		wrong = "a process in a new user namespace was possible";
	else if (works(mount("none", "/", NULL, MS_REMOUNT | MS_BIND, NULL)))
		wrong = "mounting was possible";
	else if (works(umount2("/proc", MNT_DETACH)))
		wrong = "unmounting was possible";
	else if (!inet && works(socket(AF_INET, SOCK_STREAM, 0)))
		wrong = "a network socket was possible";
	else if (works(socket(AF_ALG, SOCK_SEQPACKET, 0)) || works(socket(AF_VSOCK, SOCK_STREAM, 0)) || works(socket(AF_PACKET, SOCK_RAW, 0)))
		wrong = "a socket of a family outside of namespaces was possible";
	else if (works(syscall(SYS_io_uring_setup, 1, NULL)) || errno == EFAULT)
		wrong = "io_uring was possible";
	else if (works(open("/proc/1/exe", O_RDONLY | O_CLOEXEC)) || works(open("/proc/1/root/", O_PATH | O_CLOEXEC)))
		wrong = "ingot's own process could be looked into";
	else if (works(open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC)))
		wrong = "the kernel's settings could be written";
	char cwd[4096];
	if (!wrong && (!getcwd(cwd, sizeof(cwd)) || cwd[0] != '/'))
		wrong = "the working directory is outside"; /* "(unreachable)", CVE-2024-21626 */
	if (wrong)
		return ingot_fail(err, INGOT_E_HOST, "the sandbox does not hold: %s", wrong);
	cap_t caps = cap_get_proc(), none = cap_init();
	int same = !caps || !none ? -1 : cap_compare(caps, none);
	(void)cap_free(caps);
	(void)cap_free(none);
	if (same < 0 || (p->uid != 0 && same != 0))
		return ingot_fail(err, INGOT_E_HOST, "the sandbox does not hold: capabilities are left");
	return 0;
}

static const char *env_value(const struct step_plan *p, const char *name)
{
	size_t n = strlen(name);
	const char *found = NULL;
	for (size_t i = 0; i < p->n_env; i++)
		if (strncmp(p->env[i], name, n) == 0 && p->env[i][n] == '=')
			found = p->env[i] + n + 1;
	return found;
}

/* As execvp() does it, but with the plan's PATH, without guessing a shell, and with an error that says where was looked. */
static int execute(const struct step_plan *p, char *const *argv, struct ingot_err *err)
{
	char path[8192];
	const char *name = argv[0];
	if (strchr(name, '/')) {
		(void)execve(name, argv, p->env);
		return ingot_fail_sys(err, INGOT_E_STEP, "executing %s", name);
	}
	const char *search = env_value(p, "PATH");
	struct ingot_span rest = ingot_span_of(search ? search : ""), dir;
	while (ingot_span_next(&rest, ':', &dir)) {
		int n = snprintf(path, sizeof(path), "%.*s/%s", INGOT_SPAN_ARG(dir), name);
		if (!dir.n || n < 0 || (size_t)n >= sizeof(path))
			continue;
		(void)execve(path, argv, p->env);
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return ingot_fail_sys(err, INGOT_E_STEP, "executing %s", path);
	}
	return ingot_fail(err, INGOT_E_STEP, "there is no program '%s' in the step's PATH (%s)", name, search ? search : "empty");
}

/* Standard streams where they belong, and of the rest only what is still needed, closed by execve(). */
static int arrange(struct step_start *s, struct ingot_err *err)
{
	int high[3];
	if ((s->report = fcntl(s->report, F_DUPFD_CLOEXEC, 3)) < 0 || (s->listener_to = fcntl(s->listener_to, F_DUPFD_CLOEXEC, s->report + 1)) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "arranging descriptors");
	if (s->go >= 0 && (s->go = fcntl(s->go, F_DUPFD_CLOEXEC, s->listener_to + 1)) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "arranging descriptors");
	for (int i = 0; i < 3; i++)
		if ((high[i] = fcntl(s->stdio[i], F_DUPFD_CLOEXEC, 3)) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "arranging descriptors");
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "arranging descriptors");
	const int keep[] = { 0, 1, 2, s->report, s->listener_to, s->go };
	return step_close_all_but(keep, s->go >= 0 ? 6 : 5, err);
}

static struct msghdr one_descriptor(struct iovec *v, void *control, size_t size, int fd)
{
	struct cmsghdr *head = control;
	*head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return (struct msghdr){ .msg_iov = v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = size };
}

/* From here on init is asked. The descriptor over which it hears goes to it, and is gone here. */
static int ask(const struct step_plan *p, int to, struct ingot_err *err)
{
	int fd = step_filter_ask(p->flags, step_has_ledger(p), err);
	if (fd <= 0)
		return fd;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte = 'l';
	struct iovec v = { &byte, 1 };
	struct msghdr m = one_descriptor(&v, &control, sizeof(control.room), fd);
	ssize_t n = sendmsg(to, &m, MSG_NOSIGNAL);
	(void)close(fd);
	return n == 1 ? 0 : ingot_fail_sys(err, INGOT_E_HOST, "handing the listener over");
}

/* From here on every call is written down, so this hands its listener over by the one call that is not, and execve() comes next. It also closes that listener. */
static int record(int to, struct ingot_err *err)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte = 'r';
	struct iovec v = { &byte, 1 };
	struct msghdr m = one_descriptor(&v, &control, sizeof(control.room), -1);
	int fd = step_filter_record(err);
	ingot_pass(fd);
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return step_sendmsg_unrecorded(to, &m) == 1 ? 0 : ingot_fail_sys(err, INGOT_E_HOST, "handing the listener over");
}

static int confine(const struct step_plan *p, int listener_to, struct ingot_err *err)
{
	if (setsid() < 0) /* no terminal to type into */
		return ingot_fail_sys(err, INGOT_E_HOST, "starting a session");
	if (p->flags & INGOT_STEP_TERMINAL && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "taking the terminal");
	(void)umask(022);
	ingot_pass(set_limits(p, err));
	if (p->flags & INGOT_STEP_CHROOT)
		ingot_pass(step_chroot_become(p, err));
	else if (p->uid == 0 && step_has_ledger(p)) /* an image that runs as root does so without capabilities */
		ingot_pass(step_drop_caps(step_root_caps, step_n_root_caps, true, err));
	else
		ingot_pass(step_drop_caps(NULL, 0, false, err));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "giving up new privileges");
	/* As the payload, inside: a link on the way leads to where it would lead the payload, too. */
	{
		_cleanup_(ingot_closep) int dir = open(p->workdir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0 || fchdir(dir) < 0)
			return ingot_fail_sys(err, INGOT_E_STEP, "the step's working directory %s", p->workdir);
	}
	if (p->flags & INGOT_STEP_CHROOT)
		ingot_pass(step_chroot_walls(p, err));
	/* Abstract sockets belong to the network namespace: with the host's, a session bus would be in reach. */
	if (p->flags & INGOT_STEP_NETWORK_HOST)
		ingot_pass(ingot_landlock(INGOT_LANDLOCK_SCOPE, err));
	if (p->flags & INGOT_STEP_CHROOT)
		ingot_pass(step_filter_chroot(p->flags, err));
	ingot_pass(step_filter_load(p->flags, err));
	ingot_pass(ask(p, listener_to, err));
	return verify(p, err);
}

_Noreturn void step_payload(const struct step_plan *p, char *const *argv, const struct step_start *start)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct step_start s = *start;
	bool records = p->flags & INGOT_STEP_RECORD;
	if (arrange(&s, &err) == 0 && confine(p, s.listener_to, &err) == 0) {
		char byte;
		if (s.go >= 0 && read(s.go, &byte, 1) != 1)
			_exit(1); /* init has ended */
		if (!records || record(s.listener_to, &err) == 0)
			(void)execute(p, argv, &err);
	}
	if (s.go >= 0) { /* beside a service: told where it would have printed */
		(void)dprintf(STDERR_FILENO, "ingot: %s\n", err.msg);
		_exit(127);
	}
	ssize_t ignored = write(s.report, &err, sizeof(err));
	(void)ignored;
	_exit(127);
}
