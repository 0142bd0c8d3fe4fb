/* The canonical text of a tree: one spelling, refused in every other, and what can be asked of a tree. */
#include "core_support.h"

#define SMALL D("/") D("/a") F("/a/b", "1") H("/a/c", "/a/b") D("/a/d") F("/a.x", "2") L("/l", "a/b")

START_TEST(questions)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(SMALL);
	ck_assert_uint_eq(ingot_tree_count(t), 7);
	ck_assert_uint_eq(ingot_tree_nodes(t), 6);
	ck_assert_int_eq(ingot_tree_find(t, INGOT_SPAN("")), 0);
	ck_assert_int_eq(ingot_tree_find(t, INGOT_SPAN("a/d")), 4);
	ck_assert_int_eq(ingot_tree_find(t, INGOT_SPAN("a.x")), 5);
	ck_assert_int_eq(ingot_tree_find(t, INGOT_SPAN("a/")), -1);
	ck_assert_uint_eq(ingot_tree_subtree_end(t, 0), 7);
	ck_assert_uint_eq(ingot_tree_subtree_end(t, 1), 5);
	ck_assert_uint_eq(ingot_tree_subtree_end(t, 4), 5);
	ck_assert_uint_eq(ingot_tree_leader(t, 3), 2);
	ck_assert_uint_eq(ingot_tree_leader(t, 2), 2);
	ck_assert_uint_eq(ingot_tree_nlink(t, ingot_tree_at(t, 3)->node), 2);
	ck_assert_ptr_null(ingot_tree_lookup(t, INGOT_SPAN("l/x")));
	ck_assert_int_eq(ingot_tree_lookup(t, INGOT_SPAN("l"))->type, INGOT_LINK);
}
END_TEST

START_TEST(id_is_the_digest_of_the_text)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(SMALL);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
	struct ingot_digest want;
	ingot_tree_text(t, &text);
	ingot_sha256(text.p, text.n, &want);
	ck_assert_str_eq(INGOT_HEX(ingot_tree_id(t)), INGOT_HEX(&want));
	ck_assert_ptr_eq(ingot_tree_id(t), ingot_tree_id(t));
}
END_TEST

START_TEST(the_empty_tree)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = ingot_tree_empty();
	assert_tree(t, "d 0755 0 0 0 /\n");
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *again = ingot_tree_ref(t);
	ck_assert_ptr_eq(t, again);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");
	tcase_add_test(t, questions);
	tcase_add_test(t, id_is_the_digest_of_the_text);
	tcase_add_test(t, the_empty_tree);
	suite_add_tcase(s, t);
	return run_suite(s);
}
