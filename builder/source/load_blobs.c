#include "load_impl.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void blobs_done(struct blobs *b)
{
	ingot_layout_free(b->layout);
	ingot_closep(&b->dir);
	ingot_buf_done(&b->index);
	free(b->all);
	b->layout = NULL;
	b->all = NULL;
}

void blob_part_done(struct blob_part *p)
{
	ingot_closep(&p->fd);
}

static int list_blob(struct blobs *b, const struct ingot_digest *d, struct ingot_err *err)
{
	if (b->n == INGOT_MAX_BLOBS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d blobs", INGOT_MAX_BLOBS);
	ingot_reserve(b->all, b->n, b->cap);
	b->all[b->n++] = *d;
	return 0;
}

/* --- a foreign archive: its blobs go into the store, its index stays here --- */

struct unpack {
	struct blobs *b;
	struct ingot_blob *blob; /* being written, or NULL */
	struct ingot_digest name;
	bool index;
};

static int member_begin(void *ctx, struct ingot_span name, uint64_t size, struct ingot_err *err)
{
	struct unpack *u = ctx;
	u->index = ingot_span_is(name, "index.json");
	if (!ingot_span_starts(name, "blobs/sha256/") || ingot_digest_parse_hex((struct ingot_span){ name.p + 13, name.n - 13 }, &u->name) < 0)
		return 0; /* nothing that the index could name */
	ingot_pass(list_blob(u->b, &u->name, err));
	return ingot_blob_begin(u->b->store, &u->blob, err);
}

static int member_data(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	struct unpack *u = ctx;
	if (u->index)
		ingot_buf_put(&u->b->index, p, n);
	return u->blob ? ingot_blob_write(u->blob, p, n, err) : 0;
}

static int member_end(void *ctx, struct ingot_err *err)
{
	struct unpack *u = ctx;
	struct ingot_digest is;
	uint64_t size;
	return u->blob ? ingot_blob_end(TAKE_PTR(u->blob), &u->name, &is, &size, err) : 0;
}

static int take_archive(int fd, uint64_t size, struct blobs *b, struct ingot_err *err)
{
	static const struct ingot_member_ops ops = { member_begin, member_data, member_end };
	struct unpack u = { .b = b };
	int r = ingot_decode_members((struct ingot_input){ fd, 0, size }, &ops, &u, err);
	ingot_blob_abort(u.blob);
	ingot_pass(r);
	ingot_pass(ingot_buf_check(&b->index, "index.json", err));
	if (b->index.n)
		return 0;
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "it holds no index.json, so it is no OCI archive");
	return ingot_hint(err, "an older archive of docker can be converted: skopeo copy docker-archive:OLD oci-archive:NEW:latest");
}

/* --- a foreign directory --- */

static int list_dir(struct blobs *b, struct ingot_err *err)
{
	int copy = fcntl(b->dir, F_DUPFD_CLOEXEC, 0), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		ingot_closep(&copy);
		return ingot_fail_sys(err, INGOT_E_INPUT, "listing its blobs");
	}
	struct ingot_digest name;
	for (const struct dirent *e; r == 0 && (e = readdir(d));)
		if (ingot_digest_parse_hex(ingot_span_of(e->d_name), &name) == 0)
			r = list_blob(b, &name, err);
	(void)closedir(d);
	return r;
}

