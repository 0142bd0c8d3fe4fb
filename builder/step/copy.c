#include "copy.h"
#include "fds.h"
#include "listing.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct copy {
	const struct ingot_step_plan *p;
	int top; /* of the copy */
	char path[INGOT_MAX_PATH + 1];
	size_t n; /* of path */
	struct step_inodes inodes;
	struct step_record *records;
	size_t n_records, cap_records;
	struct timespec latest; /* time of change */
	uint64_t bytes;
	char target[INGOT_MAX_PATH + 1];
};

static void copy_free(struct copy *c)
{
	step_inodes_done(&c->inodes);
	free(c->records);
	free(c);
}
INGOT_CLEANUP(struct copy, copy_free)

static int failed(const struct copy *c, const char *what, struct ingot_err *err)
{
	return ingot_fail_sys(err, INGOT_E_BUG, "copying the checkout: %s '/%s'", what, INGOT_SHOW(ingot_span_of(c->path)));
}

/* One name further down; returns the length to go back to, or -1. */
static ssize_t go_down(struct copy *c, const char *name, struct ingot_err *err)
{
	size_t had = c->n, slash = had ? 1 : 0, n = strlen(name);
	if (had + slash + n > INGOT_MAX_PATH)
		return ingot_fail(err, INGOT_E_BUG, "copying the checkout: a path longer than %d bytes below '/%s'", INGOT_MAX_PATH, INGOT_SHOW(ingot_span_of(c->path)));
	if (slash)
		c->path[had] = '/';
	memcpy(c->path + had + slash, name, n + 1);
	c->n = had + slash + n;
	return (ssize_t)had;
}

static void go_up(struct copy *c, size_t had)
{
	c->n = had;
	c->path[had] = '\0';
}

/* Covered by a mount of the step's own wherever there are mounts: whatever the Tree has there, no step sees it. */
static bool is_covered(const struct copy *c)
{
	return c->p->flags & INGOT_STEP_CHROOT && step_is_covered(c->path);
}

static int finish(const struct copy *c, int fd, const struct stat *st, struct ingot_err *err)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	if (c->p->flags & INGOT_STEP_CHROOT && fchown(fd, c->p->uid, c->p->gid) < 0)
		return failed(c, "giving an owner to", err);
	if (fchmod(fd, st->st_mode & 07777) < 0 || futimens(fd, times) < 0)
		return failed(c, "setting mode and times of", err);
	return 0;
}

static int copy_file(struct copy *c, int from, int to, const char *name, const struct stat *st, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(ingot_closep) int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		return failed(c, "opening", err);
	ingot_try(err, ingot_copy_range(in, 0, (uint64_t)st->st_size, out, err), "copying the checkout: '/%s'", INGOT_SHOW(ingot_span_of(c->path)));
	ingot_pass(finish(c, out, st, err));
	return ingot_close(TAKE_FD(out), "a copied file", err);
}

static int copy_name(struct copy *c, int to, const char *name, const char *first, struct ingot_err *err)
{
	struct ingot_span base;
	char from[INGOT_MAX_NAME + 1];
	_cleanup_(ingot_closep) int dir = ingot_open_parent(c->top, ingot_span_of(first), &base, err);
	ingot_pass(dir);
	(void)snprintf(from, sizeof(from), "%.*s", INGOT_SPAN_ARG(base));
	return linkat(dir, from, to, name, 0) < 0 ? failed(c, "a hard link at", err) : 0;
}

static int copy_link(struct copy *c, int from, int to, const char *name, const struct stat *st, struct ingot_err *err)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	ssize_t n = readlinkat(from, name, c->target, sizeof(c->target));
	if (n < 0 || (size_t)n >= sizeof(c->target))
		return failed(c, "reading the link", err);
	c->target[n] = '\0';
	bool chroot = c->p->flags & INGOT_STEP_CHROOT;
	if (symlinkat(c->target, to, name) < 0 || (chroot && fchownat(to, name, c->p->uid, c->p->gid, AT_SYMLINK_NOFOLLOW) < 0) ||
	    utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(c, "making the link", err);
	return 0;
}

