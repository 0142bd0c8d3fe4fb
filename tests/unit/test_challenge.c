/* WWW-Authenticate as servers write it, and as nobody should. */
#include "../../builder/fetch/helper/challenge.c"
#include "core_support.h"
#include <ingot/buf.h>

static const struct {
	const char *line, *more; /* more: a second line, or NULL */
	bool basic, bearer;
	const char *realm, *service, *scope;
} cases[] = {
	{ "Basic realm=\"x\"", NULL, true, false, "", "", "" },
	{ "Bearer realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a/b:pull,push\"", NULL, false, true, "https://auth.example/token", "registry.example",
	  "repository:a/b:pull,push" },
	{ "bearer REALM=\"r\" , Service=s\t,\tscope=\"a b\"", NULL, false, true, "r", "s", "a b" },
	{ "Bearer", NULL, false, true, "", "", "" },
	{ "Bearer realm=\"a \\\"quoted\\\" \\\\ one\"", NULL, false, true, "a \"quoted\" \\ one", "", "" },
	/* several, in one line and in two */
	{ "Basic realm=\"x\", Bearer realm=\"y\",service=\"s\"", NULL, true, true, "y", "s", "" },
	{ "Bearer realm=\"y\", Basic realm=\"x\", service=\"not ours\"", NULL, true, true, "y", "", "" },
	{ "Basic realm=\"x\"", "Bearer realm=\"y\"", true, true, "y", "", "" },
	{ "Negotiate", "Bearer realm=\"y\"", false, true, "y", "", "" },
	{ "Digest realm=\"d\", nonce=\"n\", Bearer realm=\"y\"", NULL, false, true, "y", "", "" },
	/* the first counts */
	{ "Bearer realm=\"a\",realm=\"b\"", NULL, false, true, "a", "", "" },
	{ "Bearer realm=\"a\"", "Bearer realm=\"b\",service=\"b\"", false, true, "a", "", "" },
	{ "Bearer realm=\"a\", Bearer realm=\"b\",scope=\"b\"", NULL, false, true, "a", "", "" },
	/* a name inside of a string is no name */
	{ "Bearer service=\"x, realm=https://evil.example, \",realm=\"r\"", NULL, false, true, "r", "x, realm=https://evil.example, ", "" },
	{ "Basic realm=\"Bearer realm=evil\"", NULL, true, false, "", "", "" },
	/* what cannot be read says nothing, and nothing of it stays */
	{ "Bearer realm=\"never ends", NULL, false, true, "", "", "" },
	{ "Bearer realm=\"a\001b\"", NULL, false, true, "", "", "" },
	{ "Bearer realm=\"a\x7f\"", NULL, false, true, "", "", "" },
	{ "Bearer realm=\"ends in \\", NULL, false, true, "", "", "" },
	{ "Bearer realm=\"\\\r\nX: y\"", NULL, false, true, "", "", "" },
	{ "", NULL, false, false, "", "", "" },
	{ ",,, \t,", NULL, false, false, "", "", "" },
	{ "=\"x\"", NULL, false, false, "", "", "" },
	{ "realm=\"x\"", NULL, false, false, "", "", "" },
	{ "BearerX realm=\"x\"", NULL, false, false, "", "", "" },
	{ "\"Bearer\" realm=\"x\"", NULL, false, false, "", "", "" },
};

START_TEST(read_as_meant)
{
	struct challenge c = { .basic = false };
	challenge_read(&c, ingot_span_of(cases[_i].line));
	if (cases[_i].more)
		challenge_read(&c, ingot_span_of(cases[_i].more));
	ck_assert_msg(c.basic == cases[_i].basic && c.bearer == cases[_i].bearer, "%s: basic %d, bearer %d", cases[_i].line, c.basic, c.bearer);
	ck_assert_str_eq(c.realm, cases[_i].realm);
	ck_assert_str_eq(c.service, cases[_i].service);
	ck_assert_str_eq(c.scope, cases[_i].scope);
}
END_TEST

/* The longest that fits, and one more. */
START_TEST(lengths)
{
	static const struct {
		const char *name;
		size_t most;
	} parts[] = { { "realm", 2048 }, { "service", 1024 }, { "scope", 4096 } };
	for (size_t i = 0; i < 3; i++)
		for (size_t over = 0; over < 2; over++) {
			struct challenge c = { .basic = false };
			const char *const got[] = { c.realm, c.service, c.scope };
			_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(1 << 16);
			ingot_buf_fmt(&b, "Bearer %s=\"", parts[i].name);
			for (size_t n = 0; n < parts[i].most + over; n++)
				ingot_buf_char(&b, 'x');
			ingot_buf_char(&b, '"');
			challenge_read(&c, ingot_buf_view(&b));
			ck_assert_msg(strlen(got[i]) == (over ? 0 : parts[i].most), "%s: %zu", parts[i].name, strlen(got[i]));
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("challenge");
	TCase *t = tcase_create("challenge");
	tcase_add_loop_test(t, read_as_meant, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, lengths);
	suite_add_tcase(s, t);
	return run_suite(s);
}
