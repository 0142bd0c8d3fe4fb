/* What was written is read back as the same tree, by way of the real decoder; other people's archives too; damage is damage. */
#include "oci_support.h"
#include <ingot/decode.h>
#include <ingot/load.h>

#define NAME "registry.example.com/demo/app:1.0"
#define ROOT "d 0755 0 0 0 /\n"

static struct sample sample;
static const char *path;

static void setup(void)
{
	store_setup();
	sample_make(&sample, NAME);
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs };
	path = in_tmp("a.tar");
	ok(ingot_archive_write(store, &a, path, &err));
}

static void teardown(void)
{
	ingot_image_docs_done(&sample.docs);
	store_teardown();
}

static void same_image(const char *from)
{
	_cleanup_(ingot_loaded_done) struct ingot_loaded l = { 0 };
	err = (struct ingot_err)INGOT_ERR_INIT;
	ok(ingot_image_load(store, from, INGOT_LOAD_TREE, &l, &err));
	ck_assert_str_eq(l.name, NAME);
	ck_assert(ingot_digest_eq(&l.manifest_ref.digest, &sample.docs.manifest.digest));
	ck_assert(ingot_digest_eq(&l.config_ref.digest, &sample.docs.config.digest));
	ck_assert(ingot_span_eq(ingot_buf_view(&l.config_json), ingot_buf_view(&sample.docs.config_json)));
	ck_assert_uint_eq(l.n_layers, 2);
	ck_assert(ingot_digest_eq(&l.layers[1], &sample.layers[1].layer.digest));
	ck_assert_uint_eq(l.signatures, 0);
	_cleanup_(ingot_freep) char *lines = ingot_strf(ROOT "d 0755 0 0 1700000000 /bin\nf 0755 0 0 1700000000 /bin/hello 14 %s\nf 0644 10001 10001 1700000000 /bin/note 5 %s\n", STORED("#!/bin/true\n\n\n"),
							STORED("hello"));
	assert_tree(l.tree, lines);
	const struct ingot_doc_value *user = ingot_doc_get(l.config, "/config/User");
	ck_assert(user && ingot_span_is(user->value, "10001:10001"));
}

START_TEST(ours)
{
	same_image(path);
	same_image(path); /* the second time from what the store remembers */
	_cleanup_(ingot_freep) char *named = ingot_strf("oci-archive:%s", path);
	same_image(named);
}
END_TEST

/* A store that never saw the image: the contents come out of the archive. */
START_TEST(into_another_store)
{
	_cleanup_(ingot_store_closep) struct ingot_store *other = NULL;
	_cleanup_(ingot_loaded_done) struct ingot_loaded l = { 0 };
	ok(ingot_store_open(in_tmp("other"), NULL, &other, &err));
	for (int twice = 0; twice < 2; twice++) {
		ok(ingot_image_load(other, path, INGOT_LOAD_TREE, &l, &err));
		_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(100);
		const struct ingot_node *n = ingot_tree_lookup(l.tree, INGOT_SPAN("bin/note"));
		ck_assert(n && ingot_store_get(other, &n->content, &b, &err) == 1 && ingot_span_is(ingot_buf_view(&b), "hello"));
		ingot_loaded_done(&l);
	}
}
END_TEST

START_TEST(documents_alone)
{
	_cleanup_(ingot_loaded_done) struct ingot_loaded l = { 0 };
	ok(ingot_image_load(store, path, 0, &l, &err));
	ck_assert_ptr_null(l.tree);
	ck_assert_int_eq(ingot_doc_array_len(l.manifest, "/layers"), 2);
}
END_TEST

/* Packed again by another tar, in another order, with more in it: not ours any more, but an image still. */
START_TEST(foreign)
{
	const char *dir = in_tmp("d");
	_cleanup_(ingot_freep) char *target = ingot_strf("dir:%s", dir);
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs };
	ok(ingot_archive_write(store, &a, target, &err));
	same_image(dir);
	FILE *f = fopen(in_tmp("d/repositories"), "w");
	ck_assert(f && fputs("{}", f) >= 0 && fclose(f) == 0);
	same_image(dir);
	_cleanup_(ingot_freep) char *named = ingot_strf("oci:%s", dir);
	same_image(named);
	ck_assert_int_eq(RUN("/usr/bin/tar", "--format=ustar", "--numeric-owner", "-cf", in_tmp("f.tar"), "-C", dir, "blobs", "index.json", "oci-layout", "repositories"), 0);
	same_image(in_tmp("f.tar"));
}
END_TEST

