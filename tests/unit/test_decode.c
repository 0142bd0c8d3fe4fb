/* The coordinator's client and the real helper in its jail. What archives are refused is tried in tests/mustfail/archive. */
#include "../../builder/decode/doc.h"
#include "liar.h"
#include "run_suite.h"
#include <check.h>
#include <fcntl.h>
#include <ingot/decode.h>
#include <ingot/digest.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <libdeflate.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

static struct ingot_err err;

static struct ingot_input input(const void *p, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ingot_write_all(fd, p, n, &err), 0);
	return (struct ingot_input){ fd, 0, n };
}

/* --- a tar made by hand: ustar, one file --- */
static void tar_file(struct ingot_buf *out, const char *name, const char *text, size_t n)
{
	char h[512] = { 0 };
	(void)snprintf(h, 100, "%s", name);
	memcpy(h + 100, "0000644", 8);
	memcpy(h + 108, "0000000", 8);
	memcpy(h + 116, "0000000", 8);
	(void)snprintf(h + 124, 12, "%011o", (unsigned)n);
	memcpy(h + 136, "00000000000", 12);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar\0" "00", 8);
	unsigned sum = 0;
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	ingot_buf_put(out, h, 512);
	ingot_buf_put(out, text, n);
	static const char zeros[512];
	ingot_buf_put(out, zeros, (512 - n % 512) % 512);
}

static void tar_end(struct ingot_buf *out)
{
	static const char zeros[1024];
	ingot_buf_put(out, zeros, sizeof(zeros));
}

static char seen[4096];

static int on_begin(void *ctx, struct ingot_span name, uint64_t size, struct ingot_err *e)
{
	size_t n = strlen(seen);
	(void)snprintf(seen + n, sizeof(seen) - n, "<%.*s %llu>", INGOT_SPAN_ARG(name), (unsigned long long)size);
	return 0;
}

static int on_data(void *ctx, const void *p, size_t n, struct ingot_err *e)
{
	size_t have = strlen(seen);
	(void)snprintf(seen + have, sizeof(seen) - have, "%.*s", (int)n, (const char *)p);
	return 0;
}

static int on_end(void *ctx, struct ingot_err *e)
{
	strncat(seen, ".", sizeof(seen) - strlen(seen) - 1);
	return 0;
}

/* "<name size>content." of each part, read where it is said to be. */
static const char *shown(struct ingot_input in)
{
	_cleanup_(ingot_parts_done) struct ingot_parts parts = { 0 };
	seen[0] = '\0';
	ck_assert_msg(ingot_decode_parts(in, &parts, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < parts.n; i++) {
		const struct ingot_part *p = &parts.all[i];
		char content[100];
		ck_assert(p->size < sizeof(content) && ingot_pread_all(in.fd, content, (size_t)p->size, p->offset, &err) == 0);
		(void)on_begin(NULL, p->name, p->size, &err);
		(void)on_data(NULL, content, (size_t)p->size, &err);
		(void)on_data(NULL, p->target.p, p->target.n, &err);
		(void)on_end(NULL, &err);
	}
	return seen;
}

START_TEST(archive_parts)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(100000);
	tar_file(&b, "oci-layout", "{}", 2);
	tar_file(&b, "blobs/sha256/ab", "", 0);
	tar_file(&b, "index.json", "[1]", 3);
	tar_end(&b);
	struct ingot_input in = input(b.p, b.n);
	ck_assert_str_eq(shown(in), "<blobs/sha256/ab 0>.<index.json 3>[1].<oci-layout 2>{}.");
	/* A part of a larger file, the file's own position anywhere. */
	struct ingot_input all = input("garbage in front", 16);
	ck_assert_int_eq(ingot_write_all(all.fd, b.p, b.n, &err), 0);
	ck_assert_int_eq(ingot_write_all(all.fd, "and behind", 10, &err), 0);
	ck_assert_int_eq(lseek(all.fd, 5, SEEK_SET), 5);
	ck_assert_str_eq(shown((struct ingot_input){ all.fd, 16, b.n }), "<blobs/sha256/ab 0>.<index.json 3>[1].<oci-layout 2>{}.");
	ck_assert_int_eq(lseek(all.fd, 0, SEEK_CUR), 5);
	/* Longer than the file is. */
	struct ingot_parts parts;
	ck_assert_int_lt(ingot_decode_parts((struct ingot_input){ in.fd, 0, b.n + 1 }, &parts, &err), 0);
	(void)close(in.fd);
	(void)close(all.fd);
}
END_TEST

