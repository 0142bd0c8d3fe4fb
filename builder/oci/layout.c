#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/image.h>
#include <ingot/layout.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct ingot_layout {
	int fd; /* of the archive, or of blobs/sha256 */
	bool dir;
	uint64_t size;
	struct ingot_buf index, docker;
	struct ingot_layout_blob *blobs;
	size_t n, cap;
};

void ingot_layout_free(struct ingot_layout *l)
{
	if (!l)
		return;
	ingot_closep(&l->fd);
	ingot_buf_done(&l->index);
	ingot_buf_done(&l->docker);
	free(l->blobs);
	free(l);
}

static int add_blob(struct ingot_layout *l, struct ingot_layout_blob b, struct ingot_err *err)
{
	if (l->n == INGOT_MAX_BLOBS)
		return ingot_fail(err, INGOT_E_FALSE, "more than %d blobs", INGOT_MAX_BLOBS);
	ingot_reserve(l->blobs, l->n, l->cap);
	l->blobs[l->n++] = b;
	return 0;
}

/* --- an archive --- */

static int departs(uint64_t at, const char *what, struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_FALSE, "at byte %" PRIu64 " it is not as ingot writes it: %s", at, what);
}

static int read_at(const struct ingot_layout *l, void *p, size_t n, uint64_t at, struct ingot_err *err)
{
	if (at > l->size || n > l->size - at)
		return departs(l->size, "it ends too early", err);
	return ingot_pread_all(l->fd, p, n, at, err);
}

/* The header at *at is the one for name and any size; moves *at behind it. */
static int take_header(const struct ingot_layout *l, const char header[INGOT_TAR_BLOCK], const char *name, uint64_t *at, uint64_t *ret_size, struct ingot_err *err)
{
	char expected[INGOT_TAR_BLOCK];
	uint32_t high = 0, low = 0;
	/* Eleven octal digits of the size, in two parts because 33 bits do not fit one. */
	if (ingot_parse_octal((struct ingot_span){ header + 124, 3 }, 0777, &high) < 0 || ingot_parse_octal((struct ingot_span){ header + 127, 8 }, 077777777, &low) < 0)
		return departs(*at, "no member's header", err);
	uint64_t size = (uint64_t)high << 24 | low;
	ingot_tar_member(name, size, 0, expected);
	if (memcmp(header, expected, sizeof(expected)) != 0)
		return departs(*at, "not the header of the member that belongs here", err);
	*at += INGOT_TAR_BLOCK;
	if (size > l->size - *at)
		return departs(*at, "a member that is larger than the archive", err);
	*ret_size = size;
	return 0;
}

/* The bytes up to the next block are zero; moves *at behind them and the data before. */
static int skip_data(const struct ingot_layout *l, uint64_t size, uint64_t *at, struct ingot_err *err)
{
	char pad[INGOT_TAR_BLOCK];
	size_t n = (INGOT_TAR_BLOCK - size % INGOT_TAR_BLOCK) % INGOT_TAR_BLOCK;
	ingot_pass(read_at(l, pad, n, *at + size, err));
	for (size_t i = 0; i < n; i++)
		if (pad[i])
			return departs(*at + size + i, "padding that is not zero", err);
	*at += size + n;
	return 0;
}

static int take_named(const struct ingot_layout *l, const char *name, uint64_t max, struct ingot_buf *out, uint64_t *at, struct ingot_err *err)
{
	char header[INGOT_TAR_BLOCK];
	uint64_t size;
	ingot_pass(read_at(l, header, sizeof(header), *at, err));
	ingot_pass(take_header(l, header, name, at, &size, err));
	if (size > max)
		return ingot_fail(err, INGOT_E_FALSE, "%s is larger than %" PRIu64 " bytes", name, max);
	if (size) {
		char *room = ingot_buf_room(out, size);
		ingot_assert(room);
		ingot_pass(read_at(l, room, size, *at, err));
		ingot_buf_added(out, size);
	}
	return skip_data(l, size, at, err);
}

static int is_layout_file(const struct ingot_buf *b, struct ingot_err *err)
{
	if (ingot_span_is(ingot_buf_view(b), INGOT_OCI_LAYOUT))
		return 0;
	return ingot_fail(err, INGOT_E_FALSE, "oci-layout says something else than version 1.0.0");
}

static int take_blobs(struct ingot_layout *l, uint64_t at, struct ingot_err *err)
{
	static const char zeros[2 * INGOT_TAR_BLOCK];
	char header[2 * INGOT_TAR_BLOCK];
	for (;;) {
		ingot_pass(read_at(l, header, INGOT_TAR_BLOCK, at, err));
		if (header[0] == '\0')
			break;
		struct ingot_layout_blob b;
		char name[13 + 65] = "blobs/sha256/";
		if (ingot_digest_parse_hex((struct ingot_span){ header + 13, 64 }, &b.name) < 0)
			return departs(at, "no blob's header", err);
		if (l->n && ingot_digest_cmp(&l->blobs[l->n - 1].name, &b.name) >= 0)
			return departs(at, "a blob that is out of order", err);
		(void)ingot_digest_hex(&b.name, name + 13);
		ingot_pass(take_header(l, header, name, &at, &b.size, err));
		b.offset = at;
		ingot_pass(add_blob(l, b, err));
		ingot_pass(skip_data(l, b.size, &at, err));
	}
	ingot_pass(read_at(l, header, sizeof(header), at, err));
	if (memcmp(header, zeros, sizeof(header)) != 0)
		return departs(at, "an end that is none", err);
	if (at + sizeof(header) != l->size)
		return departs(at + sizeof(header), "bytes after the end", err);
	return 0;
}

