/* An image layout as a directory: written beside its place, then exchanged with what was there. */
#include "archive.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int put_file(int dirfd, const char *name, struct ingot_span data, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "creating %s", name);
	ingot_pass(ingot_write_all(fd, data.p, data.n, err));
	if (fsync(fd) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "syncing %s", name);
	return ingot_close(TAKE_FD(fd), name, err);
}

static int put_blob(struct ingot_store *s, int dirfd, const struct ingot_blob_ref *b, struct ingot_err *err)
{
	char name[65];
	(void)ingot_digest_hex(&b->digest, name);
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "creating the blob %s", name);
	ingot_pass(oci_copy_blob(s, b, fd, err));
	if (fsync(fd) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "syncing the blob %s", name);
	return ingot_close(TAKE_FD(fd), name, err);
}

static int make_dir(int at, const char *name, int *ret_fd, struct ingot_err *err)
{
	if (mkdirat(at, name, 0777) < 0 || (*ret_fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "making the directory %s", name);
	return 0;
}

static int fill(struct ingot_store *s, const struct archive_plan *p, int top, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int blobs = -1;
	_cleanup_(ingot_closep) int sha256 = -1;
	ingot_pass(put_file(top, "oci-layout", INGOT_SPAN(INGOT_OCI_LAYOUT), err));
	ingot_pass(put_file(top, "index.json", ingot_buf_view(&p->index), err));
	ingot_pass(put_file(top, "manifest.json", ingot_buf_view(&p->docker), err));
	ingot_pass(make_dir(top, "blobs", &blobs, err));
	ingot_pass(make_dir(blobs, "sha256", &sha256, err));
	for (size_t i = 0; i < p->n_blobs; i++)
		ingot_pass(put_blob(s, sha256, &p->blobs[i], err));
	if (fsync(sha256) < 0 || fsync(blobs) < 0 || fsync(top) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "syncing its directories");
	return 0;
}

/* Removes files and, DEPTH levels down, directories: a layout has two. Through descriptors, so that no link is followed; what
 * is left makes the rmdir fail. */
static void remove_tree(int at, const char *name, unsigned depth)
{
	_cleanup_(ingot_closep) int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return;
	fd = -1; /* closedir() closes it */
	for (const struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) < 0 && (errno == EISDIR || errno == EPERM) && depth > 0)
			remove_tree(dirfd(d), e->d_name, depth - 1);
	}
	(void)closedir(d);
	(void)unlinkat(at, name, AT_REMOVEDIR);
}

static int empty(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		ingot_closep(&copy);
		return -1;
	}
	int n = 0;
	for (const struct dirent *e; (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(d);
	return n == 0;
}

/* 1: there is something that may be replaced, 0: nothing is there. */
static int replaceable(int parent, const char *name, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "what is there already");
	struct stat st;
	if (fstatat(fd, "oci-layout", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && fstatat(fd, "index.json", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	if (empty(fd) == 1)
		return 1;
	(void)ingot_fail(err, INGOT_E_INPUT, "there is a directory already, and it is no image layout");
	return ingot_hint(err, "name a directory that does not exist, is empty, or holds an older image layout");
}

static int publish(int parent, const char *temp, const char *name, bool replace, struct ingot_err *err)
{
	/* Both names are one system call each: a reader sees the old layout or the new one. */
	if (renameat2(parent, temp, parent, name, replace ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "putting it in place");
	if (fsync(parent) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "syncing its parent directory");
	if (replace)
		remove_tree(parent, temp, 3);
	return 0;
}

int oci_write_dir(struct ingot_store *s, const struct archive_plan *p, const char *path, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *clean = ingot_strdup(path);
	size_t n = strlen(clean);
	while (n > 1 && clean[n - 1] == '/')
		clean[--n] = '\0';
	char *slash = strrchr(clean, '/');
	const char *name = slash ? slash + 1 : clean;
	if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return ingot_fail(err, INGOT_E_INPUT, "give the directory a name of its own");
	_cleanup_(ingot_freep) char *up = slash == clean ? ingot_strdup("/") : slash ? ingot_strf("%.*s", (int)(slash - clean), clean) : ingot_strdup(".");
	_cleanup_(ingot_closep) int parent = open(up, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "its parent directory");
	int replace = replaceable(parent, name, err);
	ingot_pass(replace);
	char temp[64];
	ingot_temp_name("ingot-", temp);
	_cleanup_(ingot_closep) int top = -1;
	ingot_pass(make_dir(parent, temp, &top, err));
	if (fill(s, p, top, err) == 0 && publish(parent, temp, name, replace, err) == 0)
		return 0;
	remove_tree(parent, temp, 3);
	return -1;
}
