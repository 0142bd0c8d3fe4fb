/* Verification fails closed: whatever is changed, exchanged, added or left out, the answer is no; and never by accident yes. */
#include "verify_support.h"
#include <fcntl.h>
#include <ingot/escape.h>

START_TEST(holds)
{
	const char *path = archive(sig[0].blobs, INGOT_SIGNATURE_BLOBS);
	struct ingot_span k = ingot_buf_view(&pub[0]);
	struct ingot_verified *v = NULL;
	ck_assert_msg(ingot_verify_archive(path, &k, 1, 1, &v, &err) == 0, "%s", err.msg);
	const struct ingot_verify_facts *f = ingot_verified_facts(v);
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_str_eq(f->reference.full, NAME);
	ck_assert(ingot_digest_eq(&f->manifest, &sample.docs.manifest.digest) && ingot_digest_eq(&f->config, &sample.docs.config.digest));
	ck_assert_uint_eq(f->archive_size, (uint64_t)st.st_size);
	ck_assert_uint_eq(f->blobs, 4 + 6);
	ck_assert_uint_eq(f->n_layers, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert(ingot_digest_eq(&f->layers[i].diff_id, &sample.layers[i].layer.diff_id));
		ck_assert_uint_eq(f->layers[i].tar_size, sample.layers[i].layer.tar_size);
	}
	ck_assert_uint_eq(f->n_keys, 1);
	ck_assert_str_eq(f->keys[0], sig[0].key_id);
	ingot_verified_free(v);
	/* the directory form as well */
	_cleanup_(ingot_freep) char *target = ingot_strf("dir:%s/d", tmp);
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs, .extra = sig[0].blobs, .n_extra = INGOT_SIGNATURE_BLOBS };
	ok(ingot_archive_write(store, &a, target, &err));
	ck_assert_msg(by_key0(target + 4) == 0, "%s", err.msg);
}
END_TEST

START_TEST(who_signed)
{
	struct ingot_blob_ref both[2 * INGOT_SIGNATURE_BLOBS];
	memcpy(both, sig[0].blobs, sizeof(sig[0].blobs));
	memcpy(both + INGOT_SIGNATURE_BLOBS, sig[1].blobs, sizeof(sig[1].blobs));
	struct ingot_span k[3] = { ingot_buf_view(&pub[0]), ingot_buf_view(&pub[1]), ingot_buf_view(&pub[0]) };

	const char *path = archive(NULL, 0);
	ck_assert(verify(path, k, 1, 1) < 0 && err.code == INGOT_E_FALSE && strstr(err.msg, "not signed"));
	path = archive(sig[1].blobs, INGOT_SIGNATURE_BLOBS);
	ck_assert(verify(path, k, 1, 1) < 0 && err.code == INGOT_E_FALSE && strstr(err.msg, "not in both formats by this key"));
	ck_assert(verify(path, k, 2, 1) == 0);
	ck_assert(verify(path, k, 2, 2) < 0 && err.code == INGOT_E_FALSE);

	path = archive(both, 2 * INGOT_SIGNATURE_BLOBS);
	ck_assert_msg(verify(path, k, 2, 2) == 0, "%s", err.msg);
	ck_assert(verify(path, k, 1, 1) == 0);

	/* one party given twice is one (CVE-2026-49834) */
	path = archive(sig[0].blobs, INGOT_SIGNATURE_BLOBS);
	struct ingot_span same[2] = { k[0], k[2] };
	ck_assert(verify(path, same, 2, 2) < 0 && err.code == INGOT_E_FALSE);

	/* questions that make no sense are the asker's mistake */
	ck_assert(verify(path, k, 1, 0) < 0 && err.code == INGOT_E_INPUT);
	ck_assert(verify(path, k, 1, 2) < 0 && err.code == INGOT_E_INPUT);
	ck_assert(verify(path, k, 0, 1) < 0 && err.code == INGOT_E_INPUT);
	struct ingot_span none = INGOT_SPAN("no key");
	ck_assert(verify(path, &none, 1, 1) < 0 && err.code == INGOT_E_INPUT);
	ck_assert(verify(in_tmp("none"), k, 1, 1) < 0 && err.code == INGOT_E_INPUT);
	ck_assert(verify("/dev/null", k, 1, 1) < 0 && err.code == INGOT_E_INPUT);
}
END_TEST

