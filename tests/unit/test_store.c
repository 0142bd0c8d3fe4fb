/* The store: what goes in comes out, damage is never served, gc takes exactly what nobody needs. */
#include "run_suite.h"
#include "store_fixture.h"

START_TEST(put_and_get)
{
	struct ingot_digest d, again;
	ck_assert_int_eq(ingot_store_put(store, "hello\n", 6, &d, &err), 0);
	ck_assert_str_eq(INGOT_HEX(&d), "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
	ck_assert(ingot_store_has(store, &d));
	ck_assert_int_eq(ingot_store_put(store, "hello\n", 6, &again, &err), 0);
	ck_assert(ingot_digest_eq(&d, &again));
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(100);
	ingot_buf_str(&out, "before ");
	ck_assert_int_eq(ingot_store_get(store, &d, &out, &err), 1);
	ck_assert_str_eq(out.p, "before hello\n");
	ck_assert_int_eq(entries("tmp"), 0);
	/* another handle of the same store sees it; a digest that is not there is no error */
	reopen();
	ck_assert(ingot_store_has(store, &d));
	d.b[5] ^= 1;
	ck_assert(!ingot_store_has(store, &d));
	ck_assert_int_eq(ingot_store_get(store, &d, &out, &err), 0);
}
END_TEST

/* Publishing what is there already, damaged: the good bytes win, because the caller has hashed them and goes on as if they were there. */
START_TEST(put_over_damage)
{
	struct ingot_digest d, again;
	char hex[65], name[100];
	ck_assert_int_eq(ingot_store_put(store, "twelve bytes", 12, &d, &err), 0);
	(void)ingot_digest_hex(&d, hex);
	(void)snprintf(name, sizeof(name), "objects/%.2s/%s", hex, hex + 2);
	ck_assert_int_eq(fchmodat(dir, name, 0644, 0), 0);
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, "T", 1, 0), 1);
	(void)close(fd);
	ck_assert_int_eq(ingot_store_put(store, "twelve bytes", 12, &again, &err), 0);
	char now[13] = "";
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, now, 12), 12);
	(void)close(fd);
	ck_assert_str_eq(now, "twelve bytes");
}
END_TEST

