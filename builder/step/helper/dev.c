#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const struct {
	const char *path, *name;
	unsigned major, minor;
} devices[STEP_DEVICES] = {
	{ "/dev/null", "null", 1, 3 },	   { "/dev/zero", "zero", 1, 5 },	{ "/dev/full", "full", 1, 7 },
	{ "/dev/random", "random", 1, 8 }, { "/dev/urandom", "urandom", 1, 9 }, { "/dev/tty", "tty", 5, 0 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },	    { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};

int step_dev_make(int dev, struct ingot_err *err)
{
	for (size_t i = 0; i < STEP_DEVICES; i++)
		if (mknodat(dev, devices[i].name, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)) < 0) {
			(void)ingot_fail_sys(err, INGOT_E_HOST, "making /dev/%s", devices[i].name);
			return ingot_hint(err, "the container lacks CAP_MKNOD, which Docker's default has");
		}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "making /dev/%s", links[i].name);
	if (mkdirat(dev, "shm", 01777) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making /dev/shm");
	_cleanup_(ingot_closep) int null = openat(dev, "null", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (null < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "opening the step's /dev/null");
		return ingot_hint(err, "the store is on a file system that is mounted nodev: choose another place with --store");
	}
	return 0;
}

int step_dev_prepare(struct step_dev *d, struct ingot_err *err)
{
	static const char *const options[] = { "size", "65536", "nr_inodes", "64", "mode", "0755", NULL };
	static const char *const pts_options[] = { "ptmxmode", "0666", "mode", "0620", NULL };
	d->mount = step_mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	ingot_pass(d->mount);
	for (size_t i = 0; i < STEP_DEVICES; i++) {
		/* The host's own node, because a user namespace can make none; looked at, because a container's /dev may hold anything. Read-only, because where root
		 * builds, the step's user owns it: a chmod() would be the host's. Reading and writing a device asks for no writable mount. */
		d->node[i] = step_mount_clone(AT_FDCWD, devices[i].path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, err);
		ingot_pass(d->node[i]);
		struct stat st;
		if (fstat(d->node[i], &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(devices[i].major, devices[i].minor))
			return ingot_fail(err, INGOT_E_HOST, "%s of this host is not the device %u:%u", devices[i].path, devices[i].major, devices[i].minor);
		_cleanup_(ingot_closep) int file = openat(d->mount, devices[i].name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (file < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "making /dev/%s", devices[i].name);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, d->mount, links[i].name) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "making /dev/%s", links[i].name);
	if (mkdirat(d->mount, "pts", 0755) < 0 || mkdirat(d->mount, "shm", 0755) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making /dev/pts");
	d->pts = step_mount_new("devpts", pts_options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	ingot_pass(d->pts);
	d->shm = step_mount_tmpfs(MIB(64), "1777", err);
	return d->shm < 0 ? -1 : 0;
}

int step_dev_attach(struct step_dev *d, int root, struct ingot_err *err)
{
	ingot_pass(step_attach(d->mount, root, INGOT_SPAN("dev"), err));
	for (size_t i = 0; i < STEP_DEVICES; i++) {
		/* d->mount is our own fresh tmpfs: its names are what we made them. */
		_cleanup_(ingot_closep) int target = openat(d->mount, devices[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (target < 0 || move_mount(d->node[i], "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "mounting /dev/%s", devices[i].name);
		ingot_closep(&d->node[i]);
	}
	ingot_pass(step_attach(d->pts, d->mount, INGOT_SPAN("pts"), err));
	ingot_pass(step_attach(d->shm, d->mount, INGOT_SPAN("shm"), err));
	ingot_pass(step_mount_attr(d->mount, MOUNT_ATTR_RDONLY, err)); /* devices stay usable: the flag is about names */
	ingot_closep(&d->pts);
	ingot_closep(&d->shm);
	return 0;
}
