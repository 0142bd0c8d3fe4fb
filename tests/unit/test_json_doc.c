/* JSON documents through the jailed decoder: one meaning, or none. */
#include "run_suite.h"
#include <check.h>
#include <ingot/decode.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <stdio.h>

static struct ingot_doc *doc;
static struct ingot_err err;

static int load(const char *text)
{
	ingot_doc_free(doc);
	doc = NULL;
	err = (struct ingot_err)INGOT_ERR_INIT;
	return ingot_decode_json_bytes(ingot_span_of(text), &doc, &err);
}

static void done(void)
{
	ingot_doc_free(doc);
	doc = NULL;
}

START_TEST(lookups)
{
	ck_assert_msg(load("{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:ab\",\"size\":405},\"layers\":[{\"size\":1},{\"size\":-2},7],"
			   "\"a/b\":{\"m~n\":null},\"\":true,\"e\":\"\\u0000x\\u00e9\",\"no\":false,\"o\":{},\"l\":[]}\n") == 0,
		      "%s", err.msg);
	struct ingot_span s;
	uint64_t n;
	ck_assert_int_eq(ingot_doc_string(doc, "/config/digest", &s, &err), 0);
	ck_assert(ingot_span_is(s, "sha256:ab"));
	ck_assert_int_eq(ingot_doc_u64(doc, "/config/size", 1000, &n, &err), 0);
	ck_assert_uint_eq(n, 405);
	ck_assert_int_lt(ingot_doc_u64(doc, "/config/size", 404, &n, &err), 0);
	ck_assert_int_lt(ingot_doc_u64(doc, "/layers/1/size", 1000, &n, &err), 0);
	ck_assert_int_lt(ingot_doc_string(doc, "/config/size", &s, &err), 0);
	ck_assert_int_lt(ingot_doc_string(doc, "/nothing", &s, &err), 0);
	ck_assert_int_eq(ingot_doc_array_len(doc, "/layers"), 3);
	ck_assert_int_eq(ingot_doc_array_len(doc, "/l"), 0);
	ck_assert_int_eq(ingot_doc_array_len(doc, "/config"), -1);
	ck_assert_int_eq(ingot_doc_object_len(doc, "/config"), 2);
	ck_assert_int_eq(ingot_doc_object_len(doc, ""), 9);
	ck_assert_ptr_nonnull(ingot_doc_getf(doc, "/layers/%d", 2));
	ck_assert_ptr_null(ingot_doc_getf(doc, "/layers/%d", 3));
	ck_assert(ingot_doc_get(doc, "/a~1b/m~0n")->kind == INGOT_J_NULL);
	ck_assert(ingot_span_is(ingot_doc_get(doc, "/")->value, "true"));
	const struct ingot_doc_value *e = ingot_doc_get(doc, "/e");
	ck_assert(ingot_span_eq(e->value, INGOT_SPAN("\0x\xc3\xa9")));
}
END_TEST

START_TEST(children_in_order)
{
	ck_assert_int_eq(load("{\"z\":[1,[2,3]],\"a/~b\":{\"x\":1},\"m\":2}"), 0);
	const struct ingot_doc_value *root = ingot_doc_get(doc, "");
	static const char *const keys[] = { "z", "a/~b", "m" };
	for (size_t i = 0; i < 3; i++) {
		struct ingot_buf key = INGOT_BUF(100);
		const struct ingot_doc_value *v = ingot_doc_child(doc, root, i);
		ck_assert_ptr_nonnull(v);
		ingot_doc_key(v, &key);
		ck_assert_str_eq(ingot_buf_cstr(&key), keys[i]);
		ingot_buf_done(&key);
	}
	ck_assert_ptr_null(ingot_doc_child(doc, root, 3));
	const struct ingot_doc_value *z = ingot_doc_get(doc, "/z");
	ck_assert(ingot_doc_child(doc, z, 1)->kind == INGOT_J_ARRAY);
	ck_assert_uint_eq(ingot_doc_child(doc, z, 1)->n, 2);
	ck_assert_ptr_null(ingot_doc_child(doc, z, 2));
}
END_TEST

