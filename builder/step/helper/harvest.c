/* harvest.c - the upper directory of a finished step as messages.
 *
 * Runs when every process of the step is dead, in a user namespace of the same kind (a step can leave directories with mode 000, which the caller could not
 * read otherwise), with the upper directory as its root: what the step left behind cannot lead anywhere else.
 */
#include "sandbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct seen {
	dev_t dev;
	ino_t ino;
	char *path; /* NULL: a free slot */
};

struct harvest {
	struct ingot_chan *c;
	const struct step_plan *p;
	char path[INGOT_MAX_PATH + 1];
	size_t n; /* of path */
	struct seen *seen; /* open addressing; files with more than one name */
	size_t n_seen, cap_seen;
	uint64_t bytes, entries;
	bool kept; /* what the next entry is about is an inode from before the step: its owner is the Tree's */
	char block[KIB(256)];
};

static struct seen *slot(struct seen *table, size_t cap, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino ^ ((uint64_t)dev << 32)) * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = (size_t)(h >> 20) & (cap - 1);; i = (i + 1) & (cap - 1))
		if (!table[i].path || (table[i].dev == dev && table[i].ino == ino))
			return &table[i];
}

/* The first path of this inode, or NULL: then this one is the first. */
static const char *first_name(struct harvest *h, const struct stat *st)
{
	if (h->n_seen * 2 >= h->cap_seen) {
		size_t cap = h->cap_seen ? h->cap_seen * 2 : 1024;
		struct seen *bigger = ingot_alloc_array(cap, sizeof(*bigger));
		for (size_t i = 0; i < h->cap_seen; i++)
			if (h->seen[i].path)
				*slot(bigger, cap, h->seen[i].dev, h->seen[i].ino) = h->seen[i];
		free(h->seen);
		h->seen = bigger;
		h->cap_seen = cap;
	}
	struct seen *s = slot(h->seen, h->cap_seen, st->st_dev, st->st_ino);
	if (s->path)
		return s->path;
	*s = (struct seen){ st->st_dev, st->st_ino, ingot_strdup(h->path) };
	h->n_seen++;
	return NULL;
}

static int send_entry(struct harvest *h, uint32_t type, const struct stat *st, struct ingot_span target, struct ingot_err *err)
{
	if (++h->entries > INGOT_MAX_ENTRIES)
		return ingot_fail(err, INGOT_E_STEP, "the step left more than %d files", INGOT_MAX_ENTRIES);
	struct ingot_msg_entry m = { .type = type, .path = { h->path, h->n }, .target = target };
	if (st) {
		m.mode = st->st_mode & 07777;
		m.uid = h->p->uid; /* the one mapped id; who should own what is decided from the Tree and the ledger */
		m.gid = h->p->gid;
		m.mtime = st->st_mtime > 0 ? (uint64_t)st->st_mtime : 0;
		m.kept = h->kept;
		h->kept = false;
	}
	if (type == 'f')
		m.size = (uint64_t)st->st_size;
	if (type == 'c' || type == 'b') {
		m.major = major(st->st_rdev) & 0xfff;
		m.minor = minor(st->st_rdev) & 0xfffff;
	}
	return ingot_chan_send(h->c, INGOT_MSG_ENTRY, &m, err);
}

/* What may be in a Tree (ingot_xattr_allowed() is the judge, on the other side); the overlay's own markers never. */
static bool passes(const char *name)
{
	return (strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0) || strcmp(name, "security.capability") == 0;
}

static int send_xattrs(struct harvest *h, int fd, struct ingot_err *err)
{
	static const size_t most = KIB(64); /* XATTR_LIST_MAX and XATTR_SIZE_MAX */
	ssize_t n = flistxattr(fd, NULL, 0);
	if (n == 0 || (n < 0 && errno == ENOTSUP))
		return 0;
	_cleanup_(ingot_freep) char *names = ingot_alloc(most + 1);
	_cleanup_(ingot_freep) char *value = ingot_alloc(most);
	if ((n = flistxattr(fd, names, most)) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the attributes of '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		if (strcmp(name, "user.overlay.metacopy") == 0 || strcmp(name, "user.overlay.redirect") == 0)
			return ingot_fail(err, INGOT_E_HOST, "the overlay left '%s' without its content: this kernel does more than was asked for", INGOT_SHOW(ingot_span_of(h->path)));
		if (!passes(name))
			continue;
		ssize_t v = fgetxattr(fd, name, value, most);
		if (v < 0)
			return ingot_fail_sys(err, INGOT_E_BUG, "reading the attribute %s of '%s'", INGOT_SHOW(ingot_span_of(name)), INGOT_SHOW(ingot_span_of(h->path)));
		struct ingot_msg_xattr m = { .name = ingot_span_of(name), .value = { value, (size_t)v } };
		ingot_pass(ingot_chan_send(h->c, INGOT_MSG_XATTR, &m, err));
	}
	return 0;
}

