/* libarchive reads, our scanner (tar.c) sees every block first. The scanner alone would do for the formats that are accepted; libarchive alone
 * accepts far more than has one meaning. An attacker has to find bytes that both misread in the same way: each entry's name, type, size,
 * owner, mode, time, link, device and attributes are compared, and a difference is an error. What is passed on is the scanner's
 * reading (plain bytes, no locale involved) with libarchive's contents. The scanner costs some 1 % of decompressing. */
#include "reader.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <ingot/escape.h>

struct reader {
	struct stream *in;
	struct tar *scan;
	struct ingot_err *err; /* what went wrong below libarchive: it is told "fatal", and we report this */
	bool failed, ended;
};

static int pull(struct reader *r, struct ingot_span *ret)
{
	if (r->failed)
		return -1;
	int n = r->ended ? 0 : r->in->next(r->in, ret, r->err);
	if (n > 0)
		n = tar_feed(r->scan, *ret, r->err) < 0 ? -1 : 1;
	else if (n == 0 && !r->ended)
		n = tar_end(r->scan, r->err) < 0 ? -1 : 0;
	r->failed = n < 0;
	r->ended = n <= 0;
	return n;
}

static la_ssize_t feed(struct archive *a, void *ctx, const void **ret)
{
	struct reader *r = ctx;
	struct ingot_span block = { 0 };
	int n = pull(r, &block);
	if (n < 0) {
		archive_set_error(a, EINVAL, "refused");
		return -1;
	}
	*ret = block.p;
	return n ? (la_ssize_t)block.n : 0;
}

static void freep(struct archive **a)
{
	(void)archive_read_free(*a);
}

static int library_failed(struct reader *r, struct archive *a, struct ingot_err *err)
{
	if (r->failed)
		return -1; /* *err is filled */
	const char *text = archive_error_string(a);
	return ingot_fail(err, INGOT_E_OUTSIDE, "libarchive: %s", text ? INGOT_SHOW(ingot_span_of(text)) : "no reason given");
}

static bool same_text(const char *a, struct ingot_span b)
{
	return a ? ingot_span_eq(ingot_span_of(a), b) : b.n == 0;
}

static bool same_xattrs(struct archive_entry *a, const struct tar_entry *e)
{
	if ((size_t)archive_entry_xattr_reset(a) != e->n_xattrs)
		return false;
	const char *name;
	const void *value;
	size_t n;
	while (archive_entry_xattr_next(a, &name, &value, &n) == ARCHIVE_OK) {
		size_t i = 0;
		while (i < e->n_xattrs && !ingot_span_is(e->xattrs[i].name, name))
			i++;
		if (i == e->n_xattrs || !ingot_span_eq(e->xattrs[i].value, (struct ingot_span){ value, n }))
			return false;
	}
	return true;
}

/* The first thing about which the two readers differ, or NULL. */
static const char *difference(struct archive_entry *a, const struct tar_entry *e)
{
	static const struct {
		char type;
		__LA_MODE_T filetype;
	} types[] = { { 'f', AE_IFREG }, { 'd', AE_IFDIR }, { 'l', AE_IFLNK }, { 'c', AE_IFCHR }, { 'b', AE_IFBLK }, { 'p', AE_IFIFO } };
	bool hard = e->type == 'h';
	if (!same_text(archive_entry_pathname(a), e->path))
		return "the name";
	if (!same_text(archive_entry_hardlink(a), hard ? e->target : (struct ingot_span){ 0 }))
		return "the hard link";
	if (!same_text(archive_entry_symlink(a), e->type == 'l' ? e->target : (struct ingot_span){ 0 }))
		return "the link target";
	size_t i = 0;
	while (!hard && i < 6 && types[i].type != e->type)
		i++;
	if (!hard && (i == 6 || archive_entry_filetype(a) != types[i].filetype))
		return "the type";
	if ((uint64_t)archive_entry_size(a) != e->size || archive_entry_sparse_count(a) != 0)
		return "the size";
	if ((uint64_t)archive_entry_uid(a) != e->uid || (uint64_t)archive_entry_gid(a) != e->gid)
		return "the owner";
	if (archive_entry_perm(a) != e->mode)
		return "the mode";
	if ((uint64_t)archive_entry_mtime(a) != e->mtime)
		return "the time";
	bool device = e->type == 'c' || e->type == 'b';
	if (device && (archive_entry_rdevmajor(a) != e->major || archive_entry_rdevminor(a) != e->minor))
		return "the device";
	return same_xattrs(a, e) ? NULL : "the extended attributes";
}

static int read_content(struct reader *r, struct archive *a, const struct tar_entry *e, const struct archive_ops *ops, struct ingot_err *err)
{
	uint64_t at = 0;
	for (;;) {
		const void *p;
		size_t n;
		la_int64_t offset;
		int k = archive_read_data_block(a, &p, &n, &offset);
		if (k == ARCHIVE_EOF)
			break;
		if (k != ARCHIVE_OK)
			return library_failed(r, a, err);
		if ((uint64_t)offset != at || n > e->size - at)
			return ingot_fail(err, INGOT_E_OUTSIDE, "two readers understand the content of this entry differently");
		at += n;
		if (n)
			ingot_pass(ops->data(ops->ctx, (struct ingot_span){ p, n }, err));
	}
	if (at != e->size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the content has %llu of %llu bytes", (unsigned long long)at, (unsigned long long)e->size);
	return 0;
}

static int one_entry(struct reader *r, struct archive *a, struct archive_entry *got, const struct archive_ops *ops, struct ingot_err *err)
{
	_cleanup_(tar_entry_freep) struct tar_entry *e = tar_pop(r->scan);
	if (!e)
		return ingot_fail(err, INGOT_E_OUTSIDE, "two readers find different entries in this archive");
	const char *what = difference(got, e);
	if (what)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: two readers understand %s of this entry differently", INGOT_SHOW(e->path), what);
	ingot_pass(ops->entry(ops->ctx, e, err));
	ingot_try(err, read_content(r, a, e, ops, err), "%s", INGOT_SHOW(e->path));
	return 0;
}

int archive_read_tar(struct stream *in, enum tar_profile profile, const struct archive_ops *ops, struct ingot_err *err)
{
	_cleanup_(tar_freep) struct tar *scan = tar_new(profile);
	struct reader r = { .in = in, .scan = scan, .err = err };
	_cleanup_(freep) struct archive *a = archive_read_new();
	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK || archive_read_support_format_empty(a) != ARCHIVE_OK)
		return ingot_fail(err, INGOT_E_BUG, "libarchive cannot be set up");
	if (archive_read_open(a, &r, NULL, feed, NULL) != ARCHIVE_OK)
		return library_failed(&r, a, err);
	for (;;) {
		struct archive_entry *got;
		int k = archive_read_next_header(a, &got);
		if (k == ARCHIVE_EOF)
			break;
		/* A warning is about names that the C locale cannot hold: they are compared as bytes. */
		if (k != ARCHIVE_OK && k != ARCHIVE_WARN)
			return library_failed(&r, a, err);
		ingot_pass(one_entry(&r, a, got, ops, err));
	}
	/* libarchive stops reading at the first zero block; the scanner has to see the rest. */
	struct ingot_span rest;
	int k;
	while ((k = pull(&r, &rest)) > 0)
		;
	if (k < 0 || r.failed)
		return -1;
	if (tar_pop(scan))
		return ingot_fail(err, INGOT_E_OUTSIDE, "two readers find different entries in this archive");
	return 0;
}
