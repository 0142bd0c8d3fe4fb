/* Removing a tree that a step wrote: any depth, any modes, any number of entries, and nothing followed.
 *
 * No recursion, and fds for the first levels only: deeper directories are left and found again through "..", which must then be the very
 * directory (device and inode) that was left. Needs no free space. */
#include "inside.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define KEPT_OPEN 24      /* levels whose stream stays open */
#define MAX_AGAIN 100000U /* directories that were not empty after all: a live writer, or a file system that skips entries */

struct level {
	DIR *stream; /* NULL: closed, to be found again from below */
	struct dirent *entry; /* what is being removed; valid while the stream is */
	dev_t dev;
	ino_t ino;
};

struct walk {
	struct level *levels;
	size_t n, cap;
	unsigned again;
};

static void walk_done(struct walk *w)
{
	while (w->n)
		if (w->levels[--w->n].stream)
			(void)closedir(w->levels[w->n].stream);
	free(w->levels);
}

int remove_make_accessible(int dirfd, const char *name)
{
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (syscall(SYS_fchmodat2, fd, "", 0700, AT_EMPTY_PATH) == 0)
		return 0;
	char proc[64]; /* kernels before 6.6 */
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return chmod(proc, 0700);
}

static int push(struct walk *w, int dirfd, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, flags);
	if (fd < 0 && errno == EACCES && remove_make_accessible(dirfd, name) == 0)
		fd = openat(dirfd, name, flags);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if ((st.st_mode & 0700) != 0700 && fchmod(fd, 0700) < 0)
		return -1;
	DIR *stream = fdopendir(fd);
	if (!stream)
		return -1;
	(void)TAKE_FD(fd);
	ingot_reserve(w->levels, w->n, w->cap);
	w->levels[w->n++] = (struct level){ .stream = stream, .dev = st.st_dev, .ino = st.st_ino };
	if (w->n > KEPT_OPEN + 1) {
		struct level *above = &w->levels[w->n - 2];
		(void)closedir(above->stream);
		above->stream = NULL;
	}
	return 0;
}

/* Back to the directory above the deepest one, which is empty now as far as we know. */
static int pop(struct walk *w)
{
	struct level *done = &w->levels[w->n - 1];
	if (w->n >= 2 && !w->levels[w->n - 2].stream) {
		struct level *above = &w->levels[w->n - 2];
		_cleanup_(ingot_closep) int fd = openat(dirfd(done->stream), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0)
			return -1;
		if (st.st_dev != above->dev || st.st_ino != above->ino) {
			errno = EXDEV; /* somebody moved it: what is above now is none of ours */
			return -1;
		}
		above->stream = fdopendir(fd);
		if (!above->stream)
			return -1;
		(void)TAKE_FD(fd);
		above->entry = NULL; /* read from the start: the child is met again, empty */
	}
	(void)closedir(done->stream);
	w->n--;
	return 0;
}

/* 0 removed, 1 a directory that is not empty, -1 cannot be removed. */
static int remove_entry(int dirfd, const char *name, bool maybe_dir)
{
	if (!maybe_dir) {
		if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR && errno != EPERM) /* EPERM: POSIX's word for EISDIR */
			return -1;
	}
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return 1;
	/* The type was a guess. */
	return maybe_dir && errno == ENOTDIR ? remove_entry(dirfd, name, false) : -1;
}

static int empty_tree(struct walk *w)
{
	while (w->n) {
		struct level *l = &w->levels[w->n - 1];
		errno = 0;
		l->entry = readdir(l->stream);
		if (!l->entry && errno)
			return -1;
		if (!l->entry) {
			bool last = w->n == 1;
			ingot_pass(pop(w));
			if (last)
				return 0;
			struct level *up = &w->levels[w->n - 1];
			if (!up->entry)
				continue;
			int r = remove_entry(dirfd(up->stream), up->entry->d_name, true);
			ingot_pass(r);
			if (r == 1 && (++w->again > MAX_AGAIN || push(w, dirfd(up->stream), up->entry->d_name) < 0))
				return -1;
			continue;
		}
		const char *name = l->entry->d_name;
		if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
			continue;
		int r = remove_entry(dirfd(l->stream), name, l->entry->d_type == DT_DIR);
		ingot_pass(r);
		if (r == 1)
			ingot_pass(push(w, dirfd(l->stream), name));
	}
	return 0;
}

int remove_any(int dirfd, const char *name)
{
	_cleanup_(walk_done) struct walk w = { 0 };
	for (unsigned tries = 0; tries < 16; tries++) {
		int r = remove_entry(dirfd, name, false);
		if (r <= 0)
			return r;
		if (push(&w, dirfd, name) < 0 || empty_tree(&w) < 0)
			return -1;
	}
	errno = EBUSY;
	return -1;
}
