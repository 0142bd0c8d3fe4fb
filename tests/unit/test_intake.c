/* What a helper says of an archive becomes a delta and a pack; a helper that lies gets nowhere. */
#include "liar.h"
#include "run_suite.h"
#include "store_fixture.h"
#include <ingot/intake.h>

static char parts[256]; /* what the member callbacks saw */

static void begin(void)
{
	fixture_begin();
	liar_begin();
	parts[0] = '\0';
}

static void end(void)
{
	liar_end();
	fixture_end();
}

static int member(void *ctx, struct ingot_span name, uint64_t size, struct ingot_err *e)
{
	size_t n = strlen(parts);
	(void)snprintf(parts + n, sizeof(parts) - n, "%.*s:%llu ", INGOT_SPAN_ARG(name), (unsigned long long)size);
	return 0;
}

static int bytes(void *ctx, const void *p, size_t n, struct ingot_err *e)
{
	size_t have = strlen(parts);
	(void)snprintf(parts + have, sizeof(parts) - have, "%.*s ", (int)n, (const char *)p);
	return 0;
}

#define ENTRY(...) liar_says(INGOT_MSG_ENTRY, &(struct ingot_msg_entry){ __VA_ARGS__ })
#define XATTR(n, v) liar_says(INGOT_MSG_XATTR, &(struct ingot_msg_xattr){ .name = INGOT_SPAN(n), .value = INGOT_SPAN(v) })
#define DATA(s) liar_says(INGOT_MSG_DATA, &(struct ingot_msg_data){ .data = INGOT_SPAN(s) })
#define MEMBER(n, s) liar_says(INGOT_MSG_MEMBER, &(struct ingot_msg_member){ .name = INGOT_SPAN(n), .size = (s) })
#define DONE() liar_says(INGOT_MSG_DONE, NULL)

static const struct ingot_intake_ops layer = { .whiteouts = true }, package = { .member = member, .data = bytes };

static int drain(const struct ingot_intake_ops *ops, struct ingot_intake *ret)
{
	err = (struct ingot_err)INGOT_ERR_INIT;
	return ingot_intake_drain(chan, store, ops, ret, &err);
}

START_TEST(a_layer)
{
	ENTRY(.type = 'd', .mode = 0755, .path = INGOT_SPAN("etc"));
	XATTR("user.z", "2");
	XATTR("user.a", "");
	ENTRY(.type = 'f', .mode = 0644, .mtime = 7, .size = 10, .path = INGOT_SPAN("etc/x"));
	DATA("hello");
	DATA("world");
	ENTRY(.type = 'h', .path = INGOT_SPAN("etc/a"), .target = INGOT_SPAN("etc/x"));
	ENTRY(.type = 'f', .mode = 0600, .uid = 5, .gid = 6, .path = INGOT_SPAN("etc/empty"));
	ENTRY(.type = 'l', .mode = 0777, .path = INGOT_SPAN("etc/l"), .target = INGOT_SPAN("../x"));
	ENTRY(.type = '-', .path = INGOT_SPAN("usr/gone"));
	ENTRY(.type = 'o', .path = INGOT_SPAN("etc"));
	ENTRY(.type = 'c', .mode = 0666, .major = 1, .minor = 3, .path = INGOT_SPAN("null"));
	DONE();
	struct ingot_intake got;
	ck_assert_msg(drain(&layer, &got) == 0, "%s", err.msg);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(10000);
	ingot_delta_text(got.delta, &text);
	ck_assert_str_eq(text.p,
			 "ingot-delta 1\n"
			 "o /etc\n"
			 "d 0755 0 0 0 /etc\n"
			 "f 0644 0 0 7 /etc/a 10 936a185caaa266bb9cbe981e9e05cb78cd732b0b3280eb944412bb6f8f8f07af\n"
			 "x user.a \n"
			 "x user.z 2\n"
			 "f 0600 5 6 0 /etc/empty 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
			 "l 0777 0 0 0 /etc/l ../x\n"
			 "h /etc/x /etc/a\n"
			 "c 0666 0 0 0 /null 1 3\n"
			 "- /usr/gone\n");
	ck_assert(got.has_pack);
	ck_assert_uint_eq(got.bytes, 10);
	const struct ingot_change *a = ingot_delta_at(got.delta, 2);
	check_content(&ingot_delta_node(got.delta, a->node)->content, "helloworld", 10);
	ingot_intake_done(&got);
}
END_TEST

START_TEST(a_package)
{
	MEMBER("control", 5);
	DATA("Pack");
	DATA("a");
	MEMBER("md5sums", 0);
	ENTRY(.type = 'd', .mode = 0755, .path = INGOT_SPAN(""));
	DONE();
	struct ingot_intake got;
	ck_assert_msg(drain(&package, &got) == 0, "%s", err.msg);
	ck_assert_str_eq(parts, "control:5 Pack a md5sums:0 ");
	ck_assert(!got.has_pack);
	ck_assert_uint_eq(ingot_delta_count(got.delta), 1);
	ingot_intake_done(&got);
}
END_TEST

