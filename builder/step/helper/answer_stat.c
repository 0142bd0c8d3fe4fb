/* answer_stat.c - whose a file is, for a program that was told it could give it away. Only where a record says something else than the disk. */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <string.h>
#include <sys/sysmacros.h>

/* The kernel's struct stat and libc's are one on the 64-bit ABIs that we run on; foreign ABIs are killed by the filter. */
_Static_assert(sizeof(long) == 8, "struct stat of a 64-bit ABI");

/* Looks at what (dirfd, path) means. 1: *ret is what the step should see; 0: the kernel's own answer is right, or better than ours (an error). */
static int look(struct call *c, int dirfd, uint64_t path_at, int flags, int *ret_fd, struct stat *ret)
{
	char path[INGOT_MAX_PATH + 1];
	if (ledger_is_empty(c->l))
		return 0;
	int n = path_at ? tracee_string(c, path_at, path, sizeof(path)) : 0;
	if (n < 0 || (n == 0 && !(flags & AT_EMPTY_PATH)) || strncmp(path, "/proc/", 6) == 0)
		return 0;
	_cleanup_(ingot_closep) int fd = n       ? tracee_open(c, dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW)) :
					 dirfd == AT_FDCWD ? tracee_open(c, AT_FDCWD, ".", true) :
							     tracee_open_fd(c, dirfd);
	if (fd < 0 || fstat(fd, ret) < 0 || !ledger_show(c->l, fd, ret))
		return 0;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

static int64_t stat_at(struct call *c, int dirfd, uint64_t path, uint64_t to, int flags)
{
	_cleanup_(ingot_closep) int fd = -1;
	struct stat st;
	if (!look(c, dirfd, path, flags, &fd, &st))
		return ANSWER_CONTINUE;
	return tracee_write(c, to, &st, sizeof(st));
}

int64_t answer_stat(struct call *c)
{
	return stat_at(c, AT_FDCWD, c->a[0], c->a[1], 0);
}

int64_t answer_lstat(struct call *c)
{
	return stat_at(c, AT_FDCWD, c->a[0], c->a[1], AT_SYMLINK_NOFOLLOW);
}

int64_t answer_fstat(struct call *c)
{
	return stat_at(c, (int)c->a[0], 0, c->a[1], AT_EMPTY_PATH);
}

int64_t answer_fstatat(struct call *c)
{
	return stat_at(c, (int)c->a[0], c->a[1], c->a[2], (int)c->a[3]);
}

int64_t answer_statx(struct call *c)
{
	_cleanup_(ingot_closep) int fd = -1;
	struct stat st;
	struct statx sx;
	int flags = (int)c->a[2];
	if (!look(c, (int)c->a[0], c->a[1], flags, &fd, &st) || statx(fd, "", AT_EMPTY_PATH | (flags & AT_STATX_SYNC_TYPE), (unsigned)c->a[3] & ~(unsigned)STATX__RESERVED, &sx) < 0)
		return ANSWER_CONTINUE;
	sx.stx_uid = st.st_uid;
	sx.stx_gid = st.st_gid;
	sx.stx_mode = (uint16_t)st.st_mode;
	sx.stx_rdev_major = major(st.st_rdev);
	sx.stx_rdev_minor = minor(st.st_rdev);
	return tracee_write(c, c->a[4], &sx, sizeof(sx));
}
