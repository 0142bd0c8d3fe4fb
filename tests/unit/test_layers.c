/* The final tree divided into layers: nothing is lost, nothing is in the wrong one. */
#include "../../builder/build/layers.h"
#include "core_support.h"

static struct ingot_origins *origins;

static void origin(const char *name, const char *lines)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(lines);
	ingot_origins_apply(origins, d, ingot_origins_id(origins, ingot_span_of(name)));
}

static void begin(void)
{
	origins = ingot_origins_new();
}

static void end(void)
{
	ingot_origins_free(origins);
}

START_TEST(packages_and_the_rest)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(D("/") D("/etc") F("/etc/passwd", "1") D("/srv") F("/srv/app", "2") D("/usr") D("/usr/bin") F("/usr/bin/nginx", "3"));
	struct ingot_err err = INGOT_ERR_INIT;
	struct layer_split s;
	origin("package nginx", D("/usr") D("/usr/bin") F("/usr/bin/nginx", "3"));
	origin("ingot: user", F("/etc/passwd", "1"));
	origin("copy from app", D("/srv") F("/srv/app", "2"));
	ck_assert_int_eq(layer_split(t, origins, &s, &err), 0);
	ck_assert_uint_eq(s.n, 2);
	assert_delta(s.delta[0], D("/") D("/usr") D("/usr/bin") F("/usr/bin/nginx", "3"));
	assert_delta(s.delta[1], D("/etc") F("/etc/passwd", "1") D("/srv") F("/srv/app", "2"));
	layer_split_done(&s);
}
END_TEST

START_TEST(no_packages_one_layer)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(D("/") F("/hello", "1"));
	struct ingot_err err = INGOT_ERR_INIT;
	struct layer_split s;
	ck_assert_int_eq(layer_split(t, origins, &s, &err), 0);
	ck_assert_uint_eq(s.n, 1);
	assert_delta(s.delta[0], D("/") F("/hello", "1"));
	layer_split_done(&s);
}
END_TEST

START_TEST(only_packages_one_layer)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(D("/") F("/a", "1"));
	struct ingot_err err = INGOT_ERR_INIT;
	struct layer_split s;
	origin("package a", F("/a", "1"));
	ck_assert_int_eq(layer_split(t, origins, &s, &err), 0);
	ck_assert_uint_eq(s.n, 1);
	layer_split_done(&s);
}
END_TEST

/* A package's file below a directory that somebody else made needs that directory; a hard link goes where its file goes. */
START_TEST(parents_and_links_go_along)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(D("/") D("/d") F("/d/a", "1") H("/z", "/d/a"));
	struct ingot_err err = INGOT_ERR_INIT;
	struct layer_split s;
	origin("copy from app", D("/d"));
	origin("package p", F("/d/a", "1"));
	ck_assert_int_eq(layer_split(t, origins, &s, &err), 0);
	ck_assert_uint_eq(s.n, 1);
	assert_delta(s.delta[0], D("/") D("/d") F("/d/a", "1") H("/z", "/d/a"));
	layer_split_done(&s);
}
END_TEST

/* The link is a package's, its leader is not: both stay above. */
START_TEST(link_follows_its_leader)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(D("/") F("/a", "1") F("/m", "2") H("/z", "/a"));
	struct ingot_err err = INGOT_ERR_INIT;
	struct layer_split s;
	origin("copy from app", F("/a", "1"));
	origin("package p", F("/m", "2") F("/z", "1"));
	ck_assert_int_eq(layer_split(t, origins, &s, &err), 0);
	ck_assert_uint_eq(s.n, 2);
	assert_delta(s.delta[0], D("/") F("/m", "2"));
	assert_delta(s.delta[1], F("/a", "1") H("/z", "/a"));
	layer_split_done(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("layers");
	TCase *t = tcase_create("layers");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, packages_and_the_rest);
	tcase_add_test(t, no_packages_one_layer);
	tcase_add_test(t, only_packages_one_layer);
	tcase_add_test(t, parents_and_links_go_along);
	tcase_add_test(t, link_follows_its_leader);
	suite_add_tcase(s, t);
	return run_suite(s);
}
