/* Checkouts that are kept: checkouts/ID/root, the tree's text beside it (recheck.c), and checkouts/ID/complete, which says that all is whole.
 *
 * They are built in tmp/ and renamed, so a killed build leaves none half made. They are not synced (that would cost more than making them
 * again): after a power loss files could be empty. So each names the boot in which it was made, and counts in that boot only. */
#include "inside.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/checkout.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MARKER_MAX 256U
#define TOUCH_EVERY 3600

/* "" where it cannot be known: then a checkout is synced, and says so. */
static void boot_id(char ret[40])
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_closep) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : ingot_read_upto(fd, ret, 36, &ignored);
	ret[n == 36 ? 36 : 0] = '\0';
}

static int marker_text(const char *id, uint64_t size, char ret[MARKER_MAX])
{
	char boot[40];
	boot_id(boot);
	return snprintf(ret, MARKER_MAX, "ingot-checkout 1 %s %s %llu\n", id, boot[0] ? boot : "synced", (unsigned long long)size);
}

/* The marker's own size field, or -1. */
static int marker_size(const char *text, uint64_t *ret)
{
	const char *last = strrchr(text, ' '), *end = strchr(text, '\n');
	return last && end && !end[1] && last < end ? ingot_parse_u64((struct ingot_span){ last + 1, (size_t)(end - last) - 1 }, UINT64_MAX, ret) : -1;
}

static int open_marker(const struct ingot_store *s, const char *id, uint64_t *ret_size, struct stat *ret_st)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	char text[MARKER_MAX] = { 0 }, expect[MARKER_MAX];
	_cleanup_(ingot_closep) int dir = openat(s->checkouts, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(ingot_closep) int fd = dir < 0 ? -1 : openat(dir, "complete", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode) || ingot_read_upto(fd, text, MARKER_MAX - 1, &ignored) < 0)
		return -1;
	uint64_t size;
	if (marker_size(text, &size) < 0)
		return -1;
	(void)marker_text(id, size, expect);
	if (strcmp(text, expect) != 0)
		return -1;
	*ret_size = size;
	return TAKE_FD(fd);
}

bool checkout_look(const struct ingot_store *s, const char *name, uint64_t *ret_size, time_t *ret_used)
{
	struct ingot_digest id;
	struct stat st;
	if (ingot_digest_parse_hex(ingot_span_of(name), &id) < 0)
		return false;
	_cleanup_(ingot_closep) int fd = open_marker(s, name, ret_size, &st);
	if (fd < 0)
		return false;
	*ret_used = st.st_mtime;
	return true;
}

static int look_up(struct ingot_store *s, const char *id)
{
	uint64_t size;
	struct stat st;
	_cleanup_(ingot_closep) int marker = open_marker(s, id, &size, &st);
	if (marker < 0)
		return -1;
	_cleanup_(ingot_closep) int dir = openat(s->checkouts, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int root = dir < 0 ? -1 : openat(dir, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	time_t now = time(NULL);
	if (root >= 0 && (now - st.st_mtime > TOUCH_EVERY || now < st.st_mtime))
		(void)futimens(marker, (const struct timespec[2]){ { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } });
	return root;
}

static uint64_t bytes_of(const struct ingot_tree *t)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < ingot_tree_nodes(t); i++)
		sum += ingot_tree_node(t, i)->size;
	return sum;
}

static int write_marker(struct ingot_store *s, int dir, const char *id, uint64_t size, struct ingot_err *err)
{
	char text[MARKER_MAX], boot[40];
	int n = marker_text(id, size, text);
	boot_id(boot);
	if (!boot[0] && syncfs(dir) < 0)
		return store_fail(s, err, "syncing a checkout");
	_cleanup_(ingot_closep) int fd = openat(dir, "complete", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	if (fd < 0)
		return store_fail(s, err, "completing a checkout");
	if (ingot_write_all(fd, text, (size_t)n, err) < 0 || ingot_close(TAKE_FD(fd), "a checkout", err) < 0)
		return store_blame(s, err);
	return 0;
}

/* The tree's text, for verify. */
static int write_tree(struct ingot_store *s, int dir, const struct ingot_tree *t, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	ingot_tree_text(t, &text);
	ingot_pass(ingot_buf_check(&text, "the text of a tree", err));
	_cleanup_(ingot_closep) int fd = openat(dir, "tree", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	if (fd < 0)
		return store_fail(s, err, "completing a checkout");
	if (ingot_write_all(fd, text.p, text.n, err) < 0 || ingot_close(TAKE_FD(fd), "a checkout", err) < 0)
		return store_blame(s, err);
	return 0;
}

static int build(struct ingot_store *s, const struct ingot_tree *t, int dir, const char *id, int *ret_root, struct ingot_err *err)
{
	if (mkdirat(dir, "root", 0700) < 0)
		return store_fail(s, err, "creating a checkout");
	_cleanup_(ingot_closep) int root = openat(dir, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return store_fail(s, err, "creating a checkout");
	ingot_pass(ingot_checkout(s, t, root, err));
	ingot_pass(write_tree(s, dir, t, err));
	ingot_pass(write_marker(s, dir, id, bytes_of(t), err));
	*ret_root = TAKE_FD(root);
	return 0;
}

/* Into place; where another build was faster, its checkout is as good. */
static int publish(struct ingot_store *s, const char *temp, const char *id, int *root, struct ingot_err *err)
{
	for (int tries = 0; tries < 3; tries++) {
		/* A directory replaces only an empty one, so this needs no RENAME_NOREPLACE. */
		if (renameat(s->tmp, temp, s->checkouts, id) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			break;
		int theirs = look_up(s, id);
		if (theirs >= 0) {
			ingot_closep(root);
			*root = theirs;
			(void)remove_any(s->tmp, temp);
			return 0;
		}
		/* Of another boot, or damaged: out of the way at once, then removed at leisure. */
		char stale[64];
		ingot_temp_name("stale-", stale);
		if (renameat(s->checkouts, id, s->tmp, stale) == 0)
			(void)remove_any(s->tmp, stale);
	}
	return store_fail(s, err, "publishing a checkout");
}

int ingot_checkout_cached(struct ingot_store *s, const struct ingot_tree *t, int *ret_dirfd, struct ingot_err *err)
{
	const char *id = INGOT_HEX(ingot_tree_id(t));
	_cleanup_(ingot_closep) int root = look_up(s, id);
	if (root < 0) {
		char temp[64];
		_cleanup_(ingot_closep) int dir = temp_dir(s, "checkout-", temp, err);
		ingot_pass(dir);
		if (build(s, t, dir, id, &root, err) < 0 || publish(s, temp, id, &root, err) < 0) {
			(void)remove_any(s->tmp, temp);
			return -1;
		}
	}
	*ret_dirfd = TAKE_FD(root);
	return 0;
}
