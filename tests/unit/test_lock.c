/* Locks: one text for each, read back equal; damage and staleness are seen and named. */
#include "recipe_fixture.h"
#include "run_suite.h"
#include <ingot/lock.h>
#include <ingot/mem.h>
#include <sys/stat.h>

#define RECIPE "ingot: 1\nname: web\nstages:\n  build:\n    packages: [gcc]\nimage:\n  packages: [nginx, ca-certificates]\n  user: web\n"
#define HEX "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"

static char lock_path[160];

static struct ingot_lock *sample(void)
{
	struct ingot_arena *a = ingot_arena_new();
	struct ingot_lock *l = ingot_arena_alloc(a, sizeof(*l));
	l->arena = a;
	l->date = 1783764997;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe(RECIPE);
	ingot_lock_key(r, &l->key);
	static const char *const suites[] = { "bookworm", "bookworm-updates", "bookworm-security" };
	l->releases = ingot_arena_array(a, 3, sizeof(*l->releases));
	for (; l->n_releases < 3; l->n_releases++) {
		struct ingot_locked_release *rel = &l->releases[l->n_releases];
		*rel = (struct ingot_locked_release){ .source = "debian", .suite = suites[l->n_releases], .codename = "bookworm", .key = "4D64FEC119C2029067D6E791F8D2585B8783D481", .date = 1783764997 };
		ck_assert_int_eq(ingot_digest_parse_hex(INGOT_SPAN(HEX), &rel->sha256), 0);
	}
	l->sets = ingot_arena_array(a, 2, sizeof(*l->sets));
	l->n_sets = 2;
	static const char *gcc[] = { "gcc" }, *web[] = { "nginx", "ca-certificates" };
	static const struct ingot_place at[2];
	l->sets[0] = (struct ingot_locked_set){ .name = "build", .from = "debian", .install = { gcc, at, 1 } };
	l->sets[1] = (struct ingot_locked_set){ .name = "image", .from = "debian", .install = { web, at, 2 } };
	struct ingot_locked_package *p = l->sets[1].packages = ingot_arena_array(a, 2, sizeof(*p));
	l->sets[1].n_packages = 2;
	p[0] = (struct ingot_locked_package){ .name = "ca-certificates", .version = "20230311+deb12u1", .arch = "all", .path = "pool/main/c/ca-certificates/ca-certificates_20230311_all.deb", .suite = "bookworm", .source = "ca-certificates", .size = 153284 };
	p[1] = (struct ingot_locked_package){ .name = "libc6", .version = "2:2.36-9~x+b1", .arch = "amd64", .path = "pool/main/g/glibc/libc6_2%3a2.36-9_amd64.deb", .suite = "bookworm", .source = "glibc", .size = 1 };
	ck_assert_int_eq(ingot_digest_parse_hex(INGOT_SPAN(HEX), &p[0].sha256), 0);
	ck_assert_int_eq(ingot_digest_parse_hex(INGOT_SPAN(HEX), &p[1].sha256), 0);
	return l;
}

static void setup(void)
{
	fixture_setup();
	char *p = ingot_lock_path(fixture_path);
	(void)snprintf(lock_path, sizeof(lock_path), "%s", p);
	free(p);
}

START_TEST(paths)
{
	static const char *const names[][2] = { { "web.yaml", "web.lock.yaml" }, { "a/web.yml", "a/web.lock.yaml" }, { "web.json", "web.lock.yaml" }, { "web", "web.lock.yaml" }, { "./x.y.yaml", "./x.y.lock.yaml" } };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *p = ingot_lock_path(names[i][0]);
		ck_assert_str_eq(p, names[i][1]);
		free(p);
	}
}
END_TEST

START_TEST(round_trip)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = sample(), *back = NULL;
	mode_t mask = umask(0077);
	if (ingot_lock_write(lock_path, l, &err) < 0)
		ck_abort_msg("%s %s", err.where, err.msg);
	(void)umask(mask);
	struct stat st;
	ck_assert_int_eq(stat(lock_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
	ck_assert_int_eq(ingot_lock_read(lock_path, &back, &err), 0);
	_cleanup_(ingot_buf_done) struct ingot_buf x = INGOT_BUF(100000), y = INGOT_BUF(100000);
	ingot_lock_text(l, &x);
	ingot_lock_text(back, &y);
	ck_assert_str_eq(ingot_buf_cstr(&x), ingot_buf_cstr(&y));
	ck_assert_str_eq(ingot_lock_set(back, "image")->packages[1].version, "2:2.36-9~x+b1");
	ck_assert_ptr_null(ingot_lock_set(back, "other"));
	ck_assert_uint_eq(back->n_releases, 3);
	ck_assert_int_eq(back->date, 1783764997);
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe(RECIPE);
	ck_assert_int_eq(ingot_lock_check(r, back, &err), 0);
}
END_TEST

START_TEST(empty)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = sample(), *back = NULL;
	l->n_releases = l->n_sets = 0;
	ck_assert_int_eq(ingot_lock_write(lock_path, l, &err), 0);
	ck_assert_int_eq(ingot_lock_read(lock_path, &back, &err), 0);
	ck_assert_uint_eq(back->n_sets, 0);
}
END_TEST

START_TEST(missing)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe(RECIPE);
	struct ingot_lock *l = (struct ingot_lock *)r;
	ck_assert_int_eq(ingot_lock_read(lock_path, &l, &err), 0);
	ck_assert_ptr_null(l);
	ck_assert_int_eq(err.code, INGOT_OK);
	ck_assert_int_lt(ingot_lock_check(r, l, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.hint, "ingot lock "));
	ck_assert_ptr_nonnull(strstr(err.hint, "web.yaml"));
	ck_assert_int_lt(ingot_lock_read(fixture_dir, &l, &err), 0); /* a directory is not "missing" */
}
END_TEST

