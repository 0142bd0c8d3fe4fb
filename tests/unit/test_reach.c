/* What a user can do to a tree, case by case. test_reach_kernel.c asks the kernel the same of random trees. */
#include "core_support.h"
#include "reach_support.h"
#include <ingot/mem.h>
#include <ingot/reach.h>

static const uint32_t no_groups[1], two_groups[] = { 33, 44 };
static const struct ingot_identity app = { .uid = 1000, .gid = 1000, .groups = no_groups }, as_is = { .uid = 1000, .gid = 1000, .groups = no_groups, .as_is = true },
				   web = { .uid = 1000, .gid = 1000, .groups = two_groups, .n_groups = 2 }, root = { 0 };

/* Letters for the bits, in their order. */
static const char *letters(uint16_t bits, char room[16])
{
	static const char all[] = "srwcpaxut";
	size_t n = 0;
	for (size_t i = 0; i < sizeof(all) - 1; i++)
		if (bits & 1U << i)
			room[n++] = all[i];
	room[n] = '\0';
	return n ? room : "-";
}

/* One line a path: the letters of its bits and the path. */
static void check_reach(const char *lines, const struct ingot_identity *id, const char *want)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(lines);
	_cleanup_(ingot_freep) uint16_t *bits = ingot_reach(t, id, NULL);
	_cleanup_(ingot_buf_done) struct ingot_buf got = INGOT_BUF(MIB(1));
	for (size_t i = 0; i < ingot_tree_count(t); i++)
		ingot_buf_fmt(&got, "%s /%.*s\n", letters(bits[i], (char[16]){ 0 }), INGOT_SPAN_ARG(ingot_tree_at(t, i)->path));
	ck_assert_str_eq(ingot_buf_cstr(&got), want);
}

#define FILE_AT(mode, uid, gid, path) "f " mode " " uid " " gid " 1 " path " 1 " HEX("a") "\n"
#define DIR_AT(mode, uid, gid, path) "d " mode " " uid " " gid " 1 " path "\n"

START_TEST(classes)
{
	static const char lines[] = D("/") FILE_AT("0606", "0", "1000", "/group-first") FILE_AT("0660", "0", "33", "/of-group") FILE_AT("0602", "0", "0", "/others")
		FILE_AT("0077", "1000", "0", "/owned") FILE_AT("0711", "0", "0", "/program");
	check_reach(lines, &app, "sr /\ns /group-first\ns /of-group\nsw /others\nsrwx /owned\nsx /program\n");
	check_reach(lines, &web, "sr /\ns /group-first\nsrw /of-group\nsw /others\nsrwx /owned\nsx /program\n");
	/* the owner's class decides even where it grants less, until chmod */
	check_reach(lines, &as_is, "sr /\ns /group-first\ns /of-group\nsw /others\ns /owned\nsx /program\n");
	check_reach(lines, &root, "src /\nsrwp /group-first\nsrwp /of-group\nsrwp /others\nsrwpx /owned\nsrwpx /program\n");
}
END_TEST

START_TEST(ancestors)
{
	static const char lines[] = D("/") DIR_AT("0700", "0", "0", "/closed") FILE_AT("0666", "0", "0", "/closed/f") DIR_AT("0744", "0", "0", "/listed")
		DIR_AT("0777", "0", "0", "/listed/d") FILE_AT("0666", "0", "0", "/listed/d/f") DIR_AT("0000", "1000", "0", "/mine") DIR_AT("0711", "0", "0", "/mine/d")
		FILE_AT("0666", "0", "0", "/mine/d/f");
	check_reach(lines, &app,
		    "sr /\ns /closed\n- /closed/f\nsr /listed\n- /listed/d\n- /listed/d/f\nsrc /mine\nsp /mine/d\nsrwa /mine/d/f\n");
	check_reach(lines, &as_is, "sr /\ns /closed\n- /closed/f\nsr /listed\n- /listed/d\n- /listed/d/f\ns /mine\n- /mine/d\n- /mine/d/f\n");
}
END_TEST

