#include "../listing.h"
#include "ledger.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Descriptors that init needs for other things: its own, and one for each directory on the way down (usage.c, write_lost()). */
#define OTHER_FDS (64 + INGOT_MAX_DEPTH)

struct entry {
	dev_t dev;
	ino_t ino;
	int pin;                  /* O_PATH; -1: none */
	uint32_t uid, gid;        /* as the step should see them */
	const struct step_seed *seed; /* what the Tree said, and where it was; NULL: nothing special */
	uint32_t mode, disk_mode; /* of a file of the Tree whose set-id bits are not on the disk; else 0 */
	bool dir;
	nlink_t links;            /* of a seed: how many names it had */
	bool gone;                /* of a seed: its last name went, and its descriptor with it */
	struct ingot_owned is;    /* set == 0: as in the Tree */
};

struct ledger {
	const struct step_plan *plan;
	int root;
	uint64_t mount; /* of the root: only what lies in it belongs into the Tree */
	struct entry *v;
	size_t n, cap;
	uint32_t *slot; /* open addressing: index + 1 into v */
	size_t slots, pins, max_pins, next_sweep;
	bool kept_outside; /* there are records at files themselves */
	bool others;       /* something belongs to another than 0:0 */
};

static void fd_path(int fd, char ret[40])
{
	(void)snprintf(ret, 40, "self/fd/%d", fd);
}

static uint32_t *find_slot(struct ledger *l, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino ^ ((uint64_t)dev << 40)) * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = (size_t)(h >> 24) & (l->slots - 1);; i = (i + 1) & (l->slots - 1))
		if (!l->slot[i] || (l->v[l->slot[i] - 1].dev == dev && l->v[l->slot[i] - 1].ino == ino))
			return &l->slot[i];
}

static void rehash(struct ledger *l, size_t slots)
{
	free(l->slot);
	l->slots = slots;
	l->slot = ingot_alloc_array(slots, sizeof(*l->slot));
	for (size_t i = 0; i < l->n; i++)
		*find_slot(l, l->v[i].dev, l->v[i].ino) = (uint32_t)i + 1;
}

static struct entry *find(struct ledger *l, const struct stat *st)
{
	const uint32_t *s = find_slot(l, st->st_dev, st->st_ino);
	ingot_assert(l->v || !*s);
	return *s ? &l->v[*s - 1] : NULL;
}

static struct entry *add(struct ledger *l, const struct stat *st)
{
	if (l->n * 2 >= l->slots)
		rehash(l, l->slots * 2);
	ingot_reserve(l->v, l->n, l->cap);
	l->v[l->n] = (struct entry){ .dev = st->st_dev, .ino = st->st_ino, .pin = -1 };
	*find_slot(l, st->st_dev, st->st_ino) = (uint32_t)l->n + 1;
	return &l->v[l->n++];
}

static int mount_of(int fd, uint64_t *ret)
{
	struct statx sx;
	if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &sx) < 0)
		return -1;
	*ret = sx.stx_mnt_id;
	return 0;
}

/* What the disk does not show of the Tree. */
static void seed(struct ledger *l, const struct step_seed *s)
{
	struct stat st;
	struct ingot_err ignored = INGOT_ERR_INIT;
	struct ingot_span name;
	char text[INGOT_MAX_NAME + 1] = ".";
	_cleanup_(ingot_closep) int dir = ingot_open_parent(l->root, ingot_span_of(s->path), &name, &ignored);
	if (dir < 0)
		return; /* a mount of ours lies over it */
	if (name.n)
		(void)snprintf(text, sizeof(text), "%.*s", INGOT_SPAN_ARG(name));
	_cleanup_(ingot_closep) int fd = openat(dir, text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || find(l, &st))
		return;
	struct entry *e = add(l, &st);
	/* Held, because in a user namespace overlayfs knows only as long as it remembers the inode that a copied-up file is the old one. The step's own come first. */
	if (l->pins < l->max_pins / 2) {
		e->pin = TAKE_FD(fd);
		l->pins++;
	}
	e->seed = s;
	e->uid = s->is.uid;
	e->gid = s->is.gid;
	e->mode = s->is.mode;
	e->disk_mode = st.st_mode & 07777;
	e->dir = S_ISDIR(st.st_mode);
	e->links = st.st_nlink;
	l->others = l->others || s->is.uid || s->is.gid;
}

