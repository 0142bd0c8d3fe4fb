#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/path.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOT_ATTR (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* The overlay, or the copy, or the checkout itself read-only; a detached mount. */
static int make_root(const struct step_plan *p, int lower, int base, int upper, int work, struct ingot_err *err)
{
	if (p->flags & INGOT_STEP_READONLY)
		return step_mount_clone(lower, "", ROOT_ATTR | MOUNT_ATTR_RDONLY, err);
	if (p->flags & INGOT_STEP_COPIED)
		return step_mount_clone(upper, "", ROOT_ATTR, err);
	ingot_pass(step_overlay_wanted(upper, err));
	char l[80], u[40], w[40];
	/* Magic links: the kernel goes from the descriptor to the directory, no name is looked up. */
	int n = snprintf(l, sizeof(l), "/proc/self/fd/%d", lower);
	if (base >= 0)
		(void)snprintf(l + n, sizeof(l) - (size_t)n, ":/proc/self/fd/%d", base);
	(void)snprintf(u, sizeof(u), "/proc/self/fd/%d", upper);
	(void)snprintf(w, sizeof(w), "/proc/self/fd/%d", work);
	/* userxattr: markers in user.overlay.*, which needs no capability outside. volatile: scratch need not survive a crash, so fsync is not passed on. */
	const char *options[] = { "lowerdir", l, "upperdir", u, "workdir", w, "userxattr", NULL, "volatile", NULL, "index", "off", "metacopy", "off", NULL };
	int root = step_mount_new("overlay", options, ROOT_ATTR, err);
	if (root < 0)
		return ingot_hint(err, "the store must be on a file system that overlayfs can write to (ext4, xfs, btrfs; not another overlay, not NFS): choose one with --store, and see 'ingot doctor'");
	return root;
}

/* Everything that needs the host's root: prepared as detached mounts, attached when that root is gone. */
struct parts {
	int root, proc, tmp, run, resolv;
	struct step_dev dev;
	int extra[STEP_MAX_TMPFS + STEP_MAX_VOLUMES];
};

