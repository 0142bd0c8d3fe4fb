/* Resolution against the kernel's own, on random forests of links; then fit, which is made of it. */
#include "../property/gen.h"
#include "core_support.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- a tree laid out --- */

static const char *cstr(struct ingot_span s, char room[INGOT_MAX_PATH + 1])
{
	memcpy(room, s.p, s.n);
	room[s.n] = '\0';
	return room;
}

static void lay_out(const struct ingot_tree *t, int root)
{
	for (size_t i = 1; i < ingot_tree_count(t); i++) {
		char path[INGOT_MAX_PATH + 1], target[INGOT_MAX_PATH + 1];
		const struct ingot_node *n = ingot_tree_node(t, ingot_tree_at(t, i)->node);
		cstr(ingot_tree_at(t, i)->path, path);
		if (n->type == INGOT_DIR) {
			ck_assert_int_eq(mkdirat(root, path, 0700), 0);
		} else if (n->type == INGOT_LINK) {
			ck_assert_int_eq(symlinkat(cstr(n->target, target), root, path), 0);
		} else {
			int fd = openat(root, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
			ck_assert_int_ge(fd, 0);
			ck_assert_int_eq(close(fd), 0);
		}
	}
}

static void take_down(const struct ingot_tree *t, int root)
{
	for (size_t i = ingot_tree_count(t); i-- > 1;) {
		char path[INGOT_MAX_PATH + 1];
		bool dir = ingot_tree_node(t, ingot_tree_at(t, i)->node)->type == INGOT_DIR;
		ck_assert_int_eq(unlinkat(root, cstr(ingot_tree_at(t, i)->path, path), dir ? AT_REMOVEDIR : 0), 0);
	}
}

/* What the kernel says: 0 and the path below root, or -errno. */
static int ask_kernel(int root, const char *base, const char *path, bool nofollow, struct ingot_buf *out)
{
	struct open_how how = { .flags = (uint64_t)(O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0)), .resolve = RESOLVE_IN_ROOT };
	char link[64], where[INGOT_MAX_PATH + 1];
	long fd;
	do /* EAGAIN: something on this host was renamed while ".." was walked */
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	if (fd < 0)
		return -errno;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%ld", fd);
	ssize_t n = readlink(link, where, sizeof(where));
	ck_assert_int_eq(close((int)fd), 0);
	size_t skip = strlen(base);
	ck_assert_int_ge(n, (ssize_t)skip);
	ck_assert_int_eq(memcmp(where, base, skip), 0);
	skip += where[skip] == '/' && (size_t)n > skip;
	ingot_buf_put(out, where + skip, (size_t)n - skip);
	return 0;
}

static void compare(const struct ingot_tree *t, int root, const char *base, const char *path, bool nofollow)
{
	_cleanup_(ingot_buf_done) struct ingot_buf want = INGOT_BUF(KIB(8)), got = INGOT_BUF(KIB(8));
	struct ingot_err err = INGOT_ERR_INIT;
	int k = ask_kernel(root, base, path, nofollow, &want);
	int r = ingot_resolve(t, ingot_span_of(path), nofollow ? INGOT_NOFOLLOW : 0, &got, &err);
	if ((k < 0) == (r < 0) && (k < 0 ? k == -err.sys : ingot_span_eq(ingot_buf_view(&want), ingot_buf_view(&got))))
		return;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
	ingot_tree_text(t, &text);
	ck_abort_msg("'%s'%s: the kernel says %s '%s', and we '%s' %s\n%s", path, nofollow ? " (nofollow)" : "", k < 0 ? strerror(-k) : "", ingot_buf_cstr(&want),
		     ingot_buf_cstr(&got), r < 0 ? err.msg : "", text.p);
}

