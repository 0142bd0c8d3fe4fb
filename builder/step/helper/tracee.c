#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/num.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

bool tracee_waits(const struct call *c)
{
	return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->id) == 0;
}

static void *remote(uint64_t address)
{
	return (void *)(uintptr_t)address; /* of another process: never dereferenced here */
}

int tracee_read(const struct call *c, uint64_t from, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { remote(from), n };
	ssize_t got = process_vm_readv(c->tid, &here, 1, &there, 1, 0);
	if (got != (ssize_t)n)
		return got < 0 && errno != EFAULT ? -errno : -EFAULT;
	return tracee_waits(c) ? 0 : -ESRCH;
}

int tracee_write(const struct call *c, uint64_t to, const void *from, size_t n)
{
	struct iovec there = { remote(to), n };
	union { /* process_vm_writev() does not write here */
		const void *in;
		void *out;
	} p = { from };
	struct iovec here = { p.out, n };
	if (!tracee_waits(c))
		return -ESRCH;
	return process_vm_writev(c->tid, &here, 1, &there, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

int tracee_string(const struct call *c, uint64_t from, char *ret, size_t size)
{
	/* One piece a page, because what follows a string need not be mapped; whole pieces are transferred or not (process_vm_readv(2)). */
	const uint64_t page = 4096;
	struct iovec here = { ret, size }, there[4];
	size_t n = 0;
	for (uint64_t at = from, left = size; left && n < 4; n++) {
		uint64_t piece = page - at % page;
		if (piece > left)
			piece = left;
		there[n] = (struct iovec){ remote(at), piece };
		at += piece;
		left -= piece;
	}
	ssize_t got = process_vm_readv(c->tid, &here, 1, there, n, 0);
	if (got <= 0)
		return got < 0 && errno != EFAULT ? -errno : -EFAULT;
	if (!tracee_waits(c))
		return -ESRCH;
	size_t length = strnlen(ret, (size_t)got);
	if (length == (size_t)got)
		return (size_t)got == size ? -ENAMETOOLONG : -EFAULT;
	return (int)length;
}

/* Is it our own program, which lies outside of the step's root? /proc/1/exe leads there. */
static bool is_our_program(int fd)
{
	struct stat a, b;
	return fstatat(AT_FDCWD, "self/exe", &a, 0) < 0 || fstat(fd, &b) < 0 || (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Through no magic link: /proc/1/fd is ours, and so is /proc/self where a path leads us there. Where openat2() is refused (by a container around ingot) it is enough
 * that our descriptors lead nowhere but into the step's root (root.c), and that the program is told apart. -1 with errno. */
static int open_plainly(int base, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)flags, .resolve = RESOLVE_NO_MAGICLINKS | resolve };
	int fd = (int)syscall(SYS_openat2, base, path, &how, sizeof(how));
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	_cleanup_(ingot_closep) int found = resolve & RESOLVE_IN_ROOT ? walk_in_root(base, path, !(flags & O_NOFOLLOW)) : openat(base, path, flags);
	if (found >= 0 && is_our_program(found))
		return errno = EACCES, -1;
	return TAKE_FD(found);
}

/* The length of "fd/3", "cwd", "root" or "exe" at the beginning of a name in /proc/PID; 0: it is another. */
static size_t magic_link(const char *name)
{
	size_t digits = strncmp(name, "fd/", 3) == 0 ? strspn(name + 3, "0123456789") : 0;
	size_t n = digits ? 3 + digits : strncmp(name, "root", 4) == 0 ? 4 : strncmp(name, "cwd", 3) == 0 || strncmp(name, "exe", 3) == 0 ? 3 : 0;
	return name[n] && name[n] != '/' ? 0 : n;
}

/* -1 means "not one of these" below, and is -EPERM. */
static int failed(void)
{
	return errno == EPERM ? -EACCES : -errno;
}

/* Names that mean something else for us than for the process. Its own descriptors and directories are all inside; below them, nothing but plain names. */
static int its_own(const struct call *c, const char *path, int flags)
{
	static const struct {
		const char *prefix, *of;
	} names[] = { { "/proc/self/", "" }, { "/proc/thread-self/", "" }, { "/dev/fd/", "fd/" }, { "/dev/stdin", "fd/0" }, { "/dev/stdout", "fd/1" }, { "/dev/stderr", "fd/2" } };
	char name[4096 + 64], link[32];
	for (size_t i = 0; c->has_proc && i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i].prefix);
		if (strncmp(path, names[i].prefix, n) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s%s", names[i].of, path + n);
		n = magic_link(name);
		(void)snprintf(link, sizeof(link), "%d/%.*s", (int)c->shown, n > 20 ? 20 : (int)n, name);
		bool below = n && name[n] == '/';
		_cleanup_(ingot_closep) int base = openat(c->proc, link, below || !n ? O_PATH | O_CLOEXEC : flags);
		if (base < 0)
			return failed();
		if (n && !below)
			return TAKE_FD(base);
		const char *rest = name + n + strspn(name + n, "/");
		int fd = open_plainly(base, *rest ? rest : ".", flags, 0);
		return fd < 0 ? failed() : fd;
	}
	return -1;
}

/* Is its root ours? A process that called chroot() has another one. */
static bool same_root(const struct call *c)
{
	char link[32], target[8];
	(void)snprintf(link, sizeof(link), "%d/root", (int)c->shown);
	return readlinkat(c->proc, link, target, sizeof(target)) == 1 && target[0] == '/';
}

static int open_link(const struct call *c, const char *what, int number)
{
	char link[64];
	if (number >= 0)
		(void)snprintf(link, sizeof(link), "%d/%s/%d", (int)c->shown, what, number);
	else
		(void)snprintf(link, sizeof(link), "%d/%s", (int)c->shown, what);
	int fd = openat(c->proc, link, O_PATH | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	return errno == ENOENT && number >= 0 ? -EBADF : -errno;
}

int tracee_open_fd(const struct call *c, int fd)
{
	return fd < 0 ? -EBADF : open_link(c, "fd", fd);
}

static int open_in_its_root(const struct call *c, const char *path, int flags)
{
	_cleanup_(ingot_closep) int root = open_link(c, "root", -1);
	if (root < 0)
		return root;
	int fd = open_plainly(root, path, flags, RESOLVE_IN_ROOT);
	return fd < 0 ? -errno : fd;
}

/* The path of what a descriptor or a link of proc means, as we see it; its length, 0 when it has none. */
static size_t seen_path(int proc, const char *link, char ret[4096])
{
	ssize_t n = readlinkat(proc, link, ret, 4095);
	ret[n > 0 ? n : 0] = '\0';
	return n > 0 && n < 4095 && ret[0] == '/' ? (size_t)n : 0;
}

/* ".." and absolute links below a directory of a process with another root: there, not here. -1 when that cannot be said (the directory is outside of that root). */
static int open_below_its_root(const struct call *c, int base, const char *path, int flags)
{
	char link[40], root_path[4096], base_path[4096], inner[8192];
	struct stat is, found;
	(void)snprintf(link, sizeof(link), "%d/root", (int)c->shown);
	size_t n = seen_path(c->proc, link, root_path);
	(void)snprintf(link, sizeof(link), "self/fd/%d", base);
	if (!n || !seen_path(c->proc, link, base_path) || strncmp(base_path, root_path, n) != 0 || (base_path[n] && base_path[n] != '/'))
		return -1;
	_cleanup_(ingot_closep) int root = open_link(c, "root", -1);
	(void)snprintf(inner, sizeof(inner), ".%s", base_path + n);
	_cleanup_(ingot_closep) int there = root < 0 ? -1 : open_plainly(root, inner, O_PATH | O_CLOEXEC, RESOLVE_IN_ROOT);
	if (there < 0 || fstat(there, &found) < 0 || fstat(base, &is) < 0 || found.st_dev != is.st_dev || found.st_ino != is.st_ino)
		return -1;
	(void)snprintf(inner, sizeof(inner), ".%s/%s", base_path + n, path);
	int fd = open_plainly(root, inner, flags, RESOLVE_IN_ROOT);
	return fd < 0 ? failed() : fd;
}

int tracee_open(const struct call *c, int dirfd, const char *path, bool follow)
{
	int flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), fd;
	if (path[0] == '/') {
		if (!same_root(c))
			return open_in_its_root(c, path, flags);
		if ((fd = its_own(c, path, flags)) != -1)
			return fd;
		fd = open_plainly(AT_FDCWD, path, flags, 0);
		return fd < 0 ? -errno : fd;
	}
	_cleanup_(ingot_closep) int base = dirfd == AT_FDCWD ? open_link(c, "cwd", -1) : tracee_open_fd(c, dirfd);
	if (base < 0)
		return base;
	/* A name alone leads nowhere else. */
	if ((follow || strchr(path, '/') || strcmp(path, "..") == 0) && !same_root(c) && (fd = open_below_its_root(c, base, path, flags)) != -1)
		return fd;
	fd = open_plainly(base, path, flags, 0);
	return fd < 0 ? -errno : fd;
}

int tracee_open_parent(const struct call *c, int dirfd, char *path, const char **ret_name)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EEXIST;
	*ret_name = name;
	if (!slash)
		return tracee_open(c, dirfd, ".", true);
	if (slash == path)
		return tracee_open(c, dirfd, "/", true);
	*slash = '\0';
	return tracee_open(c, dirfd, path, true);
}

mode_t tracee_umask(const struct call *c)
{
	char name[32], text[512];
	(void)snprintf(name, sizeof(name), "%d/status", (int)c->shown);
	_cleanup_(ingot_closep) int fd = openat(c->proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	const char *at = strstr(text, "\nUmask:\t");
	uint32_t mask = 022;
	if (at)
		(void)ingot_parse_octal((struct ingot_span){ at + 8, strcspn(at + 8, "\n") }, 0777, &mask);
	return (mode_t)mask;
}