/* Every kind of thing that a tree can hold survives tar, compression and decoder. */
START_TEST(nothing_is_lost)
{
	static const char *const name100 = "maaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjj";
	_cleanup_(ingot_freep) char *lines = ingot_strf(
		ROOT "f 0755 0 0 5 /caps 6 %s\nx security.capability \\x01\\x00\\x00\\x02\\x00\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\nx user.note a=b\\x0a\\x00c\n"
		     "d 1777 0 0 7 /d\nb 0660 0 6 0 /d/blk 8 1048575\nc 0666 0 0 0 /d/chr 4095 3\nf 0000 0 0 0 /d/empty 0 %s\nf 7777 1 2 3 /d/f 6 %s\nh /d/g /d/f\np 0600 0 0 0 /d/p\nh /d-g /d/f\n"
		     "d 0755 2097152 4294967294 8589934592 /large\nd 0755 0 0 0 /%s\nl 0777 0 0 0 /%s/%s %s/%s\nd 0700 0 0 0 /%s/%sk\nl 0777 1 1 1 /\\xc3\\xa4 \\xc3\\xb6\nf 0644 0 0 0 /\\xfe\\xff 6 %s\n",
		STORED("hello\n"), STORED(""), STORED("hello\n"), name100, name100, name100, name100, name100, name100, name100, STORED("hello\n"));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *want = tree_of(lines), *empty = ingot_tree_empty();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(empty, want);
	for (int k = INGOT_ZSTD; k <= INGOT_PLAIN; k++) {
		struct ingot_layer_options o = { .compression = (enum ingot_compression)k };
		ok(ingot_layer_make(store, d, want, &o, &sample.layers[0].layer, &err));
		sample.image.n_layers = 1;
		ingot_image_docs_done(&sample.docs);
		ok(ingot_image_make(store, &sample.image, &sample.docs, &err));
		struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs };
		ok(ingot_archive_write(store, &a, path, &err));
		_cleanup_(ingot_loaded_done) struct ingot_loaded l = { 0 };
		ok(ingot_image_load(store, path, INGOT_LOAD_TREE, &l, &err));
		assert_tree(l.tree, lines);
	}
}
END_TEST

/* Layers over layers: what was removed is gone, what was opaque is empty but for the new. */
START_TEST(removals)
{
	_cleanup_(ingot_freep) char *second = ingot_strf("- /bin/hello\nd 0755 0 0 1 /etc\nf 0644 0 0 1 /etc/x 5 %s\n", STORED("hello"));
	sample_layer(&sample, 1, ROOT "d 0755 0 0 1700000000 /bin\n", second);
	ingot_image_docs_done(&sample.docs);
	ok(ingot_image_make(store, &sample.image, &sample.docs, &err));
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs };
	ok(ingot_archive_write(store, &a, path, &err));
	_cleanup_(ingot_loaded_done) struct ingot_loaded l = { 0 };
	ok(ingot_image_load(store, path, INGOT_LOAD_TREE, &l, &err));
	_cleanup_(ingot_freep) char *lines = ingot_strf(ROOT "d 0755 0 0 1700000000 /bin\nd 0755 0 0 1 /etc\nf 0644 0 0 1 /etc/x 5 %s\n", STORED("hello"));
	assert_tree(l.tree, lines);
}
END_TEST

START_TEST(damage)
{
	struct ingot_loaded l = { 0 };
	refused(ingot_image_load(store, in_tmp("none"), 0, &l, &err), INGOT_E_INPUT);
	refused(ingot_image_load(store, "/dev/null", 0, &l, &err), INGOT_E_INPUT);
	FILE *f = fopen(in_tmp("x.tar"), "w");
	ck_assert(f && fputs("no archive", f) >= 0 && fclose(f) == 0);
	refused(ingot_image_load(store, in_tmp("x.tar"), 0, &l, &err), INGOT_E_OUTSIDE);
	refused(ingot_image_load(store, tmp, 0, &l, &err), INGOT_E_OUTSIDE);
	/* a layer with one bit changed, in a store that has not seen it */
	_cleanup_(ingot_store_closep) struct ingot_store *other = NULL;
	ok(ingot_store_open(in_tmp("other"), NULL, &other, &err));
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	ok(ingot_read_file(path, MIB(1), &b, &err));
	char name[13 + 65] = "blobs/sha256/";
	(void)ingot_digest_hex(&sample.layers[0].layer.digest, name + 13);
	char *at = memmem(b.p + 4000, b.n - 4000, name, 77);
	ck_assert_ptr_nonnull(at);
	at[512 + 40] ^= 4;
	f = fopen(path, "w");
	ck_assert(f && fwrite(b.p, 1, b.n, f) == b.n && fclose(f) == 0);
	refused(ingot_image_load(other, path, INGOT_LOAD_TREE, &l, &err), INGOT_E_OUTSIDE);
	ck_assert_msg(strstr(err.msg, "damaged") != NULL, "%s", err.msg);
	/* the documents are still there to be looked at */
	ok(ingot_image_load(other, path, 0, &l, &err));
	ingot_loaded_done(&l);
}
END_TEST