START_TEST(expected_digest)
{
	struct ingot_digest want, d;
	ingot_sha256("abc", 3, &want);
	struct ingot_blob *b = NULL;
	ck_assert_int_eq(ingot_blob_begin(store, &b, &err), 0);
	ck_assert_int_eq(ingot_blob_write(b, "abd", 3, &err), 0);
	ck_assert_int_lt(ingot_blob_end(b, &want, NULL, NULL, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_ptr_nonnull(strstr(err.msg, INGOT_HEX(&want)));
	ingot_sha256("abd", 3, &d);
	ck_assert_ptr_nonnull(strstr(err.msg, INGOT_HEX(&d)));
	ck_assert(!ingot_store_has(store, &want) && !ingot_store_has(store, &d));
	ck_assert_int_eq(entries("tmp"), 0);
	uint64_t size;
	ck_assert_int_eq(ingot_blob_begin(store, &b, &err), 0);
	ck_assert_int_eq(ingot_blob_write(b, "ab", 2, &err), 0);
	ck_assert_int_eq(ingot_blob_write(b, "c", 1, &err), 0);
	ck_assert_int_eq(ingot_blob_end(b, &want, &d, &size, &err), 0);
	ck_assert(ingot_digest_eq(&want, &d));
	ck_assert_uint_eq(size, 3);
	ck_assert_int_eq(ingot_blob_begin(store, &b, &err), 0);
	ck_assert_int_eq(ingot_blob_write(b, "never", 5, &err), 0);
	ingot_blob_abort(b);
	ck_assert_int_eq(entries("tmp"), 0);
}
END_TEST

START_TEST(pack_round_trip)
{
	struct ingot_pack *p = NULL;
	struct ingot_digest a, b, c, name;
	uint64_t size;
	char big[400000];
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 251);
	ck_assert_int_eq(ingot_pack_begin(store, &p, &err), 0);
	ck_assert_int_eq(ingot_pack_write(p, "one", 3, &err), 0);
	ck_assert_int_eq(ingot_pack_next(p, &a, &size, &err), 0);
	ck_assert_uint_eq(size, 3);
	for (int twice = 0; twice < 2; twice++) { /* the second is dropped again, though it went beyond the buffer */
		ck_assert_int_eq(ingot_pack_write(p, big, 100000, &err), 0);
		ck_assert_int_eq(ingot_pack_write(p, big + 100000, 300000, &err), 0);
		ck_assert_int_eq(ingot_pack_next(p, &b, &size, &err), 0);
		ck_assert_uint_eq(size, sizeof(big));
	}
	ck_assert_int_eq(ingot_pack_next(p, &c, &size, &err), 0); /* an empty content */
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(ingot_pack_write(p, "one", 3, &err), 0);
	ck_assert_int_eq(ingot_pack_next(p, &a, &size, &err), 0);
	ck_assert_int_eq(ingot_pack_write(p, "begun and not ended", 19, &err), 0);
	ck_assert_int_eq(ingot_pack_end(p, &name, &err), 0);
	struct stat st;
	ck_assert_int_eq(fstatat(dir, object_path("packs", &name), &st, 0), 0);
	ck_assert_int_eq(st.st_size, 8 + 3 + 400000 + 3 * 48 + 56);
	for (int fresh = 0; fresh < 2; fresh++) {
		check_content(&a, "one", 3);
		check_content(&b, big, sizeof(big));
		check_content(&c, "", 0);
		reopen();
		ck_assert(!ingot_store_has(store, &a)); /* not before the pack is in use */
		ck_assert_int_eq(ingot_store_use_pack(store, &name, &err), 1);
		ck_assert_int_eq(ingot_store_use_pack(store, &name, &err), 1);
	}
	/* Where they lie; a content of its own lies in none. */
	uint32_t pack = 77;
	uint64_t offset = 0;
	ck_assert(ingot_store_where(store, &a, &pack, &offset) && offset == 8 && ingot_digest_eq(ingot_store_pack(store, pack), &name));
	ck_assert(ingot_store_where(store, &b, &pack, &offset) && offset == 8 + 3);
	ck_assert_int_eq(ingot_store_put(store, "alone", 5, &b, &err), 0);
	ck_assert(!ingot_store_where(store, &b, &pack, &offset));
	name.b[0] ^= 1;
	ck_assert_int_eq(ingot_store_use_pack(store, &name, &err), 0);
}
END_TEST

START_TEST(many_packs)
{
	/* more than are kept open, all findable, with contents in common */
	struct ingot_digest d[40], common = { { 0 } }, names[40];
	for (int i = 0; i < 40; i++) {
		struct ingot_pack *p = NULL;
		ck_assert_int_eq(ingot_pack_begin(store, &p, &err), 0);
		ck_assert_int_eq(ingot_pack_write(p, &i, sizeof(i), &err), 0);
		ck_assert_int_eq(ingot_pack_next(p, &d[i], NULL, &err), 0);
		ck_assert_int_eq(ingot_pack_write(p, "common", 6, &err), 0);
		ck_assert_int_eq(ingot_pack_next(p, &common, NULL, &err), 0);
		ck_assert_int_eq(ingot_pack_end(p, &names[i], &err), 0);
	}
	for (int i = 0; i < 40; i++) /* in this order, so that the first pack is no longer open at the end */
		check_content(&d[i], (const char *)&i, sizeof(i));
	/* the pack that would serve the common content goes: another one does */
	ck_assert_int_eq(unlinkat(dir, object_path("packs", &names[0]), 0), 0);
	check_content(&common, "common", 6);
	ck_assert(!ingot_store_has(store, &d[0]));
	check_content(&d[1], (const char *)&(int){ 1 }, sizeof(int));
}
END_TEST

START_TEST(references)
{
	struct ingot_digest key, d;
	ingot_sha256("key", 3, &key);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1000);
	ck_assert_int_eq(ingot_ref_get(store, "step", &key, &text, &err), 0);
	ck_assert_int_eq(ingot_store_put(store, "x", 1, &d, &err), 0);
	ck_assert_int_eq(ingot_ref_put(store, "step", &key, INGOT_SPAN("what it\nsays"), &d, 1, &err), 0);
	ck_assert_int_eq(ingot_ref_get(store, "step", &key, &text, &err), 1);
	ck_assert_str_eq(text.p, "what it\nsays");
	ck_assert_int_eq(ingot_ref_get(store, "deb", &key, &text, &err), 0);
	ingot_buf_clear(&text);
	ck_assert_int_eq(ingot_ref_put(store, "step", &key, INGOT_SPAN(""), NULL, 0, &err), 0);
	ck_assert_int_eq(ingot_ref_get(store, "step", &key, &text, &err), 1);
	ck_assert_uint_eq(text.n, 0);
	/* what is not there cannot be referenced */
	struct ingot_digest missing = d;
	missing.b[3] ^= 8;
	ck_assert_int_lt(ingot_ref_put(store, "step", &key, INGOT_SPAN("new"), &missing, 1, &err), 0);
	/* and a reference whose need goes is none */
	ck_assert_int_eq(ingot_ref_put(store, "step", &key, INGOT_SPAN("new"), &d, 1, &err), 0);
	ck_assert_int_eq(unlinkat(dir, object_path("objects", &d), 0), 0);
	ck_assert_int_eq(ingot_ref_get(store, "step", &key, &text, &err), 0);
	ck_assert_int_eq(entries("tmp"), 0);
}
END_TEST

