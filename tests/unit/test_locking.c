/* From a recipe to a lock and to packages in the store, over small signed repositories, good and bad (tests/integration/mkcases.py). */
#include "mirror_support.h"
#include "run_suite.h"
#include <ingot/acquire.h>
#include <ingot/locking.h>

#define DATE 1700000000
#define DAY 86400

static struct ingot_store *store;
static struct ingot_recipe *recipe;
static char *good_key;
static char said[4096]; /* by the log */

static void event(void *ctx, enum ingot_level level, const char *text)
{
	(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", text);
}
static const struct ingot_log logger = { .event = event };

static void once(void)
{
	make_scratch();
	ck_assert_int_eq(run_program((const char *const[]){ "python3", INGOT_TESTS "/integration/mkcases.py", scratch, NULL }), 0);
}

static void setup(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_freep) char *path = ingot_strf("%s/store.%d", scratch, (int)getpid());
	good_key = in_scratch("good.asc");
	ck_assert_msg(ingot_store_open(path, NULL, &store, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	ingot_store_close(store);
	if (recipe)
		ingot_recipe_free(TAKE_PTR(recipe));
	free(TAKE_PTR(good_key));
}

static void use_recipe(const char *suites, const char *install)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_freep) char *name = ingot_strf("r%d.yaml", (int)getpid()), *path = in_scratch(name);
	_cleanup_(ingot_freep) char *text = ingot_strf("ingot: 1\nname: t\nsources:\n  debian: { packages: debian, suites: [%s] }\nstages:\n  build:\n    packages: [hello]\nimage:\n  packages:\n"
						       "    install: [%s]\n  user: web\n  entrypoint: [/x]\n", suites, install);
	put_file(name, text, strlen(text));
	if (recipe)
		ingot_recipe_free(TAKE_PTR(recipe));
	ck_assert_msg(ingot_recipe_load(path, NULL, 0, &recipe, &err) == 0, "%s:%s %s", err.where, err.msg, err.hint);
}

static struct ingot_mirrors *mirrors_of(const char *const *urls, size_t n)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_mirrors *m = NULL;
	struct ingot_mirror_config c = { .options = urls, .n_options = n, .apt_dir = "" };
	ck_assert_msg(ingot_mirrors_new(&c, NULL, &m, &err) == 0, "%s", err.msg);
	return m;
}

static struct ingot_lock_options defaults(const struct ingot_mirrors *m)
{
	return (struct ingot_lock_options){ .mirrors = m, .keys = (const char *const *)&good_key, .n_keys = 1, .now = DATE + DAY };
}

static int lock_with(const char *repo, const struct ingot_lock *old, struct ingot_lock_options o, struct ingot_lock **ret, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *url = ingot_strf("%s/repos/%s", scratch, repo);
	_cleanup_(ingot_mirrors_freep) struct ingot_mirrors *m = mirrors_of((const char *const *)&url, 1);
	said[0] = 0;
	o.mirrors = m;
	return ingot_lock_make(recipe, old, &o, &logger, store, ret, err);
}

static struct ingot_lock *good_lock(const char *repo)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_lock *l = NULL;
	ck_assert_msg(lock_with(repo, NULL, defaults(NULL), &l, &err) == 0, "%s", err.msg);
	return l;
}

