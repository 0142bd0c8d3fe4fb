#include "load_impl.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void blobs_done(struct blobs *b)
{
	ingot_layout_free(b->layout);
	ingot_closep(&b->dir);
	ingot_closep(&b->fd);
	ingot_parts_done(&b->parts);
	free(b->named);
	free(b->hashed);
	ingot_buf_done(&b->index);
	ingot_buf_done(&b->docker_json);
	ingot_buf_done(&b->version);
	free(b->all);
	b->layout = NULL;
	b->named = b->hashed = NULL;
	b->all = NULL;
}

void blob_part_done(struct blob_part *p)
{
	ingot_closep(&p->fd);
}

int blobs_list(struct blobs *b, const struct ingot_digest *d, struct ingot_err *err)
{
	if (b->n == INGOT_MAX_BLOBS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d blobs", INGOT_MAX_BLOBS);
	ingot_reserve(b->all, b->n, b->cap);
	b->all[b->n++] = *d;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return ingot_digest_cmp(&((const struct ingot_layout_blob *)a)->name, &((const struct ingot_layout_blob *)b)->name);
}

void blobs_sort(struct blobs *b)
{
	if (b->n_named > 1)
		qsort(b->named, b->n_named, sizeof(*b->named), by_name);
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
			r = blobs_list(b, &name, err);
	(void)closedir(d);
	return r;
}

static int take_file(int top, const char *name, bool needed, struct ingot_buf *out, struct ingot_err *err)
{
	struct stat st;
	_cleanup_(ingot_closep) int fd = openat(top, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT && !needed)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_OUTSIDE, "it is no image layout: %s", name);
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is no image layout: %s is no file, or empty", name);
	if ((uint64_t)st.st_size > out->max)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s is larger than %zu bytes", name, out->max);
	ingot_try(err, ingot_read_all(fd, out, err), "%s", name);
	return 0;
}

