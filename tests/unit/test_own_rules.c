/* Files of rules: beside a recipe, and by themselves; through the real helper. What such rules find is in policy_cases_own.h. */
#include "recipe_fixture.h"
#include "run_suite.h"
#include <ingot/own_rules.h>

static char rules_path[160];

static void setup(void)
{
	fixture_setup();
	(void)snprintf(rules_path, sizeof(rules_path), "%s/rules.yaml", fixture_dir);
}

static void teardown(void)
{
	(void)unlink(rules_path);
	fixture_teardown();
}

#define RECIPE(policy) "ingot: 1\nname: web\nimage: { user: web }\npolicy:\n" policy
#define RULES(list) "ingot-rules: 1\nrules:\n" list
#define RULE(id) "- { id: " id ", message: not here, path: /a }\n"

START_TEST(beside_a_recipe)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = NULL;
	fixture_write(rules_path, RULES(RULE("own-b") RULE("own-c")), strlen(RULES(RULE("own-b") RULE("own-c"))));
	ck_assert_msg(fixture_load(RECIPE("  rules-file: rules.yaml\n  rules:\n  " RULE("own-a")), &r, &err) == 0, "%s: %s", err.where, err.msg);
	ck_assert_uint_eq(r->own.n, 3);
	ck_assert_str_eq(r->own.v[0].id, "own-a");
	ck_assert_str_eq(r->own.v[2].id, "own-c");
	ck_assert_str_eq(r->own.v[2].severity, "warning");
	ck_assert_int_eq(r->own.v[2].mode, -1);
	ck_assert(!ingot_digest_eq(&r->rules_digest, &(struct ingot_digest){ 0 }));
}
END_TEST

/* What is wrong with a file beside a recipe, and where that is said. */
static const struct {
	const char *rules, *policy, *where, *says;
} bad[] = {
	{ NULL, "  rules-file: rules.yaml\n", "web.yaml:5:15", "rules.yaml" },
	{ RULES(RULE("own-a")), "  rules-file: rules.yaml\n  rules:\n  " RULE("own-a"), "rules.yaml:3:3", "two rules \"own-a\"" },
	{ RULES(RULE("own-a") RULE("own-a")), "  rules-file: rules.yaml\n", "rules.yaml:4:3", "two rules \"own-a\"" },
	{ RULES("- { id: own-a, message: x, path: /a, colour: red }\n"), "  rules-file: rules.yaml\n", "rules.yaml:3:38", "colour" },
	{ "ingot-rules: 2\nrules: []\n", "  rules-file: rules.yaml\n", "rules.yaml:1:14", "2" },
	{ "rules: []\n", "  rules-file: rules.yaml\n", "rules.yaml:1:1", "ingot-rules" },
	{ "a: [", "  rules-file: rules.yaml\n", "rules.yaml:", "" },
};

START_TEST(wrong)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = NULL;
	_cleanup_(ingot_freep) char *text = ingot_strf("%s%s", RECIPE(""), bad[_i].policy);
	if (bad[_i].rules)
		fixture_write(rules_path, bad[_i].rules, strlen(bad[_i].rules));
	ck_assert_int_eq(fixture_load(text, &r, &err), -1);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_msg(strstr(err.where, bad[_i].where) && (strstr(err.msg, bad[_i].says) || strstr(err.hint, bad[_i].says)), "%s: %s (%s)", err.where, err.msg, err.hint);
}
END_TEST

/* A link could lead anywhere on the host. */
START_TEST(no_link)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = NULL;
	ck_assert_int_eq(symlink("/etc/passwd", rules_path), 0);
	ck_assert_int_eq(fixture_load(RECIPE("  rules-file: rules.yaml\n"), &r, &err), -1);
	ck_assert_msg(strstr(err.msg, "link"), "%s", err.msg);
}
END_TEST

START_TEST(by_itself)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_rules_file_freep) struct ingot_rules_file *f = NULL;
	ck_assert_int_eq(ingot_rules_file_load(rules_path, &f, &err), -1);
	fixture_write(rules_path, RULES(RULE("own-a")), strlen(RULES(RULE("own-a"))));
	ck_assert_msg(ingot_rules_file_load(rules_path, &f, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(f->rules.n, 1);
	ck_assert_str_eq(f->rules.v[0].path, "/a");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("own_rules");
	TCase *t = tcase_create("own_rules");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, beside_a_recipe);
	tcase_add_loop_test(t, wrong, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(t, no_link);
	tcase_add_test(t, by_itself);
	suite_add_tcase(s, t);
	return run_suite(s);
}