/* Fork bombs: RLIMIT_NPROC does not bind the host's root. Since 6.14 the limit of process ids belongs to the pid namespace; before, to the host. */
static void limit_pids(int proc_mount)
{
	if (!step_kernel_from(6, 14))
		return;
	_cleanup_(ingot_closep) int fd = openat(proc_mount, "sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
	ssize_t ignored = fd < 0 ? -1 : write(fd, "8192", 4);
	(void)ignored; /* RLIMIT_NPROC stands beside it */
}

static int make_proc(struct ingot_err *err)
{
	_cleanup_(ingot_closep) int proc = step_mount_new("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
	if (proc < 0 && err->sys == EPERM)
		return step_mount_proc_of_host(err);
	if (proc < 0)
		return ingot_hint(err, "a container around ingot hides parts of /proc, and then the kernel gives out no new one: docker run --security-opt systempaths=unconfined, or podman run --security-opt unmask=ALL");
	limit_pids(proc);
	/* Read-only: /proc/sys and /proc/sysrq-trigger ask for the host's uid 0, which a step has when root builds. Names below /proc/self/fd lead out of this
	 * mount, so /dev/stdout stays writable. */
	ingot_pass(step_mount_attr(proc, MOUNT_ATTR_RDONLY, err));
	return TAKE_FD(proc);
}

/* Files that ask for the host's uid 0 and nothing more, which a step has when root builds, and what tells about the host's memory and keys. */
static int mask_proc(int proc_mount, int dev_mount, struct ingot_err *err)
{
	static const char *const names[] = { "kcore", "kmsg", "kpagecount", "kpageflags", "kpagecgroup", "vmallocinfo", "slabinfo", "pagetypeinfo", "timer_list", "iomem", "ioports", "keys",
					     "key-users", "sysrq-trigger", "latency_stats", "sched_debug", "kallsyms", "config.gz", "mtrr" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_(ingot_closep) int target = openat(proc_mount, names[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (target < 0)
			continue; /* this kernel has none */
		_cleanup_(ingot_closep) int null = step_mount_clone(dev_mount, "null", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, err);
		ingot_pass(null);
		if (move_mount(null, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "covering /proc/%s", names[i]);
	}
	return 0;
}

int step_fill_run(const struct step_plan *p, int run, struct ingot_err *err)
{
	if (mkdirat(run, "lock", 01777) < 0 || fchmodat(run, "lock", 01777, 0) < 0 || mkdirat(run, "ingot", 0755) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making directories in /run");
	ingot_pass(step_fill_secrets(p, run, err));
	if (!p->script.n)
		return 0;
	_cleanup_(ingot_closep) int fd = openat(run, "ingot/script", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0555);
	if (fd < 0 || fchmod(fd, 0555) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making the script");
	return ingot_write_all(fd, p->script.p, p->script.n, err);
}

static int prepare(const struct step_plan *p, int proc, struct parts *s, struct ingot_err *err)
{
	ingot_try(err, step_dev_prepare(&s->dev, err), "/dev");
	ingot_try(err, s->proc = make_proc(err), "/proc");
	ingot_try(err, s->tmp = step_mount_tmpfs(p->tmpfs_size, "1777", err), "/tmp");
	ingot_try(err, s->run = step_mount_tmpfs(p->tmpfs_size, "0755", err), "/run");
	ingot_pass(step_fill_run(p, s->run, err));
	s->resolv = -1;
	if (p->flags & INGOT_STEP_NETWORK_HOST) {
		_cleanup_(ingot_closep) int file = open("/etc/resolv.conf", O_PATH | O_CLOEXEC);
		if (file >= 0)
			ingot_try(err, s->resolv = step_mount_clone(file, "", ROOT_ATTR | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, err), "/etc/resolv.conf");
	}
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct step_mount *m = &p->mounts[i];
		if (!m->volume) {
			ingot_try(err, s->extra[i] = step_mount_tmpfs(m->size ? m->size : p->tmpfs_size, "0755", err), "%s", m->path);
			if (m->filled)
				ingot_try(err, step_fill(s->root, m->path, s->extra[i], err), "%s", m->path);
			continue;
		}
		_cleanup_(ingot_closep) int dir = step_reopen(proc, m->fd, m->path, err);
		ingot_pass(dir);
		ingot_try(err, s->extra[i] = step_mount_clone(dir, "", ROOT_ATTR | (m->readonly ? MOUNT_ATTR_RDONLY : 0), err), "%s", m->path);
	}
	return 0;
}

/* The new root becomes "/", the old one is detached, and only then is any name in the new one looked at. */
static int switch_root(int root, int cover, struct ingot_err *err)
{
	if (move_mount(root, "", cover, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "attaching the new root");
	/* pivot_root(2), "pivot_root(".", ".")": the old root ends up stacked on the new one, where one unmount by "." takes it away. */
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "changing the root");
	if (umount2(".", MNT_DETACH) < 0 || fchdir(root) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "letting the old root go");
	struct stat a, b;
	if (stat("/", &a) < 0 || fstat(root, &b) < 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return ingot_fail(err, INGOT_E_HOST, "the root did not change");
	return 0;
}

static int attach_resolv(int mount, int root, struct ingot_err *err)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_closep) int target = ingot_open_beneath(root, INGOT_SPAN("etc/resolv.conf"), O_PATH, &ignored);
	struct stat st;
	/* An image without this file, or with a link there, does without names; nothing is made for it. */
	if (target < 0 || fstat(target, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "mounting on /etc/resolv.conf");
	return 0;
}

static int attach_all(const struct step_plan *p, struct parts *s, int root, struct ingot_err *err)
{
	ingot_pass(step_attach(s->proc, root, INGOT_SPAN("proc"), err));
	ingot_pass(step_dev_attach(&s->dev, root, err));
	ingot_pass(mask_proc(s->proc, s->dev.mount, err));
	ingot_pass(step_attach(s->tmp, root, INGOT_SPAN("tmp"), err));
	ingot_pass(step_attach(s->run, root, INGOT_SPAN("run"), err));
	if (s->resolv >= 0)
		ingot_pass(attach_resolv(s->resolv, root, err));
	for (size_t i = 0; i < p->n_mounts; i++) {
		struct ingot_span path;
		if (ingot_path_from_absolute(ingot_span_of(p->mounts[i].path), &path) < 0 || !path.n)
			return ingot_fail(err, INGOT_E_INPUT, "'%s' cannot be a mount point", p->mounts[i].path);
		ingot_pass(step_attach(s->extra[i], root, path, err));
		/* Init goes on looking at it: as the mount, above which is the step's root, no more as the host's directory, above which is the host. */
		if (p->mounts[i].volume && dup3(s->extra[i], p->mounts[i].fd, O_CLOEXEC) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "keeping the mount on %s", p->mounts[i].path);
	}
	return 0;
}

int step_enter_root(const struct step_plan *p, int proc, int *ret_upper, struct ingot_err *err)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "cutting the mounts off from the host's");
	_cleanup_(ingot_closep) int lower = step_reopen(proc, STEP_FD_ROOT, "the checkout", err);
	ingot_pass(lower);
	_cleanup_(ingot_closep) int base = -1;
	if (p->flags & INGOT_STEP_LAYERED)
		ingot_pass(base = step_reopen(proc, STEP_FD_BASE, "the checkout below it", err));
	_cleanup_(ingot_closep) int upper = -1;
	_cleanup_(ingot_closep) int work = -1;
	if (!(p->flags & INGOT_STEP_READONLY)) {
		_cleanup_(ingot_closep) int scratch = step_reopen(proc, STEP_FD_SCRATCH, "the scratch directory", err);
		ingot_pass(scratch);
		ingot_pass(upper = ingot_open_beneath(scratch, INGOT_SPAN(STEP_UPPER), O_RDONLY | O_DIRECTORY, err));
		if (!(p->flags & INGOT_STEP_COPIED))
			ingot_pass(work = ingot_open_beneath(scratch, INGOT_SPAN(STEP_WORK), O_PATH | O_DIRECTORY, err));
	}
	struct parts s;
	ingot_try(err, s.root = make_root(p, lower, base, upper, work, err), "the step's root");
	/* What init keeps of it leads nowhere: the root of a mount of its own, above which nothing is. ".." from the directory itself would be the host. */
	_cleanup_(ingot_closep) int watched = -1;
	if (upper >= 0)
		ingot_pass(watched = step_mount_clone(upper, "", ROOT_ATTR | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, err));
	ingot_pass(prepare(p, proc, &s, err));
	ingot_pass(switch_root(s.root, lower, err));
	ingot_pass(attach_all(p, &s, s.root, err));
	if (sethostname(p->hostname, strlen(p->hostname)) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "setting the host name");
	if (p->flags & INGOT_STEP_LOOPBACK)
		ingot_pass(step_loopback(err));
	*ret_upper = TAKE_FD(watched);
	return 0; /* the caller closes every descriptor but those that it names */
}