START_TEST(as_the_kernel_does)
{
	struct gen g = { gen_seed("as_the_kernel_does") };
	char base[] = "/tmp/ingot-resolve-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(base));
	_cleanup_(ingot_closep) int root = open(base, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
	for (int i = 0; i < 60; i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = gen_forest(&g, 10 + gen_below(&g, 50));
		lay_out(t, root);
		for (int k = 0; k < 100; k++) {
			char path[64];
			struct ingot_span p = gen_target(&g, path, sizeof(path));
			path[p.n] = '\0';
			compare(t, root, base, path, gen_chance(&g, 40));
		}
		take_down(t, root);
	}
	ck_assert_int_eq(rmdir(base), 0);
}
END_TEST

/* Chains around the limit, which random forests do not reach. */
START_TEST(forty_links)
{
	char base[] = "/tmp/ingot-resolve-XXXXXX";
	_cleanup_(ingot_buf_done) struct ingot_buf lines = INGOT_BUF(KIB(64));
	ingot_buf_str(&lines, D("/") D("/d") F("/d/f", "1"));
	ingot_buf_str(&lines, L("/l10", "d//"));
	for (int i = 11; i < 60; i++)
		ingot_buf_fmt(&lines, "l 0777 0 0 1 /l%d l%d\n", i, i - 1);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(lines.p);
	ck_assert_ptr_nonnull(mkdtemp(base));
	_cleanup_(ingot_closep) int root = open(base, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	lay_out(t, root);
	for (int i = 40; i < 60; i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "l%d/f", i);
		compare(t, root, base, path, false);
		(void)snprintf(path, sizeof(path), "l%d", i);
		compare(t, root, base, path, false);
		(void)snprintf(path, sizeof(path), "l%d/", i);
		compare(t, root, base, path, true);
		(void)snprintf(path, sizeof(path), "l%d", i);
		compare(t, root, base, path, true);
	}
	take_down(t, root);
	ck_assert_int_eq(rmdir(base), 0);
}
END_TEST

/* --- by example, also what the kernel has no word for --- */

#define USR D("/") L("/bin", "usr/bin") L("/dangling", "/opt/x") L("/loop", "loop") D("/usr") D("/usr/bin") F("/usr/bin/sh", "1") L("/usr/up", "../../../bin")

static const struct {
	const char *path;
	unsigned flags;
	const char *want, *error;
} walks[] = {
	{ "", 0, "", NULL },
	{ "/", 0, "", NULL },
	{ "//bin///sh", 0, "usr/bin/sh", NULL },
	{ "bin", INGOT_NOFOLLOW, "bin", NULL },
	{ "bin/", INGOT_NOFOLLOW, "usr/bin", NULL },
	{ "usr/up/sh", 0, "usr/bin/sh", NULL },
	{ "../../usr/./bin/..", 0, "usr", NULL },
	{ "usr/bin/sh/", 0, NULL, "/usr/bin/sh is not a directory" },
	{ "usr/bin/sh/.", 0, NULL, "/usr/bin/sh is not a directory" },
	{ "nothing", 0, NULL, "/nothing does not exist" },
	{ "loop", 0, NULL, "more than 40 symbolic links" },
	{ "bin/new/er", INGOT_MISSING_OK, "usr/bin/new/er", NULL },
	{ "bin/sh", INGOT_MISSING_OK, "usr/bin/sh", NULL },
	{ "new/", INGOT_MISSING_OK, "new", NULL },
	{ "dangling/a", INGOT_MISSING_OK, "opt/x/a", NULL },
	{ "dangling", INGOT_MISSING_OK | INGOT_NOFOLLOW, "dangling", NULL },
	{ "new/../a", INGOT_MISSING_OK, NULL, "/new does not exist" },
	{ "new/./a", INGOT_MISSING_OK, NULL, "/new does not exist" },
	{ "new/.wh.a", INGOT_MISSING_OK, NULL, "not a path that a tree can hold" },
	{ "usr/bin/sh/new", INGOT_MISSING_OK, NULL, "/usr/bin/sh is not a directory" },
};

START_TEST(one_walk)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(USR);
	_cleanup_(ingot_buf_done) struct ingot_buf got = INGOT_BUF(KIB(8));
	struct ingot_err err = INGOT_ERR_INIT;
	int r = ingot_resolve(t, ingot_span_of(walks[_i].path), walks[_i].flags, &got, &err);
	if (walks[_i].want) {
		ck_assert_msg(r == 0, "%s", err.msg);
		ck_assert_str_eq(ingot_buf_cstr(&got), walks[_i].want);
		return;
	}
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_uint_eq(got.n, 0);
	ck_assert_msg(strstr(err.msg, walks[_i].error) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(names_too_long)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(USR);
	char path[INGOT_MAX_PATH + 2];
	memset(path, 'a', sizeof(path));
	static const size_t lengths[] = { 256, INGOT_MAX_PATH, INGOT_MAX_PATH + 1 };
	for (size_t i = 0; i < 6; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf got = INGOT_BUF(KIB(8));
		struct ingot_err err = INGOT_ERR_INIT;
		ck_assert_int_eq(ingot_resolve(t, (struct ingot_span){ path, lengths[i / 2] }, i % 2 ? INGOT_MISSING_OK : 0, &got, &err), -1);
		ck_assert_int_eq(err.code, INGOT_E_INPUT);
		ck_assert_int_eq(err.sys, i / 2 < 2 ? ENAMETOOLONG : 0);
	}
	_cleanup_(ingot_buf_done) struct ingot_buf got = INGOT_BUF(KIB(8));
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_eq(ingot_resolve(t, INGOT_SPAN("a\0b"), INGOT_MISSING_OK, &got, &err), -1);
}
END_TEST

/* --- fit: times of what is added are 7 --- */

#define ADDED(path) "d 0755 0 0 7 " path "\n"

static const struct {
	const char *name, *tree, *delta, *want, *error;
} fits[] = {
	{ "as it is", D("/") D("/a"), F("/a/b", "1"), F("/a/b", "1"), NULL },
	{ "missing parents", D("/"), F("/a/b/c", "1") F("/a/d/e", "1"), ADDED("/a") ADDED("/a/b") F("/a/b/c", "1") ADDED("/a/d") F("/a/d/e", "1"), NULL },
	{ "parents of a hard link", D("/"), F("/a/b", "1") H("/c/d", "/a/b"), ADDED("/a") F("/a/b", "1") ADDED("/c") H("/c/d", "/a/b"), NULL },
	{ "none for a removal", D("/"), RM("/a/b"), RM("/a/b"), NULL },
	{ "none beside a removal", D("/"), RM("/a/b") F("/a/c", "1"), ADDED("/a") RM("/a/b") F("/a/c", "1"), NULL },
	{ "parents that an opaque hides", D("/") D("/a") D("/a/b"), OP("/a") D("/a") F("/a/b/c", "1"), OP("/a") D("/a") ADDED("/a/b") F("/a/b/c", "1"), NULL },
	{ "parents below what was a file", D("/") F("/a", "1"), D("/a") F("/a/b/c", "1"), D("/a") ADDED("/a/b") F("/a/b/c", "1"), NULL },
	{ "merged /usr", USR, F("/bin/a", "1"), F("/usr/bin/a", "1"), NULL },
	{ "its directory too", USR, D("/bin") F("/bin/a", "1") D("/bin/d") F("/bin/d/x", "1"), D("/usr/bin") F("/usr/bin/a", "1") D("/usr/bin/d") F("/usr/bin/d/x", "1"), NULL },
	{ "both spellings of a directory: the plain one counts", USR, "d 0700 0 0 1 /bin\n" F("/bin/a", "1") D("/usr") D("/usr/bin"),
	  D("/usr") D("/usr/bin") F("/usr/bin/a", "1"), NULL },
	{ "hard link in it", USR, F("/bin/z", "1") H("/usr/bin/a", "/bin/z"), F("/usr/bin/a", "1") H("/usr/bin/z", "/usr/bin/a"), NULL },
	{ "removal in it", USR, RM("/bin/sh"), RM("/usr/bin/sh"), NULL },
	{ "two removals are one", USR, RM("/bin/sh") RM("/usr/bin/sh"), RM("/usr/bin/sh"), NULL },
	{ "the link itself", USR, L("/bin", "usr/bin"), L("/bin", "usr/bin"), NULL },
	{ "a removal of the link itself", USR, RM("/bin"), RM("/bin"), NULL },
	{ "a file over the link itself", USR, F("/bin", "1"), F("/bin", "1"), NULL },
	{ "a link to what is not there yet", USR, D("/dangling") F("/dangling/a", "1"), ADDED("/opt") D("/opt/x") F("/opt/x/a", "1"), NULL },
	{ "the same without its directory", USR, F("/dangling/a", "1"), ADDED("/opt") ADDED("/opt/x") F("/opt/x/a", "1"), NULL },
	{ "a link to a file is replaced", D("/") F("/f", "1") L("/l", "f"), D("/l") F("/l/a", "1"), D("/l") F("/l/a", "1"), NULL },
	{ "opaque through the link", USR, OP("/bin") D("/bin"), OP("/usr/bin") D("/usr/bin"), NULL },
	{ "one file under two names", USR, F("/bin/a", "1") F("/usr/bin/a", "1"), NULL, "/usr/bin/a and /bin/a are one path" },
	{ "a file and a directory", USR, D("/bin") D("/bin/a") F("/usr/bin/a", "1"), NULL, "are one path" },
	{ "through a loop", USR, F("/loop/a", "1"), NULL, "more than 40" },
	{ "below what it makes a file itself", D("/") D("/a") L("/l", "a/b"), F("/a", "1") F("/l/x", "1"), NULL, "the same source makes something else" },
	{ "a removal below a file", USR, RM("/bin/sh/a"), RM("/usr/bin/sh/a"), NULL },
	{ "below a file", USR, F("/bin/sh/a", "1"), NULL, "is below /usr/bin/sh" },
};

START_TEST(one_fit)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(fits[_i].tree), *got = NULL;
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(fits[_i].delta), *fitted = NULL, *again = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	int r = ingot_fit(t, d, 7, &fitted, &err);
	if (!fits[_i].want) {
		ck_assert_int_eq(r, -1);
		ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
		ck_assert_msg(strstr(err.msg, fits[_i].error) != NULL, "%s: %s", fits[_i].name, err.msg);
		return;
	}
	ck_assert_msg(r == 0, "%s: %s", fits[_i].name, err.msg);
	assert_delta(fitted, fits[_i].want);
	ck_assert_int_eq(ingot_apply(t, fitted, &got, &err), 0);
	ck_assert_int_eq(ingot_fit(t, fitted, 7, &again, &err), 0);
	assert_delta(again, fits[_i].want);
}
END_TEST