static int take_dir(int top, struct blobs *b, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int index = openat(top, "index.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	_cleanup_(ingot_closep) int blobs = openat(top, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (index < 0 || blobs < 0 || (b->dir = openat(blobs, "sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return ingot_fail_sys(err, INGOT_E_OUTSIDE, "it is no image layout: index.json and blobs/sha256 are needed");
	ingot_try(err, ingot_read_all(index, &b->index, err), "index.json");
	return list_dir(b, err);
}

static int take_layout(struct blobs *b, struct ingot_err *err)
{
	ingot_buf_span(&b->index, ingot_layout_index(b->layout));
	for (size_t i = 0; i < ingot_layout_count(b->layout); i++)
		ingot_pass(list_blob(b, &ingot_layout_at(b->layout, i)->name, err));
	return 0;
}

int blobs_open(struct ingot_store *s, const char *path, struct blobs *ret, struct ingot_err *err)
{
	struct ingot_err no = INGOT_ERR_INIT;
	struct stat st;
	ret->store = s;
	if (ingot_layout_open(path, &ret->layout, &no) == 0)
		return take_layout(ret, err);
	if (no.code != INGOT_E_FALSE) {
		*err = no;
		return -1;
	}
	/* Somebody else's, or one of ours that was changed: the decoder reads it, and digests decide. */
	_cleanup_(ingot_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "opening it");
	return S_ISDIR(st.st_mode) ? take_dir(fd, ret, err) : take_archive(fd, (uint64_t)st.st_size, ret, err);
}

/* --- one blob --- */

static int find_layout(const struct blobs *b, const struct ingot_digest *d, struct blob_part *p, struct ingot_err *err)
{
	const struct ingot_layout_blob *found = ingot_layout_find(b->layout, d);
	if (!found)
		return 0;
	ingot_pass(ingot_layout_fd(b->layout, found, &p->fd, &p->in.offset, err));
	p->in.size = found->size;
	return 1;
}

static int find_store(const struct blobs *b, const struct ingot_digest *d, struct blob_part *p, struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	int r = ingot_store_find(b->store, d, &c, err);
	if (r <= 0)
		return r;
	p->fd = fcntl(c.fd, F_DUPFD_CLOEXEC, 0);
	if (p->fd < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "another descriptor");
	p->in.offset = c.offset;
	p->in.size = c.size;
	return 1;
}

static int find_dir(const struct blobs *b, const struct ingot_digest *d, struct blob_part *p, struct ingot_err *err)
{
	struct stat st;
	p->fd = openat(b->dir, INGOT_HEX(d), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (p->fd < 0 && (errno == ENOENT || errno == ELOOP))
		return 0;
	if (p->fd < 0 || fstat(p->fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "opening it");
	p->in.size = (uint64_t)st.st_size;
	return S_ISREG(st.st_mode);
}

static int hash_part(const struct blob_part *p, const struct ingot_digest *expect, struct ingot_err *err)
{
	_cleanup_(ingot_hash_freep) struct ingot_hash *hash = ingot_hash_new();
	_cleanup_(ingot_freep) char *block = ingot_alloc(KIB(256));
	for (uint64_t at = 0; at < p->in.size;) {
		size_t n = p->in.size - at < KIB(256) ? (size_t)(p->in.size - at) : KIB(256);
		ingot_pass(ingot_pread_all(p->fd, block, n, p->in.offset + at, err));
		ingot_hash_add(hash, block, n);
		at += n;
	}
	struct ingot_digest is;
	ingot_hash_end(hash, &is);
	return ingot_digest_eq(&is, expect) ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "it is damaged: its bytes hash to %s", INGOT_DIGEST(&is));
}

static int find_checked(const struct blobs *b, const struct ingot_digest *d, uint64_t size, struct blob_part *p, struct ingot_err *err)
{
	int r = b->layout ? find_layout(b, d, p, err) : b->dir >= 0 ? find_dir(b, d, p, err) : find_store(b, d, p, err);
	ingot_pass(r);
	if (!r)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is missing");
	if (size != UINT64_MAX && p->in.size != size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it has %llu bytes, and its descriptor says %llu", (unsigned long long)p->in.size, (unsigned long long)size);
	p->in.fd = p->fd;
	return hash_part(p, d, err);
}

int blobs_find(const struct blobs *b, const struct ingot_digest *d, uint64_t size, struct blob_part *ret, struct ingot_err *err)
{
	_cleanup_(blob_part_done) struct blob_part p = BLOB_PART_INIT;
	ingot_try(err, find_checked(b, d, size, &p, err), "the blob %s", INGOT_DIGEST(d));
	*ret = p;
	p.fd = -1;
	return 0;
}

int blobs_read(const struct blobs *b, const struct ingot_digest *d, uint64_t size, uint64_t max, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(blob_part_done) struct blob_part p = BLOB_PART_INIT;
	ingot_pass(blobs_find(b, d, size, &p, err));
	char *room = p.in.size <= max ? ingot_buf_room(out, (size_t)p.in.size) : NULL;
	if (!room && p.in.size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the blob %s has %llu bytes; at most %llu are read here", INGOT_DIGEST(d), (unsigned long long)p.in.size, (unsigned long long)max);
	if (p.in.size)
		ingot_pass(ingot_pread_all(p.fd, room, (size_t)p.in.size, p.in.offset, err));
	struct ingot_digest is; /* once more, because what is given out are these bytes */
	ingot_sha256(room, (size_t)p.in.size, &is);
	if (!ingot_digest_eq(&is, d))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the blob %s changed while it was read", INGOT_DIGEST(d));
	ingot_buf_added(out, (size_t)p.in.size);
	return 0;
}