static const char *const refused[] = {
	"", " ", "{", "{}x", "{}{}", "[1,]", "{\"a\":1,}", "{'a':1}", "{a:1}", "[01]", "[+1]", "[.5]", "[1.5]", "[1e3]", "[1.0]", "[NaN]", "[Infinity]", "1", "\"text\"", "null",
	"[9223372036854775808]", "[-9223372036854775809]",
	"{\"a\":1,\"a\":1}",                                /* a key twice */
	"{\"a\":1,\"\\u0061\":2}",                          /* and spelled with an escape */
	"{\"digest\":1,\"Digest\":2}",                      /* the same to Go */
	"{\"x\":{\"mediaType\":1,\"y\":0,\"MEDIATYPE\":2}}",
	"{\"kind\":1,\"\\u212aind\":2}",                    /* KELVIN SIGN folds to k */
	"{\"digests\":1,\"digest\\u017f\":2}",              /* LONG S folds to s */
	"{\"a\\u0000b\":1}",                                /* NUL in a key */
	"[\"\\ud800\"]", "[\"\xff\"]", "[\"\xc0\x80\"]", "[\"\t\"]", "[\"a\nb\"]",
	"\xef\xbb\xbf{}",                                   /* a byte order mark */
	"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",                /* 17 levels, the number counting */
	"/* comment */{}", "{}//", "#\n{}",
};

START_TEST(refuses)
{
	ck_assert_msg(load(refused[_i]) < 0, "%s", refused[_i]);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
}
END_TEST

START_TEST(depth_and_size)
{
	ck_assert_msg(load("[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]") == 0, "%s", err.msg); /* 16 levels */
	struct ingot_buf b = INGOT_BUF(MIB(8));
	ingot_buf_char(&b, '[');
	for (int i = 0; i < 100000; i++)
		ingot_buf_str(&b, "[");
	ck_assert_int_lt(load(b.p), 0); /* deep nesting must end in an error, not in a crash of the helper */
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ingot_buf_clear(&b);
	ingot_buf_str(&b, "{\"a\":\"");
	while (b.n < KIB(700))
		ingot_buf_str(&b, "0123456789abcdef");
	ingot_buf_str(&b, "\"}");
	ck_assert_msg(load(b.p) == 0, "%s", err.msg);
	b.n -= 2;
	while (b.n < KIB(1000))
		ingot_buf_str(&b, "0123456789abcdef");
	ingot_buf_str(&b, "\"}");
	ck_assert_int_lt(load(b.p), 0);
	while (b.n < MIB(4))
		ingot_buf_str(&b, "                                                                ");
	ingot_buf_char(&b, ' ');
	ck_assert_int_lt(load(b.p), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "at most"));
	ingot_buf_done(&b);
}
END_TEST

START_TEST(many_values)
{
	struct ingot_buf b = INGOT_BUF(MIB(4));
	ingot_buf_str(&b, "{\"n\":[");
	for (int i = 0; i < 20000; i++)
		ingot_buf_fmt(&b, "%s{\"i\":%d}", i ? "," : "", i);
	ingot_buf_str(&b, "]}");
	ck_assert_msg(load(b.p) == 0, "%s", err.msg);
	ck_assert_int_eq(ingot_doc_array_len(doc, "/n"), 20000);
	ck_assert(ingot_span_is(ingot_doc_get(doc, "/n/19999/i")->value, "19999"));
	ingot_buf_done(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("json_doc");
	TCase *t = tcase_create("json_doc");
	tcase_add_checked_fixture(t, NULL, done);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, lookups);
	tcase_add_test(t, children_in_order);
	tcase_add_loop_test(t, refuses, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(t, depth_and_size);
	tcase_add_test(t, many_values);
	suite_add_tcase(s, t);
	return run_suite(s);
}