static int take_dir(int top, struct blobs *b, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int blobs = openat(top, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	ingot_pass(take_file(top, "index.json", true, &b->index, err));
	ingot_pass(take_file(top, "manifest.json", false, &b->docker_json, err));
	ingot_pass(take_file(top, "oci-layout", true, &b->version, err));
	if (blobs < 0 || (b->dir = openat(blobs, "sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return ingot_fail_sys(err, INGOT_E_OUTSIDE, "it is no image layout: blobs/sha256");
	return list_dir(b, err);
}

/* --- any --- */

static int take_layout(struct blobs *b, struct ingot_err *err)
{
	ingot_buf_span(&b->index, ingot_layout_index(b->layout));
	ingot_buf_span(&b->docker_json, ingot_layout_docker(b->layout));
	for (size_t i = 0; i < ingot_layout_count(b->layout); i++)
		ingot_pass(blobs_list(b, &ingot_layout_at(b->layout, i)->name, err));
	return 0;
}

/* image-spec, image-layout.md: the file must be there and name the version. */
static int check_version(const struct blobs *b, struct ingot_err *err)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	struct ingot_span version;
	if (ingot_span_is(ingot_buf_view(&b->version), INGOT_OCI_LAYOUT))
		return 0;
	if (!b->version.n)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it holds an index.json and no oci-layout");
	ingot_try(err, ingot_decode_json_bytes(ingot_buf_view(&b->version), &d, err), "oci-layout");
	ingot_try(err, ingot_doc_string(d, "/imageLayoutVersion", &version, err), "oci-layout");
	return ingot_span_is(version, "1.0.0") ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "oci-layout: /imageLayoutVersion is \"%s\"; 1.0.0 is known", INGOT_SHOW(version));
}

static int open_file(const struct where *w, int *ret_fd, bool *ret_dir, uint64_t *ret_size, struct ingot_err *err)
{
	struct stat st;
	_cleanup_(ingot_closep) int fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "opening it");
	bool dir = S_ISDIR(st.st_mode);
	if (!dir && !S_ISREG(st.st_mode)) {
		(void)ingot_fail(err, INGOT_E_INPUT, "it is no file and no directory");
		return ingot_hint(err, "an archive is read more than once: write a stream to a file first");
	}
	if (dir && (w->transport == OCI_ARCHIVE || w->transport == DOCKER_ARCHIVE))
		return ingot_fail(err, INGOT_E_INPUT, "it is a directory, and %s names a file", w->transport == OCI_ARCHIVE ? "oci-archive:" : "docker-archive:");
	if (!dir && w->transport == OCI_DIR)
		return ingot_fail(err, INGOT_E_INPUT, "it is a file, and oci: names a directory");
	*ret_fd = TAKE_FD(fd);
	*ret_dir = dir;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int blobs_open(struct ingot_store *s, const struct where *w, struct blobs *ret, struct ingot_err *err)
{
	struct ingot_err no = INGOT_ERR_INIT;
	_cleanup_(ingot_closep) int fd = -1;
	bool dir = false;
	uint64_t size = 0;
	ret->store = s;
	ingot_pass(open_file(w, &fd, &dir, &size, err));
	if (w->transport != DOCKER_ARCHIVE) {
		if (ingot_layout_open(w->path, &ret->layout, &no) == 0)
			return take_layout(ret, err);
		if (no.code != INGOT_E_FALSE) {
			*err = no;
			return -1;
		}
	}
	/* Somebody else's, or one of ours that was changed: the decoder reads it, and digests decide. */
	ingot_pass(dir ? take_dir(fd, ret, err) : parts_open(ret, TAKE_FD(fd), size, err));
	ret->docker = w->transport == DOCKER_ARCHIVE || !ret->index.n;
	if (ret->docker && !ret->docker_json.n)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it holds no manifest.json, so it is no archive of docker");
	if (!ret->docker)
		return check_version(ret, err);
	if (w->transport == OCI_ARCHIVE)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it holds no index.json, so it is no OCI archive");
	return 0;
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

static int find_archive(const struct blobs *b, const struct ingot_digest *d, struct blob_part *p, struct ingot_err *err)
{
	struct ingot_layout_blob key = { .name = *d };
	const struct ingot_layout_blob *found = b->n_named ? bsearch(&key, b->named, b->n_named, sizeof(*b->named), by_name) : NULL;
	if (!found)
		return 0;
	p->fd = fcntl(b->fd, F_DUPFD_CLOEXEC, 0);
	if (p->fd < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "another descriptor");
	p->in.offset = found->offset;
	p->in.size = found->size;
	return 1;
}

static int find_dir(const struct blobs *b, const struct ingot_digest *d, struct blob_part *p, struct ingot_err *err)
{
	struct stat st;
	p->fd = openat(b->dir, INGOT_HEX(d), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (p->fd < 0 && errno == ENOENT)
		return 0;
	if (p->fd < 0 || fstat(p->fd, &st) < 0)
		return ingot_fail_sys(err, errno == ELOOP ? INGOT_E_OUTSIDE : INGOT_E_INPUT, "opening it");
	if (!S_ISREG(st.st_mode))
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is no file");
	p->in.size = (uint64_t)st.st_size;
	return 1;
}

int part_hash(int fd, uint64_t offset, uint64_t size, struct ingot_digest *ret, struct ingot_err *err)
{
	_cleanup_(ingot_hash_freep) struct ingot_hash *hash = ingot_hash_new();
	_cleanup_(ingot_freep) char *block = ingot_alloc(KIB(256));
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < KIB(256) ? (size_t)(size - at) : KIB(256);
		ingot_pass(ingot_pread_all(fd, block, n, offset + at, err));
		ingot_hash_add(hash, block, n);
		at += n;
	}
	ingot_hash_end(hash, ret);
	return 0;
}

static int find(const struct blobs *b, const struct ingot_digest *d, uint64_t size, uint64_t max, struct blob_part *p, struct ingot_err *err)
{
	int r = b->layout ? find_layout(b, d, p, err) : b->dir >= 0 ? find_dir(b, d, p, err) : find_archive(b, d, p, err);
	ingot_pass(r);
	if (!r)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is missing");
	if (size != UINT64_MAX && p->in.size != size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it has %llu bytes, and its descriptor says %llu", (unsigned long long)p->in.size, (unsigned long long)size);
	if (p->in.size > max)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it has %llu bytes; at most %llu are read here", (unsigned long long)p->in.size, (unsigned long long)max);
	p->in.fd = p->fd;
	return 0;
}

static int find_checked(const struct blobs *b, const struct ingot_digest *d, uint64_t size, struct blob_part *p, struct ingot_err *err)
{
	struct ingot_digest is;
	ingot_pass(find(b, d, size, UINT64_MAX, p, err));
	ingot_pass(part_hash(p->fd, p->in.offset, p->in.size, &is, err));
	return ingot_digest_eq(&is, d) ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "it is damaged: its bytes hash to %s", INGOT_DIGEST(&is));
}

int blobs_find(const struct blobs *b, const struct ingot_digest *d, uint64_t size, struct blob_part *ret, struct ingot_err *err)
{
	_cleanup_(blob_part_done) struct blob_part p = BLOB_PART_INIT;
	ingot_try(err, find_checked(b, d, size, &p, err), "the blob %s", INGOT_DIGEST(d));
	*ret = p;
	p.fd = -1;
	return 0;
}

int blobs_present(const struct blobs *b, const struct ingot_digest *d, uint64_t size, struct ingot_err *err)
{
	_cleanup_(blob_part_done) struct blob_part p = BLOB_PART_INIT;
	ingot_try(err, find(b, d, size, UINT64_MAX, &p, err), "the blob %s", INGOT_DIGEST(d));
	return 0;
}

/* What is given out is what was hashed: small enough to be read at once. */
static int read_checked(const struct blobs *b, const struct ingot_digest *d, uint64_t size, uint64_t max, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(blob_part_done) struct blob_part p = BLOB_PART_INIT;
	struct ingot_digest is;
	ingot_pass(find(b, d, size, max, &p, err));
	char *room = ingot_buf_room(out, (size_t)p.in.size);
	ingot_assert(room);
	ingot_pass(ingot_pread_all(p.fd, room, (size_t)p.in.size, p.in.offset, err));
	ingot_sha256(room, (size_t)p.in.size, &is);
	if (!ingot_digest_eq(&is, d))
		return ingot_fail(err, INGOT_E_OUTSIDE, "it is damaged: its bytes hash to %s", INGOT_DIGEST(&is));
	ingot_buf_added(out, (size_t)p.in.size);
	return 0;
}

int blobs_read(const struct blobs *b, const struct ingot_digest *d, uint64_t size, uint64_t max, struct ingot_buf *out, struct ingot_err *err)
{
	ingot_try(err, read_checked(b, d, size, max, out, err), "the blob %s", INGOT_DIGEST(d));
	return 0;
}
