/* Packages: converted once, kept, checked on every use; the real helper decodes them. */
#include "run_suite.h"
#include "store_fixture.h"
#include <ingot/deb.h>
#include <sys/stat.h>

/* --- a package made by hand: ar, uncompressed GNU tars --- */
static const char zeros[1024];

static void tar_entry(struct ingot_buf *out, char type, const char *name, const char *text, const char *link)
{
	char h[512] = { 0 };
	size_t n = strlen(text);
	(void)snprintf(h, 100, "%s", name);
	memcpy(h + 100, type == '5' ? "0000755" : "0000644", 8);
	memcpy(h + 108, "0000000", 8);
	memcpy(h + 116, "0000000", 8);
	(void)snprintf(h + 124, 12, "%011o", (unsigned)n);
	memcpy(h + 136, "14524770400", 12);
	memset(h + 148, ' ', 8);
	h[156] = type;
	(void)snprintf(h + 157, 100, "%s", link);
	memcpy(h + 257, "ustar  ", 8);
	unsigned sum = 0;
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	ingot_buf_put(out, h, 512);
	ingot_buf_put(out, text, n);
	ingot_buf_put(out, zeros, (512 - n % 512) % 512);
}

static void ar_member(struct ingot_buf *out, const char *name, struct ingot_span data)
{
	ingot_buf_fmt(out, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 1700000000, 0, 0, "100644", data.n);
	ingot_buf_span(out, data);
	if (data.n % 2)
		ingot_buf_char(out, '\n');
}

static const char control_text[] = "Package: web\nVersion: 1.2-3\nArchitecture: amd64\nDepends: libc6 (>= 2.36),\n\tlibssl3\nDescription: a server\n It serves.\n .\n Well.\nHomepage:x\n";

static void make_deb(struct ingot_buf *out, const char *version, const char *content)
{
	_cleanup_(ingot_buf_done) struct ingot_buf control = INGOT_BUF(100000), data = INGOT_BUF(100000);
	tar_entry(&control, '5', "./", "", "");
	tar_entry(&control, '0', "./control", control_text, "");
	tar_entry(&control, '0', "./postinst", "#!/bin/sh\nexit 0\n", "");
	tar_entry(&control, '0', "./conffiles", "", "");
	ingot_buf_put(&control, zeros, 1024);
	tar_entry(&data, '5', "./", "", "");
	tar_entry(&data, '5', "./usr/", "", "");
	tar_entry(&data, '0', "./usr/web", content, "");
	tar_entry(&data, '1', "./usr/also", "", "./usr/web");
	tar_entry(&data, '2', "./usr/link", "", "web");
	ingot_buf_put(&data, zeros, 1024);
	ingot_buf_str(out, "!<arch>\n");
	ar_member(out, "debian-binary", ingot_span_of(version));
	ar_member(out, "control.tar", ingot_buf_view(&control));
	ar_member(out, "data.tar", ingot_buf_view(&data));
}

static uint64_t put_deb(const char *content, struct ingot_digest *ret)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(1000000);
	make_deb(&b, "2.0\n", content);
	ck_assert_int_eq(ingot_store_put(store, b.p, b.n, ret, &err), 0);
	return b.n;
}

static void check_web(const struct ingot_deb *d, const char *content)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(10000);
	char want[1000];
	struct ingot_digest of;
	ingot_sha256(content, strlen(content), &of);
	(void)snprintf(want, sizeof(want),
		       "ingot-delta 1\n"
		       "d 0755 0 0 1700000000 /\n"
		       "d 0755 0 0 1700000000 /usr\n"
		       "f 0644 0 0 1700000000 /usr/also %zu %s\n"
		       "l 0644 0 0 1700000000 /usr/link web\n"
		       "h /usr/web /usr/also\n",
		       strlen(content), INGOT_HEX(&of));
	ingot_delta_text(ingot_deb_delta(d), &text);
	ck_assert_str_eq(text.p, want);
	ck_assert_ptr_nonnull(ingot_deb_pack(d));
	check_content(&of, content, strlen(content));
	ck_assert_uint_eq(ingot_deb_members(d), 3);
	ck_assert(ingot_span_is(ingot_deb_member(d, "control"), control_text));
	ck_assert(ingot_span_is(ingot_deb_member(d, "postinst"), "#!/bin/sh\nexit 0\n"));
	ck_assert_ptr_nonnull(ingot_deb_member(d, "conffiles").p);
	ck_assert_uint_eq(ingot_deb_member(d, "conffiles").n, 0);
	ck_assert_ptr_null(ingot_deb_member(d, "prerm").p);
	struct ingot_span name;
	(void)ingot_deb_member_at(d, 1, &name);
	ck_assert(ingot_span_is(name, "postinst"));
}

START_TEST(converted_and_kept)
{
	struct ingot_digest sha;
	uint64_t size = put_deb("hello", &sha);
	struct ingot_deb *d = NULL;
	ck_assert_int_eq(ingot_deb_cached(store, &sha, &d, &err), 0);
	ck_assert_msg(ingot_deb_load(store, &sha, size, &d, &err) == 0, "%s", err.msg);
	check_web(d, "hello");
	ingot_deb_free(TAKE_PTR(d));
	/* Another run, and the .deb itself is gone. */
	reopen();
	ck_assert_int_eq(unlinkat(dir, object_path("objects", &sha), 0), 0);
	reopen();
	ck_assert_int_eq(ingot_deb_cached(store, &sha, &d, &err), 1);
	check_web(d, "hello");
	ingot_deb_free(TAKE_PTR(d));
	ck_assert_msg(ingot_deb_load(store, &sha, size, &d, &err) == 0, "%s", err.msg);
	ingot_deb_free(d);
}
END_TEST