/* Each byte of a lock changed, removed, doubled: refused, or (a digit, a letter of a word) read as another lock that writes itself. */
START_TEST(every_byte)
{
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = sample();
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(100000);
	l->n_sets = 1; /* short, because each try is a process */
	l->n_releases = 1;
	ingot_lock_text(l, &text);
	static const char with[] = { '\n', ' ', '#', '"', '0', '{', ']', ':', '\t' };
	for (size_t i = 0; i < text.n; i += 3) {
		_cleanup_(ingot_lock_freep) struct ingot_lock *back = NULL;
		_cleanup_(ingot_buf_done) struct ingot_buf bad = INGOT_BUF(100000), again = INGOT_BUF(100000);
		ingot_buf_put(&bad, text.p, i);
		ingot_buf_char(&bad, with[i % sizeof(with)]);
		ingot_buf_put(&bad, text.p + i + (i % 2), text.n - i - (i % 2));
		fixture_write(lock_path, bad.p, bad.n);
		struct ingot_err err = INGOT_ERR_INIT;
		if (ingot_lock_read(lock_path, &back, &err) < 0) {
			ck_assert_int_eq(err.code, INGOT_E_INPUT);
			ck_assert_str_ne(err.where, "");
			continue;
		}
		ingot_lock_text(back, &again);
		ck_assert(ingot_span_eq(ingot_buf_view(&again), ingot_buf_view(&bad)));
	}
}
END_TEST

START_TEST(words_that_do_not_fit)
{
	struct ingot_err err = INGOT_ERR_INIT;
	static const char *const bad[] = { "", "a b", "a,b", "a}", "\"a\"", "a:", "#a", "-a", "a\nb", "\xc3\xbc" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_cleanup_(ingot_lock_freep) struct ingot_lock *l = sample();
		l->sets[1].packages[1].version = bad[i];
		ck_assert_int_lt(ingot_lock_write(lock_path, l, &err), 0);
		ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
		ck_assert_ptr_nonnull(strstr(err.msg, "libc6"));
	}
	ck_assert_int_ne(access(lock_path, F_OK), 0);
}
END_TEST

START_TEST(unsorted)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = sample();
	l->sets[1].packages[1].name = "ca-certificates";
	ck_assert_int_lt(ingot_lock_write(lock_path, l, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "not in order"));
}
END_TEST

static const struct {
	const char *recipe, *says, *where;
} changes[] = {
	{ "ingot: 1\nname: web\nstages:\n  build:\n    packages: [gcc]\nimage:\n  packages: [nginx, curl, ca-certificates]\n  user: web\n", "\"curl\" is new", ":7:21" },
	{ "ingot: 1\nname: web\nstages:\n  build:\n    packages: [gcc]\nimage:\n  packages: [nginx]\n  user: web\n", "\"ca-certificates\" is no longer", ":7:3" },
	{ "ingot: 1\nname: web\nimage:\n  packages: [nginx, ca-certificates]\n  user: web\n", "no stage \"build\"", "" },
	{ "ingot: 1\nname: web\nstages:\n  build:\n    packages: [gcc]\nimage:\n  user: web\n", "image has no packages", "" },
	{ "ingot: 1\nname: web\nstages:\n  build:\n    packages: [gcc]\n  more:\n    packages: [make]\nimage:\n  packages: [nginx, ca-certificates]\n  user: web\n", "packages of more", ":7:5" },
	{ "ingot: 1\nname: web\nsources:\n  debian: {packages: debian, suites: [bookworm, bookworm-backports]}\nstages:\n  build:\n    packages: [gcc]\nimage:\n  packages: [nginx, ca-certificates]\n  user: web\n", "bookworm-backports", ":4:49" },
	{ "ingot: 1\nname: web\nstages:\n  build:\n    packages: {install: [gcc], exclude: [perl-base]}\nimage:\n  packages: [nginx, ca-certificates]\n  user: web\n", "excludes", "" },
};

START_TEST(staleness_is_named)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = sample();
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe(changes[_i].recipe);
	ck_assert_int_lt(ingot_lock_check(r, l, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_msg(strstr(err.msg, changes[_i].says), "%s", err.msg);
	ck_assert_msg(strstr(err.where, changes[_i].where), "%s", err.where);
	ck_assert_ptr_nonnull(strstr(err.hint, "ingot lock "));
}
END_TEST

START_TEST(what_does_not_matter)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = sample();
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe("ingot: 1\nname: other\nversion: 2\nsources:\n  debian: {packages: debian, suites: [bookworm-security, bookworm, bookworm-updates]}\n"
									      "stages:\n  unused: {}\n  build:\n    packages: [gcc]\n    steps:\n    - run: x\n"
									      "image:\n  packages: {install: [ca-certificates, nginx]}\n  user: web\n  env: {A: b}\n");
	if (ingot_lock_check(r, l, &err) < 0)
		ck_abort_msg("%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lock");
	TCase *t = tcase_create("lock");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, fixture_teardown);
	tcase_add_test(t, paths);
	tcase_add_test(t, round_trip);
	tcase_add_test(t, empty);
	tcase_add_test(t, missing);
	tcase_add_test(t, every_byte);
	tcase_add_test(t, words_that_do_not_fit);
	tcase_add_test(t, unsorted);
	tcase_add_loop_test(t, staleness_is_named, 0, (int)(sizeof(changes) / sizeof(changes[0])));
	tcase_add_test(t, what_does_not_matter);
	suite_add_tcase(s, t);
	return run_suite(s);
}
