/* mounts.c - the mount API by descriptor (Linux 5.12 and newer): what is mounted and where never passes through a path of the new root. */
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/path.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A file system context keeps messages ("e overlay: ..."), which say more than an errno. */
static int context_failed(int fs, const char *type, const char *what, struct ingot_err *err)
{
	char text[200], shown[200];
	int sys = errno;
	ssize_t n = read(fs, text, sizeof(text) - 1);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	errno = sys;
	if (n <= 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "mounting a new %s (%s)", type, what);
	return ingot_fail_sys(err, INGOT_E_HOST, "mounting a new %s (%s: %s)", type, what, ingot_show((struct ingot_span){ text, (size_t)n }, shown, sizeof(shown)));
}

int step_mount_new(const char *type, const char *const *options, unsigned attr, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fs = fsopen(type, FSOPEN_CLOEXEC);
	if (fs < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "mounting a new %s", type);
	for (; options && *options; options += 2) {
		int r = options[1] ? fsconfig(fs, FSCONFIG_SET_STRING, options[0], options[1], 0) : fsconfig(fs, FSCONFIG_SET_FLAG, options[0], NULL, 0);
		if (r < 0)
			return context_failed(fs, type, options[0], err);
		if (!options[1])
			options--; /* a flag takes one place */
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return context_failed(fs, type, "create", err);
	int mount = fsmount(fs, FSMOUNT_CLOEXEC, attr);
	if (mount < 0)
		return context_failed(fs, type, "mount", err);
	return mount;
}

int step_mount_attr(int mount, unsigned attr, struct ingot_err *err)
{
	struct mount_attr a = { .attr_set = attr, .propagation = MS_PRIVATE };
	if (mount_setattr(mount, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "setting the options of a mount");
	return 0;
}

int step_mount_clone(int fd, const char *path, unsigned attr, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int mount = open_tree(fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH));
	if (mount < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "taking a mount of %s", *path ? path : "a directory");
	ingot_pass(step_mount_attr(mount, attr, err));
	return TAKE_FD(mount);
}

/* A container around us hides parts of its /proc, and then the kernel gives out no new one (mount_too_revealing() in fs/namespace.c). The container's own, with all that
 * hides it: for a process in a pid namespace below, /proc/self is still itself, under the number that it has outside; and a process of another user namespace
 * shows to a step no more than its name, state and command line (cap_ptrace_access_check()). */
int step_mount_proc_of_host(struct ingot_err *err)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, .propagation = MS_PRIVATE };
	_cleanup_(ingot_closep) int mount = open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | AT_RECURSIVE);
	if (mount < 0 || mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof(a)) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "taking the container's /proc");
	return TAKE_FD(mount);
}

/* overlayfs mounts on a file system without attributes, too (ovl_make_workdir() of the kernel warns and goes on), and then cannot say what is opaque or where it came from. */
int step_overlay_wanted(int upper, struct ingot_err *err)
{
	if (fsetxattr(upper, "user.ingot.probe", "y", 1, 0) < 0 || fremovexattr(upper, "user.ingot.probe") < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "keeping attributes of files, which overlayfs needs");
	return 0;
}

int step_mount_tmpfs(uint64_t size, const char *mode, struct ingot_err *err)
{
	char bytes[32];
	(void)snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)size);
	const char *options[] = { "size", bytes, "mode", mode, NULL };
	return step_mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
}

int step_attach(int mount, int root, struct ingot_span path, struct ingot_err *err)
{
	struct stat st;
	_cleanup_(ingot_closep) int target = ingot_open_beneath(root, path, O_PATH, err);
	if (target < 0)
		return ingot_context(err, "the mount point /%s", INGOT_SHOW(path));
	if (fstat(target, &st) < 0 || !S_ISDIR(st.st_mode))
		return ingot_fail(err, INGOT_E_STEP, "the mount point /%s is no directory", INGOT_SHOW(path));
	if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "mounting on /%s", INGOT_SHOW(path));
	return 0;
}
