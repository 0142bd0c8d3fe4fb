/* probe.c - what this host offers, found by trying it in children; for 'ingot doctor' and for failures of the set-up. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/num.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

int probe_fact(struct probe *p, bool ok, bool needed, const char *what, const char *detail, const char *fix)
{
	char text[1024];
	size_t n = 0;
	const char *parts[] = { ok ? "ok" : "no", needed ? "needed" : "useful", what, detail, ok ? "" : fix };
	for (size_t i = 0; i < 5; i++) {
		int k = snprintf(text + n, sizeof(text) - n, "%s", parts[i]);
		n += k < 0 ? 0 : (size_t)k + 1;
		if (n >= sizeof(text))
			return ingot_fail(p->err, INGOT_E_BUG, "a fact is too long");
	}
	struct ingot_msg_word w = { .kind = INGOT_WORD_FACT, .text = { text, n } };
	return ingot_chan_send(p->c, INGOT_MSG_WORD, &w, p->err);
}

int probe_in_child(struct probe *p, int namespaces, int (*f)(void))
{
	pid_t pid = (pid_t)syscall(SYS_clone, (unsigned long)namespaces | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid < 0)
		return errno ? errno : EPERM;
	if (pid == 0) {
		struct ingot_err err = INGOT_ERR_INIT;
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(INGOT_CHANNEL_FD);
		if (namespaces & CLONE_NEWUSER) {
			int proc = step_open_proc(&err);
			if (proc < 0 || step_map_ids(proc, p->uid, p->gid, 0, 0, &err) < 0)
				_exit(err.sys ? err.sys : EPERM);
		}
		errno = 0;
		_exit(f() < 0 ? (errno ? errno : EPERM) : 0);
	}
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int try_nothing(void)
{
	return 0;
}

int probe_private_mounts(void)
{
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int new_tmpfs(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	if (probe_private_mounts() < 0)
		return -1;
	int m = step_mount_tmpfs(MIB(1), "0755", &err);
	if (m < 0)
		errno = err.sys;
	return m;
}

static int try_proc(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	if (probe_private_mounts() < 0)
		return -1;
	int m = step_mount_new("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &err);
	errno = err.sys;
	return m;
}

int probe_overlay_in_memory(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	int m = new_tmpfs();
	/* Attached over the working directory's own mount point, which nobody else sees. */
	if (m < 0 || mkdirat(m, "l", 0755) < 0 || mkdirat(m, "u", 0755) < 0 || mkdirat(m, "w", 0755) < 0 || move_mount(m, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -1;
	const char *options[] = { "lowerdir", "/proc/l", "upperdir", "/proc/u", "workdir", "/proc/w", "userxattr", NULL, NULL };
	int o = step_mount_new("overlay", options, MOUNT_ATTR_NODEV, &err);
	errno = err.sys;
	return o;
}

static int try_pivot(void)
{
	int m = new_tmpfs();
	if (m < 0 || move_mount(m, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(m) < 0)
		return -1;
	return syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ? -1 : 0;
}

static int try_filter(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	int r = step_filter_load(0, &err);
	errno = err.sys;
	return r;
}

/* A number in /proc/sys, or -1. */
static long setting(const char *path)
{
	char text[32] = "";
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ingot_read_upto(fd, text, sizeof(text) - 1, &ignored) <= 0)
		return -1;
	uint32_t v;
	return ingot_parse_u32(ingot_span_trim((struct ingot_span){ text, strcspn(text, "\n") }), INT32_MAX, &v) < 0 ? -1 : (long)v;
}

static int user_namespaces(struct probe *p)
{
	int e = probe_in_child(p, CLONE_NEWUSER, try_nothing);
	long most = setting("/proc/sys/user/max_user_namespaces"), debian = setting("/proc/sys/kernel/unprivileged_userns_clone");
	char detail[200];
	(void)snprintf(detail, sizeof(detail), "uid %u: %s", (unsigned)p->uid, e ? strerror(e) : "one id mapped");
	p->no_user_namespace = e;
	return probe_fact(p, e == 0, true, "user namespaces", detail,
			  most == 0   ? "sysctl user.max_user_namespaces=15000 (it is 0)" :
			  debian == 0 ? "sysctl kernel.unprivileged_userns_clone=1 (it is 0)" :
			  e == EPERM  ? "a container around ingot forbids them: podman run --security-opt seccomp=unconfined (or a profile that allows clone and unshare), or run on the host" :
					"a kernel with CONFIG_USER_NS, and room in user.max_user_namespaces");
}

static int mounts(struct probe *p)
{
	char apparmor[512];
	int most = CLONE_NEWUSER | CLONE_NEWNS, all = step_namespaces(0);
	int e = probe_in_child(p, all, try_nothing);
	p->namespaces = e == 0;
	ingot_pass(probe_fact(p, e == 0, true, "mount, pid, ipc, uts, net and cgroup namespaces", e ? strerror(e) : "made", "a container around ingot forbids some of them: run on the host"));
	e = probe_in_child(p, most, new_tmpfs);
	p->namespaces = p->namespaces && e == 0;
	ingot_pass(probe_fact(p, e == 0, true, "mounting in a user namespace", e ? strerror(e) : "tmpfs, new mount API",
			      e == ENOSYS ? "Linux 5.12 or newer, and a surrounding container that lets fsopen(2), mount_setattr(2) and move_mount(2) through" :
			      setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 ?
					    probe_apparmor(apparmor, sizeof(apparmor)) :
					    "a container or security module around ingot forbids it: run on the host, or podman run --security-opt label=disable"));
	e = probe_in_child(p, all, try_proc);
	p->proc = e == 0;
	ingot_pass(probe_fact(p, e == 0, false, "a /proc of one's own", e ? strerror(e) : "mounted",
			      "a container around ingot hides parts of /proc, and a step sees that one: docker run --security-opt systempaths=unconfined, podman run --security-opt unmask=ALL"));
	if (!p->proc)
		ingot_pass(rung_proc(p));
	ingot_pass(rung_overlay(p));
	e = probe_in_child(p, most, try_pivot);
	p->namespaces = p->namespaces && e == 0;
	return probe_fact(p, e == 0, true, "changing the root", e ? strerror(e) : "pivot_root", "the host's root is the initial ramdisk (EINVAL): boot from a real root file system");
}

static int extras(struct probe *p)
{
	char detail[200];
	int e = probe_in_child(p, 0, try_filter);
	p->filter = e == 0;
	ingot_pass(probe_fact(p, e == 0, true, "seccomp filters", e ? strerror(e) : "loaded", "a kernel with CONFIG_SECCOMP_FILTER"));
	long abi = syscall(444 /* landlock_create_ruleset */, NULL, 0, 1U /* version */);
	(void)snprintf(detail, sizeof(detail), "%s%ld", abi > 0 ? "ABI " : "none: ", abi > 0 ? abi : (long)errno);
	ingot_pass(probe_fact(p, abi > 0, false, "Landlock", detail, "without it nothing can be fetched (ingot lock, ingot build of what is not in the store): Linux 5.13 or newer with landlock in the kernel's lsm= list"));
	uint64_t how[3] = { O_PATH, 0, 0 };
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", how, sizeof(how));
	ingot_pass(probe_fact(p, fd >= 0, false, "openat2", fd >= 0 ? "works" : strerror(errno), "it is a second check only; a hardened unit or an old kernel refuses it"));
	if (fd >= 0)
		(void)close((int)fd);
	_cleanup_(ingot_closep) int subuid = open("/etc/subuid", O_RDONLY | O_CLOEXEC);
	ingot_pass(probe_fact(p, true, false, "subordinate ids", subuid >= 0 ? "/etc/subuid is there; not needed" : "none; not needed", ""));
	bool cgroup = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	return probe_fact(p, cgroup, false, "cgroup v2", cgroup ? "mounted" : "not mounted", "memory of steps is bounded only by the host's own limits");
}

int step_probe(struct ingot_chan *c, struct ingot_err *err)
{
	struct probe p = { .c = c, .err = err, .uid = geteuid(), .gid = getegid() };
	struct utsname u;
	if (uname(&u) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "asking for the kernel's version");
	ingot_pass(probe_fact(&p, step_kernel_from(5, 12), true, "kernel", u.release, "Linux 5.12 or newer"));
	ingot_pass(user_namespaces(&p));
	if (!p.no_user_namespace)
		ingot_pass(mounts(&p));
	ingot_pass(extras(&p));
	ingot_pass(rung_tell(&p));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}
