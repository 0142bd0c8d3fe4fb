/* One input, one output, however it comes; and nothing that some reader cannot read. */
#include "oci_support.h"
#include <ingot/compress.h>
#include <libdeflate.h>
#include <zstd.h>

static void fresh(void)
{
	err = (struct ingot_err)INGOT_ERR_INIT;
}

/* Text with some order in it: neither constant nor random. */
static char *material(size_t n)
{
	char *p = ingot_alloc(n + 1);
	uint32_t x = 12345;
	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245 + 12345;
		p[i] = i > 5000 && i % 64 > 7 ? p[i - 1 - 64 * (x % 3)] : (char)(x >> 24);
	}
	return p;
}

static void pack(enum ingot_compression kind, int level, const char *p, size_t n, size_t piece, struct ingot_buf *out)
{
	struct ingot_sink sink = { out, to_buf };
	_cleanup_(ingot_compressor_freep) struct ingot_compressor *c = NULL;
	ok(ingot_compressor_new(kind, level, &sink, &c, &err));
	for (size_t at = 0; at < n; at += piece)
		ok(ingot_compressor_write(c, p + at, n - at < piece ? n - at : piece, &err));
	ok(ingot_compressor_end(c, &err));
	ck_assert(!out->full);
}

START_TEST(pieces_do_not_matter)
{
	enum ingot_compression kind = (enum ingot_compression)_i;
	size_t n = MIB(12) + 12345;
	_cleanup_(ingot_freep) char *p = material(n);
	_cleanup_(ingot_buf_done) struct ingot_buf a = INGOT_BUF(MIB(32));
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(32));
	_cleanup_(ingot_buf_done) struct ingot_buf c = INGOT_BUF(MIB(32));
	pack(kind, INGOT_LEVEL_DEFAULT, p, n, n, &a);
	pack(kind, INGOT_LEVEL_DEFAULT, p, n, KIB(256), &b);
	pack(kind, INGOT_LEVEL_DEFAULT, p, n, 9973, &c);
	ck_assert(ingot_span_eq(ingot_buf_view(&a), ingot_buf_view(&b)));
	ck_assert(ingot_span_eq(ingot_buf_view(&a), ingot_buf_view(&c)));
	ck_assert(kind == INGOT_PLAIN || a.n < n * 3 / 4);
}
END_TEST

/* Trap 8: one frame, a window that every reader of the field accepts; the text comes back. */
START_TEST(zstd_is_readable)
{
	static const int levels[] = { INGOT_LEVEL_DEFAULT, 1, 9, 19 };
	size_t n = _i == 3 ? MIB(1) : MIB(10);
	_cleanup_(ingot_freep) char *p = material(n), *back = ingot_alloc(n);
	_cleanup_(ingot_buf_done) struct ingot_buf a = INGOT_BUF(MIB(32));
	pack(INGOT_ZSTD, levels[_i], p, n, KIB(256), &a);
	ck_assert_uint_eq(ZSTD_findFrameCompressedSize(a.p, a.n), a.n);
	ZSTD_DCtx *d = ZSTD_createDCtx();
	ck_assert(!ZSTD_isError(ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, 23)));
	ZSTD_inBuffer in = { a.p, a.n, 0 };
	ZSTD_outBuffer out = { back, n, 0 };
	while (in.pos < in.size) {
		size_t r = ZSTD_decompressStream(d, &out, &in);
		ck_assert_msg(!ZSTD_isError(r), "%s", ZSTD_getErrorName(r));
	}
	ZSTD_freeDCtx(d);
	ck_assert_uint_eq(out.pos, n);
	ck_assert(memcmp(back, p, n) == 0);
}
END_TEST

