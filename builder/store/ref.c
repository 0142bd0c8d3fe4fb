/* References as records, and looking them up. (Publishing them: refput.c.)
 *
 *     ingot-ref 1 KIND KEY
 *     need DIGEST          (any number)
 *     text N
 *     N bytes, and a newline
 *     sha256 DIGEST        of all bytes before this line: kind and key included, so that a record cannot stand in for another
 */
#include "inside.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TOUCH_EVERY 3600 /* seconds: use time is kept to the hour, so that looking something up is rarely a write */

bool ref_kind_valid(const char *kind)
{
	size_t n = strlen(kind);
	return n >= 1 && n <= 16 && strspn(kind, "abcdefghijklmnopqrstuvwxyz") == n;
}

void ref_head(struct ingot_buf *out, const char *kind, const struct ingot_digest *key)
{
	ingot_buf_fmt(out, "ingot-ref 1 %s %s\n", kind, INGOT_HEX(key));
}

static bool cut_line(struct ingot_span *rest, const char *word, struct ingot_span *ret)
{
	if (!ingot_span_starts(*rest, word))
		return false;
	size_t n = strlen(word);
	const char *end = memchr(rest->p + n, '\n', rest->n - n);
	if (!end)
		return false;
	*ret = (struct ingot_span){ rest->p + n, (size_t)(end - rest->p) - n };
	rest->n -= (size_t)(end - rest->p) + 1;
	rest->p = end + 1;
	return true;
}

int ref_parse(struct ingot_span bytes, const char *kind, const struct ingot_digest *key, struct ref_record *ret)
{
	static const size_t tail = 7 + 64 + 1;
	if (bytes.n < tail)
		return -1;
	struct ingot_span rest = { bytes.p, bytes.n - tail }, last = { bytes.p + rest.n, tail }, value;
	struct ingot_digest said, is;
	if (!cut_line(&last, "sha256 ", &value) || ingot_digest_parse_hex(value, &said) < 0)
		return -1;
	ingot_sha256(rest.p, rest.n, &is);
	if (!ingot_digest_eq(&said, &is))
		return -1;
	_cleanup_(ingot_buf_done) struct ingot_buf expect = INGOT_BUF(256);
	ref_head(&expect, kind, key);
	if (!ingot_span_starts(rest, ingot_buf_cstr(&expect)))
		return -1;
	rest.p += expect.n;
	rest.n -= expect.n;
	_cleanup_(ingot_freep) struct ingot_digest *needs = NULL;
	size_t n = 0, cap = 0;
	while (cut_line(&rest, "need ", &value)) {
		ingot_reserve(needs, n, cap);
		if (ingot_digest_parse_hex(value, &needs[n++]) < 0)
			return -1;
	}
	uint64_t length;
	if (!cut_line(&rest, "text ", &value) || ingot_parse_u64(value, REF_MAX, &length) < 0 || rest.n != length + 1 || rest.p[length] != '\n')
		return -1;
	*ret = (struct ref_record){ .needs = TAKE_PTR(needs), .n_needs = n, .text = { rest.p, (size_t)length } };
	return 0;
}

int ref_read(int dirfd, const char *name, struct ingot_buf *out, struct stat *ret_st)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, ret_st) < 0)
		return -1;
	if (S_ISREG(ret_st->st_mode) && ingot_read_all(fd, out, &ignored) == 0)
		return TAKE_FD(fd);
	errno = EINVAL;
	return -1;
}

bool ref_need_there(const struct ingot_store *s, const struct ingot_digest *d)
{
	return object_exists(s, s->packs, d) || object_exists(s, s->objects, d);
}

bool ref_needs_there(const struct ingot_store *s, const struct ref_record *r)
{
	for (size_t i = 0; i < r->n_needs; i++)
		if (!ref_need_there(s, &r->needs[i]))
			return false;
	return true;
}

int ref_kind_dir(struct ingot_store *s, const char *kind, bool make)
{
	ingot_assert(ref_kind_valid(kind));
	for (int tries = 0; tries < 3; tries++) {
		int fd = openat(s->refs, kind, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 || (errno == ENOENT && !make))
			return fd;
		if (errno == ENOENT) {
			if (mkdirat(s->refs, kind, 0700) < 0 && errno != EEXIST)
				return -1;
		} else if (errno == ENOTDIR || errno == ELOOP) {
			object_set_aside(s, s->refs, kind, -1);
		} else {
			return -1;
		}
	}
	return -1;
}

/* Failing to note the use is no failure: the worst is a reference collected early. */
static void touch(int fd, const struct stat *st)
{
	time_t now = time(NULL);
	if (now - st->st_mtime > TOUCH_EVERY || now < st->st_mtime)
		(void)futimens(fd, (const struct timespec[2]){ { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } });
}

int ingot_ref_get(struct ingot_store *s, const char *kind, const struct ingot_digest *key, struct ingot_buf *text, struct ingot_err *err)
{
	if (ref_pending(s, kind, key, text))
		return ingot_buf_check(text, "the text of a reference", err) < 0 ? -1 : 1;
	_cleanup_(ingot_closep) int dir = ref_kind_dir(s, kind, false);
	if (dir < 0)
		return errno == EMFILE || errno == ENFILE ? store_fail(s, err, "reading a reference") : 0;
	const char *name = INGOT_HEX(key);
	_cleanup_(ingot_buf_done) struct ingot_buf bytes = INGOT_BUF(REF_MAX);
	struct stat st;
	_cleanup_(ingot_closep) int fd = ref_read(dir, name, &bytes, &st);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			return store_fail(s, err, "reading a reference");
		if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			object_set_aside(s, dir, name, -1);
		return 0;
	}
	struct ref_record r;
	if (ref_parse(ingot_buf_view(&bytes), kind, key, &r) < 0) {
		object_set_aside(s, dir, name, fd);
		return 0;
	}
	_cleanup_(ingot_freep) struct ingot_digest *needs = r.needs;
	if (!ref_needs_there(s, &r))
		return 0;
	touch(fd, &st);
	ingot_buf_span(text, r.text);
	ingot_pass(ingot_buf_check(text, "the text of a reference", err));
	return 1;
}
