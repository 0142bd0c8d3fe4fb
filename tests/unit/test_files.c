/* Files of the project: only what is allowed in, nothing followed, nothing of the host's modes and times. */
#include "core_support.h"
#include "store_fixture.h"
#include <ingot/files.h>
#include <sys/socket.h>
#include <sys/un.h>

static char root[256];
static int root_fd = -1;
static char warning[2048];

static void on_event(void *ctx, enum ingot_level level, const char *text)
{
	if (level == INGOT_WARNING)
		(void)snprintf(warning, sizeof(warning), "%s", text);
}
static const struct ingot_log log_sink = { .event = on_event };

static void put(const char *name, const char *text, mode_t mode)
{
	int fd = openat(root_fd, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)fchmod(fd, mode);
	(void)close(fd);
}

static void begin(void)
{
	fixture_begin();
	(void)snprintf(root, sizeof(root), "%s/tmp/context", path);
	ck_assert_int_eq(mkdir(root, 0700), 0);
	root_fd = open(root, O_RDONLY | O_DIRECTORY);
	warning[0] = '\0';
	(void)mkdirat(root_fd, "src", 0711);
	(void)mkdirat(root_fd, "src/deep", 0700);
	put("main.c", "int main;\n", 0600);
	put("run.sh", "#!/bin/sh\n", 0711);
	put("src/a.c", "a\n", 0644);
	put("src/deep/b.c", "b\n", 0644);
	put("src/deep/b.h", "h\n", 0644);
}

static void end(void)
{
	(void)close(root_fd);
	fixture_end();
}

static int load(const char *const *include, size_t n, const char *where, struct ingot_tree **ret)
{
	static const struct ingot_place places[8];
	struct ingot_source src = { .name = "app", .kind = INGOT_SRC_FILES, .root = where, .include = { .v = (const char **)(uintptr_t)include, .at = places, .n = n } };
	struct ingot_recipe recipe = { .file = "web.yaml", .text = INGOT_SPAN("ingot: 1\n") };
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL, *fitted = NULL;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty();
	struct ingot_digest pack;
	if (ingot_files_load(store, root_fd, &recipe, &src, 7, &log_sink, &d, &pack, &err) < 0)
		return -1;
	ck_assert_int_eq(ingot_fit(empty, d, 7, &fitted, &err), 0);
	return ingot_apply(empty, fitted, ret, &err);
}
#define LOAD(where, ret, ...) load((const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), (where), (ret))

static bool has(const struct ingot_tree *t, const char *p)
{
	return ingot_tree_find(t, ingot_span_of(p)) >= 0;
}

START_TEST(allow_list)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	ck_assert_int_eq(LOAD(".", &t, "main.c", "src/**/*.c", "run.sh"), 0);
	ck_assert(has(t, "main.c") && has(t, "src/a.c") && has(t, "src/deep/b.c") && has(t, "run.sh"));
	ck_assert(!has(t, "src/deep/b.h"));
	const struct ingot_node *n = ingot_tree_lookup(t, INGOT_SPAN("main.c"));
	ck_assert_uint_eq(n->mode, 0644);
	ck_assert_int_eq(n->mtime, 7);
	ck_assert_uint_eq(n->uid, 0);
	check_content(&n->content, "int main;\n", 10);
	ck_assert_uint_eq(ingot_tree_lookup(t, INGOT_SPAN("run.sh"))->mode, 0755);
	ck_assert_uint_eq(ingot_tree_lookup(t, INGOT_SPAN("src"))->mode, 0755);
}
END_TEST

START_TEST(a_root_of_its_own)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	ck_assert_int_eq(LOAD("./src/", &t, "**"), 0);
	ck_assert(has(t, "a.c") && has(t, "deep/b.h") && !has(t, "main.c"));
}
END_TEST

START_TEST(nothing_matches)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	ck_assert_int_lt(LOAD(".", &t, "main.c", "missing.c"), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "missing.c"));
}
END_TEST

static const char *const bad_links[] = { "/etc/passwd", "../outside", "src/../../outside", "../../../../etc/passwd" };

START_TEST(link_out_of_the_source)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	ck_assert_int_eq(symlinkat(bad_links[_i], root_fd, "link"), 0);
	ck_assert_int_lt(LOAD(".", &t, "link"), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "link"));
}
END_TEST

START_TEST(link_inside_is_data)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	ck_assert_int_eq(symlinkat("../main.c", root_fd, "src/link"), 0);
	ck_assert_int_eq(LOAD(".", &t, "src/link"), 0);
	ck_assert(ingot_span_is(ingot_tree_lookup(t, INGOT_SPAN("src/link"))->target, "../main.c"));
}
END_TEST

START_TEST(directory_is_a_link)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	ck_assert_int_eq(symlinkat("/etc", root_fd, "etc"), 0);
	ck_assert_int_lt(LOAD("etc", &t, "passwd"), 0);
	ck_assert_int_lt(LOAD(".", &t, "etc/passwd"), 0);
}
END_TEST

START_TEST(special_files)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	ck_assert_int_eq(mkfifoat(root_fd, "fifo", 0600), 0);
	ck_assert_int_lt(LOAD(".", &t, "fifo"), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "fifo"));
}
END_TEST

START_TEST(secrets_stay_out)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL, *named = NULL;
	put("src/.env", "TOKEN=1\n", 0644);
	put("src/server.key", "k\n", 0644);
	ck_assert_int_eq(LOAD(".", &t, "src/**"), 0);
	ck_assert(!has(t, "src/.env") && !has(t, "src/server.key") && has(t, "src/a.c"));
	ck_assert_ptr_nonnull(strstr(warning, "src/"));
	ck_assert_int_eq(LOAD(".", &named, "src/.env"), 0);
	ck_assert(has(named, "src/.env"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("files");
	TCase *t = tcase_create("files");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, allow_list);
	tcase_add_test(t, a_root_of_its_own);
	tcase_add_test(t, nothing_matches);
	tcase_add_loop_test(t, link_out_of_the_source, 0, 4);
	tcase_add_test(t, link_inside_is_data);
	tcase_add_test(t, directory_is_a_link);
	tcase_add_test(t, special_files);
	tcase_add_test(t, secrets_stay_out);
	suite_add_tcase(s, t);
	return run_suite(s);
}
