/* The image's user in passwd, group and shadow, and what a tree brings already. */
#include "core_support.h"
#include "store_fixture.h"
#include <ingot/accounts.h>

static struct ingot_tree *tree_with(const char *const *paths, const char *const *texts, size_t n)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty();
	struct ingot_delta_builder *b = ingot_delta_new();
	struct ingot_delta *d = NULL, *fitted = NULL;
	struct ingot_tree *t = NULL;
	for (size_t i = 0; i < n; i++) {
		struct ingot_node f = { .type = INGOT_FILE, .mode = 0644, .size = strlen(texts[i]) };
		ck_assert_int_eq(ingot_store_put(store, texts[i], strlen(texts[i]), &f.content, &err), 0);
		ck_assert_int_eq(ingot_delta_put(b, ingot_span_of(paths[i]), &f, &err), 0);
	}
	ck_assert_int_eq(ingot_delta_finish(b, &d, &err), 0);
	ck_assert_int_eq(ingot_fit(empty, d, 0, &fitted, &err), 0);
	ck_assert_int_eq(ingot_apply(empty, fitted, &t, &err), 0);
	ingot_delta_free(d);
	ingot_delta_free(fitted);
	return t;
}

static int add(const struct ingot_tree *t, const struct ingot_user *user, struct ingot_delta **ret)
{
	struct ingot_pack *pack = NULL;
	struct ingot_digest id;
	struct ingot_delta_builder *b = ingot_delta_new();
	ck_assert_int_eq(ingot_pack_begin(store, &pack, &err), 0);
	if (ingot_accounts_add(store, t, user, 5, pack, b, &err) < 0) {
		ingot_pack_abort(pack);
		ingot_delta_builder_free(b);
		return -1;
	}
	ck_assert_int_eq(ingot_pack_end(pack, &id, &err), 0);
	ck_assert_int_eq(ingot_delta_finish(b, ret, &err), 0);
	return 0;
}

static void check_file(const struct ingot_delta *d, const char *name, uint32_t mode, const char *text)
{
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		if (!ingot_span_is(c->path, name))
			continue;
		const struct ingot_node *n = ingot_delta_node(d, c->node);
		ck_assert_uint_eq(n->mode, mode);
		check_content(&n->content, text, strlen(text));
		return;
	}
	ck_abort_msg("no %s", name);
}

START_TEST(from_nothing)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = ingot_tree_empty();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	struct ingot_user u = { .name = "web", .group = "web", .uid = 10001, .gid = 10001 };
	ck_assert_int_eq(add(t, &u, &d), 0);
	check_file(d, "etc/passwd", 0644, "root:x:0:0:root:/root:/usr/sbin/nologin\nweb:x:10001:10001::/nonexistent:/usr/sbin/nologin\n");
	check_file(d, "etc/group", 0644, "root:x:0:\nweb:x:10001:\n");
	check_file(d, "etc/shadow", 0600, "root:!*:::::::\nweb:!*:::::::\n");
}
END_TEST

static const char *const paths[] = { "etc/passwd", "etc/group" };

START_TEST(existing_are_kept)
{
	static const char *const texts[] = { "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/x", "root:x:0:\nshadow:x:42:\nwww-data:x:33:\n" };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_with(paths, texts, 2);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	struct ingot_user u = { .name = "www-data", .group = "www-data", .uid = 33, .gid = 33 };
	ck_assert_int_eq(add(t, &u, &d), 0);
	check_file(d, "etc/passwd", 0644, "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/x\n");
	check_file(d, "etc/shadow", 0640, "root:!*:::::::\nwww-data:!*:::::::\n");
}
END_TEST

START_TEST(name_taken)
{
	static const char *const texts[] = { "root:x:0:0::/:/x\nweb:x:33:33::/:/x\n", "root:x:0:\n" };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_with(paths, texts, 2);
	struct ingot_user u = { .name = "web", .group = "web", .uid = 10001, .gid = 10001 };
	struct ingot_delta *d = NULL;
	ck_assert_int_lt(add(t, &u, &d), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.hint, "uid: 33"));
}
END_TEST