static int copy_fifo(struct copy *c, int to, const char *name, const struct stat *st, struct ingot_err *err)
{
	if (mkfifoat(to, name, 0600) < 0)
		return failed(c, "making the FIFO", err);
	_cleanup_(ingot_closep) int fd = openat(to, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? failed(c, "opening the FIFO", err) : finish(c, fd, st, err);
}

static int copy_dir(struct copy *c, int from, int to, unsigned depth, struct ingot_err *err);

static int copy_any(struct copy *c, int from, int to, const char *name, unsigned depth, struct ingot_err *err)
{
	struct stat st;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(c, "looking at", err);
	if (S_ISLNK(st.st_mode))
		return copy_link(c, from, to, name, &st, err);
	if (S_ISFIFO(st.st_mode))
		return copy_fifo(c, to, name, &st, err);
	if (S_ISREG(st.st_mode)) {
		const char *first = st.st_nlink > 1 ? step_inodes_first(&c->inodes, &st, c->path) : NULL;
		return first ? copy_name(c, to, name, first, err) : copy_file(c, from, to, name, &st, err);
	}
	if (!S_ISDIR(st.st_mode))
		return ingot_fail(err, INGOT_E_BUG, "copying the checkout: '/%s' is of a kind that no checkout has", INGOT_SHOW(ingot_span_of(c->path)));
	if (mkdirat(to, name, 0700) < 0)
		return failed(c, "making the directory", err);
	_cleanup_(ingot_closep) int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(ingot_closep) int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return in < 0 || out < 0 ? failed(c, "opening the directory", err) : copy_dir(c, in, out, depth + 1, err);
}

static int copy_dir(struct copy *c, int from, int to, unsigned depth, struct ingot_err *err)
{
	_cleanup_(step_names_done) struct step_names l = { 0 };
	struct stat st;
	if (fstat(from, &st) < 0 || depth > INGOT_MAX_DEPTH)
		return failed(c, "looking at", err);
	if (!is_covered(c))
		ingot_pass(step_names_list(from, c->path, &l, err));
	for (size_t i = 0; i < l.n; i++) {
		ssize_t had = go_down(c, l.v[i], err);
		ingot_pass(had);
		ingot_pass(copy_any(c, from, to, l.v[i], depth, err));
		go_up(c, (size_t)had);
	}
	return finish(c, to, &st, err); /* last: whatever is made in a directory changes its times */
}

/* After the last touch, which for a hard link comes later than its file's turn. Returns how many records there are. */
static int record_dir(struct copy *c, int dir, struct ingot_err *err)
{
	_cleanup_(step_names_done) struct step_names l = { 0 };
	ingot_pass(step_names_list(dir, c->path, &l, err));
	for (size_t i = 0; i < l.n; i++) {
		struct stat st;
		ssize_t had = go_down(c, l.v[i], err);
		ingot_pass(had);
		if (fstatat(dir, l.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return failed(c, "looking at the copy", err);
		ingot_reserve(c->records, c->n_records, c->cap_records);
		size_t at = c->n_records++;
		c->records[at] = (struct step_record){ .ino = st.st_ino, .sec = st.st_ctim.tv_sec, .nsec = (uint32_t)st.st_ctim.tv_nsec };
		c->bytes += (uint64_t)st.st_blocks * 512;
		if (st.st_ctim.tv_sec > c->latest.tv_sec || (st.st_ctim.tv_sec == c->latest.tv_sec && st.st_ctim.tv_nsec > c->latest.tv_nsec))
			c->latest = st.st_ctim;
		if (S_ISDIR(st.st_mode)) {
			_cleanup_(ingot_closep) int child = openat(dir, l.v[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (child < 0)
				return failed(c, "opening the copy", err);
			ingot_pass(record_dir(c, child, err));
			c->records[at].below = (uint32_t)(c->n_records - at - 1);
		}
		go_up(c, (size_t)had);
	}
	return 0;
}

/* Times of change come from a clock that stands still for some milliseconds: until it has moved on, a change would look like the copy itself. */
static int wait_for_the_clock(const struct copy *c, int scratch, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = openat(scratch, "mark", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "marking the time in the scratch directory");
	for (unsigned tries = 0; tries < 5000; tries++) {
		struct stat st;
		if (fchmod(fd, tries & 1 ? 0600 : 0400) < 0 || fstat(fd, &st) < 0)
			return ingot_fail_sys(err, INGOT_E_BUG, "marking the time in the scratch directory");
		if (st.st_ctim.tv_sec > c->latest.tv_sec || (st.st_ctim.tv_sec == c->latest.tv_sec && st.st_ctim.tv_nsec > c->latest.tv_nsec))
			return 0;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	(void)ingot_fail(err, INGOT_E_HOST, "the time of the file system under the store stands still");
	return ingot_hint(err, "is its clock (of the file server?) right? Or choose another place with --store");
}

int step_copy(const struct ingot_step_plan *p, uint64_t *ret_bytes, struct ingot_err *err)
{
	_cleanup_(copy_freep) struct copy *c = ingot_alloc(sizeof(*c));
	_cleanup_(ingot_closep) int top = -1;
	c->p = p;
	if (mkdirat(p->scratch_fd, STEP_UPPER, 0700) < 0 || (top = openat(p->scratch_fd, STEP_UPPER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "making the step's scratch directories");
	c->top = top;
	ingot_pass(copy_dir(c, p->root_fd, top, 0, err));
	/* The root itself is the first record. */
	struct stat st;
	if (fstat(top, &st) < 0)
		return failed(c, "looking at the copy", err);
	ingot_reserve(c->records, c->n_records, c->cap_records);
	c->records[c->n_records++] = (struct step_record){ .ino = st.st_ino, .sec = st.st_ctim.tv_sec, .nsec = (uint32_t)st.st_ctim.tv_nsec };
	c->latest = st.st_ctim;
	ingot_pass(record_dir(c, top, err));
	c->records[0].below = (uint32_t)(c->n_records - 1);
	_cleanup_(ingot_closep) int record = openat(p->scratch_fd, STEP_RECORD, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (record < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "recording the copy");
	const struct step_record_head head = { .sec = c->latest.tv_sec, .nsec = (uint32_t)c->latest.tv_nsec, .n = (uint32_t)c->n_records };
	ingot_pass(ingot_write_all(record, &head, sizeof(head), err));
	ingot_pass(ingot_write_all(record, c->records, c->n_records * sizeof(c->records[0]), err));
	ingot_pass(ingot_close(TAKE_FD(record), "the record of the copy", err));
	ingot_pass(wait_for_the_clock(c, p->scratch_fd, err));
	*ret_bytes = c->bytes;
	return 0;
}
