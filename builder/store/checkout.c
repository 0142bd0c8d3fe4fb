/* Laying a Tree out as files: by descriptor, one name at a time, each content hashed on its way. */
#include "inside.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/checkout.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)256 * 1024)

/* Directories stay open, with work modes, until everything in them is made: writing into one changes its mtime, and needs u+wx. */
struct open_dir {
	int fd;
	const struct ingot_node *node;
};

struct lay {
	struct ingot_store *store;
	const struct ingot_tree *tree;
	struct open_dir dirs[INGOT_MAX_DEPTH + 1];
	size_t n;
	uint8_t block[BLOCK];
	char target[INGOT_MAX_PATH + 1];
};

uint32_t ingot_checkout_mode(const struct ingot_node *n)
{
	switch (n->type) {
	case INGOT_DIR:
		return (n->mode & 01777U) | 0700U;
	case INGOT_FILE:
	case INGOT_FIFO:
		return (n->mode & 01777U) | 0400U;
	case INGOT_LINK:
		return 0777U;
	case INGOT_CHR:
	case INGOT_BLK:
		break;
	}
	return 0;
}

static void lay_free(struct lay *l)
{
	while (l->n)
		ingot_closep(&l->dirs[--l->n].fd);
	free(l);
}
INGOT_CLEANUP(struct lay, lay_free)

static void times_of(const struct ingot_node *n, struct timespec ret[2])
{
	ret[0] = ret[1] = (struct timespec){ .tv_sec = n->mtime };
}

/* The last touch of something that we hold open. */
static int finish(struct lay *l, int fd, const struct ingot_node *n, struct ingot_err *err)
{
	struct timespec times[2];
	times_of(n, times);
	if (fchmod(fd, ingot_checkout_mode(n)) < 0 || futimens(fd, times) < 0)
		return store_fail(l->store, err, "setting mode and times");
	return 0;
}

static int leave_to(struct lay *l, size_t depth, struct ingot_err *err)
{
	while (l->n > depth) {
		struct open_dir *d = &l->dirs[l->n - 1];
		ingot_pass(finish(l, d->fd, d->node, err));
		ingot_closep(&d->fd);
		l->n--;
	}
	return 0;
}

static int enter(struct lay *l, int at, const char *name, const struct ingot_node *n, struct ingot_err *err)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return store_fail(l->store, err, "opening a directory");
	l->dirs[l->n++] = (struct open_dir){ fd, n };
	return 0;
}

static int copy_content(struct lay *l, const struct ingot_node *n, int fd, struct ingot_err *err)
{
	if (!n->size)
		return 0;
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	ingot_pass(ingot_store_need(l->store, &n->content, n->size, &c, err));
	ssize_t got;
	while ((got = ingot_content_read(&c, l->block, BLOCK, err)) > 0)
		if (ingot_write_all(fd, l->block, (size_t)got, err) < 0)
			return store_blame(l->store, err);
	return got < 0 ? -1 : 0;
}

static int lay_file(struct lay *l, int at, const char *name, const struct ingot_node *n, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return store_fail(l->store, err, "creating a file");
	ingot_pass(copy_content(l, n, fd, err));
	ingot_pass(finish(l, fd, n, err));
	if (ingot_close(TAKE_FD(fd), "a file", err) < 0)
		return store_blame(l->store, err);
	return 0;
}

static int lay_hardlink(struct lay *l, int at, const char *name, struct ingot_span leader, struct ingot_err *err)
{
	struct ingot_span base;
	char from[INGOT_MAX_NAME + 1];
	_cleanup_(ingot_closep) int dir = ingot_open_parent(l->dirs[0].fd, leader, &base, err);
	ingot_pass(dir);
	(void)snprintf(from, sizeof(from), "%.*s", INGOT_SPAN_ARG(base));
	if (linkat(dir, from, at, name, 0) < 0)
		return store_fail(l->store, err, "hard link to '/%s'", INGOT_SHOW(leader));
	return 0;
}

static int lay_link(struct lay *l, int at, const char *name, const struct ingot_node *n, struct ingot_err *err)
{
	struct timespec times[2];
	times_of(n, times);
	if (n->target.n >= sizeof(l->target))
		return ingot_fail(err, INGOT_E_BUG, "a link's target of %zu bytes", n->target.n);
	memcpy(l->target, n->target.p, n->target.n);
	l->target[n->target.n] = '\0';
	if (symlinkat(l->target, at, name) < 0 || utimensat(at, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return store_fail(l->store, err, "creating a link");
	return 0;
}

static int lay_fifo(struct lay *l, int at, const char *name, const struct ingot_node *n, struct ingot_err *err)
{
	if (mkfifoat(at, name, 0600) < 0)
		return store_fail(l->store, err, "creating a FIFO");
	/* For writing as well, which does not wait for another end. */
	_cleanup_(ingot_closep) int fd = openat(at, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return store_fail(l->store, err, "opening a FIFO");
	return finish(l, fd, n, err);
}

static int lay_entry(struct lay *l, size_t i, struct ingot_err *err)
{
	const struct ingot_dirent *e = ingot_tree_at(l->tree, i);
	const struct ingot_node *n = ingot_tree_node(l->tree, e->node);
	struct ingot_span base = ingot_path_base(e->path);
	size_t depth = 1; /* directories above it */
	for (size_t k = 0; k + base.n < e->path.n; k++)
		depth += e->path.p[k] == '/';
	ingot_pass(leave_to(l, depth, err));
	/* A subtree is one range and parents come first (tree.h), so what is open now is the parent. */
	ingot_assert(l->n == depth && depth <= INGOT_MAX_DEPTH && ingot_name_valid(base));
	int at = l->dirs[depth - 1].fd;
	char name[INGOT_MAX_NAME + 1];
	memcpy(name, base.p, base.n);
	name[base.n] = '\0';
	size_t leader = ingot_tree_leader(l->tree, i);
	if (leader != i)
		return lay_hardlink(l, at, name, ingot_tree_at(l->tree, leader)->path, err);
	switch (n->type) {
	case INGOT_DIR:
		if (mkdirat(at, name, 0700) < 0)
			return store_fail(l->store, err, "creating a directory");
		return enter(l, at, name, n, err);
	case INGOT_FILE:
		return lay_file(l, at, name, n, err);
	case INGOT_LINK:
		return lay_link(l, at, name, n, err);
	case INGOT_FIFO:
		return lay_fifo(l, at, name, n, err);
	case INGOT_CHR:
	case INGOT_BLK:
		return 0; /* the step's /dev is made by its set-up; and 0/0 would be a whiteout to overlayfs */
	}
	return ingot_fail(err, INGOT_E_BUG, "a node of unknown type");
}

int ingot_checkout(struct ingot_store *s, const struct ingot_tree *t, int dirfd, struct ingot_err *err)
{
	_cleanup_(lay_freep) struct lay *l = ingot_alloc(sizeof(*l));
	l->store = s;
	l->tree = t;
	ingot_pass(enter(l, dirfd, ".", ingot_tree_node(t, ingot_tree_at(t, 0)->node), err));
	for (size_t i = 1; i < ingot_tree_count(t); i++)
		ingot_try(err, lay_entry(l, i, err), "checking out '/%s'", INGOT_SHOW(ingot_tree_at(t, i)->path));
	return leave_to(l, 0, err);
}
