/* A layer: both digests from one pass, made once, made again when the store lost it. */
#include "oci_support.h"
#include <fcntl.h>

#define ROOT "d 0755 0 0 0 /\n"

static char *one_file;

static void setup(void)
{
	store_setup();
	one_file = ingot_strf("f 0644 0 0 0 /u/a 6 %s\n", STORED("hello\n"));
}

static void teardown(void)
{
	free(one_file);
	store_teardown();
}

static void make(const char *tree, const char *delta, enum ingot_compression kind, int level, struct ingot_layer *l)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(tree);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(delta);
	struct ingot_layer_options o = { kind, level };
	ok(ingot_layer_make(store, d, t, &o, l, &err));
}

#define TREE ROOT "d 0755 0 0 5 /u\n"

START_TEST(digests_are_what_they_say)
{
	struct ingot_layer plain, l;
	make(TREE, one_file, INGOT_PLAIN, 0, &plain);
	ck_assert(ingot_digest_eq(&plain.digest, &plain.diff_id));
	ck_assert_uint_eq(plain.size, 2560);
	ck_assert_uint_eq(plain.tar_size, 2560);
	make(TREE, one_file, (enum ingot_compression)_i, INGOT_LEVEL_DEFAULT, &l);
	ck_assert(ingot_digest_eq(&l.diff_id, &plain.diff_id)); /* the identity under every compression */
	ck_assert_uint_eq(l.tar_size, 2560);
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	ck_assert_int_eq(ingot_store_get(store, &l.digest, &b, &err), 1);
	ck_assert_uint_eq(b.n, l.size);
}
END_TEST

START_TEST(made_once)
{
	struct ingot_layer a, b, c;
	make(TREE, one_file, INGOT_ZSTD, 0, &a);
	ck_assert(a.fresh);
	make(TREE, one_file, INGOT_ZSTD, 3, &b); /* the same level by its number */
	ck_assert(!b.fresh);
	ck_assert(ingot_digest_eq(&a.digest, &b.digest) && ingot_digest_eq(&a.diff_id, &b.diff_id) && a.size == b.size && a.tar_size == b.tar_size);
	/* what is in the bytes is in the key: level, kind, the parent's metadata; nothing else of the tree */
	make(TREE, one_file, INGOT_ZSTD, 4, &c);
	ck_assert(c.fresh);
	make(TREE, one_file, INGOT_GZIP, 0, &c);
	ck_assert(c.fresh);
	make(ROOT "d 0755 0 0 6 /u\n", one_file, INGOT_ZSTD, 0, &c);
	ck_assert(c.fresh && !ingot_digest_eq(&c.diff_id, &a.diff_id));
	make(TREE "d 0755 0 0 5 /v\n", one_file, INGOT_ZSTD, 0, &c);
	ck_assert(!c.fresh);
}
END_TEST

START_TEST(made_again_when_lost)
{
	struct ingot_layer a, b;
	make(TREE, one_file, INGOT_ZSTD, 0, &a);
	char name[200], hex[65];
	(void)ingot_digest_hex(&a.digest, hex);
	(void)snprintf(name, sizeof(name), "%s/store/objects/%.2s/%s", tmp, hex, hex + 2);
	ck_assert_int_eq(unlink(name), 0);
	make(TREE, one_file, INGOT_ZSTD, 0, &b);
	ck_assert(b.fresh && ingot_digest_eq(&a.digest, &b.digest));
}
END_TEST

START_TEST(nothing_left_after_a_failure)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of("f 0644 0 0 0 /a 6 " HEX("1") "\n");
	struct ingot_layer_options o = { 0 };
	struct ingot_layer l = { .size = 42 };
	struct ingot_store_stats before, after;
	ok(ingot_store_info(store, &before, &err));
	refused(ingot_layer_make(store, d, t, &o, &l, &err), INGOT_E_BUG);
	ok(ingot_store_info(store, &after, &err));
	ck_assert_uint_eq(l.size, 42);
	ck_assert_uint_eq(before.objects, after.objects);
	ck_assert_uint_eq(before.refs, after.refs);
}
END_TEST

START_TEST(an_empty_layer)
{
	struct ingot_layer l;
	make(ROOT, "", INGOT_PLAIN, 0, &l);
	ck_assert_uint_eq(l.size, 1024);
	ck_assert_str_eq(INGOT_HEX(&l.diff_id), "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"); /* 1024 zeros, as everyone writes it */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("layer");
	TCase *t = tcase_create("layer");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, digests_are_what_they_say, 0, 2);
	tcase_add_test(t, made_once);
	tcase_add_test(t, made_again_when_lost);
	tcase_add_test(t, nothing_left_after_a_failure);
	tcase_add_test(t, an_empty_layer);
	suite_add_tcase(s, t);
	return run_suite(s);
}
