/* The canonical text of a tree: one spelling, refused in every other, and what can be asked of a tree. */
#include "core_support.h"
#include <dirent.h>
#include <fcntl.h>

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

/* --- files: golden ones go round, the others are refused, each for what its name says --- */

static int one_file(struct ingot_span text, bool tree, struct ingot_buf *out, struct ingot_digest *id, struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	if (tree) {
		ingot_pass(ingot_tree_parse(text, &t, err));
		ingot_tree_text(t, out);
		*id = *ingot_tree_id(t);
	} else {
		ingot_pass(ingot_delta_parse(text, &d, err));
		ingot_delta_text(d, out);
		ingot_delta_id(d, id);
	}
	return 0;
}

static void must_go_round(const char *name, struct ingot_span text, bool tree)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(MIB(1));
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_digest id, want;
	if (one_file(text, tree, &out, &id, &err) < 0)
		ck_abort_msg("%s: %s", name, err.msg);
	ck_assert_msg(ingot_span_eq(text, ingot_buf_view(&out)), "%s", name);
	ingot_sha256(text.p, text.n, &want); /* what sha256sum says of the file is the id */
	ck_assert_msg(ingot_digest_eq(&id, &want), "%s", name);
}

static void must_fail(const char *name, struct ingot_span text, bool tree)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(MIB(1));
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_digest id;
	ck_assert_msg(one_file(text, tree, &out, &id, &err) < 0, "%s was accepted", name);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_msg(strncmp(err.msg, "line ", 5) == 0, "%s: %s", name, err.msg);
}

static size_t all_files(const char *dir, const char *suffix, void (*check)(const char *, struct ingot_span, bool))
{
	DIR *d = opendir(dir);
	size_t n = 0;
	ck_assert_msg(d != NULL, "%s", dir);
	for (struct dirent *e; (e = readdir(d));) {
		_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
		struct ingot_err err = INGOT_ERR_INIT;
		if (!ingot_span_ends(ingot_span_of(e->d_name), suffix))
			continue;
		_cleanup_(ingot_closep) int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(ingot_read_all(fd, &text, &err), 0);
		check(e->d_name, ingot_buf_view(&text), strcmp(suffix, ".tree") == 0);
		n++;
	}
	(void)closedir(d);
	return n;
}

START_TEST(golden_files)
{
	ck_assert_uint_ge(all_files(INGOT_TESTS "/golden", ".tree", must_go_round), 9);
	ck_assert_uint_ge(all_files(INGOT_TESTS "/golden", ".delta", must_go_round), 3);
}
END_TEST

START_TEST(files_that_must_fail)
{
	ck_assert_uint_ge(all_files(INGOT_TESTS "/mustfail/tree", ".tree", must_fail), 100);
	ck_assert_uint_ge(all_files(INGOT_TESTS "/mustfail/delta", ".delta", must_fail), 25);
}
END_TEST

/* Every byte of a golden file, in every bit, and left out: exhaustive where test_property is random. */
START_TEST(every_byte_counts)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_eq(ingot_read_file(INGOT_TESTS "/golden/all-types.tree", MIB(1), &text, &err), 0);
	for (size_t i = 0; i < text.n; i++)
		for (unsigned bit = 0; bit < 9; bit++) {
			_cleanup_(ingot_buf_done) struct ingot_buf m = INGOT_BUF(MIB(1)), out = INGOT_BUF(MIB(1));
			struct ingot_digest id;
			ingot_buf_put(&m, text.p, i);
			if (bit < 8)
				ingot_buf_char(&m, (char)(text.p[i] ^ 1 << bit));
			ingot_buf_put(&m, text.p + i + 1, text.n - i - 1);
			if (one_file(ingot_buf_view(&m), true, &out, &id, &err) == 0)
				ck_assert_msg(ingot_span_eq(ingot_buf_view(&m), ingot_buf_view(&out)), "accepted a second spelling of\n%s", out.p);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");
	tcase_add_test(t, questions);
	tcase_add_test(t, id_is_the_digest_of_the_text);
	tcase_add_test(t, the_empty_tree);
	tcase_add_test(t, golden_files);
	tcase_add_test(t, files_that_must_fail);
	tcase_add_test(t, every_byte_counts);
	suite_add_tcase(s, t);
	return run_suite(s);
}
