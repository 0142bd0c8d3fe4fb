/* The layer tar: one delta, one byte string, in the dialect that every unpacker takes (interop 1.7 and its traps). */
#include "oci_support.h"
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <ingot/tarout.h>

#define LONG50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static void pack(const char *tree, const char *delta, struct ingot_buf *out)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(tree);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(delta);
	struct ingot_sink sink = { out, to_buf };
	ok(ingot_tar_write(store, d, t, &sink, &err));
	ck_assert(!out->full);
}

static uint64_t octal(const char *p, size_t n)
{
	uint32_t v = 0;
	ck_assert_int_eq(ingot_parse_octal((struct ingot_span){ p, n }, UINT32_MAX, &v), 0);
	return v;
}

/* "TYPE PATH[ -> LINK]\n" of every header; pax records as "x KEY=VALUE\n". Checks magic, checksum and padding on the way. */
static const char *listing(const struct ingot_buf *tar)
{
	static struct ingot_buf out = INGOT_BUF(MIB(1));
	static const char zeros[1024];
	ingot_buf_clear(&out);
	size_t at = 0;
	while (at + 512 <= tar->n && tar->p[at]) {
		const char *h = tar->p + at;
		ck_assert(memcmp(h + 257, "ustar\00000", 8) == 0);
		unsigned sum = 0;
		for (int i = 0; i < 512; i++)
			sum += i >= 148 && i < 156 ? ' ' : (unsigned char)h[i];
		ck_assert_uint_eq(octal(h + 148, 6), sum);
		size_t size = octal(h + 124, 11), end = at + 512 + (size + 511) / 512 * 512;
		ck_assert(end <= tar->n && memcmp(h + 512 + size, zeros, end - at - 512 - size) == 0);
		if (h[156] == 'x') {
			ck_assert_str_eq(h, "PaxHeaders/x");
			struct ingot_span rest = { h + 512, size };
			while (rest.n) {
				uint32_t n = 0;
				size_t digits = (size_t)((const char *)memchr(rest.p, ' ', rest.n) - rest.p);
				ck_assert_int_eq(ingot_parse_u32((struct ingot_span){ rest.p, digits }, (uint32_t)rest.n, &n), 0);
				ck_assert_int_eq(rest.p[n - 1], '\n');
				ingot_buf_str(&out, "x ");
				ingot_escape_field(&out, (struct ingot_span){ rest.p + digits + 1, n - digits - 2 });
				ingot_buf_char(&out, '\n');
				rest = (struct ingot_span){ rest.p + n, rest.n - n };
			}
		} else {
			ingot_buf_fmt(&out, "%c %.155s%s%.100s", h[156], h + 345, h[345] ? "/" : "", h);
			if (h[157])
				ingot_buf_fmt(&out, " -> %.100s", h + 157);
			ingot_buf_char(&out, '\n');
		}
		at = end;
	}
	ck_assert_uint_eq(tar->n - at, 1024);
	ck_assert(memcmp(tar->p + at, zeros, 1024) == 0);
	return ingot_buf_cstr(&out);
}

static void golden(const struct ingot_buf *tar, const char *digest)
{
	struct ingot_digest d;
	ingot_sha256(tar->p, tar->n, &d);
	ck_assert_str_eq(INGOT_HEX(&d), digest);
}

#define ROOT "d 0755 0 0 0 /\n"

START_TEST(one_file_byte_for_byte)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_freep) char *delta = ingot_strf("f 4750 7 8 1700000000 /a 6 %s\n", STORED("hello\n"));
	pack(ROOT, delta, &b);
	ck_assert_uint_eq(b.n, 512 + 512 + 1024);
	char want[512] = "a";
	memcpy(want + 100, "0004750\0000000007\0000000010\00000000000006\00014524770400\000", 48);
	memcpy(want + 148, "007420\0 0", 9);
	memcpy(want + 257, "ustar\00000", 8);
	memcpy(want + 329, "0000000\0000000000", 16);
	ck_assert_mem_eq(b.p, want, 512);
	ck_assert_mem_eq(b.p + 512, "hello\n\0", 7);
	(void)listing(&b);
}
END_TEST

