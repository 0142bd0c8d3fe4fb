/* Credential files of docker and podman: which entry counts for which image, and what of them is refused. */
#include "mirror_support.h"
#include "run_suite.h"
#include <ingot/credentials.h>

/* Each value is the base64 of "NAME:word". */
#define ONE "{\"auth\":\"b25lOndvcmQ=\"}"
#define TWO "{\"auth\":\"dHdvOndvcmQ=\"}"
#define THREE "{\"auth\":\"dGhyZWU6d29yZA==\"}"
#define AUTHS(x) "{\"auths\":{" x "}}"
#define APP "registry.example.com/team/app:1"

static const struct {
	const char *image, *text, *user; /* NULL: none */
} cases[] = {
	{ APP, AUTHS("\"registry.example.com\":" ONE), "one" },
	{ APP, AUTHS("\"registry.example.com/team\":" ONE), "one" },
	{ APP, AUTHS("\"registry.example.com/team/app\":" ONE), "one" },
	/* the longest, wherever it stands */
	{ APP, AUTHS("\"registry.example.com\":" ONE ",\"registry.example.com/team\":" TWO ",\"registry.example.com/team/app\":" THREE), "three" },
	{ APP, AUTHS("\"registry.example.com/team/app\":" THREE ",\"registry.example.com/team\":" TWO ",\"registry.example.com\":" ONE), "three" },
	{ APP, AUTHS("\"registry.example.com/team\":" TWO ",\"registry.example.com\":" ONE), "two" },
	/* whole names only */
	{ APP, AUTHS("\"registry.example.com/team/ap\":" ONE), NULL },
	{ APP, AUTHS("\"registry.example.com/team/app/more\":" ONE), NULL },
	{ APP, AUTHS("\"registry.example.com/tea\":" ONE), NULL },
	{ APP, AUTHS("\"registry.example.co\":" ONE), NULL },
	{ APP, AUTHS("\"example.com\":" ONE), NULL },
	{ APP, AUTHS("\"registry.example.com:443\":" ONE), NULL },
	{ APP, AUTHS("\"\":" ONE), NULL },
	{ APP, AUTHS("\"/\":" ONE), NULL },
	{ "registry.example.com:5000/app", AUTHS("\"registry.example.com\":" ONE), NULL },
	{ "registry.example.com:5000/app", AUTHS("\"registry.example.com:5000\":" ONE), "one" },
	{ "registry.example.com.evil.example/app", AUTHS("\"registry.example.com\":" ONE), NULL },
	/* as docker writes them */
	{ APP, AUTHS("\"https://registry.example.com/v2/\":" ONE), "one" },
	{ APP, AUTHS("\"https://registry.example.com/v1/\":" ONE), "one" },
	{ APP, AUTHS("\"http://registry.example.com\":" ONE), "one" },
	{ APP, AUTHS("\"https://registry.example.com/\":" ONE), "one" },
	{ "app", AUTHS("\"https://index.docker.io/v1/\":" ONE), "one" },
	{ "me/app", AUTHS("\"docker.io\":" ONE), "one" },
	{ "me/app", AUTHS("\"docker.io/me\":" TWO ",\"https://index.docker.io/v1/\":" ONE), "two" },
	{ APP, AUTHS("\"https://index.docker.io/v1/\":" ONE), NULL },
	/* a repository may be called v2 */
	{ "registry.example.com/team/v2:1", AUTHS("\"registry.example.com/team/v2\":" ONE), "one" },
	{ APP, AUTHS("\"registry.example.com/team/v2\":" ONE), NULL },
	/* other forms of an entry */
	{ APP, AUTHS("\"registry.example.com\":{\"username\":\"one\",\"password\":\"word\"}"), "one" },
	{ APP, AUTHS("\"registry.example.com\":{}"), NULL },
	{ APP, AUTHS("\"registry.example.com\":null"), NULL },
	{ APP, "{}", NULL },
	{ APP, "{\"auths\":null}", NULL },
	{ APP, "{\"auths\":[]}", NULL },
	{ APP, "{\"auths\":{},\"credsStore\":\"vault\"}", NULL },
	{ APP, "{\"auths\":{\"registry.example.com\":" ONE "},\"credsStore\":\"vault\"}", "one" },
	{ APP, "{\"credHelpers\":{\"other.example.com\":\"vault\"}}", NULL },
};

