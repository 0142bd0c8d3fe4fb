/* answer_mode.c - chmod("/proc/self/fd/N") of a step that has no /proc. Before fchmodat2() (Linux 6.6, glibc 2.39) libc has no other way to the mode of what a name means,
 * and not of what a link in its place leads to: mknod -m, mkfifo -m and mkdir -m go there. */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/num.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int64_t change_mode(struct call *c, uint64_t path_at, uint64_t mode)
{
	static const char prefix[] = "/proc/self/fd/";
	const size_t n_prefix = sizeof(prefix) - 1;
	char path[INGOT_MAX_PATH + 1], link[40];
	struct stat st;
	uint32_t number;
	int n = tracee_string(c, path_at, path, sizeof(path));
	if (n < 0 || strncmp(path, prefix, n_prefix) != 0 || ingot_parse_u32(ingot_span_of(path + n_prefix), INT32_MAX, &number) < 0)
		return ANSWER_CONTINUE;
	_cleanup_(ingot_closep) int fd = tracee_open_fd(c, (int)number);
	if (fd < 0)
		return fd == -EBADF ? -ENOENT : fd;
	if (!tracee_waits(c))
		return -ESRCH;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Beside a step's user we can do more than it (chroot.c), and we do no more. */
	if (geteuid() != 0 && st.st_uid != geteuid())
		return -EPERM;
	(void)snprintf(link, sizeof(link), "self/fd/%d", fd);
	return chmod(link, (mode_t)mode & 07777) < 0 ? -errno : 0;
}

int64_t answer_chmod(struct call *c)
{
	return change_mode(c, c->a[0], c->a[1]);
}

int64_t answer_fchmodat(struct call *c)
{
	return change_mode(c, c->a[1], c->a[2]);
}
