/* Patterns of the recipe's include and exclude lists. */
#include "run_suite.h"
#include <check.h>
#include <ingot/glob.h>
#include <stdlib.h>

static const struct {
	const char *pattern, *path;
	bool match, below;
} cases[] = {
	{ "main.c", "main.c", true, true },
	{ "main.c", "src/main.c", false, false },
	{ "main.c", "main.cc", false, false },
	{ "src", "src/a/b.c", true, true },
	{ "src/", "src/a/b.c", true, true },
	{ "src/*.c", "src/a.c", true, true },
	{ "src/*.c", "src/x/a.c", false, false },
	{ "src/*.c", "src", false, true },
	{ "src/**/*.c", "src/a.c", true, true },
	{ "src/**/*.c", "src/x/y/a.c", true, true },
	{ "src/**/*.c", "src/x/y/a.h", false, true },
	{ "src/**/*.c", "lib/a.c", false, false },
	{ "static/**", "static/css/site.css", true, true },
	{ "static/**", "static", true, true },
	{ "**/*.py", "a.py", true, true },
	{ "**/*.py", "x/y/a.py", true, true },
	{ "**", "anything/at/all", true, true },
	{ "*", "one", true, true },
	{ "a*b*c", "axxbyyc", true, true },
	{ "a*b*c", "axxbyyd", false, false },
	{ "[a-c]x", "bx", true, true },
	{ "[!a-c]x", "bx", false, false },
	{ "[]]x", "]x", true, true },
	{ "?", "ab", false, false },
	{ ".", "x/y", true, true },
	{ "a/**/b/**/c", "a/b/x/b/c", true, true },
	{ "a/**/b/**/c", "a/x/c", false, true },
};

START_TEST(table)
{
	struct ingot_span pattern = ingot_span_of(cases[_i].pattern), path = ingot_span_of(cases[_i].path);
	ck_assert_msg(ingot_glob_match(pattern, path) == cases[_i].match, "%s on %s", cases[_i].pattern, cases[_i].path);
	ck_assert_msg(ingot_glob_may_match_below(pattern, path) == cases[_i].below, "%s below %s", cases[_i].pattern, cases[_i].path);
}
END_TEST

/* A hostile pattern must not take more than pattern times path steps. */
START_TEST(many_stars)
{
	char pattern[601], path[4001];
	for (size_t i = 0; i < 600; i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(path, 'a', 4000);
	path[3999] = 'b';
	ck_assert(!ingot_glob_match((struct ingot_span){ pattern, 600 }, (struct ingot_span){ path, 4000 }));
	for (size_t i = 0; i < 600; i += 5)
		memcpy(pattern + i, "**/a/", 5);
	for (size_t i = 0; i < 4000; i += 2)
		memcpy(path + i, "a/", 2);
	ck_assert(ingot_glob_match((struct ingot_span){ pattern, 600 }, (struct ingot_span){ path, 3999 }));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("glob");
	TCase *t = tcase_create("glob");
	tcase_add_loop_test(t, table, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, many_stars);
	suite_add_tcase(s, t);
	return run_suite(s);
}