START_TEST(fields)
{
	struct ingot_digest sha;
	uint64_t size = put_deb("hello", &sha);
	_cleanup_(ingot_deb_freep) struct ingot_deb *d = NULL;
	ck_assert_int_eq(ingot_deb_load(store, &sha, size, &d, &err), 0);
	ck_assert(ingot_span_is(ingot_deb_field(d, "Package"), "web"));
	ck_assert(ingot_span_is(ingot_deb_field(d, "version"), "1.2-3"));
	ck_assert(ingot_span_is(ingot_deb_field(d, "Depends"), "libc6 (>= 2.36),\n\tlibssl3"));
	ck_assert(ingot_span_is(ingot_deb_field(d, "Description"), "a server\n It serves.\n .\n Well."));
	ck_assert(ingot_span_is(ingot_deb_field(d, "Homepage"), "x"));
	ck_assert_ptr_null(ingot_deb_field(d, "Home").p);
	ck_assert_ptr_null(ingot_deb_field(d, "It").p);
}
END_TEST

/* Whatever of the kept conversion is damaged, the package is converted again. */
static void damage(const char *at, off_t where)
{
	struct stat st;
	ck_assert_int_eq(fchmodat(dir, at, 0644, 0), 0);
	int fd = openat(dir, at, O_RDWR);
	char c;
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	if (where < 0)
		where = st.st_size / 2;
	ck_assert_int_eq(pread(fd, &c, 1, where), 1);
	c ^= 1;
	ck_assert_int_eq(pwrite(fd, &c, 1, where), 1);
	(void)close(fd);
}

START_TEST(damaged_parts_are_made_again)
{
	struct ingot_digest sha, part;
	uint64_t size = put_deb("hello", &sha);
	struct ingot_deb *d = NULL;
	ck_assert_int_eq(ingot_deb_load(store, &sha, size, &d, &err), 0);
	part = _i == 0 ? *ingot_deb_delta_id(d) : _i == 1 ? *ingot_deb_members_id(d) : *ingot_deb_pack(d);
	ingot_deb_free(TAKE_PTR(d));
	ingot_store_close(TAKE_PTR(store));
	damage(object_path(_i == 2 ? "packs" : "objects", &part), -1);
	ck_assert_int_eq(ingot_store_open(path, NULL, &store, &err), 0);
	ck_assert_msg(ingot_deb_load(store, &sha, size, &d, &err) == 0, "%s", err.msg);
	if (_i != 2)
		check_web(d, "hello");
	ingot_deb_free(d);
}
END_TEST

/* The .deb in the store was changed since it was fetched, in a byte that no decoder looks at (the time of an ar member): no decoder sees it. */
START_TEST(damaged_package)
{
	struct ingot_digest sha;
	uint64_t size = put_deb("hello", &sha);
	struct ingot_deb *d = NULL;
	damage(object_path("objects", &sha), 8 + 16);
	ck_assert_int_lt(ingot_deb_load(store, &sha, size, &d, &err), 0);
	ck_assert_ptr_null(d);
	ck_assert_int_eq(entries("packs"), 0);
}
END_TEST

START_TEST(wrong_ones)
{
	struct ingot_digest sha;
	struct ingot_deb *d = NULL;
	uint64_t size = put_deb("hello", &sha);
	ck_assert_int_lt(ingot_deb_load(store, &sha, size + 1, &d, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ingot_sha256("nothing", 7, &sha);
	ck_assert_int_lt(ingot_deb_load(store, &sha, size, &d, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_ptr_nonnull(strstr(err.msg, "not in the store"));
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(1000000);
	make_deb(&b, "3.0\n", "hello");
	ck_assert_int_eq(ingot_store_put(store, b.p, b.n, &sha, &err), 0);
	ck_assert_int_lt(ingot_deb_load(store, &sha, b.n, &d, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_ptr_nonnull(strstr(err.msg, "another version"));
	ck_assert_ptr_null(d);
}
END_TEST

static uint64_t reached;

static void progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	ck_assert_str_eq(what, "decode packages");
	ck_assert_uint_le(done, total);
	ck_assert_uint_ge(done, reached);
	reached = done;
}

START_TEST(many_at_once)
{
	enum { N = 12 };
	struct ingot_deb_job jobs[N] = { 0 };
	char names[N][16], contents[N][16];
	struct ingot_log log = { .progress = progress };
	reached = 0;
	for (size_t i = 0; i < N; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "web%zu", i);
		(void)snprintf(contents[i], sizeof(contents[i]), "content %zu", i / 2); /* pairs are the same package */
		jobs[i].name = names[i];
		jobs[i].size = put_deb(contents[i], &jobs[i].sha256);
	}
	ck_assert_msg(ingot_deb_load_many(store, jobs, N, (unsigned)_i, &log, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < N; i++) {
		check_web(jobs[i].deb, contents[i]);
		ingot_deb_free(jobs[i].deb);
	}
	ck_assert_uint_eq(reached, N);
	/* One bad one among them: nothing is handed out, and the name is told. */
	ingot_sha256("gone", 4, &jobs[7].sha256);
	ck_assert_int_lt(ingot_deb_load_many(store, jobs, N, (unsigned)_i, NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "package web7: "));
	for (size_t i = 0; i < N; i++)
		ck_assert_ptr_null(jobs[i].deb);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("deb");
	TCase *t = tcase_create("deb");
	tcase_add_checked_fixture(t, fixture_begin, fixture_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, converted_and_kept);
	tcase_add_test(t, fields);
	tcase_add_loop_test(t, damaged_parts_are_made_again, 0, 3);
	tcase_add_test(t, damaged_package);
	tcase_add_test(t, wrong_ones);
	tcase_add_loop_test(t, many_at_once, 1, 4);
	suite_add_tcase(s, t);
	return run_suite(s);
}