/* Whatever fits can be applied, and what fits already fits as it is. */
START_TEST(what_fits_applies)
{
	struct gen g = { gen_seed("what_fits_applies") };
	unsigned fitted_ones = 0;
	for (int i = 0; i < 1500; i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = gen_forest(&g, gen_below(&g, 30)), *s = gen_forest(&g, gen_below(&g, 12)), *empty = ingot_tree_empty();
		_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(empty, s), *fitted = NULL, *again = NULL;
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *got = NULL;
		struct ingot_err err = INGOT_ERR_INIT;
		if (ingot_fit(t, d, 0, &fitted, &err) < 0) {
			ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
			continue;
		}
		fitted_ones++;
		if (ingot_apply(t, fitted, &got, &err) < 0) {
			_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
			ingot_tree_text(t, &text);
			ingot_delta_text(d, &text);
			ingot_delta_text(fitted, &text);
			ck_abort_msg("%s\n%s", err.msg, text.p);
		}
	}
	ck_assert_uint_gt(fitted_ones, 300);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("resolve");
	TCase *t = tcase_create("resolve");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, as_the_kernel_does);
	tcase_add_test(t, forty_links);
	tcase_add_loop_test(t, one_walk, 0, (int)(sizeof(walks) / sizeof(walks[0])));
	tcase_add_test(t, names_too_long);
	tcase_add_loop_test(t, one_fit, 0, (int)(sizeof(fits) / sizeof(fits[0])));
	tcase_add_test(t, what_fits_applies);
	suite_add_tcase(s, t);
	return run_suite(s);
}