START_TEST(every_type)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_freep) char *delta =
		ingot_strf("d 1777 0 0 5 /d\nb 0660 0 6 0 /d/blk 8 1048575\nc 0666 0 0 0 /d/chr 4095 3\nf 0644 0 0 0 /d/empty 0 %s\nf 0644 1 2 3 /d/f 6 %s\nx user.note some\\x20\\x00value\nh /d/g /d/f\n"
			   "l 0777 0 0 0 /d/l ../etc/x\np 0600 0 0 0 /d/p\n",
			   STORED(""), STORED("hello\n"));
	pack(ROOT, delta, &b);
	ck_assert_str_eq(listing(&b), "5 d/\n4 d/blk\n3 d/chr\n0 d/empty\nx SCHILY.xattr.user.note=some\\x20\\x00value\n0 d/f\n1 d/g -> d/f\n2 d/l -> ../etc/x\n6 d/p\n");
	golden(&b, "0148c12681835a53e99beeedfa051b10bc46220fb95310a53836babdb2248ab2");
}
END_TEST

/* A layer of ours has no access control list, neither of what it puts nor of a parent that it repeats. */
START_TEST(no_acl)
{
	static const char with[] = "d 0755 0 0 5 /d\nx system.posix_acl_default x\n";
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_freep) char *parent = ingot_strf(ROOT "%s", with), *file = ingot_strf("f 0644 0 0 0 /d/f 0 %s\n", STORED(""));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *plain = tree_of(ROOT), *tree = tree_of(parent);
	_cleanup_(ingot_delta_freep) struct ingot_delta *puts_it = delta_of(with), *below = delta_of(file);
	struct ingot_sink sink = { &b, to_buf };
	refused(ingot_tar_write(store, puts_it, plain, &sink, &err), INGOT_E_OUTSIDE);
	ck_assert_ptr_nonnull(strstr(err.msg, "/d has an access control list"));
	refused(ingot_tar_write(store, below, tree, &sink, &err), INGOT_E_OUTSIDE);
}
END_TEST

/* Trap 2: the file comes before its links, whatever bytewise order would say ('-' is below '/'). */
START_TEST(link_after_file)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_freep) char *delta = ingot_strf("d 0755 0 0 0 /a\nf 0644 0 0 0 /a/x 6 %s\nh /a-b /a/x\n", STORED("hello\n"));
	pack(ROOT, delta, &b);
	ck_assert_str_eq(listing(&b), "5 a/\n0 a/x\n1 a-b -> a/x\n");
}
END_TEST

/* Trap 1 and 3, and "missing parents" of the table: each directory once, its whiteouts before its entries. */
START_TEST(parents_and_whiteouts)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_freep) char *lines = ingot_strf("- /gone\nd 0711 5 6 7 /usr/bin\nf 0644 0 0 0 /usr/bin/b 6 %s\n- /usr/bin/z\no /usr/lib\nd 0700 0 0 9 /usr/lib\nf 0644 0 0 0 /usr/lib/new 6 %s\n"
							"- /usr/share/doc/a\n- /usr/share/doc/b/c\nf 0644 0 0 0 /usr/share/x/y 6 %s\n- /z\n",
							STORED("hello\n"), STORED("hello\n"), STORED("hello\n"));
	const char *tree = ROOT "d 0755 0 0 1700000000 /usr\nd 0755 0 0 0 /usr/bin\nd 0755 0 0 0 /usr/lib\nd 2755 3 4 1600000000 /usr/share\nd 0755 0 0 0 /usr/share/doc\nd 0755 0 0 0 /usr/share/doc/b\n"
			   "d 0555 0 0 11 /usr/share/x\nx user.a 1\n";
	pack(tree, lines, &b);
	ck_assert_str_eq(listing(&b), "0 .wh.gone\n0 .wh.z\n5 usr/\n5 usr/bin/\n0 usr/bin/.wh.z\n0 usr/bin/b\n5 usr/lib/\n0 usr/lib/.wh..wh..opq\n0 usr/lib/new\n"
				      "5 usr/share/\n5 usr/share/doc/\n0 usr/share/doc/.wh.a\n5 usr/share/doc/b/\n0 usr/share/doc/b/.wh.c\nx SCHILY.xattr.user.a=1\n5 usr/share/x/\n0 usr/share/x/y\n");
	/* parents carry the tree's metadata, not invented ones */
	const char *share = memmem(b.p, b.n, "usr/share/\0", 11);
	ck_assert_ptr_nonnull(share);
	ck_assert_mem_eq(share + 100, "0002755\0000000003\0000000004\0", 24);
	golden(&b, "d3b9bb7a1b28e4c9022f7ff666bc00377a5c44fc603f811c30097dbd852351d1");
}
END_TEST