static int published(const char *kind)
{
	return faccessat(dir, kind, F_OK, 0) == 0 ? entries(kind) : 0;
}

START_TEST(deferred_references)
{
	struct ingot_digest key[3], d;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1000);
	for (size_t i = 0; i < 3; i++)
		ingot_sha256(&i, sizeof(i), &key[i]);
	ck_assert_int_eq(ingot_store_put(store, "x", 1, &d, &err), 0);
	ingot_ref_defer(store);
	ck_assert_int_eq(ingot_ref_put(store, "deb", &key[0], INGOT_SPAN("old"), &d, 1, &err), 0);
	ck_assert_int_eq(ingot_ref_put(store, "deb", &key[0], INGOT_SPAN("new"), &d, 1, &err), 0);
	ck_assert_int_eq(ingot_ref_put(store, "step", &key[1], INGOT_SPAN("other"), &d, 1, &err), 0);
	ck_assert_int_eq(published("refs/deb") + published("refs/step"), 0);
	/* found already, the later one */
	ck_assert_int_eq(ingot_ref_get(store, "deb", &key[0], &text, &err), 1);
	ck_assert_str_eq(text.p, "new");
	ck_assert_int_eq(ingot_ref_get(store, "step", &key[0], &text, &err), 0);
	ck_assert_int_eq(ingot_ref_flush(store, &err), 0);
	ck_assert(published("refs/deb") == 1 && published("refs/step") == 1);
	/* now each at once again */
	ck_assert_int_eq(ingot_ref_put(store, "deb", &key[1], INGOT_SPAN("t"), &d, 1, &err), 0);
	ck_assert_int_eq(published("refs/deb"), 2);
	/* and what is deferred at close is kept */
	ingot_ref_defer(store);
	ck_assert_int_eq(ingot_ref_put(store, "deb", &key[2], INGOT_SPAN("t"), &d, 1, &err), 0);
	ck_assert_int_eq(published("refs/deb"), 2);
	reopen();
	ck_assert_int_eq(published("refs/deb"), 3);
	ingot_buf_clear(&text);
	ck_assert_int_eq(ingot_ref_get(store, "deb", &key[0], &text, &err), 1);
	ck_assert_str_eq(text.p, "new");
	ck_assert_int_eq(entries("tmp"), 0);
	/* more than are published together, and gc in between */
	ingot_ref_defer(store);
	for (unsigned i = 0; i < 100; i++) {
		struct ingot_digest k;
		ingot_sha256(&i, sizeof(i), &k);
		ck_assert_int_eq(ingot_ref_put(store, "many", &k, INGOT_SPAN("t"), &d, 1, &err), 0);
	}
	ck_assert_int_ge(published("refs/many"), 64);
	ck_assert_int_eq(ingot_store_gc(store, 1000, 100, NULL, &err), 0);
	ck_assert_int_eq(published("refs/many"), 100);
	ck_assert(ingot_store_has(store, &d));
}
END_TEST