/* Both formats are needed: what skopeo reads and what cosign reads must say the same. */
START_TEST(half_a_signature)
{
	ck_assert(by_key0(archive(sig[0].blobs, 3)) < 0 && err.code == INGOT_E_FALSE);
	ck_assert(by_key0(archive(sig[0].blobs + 3, 3)) < 0 && err.code == INGOT_E_FALSE);
	/* one format of each key makes no whole */
	struct ingot_blob_ref mixed[6];
	memcpy(mixed, sig[0].blobs, sizeof(mixed));
	memcpy(mixed + 3, sig[1].blobs + 3, 3 * sizeof(*mixed));
	ck_assert(by_key0(archive(mixed, 6)) < 0 && err.code == INGOT_E_FALSE);
	/* any one of the blobs left out */
	for (int i = 0; i < 6; i++) {
		memcpy(mixed, sig[0].blobs, sizeof(mixed));
		mixed[i] = mixed[(i + 1) % 6];
		ck_assert_msg(by_key0(archive(mixed, 6)) < 0 && err.code == INGOT_E_FALSE, "without blob %d", i);
	}
}
END_TEST

/* Every byte of the file: headers, padding, names, documents, layers, signatures, the end. */
START_TEST(every_flipped_byte)
{
	const char *path = archive(sig[0].blobs, INGOT_SIGNATURE_BLOBS);
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	int fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	for (off_t at = _i; at < st.st_size; at += 8) {
		unsigned char was, now;
		ck_assert_int_eq(pread(fd, &was, 1, at), 1);
		now = was ^ (unsigned char)(1U << (at / 8 % 8));
		ck_assert_int_eq(pwrite(fd, &now, 1, at), 1);
		ck_assert_msg(by_key0(path) < 0, "byte %lld can be changed", (long long)at);
		ck_assert_msg(err.code == INGOT_E_FALSE, "byte %lld: code %d: %s", (long long)at, err.code, err.msg);
		ck_assert_int_eq(pwrite(fd, &was, 1, at), 1);
	}
	(void)close(fd);
	ck_assert_int_eq(by_key0(path), 0);
}
END_TEST

START_TEST(cut_and_extended)
{
	const char *path = archive(sig[0].blobs, INGOT_SIGNATURE_BLOBS);
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	static const off_t sizes[] = { 0, 1, 511, 512, 1024, 5000 };
	ck_assert_int_eq(truncate(path, st.st_size + 512), 0);
	ck_assert(by_key0(path) < 0 && err.code == INGOT_E_FALSE);
	for (off_t cut = 1; cut <= 2048; cut *= 2) {
		ck_assert_int_eq(truncate(path, st.st_size - cut), 0);
		ck_assert(by_key0(path) < 0 && err.code == INGOT_E_FALSE);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ck_assert_int_eq(truncate(path, sizes[i]), 0);
		ck_assert(by_key0(path) < 0 && err.code == INGOT_E_FALSE);
	}
}
END_TEST

/* A blob more than there should be, of any look. */
START_TEST(stowaways)
{
	static const char *const texts[] = { "", "x", "{}x", "{\"schemaVersion\":2,\"layers\":[]}", "{\"schemaVersion\":2,", "{\"schemaVersion\":2,\"subject\":{},\"layers\":[{}]}" };
	struct ingot_blob_ref extra[INGOT_SIGNATURE_BLOBS + 1];
	memcpy(extra, sig[0].blobs, sizeof(sig[0].blobs));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		extra[INGOT_SIGNATURE_BLOBS] = put(texts[i], strlen(texts[i]));
		ck_assert_msg(by_key0(archive(extra, INGOT_SIGNATURE_BLOBS + 1)) < 0 && err.code == INGOT_E_FALSE, "%s: %s", texts[i], err.msg);
	}
	/* a signature over another image, whole and valid, does not belong here either */
	struct ingot_blob_ref other = sample.docs.config, all[2 * INGOT_SIGNATURE_BLOBS];
	struct ingot_signatures foreign;
	struct ingot_key key = { .path = in_tmp("k0.key"), .fd = -1 };
	ok(ingot_sign_image(store, &key, &other, NAME, 1700000000, &foreign, &err));
	memcpy(all, sig[0].blobs, sizeof(sig[0].blobs));
	memcpy(all + INGOT_SIGNATURE_BLOBS, foreign.blobs, sizeof(foreign.blobs));
	ck_assert(by_key0(archive(all, 2 * INGOT_SIGNATURE_BLOBS)) < 0 && err.code == INGOT_E_FALSE);
	ck_assert(by_key0(archive(foreign.blobs, INGOT_SIGNATURE_BLOBS)) < 0 && err.code == INGOT_E_FALSE);
}
END_TEST