struct ledger *ledger_new(const struct step_plan *p, struct ingot_err *err)
{
	struct ledger *l = ingot_alloc(sizeof(*l));
	struct rlimit files;
	l->plan = p;
	rehash(l, 1024);
	l->root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->root < 0 || mount_of(l->root, &l->mount) < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "beginning the ledger");
		return NULL;
	}
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "raising the limit of open files");
		return NULL;
	}
	l->max_pins = files.rlim_cur > 2 * OTHER_FDS ? (size_t)files.rlim_cur - OTHER_FDS : (size_t)files.rlim_cur / 2;
	l->next_sweep = l->max_pins / 2;
	for (size_t i = 0; i < p->n_seeds; i++)
		seed(l, &p->seeds[i]);
	return l;
}

bool ledger_identity(const struct ledger *l)
{
	return l->plan->flags & INGOT_STEP_IDENTITY;
}

bool ledger_has_others(const struct ledger *l)
{
	return l->others;
}

bool ledger_is_empty(const struct ledger *l)
{
	return l->n == 0 && !l->kept_outside;
}

/* --- records kept at the file --- */

static bool can_keep(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode); /* user.* attributes are for these alone (xattr(7)) */
}

static int keep_at_file(struct ledger *l, int fd, const struct ingot_owned *o)
{
	char path[40], text[INGOT_OWNED_TEXT];
	fd_path(fd, path);
	ingot_owned_text(o, text);
	if (setxattr(path, INGOT_OWNED_XATTR, text, strlen(text), 0) < 0)
		return errno;
	l->kept_outside = true;
	return 0;
}

static bool kept_at_file(const struct ledger *l, int fd, const struct stat *st, struct ingot_owned *ret)
{
	char path[40], text[INGOT_OWNED_TEXT];
	if (!l->kept_outside || !can_keep(st))
		return false;
	fd_path(fd, path);
	ssize_t n = getxattr(path, INGOT_OWNED_XATTR, text, sizeof(text));
	return n > 0 && ingot_owned_parse((struct ingot_span){ text, (size_t)n }, ret) == 0;
}

/* Without a name left, a file can come back only through a descriptor (linkat() of an O_TMPFILE): then the record must be there, but the descriptor, which
 * also keeps its bytes on the disk, need not be ours. */
static void sweep(struct ledger *l)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = &l->v[i];
		struct stat st;
		bool gone = e->pin >= 0 && fstat(e->pin, &st) == 0 && st.st_nlink == 0;
		if (gone && (!S_ISREG(st.st_mode) || !e->is.set || keep_at_file(l, e->pin, &e->is) == 0)) {
			ingot_closep(&e->pin);
			l->pins--;
			if (!e->seed)
				continue;
			e->is = (struct ingot_owned){ 0 };
			e->gone = true; /* what stands at its path in the end is not it */
			e->dev = 0;     /* nor is what gets its number next */
			e->ino = 0;
		}
		l->v[kept++] = *e;
	}
	l->n = kept;
	rehash(l, l->slots);
	l->next_sweep = l->pins + (l->max_pins - l->pins) / 2 + 1;
}

void ledger_sweep(struct ledger *l)
{
	if (l->pins)
		sweep(l);
}

static void merge(struct ingot_owned *o, const struct ingot_owned *c)
{
	if (c->set & INGOT_OWNED_UID)
		o->uid = c->uid;
	if (c->set & INGOT_OWNED_GID)
		o->gid = c->gid;
	if (c->set & INGOT_OWNED_DEVICE) {
		o->type = c->type;
		o->major = c->major;
		o->minor = c->minor;
	}
	if (c->set & INGOT_OWNED_PLAIN) {
		o->set &= ~INGOT_OWNED_CAPS;
		o->n_caps = 0;
	}
	if (c->set & INGOT_OWNED_CAPS) {
		memcpy(o->caps, c->caps, sizeof(o->caps));
		o->n_caps = c->n_caps;
	}
	o->set |= c->set;
}

