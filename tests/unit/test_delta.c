/* Deltas: what the builder makes of changes in any order, what it refuses, and what diff says. */
#include "core_support.h"

/* --- diff: a, b, and the delta between them --- */

static const struct {
	const char *name, *a, *b, *want;
} diffs[] = {
	{ "nothing", D("/") F("/a", "1"), D("/") F("/a", "1"), "" },
	{ "added", D("/"), D("/") F("/a", "1"), F("/a", "1") },
	{ "removed", D("/") F("/a", "1"), D("/"), RM("/a") },
	{ "removed with all below", D("/") D("/a") F("/a/b", "1") F("/a.b", "1"), D("/") F("/a.b", "1"), RM("/a") },
	{ "changed", D("/") F("/a", "1") F("/b", "1"), D("/") F("/a", "2") F("/b", "1"), F("/a", "2") },
	{ "directory's own mode", D("/") D("/a") F("/a/b", "1"), D("/") "d 0700 0 0 1 /a\n" F("/a/b", "1"), "d 0700 0 0 1 /a\n" },
	{ "directory became a file", D("/") D("/a") F("/a/b", "1") F("/a/c", "1"), D("/") F("/a", "1"), F("/a", "1") },
	{ "file became a directory", D("/") F("/a", "1"), D("/") D("/a") F("/a/b", "1"), D("/a") F("/a/b", "1") },
	{ "directory became a link", D("/") D("/lib") F("/lib/x", "1") D("/usr") D("/usr/lib"), D("/") L("/lib", "usr/lib") D("/usr") D("/usr/lib") F("/usr/lib/x", "1"),
	  L("/lib", "usr/lib") F("/usr/lib/x", "1") },
	{ "group changed", D("/") F("/a", "1") H("/b", "/a") F("/c", "3"), D("/") F("/a", "2") H("/b", "/a") F("/c", "3"), F("/a", "2") H("/b", "/a") },
	{ "group grew", D("/") F("/a", "1") H("/b", "/a"), D("/") F("/a", "1") H("/b", "/a") H("/c", "/a"), F("/a", "1") H("/b", "/a") H("/c", "/a") },
	{ "group lost its leader", D("/") F("/a", "1") H("/b", "/a") H("/c", "/a"), D("/") F("/b", "1") H("/c", "/b"), RM("/a") },
	{ "group fell apart", D("/") F("/a", "1") H("/b", "/a"), D("/") F("/a", "1") F("/b", "1"), F("/b", "1") },
	{ "two became a group", D("/") F("/a", "1") F("/b", "1"), D("/") F("/a", "1") H("/b", "/a"), F("/a", "1") H("/b", "/a") },
	{ "group split: the larger part stays", D("/") F("/a", "1") H("/b", "/a") H("/c", "/a"), D("/") F("/a", "1") F("/b", "1") H("/c", "/b"), F("/a", "1") },
	{ "emptied: opaque", D("/") D("/a") F("/a/1", "1") F("/a/2", "1") F("/a/3", "1"), D("/") D("/a"), OP("/a") D("/a") },
	{ "emptied of two: no gain", D("/") D("/a") F("/a/1", "1") F("/a/2", "1"), D("/") D("/a"), RM("/a/1") RM("/a/2") },
	{ "emptied of two and changed", D("/") D("/a") F("/a/1", "1") F("/a/2", "1"), D("/") "d 0700 0 0 1 /a\n", OP("/a") "d 0700 0 0 1 /a\n" },
	{ "one stays: no opaque", D("/") D("/a") F("/a/1", "1") F("/a/2", "1") F("/a/3", "1") F("/a/4", "1"), D("/") D("/a") F("/a/4", "1"),
	  RM("/a/1") RM("/a/2") RM("/a/3") },
	{ "opaque where the removals are", D("/") D("/a") D("/a/b") F("/a/b/1", "1") F("/a/b/2", "1") F("/a/b/3", "1"), D("/") D("/a") "d 0700 0 0 1 /a/b\n",
	  OP("/a/b") "d 0700 0 0 1 /a/b\n" },
	{ "exchanged contents", D("/") D("/a") F("/a/1", "1") F("/a/2", "1") F("/a/3", "1"), D("/") D("/a") F("/a/2", "9") F("/a/4", "9"),
	  RM("/a/1") F("/a/2", "9") RM("/a/3") F("/a/4", "9") },
};

