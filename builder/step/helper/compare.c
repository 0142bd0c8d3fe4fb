/* compare.c - harvesting a copied checkout: beside the checkout, name by name, and what was not touched is not read. */
#include "harvest.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

int compare_begin(struct harvest *h, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = ingot_open_beneath(STEP_FD_SCRATCH, INGOT_SPAN(STEP_RECORD), O_RDONLY, err);
	ingot_try(err, fd, "the record of the copied checkout");
	ingot_pass(ingot_pread_all(fd, &h->copied, sizeof(h->copied), 0, err));
	if (!h->copied.n || h->copied.n > INGOT_MAX_ENTRIES + 1)
		return ingot_fail(err, INGOT_E_BUG, "the record of the copied checkout is damaged");
	h->n_records = h->copied.n;
	h->records = ingot_alloc_array(h->n_records, sizeof(struct step_record));
	return ingot_pread_all(fd, h->records, h->n_records * sizeof(struct step_record), sizeof(h->copied), err);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Is it an inode of the copy, wherever that was? */
static bool has_old_number(struct harvest *h, const struct stat *st)
{
	uint64_t ino = st->st_ino;
	if (!h->inodes_copied) {
		h->inodes_copied = ingot_alloc_array(h->n_records, sizeof(uint64_t));
		for (size_t i = 0; i < h->n_records; i++)
			h->inodes_copied[i] = h->records[i].ino;
		qsort(h->inodes_copied, h->n_records, sizeof(uint64_t), by_number);
	}
	return bsearch(&ino, h->inodes_copied, h->n_records, sizeof(uint64_t), by_number) != NULL;
}

/* As an overlay has it, which knows that of files and directories only, and of files also when they were renamed. The number may be given out again once its file is
 * gone; no file system that does it at once has no time of birth. */
static bool is_old(struct harvest *h, int dirfd, const char *name, const struct stat *st)
{
	struct statx x;
	if ((!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) || !has_old_number(h, st) || statx(dirfd, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &x) < 0)
		return false;
	return !(x.stx_mask & STATX_BTIME) || x.stx_btime.tv_sec < h->copied.sec || (x.stx_btime.tv_sec == h->copied.sec && x.stx_btime.tv_nsec <= h->copied.nsec);
}

/* On a tmpfs a page that was mapped shared and read first is written without anybody hearing of it (do_read_fault() of the kernel maps it writable where nothing waits for
 * the first write, and tmpfs does not): the time of change stays. So there bytes are compared, which are in memory anyway. */
static bool same_bytes(struct harvest *h, int upper, int lower, const char *name, const struct stat *now, const struct stat *was)
{
	static const size_t half = sizeof(h->block) / 2;
	struct ingot_err ignored = INGOT_ERR_INIT;
	if (!h->on_tmpfs || !S_ISREG(now->st_mode))
		return true;
	_cleanup_(ingot_closep) int a = openat(upper, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_(ingot_closep) int b = openat(lower, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = a < 0 || b < 0 || now->st_size != was->st_size ? -1 : 1;
	while (n > 0) {
		n = ingot_read_upto(a, h->block, half, &ignored);
		if (n < 0 || ingot_read_upto(b, h->block + half, half, &ignored) != n || memcmp(h->block, h->block + half, (size_t)n) != 0)
			n = -1;
	}
	return n == 0; /* if not, it is harvested, and what is wrong with it is said then */
}

static bool is_untouched(const struct step_record *r, const struct stat *st)
{
	return r->ino == st->st_ino && r->sec == st->st_ctim.tv_sec && r->nsec == (uint32_t)st->st_ctim.tv_nsec;
}

static int compare_dir(struct harvest *h, int upper, int lower, size_t at, unsigned depth, struct ingot_err *err);

/* A name that both have. */
static int compare_one(struct harvest *h, int upper, int lower, const char *name, size_t at, unsigned depth, struct ingot_err *err)
{
	struct stat now, was;
	const struct step_record *r = &h->records[at];
	if (fstatat(upper, name, &now, AT_SYMLINK_NOFOLLOW) < 0 || fstatat(lower, name, &was, AT_SYMLINK_NOFOLLOW) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "looking at '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	/* A directory is old in its own place alone: overlayfs does not rename those of lower layers. */
	bool kept = is_old(h, upper, name, &now) && (S_ISREG(now.st_mode) || r->ino == now.st_ino);
	if (!S_ISDIR(now.st_mode) || !S_ISDIR(was.st_mode)) {
		if (is_untouched(r, &now) && same_bytes(h, upper, lower, name, &now, &was))
			return 0;
		h->kept = kept;
		int sent = harvest_any(h, upper, name, depth, err);
		h->kept = false;
		return sent;
	}
	_cleanup_(ingot_closep) int new = openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(ingot_closep) int old = openat(lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (new < 0 || old < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "opening the directory '%s'", INGOT_SHOW(ingot_span_of(h->path)));
	h->kept = kept;
	if (!is_untouched(r, &now))
		ingot_pass(harvest_dir_itself(h, new, depth + 1, err));
	h->kept = false;
	return compare_dir(h, new, old, at, depth + 1, err);
}

/* A name that only the step's root has: a new file, or one of the Tree that was renamed. */
static int send_new(struct harvest *h, int upper, const char *name, unsigned depth, struct ingot_err *err)
{
	struct stat st;
	h->kept = fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && is_old(h, upper, name, &st);
	int sent = harvest_any(h, upper, name, depth, err);
	h->kept = false;
	return sent;
}

/* at: the record of this directory; those of its contents follow it. */
static int compare_dir(struct harvest *h, int upper, int lower, size_t at, unsigned depth, struct ingot_err *err)
{
	_cleanup_(step_names_done) struct step_names new = { 0 };
	_cleanup_(step_names_done) struct step_names old = { 0 };
	size_t i = 0, k = 0, next = at + 1, end = next + h->records[at].below;
	ingot_pass(step_names_list(upper, h->path, &new, err));
	ingot_pass(step_names_list(lower, h->path, &old, err));
	while (i < new.n || k < old.n) {
		int order = i == new.n ? 1 : k == old.n ? -1 : strcmp(new.v[i], old.v[k]);
		ssize_t had = harvest_down(h, order <= 0 ? new.v[i] : old.v[k], err);
		ingot_pass(had);
		if (order >= 0 && (next >= end || end > h->n_records))
			return ingot_fail(err, INGOT_E_BUG, "the checkout is not the one that was copied: '%s'", INGOT_SHOW(ingot_span_of(h->path)));
		bool covered = h->p->flags & INGOT_STEP_CHROOT && step_is_covered(h->path);
		if (order < 0 && !covered)
			ingot_pass(send_new(h, upper, new.v[i], depth, err));
		else if (order > 0 && !covered)
			ingot_pass(harvest_entry(h, '-', NULL, (struct ingot_span){ 0 }, err));
		else if (!covered)
			ingot_pass(compare_one(h, upper, lower, new.v[i], next, depth, err));
		harvest_up(h, (size_t)had);
		i += order <= 0;
		if (order >= 0) {
			next += 1 + h->records[next].below;
			k++;
		}
	}
	return 0;
}

int compare(struct harvest *h, int upper, int lower, struct ingot_err *err)
{
	struct stat st;
	struct statfs fs;
	if (fstat(upper, &st) < 0 || fstatfs(upper, &fs) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "looking at the step's root");
	h->on_tmpfs = fs.f_type == TMPFS_MAGIC;
	if (!is_untouched(&h->records[0], &st))
		ingot_pass(harvest_dir_itself(h, upper, 0, err));
	return compare_dir(h, upper, lower, 0, 0, err);
}