START_TEST(gzip_members)
{
	size_t n = MIB(2) + 17;
	_cleanup_(ingot_freep) char *p = material(n), *back = ingot_alloc(MIB(1));
	_cleanup_(ingot_buf_done) struct ingot_buf a = INGOT_BUF(MIB(8));
	pack(INGOT_GZIP, INGOT_LEVEL_DEFAULT, p, n, 5000, &a);
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t at = 0, from = 0, members = 0;
	for (; at < a.n; members++) {
		size_t used, got;
		ck_assert_mem_eq(a.p + at, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10); /* no time, no name, no level, no system */
		ck_assert_int_eq(libdeflate_gzip_decompress_ex(d, a.p + at, a.n - at, back, MIB(1), &used, &got), LIBDEFLATE_SUCCESS);
		ck_assert(from + got <= n && memcmp(back, p + from, got) == 0);
		at += used;
		from += got;
	}
	libdeflate_free_decompressor(d);
	ck_assert_uint_eq(from, n);
	ck_assert_uint_eq(members, 3);
}
END_TEST

START_TEST(nothing_is_something)
{
	_cleanup_(ingot_buf_done) struct ingot_buf a = INGOT_BUF(KIB(1));
	pack(INGOT_GZIP, INGOT_LEVEL_DEFAULT, "", 0, 1, &a);
	ck_assert(a.n > 18 && a.n < 32);
	ck_assert_mem_eq(a.p + a.n - 8, "\0\0\0\0\0\0\0\0", 8);
	ingot_buf_clear(&a);
	pack(INGOT_ZSTD, INGOT_LEVEL_DEFAULT, "", 0, 1, &a);
	ck_assert_uint_eq(ZSTD_findFrameCompressedSize(a.p, a.n), a.n);
	ingot_buf_clear(&a);
	pack(INGOT_PLAIN, INGOT_LEVEL_DEFAULT, "", 0, 1, &a);
	ck_assert_uint_eq(a.n, 0);
	/* the end of a whole member is no beginning of another */
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(4));
	_cleanup_(ingot_freep) char *zeros = ingot_alloc(MIB(1));
	pack(INGOT_GZIP, INGOT_LEVEL_DEFAULT, zeros, MIB(1), MIB(1), &b);
	ck_assert_mem_eq(b.p + b.n - 4, "\0\0\x10\0", 4);
}
END_TEST

START_TEST(levels)
{
	struct ingot_sink sink = { NULL, to_buf };
	struct ingot_compressor *c = NULL;
	refused(ingot_compressor_new(INGOT_ZSTD, 20, &sink, &c, &err), INGOT_E_INPUT);
	refused(ingot_compressor_new(INGOT_ZSTD, -1, &sink, &c, &err), INGOT_E_INPUT);
	refused(ingot_compressor_new(INGOT_GZIP, 13, &sink, &c, &err), INGOT_E_INPUT);
	refused(ingot_compressor_new(INGOT_PLAIN, 1, &sink, &c, &err), INGOT_E_INPUT);
}
END_TEST

START_TEST(words)
{
	enum ingot_compression k;
	char a[64], b[64];
	for (int i = INGOT_ZSTD; i <= INGOT_PLAIN; i++) {
		ck_assert_int_eq(ingot_compression_from_word(ingot_span_of(ingot_compression_word((enum ingot_compression)i)), &k), 0);
		ck_assert_int_eq((int)k, i);
	}
	ck_assert_int_lt(ingot_compression_from_word(INGOT_SPAN("bzip2"), &k), 0);
	ingot_compression_version(INGOT_ZSTD, INGOT_LEVEL_DEFAULT, a);
	ingot_compression_version(INGOT_ZSTD, 3, b);
	ck_assert_str_eq(a, b);
	ingot_compression_version(INGOT_ZSTD, 4, b);
	ck_assert_str_ne(a, b);
	ck_assert_ptr_nonnull(strstr(a, ZSTD_versionString()));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compress");
	TCase *t = tcase_create("compress");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, fresh, NULL);
	tcase_add_loop_test(t, pieces_do_not_matter, 0, 3);
	tcase_add_loop_test(t, zstd_is_readable, 0, 4);
	tcase_add_test(t, gzip_members);
	tcase_add_test(t, nothing_is_something);
	tcase_add_test(t, levels);
	tcase_add_test(t, words);
	suite_add_tcase(s, t);
	return run_suite(s);
}
