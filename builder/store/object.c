/* Where objects and packs are: names, publication, and setting aside what is damaged. */
#include "inside.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void object_name(const struct ingot_digest *d, char ret[OBJECT_NAME])
{
	/* Names on our disk are digests or fixed words, made here and nowhere else (safety.md 1.4, 2.7). */
	char hex[65];
	(void)ingot_digest_hex(d, hex);
	(void)snprintf(ret, OBJECT_NAME, "%.2s/%s", hex, hex + 2);
}

void object_set_aside(struct ingot_store *s, int dir, const char *name, int fd)
{
	struct stat a, b;
	if (fd >= 0 && (fstat(fd, &a) < 0 || fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) < 0 || a.st_ino != b.st_ino || a.st_dev != b.st_dev))
		return;
	char aside[64];
	ingot_temp_name("", aside);
	/* A rename needs no space worth mentioning; where even that fails, removing is as good: the bytes are of no use. */
	if (renameat(dir, name, s->damaged, aside + 1) < 0 && errno != ENOENT)
		(void)remove_any(dir, name);
	ingot_say(s->log, INGOT_WARNING, "store %s: %s is damaged; it was set aside and will be made again", s->path, name);
}

/* The same bytes behind two fds, both of this size? */
static bool same_content(int a, int b, uint64_t size)
{
	static const size_t block = 64 << 10;
	_cleanup_(ingot_freep) char *left = ingot_alloc(2 * block);
	char *right = left + block;
	struct ingot_err ignored;
	for (uint64_t at = 0; at < size; at += block) {
		size_t n = size - at < block ? (size_t)(size - at) : block;
		if (ingot_pread_all(a, left, n, at, &ignored) < 0 || ingot_pread_all(b, right, n, at, &ignored) < 0 || memcmp(left, right, n) != 0)
			return false;
	}
	return true;
}

/* Is what is there already the object itself? Ours has just been hashed: whoever published it may go on as if the store held exactly these bytes, so a
 * damaged one must not stay in their place. */
static bool same_object(int from, const char *temp, int dir, const char *name, uint64_t size)
{
	struct stat st;
	_cleanup_(ingot_closep) int old = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (old < 0 || fstat(old, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
		return false;
	_cleanup_(ingot_closep) int new = openat(from, temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return new >= 0 && same_content(old, new, size);
}

/* Never over an existing one: that may be durable already and named by a reference, and ours is not yet. */
static int move_new(int from, const char *temp, int dir, const char *name)
{
	if (renameat2(from, temp, dir, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system without RENAME_NOREPLACE. */
	if (linkat(from, temp, dir, name, 0) < 0)
		return -1;
	(void)unlinkat(from, temp, 0);
	return 0;
}

int object_publish(struct ingot_store *s, int dir, const char *temp, const struct ingot_digest *d, uint64_t size, struct ingot_err *err)
{
	char name[OBJECT_NAME], fan[3];
	object_name(d, name);
	memcpy(fan, name, 2);
	fan[2] = '\0';
	for (int tries = 0; tries < 8; tries++) {
		if (move_new(s->tmp, temp, dir, name) == 0)
			return 0;
		int why = errno;
		if (why == ENOENT && mkdirat(dir, fan, 0700) < 0 && errno != EEXIST)
			break;
		if (why == ENOTDIR || why == ELOOP)
			object_set_aside(s, dir, fan, -1);
		else if (why == EEXIST && same_object(s->tmp, temp, dir, name, size))
			return unlinkat(s->tmp, temp, 0) < 0 ? store_fail(s, err, "removing a temporary file") : 0;
		else if (why == EEXIST && faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			object_set_aside(s, dir, name, -1);
		else if (why != EEXIST && why != ENOENT) {
			errno = why;
			break;
		}
	}
	return store_fail(s, err, "publishing %s", INGOT_DIGEST(d));
}

int object_open(struct ingot_store *s, int dir, const struct ingot_digest *d, uint64_t *ret_size, struct ingot_err *err)
{
	char name[OBJECT_NAME];
	object_name(d, name);
	_cleanup_(ingot_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*ret_size = (uint64_t)st.st_size;
		return TAKE_FD(fd);
	}
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return -1;
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
			(void)store_fail(s, err, "opening %s", INGOT_DIGEST(d));
			return -2;
		}
	}
	/* A link, a FIFO, a directory, a file without permission or on a bad sector: as good as missing. */
	object_set_aside(s, dir, name, -1);
	return -1;
}

bool object_exists(const struct ingot_store *s, int dir, const struct ingot_digest *d)
{
	(void)s;
	char name[OBJECT_NAME];
	struct stat st;
	object_name(d, name);
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

DIR *dir_open(int dirfd, const char *name)
{
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (d)
		(void)TAKE_FD(fd);
	return d;
}

const char *dir_next(DIR *d)
{
	for (struct dirent *e; (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return e->d_name;
	return NULL;
}

static int each_below(struct ingot_store *s, int dir, const char *fan, object_each_fn f, void *ctx)
{
	DIR *d = dir_open(dir, fan);
	if (!d)
		return 0;
	int r = 0;
	for (const char *rest; !r && (rest = dir_next(d));) {
		char hex[65], name[OBJECT_NAME];
		struct ingot_digest digest;
		if (strlen(rest) != 62)
			continue;
		(void)snprintf(hex, sizeof(hex), "%.2s%.62s", fan, rest);
		if (ingot_digest_parse_hex((struct ingot_span){ hex, 64 }, &digest) < 0)
			continue;
		object_name(&digest, name);
		r = f(s, dir, name, &digest, ctx);
	}
	(void)closedir(d);
	return r;
}

int object_each(struct ingot_store *s, int dir, object_each_fn f, void *ctx)
{
	DIR *fans = dir_open(dir, ".");
	int r = 0;
	for (const char *fan; fans && !r && (fan = dir_next(fans));) {
		uint8_t byte;
		if (ingot_parse_hex(ingot_span_of(fan), &byte, 1) == 0) /* what else may be in there is none of ours */
			r = each_below(s, dir, fan, f, ctx);
	}
	if (fans)
		(void)closedir(fans);
	return r;
}
