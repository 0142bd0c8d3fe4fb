#include "archive.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void oci_plan_done(struct archive_plan *p)
{
	ingot_buf_done(&p->index);
	ingot_buf_done(&p->docker);
	free(p->blobs);
	p->blobs = NULL;
}

static int by_digest(const void *a, const void *b)
{
	return ingot_digest_cmp(&((const struct ingot_blob_ref *)a)->digest, &((const struct ingot_blob_ref *)b)->digest);
}

static int plan_blobs(const struct ingot_archive *a, struct archive_plan *p, struct ingot_err *err)
{
	size_t n = 0, most = 2 + a->image->n_layers + a->n_extra;
	struct ingot_blob_ref *v = ingot_alloc_array(most, sizeof(*v));
	p->blobs = v;
	v[n++] = a->docs->manifest;
	v[n++] = a->docs->config;
	for (size_t i = 0; i < a->image->n_layers; i++) {
		const struct ingot_layer *l = &a->image->layers[i].layer;
		v[n++] = (struct ingot_blob_ref){ l->digest, l->size, l->fresh };
	}
	for (size_t i = 0; i < a->n_extra; i++)
		v[n++] = a->extra[i];
	qsort(v, n, sizeof(*v), by_digest);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (kept && ingot_digest_eq(&v[kept - 1].digest, &v[i].digest))
			v[kept - 1].fresh |= v[i].fresh; /* the same layer twice, or an empty config that two signatures share */
		else
			v[kept++] = v[i];
	}
	p->n_blobs = kept;
	/* What our own verify would refuse must not be written. */
	if (kept > INGOT_MAX_BLOBS - 8)
		return ingot_fail(err, INGOT_E_INPUT, "an archive of %zu blobs: at most %d can be read back", kept, INGOT_MAX_BLOBS - 8);
	for (size_t i = 0; i < kept; i++)
		if (v[i].size >= GIB(8)) /* more than a plain tar header can say */
			return ingot_fail(err, INGOT_E_INPUT, "the blob %s has 8 GiB or more: split the layer", INGOT_DIGEST(&v[i].digest));
	return 0;
}

static int plan(const struct ingot_archive *a, struct archive_plan *p, struct ingot_err *err)
{
	p->index.max = p->docker.max = INGOT_MAX_MANIFEST;
	struct ingot_index_facts f = { a->docs->reference.full, a->docs->manifest, a->manifest_type, a->image->architecture, a->image->variant, "linux" };
	ingot_pass(ingot_index_json(&f, &p->index, err));
	struct ingot_digest *layers = ingot_alloc_array(a->image->n_layers, sizeof(*layers));
	_cleanup_(ingot_freep) void *owner = layers;
	for (size_t i = 0; i < a->image->n_layers; i++)
		layers[i] = a->image->layers[i].layer.digest;
	ingot_pass(ingot_docker_json(f.name, &a->docs->config.digest, layers, a->image->n_layers, &p->docker, err));
	return plan_blobs(a, p, err);
}

static int copy_hashed(struct ingot_content *c, int fd, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *block = ingot_alloc(KIB(256));
	for (;;) {
		ssize_t n = ingot_content_read(c, block, KIB(256), err);
		ingot_pass(n);
		if (n == 0)
			return 0;
		ingot_pass(ingot_write_all(fd, block, (size_t)n, err));
	}
}

int oci_copy_blob(struct ingot_store *s, const struct ingot_blob_ref *b, int fd, struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	ingot_try(err, ingot_store_need(s, &b->digest, b->size, &c, err), "blob");
	/* Bytes that this process hashed while it wrote them can be copied by the kernel; older ones may have rotted and are read. */
	int r = b->fresh ? ingot_copy_range(c.fd, c.offset, c.size, fd, err) : copy_hashed(&c, fd, err);
	ingot_try(err, r, "blob %s", INGOT_DIGEST(&b->digest));
	return 0;
}

static int write_member(int fd, const char *name, struct ingot_span data, struct ingot_err *err)
{
	char header[INGOT_TAR_BLOCK];
	static const char zeros[INGOT_TAR_BLOCK];
	ingot_tar_member(name, data.n, 0, header);
	ingot_pass(ingot_write_all(fd, header, sizeof(header), err));
	ingot_pass(ingot_write_all(fd, data.p, data.n, err));
	size_t over = data.n % INGOT_TAR_BLOCK;
	return over ? ingot_write_all(fd, zeros, INGOT_TAR_BLOCK - over, err) : 0;
}