START_TEST(sticky)
{
	static const char lines[] = D("/") DIR_AT("1777", "1000", "0", "/mine") FILE_AT("0600", "0", "0", "/mine/f") DIR_AT("1777", "0", "0", "/tmp")
		FILE_AT("0600", "1000", "0", "/tmp/mine") DIR_AT("0755", "0", "0", "/tmp/theirs") FILE_AT("0644", "0", "0", "/tmp/theirs/f") DIR_AT("0777", "0", "0", "/wide")
		DIR_AT("0700", "0", "0", "/wide/d") FILE_AT("0644", "0", "0", "/wide/d/f");
	check_reach(lines, &app,
		    "sr /\nsrc /mine\nsp /mine/f\nsrc /tmp\nsrwpx /tmp/mine\nsr /tmp/theirs\nsr /tmp/theirs/f\nsrc /wide\nsp /wide/d\na /wide/d/f\n");
}
END_TEST

/* A file that lies behind a closed door is as open as its other name makes it, but that name alone can be replaced. */
START_TEST(hard_links)
{
	check_reach(D("/") DIR_AT("0700", "0", "0", "/a") FILE_AT("0666", "0", "0", "/a/f") DIR_AT("0777", "0", "0", "/b") H("/b/f", "/a/f") D("/c") H("/c/f", "/a/f"), &app,
		    "sr /\ns /a\nrw /a/f\nsrc /b\nsrwp /b/f\nsr /c\nsrw /c/f\n");
}
END_TEST

START_TEST(links)
{
	static const char lines[] = D("/") L("/absolute", "/tmp/../w/f") L("/dangling", "missing/x") D("/etc") L("/etc/a", "../w/f") L("/etc/b", "../w/new") L("/etc/c", "../ro")
		L("/etc/chain", "a") L("/etc/dir", "../w") L("/etc/loop", "loop") L("/etc/made", "../tmp/theirs/x") L("/etc/no", "../tmp/theirs/f") L("/etc/through", "../tmp/link/f")
			FILE_AT("0644", "0", "0", "/ro") DIR_AT("1777", "0", "0", "/tmp") "l 0777 1000 0 1 /tmp/link theirs\n" D("/tmp/theirs") F("/tmp/theirs/f", "a")
				DIR_AT("0755", "1000", "0", "/w") FILE_AT("0644", "0", "0", "/w/f");
	check_reach(lines, &app,
		    "sr /\nsrt /absolute\nsr /dangling\nsr /etc\nsrt /etc/a\nsrt /etc/b\nsr /etc/c\nsrt /etc/chain\nsr /etc/dir\nsr /etc/loop\nsr /etc/made\nsr /etc/no\n"
		    "srt /etc/through\nsr /ro\nsrc /tmp\nsrp /tmp/link\nsr /tmp/theirs\nsr /tmp/theirs/f\nsrc /w\nsrp /w/f\n");
}
END_TEST

START_TEST(links_to_devices)
{
	check_reach(D("/") "c 0666 0 0 1 /null 1 3\np 0666 0 0 1 /pipe\n" L("/to-null", "null") L("/to-pipe", "pipe"), &app, "sr /\nsrw /null\nsrw /pipe\nsr /to-null\nsrt /to-pipe\n");
}
END_TEST

START_TEST(forty_links)
{
	_cleanup_(ingot_buf_done) struct ingot_buf lines = INGOT_BUF(MIB(1));
	ingot_buf_str(&lines, D("/"));
	for (unsigned i = 0; i < 41; i++)
		ingot_buf_fmt(&lines, "l 0777 0 0 1 /l%02u ./l%02u\n", i, i + 1);
	ingot_buf_str(&lines, FILE_AT("0666", "0", "0", "/l41"));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ingot_buf_cstr(&lines));
	_cleanup_(ingot_freep) uint16_t *bits = ingot_reach(t, &app, NULL);
	ck_assert(!(bits[1] & INGOT_REACH_THROUGH)); /* 41 of them: ELOOP */
	ck_assert(bits[2] & INGOT_REACH_THROUGH);
}
END_TEST

START_TEST(raising)
{
	static const char caps[] = D("/") "f 0755 0 0 1 /caps 1 " HEX("a") "\nx security.capability \\x01\n" FILE_AT("6755", "1000", "1000", "/mine")
		FILE_AT("4700", "0", "0", "/not-for-us") FILE_AT("2755", "0", "42", "/setgid") FILE_AT("2745", "0", "42", "/setgid-lock") FILE_AT("4755", "0", "0", "/setuid");
	check_reach(caps, &app, "sr /\nsrxu /caps\nsrwx /mine\ns /not-for-us\nsrxu /setgid\nsrx /setgid-lock\nsrxu /setuid\n");
}
END_TEST

