/* What the tests of trees share: values from text, text from values, a file as bytes. */
#pragma once
#include <check.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/resolve.h>

static inline struct ingot_tree *tree_of(const char *lines)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(64));
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_tree *t = NULL;
	ingot_buf_str(&b, "ingot-tree 1\n");
	ingot_buf_str(&b, lines);
	if (ingot_tree_parse(ingot_buf_view(&b), &t, &err) < 0)
		ck_abort_msg("%s\n%s", err.msg, lines);
	return t;
}

static inline struct ingot_delta *delta_of(const char *lines)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(64));
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_delta *d = NULL;
	ingot_buf_str(&b, "ingot-delta 1\n");
	ingot_buf_str(&b, lines);
	if (ingot_delta_parse(ingot_buf_view(&b), &d, &err) < 0)
		ck_abort_msg("%s\n%s", err.msg, lines);
	return d;
}

/* The texts without their first lines. */
static inline const char *after_header(const struct ingot_buf *b)
{
	return strchr(ingot_buf_cstr(b), '\n') + 1;
}

#define assert_tree(t, lines)                                                               \
	do {                                                                                \
		_cleanup_(ingot_buf_done) struct ingot_buf text_ = INGOT_BUF(MIB(64));      \
		ingot_tree_text((t), &text_);                                               \
		ck_assert_str_eq(after_header(&text_), (lines));                            \
	} while (0)
#define assert_delta(d, lines)                                                              \
	do {                                                                                \
		_cleanup_(ingot_buf_done) struct ingot_buf text_ = INGOT_BUF(MIB(64));      \
		ingot_delta_text((d), &text_);                                              \
		ck_assert_str_eq(after_header(&text_), (lines));                            \
	} while (0)

/* A digest of 64 equal digits. */
#define HEX(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define D(path) "d 0755 0 0 1 " path "\n"
#define F(path, c) "f 0644 0 0 1 " path " 1 " HEX(c) "\n"
#define H(path, to) "h " path " " to "\n"
#define L(path, to) "l 0777 0 0 1 " path " " to "\n"
#define FILE_(head, path) "f " head " " path " 1 " HEX("0") "\n"
#define RM(path) "- " path "\n"
#define OP(path) "o " path "\n"

static inline int run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
