/* harvest.c - the upper directory of a finished step as messages.
 *
 * Runs when every process of the step is dead, in a user namespace of the same kind (a step can leave directories with mode 000, which the caller could not
 * read otherwise), with the upper directory as its root: what the step left behind cannot lead anywhere else.
 */
#include "harvest.h"
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

int harvest_entry(struct harvest *h, uint32_t type, const struct stat *st, struct ingot_span target, struct ingot_err *err)
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
		if (!(h->p->flags & INGOT_STEP_COPIED) && (strcmp(name, "user.overlay.metacopy") == 0 || strcmp(name, "user.overlay.redirect") == 0))
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

/* The overlay's own. On a copied checkout there are none, but a step may have given a file such a name. */
static bool has_marker(const struct harvest *h, int fd, const char *name, char want)
{
	if (h->p->flags & INGOT_STEP_COPIED)
		return false;
	char value[2];
	if (!want)
		return fgetxattr(fd, name, NULL, 0) >= 0;
	return fgetxattr(fd, name, value, sizeof(value)) == 1 && value[0] == want;
}

/* overlayfs notes where a copied-up file came from, and nothing at a new one; for one with several names in the lower layer it cannot (the coordinator knows those). */
static bool copied_up(const struct harvest *h, int fd)
{
	return h->p->flags & INGOT_STEP_COPIED ? h->kept : has_marker(h, fd, "user.overlay.origin", 0);
}

static int send_file(struct harvest *h, int dirfd, const char *name, const struct stat *expect, struct ingot_err *err)
{
	struct stat st;
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "opening '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	if (!S_ISREG(st.st_mode) || st.st_ino != expect->st_ino || st.st_dev != expect->st_dev)
		return ingot_fail(err, INGOT_E_BUG, "'%s' changed after the step had ended", INGOT_SHOW(ingot_span_of(h->path)));
	if (has_marker(h, fd, "user.overlay.whiteout", 0))
		return harvest_entry(h, '-', NULL, (struct ingot_span){ 0 }, err);
	const char *first = st.st_nlink > 1 ? step_inodes_first(&h->inodes, &st, h->path) : NULL;
	if (first)
		return harvest_entry(h, 'h', NULL, ingot_span_of(first), err);
	uint64_t size = (uint64_t)st.st_size;
	if (size > h->p->disk_limit - h->bytes)
		return ingot_fail(err, INGOT_E_STEP, "the step left more than its limit of %llu bytes ('%s' has %llu)", (unsigned long long)h->p->disk_limit,
				  INGOT_SHOW(ingot_span_of(h->path)), (unsigned long long)size);
	h->bytes += size;
	ingot_pass(send_xattrs(h, fd, err));
	h->kept = copied_up(h, fd);
	ingot_pass(harvest_entry(h, 'f', &st, (struct ingot_span){ 0 }, err));
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
	return harvest_entry(h, 'l', st, (struct ingot_span){ target, (size_t)n }, err);
}

int harvest_dir_itself(struct harvest *h, int fd, unsigned depth, struct ingot_err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the directory '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	if (depth > INGOT_MAX_DEPTH)
		return ingot_fail(err, INGOT_E_STEP, "directories are nested deeper than %d: '%s'", INGOT_MAX_DEPTH, INGOT_SHOW(ingot_span_of(h->path)));
	if (has_marker(h, fd, "user.overlay.opaque", 'y'))
		ingot_pass(harvest_entry(h, 'o', NULL, (struct ingot_span){ 0 }, err));
	ingot_pass(send_xattrs(h, fd, err));
	h->kept = depth == 0 || copied_up(h, fd);
	return harvest_entry(h, 'd', &st, (struct ingot_span){ 0 }, err);
}

ssize_t harvest_down(struct harvest *h, const char *name, struct ingot_err *err)
{
	size_t had = h->n, n = strlen(name), slash = had ? 1 : 0;
	if (had + slash + n > INGOT_MAX_PATH)
		return ingot_fail(err, INGOT_E_STEP, "a path longer than %d bytes below '%s'", INGOT_MAX_PATH, INGOT_SHOW(ingot_span_of(h->path)));
	if (slash)
		h->path[had] = '/';
	memcpy(h->path + had + slash, name, n + 1);
	h->n = had + slash + n;
	return (ssize_t)had;
}

void harvest_up(struct harvest *h, size_t had)
{
	h->n = had;
	h->path[had] = '\0';
}

static int send_dir(struct harvest *h, int take_fd, unsigned depth, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = take_fd;
	_cleanup_(step_names_done) struct step_names l = { 0 };
	ingot_pass(harvest_dir_itself(h, fd, depth, err));
	/* Sorted, so that the same step gives the same stream on every file system. */
	ingot_pass(step_names_list(fd, h->path, &l, err));
	for (size_t i = 0; i < l.n; i++) {
		ssize_t had = harvest_down(h, l.v[i], err);
		ingot_pass(had);
		ingot_pass(harvest_any(h, fd, l.v[i], depth, err));
		harvest_up(h, (size_t)had);
	}
	return 0;
}

int harvest_any(struct harvest *h, int dirfd, const char *name, unsigned depth, struct ingot_err *err)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "looking at '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	if (S_ISREG(st.st_mode))
		return send_file(h, dirfd, name, &st, err);
	if (S_ISLNK(st.st_mode))
		return send_link(h, dirfd, name, &st, err);
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return harvest_entry(h, '-', NULL, (struct ingot_span){ 0 }, err);
	if (S_ISDIR(st.st_mode)) {
		int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return ingot_fail_sys(err, INGOT_E_BUG, "opening the directory '%s'", INGOT_SHOW(ingot_span_of(h->path)));
		return send_dir(h, fd, depth + 1, err);
	}
	/* A socket nobody listens on; no image format has it. What had its name before is gone. */
	if (S_ISSOCK(st.st_mode))
		return harvest_entry(h, '-', NULL, (struct ingot_span){ 0 }, err);
	return harvest_entry(h, S_ISFIFO(st.st_mode) ? 'p' : S_ISCHR(st.st_mode) ? 'c' : 'b', &st, (struct ingot_span){ 0 }, err);
}

/* Our own walls: nothing but reading below the upper directory, which becomes "/", and of what was copied there. */
static int enclose(const struct step_plan *p, int *ret_upper, struct ingot_err *err)
{
	static const int keep[] = { CAP_DAC_READ_SEARCH };
	uid_t uid = geteuid();
	gid_t gid = getegid();
	_cleanup_(ingot_closep) int place = ingot_open_beneath(STEP_FD_SCRATCH, INGOT_SPAN(STEP_UPPER), O_PATH | O_DIRECTORY, err);
	ingot_try(err, place, "the scratch directory");
	if (!(p->flags & INGOT_STEP_CHROOT)) {
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
	const int fds[] = { STDERR_FILENO, INGOT_CHANNEL_FD, STEP_FD_ROOT, upper };
	ingot_pass(step_close_all_but(fds, 4, err));
	if (p->flags & INGOT_STEP_CHROOT)
		ingot_pass(step_chroot_reader(upper, STEP_FD_ROOT, err));
	else
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
	struct harvest *h = ingot_alloc(sizeof(*h)); /* lives as long as the process */
	h->c = c;
	h->p = p;
	if (p->flags & INGOT_STEP_COPIED)
		ingot_pass(compare_begin(h, err));
	ingot_pass(enclose(p, &upper, err));
	if (p->flags & INGOT_STEP_COPIED)
		ingot_pass(compare(h, upper, STEP_FD_ROOT, err));
	else
		ingot_pass(send_dir(h, upper, 0, err));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}
