/* The user's configuration file: read by the same table and helper as recipes. */
#include "recipe_fixture.h"
#include "run_suite.h"
#include <ingot/settings.h>

static struct ingot_err err;

static int load(const char *text, struct ingot_settings **ret)
{
	fixture_write(fixture_path, text, strlen(text));
	return ingot_settings_load(fixture_path, ret, &err);
}

START_TEST(all_keys)
{
	_cleanup_(ingot_settings_freep) struct ingot_settings *s = NULL;
	ck_assert_int_eq(load("mirrors: [\"http://mirror.example/debian\"]\nproxy: http://p.example:1\narchive-keys: [a.asc]\nkey: env://K\nstore: /x\n", &s), 0);
	ck_assert_uint_eq(s->mirrors.n, 1);
	ck_assert_str_eq(s->mirrors.v[0], "http://mirror.example/debian");
	ck_assert_str_eq(s->proxy, "http://p.example:1");
	ck_assert_str_eq(s->archive_keys.v[0], "a.asc");
	ck_assert_str_eq(s->key, "env://K");
	ck_assert_str_eq(s->store, "/x");
}
END_TEST

START_TEST(comments_alone)
{
	_cleanup_(ingot_settings_freep) struct ingot_settings *s = NULL;
	ck_assert_int_eq(load("# nothing\n\n  # yet\n", &s), 0);
	ck_assert_ptr_null(s->key);
	ck_assert_uint_eq(s->mirrors.n, 0);
}
END_TEST

START_TEST(unknown_key)
{
	struct ingot_settings *s = NULL;
	ck_assert_int_lt(load("key: a\nstor: /x\n", &s), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.where, "web.yaml:2:1"));
	ck_assert_ptr_nonnull(strstr(err.hint, "store"));
}
END_TEST

START_TEST(a_named_file_must_exist)
{
	struct ingot_settings *s = NULL;
	ck_assert_int_lt(ingot_settings_load("/nonexistent/config.yaml", &s, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
}
END_TEST

START_TEST(the_usual_file_need_not)
{
	_cleanup_(ingot_settings_freep) struct ingot_settings *s = NULL;
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "/nonexistent", 1), 0);
	ck_assert_int_eq(ingot_settings_load(NULL, &s, &err), 0);
	ck_assert_ptr_null(s->store);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("settings");
	TCase *t = tcase_create("settings");
	tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
	tcase_add_test(t, all_keys);
	tcase_add_test(t, comments_alone);
	tcase_add_test(t, unknown_key);
	tcase_add_test(t, a_named_file_must_exist);
	tcase_add_test(t, the_usual_file_need_not);
	suite_add_tcase(s, t);
	return run_suite(s);
}
