/* walk.c - openat2(RESOLVE_IN_ROOT) where a container around ingot refuses openat2(). What it walks changes while it walks, as the step likes: it is no wall, for our
 * descriptors lead nowhere but into the step's root (root.c). */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40 /* path_resolution(7) */

struct walk {
	int root, at; /* at: owned, -1 is the root */
	unsigned links;
	char rest[2 * PATH_MAX], next[2 * PATH_MAX];
};

static bool is_root(const struct walk *w)
{
	struct stat a, b;
	return w->at < 0 || (fstat(w->at, &a) == 0 && fstat(w->root, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

static void go_to(struct walk *w, int take_fd)
{
	if (w->at >= 0)
		(void)close(w->at);
	w->at = take_fd;
}

/* The link's target takes the place of its name. 0 or an errno. */
static int follow_link(struct walk *w, int link, const char *after)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);
	if (n <= 0)
		return n < 0 ? errno : ENOENT;
	target[n] = '\0';
	if (++w->links > MAX_LINKS)
		return ELOOP;
	if (snprintf(w->next, sizeof(w->next), "%s%s", target, after) >= (int)sizeof(w->next))
		return ENAMETOOLONG;
	memcpy(w->rest, w->next, sizeof(w->rest));
	if (target[0] == '/')
		go_to(w, -1);
	return 0;
}

/* One name further; after: what follows it, with its slashes. 0 or an errno; *ret_fd is the end of the path, or -1. */
static int step_on(struct walk *w, const char *name, const char *after, bool follow, int *ret_fd)
{
	struct stat st;
	bool last = !after[strspn(after, "/")], directory = *after;
	_cleanup_(ingot_closep) int fd = openat(w->at < 0 ? w->root : w->at, strcmp(name, "..") == 0 && is_root(w) ? "." : name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	if (S_ISLNK(st.st_mode) && (follow || directory))
		return follow_link(w, fd, after);
	if (directory && !S_ISDIR(st.st_mode))
		return ENOTDIR;
	if (last) {
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	go_to(w, TAKE_FD(fd));
	memmove(w->rest, after, strlen(after) + 1);
	return 0;
}

int walk_in_root(int root, const char *path, bool follow)
{
	struct walk w = { .root = root, .at = -1 };
	char name[NAME_MAX + 1], after[sizeof(w.rest)];
	int fd = -1, failed = snprintf(w.rest, sizeof(w.rest), "%s", path) < (int)sizeof(w.rest) ? 0 : ENAMETOOLONG;
	while (fd < 0 && !failed) {
		const char *at = w.rest + strspn(w.rest, "/");
		size_t n = strcspn(at, "/");
		(void)snprintf(name, sizeof(name), "%.*s", n ? (int)n : 1, n ? at : ".");
		(void)snprintf(after, sizeof(after), "%s", at + n);
		failed = n > NAME_MAX ? ENAMETOOLONG : step_on(&w, name, after, follow, &fd);
	}
	go_to(&w, -1);
	errno = failed;
	return fd;
}
