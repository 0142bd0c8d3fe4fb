/* Names of images: the full form is what gets signed, so there is one for each name. */
#include "oci_support.h"

static const struct {
	const char *text, *full, *repository, *familiar, *tag;
} good[] = {
	{ "app", "docker.io/library/app:latest", "docker.io/library/app", "app:latest", "latest" },
	{ "app:1.0", "docker.io/library/app:1.0", "docker.io/library/app", "app:1.0", "1.0" },
	{ "me/app:1.0", "docker.io/me/app:1.0", "docker.io/me/app", "me/app:1.0", "1.0" },
	{ "docker.io/app:1", "docker.io/library/app:1", "docker.io/library/app", "app:1", "1" },
	{ "docker.io/library/app:1", "docker.io/library/app:1", "docker.io/library/app", "app:1", "1" },
	{ "index.docker.io/library/app:1", "docker.io/library/app:1", "docker.io/library/app", "app:1", "1" },
	{ "registry.example.com/demo/app:1.0", "registry.example.com/demo/app:1.0", "registry.example.com/demo/app", "registry.example.com/demo/app:1.0", "1.0" },
	{ "localhost/app", "localhost/app:latest", "localhost/app", "localhost/app:latest", "latest" },
	{ "localhost:5000/a/b/c:x_Y.z-", "localhost:5000/a/b/c:x_Y.z-", "localhost:5000/a/b/c", "localhost:5000/a/b/c:x_Y.z-", "x_Y.z-" },
	{ "[::1]:5000/a:x", "[::1]:5000/a:x", "[::1]:5000/a", "[::1]:5000/a:x", "x" },
	{ "Upper/app", "Upper/app:latest", "Upper/app", "Upper/app:latest", "latest" }, /* cannot be a repository, so it is a host */
	{ "a__b/c.d--e_f:1", "docker.io/a__b/c.d--e_f:1", "docker.io/a__b/c.d--e_f", "a__b/c.d--e_f:1", "1" },
};

START_TEST(accepted)
{
	struct ingot_reference r;
	err = (struct ingot_err)INGOT_ERR_INIT;
	ok(ingot_reference_parse(ingot_span_of(good[_i].text), &r, &err));
	ck_assert_str_eq(r.full, good[_i].full);
	ck_assert_str_eq(r.repository, good[_i].repository);
	ck_assert_str_eq(r.familiar, good[_i].familiar);
	ck_assert_str_eq(r.tag, good[_i].tag);
	/* the full form is its own full form */
	struct ingot_reference again;
	ok(ingot_reference_parse(ingot_span_of(r.full), &again, &err));
	ck_assert_str_eq(again.full, r.full);
}
END_TEST

static const char *const bad[] = { "", ":1", "/app", "app/", "App", "a//b", "app:", "app:-x", "app:.x", "app: x", "a b", "app\"", "app\\", "-app", "app-", "a___b", "a..b", "a._b",
	"app@sha256:0000000000000000000000000000000000000000000000000000000000000000", "registry.example.com:port/app", "registry.example.com:/app", ".example.com/app", "a.-b.com/x",
	"example.com-/x", "[::1/x", "app:1:2", "\xc3\xa4pp", "registry.example.com/",
	"app:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

START_TEST(refused_names)
{
	struct ingot_reference r;
	refused(ingot_reference_parse(ingot_span_of(bad[_i]), &r, &err), INGOT_E_INPUT);
	ck_assert(err.hint[0] != '\0');
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reference");
	TCase *t = tcase_create("reference");
	tcase_add_loop_test(t, accepted, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(t, refused_names, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	suite_add_tcase(s, t);
	return run_suite(s);
}
