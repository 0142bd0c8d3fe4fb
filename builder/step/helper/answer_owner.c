/* answer_owner.c - chown() and mknod() of devices, as chown(2) and mknod(2) have them for the user that the process is. */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Not on the disk, where they would be the host's concern, but what is there of them goes, as the kernel does it for everybody, root too. */
static void drop_set_ids(int fd, const struct stat *st)
{
	char path[40];
	mode_t bits = S_ISUID | (st->st_mode & S_IXGRP ? S_ISGID : 0);
	if (!(st->st_mode & bits))
		return;
	(void)snprintf(path, sizeof(path), "self/fd/%d", fd);
	(void)chmod(path, st->st_mode & 07777 & ~bits);
}

static bool may_chown(const struct who *who, const struct stat *st, uint32_t uid, uint32_t gid)
{
	if (who->uid.f == 0)
		return true;
	if (st->st_uid != who->uid.f || (uid != (uint32_t)-1 && uid != st->st_uid))
		return false;
	return gid == (uint32_t)-1 || gid == st->st_gid || who_in_group(who, gid);
}

static int64_t change_owner(struct call *c, int take_fd, uint32_t uid, uint32_t gid)
{
	_cleanup_(ingot_closep) int fd = take_fd;
	struct stat st, shown;
	if (fd < 0)
		return fd;
	if (!tracee_waits(c))
		return -ESRCH;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Given to root in so many words: most likely by a program that keeps the owners which it saw (cp -a, useradd, tar). What it saw was right only if all is root's. */
	if (!ledger_identity(c->l) && (uid == 0 || gid == 0) && ledger_has_others(c->l) && whos_get(c->whos, c->tid)->uid.e == 0) {
		c->needs_identity = true;
		return 0;
	}
	shown = st;
	(void)ledger_show(c->l, fd, &shown);
	if (!may_chown(whos_get(c->whos, c->tid), &shown, uid, gid))
		return -EPERM;
	struct ingot_owned o = { .uid = uid, .gid = gid };
	if (uid != (uint32_t)-1)
		o.set |= INGOT_OWNED_UID;
	else
		o.uid = 0;
	if (gid != (uint32_t)-1)
		o.set |= INGOT_OWNED_GID;
	else
		o.gid = 0;
	if (S_ISREG(st.st_mode)) {
		o.set |= INGOT_OWNED_PLAIN;
		drop_set_ids(fd, &st);
	}
	return o.set ? -ledger_record(c->l, fd, &st, &o) : 0;
}

static int64_t chown_at(struct call *c, int dirfd, uint64_t path_at, uint32_t uid, uint32_t gid, int flags)
{
	char path[INGOT_MAX_PATH + 1];
	int n = tracee_string(c, path_at, path, sizeof(path));
	if (n < 0)
		return n;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (n == 0 && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	if (n == 0)
		return change_owner(c, dirfd == AT_FDCWD ? tracee_open(c, AT_FDCWD, ".", true) : tracee_open_fd(c, dirfd), uid, gid);
	return change_owner(c, tracee_open(c, dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW)), uid, gid);
}

int64_t answer_chown(struct call *c)
{
	return chown_at(c, AT_FDCWD, c->a[0], (uint32_t)c->a[1], (uint32_t)c->a[2], 0);
}

int64_t answer_lchown(struct call *c)
{
	return chown_at(c, AT_FDCWD, c->a[0], (uint32_t)c->a[1], (uint32_t)c->a[2], AT_SYMLINK_NOFOLLOW);
}

int64_t answer_fchownat(struct call *c)
{
	return chown_at(c, (int)c->a[0], c->a[1], (uint32_t)c->a[2], (uint32_t)c->a[3], (int)c->a[4]);
}

int64_t answer_fchown(struct call *c)
{
	return change_owner(c, tracee_open_fd(c, (int)c->a[0]), (uint32_t)c->a[1], (uint32_t)c->a[2]);
}

/* An empty file stands for the device: no user namespace can make one, and no step needs one that works. */
static int64_t make_device(struct call *c, int dirfd, uint64_t path_at, mode_t mode, uint64_t device)
{
	char path[INGOT_MAX_PATH + 1];
	const char *name;
	struct stat st;
	const struct who *who = whos_get(c->whos, c->tid);
	int n = tracee_string(c, path_at, path, sizeof(path));
	if (n <= 0)
		return n < 0 ? n : -ENOENT;
	/* 0,0 is how overlayfs spells "removed"; in a layer it would be read as that. */
	if (who->uid.e != 0 || device == 0)
		return -EPERM;
	_cleanup_(ingot_closep) int dir = tracee_open_parent(c, dirfd, path, &name);
	if (dir < 0)
		return dir;
	mode_t mask = tracee_umask(c);
	if (!tracee_waits(c))
		return -ESRCH;
	_cleanup_(ingot_closep) int file = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 07777 & ~mask);
	if (file < 0)
		return -errno;
	_cleanup_(ingot_closep) int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	struct ingot_owned o = { .set = INGOT_OWNED_DEVICE | INGOT_OWNED_UID | INGOT_OWNED_GID,
				 .uid = who->uid.f,
				 .gid = who->gid.f,
				 .type = S_ISCHR(mode) ? 'c' : 'b',
				 .major = major(device) & 0xfff,
				 .minor = minor(device) & 0xfffff };
	return -ledger_record(c->l, fd, &st, &o);
}

static int64_t make_node(struct call *c, int dirfd, uint64_t path, uint64_t mode, uint64_t device)
{
	if (S_ISCHR((mode_t)mode) || S_ISBLK((mode_t)mode))
		return make_device(c, dirfd, path, (mode_t)mode, device & 0xffffffffU);
	return answer_made(c, dirfd, path, MADE_NODE, mode, 0);
}

int64_t answer_mknod(struct call *c)
{
	return make_node(c, AT_FDCWD, c->a[0], c->a[1], c->a[2]);
}

int64_t answer_mknodat(struct call *c)
{
	return make_node(c, (int)c->a[0], c->a[1], c->a[2], c->a[3]);
}