START_TEST(one_diff)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *a = tree_of(diffs[_i].a), *b = tree_of(diffs[_i].b), *got = NULL;
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(a, b);
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
	ingot_delta_text(d, &text);
	if (strcmp(after_header(&text), diffs[_i].want) != 0)
		ck_abort_msg("%s:\n%s", diffs[_i].name, after_header(&text));
	ck_assert_int_eq(ingot_apply(a, d, &got, &err), 0);
	assert_tree(got, diffs[_i].b);
}
END_TEST

/* --- the builder --- */

static const struct ingot_node file = { .type = INGOT_FILE, .mode = 0644, .mtime = 1, .size = 1 }, dir = { .type = INGOT_DIR, .mode = 0755, .mtime = 1 },
			       link_node = { .type = INGOT_LINK, .mode = 0777, .mtime = 1, .target = { "t", 1 } };
#define FILE0(path) "f 0644 0 0 1 " path " 1 " HEX("0") "\n"

/* A program of changes: one letter and a path each; 'h' takes two. */
static int run(struct ingot_delta_builder *b, const char *const *v, struct ingot_err *err)
{
	for (; *v; v++) {
		struct ingot_span path = ingot_span_of(*v + 1);
		switch (**v) {
		case 'f':
			ingot_pass(ingot_delta_put(b, path, &file, err));
			break;
		case 'd':
			ingot_pass(ingot_delta_put(b, path, &dir, err));
			break;
		case 'l':
			ingot_pass(ingot_delta_put(b, path, &link_node, err));
			break;
		case '-':
			ingot_pass(ingot_delta_remove(b, path, err));
			break;
		case 'o':
			ingot_pass(ingot_delta_opaque(b, path, err));
			break;
		case 'h':
			v++;
			ingot_pass(ingot_delta_link(b, path, ingot_span_of(*v), err));
			break;
		}
	}
	return 0;
}

static const struct {
	const char *v[12], *want, *error;
} programs[] = {
	{ { "fb", "da", "fa/x", "fa.x" }, D("/a") FILE0("/a/x") FILE0("/a.x") FILE0("/b"), NULL },
	{ { "ha", "b", "fb" }, FILE0("/a") H("/b", "/a"), NULL },
	{ { "fb", "hc", "b", "ha", "c" }, FILE0("/a") H("/b", "/a") H("/c", "/a"), NULL },
	{ { "ld", "hc", "d" }, L("/c", "t") L("/d", "t"), NULL },
	{ { "dx", "ox", "-y" }, OP("/x") D("/x") RM("/y"), NULL },
	{ { "d", "o" }, OP("/") D("/"), NULL },
	{ { "fa", "fa" }, NULL, "/a is there twice" },
	{ { "fa", "-a" }, NULL, "/a is there twice" },
	{ { "fa", "hb", "a", "fb" }, NULL, "/b is there twice" },
	{ { "ox" }, NULL, "/x is marked opaque" },
	{ { "ox", "fx" }, NULL, "/x is marked opaque" },
	{ { "ox", "-x" }, NULL, "/x is marked opaque" },
	{ { "ox", "ox", "dx" }, NULL, "/x is marked opaque" },
	{ { "ha", "b" }, NULL, "/b, which is not in the same source" },
	{ { "ha", "a" }, NULL, "/a is a hard link to itself" },
	{ { "ha", "b", "hb", "c", "hc", "a" }, NULL, "is a hard link to itself" },
	{ { "ha", "b", "db" }, NULL, "hard link to a directory" },
	{ { "ha", "b", "-b" }, NULL, "/b, which is not in the same source" },
	{ { "-" }, NULL, "root cannot be removed" },
	{ { "f" }, NULL, "root is not a directory" },
	{ { "h", "a" }, NULL, "root cannot be a hard link" },
	{ { "f/a" }, NULL, "not a path" },
	{ { "fa/../b" }, NULL, "not a path" },
	{ { "f.wh.a" }, NULL, "not a path" },
	{ { "-a//b" }, NULL, "not a path" },
	{ { "o.." }, NULL, "not a path" },
	{ { "ha", "../b" }, NULL, "not a path" },
};

