#include "faults.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
	enum faults_mode mode;
	long at, count;
	int sys;
	const char *last;
	bool paused;
	char *trace;
	size_t trace_size;
} f = { .last = "" };

enum { PLAIN = 0, SPACE = 1, DESCRIPTOR = 2, DURABLE = 4 };

void faults_set(enum faults_mode mode, long at, int sys)
{
	f.mode = mode;
	f.at = at;
	f.sys = sys;
	f.count = 0;
	f.last = "";
}

void faults_trace(char *buf, unsigned long size)
{
	f.trace = buf;
	f.trace_size = size;
	if (buf)
		buf[0] = '\0';
}

void faults_pause(bool paused)
{
	f.paused = paused;
}

long faults_count(void)
{
	return f.count;
}

const char *faults_last(void)
{
	return f.last;
}

static bool hit(const char *call, unsigned traits)
{
	if (f.trace && (traits & DURABLE)) {
		size_t n = strlen(f.trace);
		(void)snprintf(f.trace + n, f.trace_size - n, "%s ", call);
	}
	if (f.mode == FAULTS_OFF || f.paused)
		return false;
	if ((f.sys == ENOSPC || f.sys == EDQUOT) && !(traits & SPACE))
		return false;
	if (f.sys == EMFILE && !(traits & DESCRIPTOR))
		return false;
	long n = ++f.count;
	if (f.mode == FAULTS_COUNT)
		return false;
	if (f.mode == FAULTS_KILL) {
		if (n == f.at)
			(void)raise(SIGKILL);
		return false;
	}
	if (n == f.at || (f.mode == FAULTS_FOREVER && n > f.at)) {
		f.last = call;
		errno = f.sys;
		return true;
	}
	return false;
}

#define WRAP(type, name, traits, params, args)       \
	type __real_##name params;                   \
	type __wrap_##name params;                   \
	type __wrap_##name params                    \
	{                                            \
		return hit(#name, traits) ? -1 : __real_##name args; \
	}

WRAP(ssize_t, write, SPACE | DURABLE, (int fd, const void *p, size_t n), (fd, p, n))
WRAP(ssize_t, pwrite64, SPACE | DURABLE, (int fd, const void *p, size_t n, off_t o), (fd, p, n, o))
WRAP(ssize_t, read, PLAIN, (int fd, void *p, size_t n), (fd, p, n))
WRAP(ssize_t, pread64, PLAIN, (int fd, void *p, size_t n, off_t o), (fd, p, n, o))
WRAP(int, fsync, SPACE | DURABLE, (int fd), (fd))
WRAP(int, syncfs, SPACE | DURABLE, (int fd), (fd))
WRAP(int, fchmod, SPACE, (int fd, mode_t m), (fd, m))
WRAP(int, ftruncate64, PLAIN, (int fd, off_t n), (fd, n))
WRAP(int, futimens, SPACE, (int fd, const struct timespec t[2]), (fd, t))
WRAP(int, utimensat, SPACE, (int fd, const char *p, const struct timespec t[2], int flags), (fd, p, t, flags))
WRAP(int, flock, PLAIN, (int fd, int how), (fd, how))
WRAP(int, renameat, SPACE | DURABLE, (int a, const char *p, int b, const char *q), (a, p, b, q))
WRAP(int, renameat2, SPACE | DURABLE, (int a, const char *p, int b, const char *q, unsigned flags), (a, p, b, q, flags))
WRAP(int, linkat, SPACE | DURABLE, (int a, const char *p, int b, const char *q, int flags), (a, p, b, q, flags))
WRAP(int, symlinkat, SPACE, (const char *t, int fd, const char *p), (t, fd, p))
WRAP(int, mkfifoat, SPACE, (int fd, const char *p, mode_t m), (fd, p, m))
WRAP(int, mkdirat, SPACE, (int fd, const char *p, mode_t m), (fd, p, m))
WRAP(int, unlinkat, PLAIN, (int fd, const char *p, int flags), (fd, p, flags))
WRAP(int, fstat64, PLAIN, (int fd, struct stat *st), (fd, st))
WRAP(int, fstatat64, PLAIN, (int fd, const char *p, struct stat *st, int flags), (fd, p, st, flags))
WRAP(int, faccessat, PLAIN, (int fd, const char *p, int m, int flags), (fd, p, m, flags))

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	/* As Linux does it: the descriptor is gone whatever the answer. */
	int keep = errno, r = __real_close(fd);
	if (r == 0)
		errno = keep;
	return hit("close", SPACE) ? -1 : r;
}

int __real_openat64(int fd, const char *p, int flags, ...);
int __wrap_openat64(int fd, const char *p, int flags, ...);
int __wrap_openat64(int fd, const char *p, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t m = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return hit("openat64", DESCRIPTOR | (flags & O_CREAT ? (unsigned)SPACE : 0U)) ? -1 : __real_openat64(fd, p, flags, m);
}

int __real_fcntl64(int fd, int cmd, ...);
int __wrap_fcntl64(int fd, int cmd, ...);
int __wrap_fcntl64(int fd, int cmd, ...)
{
	va_list ap;
	va_start(ap, cmd);
	long arg = va_arg(ap, long);
	va_end(ap);
	return hit("fcntl64", DESCRIPTOR) ? -1 : __real_fcntl64(fd, cmd, arg);
}

DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd)
{
	return hit("fdopendir", PLAIN) ? NULL : __real_fdopendir(fd);
}

struct dirent *__real_readdir64(DIR *d);
struct dirent *__wrap_readdir64(DIR *d);
struct dirent *__wrap_readdir64(DIR *d)
{
	return hit("readdir64", PLAIN) ? NULL : __real_readdir64(d);
}