static int take_archive(struct ingot_layout *l, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf layout = INGOT_BUF(KIB(1));
	uint64_t at = 0;
	ingot_pass(take_named(l, "oci-layout", 64, &layout, &at, err));
	ingot_pass(is_layout_file(&layout, err));
	ingot_pass(take_named(l, "index.json", INGOT_MAX_MANIFEST, &l->index, &at, err));
	ingot_pass(take_named(l, "manifest.json", INGOT_MAX_MANIFEST, &l->docker, &at, err));
	ingot_pass(take_named(l, "blobs/", 0, &layout, &at, err));
	ingot_pass(take_named(l, "blobs/sha256/", 0, &layout, &at, err));
	return take_blobs(l, at, err);
}

/* --- a directory --- */

static int open_plain(int at, const char *name, int *ret_fd, uint64_t *ret_size, struct ingot_err *err)
{
	struct stat st;
	_cleanup_(ingot_closep) int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, errno == ENOENT || errno == ELOOP ? INGOT_E_FALSE : INGOT_E_INPUT, "%s", name);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > INGOT_MAX_FILE)
		return ingot_fail(err, INGOT_E_FALSE, "%s is no file that could belong here", name);
	*ret_fd = TAKE_FD(fd);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static int take_file(struct ingot_layout *l, int at, const char *name, uint64_t max, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = -1;
	uint64_t size;
	ingot_pass(open_plain(at, name, &fd, &size, err));
	if (size > max)
		return ingot_fail(err, INGOT_E_FALSE, "%s is larger than %" PRIu64 " bytes", name, max);
	l->size += size;
	return ingot_read_all(fd, out, err);
}

/* Calls take() for each name of a directory, "." and ".." left out. */
static int each_name(int fd, struct ingot_layout *l, int (*take)(struct ingot_layout *l, int fd, const char *name, struct ingot_err *err), struct ingot_err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		ingot_closep(&copy);
		return ingot_fail_sys(err, INGOT_E_INPUT, "listing it");
	}
	int r = 0;
	for (const struct dirent *e; r == 0 && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = take(l, fd, e->d_name, err);
	(void)closedir(d);
	return r;
}

static int take_blob_name(struct ingot_layout *l, int fd, const char *name, struct ingot_err *err)
{
	struct ingot_layout_blob b = { 0 };
	_cleanup_(ingot_closep) int file = -1;
	if (ingot_digest_parse_hex(ingot_span_of(name), &b.name) < 0)
		return ingot_fail(err, INGOT_E_FALSE, "blobs/sha256/%s is no blob's name", INGOT_SHOW(ingot_span_of(name)));
	ingot_pass(open_plain(fd, name, &file, &b.size, err));
	l->size += b.size;
	return add_blob(l, b, err);
}

