/* Secrets in every form, in one block and split at every byte. */
#include <check.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ingot_search *search;
static struct ingot_found found;

static void setup(void)
{
	search = ingot_search_new();
}

static void teardown(void)
{
	ingot_search_free(search);
}

static bool in_blocks(struct ingot_span text, size_t block)
{
	struct ingot_search_stream t;
	bool hit = false;
	ingot_search_begin(&t, search);
	for (size_t i = 0; i < text.n && !hit; i += block)
		hit = ingot_search_next(&t, (struct ingot_span){ text.p + i, text.n - i < block ? text.n - i : block }, &found);
	ingot_search_end(&t);
	return hit;
}

#define VALUE "p/ss w+rd\"\xc3\xa9\n\x01~"

/* What other programs make of VALUE: base64(1), xxd, Python's urllib.parse and json. */
static const struct {
	const char *text;
	enum ingot_form form;
} forms[] = {
	{ "a" VALUE "b", INGOT_FORM_RAW },
	{ "cC9zcyB3K3JkIsOpCgF+", INGOT_FORM_BASE64 },
	{ "eHAvc3MgdytyZCLDqQoBfg==", INGOT_FORM_BASE64 },     /* x before it */
	{ "eHlwL3NzIHcrcmQiw6kKAX4=", INGOT_FORM_BASE64 },     /* xy before it */
	{ "cC9zcyB3K3JkIsOpCgF-eg", INGOT_FORM_BASE64 },       /* URL-safe, z behind it */
	{ "702f737320772b726422c3a90a017e", INGOT_FORM_HEX },
	{ "702F737320772B726422C3A90A017E", INGOT_FORM_HEX },
	{ "p%2Fss%20w%2Brd%22%C3%A9%0A%01~", INGOT_FORM_URL },  /* quote(safe="") */
	{ "p/ss%20w%2Brd%22%C3%A9%0A%01~", INGOT_FORM_URL },    /* quote() */
	{ "p%2fss%20w%2brd%22%c3%a9%0a%01~", INGOT_FORM_URL },
	{ "p%2Fss+w%2Brd%22%C3%A9%0A%01~", INGOT_FORM_URL },    /* quote_plus() */
	{ "p/ss w+rd\\\"\xc3\xa9\\n\x01~", INGOT_FORM_JSON },
	{ "p\\/ss w+rd\\\"\xc3\xa9\\n\x01~", INGOT_FORM_JSON }, /* PHP's json_encode() */
};

START_TEST(each_form)
{
	struct ingot_span text = ingot_span_of(forms[_i].text);
	ck_assert(ingot_search_add(search, "token", INGOT_SPAN(VALUE "\n")));
	for (size_t block = 1; block <= text.n; block++) {
		ck_assert_msg(in_blocks(text, block), "%s in blocks of %zu", forms[_i].text, block);
		ck_assert_str_eq(found.name, "token");
		ck_assert_int_eq(found.form, forms[_i].form);
	}
	/* One byte less of it is not it. */
	_cleanup_(ingot_freep) char *less = ingot_strdup(forms[_i].text);
	less[text.n / 2] = (char)(less[text.n / 2] ^ 1);
	for (size_t block = 1; block <= text.n; block++)
		ck_assert(!in_blocks(ingot_span_of(less), block));
}
END_TEST

START_TEST(wrapped_base64)
{
	/* base64(1) of 100 times "k", at 76 columns, and PEM at 64. */
	char value[101] = { 0 }, text[200];
	memset(value, 'k', 100);
	ck_assert(ingot_search_add(search, "t", ingot_span_of(value)));
	for (size_t width = 64; width <= 76; width += 12) {
		size_t n = 0;
		for (size_t i = 0; i < 133; i++) {
			if (i && i % width == 0)
				text[n++] = '\n';
			text[n++] = "a2tr"[i % 4];
		}
		ck_assert_msg(in_blocks((struct ingot_span){ text, n }, 7), "at %zu", width);
		ck_assert_int_eq(found.form, INGOT_FORM_BASE64);
		ck_assert_uint_eq(found.n, n);
	}
}
END_TEST

