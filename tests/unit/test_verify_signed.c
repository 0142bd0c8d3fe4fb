/* Signed by the right key, and wrong all the same: documents that some reader takes for another image, artefacts in another form, too many of them. */
#include "verify_support.h"

#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"

static const struct {
	bool config;
	const char *from, *to, *says; /* to NULL: it stays good */
} oddities[] = {
	{ false, "{", NULL, "" },
	{ false, "\"schemaVersion\":2", "\"schemaVersion\":1", "schemaVersion" },
	{ false, "\"schemaVersion\":2", "\"x\":2,\"schemaVersion\":2", "unknown key" },
	{ false, "oci.image.manifest.v1", "oci.image.manifest.v2", "mediaType" },
	{ false, "oci.image.config.v1", "oci.image.config.v2", "mediaType" },
	{ false, "\"config\":{", "\"config\":{\"data\":\"e30=\",", "unknown key" },
	{ false, LAYER_TYPE, LAYER_TYPE "x", "unknown type" },
	{ false, "\"layers\":[{", "\"layers\":[{\"urls\":[],", "unknown key" },
	{ false, "\"layers\":[{", "\"layers\":[7,{", "is no object" },
	{ false, "\"layers\":[", "\"layers\":[],\"x\":[", "unknown key" },
	{ false, "\"annotations\":{\"org.opencontainers.image.created\":\"2023-11-14T22:13:20Z\"}", "\"annotations\":{}", "in the form" },
	{ true, "\"os\":\"linux\"", "\"os\":\"plan9\"", "/os" },
	{ true, "\"os\":\"linux\"", "\"os\":\"linux\",\"variant\":\"v8\"", "index.json is not" },
	{ true, "\"architecture\":\"amd64\"", "\"architecture\":\"arm64\"", "index.json is not" },
	{ true, "\"architecture\":\"amd64\"", "\"architecture\":\"amd64\\u0000\"", "no architecture" },
	{ true, "\"type\":\"layers\"", "\"type\":\"strata\"", "/rootfs/type" },
	{ true, "\"type\":\"layers\"", "\"type\":\"layers\",\"x\":1", "unknown key" },
	{ true, "\"diff_ids\":[", "\"diff_ids\":[\"sha256:" HEX("1") "\",", "3 diff_ids for 2 layers" },
	{ true, "\"diff_ids\":[\"sha256", "\"diff_ids\":[\"sha512", "no sha256 digest" },
	{ true, "\"history\":[", "\"history\":[{},", "3 entries for 2 layers" },
	{ true, "\"created\"", "\"x\":1,\"created\"", "unknown key" },
	{ true, "\"created\"", "\"os\":\"linux\",\"created\"", "" }, /* a key twice: not even JSON to the decoder */
};

/* Signed by the right key, and still not an image that everyone reads alike. */
START_TEST(signed_oddities)
{
	struct ingot_image_docs *d = &sample.docs;
	if (oddities[_i].to)
		exchange(oddities[_i].config ? &d->config_json : &d->manifest_json, oddities[_i].from, oddities[_i].to);
	int r = resigned();
	ck_assert_msg((r == 0) == !oddities[_i].to, "%s: %d: %s", oddities[_i].to, r, err.msg);
	ck_assert_msg(r == 0 || (err.code == INGOT_E_FALSE && strstr(err.msg, oddities[_i].says)), "%s: code %d: %s", oddities[_i].to, err.code, err.msg);
}
END_TEST

/* A descriptor whose size is not the blob's: readers that allocate by it, or stop there, would see another image. */
START_TEST(wrong_sizes)
{
	char was[64], is[64];
	struct ingot_blob_ref of[] = { sample.docs.config, { sample.layers[0].layer.digest, sample.layers[0].layer.size, false } };
	(void)snprintf(was, sizeof(was), "\"size\":%llu", (unsigned long long)of[_i].size);
	(void)snprintf(is, sizeof(is), "\"size\":%llu", (unsigned long long)of[_i].size + 1);
	exchange(&sample.docs.manifest_json, was, is);
	ck_assert(resigned() < 0 && err.code == INGOT_E_FALSE && strstr(err.msg, "bytes and"));
}
END_TEST

/* Trap 9: an index of two entries, the first of them right. */
START_TEST(second_entry)
{
	_cleanup_(ingot_freep) char *target = ingot_strf("dir:%s/d", tmp);
	_cleanup_(ingot_buf_done) struct ingot_buf index = INGOT_BUF(KIB(8));
	struct ingot_archive a = { .image = &sample.image, .docs = &sample.docs, .extra = sig[0].blobs, .n_extra = INGOT_SIGNATURE_BLOBS };
	ok(ingot_archive_write(store, &a, target, &err));
	ok(ingot_read_file(in_tmp("d/index.json"), KIB(8), &index, &err));
	const char *from = strchr(index.p, '[') + 1;
	_cleanup_(ingot_freep) char *entry = ingot_strf("[%.*s,", (int)(index.n - 2 - (size_t)(from - index.p)), from);
	exchange(&index, "[", entry);
	FILE *f = fopen(in_tmp("d/index.json"), "w");
	ck_assert(f && fwrite(index.p, 1, index.n, f) == index.n && fclose(f) == 0);
	ck_assert_msg(by_key0(target + 4) < 0 && err.code == INGOT_E_FALSE && strstr(err.msg, "names 2 images"), "%s", err.msg);
}
END_TEST