int ledger_record(struct ledger *l, int fd, const struct stat *st, const struct ingot_owned *change)
{
	uint64_t mount;
	l->others = l->others || change->uid || change->gid;
	struct ingot_owned outside = { 0 };
	/* Of what is in other mounts (/tmp, a cache) nothing comes into the Tree, and in this level nobody is shown it. */
	if (!ledger_identity(l) && (mount_of(fd, &mount) < 0 || mount != l->mount))
		return 0;
	if (kept_at_file(l, fd, st, &outside)) {
		merge(&outside, change);
		return keep_at_file(l, fd, &outside);
	}
	if (l->pins >= l->next_sweep)
		sweep(l);
	struct entry *e = find(l, st);
	if (!e || e->pin < 0) {
		int pin = l->pins < l->max_pins ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
		if (pin < 0 && !can_keep(st))
			return ENOSPC;
		if (pin < 0)
			return keep_at_file(l, fd, change);
		if (!e) {
			e = add(l, st);
			e->uid = l->plan->uid;
			e->gid = l->plan->gid;
		}
		e->pin = pin;
		l->pins++;
	}
	merge(&e->is, change);
	if (change->set & INGOT_OWNED_UID)
		e->uid = change->uid;
	if (change->set & INGOT_OWNED_GID)
		e->gid = change->gid;
	if (change->set & INGOT_OWNED_PLAIN)
		e->mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	return 0;
}

bool ledger_show(struct ledger *l, int fd, struct stat *st)
{
	struct ingot_owned o = { .uid = st->st_uid, .gid = st->st_gid };
	const struct entry *e = find(l, st);
	bool outside = !e && kept_at_file(l, fd, st, &o);
	if (!e && !outside)
		return false;
	if (e) {
		o = e->is;
		if (e->mode && (st->st_mode & 07777) == e->disk_mode)
			st->st_mode = (st->st_mode & S_IFMT) | e->mode;
	}
	st->st_uid = e ? e->uid : o.set & INGOT_OWNED_UID ? o.uid : st->st_uid;
	st->st_gid = e ? e->gid : o.set & INGOT_OWNED_GID ? o.gid : st->st_gid;
	if (o.set & INGOT_OWNED_DEVICE) {
		st->st_mode = (st->st_mode & 07777) | (o.type == 'c' ? S_IFCHR : S_IFBLK);
		st->st_rdev = makedev(o.major, o.minor);
	}
	return true;
}

int ledger_caps(struct ledger *l, int fd, const struct stat *st, uint8_t ret[INGOT_CAPS_SIZE])
{
	struct ingot_owned o;
	const struct entry *e = find(l, st);
	if (e)
		o = e->is;
	else if (!kept_at_file(l, fd, st, &o))
		return -1;
	if (e && e->seed && !(o.set & (INGOT_OWNED_CAPS | INGOT_OWNED_PLAIN)))
		o = e->seed->is;
	if (o.set & INGOT_OWNED_CAPS && o.n_caps)
		memcpy(ret, o.caps, INGOT_CAPS_SIZE);
	return o.set & INGOT_OWNED_CAPS ? (int)o.n_caps : o.set & INGOT_OWNED_PLAIN ? 0 : -1;
}

/* --- the end --- */

/* What is being written: the lines, and the path in hand. */
struct writing {
	struct ledger *l;
	struct ingot_buf out;
	char path[INGOT_MAX_PATH + 64];
	size_t lost; /* records whose file is somewhere under another name */
	int failed;  /* errno of a directory that could not be looked into */
};

static void write_line(struct writing *w, struct entry *e, const char *path)
{
	char text[INGOT_OWNED_TEXT];
	/* Where there are no mounts, what elsewhere lies below one is told by its path. */
	if (w->l->plan->flags & INGOT_STEP_CHROOT && step_is_covered(path))
		return;
	ingot_owned_text(&e->is, text);
	ingot_buf_put(&w->out, text, strlen(text) + 1);
	ingot_buf_put(&w->out, path, strlen(path) + 1);
	e->is.set = 0; /* said */
}

/* By the name that the kernel knows. Its text ("... (deleted)") is only a hint: what is there must be the inode itself. */
static void write_by_name(struct writing *w, struct entry *e)
{
	char link[40];
	struct stat st, there;
	uint64_t mount;
	fd_path(e->pin, link);
	ssize_t n = readlink(link, w->path, INGOT_MAX_PATH + 63);
	if (n <= 0 || fstat(e->pin, &st) < 0 || st.st_nlink == 0 || mount_of(e->pin, &mount) < 0 || mount != w->l->mount)
		return; /* gone, or in a mount of its own */
	w->path[n] = '\0';
	if (w->path[0] == '/' && n <= INGOT_MAX_PATH && lstat(w->path, &there) == 0 && there.st_dev == st.st_dev && there.st_ino == st.st_ino) {
		write_line(w, e, w->path + 1);
		ingot_closep(&e->pin); /* the walk below needs descriptors, too */
	} else
		w->lost++;
}