START_TEST(uid_taken)
{
	static const char *const texts[] = { "root:x:0:0::/:/x\nother:x:10001:10001::/:/x\n", "root:x:0:\n" };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_with(paths, texts, 2);
	struct ingot_user u = { .name = "web", .group = "web", .uid = 10001, .gid = 10001 };
	struct ingot_delta *d = NULL;
	ck_assert_int_lt(add(t, &u, &d), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "other"));
}
END_TEST

START_TEST(passwd_is_a_link)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(D("/") D("/etc") L("/etc/passwd", "/proc/self/environ"));
	struct ingot_user u = { .name = "web", .group = "web", .uid = 10001, .gid = 10001 };
	struct ingot_delta *d = NULL;
	ck_assert_int_lt(add(t, &u, &d), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
}
END_TEST

START_TEST(home_only_if_asked)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = ingot_tree_empty();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	struct ingot_user u = { .name = "web", .group = "web", .uid = 10001, .gid = 10001, .home = "/home/web" };
	ck_assert_int_eq(add(t, &u, &d), 0);
	ck_assert_uint_eq(ingot_delta_count(d), 4);
	ck_assert(ingot_span_is(ingot_delta_at(d, 3)->path, "home/web"));
}
END_TEST

/* What stands there is read as it is: fields, ids, and what a password field means, by shadow where it has a line. */
START_TEST(read_back)
{
	static const char *const files[] = { "etc/group", "etc/passwd", "etc/shadow" };
	static const char *const texts[] = { "root:x:0:\nweb:x:7:a,b\nno\n", "root:x:0:0:root:/root:/bin/sh\nweb::7:8::/srv\nold:h4sh:9:9:::/bin/false\nno:x:y:0:\n", "root:$6$a:1:\nweb:!:\n" };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_with(files, texts, 3);
	_cleanup_(ingot_accounts_freep) struct ingot_accounts *a = NULL;
	ck_assert_int_eq(ingot_accounts_read(store, t, &a, &err), 0);
	ck_assert_uint_eq(a->n_users, 3);
	ck_assert_uint_eq(a->n_groups, 2);
	ck_assert(a->users[0].password == INGOT_PW_SET && a->users[1].password == INGOT_PW_LOCKED && a->users[2].password == INGOT_PW_SET);
	ck_assert(a->users[1].uid == 7 && a->users[1].gid == 8 && strcmp(a->users[1].home, "/srv") == 0 && strcmp(a->users[1].shell, "") == 0);
	ck_assert(strcmp(a->users[2].shell, "/bin/false") == 0 && a->groups[1].gid == 7);
}
END_TEST

START_TEST(read_what_is_none)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *none = ingot_tree_empty(), *link = tree_of(D("/") D("/etc") L("/etc/passwd", "real") D("/etc/real"));
	_cleanup_(ingot_accounts_freep) struct ingot_accounts *a = NULL, *b = NULL;
	ck_assert_int_eq(ingot_accounts_read(store, none, &a, &err), 0);
	ck_assert(a->n_users == 0 && a->n_groups == 0);
	ck_assert_int_eq(ingot_accounts_read(store, link, &b, &err), -1);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_msg(strstr(err.msg, "/etc/passwd"), "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("accounts");
	TCase *t = tcase_create("accounts");
	tcase_add_checked_fixture(t, fixture_begin, fixture_end);
	tcase_add_test(t, from_nothing);
	tcase_add_test(t, existing_are_kept);
	tcase_add_test(t, name_taken);
	tcase_add_test(t, uid_taken);
	tcase_add_test(t, passwd_is_a_link);
	tcase_add_test(t, home_only_if_asked);
	tcase_add_test(t, read_back);
	tcase_add_test(t, read_what_is_none);
	suite_add_tcase(s, t);
	return run_suite(s);
}