static bool has_marker(int fd, const char *name, char want)
{
	char value[2];
	if (!want)
		return fgetxattr(fd, name, NULL, 0) >= 0;
	return fgetxattr(fd, name, value, sizeof(value)) == 1 && value[0] == want;
}

/* overlayfs notes where a copied-up file came from, and nothing at a new one; for one with several names in the lower layer it cannot (the coordinator knows those). */
static bool copied_up(int fd)
{
	return has_marker(fd, "user.overlay.origin", 0);
}

static int send_file(struct harvest *h, int dirfd, const char *name, const struct stat *expect, struct ingot_err *err)
{
	struct stat st;
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "opening '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	if (!S_ISREG(st.st_mode) || st.st_ino != expect->st_ino || st.st_dev != expect->st_dev)
		return ingot_fail(err, INGOT_E_BUG, "'%s' changed after the step had ended", INGOT_SHOW(ingot_span_of(h->path)));
	if (has_marker(fd, "user.overlay.whiteout", 0))
		return send_entry(h, '-', NULL, (struct ingot_span){ 0 }, err);
	const char *first = st.st_nlink > 1 ? first_name(h, &st) : NULL;
	if (first)
		return send_entry(h, 'h', NULL, ingot_span_of(first), err);
	uint64_t size = (uint64_t)st.st_size;
	if (size > h->p->disk_limit - h->bytes)
		return ingot_fail(err, INGOT_E_STEP, "the step left more than its limit of %llu bytes ('%s' has %llu)", (unsigned long long)h->p->disk_limit,
				  INGOT_SHOW(ingot_span_of(h->path)), (unsigned long long)size);
	h->bytes += size;
	ingot_pass(send_xattrs(h, fd, err));
	h->kept = copied_up(fd);
	ingot_pass(send_entry(h, 'f', &st, (struct ingot_span){ 0 }, err));
	for (uint64_t left = size; left;) {
		ssize_t n = ingot_read_upto(fd, h->block, left < sizeof(h->block) ? (size_t)left : sizeof(h->block), err);
		if (n <= 0)
			return n < 0 ? -1 : ingot_fail(err, INGOT_E_BUG, "'%s' shrank after the step had ended", INGOT_SHOW(ingot_span_of(h->path)));
		struct ingot_msg_data d = { .data = { h->block, (size_t)n } };
		ingot_pass(ingot_chan_send(h->c, INGOT_MSG_DATA, &d, err));
		left -= (uint64_t)n;
	}
	return 0;
}

static int send_link(struct harvest *h, int dirfd, const char *name, const struct stat *st, struct ingot_err *err)
{
	char target[INGOT_MAX_PATH + 1];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));
	if (n < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the link '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	if ((size_t)n > INGOT_MAX_PATH)
		return ingot_fail(err, INGOT_E_STEP, "the target of the link '%s' is too long", INGOT_SHOW(ingot_span_of(h->path)));
	return send_entry(h, 'l', st, (struct ingot_span){ target, (size_t)n }, err);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
	char **v;
	size_t n, cap;
};

static void names_done(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

/* Sorted, so that the same step gives the same stream on every file system. */
static int list(struct harvest *h, int fd, struct names *ret, struct ingot_err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		ingot_closep(&copy);
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the directory '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	}
	const struct dirent *e;
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		ingot_reserve(ret->v, ret->n, ret->cap);
		ret->v[ret->n++] = ingot_strdup(e->d_name);
		if (ret->n > INGOT_MAX_ENTRIES)
			break; /* send_entry() will say so */
	}
	(void)closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(ret->v[0]), by_bytes);
	return 0;
}

static int send_any(struct harvest *h, int dirfd, const char *name, unsigned depth, struct ingot_err *err);