static enum ingot_grant acl_grant(const struct ingot_identity *id, const char *mode, const struct acl_entry *v, size_t n, unsigned want, uint32_t *ret_id)
{
	_cleanup_(ingot_buf_done) struct ingot_buf lines = INGOT_BUF(KIB(4));
	ingot_buf_fmt(&lines, D("/") "f %s 0 33 1 /f 1 " HEX("a") "\n", mode);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ingot_buf_cstr(&lines));
	set_acl(t, 1, v, n);
	return ingot_grants(id, ingot_tree_lookup(t, INGOT_SPAN("f")), want, ret_id);
}

START_TEST(acls)
{
	uint32_t who = 7;
	const struct acl_entry user[] = { { USER_OBJ, 6, NO_ID }, { USER, 6, 1000 }, { GROUP_OBJ, 4, NO_ID }, { MASK, 7, NO_ID }, { OTHER, 0, NO_ID } };
	ck_assert_int_eq(acl_grant(&app, "0670", user, 5, INGOT_MAY_WRITE, &who), INGOT_GRANT_ACL_USER);
	ck_assert_uint_eq(who, 1000);
	ck_assert_int_eq(acl_grant(&app, "0640", user, 5, INGOT_MAY_WRITE, NULL), INGOT_GRANT_NONE); /* the mask */
	ck_assert_int_eq(acl_grant(&app, "0640", user, 5, INGOT_MAY_READ, NULL), INGOT_GRANT_ACL_USER);
	ck_assert_int_eq(acl_grant(&app, "0602", user, 5, INGOT_MAY_WRITE, NULL), INGOT_GRANT_OTHER); /* an empty mask: not asked */
	/* One entry has to grant all: the two groups together do not. */
	const struct acl_entry groups[] = { { USER_OBJ, 6, NO_ID }, { GROUP_OBJ, 4, NO_ID }, { GROUP, 3, 44 }, { MASK, 7, NO_ID }, { OTHER, 7, NO_ID } };
	ck_assert_int_eq(acl_grant(&web, "0677", groups, 5, INGOT_MAY_WRITE, &who), INGOT_GRANT_ACL_GROUP);
	ck_assert_uint_eq(who, 44);
	ck_assert_int_eq(acl_grant(&web, "0677", groups, 5, INGOT_MAY_READ, &who), INGOT_GRANT_ACL_GROUP);
	ck_assert_uint_eq(who, 33);
	ck_assert_int_eq(acl_grant(&web, "0677", groups, 5, INGOT_MAY_READ | INGOT_MAY_WRITE, NULL), INGOT_GRANT_NONE);
	ck_assert_int_eq(acl_grant(&app, "0677", groups, 5, INGOT_MAY_READ | INGOT_MAY_WRITE, NULL), INGOT_GRANT_OTHER);
	const struct acl_entry odd[] = { { 3, 6, NO_ID } };
	ck_assert_int_eq(acl_grant(&app, "0640", odd, 1, INGOT_MAY_WRITE, NULL), INGOT_GRANT_ACL_BROKEN);
}
END_TEST

START_TEST(broken_acls)
{
	static const struct ingot_span bad[] = { INGOT_SPAN(""), INGOT_SPAN("\2\0\0"), INGOT_SPAN("\1\0\0\0"), INGOT_SPAN("\2\0\0\0\1\0\6\0\0\0\0"), INGOT_SPAN("\2\0\0\0\x40\0\6\0\0\0\0\0"),
						 INGOT_SPAN("\2\0\0\0\0\0\6\0\0\0\0\0"), INGOT_SPAN("\2\0\0\0\1\0\x08\0\0\0\0\0") };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(D("/") FILE_AT("0640", "0", "0", "/f"));
		set_acl_value(t, 1, bad[i]);
		ck_assert_int_eq(ingot_grants(&app, ingot_tree_lookup(t, INGOT_SPAN("f")), INGOT_MAY_WRITE, NULL), INGOT_GRANT_ACL_BROKEN);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reach");
	TCase *t = tcase_create("reach");
	tcase_add_test(t, classes);
	tcase_add_test(t, ancestors);
	tcase_add_test(t, sticky);
	tcase_add_test(t, hard_links);
	tcase_add_test(t, links);
	tcase_add_test(t, links_to_devices);
	tcase_add_test(t, forty_links);
	tcase_add_test(t, raising);
	tcase_add_test(t, acls);
	tcase_add_test(t, broken_acls);
	suite_add_tcase(s, t);
	return run_suite(s);
}