/* Against the obvious way, with needles that overlap, repeat and begin alike. */
START_TEST(like_the_obvious_way)
{
	static const char *const values[] = { "abab", "ababc", "babab", "aaaa", "aaab", "bbbbbbbbbbbbbbbbbbbbbbbbbb" };
	for (size_t i = 0; i < 6; i++)
		ck_assert(ingot_search_add(search, values[i], ingot_span_of(values[i])));
	srandom(7);
	for (int round = 0; round < 20000; round++) {
		char text[40];
		size_t n = (size_t)random() % sizeof(text), first = SIZE_MAX, longest = 0;
		for (size_t i = 0; i < n; i++)
			text[i] = "abc"[random() % (round % 2 ? 2 : 3)];
		for (size_t i = 0; i < n && first == SIZE_MAX; i++)
			for (size_t k = 0; k < 6; k++)
				if (strlen(values[k]) <= n - i && memcmp(values[k], text + i, strlen(values[k])) == 0) {
					first = i;
					longest = strlen(values[k]) > longest ? strlen(values[k]) : longest;
				}
		struct ingot_span span = { text, n };
		ck_assert_int_eq(ingot_search_find(search, span, &found), first != SIZE_MAX);
		if (first != SIZE_MAX) {
			ck_assert_uint_eq(found.at, first);
			ck_assert_uint_eq(found.n, longest);
		}
		ck_assert_int_eq(in_blocks(span, 1 + (size_t)random() % 9), first != SIZE_MAX);
	}
}
END_TEST

START_TEST(open_end)
{
	ck_assert(ingot_search_add(search, "t", INGOT_SPAN("secret")));
	ck_assert_uint_eq(ingot_search_open(search, INGOT_SPAN("x sec")), 3);
	ck_assert_uint_eq(ingot_search_open(search, INGOT_SPAN("ssecre")), 5);
	ck_assert_uint_eq(ingot_search_open(search, INGOT_SPAN("secs")), 1);
	ck_assert_uint_eq(ingot_search_open(search, INGOT_SPAN("secx")), 0);
	ck_assert_uint_eq(ingot_search_open(search, INGOT_SPAN("")), 0);
	ck_assert_uint_eq(ingot_search_open(NULL, INGOT_SPAN("secret")), 0);
}
END_TEST

START_TEST(too_short)
{
	ck_assert(!ingot_search_add(search, "t", INGOT_SPAN("abc")));
	ck_assert(!ingot_search_add(search, "t", INGOT_SPAN("abc\r\n\n")));
	ck_assert(!ingot_search_add(search, "t", INGOT_SPAN("")));
	ck_assert_uint_eq(ingot_search_longest(search), 0);
	ck_assert(!in_blocks(INGOT_SPAN("abcabcabc"), 3));
	ck_assert(ingot_search_add(search, "t", INGOT_SPAN("abcd")));
	ck_assert(in_blocks(INGOT_SPAN("xabcd"), 2));
	ck_assert(in_blocks(INGOT_SPAN("YWJjZA=="), 3));
}
END_TEST

START_TEST(lines)
{
	ingot_search_add_lines(search, "k", INGOT_SPAN("one line of no interest"));
	ck_assert_uint_eq(ingot_search_longest(search), 0);
	ingot_search_add_lines(search, "k", INGOT_SPAN("short\r\nlong enough to be it\r\n"));
	ck_assert(!in_blocks(INGOT_SPAN("short"), 5));
	ck_assert(in_blocks(INGOT_SPAN("xlong enough to be itx"), 5));
}
END_TEST

/* The largest value, found across blocks that are smaller than it. */
START_TEST(largest)
{
	size_t n = INGOT_MAX_SECRET;
	_cleanup_(ingot_freep) char *text = ingot_alloc(2 * n + 100);
	srandom(3);
	for (size_t i = 0; i < 2 * n + 100; i++)
		text[i] = (char)random();
	ck_assert(ingot_search_add(search, "big", (struct ingot_span){ text + 77, n }));
	ck_assert(in_blocks((struct ingot_span){ text, 2 * n + 100 }, 131072));
	ck_assert(!in_blocks((struct ingot_span){ text + 78, 2 * n }, 131072));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("search");
	TCase *t = tcase_create("search");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_form, 0, sizeof(forms) / sizeof(forms[0]));
	tcase_add_test(t, wrapped_base64);
	tcase_add_test(t, like_the_obvious_way);
	tcase_add_test(t, open_end);
	tcase_add_test(t, too_short);
	tcase_add_test(t, lines);
	tcase_add_test(t, largest);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
