/* fill.c - a place in memory that begins with what the root has there, as the volumes of container engines do. What is copied is the checkout: nobody writes to it. */
#include "sandbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/path.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy_file(int from, int to, const char *name, const struct stat *st, struct ingot_err *err)
{
	char block[65536];
	ssize_t n;
	_cleanup_(ingot_closep) int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_(ingot_closep) int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, st->st_mode & 07777);
	if (in < 0 || out < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "copying %s into memory", name);
	while ((n = read(in, block, sizeof(block))) > 0)
		ingot_pass(ingot_write_all(out, block, (size_t)n, err));
	return n < 0 ? ingot_fail_sys(err, INGOT_E_HOST, "reading %s", name) : 0;
}

static int copy_link(int from, int to, const char *name, struct ingot_err *err)
{
	char target[INGOT_MAX_PATH + 1];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return n < 0 || symlinkat(target, to, name) < 0 ? ingot_fail_sys(err, INGOT_E_HOST, "copying the link %s into memory", name) : 0;
}

static int copy_below(int from, int to, unsigned depth, struct ingot_err *err);

static int copy_dir(int from, int to, const char *name, const struct stat *st, unsigned depth, struct ingot_err *err)
{
	if (mkdirat(to, name, st->st_mode & 07777) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making %s in memory", name);
	_cleanup_(ingot_closep) int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(ingot_closep) int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0 || out < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "opening %s", name);
	return copy_below(in, out, depth + 1, err);
}

static int copy_one(int from, int to, const char *name, unsigned depth, struct ingot_err *err)
{
	struct stat st;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "looking at %s", name);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, name, &st, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to, name, err);
	if (S_ISDIR(st.st_mode) && depth < INGOT_MAX_DEPTH)
		return copy_dir(from, to, name, &st, depth, err);
	return S_ISFIFO(st.st_mode) && mkfifoat(to, name, st.st_mode & 07777) < 0 ? ingot_fail_sys(err, INGOT_E_HOST, "making the pipe %s in memory", name) : 0;
}

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int copy_below(int from, int to, unsigned depth, struct ingot_err *err)
{
	int again = fcntl(from, F_DUPFD_CLOEXEC, 3);
	_cleanup_(close_dir) DIR *d = again < 0 ? NULL : fdopendir(again);
	if (!d)
		return ingot_fail_sys(err, INGOT_E_HOST, "listing a directory");
	for (struct dirent *e; (e = readdir(d));)
		if (!ingot_span_is(ingot_span_of(e->d_name), ".") && !ingot_span_is(ingot_span_of(e->d_name), ".."))
			ingot_pass(copy_one(from, to, e->d_name, depth, err));
	return 0;
}

int step_fill(int root, const char *place, int mount, struct ingot_err *err)
{
	struct ingot_span path;
	if (ingot_path_from_absolute(ingot_span_of(place), &path) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "'%s' cannot be a mount point", place);
	_cleanup_(ingot_closep) int from = ingot_open_beneath(root, path, O_RDONLY | O_DIRECTORY, err);
	ingot_pass(from);
	_cleanup_(ingot_closep) int to = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "opening a place in memory");
	return copy_below(from, to, 0, err);
}
