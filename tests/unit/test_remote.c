/* Images in registries by name: whom to ask, under what credentials are kept, and what a tag and a digest mean. */
#include "core_support.h"
#include <ingot/remote.h>

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *text, *host, *registry, *repository, *tag;
	bool digest, local;
} good[] = {
	{ "registry.example.com/team/app:1", "registry.example.com", "registry.example.com", "team/app", "1", false, false },
	{ "docker://registry.example.com/team/app:1", "registry.example.com", "registry.example.com", "team/app", "1", false, false },
	{ "registry.example.com:5000/app", "registry.example.com:5000", "registry.example.com:5000", "app", "latest", false, false },
	{ "registry.example.com:5000/app@sha256:" DIGITS, "registry.example.com:5000", "registry.example.com:5000", "app", "", true, false },
	{ "registry.example.com:5000/app:2@sha256:" DIGITS, "registry.example.com:5000", "registry.example.com:5000", "app", "2", true, false },
	{ "registry.example.com/app:latest@sha256:" DIGITS, "registry.example.com", "registry.example.com", "app", "latest", true, false },
	{ "registry.example.com/team/latest@sha256:" DIGITS, "registry.example.com", "registry.example.com", "team/latest", "", true, false },
	{ "app", "registry-1.docker.io", "docker.io", "library/app", "latest", false, false },
	{ "app@sha256:" DIGITS, "registry-1.docker.io", "docker.io", "library/app", "", true, false },
	{ "x/y@sha256:" DIGITS, "registry-1.docker.io", "docker.io", "x/y", "", true, false },
	{ "app:latest@sha256:" DIGITS, "registry-1.docker.io", "docker.io", "library/app", "latest", true, false },
	{ "index.docker.io/me/app:1", "registry-1.docker.io", "docker.io", "me/app", "1", false, false },
	{ "localhost/app:1", "localhost", "localhost", "app", "1", false, true },
	{ "localhost:5000/app:1", "localhost:5000", "localhost:5000", "app", "1", false, true },
	{ "127.0.0.1:5000/a/b/c:1", "127.0.0.1:5000", "127.0.0.1:5000", "a/b/c", "1", false, true },
	{ "[::1]:5000/app:1", "[::1]:5000", "[::1]:5000", "app", "1", false, true },
	{ "127.0.0.1.example.com/app:1", "127.0.0.1.example.com", "127.0.0.1.example.com", "app", "1", false, false },
	{ "localhost.example.com/app:1", "localhost.example.com", "localhost.example.com", "app", "1", false, false },
	{ "127.0.0.2:5000/app:1", "127.0.0.2:5000", "127.0.0.2:5000", "app", "1", false, false },
};

START_TEST(understood)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_remote r, again;
	ck_assert_msg(ingot_remote_parse(ingot_span_of(good[_i].text), &r, &err) == 0, "%s: %s", good[_i].text, err.msg);
	ck_assert_str_eq(r.host, good[_i].host);
	ck_assert_str_eq(r.registry, good[_i].registry);
	ck_assert_str_eq(r.repository, good[_i].repository);
	ck_assert_str_eq(r.tag, good[_i].tag);
	ck_assert(r.has_digest == good[_i].digest);
	ck_assert(ingot_remote_is_local(&r) == good[_i].local);
	if (r.has_digest)
		ck_assert_str_eq(INGOT_HEX(&r.digest), DIGITS);
	/* The whole text means the same. */
	ck_assert(ingot_remote_parse(ingot_span_of(r.text), &again, &err) == 0);
	ck_assert_str_eq(again.text, r.text);
	ck_assert_str_eq(again.tag, r.tag);
}
END_TEST

static const char *const bad[] = { "", "docker://", "docker://docker://registry.example.com/app", "https://registry.example.com/app", "registry.example.com/", "registry.example.com/App:1",
	"registry.example.com/app:", "registry.example.com/app@", "registry.example.com/app@sha256:", "registry.example.com/app@sha256:" DIGITS "0", "registry.example.com/app@sha512:" DIGITS,
	"registry.example.com/app@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", "@sha256:" DIGITS, "registry.example.com/app@sha256:" DIGITS "@sha256:" DIGITS,
	"registry.example.com/app:1:2", "registry.example.com/../app", "registry.example.com/a//b", "me:secret@registry.example.com/app", "registry.example.com:99:1/app", "registry.example.com/app?x=1",
	"registry.example.com/app#1", "registry.example.com/a b", "registry.example.com/app%2f", "registry.example.com/app\n", "registry.example.com\\@evil.example.com/app" };

START_TEST(refused)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_remote r;
	ck_assert_msg(ingot_remote_parse(ingot_span_of(bad[_i]), &r, &err) < 0, "accepted: %s as %s", bad[_i], r.text);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert(err.msg[0] && err.hint[0]);
}
END_TEST

START_TEST(nul_inside)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_remote r;
	ck_assert_int_eq(ingot_remote_parse((struct ingot_span){ "registry.example.com/app\0:1", 27 }, &r, &err), -1);
	ck_assert(ingot_is_remote(INGOT_SPAN("docker://x")) && !ingot_is_remote(INGOT_SPAN("docker:/x")) && !ingot_is_remote(INGOT_SPAN("")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("remote");
	TCase *t = tcase_create("remote");
	tcase_add_loop_test(t, understood, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(t, refused, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(t, nul_inside);
	suite_add_tcase(s, t);
	return run_suite(s);
}