static void check_file(const char *name, off_t size, const char *sha256)
{
	uint8_t bytes[1000];
	struct ingot_digest d;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s", name);
	ck_assert_int_eq(read(fd, bytes, sizeof(bytes)), size);
	(void)close(fd);
	ingot_sha256(bytes, (size_t)size, &d);
	ck_assert_str_eq(INGOT_HEX(&d), sha256);
}

/* The formats, byte by byte: these digests were computed by another program from the descriptions in pack.h and ref.c. */
START_TEST(formats)
{
	struct ingot_pack *p = NULL;
	struct ingot_digest name, x, key;
	ck_assert_int_eq(ingot_pack_begin(store, &p, &err), 0);
	static const char *const parts[] = { "one", "", "three" };
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(ingot_pack_write(p, parts[i], strlen(parts[i]), &err), 0);
		ck_assert_int_eq(ingot_pack_next(p, NULL, NULL, &err), 0);
	}
	ck_assert_int_eq(ingot_pack_end(p, &name, &err), 0);
	ck_assert_str_eq(INGOT_HEX(&name), "b10509c968b74f19ebf2b200cf196c03d3de8ac23952b3656652853e197d672b");
	check_file(object_path("packs", &name), 216, "0f3d959f0b2ff3ce20227498aa696b3bcc358f153e2ec5d8622c4f24abd680e0");
	ck_assert_int_eq(ingot_store_put(store, "x", 1, &x, &err), 0);
	ingot_sha256("key", 3, &key);
	ck_assert_int_eq(ingot_ref_put(store, "step", &key, INGOT_SPAN("what it\nis"), &x, 1, &err), 0);
	char file[128];
	(void)snprintf(file, sizeof(file), "refs/step/%s", INGOT_HEX(&key));
	check_file(file, 243, "8bd9bfca65f3b9a891b0483acd51015338b508e43282c11ca7159518027d0114");
}
END_TEST

START_TEST(use_time)
{
	struct ingot_digest key;
	ingot_sha256("key", 3, &key);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1000);
	ck_assert_int_eq(ingot_ref_put(store, "deb", &key, INGOT_SPAN("t"), NULL, 0, &err), 0);
	char file[128];
	(void)snprintf(file, sizeof(file), "refs/deb/%s", INGOT_HEX(&key));
	static const long ages[] = { 3000, 7200, -7200 };
	for (size_t i = 0; i < 3; i++) {
		struct timespec then[2] = { { .tv_sec = time(NULL) - ages[i] }, { .tv_sec = time(NULL) - ages[i] } };
		ck_assert_int_eq(utimensat(dir, file, then, 0), 0);
		ck_assert_int_eq(ingot_ref_get(store, "deb", &key, &text, &err), 1);
		struct stat st;
		ck_assert_int_eq(fstatat(dir, file, &st, 0), 0);
		if (i == 0)
			ck_assert_int_eq(st.st_mtime, then[0].tv_sec);
		else
			ck_assert_int_lt(labs(st.st_mtime - time(NULL)), 100);
	}
}
END_TEST

