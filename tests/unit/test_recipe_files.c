/* Every file of tests/mustfail/recipe is refused where and why its first line says, every file of tests/golden/recipe and recipes/ is
 * accepted; all through the real helper. First lines: "# expect LINE:COLUMN [schema] words of the message or the hint"; a position may be
 * cut short. [schema] means that the JSON Schema refuses it, too, which tests/interop/schema.py holds against both. */
#include "recipe_fixture.h"
#include "run_suite.h"
#include <dirent.h>
#include <ingot/lock.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char **list_files(const char *dir, size_t *ret_n)
{
	const char *top = getenv("INGOT_SOURCE");
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/%s", top ? top : INGOT_TESTS "/..", dir);
	DIR *d = opendir(path);
	ck_assert_msg(d, "%s", path);
	char **v = NULL;
	size_t n = 0, cap = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (!strstr(e->d_name, ".yaml"))
			continue;
		ingot_reserve(v, n, cap);
		v[n++] = ingot_strf("%s/%s", path, e->d_name);
	}
	(void)closedir(d);
	*ret_n = n;
	return v;
}

static void free_files(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

/* The first line: position and words. */
static void expectation(const char *path, char where[32], char words[128])
{
	char line[256] = "";
	FILE *f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	(void)fclose(f);
	ck_assert_msg(strncmp(line, "# expect ", 9) == 0, "%s: no expectation", path);
	line[strcspn(line, "\n")] = '\0';
	char *rest = line + 9;
	size_t n = strcspn(rest, " ");
	(void)snprintf(where, 32, "%.*s", (int)n, rest);
	rest += n + (rest[n] == ' ');
	if (strncmp(rest, "[schema] ", 9) == 0)
		rest += 9;
	(void)snprintf(words, 128, "%s", rest);
}

START_TEST(refused)
{
	size_t n, wrong = 0;
	char **v = list_files("tests/mustfail/recipe", &n);
	ck_assert_uint_ge(n, 80);
	for (size_t i = 0; i < n; i++) {
		char where[32], words[128], want[300];
		struct ingot_err err = INGOT_ERR_INIT;
		_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = NULL;
		const char *name = strrchr(v[i], '/') + 1;
		expectation(v[i], where, words);
		int result = ingot_recipe_load(v[i], NULL, 0, &r, &err);
		/* long names of the build directory are cut in err.where, so only its end is compared */
		const char *place = strstr(err.where, ".yaml:");
		(void)snprintf(want, sizeof(want), ".yaml:%s", where);
		bool fine = result < 0 && err.code == INGOT_E_INPUT && !r && (strstr(err.msg, words) || strstr(err.hint, words)) && place && strncmp(place, want, strlen(want)) == 0;
		bool whole = where[0] && where[strlen(where) - 1] != ':';
		fine = fine && (!whole || strcmp(place, want) == 0);
		if (!fine) {
			wrong++;
			(void)fprintf(stderr, "%s: expected %s %s\n    got %d %s: %s (%s)\n", name, where, words, err.code, place ? place : err.where, err.msg, err.hint);
		}
	}
	free_files(v, n);
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

static void accept_all(const char *dir, size_t least)
{
	size_t n, wrong = 0;
	char **v = list_files(dir, &n);
	ck_assert_uint_ge(n, least);
	for (size_t i = 0; i < n; i++) {
		struct ingot_err err = INGOT_ERR_INIT;
		_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = NULL;
		if (strstr(v[i], ".lock.yaml") || ingot_recipe_load(v[i], NULL, 0, &r, &err) == 0)
			continue;
		wrong++;
		(void)fprintf(stderr, "%s: %s: %s (%s)\n", v[i], err.where, err.msg, err.hint);
	}
	free_files(v, n);
	ck_assert_uint_eq(wrong, 0);
}

START_TEST(accepted)
{
	accept_all("tests/golden/recipe", 15);
	accept_all("recipes", 4);
}
END_TEST

/* As much of head unit unit unit ... as the scan of the helper lets through to the library. */
static size_t bomb(char *text, const char *head, const char *unit)
{
	size_t n = strlen(head), step = strlen(unit), column = n, indicators = n, openers = 2, each = 0, each_opener = 0;
	memcpy(text, head, n);
	for (size_t i = 0; i < step; i++) {
		each += strchr("[]{},:?&*!\"'", unit[i]) || (unit[i] == '-' && unit[i + 1] == ' ');
		each_opener += unit[i] == '[' || unit[i] == '{';
	}
	while (n + step + 1 < (1 << 19) && indicators + each < 100000 && openers + each_opener < 30000) {
		memcpy(text + n, unit, step);
		n += step;
		indicators += each;
		openers += each_opener;
		column = memchr(unit, '\n', step) ? 0 : column + step;
		if (column > 60000) { /* just under the limit of a line */
			text[n++] = '\n';
			text[n++] = ' ';
			column = 1;
		}
	}
	return n;
}

/* safety.md 1.2: whatever the text, the helper's memory stays small and it ends in time. The largest child of this process is a helper. */
START_TEST(memory_of_the_helper)
{
	static const char *const units[] = { "[", "[[a,", "{a: ", "- ", "[a,", "? ", "{a: [", "'x', ", "&a ", "*a ", "!t ", "\"\\L\" ", ": ", "a: ", "[?", "- - : ",
					     "\n- ", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n a", "\n %Y", "[{\n ", "[\n ", "{\n ", "a,\n ", "a:\n ", "#[\n", "x ", "\\x41", "[a,b,c,d],", "{a: b, ? c},", "\"\n \"", "&a [", "*a,", "\"a\": b,", "|\n ", ",\n ", "''\n " };
	static const char *const heads[] = { "", "ingot: 1\nx: [ ", "x: \"", "x: '", "x: |\n ", "x: { " };
	_cleanup_(ingot_freep) char *text = ingot_alloc((1 << 19) + 8);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
			struct ingot_err err = INGOT_ERR_INIT;
			struct ingot_recipe *r = NULL;
			fixture_write(fixture_path, text, bomb(text, heads[k], units[i]));
			ck_assert_int_lt(ingot_recipe_load(fixture_path, NULL, 0, &r, &err), 0);
			ck_assert_msg(err.code == INGOT_E_INPUT && err.where[0], "\"%s%s\": %s", heads[k], units[i], err.msg);
			struct rusage used;
			ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &used), 0);
#ifndef INGOT_SANITIZED
			ck_assert_msg(used.ru_maxrss < 64 * 1024, "\"%s%s\": %ld KiB", heads[k], units[i], used.ru_maxrss);
#endif
		}
}
END_TEST

/* The same for locks, whose lines are checked more strictly and whose size may be sixteen times as large. */
START_TEST(memory_for_locks)
{
	static const char *const units[] = { "[a,b],", "{a: b},", "- ", "a: ", "- [a, b]\n", "- {a: b, c: [d]}\n", "a:\n", "x: a[]]: [\n", "a b ", "? ", "- - - - - - - a\n", "[[[[]]]],", "%%%%\n", "- %a\n", "@a\n", "-\n", ":\n", "[a: b, c: d]\n" };
	const size_t size = 2 << 20;
	_cleanup_(ingot_freep) char *text = ingot_alloc(size);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = 0, unit = strlen(units[i]), column = 0;
		while (n + unit + 1 < size) {
			memcpy(text + n, units[i], unit);
			n += unit;
			column = memchr(units[i], '\n', unit) ? 0 : column + unit;
			if (column > 60000)
				text[n++] = '\n', column = 0;
		}
		struct ingot_err err = INGOT_ERR_INIT;
		struct ingot_lock *l = NULL;
		fixture_write(fixture_path, text, n);
		ck_assert_int_lt(ingot_lock_read(fixture_path, &l, &err), 0);
		ck_assert_msg(err.code == INGOT_E_INPUT && err.where[0], "\"%s\": %s", units[i], err.msg);
		struct rusage used;
		ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &used), 0);
#ifndef INGOT_SANITIZED
		ck_assert_msg(used.ru_maxrss < 64 * 1024, "\"%s\": %ld KiB", units[i], used.ru_maxrss);
#endif
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("recipe_files");
	TCase *t = tcase_create("recipe_files");
	tcase_set_timeout(t, 110);
	tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
	tcase_add_test(t, refused);
	tcase_add_test(t, accepted);
	tcase_add_test(t, memory_of_the_helper);
	tcase_add_test(t, memory_for_locks);
	suite_add_tcase(s, t);
	return run_suite(s);
}
