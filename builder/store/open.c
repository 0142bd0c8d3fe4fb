/* Opening a store: its directories, and the lock that keeps gc away from builders. */
#include "inside.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define OPEN_WAIT_MS 60000 /* gc holds the lock only while it deletes: some seconds for 100,000 objects */

int store_blame(const struct ingot_store *s, struct ingot_err *err)
{
	switch (err->sys) {
	case ENOSPC:
	case EDQUOT:
		err->code = INGOT_E_HOST;
		return ingot_hint(err, "the disk of the store %s is full: 'ingot store gc' frees what no recent build used, --store puts the store elsewhere", s->path);
	case EROFS:
	case EACCES:
	case EPERM:
		err->code = INGOT_E_HOST;
		return ingot_hint(err, "the store %s cannot be written: --store puts it elsewhere", s->path);
	case EMFILE:
	case ENFILE:
		err->code = INGOT_E_HOST;
		return ingot_hint(err, "too many open files: raise 'ulimit -n'");
	case ENOLCK:
	case EOPNOTSUPP:
		err->code = INGOT_E_HOST;
		return ingot_hint(err, "the file system of the store %s cannot do what a store needs (flock): --store puts it elsewhere", s->path);
	default:
		return -1;
	}
}

int store_fail(const struct ingot_store *s, struct ingot_err *err, const char *fmt, ...)
{
	int sys = errno;
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	errno = sys;
	(void)ingot_fail_sys(err, INGOT_E_BUG, "store %s: %s", s->path, text);
	return store_blame(s, err);
}

static char *default_path(struct ingot_err *err)
{
	/* A relative XDG_CACHE_HOME is to be ignored (XDG base directory specification, "environment variables"). */
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (cache && cache[0] == '/')
		return ingot_strf("%s/ingot", cache);
	if (home && home[0] == '/')
		return ingot_strf("%s/.cache/ingot", home);
	(void)ingot_fail(err, INGOT_E_HOST, "no place for the store: neither XDG_CACHE_HOME nor HOME is set");
	(void)ingot_hint(err, "name a directory with --store");
	return NULL;
}

/* mkdir -p. Errors show when the result is opened. */
static void make_path(const char *path)
{
	_cleanup_(ingot_freep) char *copy = ingot_strdup(path);
	for (char *c = copy + 1; *copy && *c; c++)
		if (*c == '/') {
			*c = '\0';
			(void)mkdir(copy, 0700);
			*c = '/';
		}
	(void)mkdir(copy, 0700);
}

static int check_owner(struct ingot_store *s, struct ingot_err *err)
{
	struct stat st;
	if (fstat(s->root, &st) < 0)
		return store_fail(s, err, "cannot be examined");
	/* References are believed, so nobody else may be able to write them. Root may use a user's (a cache mounted into a CI container). */
	if (st.st_uid != geteuid() && geteuid() != 0) {
		(void)ingot_fail(err, INGOT_E_HOST, "store %s belongs to uid %u, not to you (uid %u)", s->path, (unsigned)st.st_uid, (unsigned)geteuid());
		return ingot_hint(err, "name a directory of your own with --store");
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		(void)ingot_fail(err, INGOT_E_HOST, "store %s can be written by other users (mode %04o)", s->path, (unsigned)st.st_mode & 07777U);
		return ingot_hint(err, "chmod go-w %s", s->path);
	}
	return 0;
}

/* A directory of the layout. Anything else under its name is moved out of the way: a store is a cache, and heals. */
static int layout_dir(struct ingot_store *s, const char *name, int *ret, struct ingot_err *err)
{
	for (int tries = 0; tries < 3; tries++) {
		int fd = openat(s->root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0) {
			*ret = fd;
			return 0;
		}
		if (errno == ENOENT)
			(void)mkdirat(s->root, name, 0700);
		else if ((errno == ENOTDIR || errno == ELOOP) && s->damaged >= 0)
			object_set_aside(s, s->root, name, -1);
		else
			break;
	}
	return store_fail(s, err, "directory %s", name);
}