START_TEST(root_level_opaque)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	pack(ROOT, "o /\nd 0700 1 1 1 /\nd 0755 0 0 0 /a\n", &b);
	ck_assert_str_eq(listing(&b), "0 .wh..wh..opq\n5 a/\n"); /* the root itself is never written */
}
END_TEST

START_TEST(empty_delta)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	pack(ROOT, "", &b);
	ck_assert_uint_eq(b.n, 1024);
	ck_assert_str_eq(listing(&b), "");
}
END_TEST

static char *with_paths(const char *a, const char *b)
{
	return ingot_strf("f 0644 0 0 0 /%s%s 6 %s\n", a, b, STORED("hello\n"));
}

/* ustar where it can say it, pax where it cannot; never a global header (trap 4). */
START_TEST(long_names)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	const char *tree = ROOT "d 0755 0 0 0 /d\n";
	struct {
		const char *a, *b, *want;
	} cases[] = {
		/* 100 bytes fit the name field; 101 are split; what cannot be split goes into a record */
		{ LONG50, LONG50, "0 " LONG50 LONG50 "\n" },
		{ "d/" LONG50, LONG50, "5 d/\n0 d/" LONG50 LONG50 "\n" },
		{ LONG50 "x", LONG50, "x path=" LONG50 "x" LONG50 "\n0 " LONG50 "x" LONG50 "\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(ingot_freep) char *delta = with_paths(cases[i].a, cases[i].b);
		ingot_buf_clear(&b);
		pack(tree, delta, &b);
		_cleanup_(ingot_freep) char *want = ingot_strdup(cases[i].want);
		if (i == 2)
			want[strlen(want) - 2] = '\n', want[strlen(want) - 1] = '\0'; /* the fallback is cut at 100 */
		ck_assert_str_eq(listing(&b), want);
	}
}
END_TEST

/* Trap 6: bytes are bytes, under every locale; the record is there although the name is short. */
START_TEST(names_beyond_ascii)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	pack(ROOT, "l 0777 0 0 0 /\\xc3\\xa4 \\xff\nl 0777 0 0 0 /\\xfe x\\x0ay\n", &b);
	ck_assert_str_eq(listing(&b), "x linkpath=\\xff\nx path=\\xc3\\xa4\n2 __ -> _\nx path=\\xfe\n2 _ -> x\ny\n");
}
END_TEST

START_TEST(large_numbers)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	pack(ROOT, "d 0755 2097151 2097151 8589934591 /a\nd 0755 2097152 4294967294 8589934592 /b\n", &b);
	ck_assert_str_eq(listing(&b), "5 a/\nx gid=4294967294\nx mtime=8589934592\nx uid=2097152\n5 b/\n");
}
END_TEST