START_TEST(one_program)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	int r = run(b, programs[_i].v, &err);
	if (r == 0)
		r = ingot_delta_finish(TAKE_PTR(b), &d, &err);
	if (programs[_i].want) {
		if (r < 0)
			ck_abort_msg("%s", err.msg);
		assert_delta(d, programs[_i].want);
		return;
	}
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_ptr_null(d);
	if (!strstr(err.msg, programs[_i].error))
		ck_abort_msg("%s", err.msg);
}
END_TEST

static void refused(const struct ingot_node *node, const char *why)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_eq(ingot_delta_put(b, INGOT_SPAN("a"), node, &err), -1);
	if (!strstr(err.msg, why))
		ck_abort_msg("%s", err.msg);
}

START_TEST(nodes_refused)
{
	struct ingot_xattr x[65] = { { INGOT_SPAN("user.b"), INGOT_SPAN("") }, { INGOT_SPAN("user.a"), INGOT_SPAN("") } };
	struct ingot_node n = file;
	refused((n.type = (enum ingot_type)'s', &n), "unknown type");
	n = file, refused((n.mode = 010000, &n), "not a mode");
	n = file, refused((n.uid = UINT32_MAX, &n), "owner");
	n = file, refused((n.gid = UINT32_MAX, &n), "owner");
	n = file, refused((n.mtime = -1, &n), "before 1970");
	n = file, refused((n.size = INGOT_MAX_FILE + 1, &n), "larger");
	n = link_node, refused((n.target.n = 0, &n), "target");
	n = link_node, refused((n.target = INGOT_SPAN("a\0b"), &n), "target");
	n = (struct ingot_node){ .type = INGOT_CHR, .major = 4096 };
	refused(&n, "device number");
	n = file, n.xattrs = x;
	refused((n.n_xattrs = 2, &n), "twice or out of order");
	refused((n.n_xattrs = 65, &n), "more than 64");
	n.n_xattrs = 1;
	static const char *const names[] = { "user.", "trusted.overlay.opaque", "user.overlay.opaque", "security.selinux", "system.nfs4_acl", "" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		x[0].name = ingot_span_of(names[i]);
		refused(&n, "only user.* and security.capability");
	}
	x[0].name = INGOT_SPAN("user.a");
	n = link_node, n.xattrs = x;
	refused((n.n_xattrs = 1, &n), "cannot have");
	x[0].name = INGOT_SPAN("security.capability");
	n = dir, n.xattrs = x;
	refused((n.n_xattrs = 1, &n), "cannot have");
	x[0].name = INGOT_SPAN("system.posix_acl_default");
	n = file, n.xattrs = x;
	refused((n.n_xattrs = 1, &n), "cannot have");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("delta");
	TCase *t = tcase_create("delta");
	tcase_add_loop_test(t, one_diff, 0, (int)(sizeof(diffs) / sizeof(diffs[0])));
	tcase_add_loop_test(t, one_program, 0, (int)(sizeof(programs) / sizeof(programs[0])));
	tcase_add_test(t, nodes_refused);
	suite_add_tcase(s, t);
	return run_suite(s);
}
