/* ways.h - the ways to lay out a name so that it leads, or seems to lead, to the canary. */
#pragma once
#include "canary.h"
#include <sys/socket.h>
#include <sys/un.h>

enum kind {
	ABSOLUTE, RELATIVE, FILE_LINK, DANGLING, LOOP, SELF, PARENT, PROC_FD, PROC_ROOT, DEVICES, DEVICE, PIPE, SOCKET, PLAIN, MISSING, CLOSED, SEARCHED, KINDS
};
static const char *const kind_names[KINDS] = { "an absolute link", "a relative link", "a link to a file", "a dangling link", "a loop", "a link to .", "a link to ..", "a link into /proc/self/fd", "a link through /proc/1/root",
					       "a link to /dev", "a link to /dev/null", "a fifo", "a socket", "a file", "missing", "a directory of mode 000", "a directory of mode 0711" };
#define IS_DIRECTORY(kind) ((kind) == CLOSED || (kind) == SEARCHED)

static int socket_at(int dir, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%.60s", dir, name);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r = bind(s, (struct sockaddr *)&a, sizeof(a));
	close(s);
	return r;
}

static void clear(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)!fchmodat(dir, name, 0700, 0);
		int in = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		DIR *d = fdopendir(in);
		for (const struct dirent *e; d && (e = readdir(d));)
			if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
				clear(dirfd(d), e->d_name);
		if (d)
			(void)closedir(d);
		(void)unlinkat(dir, name, AT_REMOVEDIR);
	} else {
		(void)unlinkat(dir, name, 0);
	}
	if (fd >= 0)
		close(fd);
}

static void lay(int dir, const char *name, enum kind kind)
{
	char target[256];
	int e = 0;
	clear(dir, name);
	switch (kind) {
	case ABSOLUTE: e = symlinkat(canary, dir, name); break;
	case RELATIVE:
		(void)snprintf(target, sizeof(target), "../../../../../../../../../..%s", canary);
		e = symlinkat(target, dir, name);
		break;
	case FILE_LINK: e = symlinkat(canary_file, dir, name); break;
	case DANGLING:
		(void)snprintf(target, sizeof(target), "%s/made", canary);
		e = symlinkat(target, dir, name);
		break;
	case LOOP: e = symlinkat(name, dir, name); break;
	case SELF: e = symlinkat(".", dir, name); break;
	case PARENT: e = symlinkat("..", dir, name); break;
	case PROC_FD: e = symlinkat("/proc/self/fd/4", dir, name); break;
	case PROC_ROOT:
		(void)snprintf(target, sizeof(target), "/proc/1/root%s", canary);
		e = symlinkat(target, dir, name);
		break;
	case DEVICES: e = symlinkat("/dev", dir, name); break;
	case DEVICE: e = symlinkat("/dev/null", dir, name); break;
	case PIPE: e = mkfifoat(dir, name, 0666); break;
	case SOCKET: e = socket_at(dir, name); break;
	case PLAIN: write_text(dir, name, "a file\n", 0644); break;
	case MISSING: break;
	default: e = mkdirat(dir, name, 0700) | fchmodat(dir, name, kind == CLOSED ? 0 : 0711, 0);
	}
	ck_assert_msg(e == 0, "%s as %s: %s", name, kind_names[kind], strerror(errno));
}