/* The same image under another name, or said to be made at another time: what the indexes and annotations say is bound, too. */
START_TEST(another_name_or_time)
{
	struct ingot_key key = { .path = in_tmp("k0.key"), .fd = -1 };
	struct ingot_signatures s;
	ok(ingot_sign_image(store, &key, &sample.docs.manifest, "registry.example.com/demo/app:2.0", 1700000000, &s, &err));
	ck_assert(by_key0(archive(s.blobs, INGOT_SIGNATURE_BLOBS)) < 0 && err.code == INGOT_E_FALSE);
	ok(ingot_sign_image(store, &key, &sample.docs.manifest, NAME, 1700000001, &s, &err));
	ck_assert(by_key0(archive(s.blobs, INGOT_SIGNATURE_BLOBS)) < 0 && err.code == INGOT_E_FALSE);
}
END_TEST

/* Trap 12: a bundle by the right key, over the right image, of another predicate type (cosign verify takes it). */
START_TEST(another_predicate)
{
	_cleanup_(ingot_buf_done) struct ingot_buf doc = INGOT_BUF(KIB(64));
	_cleanup_(ingot_buf_done) struct ingot_buf statement = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf pae = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf sigtext = INGOT_BUF(KIB(4));
	struct ingot_blob_ref extra[INGOT_SIGNATURE_BLOBS];
	char hex[65];
	ingot_buf_fmt(&statement, "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":{\"sha256\":\"%s\"}}],\"predicateType\":\"https://spdx.dev/Document\",\"predicate\":{}}",
		      ingot_digest_hex(&sample.docs.manifest.digest, hex));
	ingot_dsse_pae(ingot_buf_view(&statement), &pae);
	FILE *f = fopen(in_tmp("pae"), "w");
	ck_assert(f && fwrite(pae.p, 1, pae.n, f) == pae.n && fclose(f) == 0);
	ck_assert_int_eq(RUN("/usr/bin/openssl", "dgst", "-sha256", "-sign", in_tmp("k0.key"), "-out", in_tmp("sig"), in_tmp("pae")), 0);
	ok(ingot_read_file(in_tmp("sig"), KIB(4), &sigtext, &err));
	char id[65];
	ok(ingot_check_signature(ingot_buf_view(&pub[0]), ingot_buf_view(&pae), ingot_buf_view(&sigtext), id, &err));
	/* the bundle and its referrer as they would have to look */
	_cleanup_(ingot_buf_done) struct ingot_buf b64 = INGOT_BUF(KIB(8));
	_cleanup_(ingot_buf_done) struct ingot_buf s64 = INGOT_BUF(KIB(8));
	_cleanup_(ingot_buf_done) struct ingot_buf hint = INGOT_BUF(KIB(1));
	struct ingot_digest d;
	ck_assert_int_eq(ingot_digest_parse_hex(ingot_span_of(id), &d), 0);
	ingot_base64(&b64, statement.p, statement.n);
	ingot_base64(&s64, sigtext.p, sigtext.n);
	ingot_base64(&hint, d.b, 32);
	ingot_buf_fmt(&doc, "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":{\"publicKey\":{\"hint\":\"%s\"}},\"dsseEnvelope\":{\"payload\":\"%s\","
			    "\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{\"sig\":\"%s\"}]}}",
		      hint.p, b64.p, s64.p);
	memcpy(extra, sig[0].blobs, sizeof(extra));
	extra[3] = put(doc.p, doc.n);
	ingot_buf_clear(&doc);
	ck_assert_int_eq(ingot_store_get(store, &sig[0].blobs[5].digest, &doc, &err), 1);
	/* the old referrer with the new bundle's digest and size */
	_cleanup_(ingot_buf_done) struct ingot_buf ref = INGOT_BUF(KIB(8));
	char old[65];
	const char *at = strstr(doc.p, ingot_digest_hex(&sig[0].blobs[3].digest, old));
	ck_assert_ptr_nonnull(at);
	const char *rest = strchr(at, '}');
	ingot_buf_put(&ref, doc.p, (size_t)(at - doc.p));
	ingot_buf_fmt(&ref, "%s\",\"size\":%zu%s", ingot_digest_hex(&extra[3].digest, hex), (size_t)extra[3].size, rest);
	extra[5] = put(ref.p, ref.n);
	ck_assert(by_key0(archive(extra, INGOT_SIGNATURE_BLOBS)) < 0 && err.code == INGOT_E_FALSE);
	ck_assert_msg(strstr(err.msg, "signs something else") != NULL, "%s", err.msg);
}
END_TEST

/* Trap 11: a layout directory whose image was changed or removed (cosign verify --local-image takes it). */
START_TEST(directories)
{
	char hex[65], name[160];
	_cleanup_(ingot_freep) char *target = ingot_strf("dir:%s/d", tmp);
	const char *path = target + 4;
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs, .extra = sig[0].blobs, .n_extra = INGOT_SIGNATURE_BLOBS };
	ok(ingot_archive_write(store, &a, target, &err));
	ck_assert_int_eq(by_key0(path), 0);
	struct ingot_digest victims[] = { sample.docs.manifest.digest, sample.docs.config.digest, sample.layers[0].layer.digest, sig[0].blobs[3].digest };
	for (int i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "%s/blobs/sha256/%s", path, ingot_digest_hex(&victims[i], hex));
		int fd = open(name, O_RDWR);
		char c;
		ck_assert(fd >= 0 && pread(fd, &c, 1, 30) == 1);
		char other = (char)(c ^ 1);
		ck_assert_int_eq(pwrite(fd, &other, 1, 30), 1);
		ck_assert(by_key0(path) < 0 && err.code == INGOT_E_FALSE);
		ck_assert(pwrite(fd, &c, 1, 30) == 1 && close(fd) == 0);
		_cleanup_(ingot_freep) char *away = ingot_strf("%s/away", tmp);
		ck_assert_int_eq(rename(name, away), 0);
		ck_assert(by_key0(path) < 0 && err.code == INGOT_E_FALSE);
		ck_assert_int_eq(symlink(away, name), 0); /* no link is followed */
		ck_assert(by_key0(path) < 0 && err.code == INGOT_E_FALSE);
		ck_assert(unlink(name) == 0 && mkfifo(name, 0600) == 0);
		ck_assert(by_key0(path) < 0 && err.code == INGOT_E_FALSE);
		ck_assert(unlink(name) == 0 && rename(away, name) == 0);
		ck_assert_int_eq(by_key0(path), 0);
	}
	static const char *const strays[] = { "stray", "blobs/md5", "blobs/sha256/stray", "blobs/sha256/AA5a0c2bd3f6a2d5a8f3cbb9c3a2a9e0cf7b6e0c2b6f0b0c1d2e3f4a5b6c7d8e" };
	for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", path, strays[i]);
		ck_assert_int_eq(mkdir(name, 0700), 0);
		ck_assert(by_key0(path) < 0 && err.code == INGOT_E_FALSE);
		ck_assert_int_eq(rmdir(name), 0);
	}
	ck_assert_int_eq(by_key0(path), 0);
}
END_TEST