/* Each lie ends in an error, and nothing becomes visible in the store. */
static void lie_data_first(void) { DATA("x"); DONE(); }
static void lie_too_much(void) { ENTRY(.type = 'f', .size = 3, .path = INGOT_SPAN("a")); DATA("four"); DONE(); }
static void lie_too_little(void) { ENTRY(.type = 'f', .size = 5, .path = INGOT_SPAN("a")); DATA("four"); DONE(); }
static void lie_next_too_early(void) { ENTRY(.type = 'f', .size = 5, .path = INGOT_SPAN("a")); ENTRY(.type = 'd', .path = INGOT_SPAN("b")); }
static void lie_empty_data(void) { ENTRY(.type = 'f', .size = 5, .path = INGOT_SPAN("a")); DATA(""); DATA("hello"); DONE(); }
static void lie_data_for_empty(void) { ENTRY(.type = 'f', .path = INGOT_SPAN("a")); DATA("x"); DONE(); }
static void lie_dir_with_size(void) { ENTRY(.type = 'd', .size = 1, .path = INGOT_SPAN("a")); DATA("x"); DONE(); }
static void lie_type(void) { ENTRY(.type = 's', .path = INGOT_SPAN("a")); DONE(); }
static void lie_type_zero(void) { ENTRY(.type = 0, .path = INGOT_SPAN("a")); DONE(); }
static void lie_absolute(void) { ENTRY(.type = 'd', .path = INGOT_SPAN("/etc")); DONE(); }
static void lie_dotdot(void) { ENTRY(.type = 'd', .path = INGOT_SPAN("a/../../etc")); DONE(); }
static void lie_whiteout_name(void) { ENTRY(.type = 'f', .path = INGOT_SPAN("a/.wh.b")); DONE(); }
static void lie_nul_name(void) { ENTRY(.type = 'd', .path = INGOT_SPAN("a\0b")); DONE(); }
static void lie_root_file(void) { ENTRY(.type = 'f', .path = INGOT_SPAN("")); DONE(); }
static void lie_twice(void) { ENTRY(.type = 'd', .path = INGOT_SPAN("a")); ENTRY(.type = 'd', .path = INGOT_SPAN("a")); DONE(); }
static void lie_link_nowhere(void) { ENTRY(.type = 'h', .path = INGOT_SPAN("a"), .target = INGOT_SPAN("b")); DONE(); }
static void lie_link_outside(void) { ENTRY(.type = 'h', .path = INGOT_SPAN("a"), .target = INGOT_SPAN("../b")); DONE(); }
static void lie_link_itself(void) { ENTRY(.type = 'h', .path = INGOT_SPAN("a"), .target = INGOT_SPAN("a")); DONE(); }
static void lie_link_circle(void) { ENTRY(.type = 'h', .path = INGOT_SPAN("a"), .target = INGOT_SPAN("b")); ENTRY(.type = 'h', .path = INGOT_SPAN("b"), .target = INGOT_SPAN("a")); DONE(); }
static void lie_link_to_dir(void) { ENTRY(.type = 'd', .path = INGOT_SPAN("d")); ENTRY(.type = 'h', .path = INGOT_SPAN("e"), .target = INGOT_SPAN("d")); DONE(); }
static void lie_link_with_mode(void) { ENTRY(.type = 'f', .path = INGOT_SPAN("a")); ENTRY(.type = 'h', .mode = 04755, .path = INGOT_SPAN("b"), .target = INGOT_SPAN("a")); DONE(); }
static void lie_symlink_without_target(void) { ENTRY(.type = 'l', .path = INGOT_SPAN("a")); DONE(); }
static void lie_file_with_target(void) { ENTRY(.type = 'f', .path = INGOT_SPAN("a"), .target = INGOT_SPAN("b")); DONE(); }
static void lie_remove_with_values(void) { ENTRY(.type = '-', .uid = 1, .path = INGOT_SPAN("a")); DONE(); }
static void lie_remove_root(void) { ENTRY(.type = '-', .path = INGOT_SPAN("")); DONE(); }
static void lie_opaque_without_dir(void) { ENTRY(.type = 'o', .path = INGOT_SPAN("a")); DONE(); }
static void lie_xattr_namespace(void) { XATTR("trusted.overlay.opaque", "y"); ENTRY(.type = 'd', .path = INGOT_SPAN("a")); DONE(); }
static void lie_xattr_twice(void) { XATTR("user.a", "1"); XATTR("user.a", "2"); ENTRY(.type = 'd', .path = INGOT_SPAN("a")); DONE(); }
static void lie_xattr_at_end(void) { XATTR("user.a", "1"); DONE(); }
static void lie_xattr_on_link(void) { ENTRY(.type = 'f', .path = INGOT_SPAN("a")); XATTR("user.a", "1"); ENTRY(.type = 'h', .path = INGOT_SPAN("b"), .target = INGOT_SPAN("a")); DONE(); }
static void lie_member_in_layer(void) { MEMBER("control", 0); DONE(); }
static void lie_many_xattrs(void)
{
	for (int i = 0; i <= INGOT_MAX_XATTRS; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "user.%d", i);
		liar_says(INGOT_MSG_XATTR, &(struct ingot_msg_xattr){ .name = ingot_span_of(name) });
	}
	ENTRY(.type = 'f', .path = INGOT_SPAN("a"));
	DONE();
}
static void lie_early_end(void) { ENTRY(.type = 'd', .path = INGOT_SPAN("a")); (void)shutdown(ingot_chan_fd(liar), SHUT_RDWR); }
static void lie_silence(void) { ENTRY(.type = 'd', .path = INGOT_SPAN("a")); }

