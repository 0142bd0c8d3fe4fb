/* answer_caps.c - file capabilities: the one privileged attribute that an image can hold. Others are the kernel's to answer. */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#define CAPABILITY "security.capability"

/* Is the attribute asked for ours? 1, 0, or -errno. */
static int is_caps(struct call *c, uint64_t name_at)
{
	char name[INGOT_MAX_XATTR_NAME + 1];
	int n = tracee_string(c, name_at, name, sizeof(name));
	return n < 0 ? n : strcmp(name, CAPABILITY) == 0;
}

struct target {
	int fd;
	struct stat st;
};

static int open_target(struct call *c, bool by_fd, bool follow, struct target *ret)
{
	char path[INGOT_MAX_PATH + 1];
	if (by_fd) {
		ret->fd = tracee_open_fd(c, (int)c->a[0]);
	} else {
		int n = tracee_string(c, c->a[0], path, sizeof(path));
		if (n <= 0)
			return n < 0 ? n : -ENOENT;
		ret->fd = tracee_open(c, AT_FDCWD, path, follow);
	}
	if (ret->fd < 0)
		return ret->fd;
	return fstat(ret->fd, &ret->st) < 0 ? -errno : 0;
}

static int64_t set_caps(struct call *c, const struct target *t)
{
	uint8_t value[64], had[INGOT_CAPS_SIZE];
	struct ingot_owned o = { .set = INGOT_OWNED_CAPS, .n_caps = INGOT_CAPS_SIZE };
	if (whos_get(c->whos, c->tid)->uid.e != 0)
		return -EPERM;
	if (c->a[3] > sizeof(value) || !S_ISREG(t->st.st_mode))
		return -EINVAL;
	int r = tracee_read(c, c->a[2], value, (size_t)c->a[3]);
	if (r < 0)
		return r;
	if (ingot_caps_normal(value, (size_t)c->a[3], o.caps) < 0)
		return -EINVAL;
	bool there = ledger_caps(c->l, t->fd, &t->st, had) > 0;
	if ((c->a[4] == XATTR_CREATE && there) || (c->a[4] == XATTR_REPLACE && !there))
		return there ? -EEXIST : -ENODATA;
	return -ledger_record(c->l, t->fd, &t->st, &o);
}

static int64_t remove_caps(struct call *c, const struct target *t)
{
	uint8_t had[INGOT_CAPS_SIZE];
	struct ingot_owned o = { .set = INGOT_OWNED_CAPS };
	if (whos_get(c->whos, c->tid)->uid.e != 0)
		return -EPERM;
	/* Nothing recorded: it may be in the Tree. The record says that it is gone in any case. */
	return ledger_caps(c->l, t->fd, &t->st, had) == 0 ? -ENODATA : -ledger_record(c->l, t->fd, &t->st, &o);
}

static int64_t get_caps(struct call *c, const struct target *t)
{
	uint8_t value[INGOT_CAPS_SIZE];
	int n = ledger_caps(c->l, t->fd, &t->st, value);
	if (n < 0)
		return ANSWER_CONTINUE;
	if (n == 0)
		return -ENODATA;
	if (c->a[3] == 0)
		return INGOT_CAPS_SIZE;
	if (c->a[3] < INGOT_CAPS_SIZE)
		return -ERANGE;
	int r = tracee_write(c, c->a[2], value, INGOT_CAPS_SIZE);
	return r < 0 ? r : INGOT_CAPS_SIZE;
}

/* The kernel's names, and ours behind them. */
static int64_t list_with_caps(struct call *c, const struct target *t)
{
	static const char ours[] = CAPABILITY;
	char path[40];
	_cleanup_(ingot_freep) char *names = ingot_alloc_array(XATTR_LIST_MAX + sizeof(ours), 1);
	(void)snprintf(path, sizeof(path), "self/fd/%d", t->fd);
	ssize_t n = listxattr(path, names, XATTR_LIST_MAX);
	if (n < 0 && errno != ENOTSUP)
		return -errno;
	size_t all = (n < 0 ? 0 : (size_t)n) + sizeof(ours);
	memcpy(names + all - sizeof(ours), ours, sizeof(ours));
	if (c->a[2] == 0)
		return (int64_t)all;
	if (c->a[2] < all)
		return -ERANGE;
	int r = tracee_write(c, c->a[1], names, all);
	return r < 0 ? r : (int64_t)all;
}

/* Who copies a file's attributes (cp -a) asks for their names first. */
static int64_t list(struct call *c, bool by_fd, bool follow)
{
	struct target t = { .fd = -1 };
	uint8_t has[INGOT_CAPS_SIZE];
	if (ledger_is_empty(c->l))
		return ANSWER_CONTINUE;
	bool ours = open_target(c, by_fd, follow, &t) == 0 && ledger_caps(c->l, t.fd, &t.st, has) > 0;
	int64_t r = ours ? list_with_caps(c, &t) : ANSWER_CONTINUE;
	ingot_closep(&t.fd);
	return r;
}

static int64_t on_caps(struct call *c, bool by_fd, bool follow, int64_t (*act)(struct call *, const struct target *))
{
	struct target t = { .fd = -1 };
	int64_t r = is_caps(c, c->a[1]);
	if (r <= 0)
		return r < 0 ? r : ANSWER_CONTINUE;
	r = open_target(c, by_fd, follow, &t);
	if (r == 0)
		r = act(c, &t);
	ingot_closep(&t.fd);
	return r;
}

int64_t answer_setxattr(struct call *c)
{
	return on_caps(c, false, true, set_caps);
}

int64_t answer_lsetxattr(struct call *c)
{
	return on_caps(c, false, false, set_caps);
}

int64_t answer_fsetxattr(struct call *c)
{
	return on_caps(c, true, true, set_caps);
}

int64_t answer_removexattr(struct call *c)
{
	return on_caps(c, false, true, remove_caps);
}

int64_t answer_lremovexattr(struct call *c)
{
	return on_caps(c, false, false, remove_caps);
}

int64_t answer_fremovexattr(struct call *c)
{
	return on_caps(c, true, true, remove_caps);
}

int64_t answer_getxattr(struct call *c)
{
	return on_caps(c, false, true, get_caps);
}

int64_t answer_lgetxattr(struct call *c)
{
	return on_caps(c, false, false, get_caps);
}

int64_t answer_fgetxattr(struct call *c)
{
	return on_caps(c, true, true, get_caps);
}

int64_t answer_listxattr(struct call *c)
{
	return list(c, false, true);
}

int64_t answer_llistxattr(struct call *c)
{
	return list(c, false, false);
}

int64_t answer_flistxattr(struct call *c)
{
	return list(c, true, true);
}
