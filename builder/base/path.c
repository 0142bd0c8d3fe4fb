#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/path.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

bool ingot_name_valid(struct ingot_span name)
{
	if (name.n == 0 || name.n > INGOT_MAX_NAME || ingot_span_has(name, '/') || ingot_span_has(name, '\0'))
		return false;
	return !ingot_span_is(name, ".") && !ingot_span_is(name, "..") && !ingot_span_starts(name, ".wh.");
}

bool ingot_path_valid(struct ingot_span path)
{
	if (path.n == 0)
		return true;
	if (path.n > INGOT_MAX_PATH || ingot_span_has(path, '\0'))
		return false;
	/* One pass over all names: every entry of every tree comes through here. */
	size_t depth = 0;
	for (size_t start = 0, i = 0; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		struct ingot_span name = { path.p + start, i - start };
		if (name.n == 0 || name.n > INGOT_MAX_NAME || ++depth > INGOT_MAX_DEPTH || (name.p[0] == '.' && !ingot_name_valid(name)))
			return false;
		start = i + 1;
	}
	return true;
}

int ingot_path_cmp(struct ingot_span a, struct ingot_span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	size_t i = 0;
	/* Neighbours in a tree share most of their path. */
	for (uint64_t x, y; n - i >= 8; i += 8) {
		memcpy(&x, a.p + i, 8);
		memcpy(&y, b.p + i, 8);
		if (x != y)
			break;
	}
	while (i < n && a.p[i] == b.p[i])
		i++;
	if (i == n)
		return (a.n > b.n) - (a.n < b.n);
	/* '/' ranks below every other byte. */
	int x = a.p[i] == '/' ? -1 : (unsigned char)a.p[i];
	int y = b.p[i] == '/' ? -1 : (unsigned char)b.p[i];
	return (x > y) - (x < y);
}

bool ingot_path_under(struct ingot_span path, struct ingot_span dir)
{
	if (dir.n == 0)
		return path.n > 0;
	return path.n > dir.n + 1 && path.p[dir.n] == '/' && memcmp(path.p, dir.p, dir.n) == 0;
}

bool ingot_path_within(struct ingot_span path, struct ingot_span dir)
{
	return ingot_span_eq(path, dir) || ingot_path_under(path, dir);
}

struct ingot_span ingot_path_parent(struct ingot_span path)
{
	size_t n = path.n;
	while (n && path.p[n - 1] != '/')
		n--;
	return (struct ingot_span){ path.p, n ? n - 1 : 0 };
}

struct ingot_span ingot_path_base(struct ingot_span path)
{
	size_t n = path.n;
	while (n && path.p[n - 1] != '/')
		n--;
	return (struct ingot_span){ path.p + n, path.n - n };
}

int ingot_path_from_absolute(struct ingot_span abs, struct ingot_span *ret)
{
	if (!ingot_span_starts(abs, "/"))
		return -1;
	struct ingot_span p = { abs.p + 1, abs.n - 1 };
	while (p.n && p.p[p.n - 1] == '/')
		p.n--;
	if (!ingot_path_valid(p))
		return -1;
	*ret = p;
	return 0;
}

static int step_into(int dirfd, struct ingot_span name, int flags, struct ingot_err *err)
{
	char text[INGOT_MAX_NAME + 1];
	if (!ingot_name_valid(name))
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is not a valid file name", INGOT_SHOW(name));
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	int fd = openat(dirfd, text, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is a symbolic link, which is not followed here", INGOT_SHOW(name));
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "'%s'", INGOT_SHOW(name));
	return fd;
}

/* O_PATH|O_NOFOLLOW opens a link itself, so what was opened must be looked at before it is walked through. */
static int step_into_dir(int dirfd, struct ingot_span name, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = step_into(dirfd, name, O_PATH, err);
	if (fd < 0)
		return -1;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "'%s'", INGOT_SHOW(name));
	if (S_ISLNK(st.st_mode))
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is a symbolic link, which is not followed here", INGOT_SHOW(name));
	if (!S_ISDIR(st.st_mode))
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is not a directory", INGOT_SHOW(name));
	return TAKE_FD(fd);
}

int ingot_open_parent(int dirfd, struct ingot_span path, struct ingot_span *ret_name, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (at < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "duplicating a directory");
	struct ingot_span rest = ingot_path_parent(path), name;
	while (ingot_span_next(&rest, '/', &name)) {
		int next = step_into_dir(at, name, err);
		if (next < 0)
			return -1;
		ingot_closep(&at);
		at = next;
	}
	*ret_name = ingot_path_base(path);
	return TAKE_FD(at);
}

int ingot_open_beneath(int dirfd, struct ingot_span path, int flags, struct ingot_err *err)
{
	struct ingot_span name;
	_cleanup_(ingot_closep) int at = ingot_open_parent(dirfd, path, &name, err);
	if (at < 0)
		return -1;
	if (path.n == 0) {
		int fd = openat(at, ".", flags | O_CLOEXEC);
		return fd < 0 ? ingot_fail_sys(err, INGOT_E_BUG, "opening a directory again") : fd;
	}
	return step_into(at, name, flags, err);
}