static int write_tar(struct ingot_store *s, const struct archive_plan *p, int fd, struct ingot_err *err)
{
	static const char zeros[2 * INGOT_TAR_BLOCK];
	ingot_pass(write_member(fd, "oci-layout", INGOT_SPAN(INGOT_OCI_LAYOUT), err));
	ingot_pass(write_member(fd, "index.json", ingot_buf_view(&p->index), err));
	ingot_pass(write_member(fd, "manifest.json", ingot_buf_view(&p->docker), err));
	ingot_pass(write_member(fd, "blobs/", INGOT_SPAN(""), err));
	ingot_pass(write_member(fd, "blobs/sha256/", INGOT_SPAN(""), err));
	for (size_t i = 0; i < p->n_blobs; i++) {
		char name[96] = "blobs/sha256/", header[INGOT_TAR_BLOCK];
		(void)ingot_digest_hex(&p->blobs[i].digest, name + 13);
		ingot_tar_member(name, p->blobs[i].size, 0, header);
		ingot_pass(ingot_write_all(fd, header, sizeof(header), err));
		ingot_pass(oci_copy_blob(s, &p->blobs[i], fd, err));
		size_t over = p->blobs[i].size % INGOT_TAR_BLOCK;
		if (over)
			ingot_pass(ingot_write_all(fd, zeros, INGOT_TAR_BLOCK - over, err));
	}
	return ingot_write_all(fd, zeros, sizeof(zeros), err);
}

static int write_stdout(struct ingot_store *s, const struct archive_plan *p, struct ingot_err *err)
{
	if (isatty(STDOUT_FILENO)) {
		(void)ingot_fail(err, INGOT_E_INPUT, "will not write an archive to a terminal");
		return ingot_hint(err, "give a file with -o FILE, or a pipe: ... -o - | podman load");
	}
	ingot_try(err, write_tar(s, p, STDOUT_FILENO, err), "writing the archive to standard output");
	return 0;
}

static int finish_file(int dirfd, int *fd, const char *temp, const char *name, struct ingot_err *err)
{
	/* The archive is visible only once all of it is on disk. */
	if (fsync(*fd) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "syncing it");
	ingot_pass(ingot_close(TAKE_FD(*fd), "it", err));
	if (renameat(dirfd, temp, dirfd, name) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "putting it in place");
	if (fsync(dirfd) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "syncing its directory");
	return 0;
}

static int write_file(struct ingot_store *s, const struct archive_plan *p, const char *path, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *dir = ingot_strdup(path);
	char *slash = strrchr(dir, '/');
	const char *name = slash ? path + (slash - dir) + 1 : path;
	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	if (!name[0])
		return ingot_fail(err, INGOT_E_INPUT, "it names a directory");
	_cleanup_(ingot_closep) int dirfd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "its directory");
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode)) {
		if (S_ISDIR(st.st_mode)) {
			(void)ingot_fail(err, INGOT_E_INPUT, "it is a directory");
			return ingot_hint(err, "for an image layout directory write dir:%s", INGOT_SHOW(ingot_span_of(path)));
		}
		/* A FIFO, a device, a link (/dev/stdout, also where that is a file): nothing to rename over. */
		_cleanup_(ingot_closep) int out = openat(dirfd, name, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
		if (out < 0)
			return ingot_fail_sys(err, INGOT_E_INPUT, "opening it");
		return write_tar(s, p, out, err);
	}
	char temp[64];
	ingot_temp_name("ingot-", temp);
	_cleanup_(ingot_closep) int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666); /* the umask decides who may read it */
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "creating it");
	if (write_tar(s, p, fd, err) == 0 && finish_file(dirfd, &fd, temp, name, err) == 0)
		return 0;
	(void)unlinkat(dirfd, temp, 0);
	return -1;
}

int ingot_archive_write(struct ingot_store *s, const struct ingot_archive *a, const char *target, struct ingot_err *err)
{
	_cleanup_(oci_plan_done) struct archive_plan p = { 0 };
	ingot_try(err, plan(a, &p, err), "planning the archive");
	if (strcmp(target, "-") == 0)
		return write_stdout(s, &p, err);
	struct ingot_span to = ingot_span_of(target);
	bool dir = ingot_span_starts(to, "dir:");
	if (dir)
		target += 4;
	ingot_try(err, dir ? oci_write_dir(s, &p, target, err) : write_file(s, &p, target, err), "writing %s", INGOT_SHOW(ingot_span_of(target)));
	return 0;
}