START_TEST(a_lock)
{
	struct ingot_err err = INGOT_ERR_INIT;
	use_recipe("bookworm, bookworm-updates, bookworm-security", "web");
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = good_lock("good"), *again = NULL, *back = NULL;
	ck_assert_uint_eq(l->n_releases, 3);
	ck_assert_str_eq(l->releases[2].suite, "bookworm-security");
	ck_assert_int_eq(l->releases[0].date, DATE);
	ck_assert_int_eq(l->date, DATE + DAY);
	_cleanup_(ingot_buf_done) struct ingot_buf fpr = INGOT_BUF(1000), text = INGOT_BUF(1 << 20), text2 = INGOT_BUF(1 << 20);
	_cleanup_(ingot_freep) char *path = in_scratch("fingerprint"), *file = in_scratch("x.lock.yaml");
	ck_assert_int_eq(ingot_read_file(path, 1000, &fpr, &err), 0);
	ck_assert_str_eq(l->releases[0].key, ingot_buf_cstr(&fpr));
	ck_assert_uint_eq(l->n_sets, 2);
	ck_assert_str_eq(l->sets[0].name, "build");
	ck_assert_uint_eq(l->sets[0].n_packages, 2);
	const struct ingot_locked_set *image = ingot_lock_set(l, "image");
	ck_assert_uint_eq(image->n_packages, 3);
	ck_assert_str_eq(image->packages[0].name, "httpd");
	ck_assert_str_eq(image->packages[0].version, "3+deb12u1");
	ck_assert_str_eq(image->packages[0].suite, "bookworm-security");
	ck_assert_str_eq(image->packages[2].arch, "all");
	/* the same again, now with the indexes from the store; written, read back, fits the recipe; no place is named */
	ck_assert_msg(lock_with("good", l, defaults(NULL), &again, &err) == 0, "%s", err.msg);
	ingot_lock_text(l, &text);
	ingot_lock_text(again, &text2);
	ck_assert_str_eq(ingot_buf_cstr(&text), ingot_buf_cstr(&text2));
	ck_assert_ptr_null(strstr(ingot_buf_cstr(&text), scratch));
	ck_assert_msg(ingot_lock_write(file, l, &err) == 0, "%s", err.msg);
	ck_assert_msg(ingot_lock_read(file, &back, &err) == 0 && back, "%s", err.msg);
	ck_assert_msg(ingot_lock_check(recipe, back, &err) == 0, "%s", err.msg);
}
END_TEST

static const char *const fine[] = { "good", "no-by-hash", "gz-only", "plain-only", "newer" };

START_TEST(forms_of_indexes)
{
	use_recipe("bookworm", "web, hello");
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = good_lock(fine[_i]);
	ck_assert_uint_eq(ingot_lock_set(l, "image")->n_packages, 4);
}
END_TEST

static const struct {
	const char *repo, *suites, *install;
	enum ingot_code code;
	const char *says, *hint;
} bad[] = {
	{ "other-key", "bookworm", "web", INGOT_E_OUTSIDE, "InRelease of bookworm: signed only by keys that are not known here", "keys that count: " },
	{ "swapped", "bookworm", "web", INGOT_E_OUTSIDE, "serves another suite as bookworm: its Release says codename bullseye", "another mirror" },
	{ "bad-index", "bookworm", "web", INGOT_E_OUTSIDE, "package index of bookworm main", "" },
	{ "bad-unpacked", "bookworm", "web", INGOT_E_OUTSIDE, "package index of bookworm main", "" },
	{ "bad-packed", "bookworm", "web", INGOT_E_OUTSIDE, "package index of bookworm main: expected sha256:", "" },
	{ "nonsense", "bookworm", "web", INGOT_E_INPUT, "there is no package ", "" },
	{ "none", "bookworm", "web", INGOT_E_OUTSIDE, "mirror directory", "mirror" },
	{ "good", "trixie", "web", INGOT_E_OUTSIDE, "InRelease of trixie is not in the mirror directory", "mirror" },
	{ "good", "bookworm", "wbe", INGOT_E_INPUT, "there is no package wbe in bookworm", "is it web?" },
	{ "good", "bookworm", "httpd-virtual", INGOT_E_INPUT, "a name that others provide", "install one of: httpd" },
	{ "good", "bookworm", "web=2.0", INGOT_E_INPUT, "web has no version 2.0", "1.0 (bookworm)" },
};

START_TEST(refused)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_lock *l = NULL;
	use_recipe(bad[_i].suites, bad[_i].install);
	ck_assert_int_lt(lock_with(bad[_i].repo, NULL, defaults(NULL), &l, &err), 0);
	ck_assert_ptr_null(l);
	ck_assert_msg(err.code == bad[_i].code, "%d %s", err.code, err.msg);
	ck_assert_msg(strstr(err.msg, bad[_i].says) != NULL, "%s", err.msg);
	ck_assert_msg(strstr(err.hint, bad[_i].hint) != NULL, "%s", err.hint);
	/* the user's own words are wrong: the message says where */
	if (strncmp(bad[_i].install, "web", 3) != 0)
		ck_assert_msg(strstr(err.where, ".yaml:10:") != NULL, "%s", err.where);
}
END_TEST

