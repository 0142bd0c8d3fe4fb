/* tree + delta: each rule of delta.h by an example. (That it inverts diff is the business of test_property.) */
#include "core_support.h"

static const struct {
	const char *name, *tree, *delta, *want; /* want NULL: an error that names error */
	const char *error;
} cases[] = {
	{ "nothing", D("/"), "", D("/"), NULL },
	{ "add", D("/"), F("/a", "1"), D("/") F("/a", "1"), NULL },
	{ "replace", D("/") F("/a", "1"), F("/a", "2"), D("/") F("/a", "2"), NULL },
	{ "dir over dir keeps", D("/") D("/a") F("/a/b", "1"), "d 0700 0 0 1 /a\n", D("/") "d 0700 0 0 1 /a\n" F("/a/b", "1"), NULL },
	{ "root's own metadata", D("/") F("/a", "1"), "d 0700 0 0 1 /\n", "d 0700 0 0 1 /\n" F("/a", "1"), NULL },
	{ "file over dir replaces all", D("/") D("/a") F("/a/b", "1") F("/a-", "1"), F("/a", "2"), D("/") F("/a", "2") F("/a-", "1"), NULL },
	{ "link over dir replaces all", D("/") D("/a") F("/a/b", "1"), L("/a", "b"), D("/") L("/a", "b"), NULL },
	{ "dir over file", D("/") F("/a", "1"), D("/a") F("/a/b", "2"), D("/") D("/a") F("/a/b", "2"), NULL },
	{ "dir over link is not followed", D("/") L("/a", "b") D("/b"), D("/a") F("/a/x", "2"), D("/") D("/a") F("/a/x", "2") D("/b"), NULL },
	{ "remove", D("/") D("/a") F("/a/b", "1") F("/a.b", "1"), RM("/a"), D("/") F("/a.b", "1"), NULL },
	{ "remove what is not there", D("/"), RM("/a/b/c"), D("/"), NULL },
	{ "remove twice, above and below", D("/") D("/a") D("/a/b") F("/a/b/c", "1"), RM("/a") RM("/a/b"), D("/"), NULL },
	{ "opaque", D("/") D("/a") D("/a/b") F("/a/b/c", "1") F("/z", "1"), OP("/a") D("/a") F("/a/n", "2"), D("/") D("/a") F("/a/n", "2") F("/z", "1"), NULL },
	{ "opaque root", D("/") D("/a") F("/z", "1"), OP("/") D("/") F("/n", "2"), D("/") F("/n", "2"), NULL },
	{ "opaque in opaque", D("/") D("/a") D("/a/b") F("/a/b/c", "1") F("/a/z", "1"), OP("/a") D("/a") OP("/a/b") D("/a/b"), D("/") D("/a") D("/a/b"), NULL },
	{ "opaque over a file", D("/") F("/a", "1"), OP("/a") D("/a"), D("/") D("/a"), NULL },
	{ "opaque where nothing was", D("/"), OP("/a") D("/a"), D("/") D("/a"), NULL },
	{ "hard links", D("/"), F("/a", "1") H("/b", "/a"), D("/") F("/a", "1") H("/b", "/a"), NULL },
	{ "one member replaced", D("/") F("/a", "1") H("/b", "/a") H("/c", "/a"), F("/a", "2"), D("/") F("/a", "2") F("/b", "1") H("/c", "/b"), NULL },
	{ "leader removed", D("/") F("/a", "1") H("/b", "/a") H("/c", "/a"), RM("/a"), D("/") F("/b", "1") H("/c", "/b"), NULL },
	{ "no link to an equal old file", D("/") F("/a", "1") H("/c", "/a"), F("/b", "1"), D("/") F("/a", "1") F("/b", "1") H("/c", "/a"), NULL },
	{ "hard link over dir", D("/") F("/a", "1") D("/b") F("/b/c", "1"), F("/a", "2") H("/b", "/a"), D("/") F("/a", "2") H("/b", "/a"), NULL },
	{ "no parent", D("/"), F("/a/b", "1"), NULL, "/a does not exist" },
	{ "parent is a file", D("/") F("/a", "1"), F("/a/b", "1"), NULL, "/a, which is not a directory" },
	{ "parent is a link", D("/") L("/a", "b") D("/b"), F("/a/b", "1"), NULL, "/a, which is not a directory" },
	{ "below its own file", D("/") D("/a"), F("/a", "1") F("/a/b", "1"), NULL, "/a, which is not a directory" },
	{ "below its own removal", D("/") D("/a"), RM("/a") F("/a/b", "1"), NULL, "/a does not exist" },
	{ "below what its opaque hides", D("/") D("/a") D("/a/b"), OP("/a") D("/a") F("/a/b/c", "1"), NULL, "/a/b does not exist" },
};

START_TEST(one_rule)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(cases[_i].tree), *got = NULL;
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(cases[_i].delta);
	struct ingot_err err = INGOT_ERR_INIT;
	int r = ingot_apply(t, d, &got, &err);
	if (!cases[_i].want) {
		ck_assert_int_eq(r, -1);
		ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
		ck_assert_ptr_null(got);
		if (!strstr(err.msg, cases[_i].error))
			ck_abort_msg("%s: %s", cases[_i].name, err.msg);
		return;
	}
	if (r < 0)
		ck_abort_msg("%s: %s", cases[_i].name, err.msg);
	assert_tree(got, cases[_i].want);
	assert_tree(t, cases[_i].tree);
	/* and the result is as well formed as what the parser makes */
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *same = tree_of(cases[_i].want);
	ck_assert(ingot_digest_eq(ingot_tree_id(got), ingot_tree_id(same)));
	ck_assert_uint_eq(ingot_tree_nodes(got), ingot_tree_nodes(same));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("apply");
	TCase *t = tcase_create("apply");
	tcase_add_loop_test(t, one_rule, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(s, t);
	return run_suite(s);
}
