/* Temporary files and scratch directories: each is locked (flock) by its writer as long as that lives, so that what a killed writer left is
 * told from what another one is writing just now, whatever the clock says. */
#include "inside.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Lock what was just made. False when a sweeper came between: it took the new name for a leftover. */
static bool keep(int fd)
{
	struct stat st;
	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static int temp_make(struct ingot_store *s, const char *prefix, bool dir, char ret_name[64], struct ingot_err *err)
{
	/* Each failure of keep() needs another process to open the store at this very moment. */
	for (int tries = 0; tries < 100; tries++) {
		char name[64];
		ingot_temp_name(prefix, name);
		if (dir && mkdirat(s->tmp, name, 0700) < 0)
			return store_fail(s, err, "creating a temporary directory");
		_cleanup_(ingot_closep) int fd = openat(s->tmp, name, (dir ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT | O_EXCL) | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && dir && errno == ENOENT)
			continue;
		if (fd < 0)
			return store_fail(s, err, "creating a temporary file");
		if (keep(fd)) {
			memcpy(ret_name, name, sizeof(name));
			return TAKE_FD(fd);
		}
		if (errno == ENOLCK || errno == EOPNOTSUPP)
			return store_fail(s, err, "locking a temporary file");
		(void)unlinkat(s->tmp, name, dir ? AT_REMOVEDIR : 0);
	}
	return ingot_fail(err, INGOT_E_BUG, "store %s: temporary files are removed as fast as they are made", s->path);
}

int temp_file(struct ingot_store *s, const char *prefix, char ret_name[64], struct ingot_err *err)
{
	return temp_make(s, prefix, false, ret_name, err);
}

int temp_dir(struct ingot_store *s, const char *prefix, char ret_name[64], struct ingot_err *err)
{
	return temp_make(s, prefix, true, ret_name, err);
}

static void sweep_one(struct ingot_store *s, const char *name)
{
	struct stat st, now;
	if (fstatat(s->tmp, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	_cleanup_(ingot_closep) int fd = -1;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
		fd = openat(s->tmp, name, flags);
		/* A step may have closed its own scratch directory: whether that lives can be told from the lock only. */
		if (fd < 0 && errno == EACCES && S_ISDIR(st.st_mode) && remove_make_accessible(s->tmp, name) == 0)
			fd = openat(s->tmp, name, flags);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &now) < 0 || now.st_ino != st.st_ino || now.st_dev != st.st_dev)
			return;
	}
	/* Should something stay, the next opener tries again. */
	(void)remove_any(s->tmp, name);
}

void temp_sweep(struct ingot_store *s)
{
	DIR *d = dir_open(s->tmp, ".");
	if (!d)
		return;
	for (const char *name; (name = dir_next(d));)
		sweep_one(s, name);
	(void)closedir(d);
}

int ingot_store_scratch(struct ingot_store *s, char ret_name[64], struct ingot_err *err)
{
	char name[64];
	_cleanup_(ingot_closep) int fd = temp_dir(s, "scratch-", name, err);
	ingot_pass(fd);
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return store_fail(s, err, "scratch directory");
	ingot_reserve(s->scratch, s->n_scratch, s->cap_scratch);
	struct scratch *held = &s->scratch[s->n_scratch++];
	memcpy(held->name, name, sizeof(name));
	held->fd = TAKE_FD(fd); /* the duplicate shares the lock */
	memcpy(ret_name, name, sizeof(name));
	return copy;
}

void ingot_store_scratch_remove(struct ingot_store *s, const char *name)
{
	for (size_t i = 0; i < s->n_scratch; i++)
		if (strcmp(s->scratch[i].name, name) == 0) {
			if (remove_any(s->tmp, name) < 0)
				ingot_say(s->log, INGOT_WARNING, "store %s: tmp/%s could not be removed: %s", s->path, name, strerror(errno));
			ingot_closep(&s->scratch[i].fd);
			s->scratch[i] = s->scratch[--s->n_scratch];
			return;
		}
}