/* All that the Tree said of it and the step did not change: it has to be said where the file is under another name. */
static void complete(struct entry *e, const struct stat *now)
{
	struct ingot_owned *o = &e->is;
	const struct ingot_owned *was = &e->seed->is;
	if (!(o->set & INGOT_OWNED_UID))
		o->uid = was->uid;
	if (!(o->set & INGOT_OWNED_GID))
		o->gid = was->gid;
	if (!(o->set & INGOT_OWNED_PLAIN) && S_ISREG(now->st_mode) && (now->st_mode & 07777) == e->disk_mode) {
		o->set |= INGOT_OWNED_MODE;
		o->mode = was->mode;
	}
	if (!(o->set & (INGOT_OWNED_CAPS | INGOT_OWNED_PLAIN)) && was->n_caps) {
		o->set |= INGOT_OWNED_CAPS;
		o->n_caps = was->n_caps;
		memcpy(o->caps, was->caps, sizeof(o->caps));
	}
	o->set |= INGOT_OWNED_UID | INGOT_OWNED_GID;
}

/* Is what the Tree had at this path still there? If another inode is, that is said, because the disk may show both as old ones. One that could not be held is left to
 * what the disk shows. */
static void look_at_seed(struct writing *w, struct entry *e)
{
	static const struct ingot_owned other = { .set = INGOT_OWNED_OTHER };
	struct stat st, held;
	if (e->pin < 0 && !e->gone)
		return;
	bool there = fstatat(w->l->root, e->seed->path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (there && !e->gone && fstat(e->pin, &held) == 0 && st.st_dev == held.st_dev && st.st_ino == held.st_ino) {
		if (st.st_nlink != e->links && !e->dir) /* one of several names now, of which any may come first */
			complete(e, &st);
		return;
	}
	if (there) {
		struct entry line = { .is = other };
		write_line(w, &line, e->seed->path);
	}
	if (!e->gone && fstat(e->pin, &held) == 0 && held.st_nlink)
		complete(e, &held);
}

/* What has another name now (rename(), or link() and unlink() of the first) lies in the upper directory: one walk finds all. path has n bytes. */
static void write_lost(struct writing *w, int take_fd, size_t n, unsigned depth)
{
	_cleanup_(ingot_closep) int fd = take_fd;
	DIR *d = depth > INGOT_MAX_DEPTH ? NULL : fdopendir(fd); /* what is deeper the harvest refuses */
	if (!d)
		return;
	(void)TAKE_FD(fd);
	const struct dirent *e;
	while (w->lost && (e = readdir(d))) {
		struct stat st;
		size_t k = strlen(e->d_name), slash = n ? 1 : 0;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || n + slash + k > INGOT_MAX_PATH)
			continue;
		w->path[n] = '/';
		memcpy(w->path + n + slash, e->d_name, k + 1);
		/* The upper directory has the names, the step's root the inode numbers. */
		if (fstatat(w->l->root, w->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		struct entry *found = find(w->l, &st);
		if (found && found->pin >= 0 && found->is.set) {
			write_line(w, found, w->path);
			w->lost--;
		}
		int child = S_ISDIR(st.st_mode) ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (child < 0 && S_ISDIR(st.st_mode))
			w->failed = errno;
		if (child >= 0)
			write_lost(w, child, n + slash + k, depth + 1);
	}
	(void)closedir(d);
}

int ledger_write(struct ledger *l, int upper, int fd, struct ingot_err *err)
{
	struct writing *w = ingot_alloc(sizeof(*w)); /* lives as long as the process */
	w->l = l;
	w->out.max = GIB(1);
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].seed)
			look_at_seed(w, &l->v[i]);
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].pin >= 0 && l->v[i].is.set)
			write_by_name(w, &l->v[i]);
	int top = w->lost ? openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (top >= 0)
		write_lost(w, top, 0, 0);
	if (w->lost && (top < 0 || w->failed)) {
		errno = w->failed ? w->failed : errno;
		return ingot_fail_sys(err, INGOT_E_HOST, "finding the files that the step has given away under their new names");
	}
	ingot_pass(ingot_buf_check(&w->out, "the ledger", err));
	return ingot_write_all(fd, w->out.p, w->out.n, err);
}
