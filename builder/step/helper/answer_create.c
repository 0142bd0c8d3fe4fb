/* answer_create.c - files made by a program that has become another user are that user's. So init makes them, and knows who asked. What root makes, and
 * whatever exists already, is left to the kernel. */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A new file belongs to its maker; in a set-gid directory, to that one's group (inode_init_owner() of the kernel). */
static int note_maker(struct call *c, const struct who *who, int dir, int fd)
{
	struct stat st, above;
	if (fstat(fd, &st) < 0 || fstat(dir, &above) < 0)
		return errno;
	(void)ledger_show(c->l, dir, &above);
	struct ingot_owned o = { .set = INGOT_OWNED_UID | INGOT_OWNED_GID, .uid = who->uid.f, .gid = above.st_mode & S_ISGID ? above.st_gid : who->gid.f };
	return ledger_record(c->l, fd, &st, &o);
}

static bool is_plain_root(const struct who *who)
{
	return who->uid.f == 0 && who->gid.f == 0;
}

int64_t answer_made(struct call *c, int dirfd, uint64_t path_at, enum made what, uint64_t mode, uint64_t target_at)
{
	char path[INGOT_MAX_PATH + 1], target[INGOT_MAX_PATH + 1];
	const char *name;
	const struct who *who = whos_get(c->whos, c->tid);
	if (is_plain_root(who))
		return ANSWER_CONTINUE;
	int n = tracee_string(c, path_at, path, sizeof(path));
	if (n <= 0)
		return n < 0 ? n : -ENOENT;
	n = what == MADE_LINK ? tracee_string(c, target_at, target, sizeof(target)) : 0;
	if (n < 0)
		return n;
	_cleanup_(ingot_closep) int dir = tracee_open_parent(c, dirfd, path, &name);
	if (dir < 0)
		return dir;
	mode_t bits = (mode_t)mode & ~tracee_umask(c);
	if (!tracee_waits(c))
		return -ESRCH;
	if (what == MADE_NODE ? mknodat(dir, name, bits, 0) < 0 : what == MADE_DIR ? mkdirat(dir, name, bits & 01777) < 0 : symlinkat(target, dir, name) < 0)
		return -errno;
	_cleanup_(ingot_closep) int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : -note_maker(c, who, dir, fd);
}

int64_t answer_mkdir(struct call *c)
{
	return answer_made(c, AT_FDCWD, c->a[0], MADE_DIR, c->a[1], 0);
}

int64_t answer_mkdirat(struct call *c)
{
	return answer_made(c, (int)c->a[0], c->a[1], MADE_DIR, c->a[2], 0);
}

int64_t answer_symlink(struct call *c)
{
	return answer_made(c, AT_FDCWD, c->a[1], MADE_LINK, 0, c->a[0]);
}

int64_t answer_symlinkat(struct call *c)
{
	return answer_made(c, (int)c->a[1], c->a[2], MADE_LINK, 0, c->a[0]);
}

/* The new file's descriptor goes to the process as the result of its call (seccomp_unotify(2), Linux 5.14 for both at once). */
static int64_t hand_over(struct call *c, int fd, bool close_on_exec)
{
	struct seccomp_notif_addfd add = { .id = c->id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)fd, .newfd_flags = close_on_exec ? O_CLOEXEC : 0 };
	int given = ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	if (given >= 0)
		return ANSWER_SENT;
	if (errno != EINVAL)
		return -errno;
	add.flags = 0;
	given = ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	return given < 0 ? -errno : given;
}

static int64_t open_new(struct call *c, int dirfd, uint64_t path_at, int flags, mode_t mode)
{
	char path[INGOT_MAX_PATH + 1];
	const char *name;
	struct stat st;
	const struct who *who = whos_get(c->whos, c->tid);
	bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;
	if (is_plain_root(who) || !(flags & O_CREAT || unnamed))
		return ANSWER_CONTINUE;
	int n = tracee_string(c, path_at, path, sizeof(path));
	if (n <= 0 || path[n - 1] == '/')
		return ANSWER_CONTINUE; /* an error, which the kernel knows best */
	_cleanup_(ingot_closep) int dir = unnamed ? tracee_open(c, dirfd, path, true) : tracee_open_parent(c, dirfd, path, &name);
	if (dir < 0)
		return ANSWER_CONTINUE;
	if (!unnamed && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return ANSWER_CONTINUE;
	mode_t bits = mode & 07777 & ~tracee_umask(c);
	if (!tracee_waits(c))
		return -ESRCH;
	/* Exclusively: it is this file that is handed over and written down, or none. */
	_cleanup_(ingot_closep) int fd = unnamed ? openat(dir, ".", (flags & ~O_NOFOLLOW) | O_CLOEXEC, bits) : openat(dir, name, flags | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, bits);
	if (fd < 0)
		return errno == EEXIST ? ANSWER_CONTINUE : -errno;
	/* Through its link a descriptor of any kind becomes an O_PATH one, which does not count as a writer. */
	char link[40];
	(void)snprintf(link, sizeof(link), "self/fd/%d", fd);
	_cleanup_(ingot_closep) int pin = open(link, O_PATH | O_CLOEXEC);
	if (pin < 0)
		return -errno;
	int failed = note_maker(c, who, dir, pin);
	return failed ? -failed : hand_over(c, fd, flags & O_CLOEXEC);
}

int64_t answer_open(struct call *c)
{
	return open_new(c, AT_FDCWD, c->a[0], (int)c->a[1], (mode_t)c->a[2]);
}

int64_t answer_openat(struct call *c)
{
	return open_new(c, (int)c->a[0], c->a[1], (int)c->a[2], (mode_t)c->a[3]);
}

int64_t answer_creat(struct call *c)
{
	return open_new(c, AT_FDCWD, c->a[0], O_CREAT | O_WRONLY | O_TRUNC, (mode_t)c->a[1]);
}

int64_t answer_openat2(struct call *c)
{
	struct open_how how;
	if (is_plain_root(whos_get(c->whos, c->tid)) || c->a[3] < sizeof(how) || tracee_read(c, c->a[2], &how, sizeof(how)) < 0 || how.resolve)
		return ANSWER_CONTINUE; /* with a rule of how to resolve, the file is root's: a program that has one and is not root is not known */
	return open_new(c, (int)c->a[0], c->a[1], (int)how.flags, (mode_t)how.mode);
}