START_TEST(archive_twice)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(100000);
	tar_file(&b, "index.json", "{}", 2);
	tar_file(&b, "x", "{}", 2);
	tar_file(&b, "index.json", "{}", 2);
	tar_end(&b);
	struct ingot_input in = input(b.p, b.n);
	struct ingot_parts parts;
	ck_assert_int_lt(ingot_decode_parts(in, &parts, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_ptr_nonnull(strstr(err.msg, "index.json: twice"));
	(void)close(in.fd);
}
END_TEST

static int refuse(void *ctx, const void *p, size_t n, struct ingot_err *e)
{
	return ingot_fail(e, INGOT_E_FALSE, "the sink has had enough");
}

/* A failure of the caller's own ends the helper, and is what is reported. */
START_TEST(sink_fails)
{
	static const unsigned char gz[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0xcb, 0xcf, 0x07, 0x00, 0x21, 0x65, 0x73, 0x8c, 3, 0, 0, 0 }; /* "foo" */
	struct ingot_input in = input((const char *)gz, sizeof(gz));
	ck_assert_int_lt(ingot_decode_stream(in, 0, refuse, NULL, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_FALSE);
	ck_assert_str_eq(err.msg, "the sink has had enough");
	(void)close(in.fd);
}
END_TEST

static int hash(void *ctx, const void *p, size_t n, struct ingot_err *e)
{
	ingot_hash_add(ctx, p, n);
	return 0;
}

static size_t compressed(char **ret, const char *text, size_t n)
{
	size_t cap = ZSTD_compressBound(n);
	*ret = ingot_alloc(cap);
	size_t z = ZSTD_compress(*ret, cap, text, n, 3);
	ck_assert(!ZSTD_isError(z));
	return z;
}

START_TEST(stream)
{
	size_t n = MIB(3) + 77;
	char *text = ingot_alloc(n), *z = NULL;
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(i * 2654435761U >> 13);
	size_t zn = compressed(&z, text, n);
	struct ingot_input in = input(z, zn);
	struct ingot_digest want, got;
	struct ingot_hash *h = ingot_hash_new();
	ingot_sha256(text, n, &want);
	ck_assert_msg(ingot_decode_stream(in, 0, hash, h, &err) == 0, "%s", err.msg);
	ingot_hash_end(h, &got);
	ck_assert(ingot_digest_eq(&want, &got));
	/* Exactly the declared size is fine, one less is not. */
	ck_assert_msg(ingot_decode_stream(in, n, hash, h, &err) == 0, "%s", err.msg);
	ck_assert_int_lt(ingot_decode_stream(in, n - 1, hash, h, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_ptr_nonnull(strstr(err.msg, "more than"));
	/* Cut short; and a byte too many. */
	ck_assert_int_lt(ingot_decode_stream((struct ingot_input){ in.fd, 0, zn - 1 }, 0, hash, h, &err), 0);
	ck_assert_int_eq(lseek(in.fd, 0, SEEK_END), (off_t)zn);
	ck_assert_int_eq(ingot_write_all(in.fd, "x", 1, &err), 0);
	ck_assert_int_lt(ingot_decode_stream((struct ingot_input){ in.fd, 0, zn + 1 }, 0, hash, h, &err), 0);
	ingot_hash_free(h);
	free(text);
	free(z);
	(void)close(in.fd);
}
END_TEST

START_TEST(bomb)
{
	size_t n = MIB(64);
	char *text = ingot_alloc(n), *z = NULL;
	size_t zn = compressed(&z, text, n);
	ck_assert_uint_lt(zn, 10000);
	struct ingot_input in = input(z, zn);
	struct ingot_hash *h = ingot_hash_new();
	ck_assert_int_lt(ingot_decode_stream(in, MIB(1), hash, h, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ingot_hash_free(h);
	free(text);
	free(z);
	(void)close(in.fd);
}
END_TEST

/* The order of messages is the helper's; the coordinator's part of the code refuses others. Inputs that are no file at all. */
START_TEST(not_a_file)
{
	int p[2];
	ck_assert_int_eq(pipe(p), 0);
	struct ingot_hash *h = ingot_hash_new();
	ck_assert_int_lt(ingot_decode_stream((struct ingot_input){ p[0], 0, 100 }, 0, hash, h, &err), 0);
	ck_assert_int_lt(ingot_decode_stream((struct ingot_input){ p[0], 0, UINT64_MAX }, 0, hash, h, &err), 0);
	ck_assert_int_lt(ingot_decode_stream((struct ingot_input){ -1, 0, 0 }, 0, hash, h, &err), 0);
	ingot_hash_free(h);
	(void)close(p[0]);
	(void)close(p[1]);
}
END_TEST

/* --- JSON values of a helper that lies --- */
static void say(enum ingot_json_kind kind, const char *path, const char *value)
{
	struct ingot_msg_json m = { .kind = kind, .path = ingot_span_of(path), .value = ingot_span_of(value) };
	liar_says(INGOT_MSG_JSON, &m);
}

static void lie_nothing(void) {}
static void lie_root_has_a_name(void) { say(INGOT_J_OBJECT, "/a", ""); }
static void lie_no_parent(void) { say(INGOT_J_OBJECT, "", ""); say(INGOT_J_STRING, "/a/b", "x"); }
static void lie_two_roots(void) { say(INGOT_J_OBJECT, "", ""); say(INGOT_J_OBJECT, "", ""); }
static void lie_below_a_string(void) { say(INGOT_J_OBJECT, "", ""); say(INGOT_J_STRING, "/a", "x"); say(INGOT_J_STRING, "/a/b", "x"); }
static void lie_twice(void) { say(INGOT_J_OBJECT, "", ""); say(INGOT_J_STRING, "/digest", "x"); say(INGOT_J_STRING, "/digest", "y"); }
static void lie_back_in_closed(void)
{
	say(INGOT_J_OBJECT, "", "");
	say(INGOT_J_OBJECT, "/a", "");
	say(INGOT_J_OBJECT, "/b", "");
	say(INGOT_J_STRING, "/a/late", "x");
}
static void lie_index_skipped(void) { say(INGOT_J_ARRAY, "", ""); say(INGOT_J_STRING, "/1", "x"); }
static void lie_index_is_a_word(void) { say(INGOT_J_ARRAY, "", ""); say(INGOT_J_STRING, "/a", "x"); }
static void lie_index_spelled_twice(void) { say(INGOT_J_ARRAY, "", ""); say(INGOT_J_STRING, "/00", "x"); }
static void lie_object_with_value(void) { say(INGOT_J_OBJECT, "", "x"); }
static void lie_integer(void) { say(INGOT_J_ARRAY, "", ""); say(INGOT_J_INTEGER, "/0", "1x"); }
static void lie_integer_empty(void) { say(INGOT_J_ARRAY, "", ""); say(INGOT_J_INTEGER, "/0", "-"); }
static void lie_bool(void) { say(INGOT_J_ARRAY, "", ""); say(INGOT_J_BOOL, "/0", "yes"); }
static void lie_kind(void) { say((enum ingot_json_kind)0, "", ""); }
static void lie_deep(void)
{
	char path[64] = "";
	for (int i = 0; i < 20; i++) {
		say(INGOT_J_ARRAY, path, "");
		strncat(path, "/0", sizeof(path) - strlen(path) - 1);
	}
}
static void (*const lies[])(void) = { lie_nothing, lie_root_has_a_name, lie_no_parent, lie_two_roots, lie_below_a_string, lie_twice, lie_back_in_closed, lie_index_skipped, lie_index_is_a_word,
	lie_index_spelled_twice, lie_object_with_value, lie_integer, lie_integer_empty, lie_bool, lie_kind, lie_deep };

START_TEST(lying_about_json)
{
	struct ingot_doc *doc = NULL;
	liar_begin();
	lies[_i]();
	liar_says(INGOT_MSG_DONE, NULL);
	ck_assert_msg(doc_drain(chan, &doc, &err) < 0, "lie %d was believed", _i);
	ck_assert_int_eq(err.code, INGOT_E_BUG);
	ck_assert_ptr_null(doc);
	liar_end();
}
END_TEST

/* --- gzip members anywhere --- */
static void gzip_member(struct ingot_buf *out, const void *p, size_t n)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t room = libdeflate_gzip_compress_bound(c, n);
	char *to = ingot_buf_room(out, room);
	ck_assert_ptr_nonnull(to);
	ingot_buf_added(out, libdeflate_gzip_compress(c, p, n, to, room));
	libdeflate_free_compressor(c);
}

static size_t bytes_seen;
static int count_data(void *ctx, const void *p, size_t n, struct ingot_err *e)
{
	size_t had = strlen(seen);
	bytes_seen += n;
	if (n < 100)
		(void)snprintf(seen + had, sizeof(seen) - had, "%.*s", (int)n, (const char *)p);
	return 0;
}

START_TEST(gzip_anywhere)
{
	struct ingot_buf in = INGOT_BUF(MIB(8));
	const struct ingot_member_ops ops = { on_begin, count_data, NULL };
	static char zeros[3 << 20], noise[300000];
	/* Something that only looks like it, one across the edge of the reader's blocks, two in a row, one that is cut short, one that is longer than the limit. */
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 2654435761U >> 13);
	ingot_buf_put(&in, "\x1f\x8b\x08\x00 no", 7);
	ingot_buf_put(&in, noise, (128 << 10) - 9);
	gzip_member(&in, "first", 5);
	size_t second = in.n;
	gzip_member(&in, "second", 6);
	ingot_buf_put(&in, noise, 1000);
	gzip_member(&in, zeros, sizeof(zeros));
	size_t cut = in.n;
	gzip_member(&in, "third, cut short", 16);
	in.n -= 3;
	seen[0] = '\0';
	bytes_seen = 0;
	struct ingot_input from = input(in.p, in.n);
	ck_assert_msg(ingot_decode_gzip(from, &ops, NULL, &err) == 0, "%s", err.msg);
	char want[256];
	(void)snprintf(want, sizeof(want), "<@%u 5>first<@%zu 6>second<", (128U << 10) - 2, second);
	ck_assert_msg(strstr(seen, want), "%s, not %s", seen, want);
	(void)snprintf(want, sizeof(want), " 1048576><@%zu 16>third, cut short", cut);
	ck_assert_msg(strstr(seen, want), "%s, not %s", seen, want);
	ck_assert_uint_le(bytes_seen, 100 + 5 + 6 + MIB(1) + 16);
	/* Nothing at all, and nothing but the beginning. */
	bytes_seen = 0;
	ck_assert_int_eq(ingot_decode_gzip(input("", 0), &ops, NULL, &err), 0);
	ck_assert_int_eq(ingot_decode_gzip(input("\x1f\x8b\x08", 3), &ops, NULL, &err), 0);
	ck_assert_uint_eq(bytes_seen, 0);
	/* What was made to look like it everywhere ends. */
	in.n = 0;
	for (int i = 0; i < 20000; i++)
		ingot_buf_put(&in, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff", 11);
	ck_assert_int_lt(ingot_decode_gzip(input(in.p, in.n), &ops, NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "look like gzip"));
	ingot_buf_done(&in);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("decode");
	TCase *t = tcase_create("decode");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, archive_parts);
	tcase_add_test(t, archive_twice);
	tcase_add_test(t, sink_fails);
	tcase_add_test(t, stream);
	tcase_add_test(t, bomb);
	tcase_add_test(t, not_a_file);
	tcase_add_test(t, gzip_anywhere);
	tcase_add_loop_test(t, lying_about_json, 0, (int)(sizeof(lies) / sizeof(lies[0])));
	suite_add_tcase(s, t);
	return run_suite(s);
}