START_TEST(no_layers)
{
	_cleanup_(ingot_freep) char *m = ingot_strdup(sample.docs.manifest_json.p);
	char *from = strstr(m, "\"layers\":[") + 10, *end = strstr(from, "],\"annotations\"");
	*end = '\0';
	exchange(&sample.docs.manifest_json, from, "");
	ck_assert_msg(resigned() < 0 && err.code == INGOT_E_FALSE && strstr(err.msg, "has 0 layers"), "%s", err.msg);
}
END_TEST

/* The documents around a signature are not signed, so there is one form of each. */
START_TEST(artefact_forms)
{
	static const struct {
		int blob;
		const char *from, *to;
	} forms[] = { { 2, "\"layers\":", "\"x\":1,\"layers\":" }, { 2, "\"annotations\":{", "\"annotations\":{\"a\":\"b\"," }, { 5, "\"layers\":", "\"x\":1,\"layers\":" },
		{ 5, "dsse-envelope", "dsse-envelopes" }, { 3, "{\"mediaType\"", "{\"x\":1,\"mediaType\"" }, { 3, "\"hint\":\"", "\"hint\":\"A" }, { 3, "\"sig\":\"", "\"keyid\":\"\",\"sig\":\"" } };
	struct ingot_blob_ref extra[INGOT_SIGNATURE_BLOBS];
	_cleanup_(ingot_buf_done) struct ingot_buf doc = INGOT_BUF(KIB(64)), referrer = INGOT_BUF(KIB(64));
	int i = forms[_i].blob;
	memcpy(extra, sig[0].blobs, sizeof(extra));
	ck_assert_int_eq(ingot_store_get(store, &extra[i].digest, &doc, &err), 1);
	ck_assert_int_eq(ingot_store_get(store, &extra[5].digest, &referrer, &err), 1);
	exchange(&doc, forms[_i].from, forms[_i].to);
	extra[i] = put(doc.p, doc.n);
	if (i == 3) { /* the referrer has to name the new bundle */
		char was[128], is[128];
		(void)snprintf(was, sizeof(was), "%s\",\"size\":%llu", INGOT_HEX(&sig[0].blobs[3].digest), (unsigned long long)sig[0].blobs[3].size);
		(void)snprintf(is, sizeof(is), "%s\",\"size\":%llu", INGOT_HEX(&extra[3].digest), (unsigned long long)extra[3].size);
		exchange(&referrer, was, is);
		extra[5] = put(referrer.p, referrer.n);
	}
	ck_assert(by_key0(archive(extra, INGOT_SIGNATURE_BLOBS)) < 0 && err.code == INGOT_E_FALSE);
	/* a hint may be any text and makes a bundle in form; but then it has to name the key */
	ck_assert_msg(strstr(err.msg, forms[_i].from[1] == 'h' ? "not in both formats" : "in the form"), "%s", err.msg);
}
END_TEST

/* However many signatures there are, there is an end to our patience (CVE-2023-46737). */
START_TEST(endless_signatures)
{
	struct ingot_blob_ref many[200];
	struct ingot_key key = { .path = in_tmp("k0.key"), .fd = -1 };
	struct ingot_signatures s;
	size_t n = 0;
	many[n++] = sig[0].blobs[0];
	many[n++] = sig[0].blobs[1];
	for (int i = 0; i < 65; i++) {
		ok(ingot_sign_image(store, &key, &sample.docs.manifest, NAME, 1700000000, &s, &err));
		many[n++] = s.legacy_manifest;
	}
	ck_assert_msg(by_key0(archive(many, n)) < 0 && err.code == INGOT_E_FALSE && strstr(err.msg, "more than 32"), "%s", err.msg);
	for (n = 0; n < 200; n++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "%zu", n);
		many[n] = put(text, strlen(text));
	}
	ck_assert_msg(by_key0(archive(many, n)) < 0 && err.code == INGOT_E_FALSE && strstr(err.msg, "200 blobs beside"), "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("verify_signed");
	TCase *t = tcase_create("verify_signed");
	tcase_set_timeout(t, 110);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, signed_oddities, 0, (int)(sizeof(oddities) / sizeof(oddities[0])));
	tcase_add_loop_test(t, wrong_sizes, 0, 2);
	tcase_add_test(t, second_entry);
	tcase_add_test(t, no_layers);
	tcase_add_loop_test(t, artefact_forms, 0, 7);
	tcase_add_test(t, endless_signatures);
	suite_add_tcase(s, t);
	return run_suite(s);
}