/* A manifest that is signed, but describes its layers wrongly: signed nonsense is nonsense. */
START_TEST(signed_nonsense)
{
	struct ingot_image_layer *l = &sample.layers[_i == 3];
	switch (_i) {
	case 0: l->layer.diff_id.b[0] ^= 1; break;
	case 1: l->layer.compression = INGOT_PLAIN; break;
	case 2: l->layer.size++; break;
	case 3: l->layer = sample.layers[0].layer; l->layer.diff_id.b[31] ^= 1; break;
	}
	ingot_image_docs_done(&sample.docs);
	ok(ingot_image_make(store, &sample.image, &sample.docs, &err));
	struct ingot_key key = { .path = in_tmp("k0.key"), .fd = -1 };
	ok(ingot_sign_image(store, &key, &sample.docs.manifest, NAME, 1700000000, &sig[0], &err));
	if (_i == 2) { /* the writer itself refuses a blob of another size */
		struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs, .extra = sig[0].blobs, .n_extra = INGOT_SIGNATURE_BLOBS };
		refused(ingot_archive_write(store, &a, in_tmp("a.tar"), &err), INGOT_E_BUG);
		return;
	}
	ck_assert(by_key0(archive(sig[0].blobs, INGOT_SIGNATURE_BLOBS)) < 0 && err.code == INGOT_E_FALSE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("verify");
	TCase *t = tcase_create("verify");
	tcase_set_timeout(t, 110);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, holds);
	tcase_add_test(t, who_signed);
	tcase_add_test(t, half_a_signature);
	tcase_add_test(t, cut_and_extended);
	tcase_add_test(t, stowaways);
	tcase_add_test(t, another_name_or_time);
	tcase_add_test(t, another_predicate);
	tcase_add_test(t, directories);
	tcase_add_loop_test(t, signed_nonsense, 0, 4);
	suite_add_tcase(s, t);
	TCase *flips = tcase_create("flips");
	tcase_set_timeout(flips, 110);
	tcase_add_checked_fixture(flips, setup, teardown);
	tcase_add_loop_test(flips, every_flipped_byte, 0, 8);
	suite_add_tcase(s, flips);
	return run_suite(s);
}