static int known_top(struct ingot_layout *l, int fd, const char *name, struct ingot_err *err)
{
	static const char *const names[] = { "oci-layout", "index.json", "manifest.json", "blobs" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return 0;
	return ingot_fail(err, INGOT_E_FALSE, "%s does not belong into an image layout of ingot", INGOT_SHOW(ingot_span_of(name)));
}

static int known_blobs(struct ingot_layout *l, int fd, const char *name, struct ingot_err *err)
{
	return strcmp(name, "sha256") == 0 ? 0 : ingot_fail(err, INGOT_E_FALSE, "blobs/%s does not belong into an image layout of ingot", INGOT_SHOW(ingot_span_of(name)));
}

static int by_name(const void *a, const void *b)
{
	return ingot_digest_cmp(&((const struct ingot_layout_blob *)a)->name, &((const struct ingot_layout_blob *)b)->name);
}

static int take_dir(struct ingot_layout *l, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf layout = INGOT_BUF(KIB(1));
	ingot_pass(each_name(l->fd, l, known_top, err));
	ingot_pass(take_file(l, l->fd, "oci-layout", 64, &layout, err));
	ingot_pass(is_layout_file(&layout, err));
	ingot_pass(take_file(l, l->fd, "index.json", INGOT_MAX_MANIFEST, &l->index, err));
	ingot_pass(take_file(l, l->fd, "manifest.json", INGOT_MAX_MANIFEST, &l->docker, err));
	_cleanup_(ingot_closep) int blobs = openat(l->fd, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_(ingot_closep) int sha256 = blobs < 0 ? -1 : openat(blobs, "sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (sha256 < 0)
		return ingot_fail_sys(err, INGOT_E_FALSE, "blobs/sha256");
	ingot_pass(each_name(blobs, l, known_blobs, err));
	ingot_pass(each_name(sha256, l, take_blob_name, err));
	if (l->n)
		qsort(l->blobs, l->n, sizeof(*l->blobs), by_name);
	ingot_closep(&l->fd);
	l->fd = TAKE_FD(sha256);
	return 0;
}

int ingot_layout_open(const char *path, struct ingot_layout **ret, struct ingot_err *err)
{
	_cleanup_(ingot_layout_freep) struct ingot_layout *l = ingot_alloc(sizeof(*l));
	struct stat st;
	l->index.max = l->docker.max = INGOT_MAX_MANIFEST;
	l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s", INGOT_SHOW(ingot_span_of(path)));
	l->dir = S_ISDIR(st.st_mode);
	if (!l->dir && !S_ISREG(st.st_mode)) {
		(void)ingot_fail(err, INGOT_E_INPUT, "%s is no file and no directory", INGOT_SHOW(ingot_span_of(path)));
		return ingot_hint(err, "an archive is read more than once: write a stream to a file first");
	}
	l->size = l->dir ? 0 : (uint64_t)st.st_size;
	ingot_try(err, l->dir ? take_dir(l, err) : take_archive(l, err), "%s", INGOT_SHOW(ingot_span_of(path)));
	*ret = TAKE_PTR(l);
	return 0;
}

/* --- what is in it --- */

uint64_t ingot_layout_size(const struct ingot_layout *l)
{
	return l->size;
}

struct ingot_span ingot_layout_index(const struct ingot_layout *l)
{
	return ingot_buf_view(&l->index);
}

struct ingot_span ingot_layout_docker(const struct ingot_layout *l)
{
	return ingot_buf_view(&l->docker);
}

size_t ingot_layout_count(const struct ingot_layout *l)
{
	return l->n;
}

const struct ingot_layout_blob *ingot_layout_at(const struct ingot_layout *l, size_t i)
{
	ingot_assert(i < l->n);
	return &l->blobs[i];
}

const struct ingot_layout_blob *ingot_layout_find(const struct ingot_layout *l, const struct ingot_digest *digest)
{
	struct ingot_layout_blob key = { .name = *digest };
	return l->n ? bsearch(&key, l->blobs, l->n, sizeof(*l->blobs), by_name) : NULL;
}

int ingot_layout_fd(const struct ingot_layout *l, const struct ingot_layout_blob *b, int *ret_fd, uint64_t *ret_offset, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = -1;
	if (l->dir) {
		uint64_t size;
		ingot_pass(open_plain(l->fd, INGOT_HEX(&b->name), &fd, &size, err));
		if (size != b->size)
			return ingot_fail(err, INGOT_E_FALSE, "blob %s changed while it was read", INGOT_DIGEST(&b->name));
	} else if ((fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 0)) < 0) {
		return ingot_fail_sys(err, INGOT_E_HOST, "another descriptor");
	}
	*ret_fd = TAKE_FD(fd);
	*ret_offset = b->offset;
	return 0;
}

/* Every byte of a blob, into out if it is not NULL, hashed. */
static int run_through(const struct ingot_layout *l, const struct ingot_layout_blob *b, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = -1;
	_cleanup_(ingot_hash_freep) struct ingot_hash *hash = ingot_hash_new();
	_cleanup_(ingot_freep) char *block = ingot_alloc(KIB(256));
	uint64_t at, left = b->size;
	ingot_pass(ingot_layout_fd(l, b, &fd, &at, err));
	while (left) {
		size_t n = left < KIB(256) ? (size_t)left : KIB(256);
		ingot_pass(ingot_pread_all(fd, block, n, at, err));
		ingot_hash_add(hash, block, n);
		if (out)
			ingot_buf_put(out, block, n);
		at += n;
		left -= n;
	}
	struct ingot_digest is;
	ingot_hash_end(hash, &is);
	if (!ingot_digest_eq(&is, &b->name))
		return ingot_fail(err, INGOT_E_FALSE, "the blob called %s hashes to %s", INGOT_DIGEST(&b->name), INGOT_DIGEST(&is));
	return out ? ingot_buf_check(out, "a blob", err) : 0;
}

int ingot_layout_check(const struct ingot_layout *l, const struct ingot_layout_blob *b, struct ingot_err *err)
{
	return run_through(l, b, NULL, err);
}

int ingot_layout_read(const struct ingot_layout *l, const struct ingot_layout_blob *b, uint64_t max, struct ingot_buf *out, struct ingot_err *err)
{
	if (b->size > max || b->size > out->max - out->n)
		return ingot_fail(err, INGOT_E_FALSE, "blob %s is larger than it may be (%" PRIu64 " bytes)", INGOT_DIGEST(&b->name), b->size);
	size_t had = out->n;
	if (run_through(l, b, out, err) == 0)
		return 0;
	out->n = had; /* bytes that are not what they are called are given to nobody */
	return -1;
}