START_TEST(expiry)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_lock *l = NULL;
	use_recipe("bookworm", "web");
	struct ingot_lock_options o = defaults(NULL);
	o.now = DATE + 8 * DAY;
	ck_assert_int_lt(lock_with("good", NULL, o, &l, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_msg(strstr(err.msg, "valid until 2023-11-21") && strstr(err.hint, "--ignore-valid-until"), "%s %s", err.msg, err.hint);
	o.ignore_valid_until = true;
	ck_assert_int_eq(lock_with("good", NULL, o, &l, &err), 0);
	ck_assert_msg(strstr(said, "--ignore-valid-until") != NULL, "%s", said);
	ingot_lock_free(l);
	/* a clock that is far behind is told, not refused */
	o.now = DATE - 30 * DAY;
	ck_assert_int_eq(lock_with("good", NULL, o, &l, &err), 0);
	ck_assert_msg(strstr(said, "clock") != NULL, "%s", said);
	ingot_lock_free(l);
}
END_TEST

START_TEST(rollback)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_lock *l = NULL;
	use_recipe("bookworm", "hello");
	_cleanup_(ingot_lock_freep) struct ingot_lock *old = good_lock("good"), *fresh = NULL;
	struct ingot_lock_options o = defaults(NULL);
	ck_assert_int_lt(lock_with("older", old, o, &l, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_msg(strstr(err.msg, "of 2023-11-13, older than the lock's, which is of 2023-11-14") && strstr(err.hint, "--allow-older-release"), "%s %s", err.msg, err.hint);
	o.allow_older_release = true;
	ck_assert_int_eq(lock_with("older", old, o, &l, &err), 0);
	ck_assert_msg(strstr(said, "--allow-older-release") != NULL, "%s", said);
	ingot_lock_free(l);
	ck_assert_int_eq(lock_with("newer", old, defaults(NULL), &fresh, &err), 0);
	_cleanup_(ingot_buf_done) struct ingot_buf changes = INGOT_BUF(10000), none = INGOT_BUF(100), first = INGOT_BUF(10000);
	ingot_lock_changes(old, fresh, &changes);
	ck_assert_str_eq(ingot_buf_cstr(&changes), "build: hello 2.10-3 -> 2.10-3+deb12u1 (bookworm)\nimage: hello 2.10-3 -> 2.10-3+deb12u1 (bookworm)\n");
	ingot_lock_changes(old, old, &none);
	ck_assert_uint_eq(none.n, 0);
	ingot_lock_changes(NULL, old, &first);
	ck_assert_str_eq(ingot_buf_cstr(&first), "build: + hello 2.10-3 (bookworm)\nbuild: + libc6 2.36-9 (bookworm)\nimage: + hello 2.10-3 (bookworm)\nimage: + libc6 2.36-9 (bookworm)\n");
}
END_TEST

START_TEST(changes_put_security_first)
{
	use_recipe("bookworm", "web, hello");
	_cleanup_(ingot_lock_freep) struct ingot_lock *old = good_lock("good"), *fresh = NULL;
	use_recipe("bookworm, bookworm-security", "web");
	fresh = good_lock("good");
	_cleanup_(ingot_buf_done) struct ingot_buf changes = INGOT_BUF(10000);
	ingot_lock_changes(old, fresh, &changes);
	ck_assert_str_eq(ingot_buf_cstr(&changes), "image: httpd 3 -> 3+deb12u1 (bookworm-security)\nimage: - hello 2.10-3\n");
}
END_TEST

START_TEST(mirrors_in_turn)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_lock *l = NULL;
	use_recipe("bookworm", "web");
	/* one that is down, one with another's signature, one that is right */
	_cleanup_(ingot_freep) char *a = ingot_strf("%s/repos/other-key", scratch), *b = ingot_strf("%s/repos/good", scratch);
	const char *const urls[] = { "/nonexistent/mirror", a, b };
	_cleanup_(ingot_mirrors_freep) struct ingot_mirrors *m = mirrors_of(urls, 3);
	struct ingot_lock_options o = defaults(m);
	ck_assert_msg(ingot_lock_make(recipe, NULL, &o, NULL, store, &l, &err) == 0, "%s", err.msg);
	ingot_lock_free(l);
}
END_TEST

START_TEST(acquiring)
{
	struct ingot_err err = INGOT_ERR_INIT;
	use_recipe("bookworm, bookworm-security", "web, hello");
	_cleanup_(ingot_lock_freep) struct ingot_lock *l = good_lock("good");
	const struct ingot_locked_set *set = ingot_lock_set(l, "image");
	_cleanup_(ingot_freep) char *good = ingot_strf("%s/repos/good", scratch), *exchanged = ingot_strf("%s/repos/bad-pool", scratch);
	struct fake f;
	fake_start(&f, "repos/good", "[{\"path\":\"libc6\",\"fault\":\"truncate\",\"times\":1},{\"path\":\"web\",\"fault\":\"flip\",\"times\":1}]", NULL);
	const char *urls[] = { exchanged, f.url };
	_cleanup_(ingot_mirrors_freep) struct ingot_mirrors *net = mirrors_of(urls + 1, 1), *worse = mirrors_of(urls, 1), *both = mirrors_of(urls, 2);
	/* nothing to fetch it from; nothing may be fetched; only wrong bytes */
	ck_assert_int_lt(ingot_acquire_packages(store, set, NULL, false, NULL, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_HOST);
	ck_assert_int_lt(ingot_acquire_packages(store, set, net, true, NULL, &err), 0);
	ck_assert_msg(err.code == INGOT_E_OUTSIDE && strstr(err.msg, "--offline"), "%s", err.msg);
	err = (struct ingot_err)INGOT_ERR_INIT;
	ck_assert_int_lt(ingot_acquire_packages(store, set, worse, false, NULL, &err), 0);
	ck_assert_msg(err.code == INGOT_E_OUTSIDE && strstr(err.msg, "package ") && strstr(err.hint, "ingot lock --update"), "%s %s", err.msg, err.hint);
	for (const char *p = strstr(err.msg, "package hello"); p; p = NULL) /* it is the exchanged one: both digests */
		ck_assert_ptr_nonnull(strstr(strstr(p, "sha256:") + 7, "sha256:"));
	/* two mirrors, of which one is half wrong and the other falters: all there */
	ck_assert_msg(ingot_acquire_packages(store, set, both, false, NULL, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < set->n_packages; i++)
		ck_assert(ingot_store_has(store, &set->packages[i].sha256));
	fake_stop(&f);
	/* and now nothing more is asked for */
	ck_assert_int_eq(ingot_acquire_packages(store, set, NULL, true, NULL, &err), 0);
}
END_TEST

START_TEST(over_the_network)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_lock *l = NULL;
	use_recipe("bookworm, bookworm-security", "web");
	struct fake f;
	fake_start(&f, "repos/good", "[{\"path\":\"InRelease\",\"fault\":\"truncate\",\"times\":1},{\"path\":\"by-hash\",\"fault\":\"status\",\"arg\":500,\"times\":1}]", NULL);
	const char *url = f.url;
	_cleanup_(ingot_mirrors_freep) struct ingot_mirrors *m = mirrors_of(&url, 1);
	struct ingot_lock_options o = defaults(m);
	ck_assert_msg(ingot_lock_make(recipe, NULL, &o, NULL, store, &l, &err) == 0, "%s", err.msg);
	ingot_lock_free(l);
	/* the indexes are kept: only the releases are asked for again */
	size_t before = fake_requests(&f, "by-hash");
	ck_assert_msg(ingot_lock_make(recipe, NULL, &o, NULL, store, &l, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(fake_requests(&f, "by-hash"), before);
	ingot_lock_free(l);
	/* a damaged index in the store is noticed, and fetched again the next time */
	o.offline = true;
	ck_assert_int_lt(ingot_lock_make(recipe, NULL, &o, NULL, store, &l, &err), 0);
	ck_assert_msg(strstr(err.msg, "--offline") != NULL, "%s", err.msg);
	fake_stop(&f);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

int main(void)
{
	Suite *s = suite_create("locking");
	TCase *t = tcase_create("locking");
	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, once, drop_scratch);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_lock);
	tcase_add_loop_test(t, forms_of_indexes, 0, COUNT(fine));
	tcase_add_loop_test(t, refused, 0, COUNT(bad));
	tcase_add_test(t, expiry);
	tcase_add_test(t, rollback);
	tcase_add_test(t, changes_put_security_first);
	tcase_add_test(t, mirrors_in_turn);
	tcase_add_test(t, acquiring);
	tcase_add_test(t, over_the_network);
	suite_add_tcase(s, t);
	return run_suite(s);
}