static int send_dir(struct harvest *h, int take_fd, unsigned depth, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = take_fd;
	_cleanup_(names_done) struct names l = { 0 };
	struct stat st;
	if (fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the directory '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	if (depth > INGOT_MAX_DEPTH)
		return ingot_fail(err, INGOT_E_STEP, "directories are nested deeper than %d: '%s'", INGOT_MAX_DEPTH, INGOT_SHOW(ingot_span_of(h->path)));
	if (has_marker(fd, "user.overlay.opaque", 'y'))
		ingot_pass(send_entry(h, 'o', NULL, (struct ingot_span){ 0 }, err));
	ingot_pass(send_xattrs(h, fd, err));
	h->kept = depth == 0 || copied_up(fd);
	ingot_pass(send_entry(h, 'd', &st, (struct ingot_span){ 0 }, err));
	ingot_pass(list(h, fd, &l, err));
	size_t had = h->n;
	for (size_t i = 0; i < l.n; i++) {
		size_t n = strlen(l.v[i]), slash = had ? 1 : 0;
		if (had + slash + n > INGOT_MAX_PATH)
			return ingot_fail(err, INGOT_E_STEP, "a path longer than %d bytes below '%s'", INGOT_MAX_PATH, INGOT_SHOW(ingot_span_of(h->path)));
		if (slash)
			h->path[had] = '/';
		memcpy(h->path + had + slash, l.v[i], n + 1);
		h->n = had + slash + n;
		ingot_pass(send_any(h, fd, l.v[i], depth, err));
		h->n = had;
		h->path[had] = '\0';
	}
	return 0;
}

static int send_any(struct harvest *h, int dirfd, const char *name, unsigned depth, struct ingot_err *err)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "looking at '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	if (S_ISREG(st.st_mode))
		return send_file(h, dirfd, name, &st, err);
	if (S_ISLNK(st.st_mode))
		return send_link(h, dirfd, name, &st, err);
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return send_entry(h, '-', NULL, (struct ingot_span){ 0 }, err);
	if (S_ISDIR(st.st_mode)) {
		int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return ingot_fail_sys(err, INGOT_E_BUG, "opening the directory '%s'", INGOT_SHOW(ingot_span_of(h->path)));
		return send_dir(h, fd, depth + 1, err);
	}
	if (S_ISSOCK(st.st_mode))
		return 0; /* a socket nobody listens on; no image format has it */
	return send_entry(h, S_ISFIFO(st.st_mode) ? 'p' : S_ISCHR(st.st_mode) ? 'c' : 'b', &st, (struct ingot_span){ 0 }, err);
}

/* Our own walls: nothing but reading below the upper directory, which becomes "/". */
static int enclose(const struct step_plan *p, int *ret_upper, struct ingot_err *err)
{
	static const int keep[] = { CAP_DAC_READ_SEARCH };
	uid_t uid = geteuid();
	gid_t gid = getegid();
	_cleanup_(ingot_closep) int place = ingot_open_beneath(STEP_FD_SCRATCH, INGOT_SPAN(STEP_UPPER), O_PATH | O_DIRECTORY, err);
	ingot_try(err, place, "the scratch directory");
	{
		_cleanup_(ingot_closep) int proc = step_open_proc(err);
		ingot_pass(proc);
		if (unshare(step_namespaces(0) & ~CLONE_NEWPID) < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "making namespaces for the harvest");
		ingot_pass(step_map_ids(proc, uid, gid, p->uid, p->gid, err));
	}
	/* Only now: the step may have closed its root to everybody. */
	_cleanup_(ingot_closep) int upper = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "opening the step's root");
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || fchdir(upper) < 0 || chroot(".") < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "enclosing the harvest");
	const int fds[] = { STDERR_FILENO, INGOT_CHANNEL_FD, upper };
	ingot_pass(step_close_all_but(fds, 3, err));
	ingot_pass(step_drop_caps(keep, 1, false, err));
	ingot_pass(step_filter_load(0, err));
	struct stat root, above, mine;
	if (unshare(CLONE_NEWUSER) == 0 || fstat(upper, &mine) < 0 || stat("/", &root) < 0 || stat("/..", &above) < 0 || root.st_ino != mine.st_ino ||
	    above.st_ino != mine.st_ino)
		return ingot_fail(err, INGOT_E_HOST, "the harvest's walls do not hold");
	*ret_upper = TAKE_FD(upper);
	return 0;
}

int step_harvest(struct ingot_chan *c, const struct step_plan *p, struct ingot_err *err)
{
	int upper = -1;
	ingot_pass(enclose(p, &upper, err));
	struct harvest *h = ingot_alloc(sizeof(*h)); /* lives as long as the process */
	h->c = c;
	h->p = p;
	ingot_pass(send_dir(h, upper, 0, err));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}
