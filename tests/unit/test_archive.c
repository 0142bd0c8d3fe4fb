/* The archive: canonical bytes, complete or absent, and nothing of the user's overwritten. */
#include "oci_support.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

#define NAME "registry.example.com/demo/app:1.0"

static struct sample sample;
static struct ingot_archive archive;

static void setup(void)
{
	store_setup();
	sample_make(&sample, NAME);
	archive = (struct ingot_archive){ .image = &sample.image, .docs = &sample.docs };
}

static void teardown(void)
{
	ingot_image_docs_done(&sample.docs);
	store_teardown();
}

static struct ingot_buf bytes(const char *path)
{
	struct ingot_buf b = INGOT_BUF(MIB(8));
	ok(ingot_read_file(path, MIB(8), &b, &err));
	return b;
}

static size_t entries(const char *path)
{
	size_t n = 0;
	DIR *d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n - 2;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* oci-layout, index.json, manifest.json, the directories, the blobs by name; headers all alike; two zero blocks. */
START_TEST(members)
{
	ok(ingot_archive_write(store, &archive, in_tmp("a.tar"), &err));
	_cleanup_(ingot_buf_done) struct ingot_buf b = bytes(in_tmp("a.tar"));
	char names[16][101], sorted[16][101];
	size_t n = 0, at = 0;
	for (; b.p[at] && n < 16; n++) {
		const char *h = b.p + at;
		(void)snprintf(names[n], 101, "%.100s", h);
		char want[512];
		size_t size = strtoul(h + 124, NULL, 8);
		ingot_tar_member(names[n], size, 0, want);
		ck_assert_mem_eq(h, want, 512);
		struct ingot_digest d;
		char hex[65];
		ingot_sha256(h + 512, size, &d);
		if (n > 4)
			ck_assert_str_eq(names[n] + 13, ingot_digest_hex(&d, hex));
		at += 512 + (size + 511) / 512 * 512;
	}
	ck_assert_uint_eq(n, 5 + 4);
	ck_assert_uint_eq(b.n - at, 1024);
	ck_assert_str_eq(names[0], "oci-layout");
	ck_assert_str_eq(names[1], "index.json");
	ck_assert_str_eq(names[2], "manifest.json");
	ck_assert_str_eq(names[3], "blobs/");
	ck_assert_str_eq(names[4], "blobs/sha256/");
	memcpy(sorted, names, sizeof(names));
	qsort(sorted[5], 4, 101, by_text);
	for (size_t i = 5; i < n; i++)
		ck_assert_str_eq(sorted[i], names[i]);
	ck_assert_mem_eq(b.p + 512, INGOT_OCI_LAYOUT, 30);
}
END_TEST

START_TEST(twice_the_same)
{
	ok(ingot_archive_write(store, &archive, in_tmp("a.tar"), &err));
	/* read through the store the second time, not copied by the kernel; another umask; over an older file */
	sample.layers[0].layer.fresh = sample.layers[1].layer.fresh = false;
	FILE *f = fopen(in_tmp("b.tar"), "w");
	ck_assert(f && fputs("old", f) >= 0 && fclose(f) == 0);
	mode_t old = umask(077);
	ok(ingot_archive_write(store, &archive, in_tmp("b.tar"), &err));
	(void)umask(old);
	_cleanup_(ingot_buf_done) struct ingot_buf a = bytes(in_tmp("a.tar"));
	_cleanup_(ingot_buf_done) struct ingot_buf b = bytes(in_tmp("b.tar"));
	ck_assert(ingot_span_eq(ingot_buf_view(&a), ingot_buf_view(&b)));
	ck_assert_uint_eq(entries(tmp), 3); /* the store and two archives: nothing temporary stayed */
}
END_TEST

/* A layer that is there twice, and artefacts that share a blob, are one member each. */
START_TEST(each_blob_once)
{
	struct ingot_blob_ref extra[] = { sample.docs.config, sample.docs.config };
	sample.layers[1] = sample.layers[0];
	ingot_image_docs_done(&sample.docs);
	ok(ingot_image_make(store, &sample.image, &sample.docs, &err));
	extra[0] = extra[1] = sample.docs.config;
	archive.extra = extra;
	archive.n_extra = 2;
	ok(ingot_archive_write(store, &archive, in_tmp("a.tar"), &err));
	_cleanup_(ingot_freep) char *target = ingot_strf("dir:%s", in_tmp("d"));
	ok(ingot_archive_write(store, &archive, target, &err));
	ck_assert_uint_eq(entries(in_tmp("d/blobs/sha256")), 3);
}
END_TEST

START_TEST(standard_output)
{
	ok(ingot_archive_write(store, &archive, in_tmp("a.tar"), &err));
	int out = open(in_tmp("b.tar"), O_WRONLY | O_CREAT | O_TRUNC, 0600), keep = dup(STDOUT_FILENO);
	ck_assert(out >= 0 && dup2(out, STDOUT_FILENO) >= 0);
	int r = ingot_archive_write(store, &archive, "-", &err);
	ck_assert(dup2(keep, STDOUT_FILENO) >= 0);
	ok(r);
	_cleanup_(ingot_buf_done) struct ingot_buf a = bytes(in_tmp("a.tar"));
	_cleanup_(ingot_buf_done) struct ingot_buf b = bytes(in_tmp("b.tar"));
	ck_assert(ingot_span_eq(ingot_buf_view(&a), ingot_buf_view(&b)));
	/* a reader that goes away is an error, not a death */
	int p[2];
	ck_assert(pipe(p) == 0 && close(p[0]) == 0 && dup2(p[1], STDOUT_FILENO) >= 0);
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	ck_assert_int_eq(sigaction(SIGPIPE, &ignore, NULL), 0);
	err = (struct ingot_err)INGOT_ERR_INIT;
	r = ingot_archive_write(store, &archive, "-", &err);
	ck_assert(dup2(keep, STDOUT_FILENO) >= 0);
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
}
END_TEST

START_TEST(directory)
{
	_cleanup_(ingot_freep) char *target = ingot_strf("dir:%s/", in_tmp("d"));
	ok(ingot_archive_write(store, &archive, target, &err));
	ck_assert_uint_eq(entries(in_tmp("d")), 4);
	ck_assert_uint_eq(entries(in_tmp("d/blobs/sha256")), 4);
	ok(ingot_archive_write(store, &archive, in_tmp("a.tar"), &err));
	_cleanup_(ingot_buf_done) struct ingot_buf tar = bytes(in_tmp("a.tar"));
	_cleanup_(ingot_buf_done) struct ingot_buf index = bytes(in_tmp("d/index.json"));
	ck_assert_mem_eq(tar.p + 1024 + 512, index.p, index.n);
	/* an older layout is replaced as a whole, an empty directory too */
	ck_assert_int_eq(mkdir(in_tmp("d/stray"), 0700), 0);
	ok(ingot_archive_write(store, &archive, target, &err));
	ck_assert_uint_eq(entries(in_tmp("d")), 4);
	ck_assert_int_eq(mkdir(in_tmp("e"), 0700), 0);
	_cleanup_(ingot_freep) char *other = ingot_strf("dir:%s", in_tmp("e"));
	ok(ingot_archive_write(store, &archive, other, &err));
	ck_assert_uint_eq(entries(in_tmp("e")), 4);
	ck_assert_uint_eq(entries(tmp), 4);
}
END_TEST

START_TEST(what_is_not_ours_stays)
{
	ck_assert_int_eq(mkdir(in_tmp("home"), 0700), 0);
	FILE *f = fopen(in_tmp("home/thesis"), "w");
	ck_assert(f && fclose(f) == 0);
	ck_assert_int_eq(symlink("home", in_tmp("link")), 0);
	static const char *const names[] = { "home", "link", "store/objects", "home/thesis", "", "none/d" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_(ingot_freep) char *target = names[i][0] ? ingot_strf("dir:%s", in_tmp(names[i])) : ingot_strdup("dir:.");
		refused(ingot_archive_write(store, &archive, target, &err), INGOT_E_INPUT);
	}
	refused(ingot_archive_write(store, &archive, in_tmp("home"), &err), INGOT_E_INPUT); /* a file over a directory */
	ck_assert(strstr(err.hint, "dir:"));
	refused(ingot_archive_write(store, &archive, in_tmp("none/a.tar"), &err), INGOT_E_INPUT);
	refused(ingot_archive_write(store, &archive, in_tmp("home/"), &err), INGOT_E_INPUT);
	ck_assert_int_eq(access(in_tmp("home/thesis"), F_OK), 0);
	ck_assert_uint_eq(entries(in_tmp("home")), 1);
	ck_assert_uint_eq(entries(tmp), 3);
}
END_TEST

static void damage(const struct ingot_digest *d, bool remove_it)
{
	char name[200], hex[65];
	(void)ingot_digest_hex(d, hex);
	(void)snprintf(name, sizeof(name), "%s/store/objects/%.2s/%s", tmp, hex, hex + 2);
	if (remove_it) {
		ck_assert_int_eq(unlink(name), 0);
		return;
	}
	ck_assert_int_eq(chmod(name, 0600), 0);
	int fd = open(name, O_WRONLY);
	ck_assert(fd >= 0 && pwrite(fd, "!", 1, 20) == 1 && close(fd) == 0);
}

/* A blob of an earlier build that rotted, or is gone: no archive appears, and an older one stays. */
START_TEST(damaged_blob)
{
	sample.layers[0].layer.fresh = false;
	ok(ingot_archive_write(store, &archive, in_tmp("a.tar"), &err));
	_cleanup_(ingot_buf_done) struct ingot_buf old = bytes(in_tmp("a.tar"));
	damage(&sample.layers[0].layer.digest, _i);
	refused(ingot_archive_write(store, &archive, in_tmp("a.tar"), &err), INGOT_E_BUG);
	refused(ingot_archive_write(store, &archive, in_tmp("b.tar"), &err), INGOT_E_BUG);
	_cleanup_(ingot_freep) char *target = ingot_strf("dir:%s", in_tmp("d"));
	refused(ingot_archive_write(store, &archive, target, &err), INGOT_E_BUG);
	_cleanup_(ingot_buf_done) struct ingot_buf still = bytes(in_tmp("a.tar"));
	ck_assert(ingot_span_eq(ingot_buf_view(&old), ingot_buf_view(&still)));
	ck_assert_uint_eq(entries(tmp), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("archive");
	TCase *t = tcase_create("archive");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, members);
	tcase_add_test(t, twice_the_same);
	tcase_add_test(t, each_blob_once);
	tcase_add_test(t, standard_output);
	tcase_add_test(t, directory);
	tcase_add_test(t, what_is_not_ours_stays);
	tcase_add_loop_test(t, damaged_blob, 0, 2);
	suite_add_tcase(s, t);
	return run_suite(s);
}