static void (*const lies[])(void) = {
	lie_data_first, lie_too_much, lie_too_little, lie_next_too_early, lie_empty_data, lie_data_for_empty, lie_dir_with_size, lie_type, lie_type_zero, lie_absolute, lie_dotdot, lie_whiteout_name,
	lie_nul_name, lie_root_file, lie_twice, lie_link_nowhere, lie_link_outside, lie_link_itself, lie_link_circle, lie_link_to_dir, lie_link_with_mode, lie_symlink_without_target, lie_file_with_target,
	lie_remove_with_values, lie_remove_root, lie_opaque_without_dir, lie_xattr_namespace, lie_xattr_twice, lie_xattr_at_end, lie_xattr_on_link, lie_member_in_layer, lie_many_xattrs,
	lie_early_end, lie_silence,
};

START_TEST(lying_helpers)
{
	struct ingot_intake got = { 0 };
	lies[_i]();
	ck_assert_msg(drain(&layer, &got) < 0, "lie %d was believed", _i);
	ck_assert(err.code == INGOT_E_BUG || err.code == INGOT_E_OUTSIDE);
	ck_assert_ptr_null(got.delta);
	ck_assert_int_eq(entries("packs"), 0);
}
END_TEST

/* And of a package. */
static void lie_removal(void) { ENTRY(.type = '-', .path = INGOT_SPAN("a")); DONE(); }
static void lie_late_member(void) { ENTRY(.type = 'd', .path = INGOT_SPAN("a")); MEMBER("control", 0); DONE(); }
static void lie_member_after_xattr(void) { XATTR("user.a", "1"); MEMBER("control", 0); DONE(); }
static void lie_member_cut(void) { MEMBER("control", 5); DATA("Pack"); DONE(); }
static void lie_member_long(void) { MEMBER("control", 3); DATA("Pack"); DONE(); }
static void lie_limit(void) { ENTRY(.type = 'f', .size = 101, .path = INGOT_SPAN("a")); }
static void lie_limit_in_all(void) { MEMBER("a", 50); DATA("12345678901234567890123456789012345678901234567890"); ENTRY(.type = 'f', .size = 51, .path = INGOT_SPAN("a")); }
static void (*const package_lies[])(void) = { lie_removal, lie_late_member, lie_member_after_xattr, lie_member_cut, lie_member_long, lie_limit, lie_limit_in_all };

START_TEST(lying_package)
{
	struct ingot_intake got = { 0 };
	struct ingot_intake_ops ops = package;
	ops.limit = 100;
	package_lies[_i]();
	ck_assert_msg(drain(&ops, &got) < 0, "lie %d was believed", _i);
	ck_assert(strstr(err.msg, "in time") == NULL);
}
END_TEST

/* A layer of others may bring an access control list; a step (its harvest is a layer, too) and a package may not. */
static void with_acl(void)
{
	XATTR("system.posix_acl_access", "x");
	ENTRY(.type = 'd', .mode = 0755, .path = INGOT_SPAN("a"));
	DONE();
}

START_TEST(acls)
{
	struct ingot_intake got = { 0 };
	struct ingot_intake_ops ops = _i == 0 ? layer : package;
	ops.acls = _i == 2;
	with_acl();
	int r = drain(&ops, &got);
	if (_i == 2) {
		ck_assert_msg(r == 0 && ingot_delta_node(got.delta, 0)->n_xattrs == 1, "%s", err.msg);
		ingot_intake_done(&got);
		return;
	}
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_msg(strstr(err.msg, "/a has the extended attribute 'system.posix_acl_access'") != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("intake");
	TCase *t = tcase_create("intake");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_layer);
	tcase_add_test(t, a_package);
	tcase_add_loop_test(t, acls, 0, 3);
	tcase_add_loop_test(t, lying_helpers, 0, (int)(sizeof(lies) / sizeof(lies[0])));
	tcase_add_loop_test(t, lying_package, 0, (int)(sizeof(package_lies) / sizeof(package_lies[0])));
	suite_add_tcase(s, t);
	return run_suite(s);
}
