/* docs/RULES.md says what the catalogue says. INGOT_UPDATE=1 writes it anew below its mark instead of comparing. */
#include "recipe_fixture.h"
#include "run_suite.h"
#include <ingot/recipe.h>
#include <ingot/rule.h>

#define MARK "<!-- rules: begin -->\n"

static char *page_path(void)
{
	const char *top = getenv("INGOT_SOURCE");
	return ingot_strf("%s/docs/RULES.md", top ? top : INGOT_TESTS "/..");
}

static void put_severities(struct ingot_buf *b, const struct ingot_rule *r)
{
	for (int p = 0; p < INGOT_PROFILES; p++) {
		enum ingot_severity s = r->severity[p];
		ingot_buf_fmt(b, "%s%s", p ? " | " : "", s == INGOT_SEV_NONE ? "–" : ingot_severity_word(s));
	}
}

static void put_rule(struct ingot_buf *b, const struct ingot_rule *r)
{
	ingot_buf_fmt(b, "\n### %s\n\n%c%s. %s\n\n", r->id, r->what[0] >= 'a' && r->what[0] <= 'z' ? r->what[0] - 'a' + 'A' : r->what[0], r->what + 1, r->why);
	ingot_buf_fmt(b, "To mend it: %s.%s%s%s\n", r->mend, r->source ? " Source: " : "", r->source ? r->source : "", r->source ? "." : "");
	if (r->allowed_by)
		ingot_buf_fmt(b, "An exception names a %s.\n", r->allowed_by);
	if (r->example)
		ingot_buf_fmt(b, "\n```yaml\n%s```\n", r->example);
}

static void put_page(struct ingot_buf *b)
{
	ingot_buf_str(b, "\n## All rules\n\n| rule | what must hold | default | strict | release |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < ingot_rule_count(); i++) {
		const struct ingot_rule *r = ingot_rule_at(i);
		ingot_buf_fmt(b, "| [%s](#%s) | %s | ", r->id, r->id, r->what);
		put_severities(b, r);
		ingot_buf_str(b, " |\n");
	}
	ingot_buf_str(b, "\n## One by one\n");
	for (size_t i = 0; i < ingot_rule_count(); i++)
		put_rule(b, ingot_rule_at(i));
}

START_TEST(page_is_current)
{
	_cleanup_(ingot_buf_done) struct ingot_buf page = INGOT_BUF(1 << 20), now = INGOT_BUF(1 << 20);
	_cleanup_(ingot_freep) char *path = page_path();
	struct ingot_err err = INGOT_ERR_INIT;
	if (ingot_read_file(path, 1 << 20, &page, &err) < 0)
		ck_abort_msg("%s", err.msg);
	const char *mark = strstr(ingot_buf_cstr(&page), MARK);
	ck_assert_msg(mark, "docs/RULES.md has lost its mark " MARK);
	ingot_buf_put(&now, page.p, (size_t)(mark - page.p) + strlen(MARK));
	put_page(&now);
	if (getenv("INGOT_UPDATE"))
		fixture_write(path, now.p, now.n);
	else
		ck_assert_msg(ingot_span_eq(ingot_buf_view(&now), ingot_buf_view(&page)), "docs/RULES.md is not what the catalogue says: INGOT_UPDATE=1 test_rules_page writes it");
}
END_TEST

/* What an example needs beside itself to be a recipe. */
static char *whole_recipe(const char *example)
{
	const char *image = strstr(example, "image:\n"), *head = "ingot: 1\nname: web\n";
	const char *sources = strstr(example, "from: build") && !strstr(example, "stages:") ? "stages: { build: {} }\n" : "";
	if (!image)
		return ingot_strf("%s%simage: { user: web }\n%s", head, sources, example);
	if (strstr(example, "user:"))
		return ingot_strf("%s%s%s", head, sources, example);
	size_t n = (size_t)(image - example) + strlen("image:\n");
	return ingot_strf("%s%s%.*s  user: web\n%s", head, sources, (int)n, example, example + n);
}

START_TEST(examples_are_recipes)
{
	size_t n = 0;
	for (size_t i = 0; i < ingot_rule_count(); i++) {
		const struct ingot_rule *r = ingot_rule_at(i);
		_cleanup_(ingot_recipe_freep) struct ingot_recipe *recipe = NULL;
		struct ingot_err err = INGOT_ERR_INIT;
		if (!r->example)
			continue;
		_cleanup_(ingot_freep) char *text = whole_recipe(r->example);
		ck_assert_msg(fixture_load(text, &recipe, &err) == 0, "%s: %s: %s\n%s", r->id, err.where, err.msg, text);
		n++;
	}
	ck_assert_uint_ge(n, 40);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rules_page");
	TCase *t = tcase_create("rules_page");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
	tcase_add_test(t, page_is_current);
	tcase_add_test(t, examples_are_recipes);
	suite_add_tcase(s, t);
	return run_suite(s);
}