static char *file_with(const char *text)
{
	put_file("auth.json", text, strlen(text));
	return in_scratch("auth.json");
}

START_TEST(matching)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_remote r;
	struct ingot_credential c = { .user = "" };
	make_scratch();
	_cleanup_(ingot_freep) char *path = file_with(cases[_i].text);
	ck_assert(ingot_remote_parse(ingot_span_of(cases[_i].image), &r, &err) == 0);
	int found = ingot_credential_find(&r, path, &c, &err);
	ck_assert_msg(found == (cases[_i].user != NULL), "%s for %s: %d %s", cases[_i].text, cases[_i].image, found, err.msg);
	if (found) {
		ck_assert_str_eq(c.user, cases[_i].user);
		ck_assert_str_eq(c.password, "word");
		ck_assert_str_eq(c.identity, "");
		ck_assert_str_eq(c.file, path);
	}
	ck_assert(strcmp(c.helper, !found && strstr(cases[_i].text, "credsStore") ? "vault" : "") == 0);
	ingot_credential_forget(&c);
	ck_assert(!c.user[0] && !c.password[0]);
	drop_scratch();
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "auth.json" },
	{ "{", "auth.json" },
	{ "{\"auths\":{\"registry.example.com\":{\"auth\":\"!!!\"}}}", "no" },
	{ "{\"auths\":{\"registry.example.com\":{\"auth\":\"b25l\"}}}", "no name and password" },      /* no colon */
	{ "{\"auths\":{\"registry.example.com\":{\"auth\":\"OndvcmQ=\"}}}", "" },                        /* no name: see below */
	{ "{\"auths\":{\"registry.example.com\":{\"auth\":\"b25lOgBvcmQ=\"}}}", "no name and password" }, /* a NUL */
	{ "{\"auths\":{\"registry.example.com\":{\"auth\":5}}}", "cannot be used" },
	{ "{\"auths\":{\"registry.example.com\":{\"identitytoken\":[]}}}", "cannot be used" },
	{ "{\"credHelpers\":{\"registry.example.com\":\"vault\"}}", "docker-credential-vault" },
	{ "{\"auths\":{\"registry.example.com\":{}},\"credsStore\":\"vault\"}", "docker-credential-vault" },
};

START_TEST(refused)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_remote r;
	struct ingot_credential c = { .user = "" };
	make_scratch();
	_cleanup_(ingot_freep) char *path = file_with(bad[_i].text);
	ck_assert(ingot_remote_parse(INGOT_SPAN(APP), &r, &err) == 0);
	int found = ingot_credential_find(&r, path, &c, &err);
	if (!bad[_i].says[0]) {
		ck_assert_int_eq(found, 0); /* nobody: no credential */
	} else {
		ck_assert_msg(found < 0, "%s gives %d, %s", bad[_i].text, found, c.user);
		ck_assert_msg(strstr(err.msg, bad[_i].says) && strstr(err.msg, path), "%s", err.msg);
		ck_assert(!strstr(err.msg, "b25l"));
	}
	drop_scratch();
}
END_TEST

START_TEST(identity)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_remote r;
	struct ingot_credential c = { .user = "" };
	make_scratch();
	_cleanup_(ingot_freep) char *path = file_with("{\"auths\":{\"registry.example.com\":{\"auth\":\"MDAwOg==\",\"identitytoken\":\"tok.en\"}}}");
	ck_assert(ingot_remote_parse(INGOT_SPAN(APP), &r, &err) == 0);
	ck_assert_int_eq(ingot_credential_find(&r, path, &c, &err), 1);
	ck_assert_str_eq(c.identity, "tok.en");
	ck_assert_int_eq(ingot_credential_find(&r, "/nonexistent/auth.json", &c, &err), -1);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert(strstr(err.msg, "/nonexistent/auth.json"));
	drop_scratch();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("credentials");
	TCase *t = tcase_create("credentials");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, matching, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(t, refused, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(t, identity);
	suite_add_tcase(s, t);
	return run_suite(s);
}