START_TEST(collect)
{
	struct ingot_digest needed, garbage, key, old, key2, pack, inside;
	struct ingot_pack *p = NULL;
	ck_assert_int_eq(ingot_store_put(store, "needed", 6, &needed, &err), 0);
	ck_assert_int_eq(ingot_store_put(store, "garbage", 7, &garbage, &err), 0);
	ck_assert_int_eq(ingot_store_put(store, "old", 3, &old, &err), 0);
	ck_assert_int_eq(ingot_pack_begin(store, &p, &err), 0);
	ck_assert_int_eq(ingot_pack_write(p, "inside", 6, &err), 0);
	ck_assert_int_eq(ingot_pack_next(p, &inside, NULL, &err), 0);
	ck_assert_int_eq(ingot_pack_end(p, &pack, &err), 0);
	ingot_sha256("k", 1, &key);
	ingot_sha256("k2", 2, &key2);
	struct ingot_digest needs[] = { needed, pack };
	ck_assert_int_eq(ingot_ref_put(store, "step", &key, INGOT_SPAN("t"), needs, 2, &err), 0);
	ck_assert_int_eq(ingot_ref_put(store, "step", &key2, INGOT_SPAN("t"), &old, 1, &err), 0);
	char file[128];
	(void)snprintf(file, sizeof(file), "refs/step/%s", INGOT_HEX(&key2));
	struct timespec then[2] = { { .tv_sec = time(NULL) - 90000 }, { .tv_sec = time(NULL) - 90000 } };
	ck_assert_int_eq(utimensat(dir, file, then, 0), 0);
	reopen();
	struct ingot_store_stats freed;
	ck_assert_int_eq(ingot_store_gc(store, 80000, 1000, &freed, &err), 0);
	ck_assert_uint_eq(freed.objects, 2);
	ck_assert_uint_eq(freed.refs, 1);
	ck_assert_uint_eq(freed.packs, 0);
	ck_assert_uint_eq(freed.bytes, 10);
	ck_assert(ingot_store_has(store, &needed) && !ingot_store_has(store, &garbage) && !ingot_store_has(store, &old));
	ck_assert_int_eq(ingot_store_use_pack(store, &pack, &err), 1);
	struct ingot_store_stats info;
	ck_assert_int_eq(ingot_store_info(store, &info, &err), 0);
	ck_assert(info.objects == 1 && info.packs == 1 && info.refs == 1 && info.damaged == 0);
	/* what this handle uses stays, though nothing names it any more */
	ck_assert_int_eq(ingot_store_gc(store, 0, 1000, &freed, &err), 0);
	ck_assert(freed.refs == 1 && freed.objects == 1 && freed.packs == 0);
	check_content(&inside, "inside", 6);
	reopen();
	ck_assert_int_eq(ingot_store_gc(store, 0, 1000, &freed, &err), 0);
	ck_assert_uint_eq(freed.packs, 1);
}
END_TEST