START_TEST(wrong_diff_id)
{
	struct ingot_loaded l = { 0 };
	sample.layers[1].layer.diff_id.b[5] ^= 1;
	ingot_image_docs_done(&sample.docs);
	ok(ingot_image_make(store, &sample.image, &sample.docs, &err));
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs };
	ok(ingot_archive_write(store, &a, path, &err));
	refused(ingot_image_load(store, path, INGOT_LOAD_TREE, &l, &err), INGOT_E_OUTSIDE);
	ck_assert_ptr_nonnull(strstr(err.msg, "/layers/1"));
}
END_TEST

/* An index within the index (a multi-platform image), and indexes that name too much or nothing. */
START_TEST(indexes)
{
	static const char entry[] = "{\"mediaType\":\"application/vnd.oci.image.%s.v1+json\",\"digest\":\"sha256:%s\",\"size\":%llu,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}";
#if defined(__x86_64__)
	const char *here = "amd64", *there = "arm64";
#else
	const char *here = "arm64", *there = "amd64";
#endif
	const char *dir = in_tmp("d");
	char hex[65], inner[2048], name[300];
	_cleanup_(ingot_freep) char *target = ingot_strf("dir:%s", dir);
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs };
	struct ingot_loaded l = { 0 };
	ok(ingot_archive_write(store, &a, target, &err));
	(void)ingot_digest_hex(&sample.docs.manifest.digest, hex);
	_cleanup_(ingot_freep) char *mine = ingot_strf(entry, "manifest", hex, (unsigned long long)sample.docs.manifest.size, here);
	_cleanup_(ingot_freep) char *other = ingot_strf(entry, "manifest", HEX("a"), 400ULL, there);
	struct {
		const char *first, *second;
		bool good;
	} cases[] = { { mine, other, true }, { other, mine, true }, { mine, mine, true }, { other, other, false } }; /* twice the same is one; the last is not there */
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(inner, sizeof(inner), "{\"schemaVersion\":2,\"manifests\":[%s,%s]}", cases[i].first, cases[i].second);
		struct ingot_digest d;
		ingot_sha256(inner, strlen(inner), &d);
		(void)snprintf(name, sizeof(name), "%s/blobs/sha256/%s", dir, INGOT_HEX(&d));
		FILE *f = fopen(name, "w");
		ck_assert(f && fputs(inner, f) >= 0 && fclose(f) == 0);
		f = fopen(in_tmp("d/index.json"), "w");
		ck_assert(f && fputs("{\"schemaVersion\":2,\"manifests\":[", f) >= 0 && fprintf(f, entry, "index", INGOT_HEX(&d), (unsigned long long)strlen(inner), here) > 0 && fputs("]}", f) >= 0 &&
			  fclose(f) == 0);
		if (cases[i].good) {
			ok(ingot_image_load(store, dir, 0, &l, &err));
			ck_assert(ingot_digest_eq(&l.manifest_ref.digest, &sample.docs.manifest.digest));
			ingot_loaded_done(&l);
		} else {
			refused(ingot_image_load(store, dir, 0, &l, &err), INGOT_E_OUTSIDE);
		}
	}
	static const char *const bad[] = { "{}", "[]", "{\"manifests\":[]}", "{\"manifests\":[{\"mediaType\":\"text/plain\",\"digest\":\"sha256:" HEX("a") "\",\"size\":1}]}", "", "{\"manifests\":[1]}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *f = fopen(in_tmp("d/index.json"), "w");
		ck_assert(f && fputs(bad[i], f) >= 0 && fclose(f) == 0);
		refused(ingot_image_load(store, dir, 0, &l, &err), INGOT_E_OUTSIDE);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("load");
	TCase *t = tcase_create("load");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ours);
	tcase_add_test(t, into_another_store);
	tcase_add_test(t, documents_alone);
	tcase_add_test(t, foreign);
	tcase_add_test(t, nothing_is_lost);
	tcase_add_test(t, removals);
	tcase_add_test(t, damage);
	tcase_add_test(t, wrong_diff_id);
	tcase_add_test(t, indexes);
	suite_add_tcase(s, t);
	return run_suite(s);
}