static int lock_file(struct ingot_store *s, struct ingot_err *err)
{
	for (int tries = 0; tries < 3; tries++) {
		s->lock = openat(s->root, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		struct stat st;
		if (s->lock >= 0 && fstat(s->lock, &st) == 0 && S_ISREG(st.st_mode))
			return 0;
		if (s->lock < 0 && errno != ELOOP && errno != EISDIR && errno != ENXIO)
			break;
		ingot_closep(&s->lock);
		object_set_aside(s, s->root, "lock", -1);
	}
	return store_fail(s, err, "lock file");
}

int store_lock(struct ingot_store *s, int how, int wait_ms, struct ingot_err *err)
{
	struct timespec now, end;
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += wait_ms / 1000;
	end.tv_nsec += (wait_ms % 1000) * 1000000L;
	if (end.tv_nsec >= 1000000000L) {
		end.tv_nsec -= 1000000000L;
		end.tv_sec++;
	}
	/* Polling, not blocking: a wait must end, and a signal for it would be a global thing. */
	for (long pause = 1000000L;; pause = pause < 32000000L ? pause * 2 : pause) {
		if (flock(s->lock, how | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return store_fail(s, err, "locking");
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec))
			return 1;
		(void)nanosleep(&(struct timespec){ .tv_nsec = pause }, NULL);
	}
}

static int open_layout(struct ingot_store *s, const char *path, struct ingot_err *err)
{
	make_path(path);
	s->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "store %s", s->path);
		return ingot_hint(err, "name a directory that you can write with --store");
	}
	ingot_pass(check_owner(s, err));
	ingot_pass(layout_dir(s, "damaged", &s->damaged, err));
	ingot_pass(lock_file(s, err));
	int busy = store_lock(s, LOCK_SH, OPEN_WAIT_MS, err);
	ingot_pass(busy);
	if (busy) {
		(void)ingot_fail(err, INGOT_E_HOST, "store %s is being cleaned for longer than %d s", s->path, OPEN_WAIT_MS / 1000);
		return ingot_hint(err, "see what holds %s/lock, or use another store with --store", s->path);
	}
	ingot_pass(layout_dir(s, "objects", &s->objects, err));
	ingot_pass(layout_dir(s, "packs", &s->packs, err));
	ingot_pass(layout_dir(s, "refs", &s->refs, err));
	ingot_pass(layout_dir(s, "checkouts", &s->checkouts, err));
	return layout_dir(s, "tmp", &s->tmp, err);
}

int ingot_store_open(const char *path, const struct ingot_log *log, struct ingot_store **ret, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *chosen = path ? ingot_strdup(path) : default_path(err);
	if (!chosen)
		return -1;
	_cleanup_(ingot_store_closep) struct ingot_store *s = ingot_alloc(sizeof(*s));
	s->root = s->objects = s->packs = s->refs = s->checkouts = s->tmp = s->damaged = s->lock = -1;
	s->log = log;
	s->path = ingot_strdup(INGOT_SHOW(ingot_span_of(chosen)));
	ingot_pass(open_layout(s, chosen, err));
	temp_sweep(s);
	*ret = TAKE_PTR(s);
	return 0;
}

void ingot_store_close(struct ingot_store *s)
{
	if (!s)
		return;
	/* What is done is worth keeping also where the build failed; if it cannot be kept, it is made again. */
	struct ingot_err ignored = INGOT_ERR_INIT;
	if (s->n_pending && ingot_ref_flush(s, &ignored) < 0)
		ingot_say(s->log, INGOT_WARNING, "%s", ignored.msg);
	free(s->pending);
	index_free(s);
	for (size_t i = 0; i < s->n_scratch; i++)
		ingot_closep(&s->scratch[i].fd);
	free(s->scratch);
	int *fds[] = { &s->objects, &s->packs, &s->refs, &s->checkouts, &s->tmp, &s->damaged, &s->root, &s->lock };
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		ingot_closep(fds[i]); /* the lock last */
	free(s->path);
	free(s);
}
