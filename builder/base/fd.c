#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/num.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void ingot_closep(int *fd)
{
	int keep = errno;
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = keep;
}

int ingot_close(int fd, const char *what, struct ingot_err *err)
{
	/* Linux has closed the fd even when it answers EINTR; any other error is news about lost data. */
	if (close(fd) < 0 && errno != EINTR)
		return ingot_fail_sys(err, INGOT_E_BUG, "closing %s", what);
	return 0;
}

int ingot_write_all(int fd, const void *p, size_t n, struct ingot_err *err)
{
	const char *at = p;
	while (n) {
		ssize_t w = write(fd, at, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return ingot_fail_sys(err, errno == EPIPE ? INGOT_E_OUTSIDE : INGOT_E_BUG, "writing %zu bytes", n);
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

ssize_t ingot_read_upto(int fd, void *p, size_t n, struct ingot_err *err)
{
	size_t have = 0;
	while (have < n) {
		ssize_t r = read(fd, (char *)p + have, n - have);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return ingot_fail_sys(err, INGOT_E_BUG, "reading");
		if (r == 0)
			break;
		have += (size_t)r;
	}
	return (ssize_t)have;
}

int ingot_pread_all(int fd, void *p, size_t n, uint64_t offset, struct ingot_err *err)
{
	size_t have = 0;
	while (have < n) {
		ssize_t r = pread(fd, (char *)p + have, n - have, (off_t)(offset + have));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return ingot_fail_sys(err, INGOT_E_BUG, "reading");
		if (r == 0)
			return ingot_fail(err, INGOT_E_BUG, "the file ends after %zu of %zu bytes", have, n);
		have += (size_t)r;
	}
	return 0;
}

int ingot_read_all(int fd, struct ingot_buf *out, struct ingot_err *err)
{
	for (;;) {
		size_t room = out->max - out->n;
		if (room > 65536)
			room = 65536;
		char probe = 0;
		char *at = room ? ingot_buf_room(out, room) : &probe;
		ssize_t r = ingot_read_upto(fd, at, room ? room : 1, err);
		if (r < 0)
			return -1;
		if (r == 0)
			return 0;
		if (!room)
			return ingot_fail(err, INGOT_E_INPUT, "larger than the limit of %zu bytes", out->max);
		ingot_buf_added(out, (size_t)r);
	}
}

int ingot_read_file(const char *path, size_t max, struct ingot_buf *out, struct ingot_err *err)
{
	char name[256];
	(void)ingot_show(ingot_span_of(path), name, sizeof(name));
	/* Non-blocking, so that a FIFO without a writer cannot hold us; regular files ignore it. */
	_cleanup_(ingot_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s", name);
	if (S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISSOCK(st.st_mode))
		return ingot_fail(err, INGOT_E_INPUT, "%s: not a regular file", name);
	if (S_ISFIFO(st.st_mode) && fcntl(fd, F_SETFL, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s", name);
	size_t had = out->max;
	if (max < out->max)
		out->max = max;
	int r = ingot_read_all(fd, out, err);
	out->max = had;
	ingot_try(err, r, "%s", name);
	return 0;
}

int ingot_copy_range(int from, uint64_t offset, uint64_t n, int to, struct ingot_err *err)
{
	off_t at = (off_t)offset;
	bool in_kernel = true;
	while (n && in_kernel) {
		ssize_t c = copy_file_range(from, &at, to, NULL, n > (1U << 30) ? 1U << 30 : (size_t)n, 0);
		if (c < 0 && errno == EINTR)
			continue;
		if (c <= 0)
			in_kernel = false; /* a pipe, another file system, an old kernel: the loop below says what is wrong */
		else
			n -= (uint64_t)c;
	}
	char block[65536];
	while (n) {
		size_t piece = n > sizeof(block) ? sizeof(block) : (size_t)n;
		ingot_pass(ingot_pread_all(from, block, piece, (uint64_t)at, err));
		ingot_pass(ingot_write_all(to, block, piece, err));
		at += (off_t)piece;
		n -= piece;
	}
	return 0;
}

void ingot_temp_name(const char *prefix, char ret[64])
{
	uint8_t random[16];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		ingot_panic("no random bytes from the kernel");
	char hex[33];
	ingot_format_hex(random, sizeof(random), hex);
	(void)snprintf(ret, 64, ".%.28s%s", prefix, hex);
}

int ingot_publish(int dirfd, const char *name, const void *p, size_t n, mode_t mode, struct ingot_err *err)
{
	char temp[64];
	ingot_temp_name("new-", temp);
	_cleanup_(ingot_closep) int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "creating %s", name);
	int r = ingot_write_all(fd, p, n, err);
	/* fchmod, because the mode asked for must not depend on the caller's umask. */
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = ingot_fail_sys(err, INGOT_E_BUG, "syncing %s", name);
	if (r == 0)
		r = ingot_close(TAKE_FD(fd), name, err);
	if (r == 0 && renameat(dirfd, temp, dirfd, name) < 0)
		r = ingot_fail_sys(err, INGOT_E_BUG, "renaming %s into place", name);
	if (r < 0) {
		(void)unlinkat(dirfd, temp, 0);
		return -1;
	}
	if (fsync(dirfd) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "syncing the directory of %s", name);
	return 0;
}