/* Trap 5: SCHILY only, sorted, raw bytes. */
START_TEST(xattrs)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_freep) char *delta = ingot_strf("f 0755 0 0 0 /a 0 %s\nx security.capability \\x01\\x00\\x00\\x02=\\x0a\nx user.z \n", STORED(""));
	pack(ROOT, delta, &b);
	ck_assert_str_eq(listing(&b), "x SCHILY.xattr.security.capability=\\x01\\x00\\x00\\x02=\\x0a\nx SCHILY.xattr.user.z=\n0 a\n");
	ck_assert_ptr_null(memmem(b.p, b.n, "LIBARCHIVE", 10));
}
END_TEST

START_TEST(content_that_is_not_there)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of("f 0644 0 0 0 /a 6 " HEX("1") "\n");
	struct ingot_sink sink = { &b, to_buf };
	refused(ingot_tar_write(store, d, t, &sink, &err), INGOT_E_BUG);
	ck_assert_ptr_nonnull(strstr(err.msg, "/a"));
}
END_TEST

/* A damaged content never gets into a layer, whatever its size says. */
START_TEST(content_that_rotted)
{
	_cleanup_(ingot_freep) char *big = ingot_alloc(MIB(3));
	const char *hex = stored(big, MIB(3));
	char name[160];
	(void)snprintf(name, sizeof(name), "%s/store/objects/%.2s/%s", tmp, hex, hex + 2);
	int fd;
	ck_assert_int_eq(chmod(name, 0600), 0);
	fd = open(name, O_WRONLY);
	ck_assert_msg(fd >= 0 && pwrite(fd, "x", 1, MIB(2)) == 1 && close(fd) == 0, "%s: %s", name, strerror(errno));
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(8));
	_cleanup_(ingot_freep) char *delta = ingot_strf("f 0644 0 0 0 /a %llu %s\n", (unsigned long long)MIB(3), hex);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(delta);
	struct ingot_sink sink = { &b, to_buf };
	refused(ingot_tar_write(store, d, t, &sink, &err), INGOT_E_BUG);
	ck_assert(!ingot_store_has(store, &ingot_delta_node(d, ingot_delta_at(d, 0)->node)->content));
}
END_TEST

START_TEST(parents_that_are_none)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT "l 0777 0 0 0 /s d\n");
	struct ingot_sink sink = { &b, to_buf };
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of("d 0755 0 0 0 /s/x\n"), *e = delta_of("d 0755 0 0 0 /n/x\n");
	refused(ingot_tar_write(store, d, t, &sink, &err), INGOT_E_BUG);
	refused(ingot_tar_write(store, e, t, &sink, &err), INGOT_E_BUG);
}
END_TEST

/* What of the parents is in the bytes is in the key, and nothing else of the tree. */
START_TEST(parents_in_the_key)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT "d 0755 0 0 5 /u\nd 0750 1 2 3 /u/v\nx user.a b\nd 0755 0 0 0 /w\n");
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of("d 0755 0 0 0 /u/v/x\n");
	ok(ingot_tar_parents(d, t, &b, &err));
	ck_assert_str_eq(b.p, "d 0755 0 0 5 u\nd 0750 1 2 3 u/v\nx user.a b\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tar");
	TCase *t = tcase_create("tar");
	tcase_add_checked_fixture(t, store_setup, store_teardown);
	tcase_add_test(t, one_file_byte_for_byte);
	tcase_add_test(t, every_type);
	tcase_add_test(t, no_acl);
	tcase_add_test(t, link_after_file);
	tcase_add_test(t, parents_and_whiteouts);
	tcase_add_test(t, root_level_opaque);
	tcase_add_test(t, empty_delta);
	tcase_add_test(t, long_names);
	tcase_add_test(t, names_beyond_ascii);
	tcase_add_test(t, large_numbers);
	tcase_add_test(t, xattrs);
	tcase_add_test(t, content_that_is_not_there);
	tcase_add_test(t, content_that_rotted);
	tcase_add_test(t, parents_that_are_none);
	tcase_add_test(t, parents_in_the_key);
	suite_add_tcase(s, t);
	return run_suite(s);
}