START_TEST(collect_waits)
{
	struct ingot_store *other = NULL;
	ck_assert_int_eq(ingot_store_open(path, NULL, &other, &err), 0);
	struct timespec a, b;
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	ck_assert_int_lt(ingot_store_gc(store, 0, 100, NULL, &err), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_int_eq(err.code, INGOT_E_HOST);
	ck_assert_int_lt((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000, 1000);
	ingot_store_close(other);
	ck_assert_int_eq(ingot_store_gc(store, 0, 100, NULL, &err), 0);
	/* and our own lock is back: another collector has to wait for us */
	ck_assert_int_eq(ingot_store_open(path, NULL, &other, &err), 0);
	ck_assert_int_lt(ingot_store_gc(other, 0, 50, NULL, &err), 0);
	ingot_store_close(other);
}
END_TEST

START_TEST(a_good_one_is_not_set_aside)
{
	/* while we read damaged bytes, another build has already put the right ones in their place */
	struct ingot_digest d;
	ck_assert_int_eq(ingot_store_put(store, "good", 4, &d, &err), 0);
	char name[128];
	(void)snprintf(name, sizeof(name), "%s", object_path("objects", &d));
	for (int replaced = 0; replaced < 2; replaced++) {
		ck_assert_int_eq(unlinkat(dir, name, 0), 0);
		int fd = openat(dir, name, O_WRONLY | O_CREAT, 0600);
		ck_assert_int_eq(write(fd, "evil", 4), 4);
		(void)close(fd);
		_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
		ck_assert_int_eq(ingot_store_find(store, &d, &c, &err), 1);
		if (replaced) {
			ck_assert_int_eq(unlinkat(dir, name, 0), 0);
			ck_assert_int_eq(ingot_store_put(store, "good", 4, &d, &err), 0);
		}
		char bytes[10];
		ck_assert_int_eq(ingot_content_read(&c, bytes, sizeof(bytes), &err), 4);
		ck_assert_int_lt(ingot_content_read(&c, bytes, sizeof(bytes), &err), 0);
		ck_assert_ptr_nonnull(strstr(err.msg, "damaged"));
		ck_assert(ingot_store_has(store, &d) == (replaced == 1));
		if (!replaced)
			ck_assert_int_eq(ingot_store_put(store, "good", 4, &d, &err), 0);
	}
	check_content(&d, "good", 4);
}
END_TEST

/* Of another size than it should have: damage is set aside and mended by the next run; a size that was never true is not. */
START_TEST(needed)
{
	struct ingot_digest d, other;
	char bytes[10];
	ck_assert_int_eq(ingot_store_put(store, "good", 4, &d, &err), 0);
	{
		_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
		ck_assert_int_eq(ingot_store_need(store, &d, 4, &c, &err), 0);
		ck_assert(ingot_content_read(&c, bytes, sizeof(bytes), &err) == 4 && ingot_content_read(&c, bytes, sizeof(bytes), &err) == 0);
	}
	struct ingot_content none = INGOT_CONTENT_INIT;
	ck_assert_int_lt(ingot_store_need(store, &d, 5, &none, &err), 0);
	ck_assert(err.code == INGOT_E_BUG && !err.again && none.fd == -1);
	ck_assert(ingot_store_has(store, &d));
	ingot_sha256("none", 4, &other);
	ck_assert_int_lt(ingot_store_need(store, &other, 4, &none, &err), 0);
	ck_assert(err.code == INGOT_E_BUG && err.again && strstr(err.msg, "missing") && strstr(err.hint, "again"));
	ck_assert_int_eq(fchmodat(dir, object_path("objects", &d), 0600, 0), 0);
	int fd = openat(dir, object_path("objects", &d), O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "!", 1), 1);
	(void)close(fd);
	ck_assert_int_lt(ingot_store_need(store, &d, 4, &none, &err), 0);
	ck_assert(err.code == INGOT_E_BUG && err.again && strstr(err.msg, "damaged") && none.fd == -1);
	ck_assert(!ingot_store_has(store, &d));
	ck_assert_int_eq(entries("damaged"), 1);
	/* The mark is of one failure: the next does not inherit it. */
	(void)ingot_fail(&err, INGOT_E_INPUT, "another");
	ck_assert(!err.again);
}
END_TEST

START_TEST(unusual_places)
{
	struct ingot_store *s = NULL;
	char p[300];
	/* made with its parents, private whatever the umask */
	mode_t had = umask(0);
	(void)snprintf(p, sizeof(p), "%s/a/b/c", path);
	ck_assert_int_eq(ingot_store_open(p, NULL, &s, &err), 0);
	(void)umask(had);
	struct stat st;
	ck_assert_int_eq(stat(p, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ingot_store_close(TAKE_PTR(s));
	/* writable by others */
	ck_assert_int_eq(chmod(p, 0777), 0);
	ck_assert_int_lt(ingot_store_open(p, NULL, &s, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_HOST);
	ck_assert_ptr_nonnull(strstr(err.hint, "chmod"));
	/* not a directory */
	(void)snprintf(p, sizeof(p), "%s/lock", path);
	ck_assert_int_lt(ingot_store_open(p, NULL, &s, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_HOST);
	/* parts of the layout replaced by other things heal */
	ingot_store_close(TAKE_PTR(store));
	ck_assert_int_eq(unlinkat(dir, "lock", 0), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", dir, "lock"), 0);
	ck_assert_int_eq(unlinkat(dir, "tmp", AT_REMOVEDIR), 0);
	ck_assert_int_eq(symlinkat("/tmp", dir, "tmp"), 0);
	ck_assert_int_eq(unlinkat(dir, "packs", AT_REMOVEDIR), 0);
	ck_assert_int_eq(mkfifoat(dir, "packs", 0600), 0);
	ck_assert_int_eq(ingot_store_open(path, NULL, &store, &err), 0);
	ck_assert_int_eq(ingot_store_put(store, "x", 1, NULL, &err), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("store");
	tcase_add_checked_fixture(t, fixture_begin, fixture_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, put_and_get);
	tcase_add_test(t, put_over_damage);
	tcase_add_test(t, expected_digest);
	tcase_add_test(t, pack_round_trip);
	tcase_add_test(t, many_packs);
	tcase_add_test(t, references);
	tcase_add_test(t, deferred_references);
	tcase_add_test(t, formats);
	tcase_add_test(t, use_time);
	tcase_add_test(t, collect);
	tcase_add_test(t, collect_waits);
	tcase_add_test(t, a_good_one_is_not_set_aside);
	tcase_add_test(t, needed);
	tcase_add_test(t, unusual_places);
	suite_add_tcase(s, t);
	return run_suite(s);
}
