/* Keys and signatures: ours hold for others (openssl, cosign in tests/interop), others' hold for us, and nothing else does. */
#include "oci_support.h"
#include <ingot/escape.h>
#include <ingot/sign.h>

static struct ingot_span file(const char *name)
{
	static struct ingot_buf b[4];
	static unsigned turn;
	struct ingot_buf *f = &b[turn++ % 4];
	ingot_buf_done(f);
	f->max = MIB(1);
	ok(ingot_read_file(in_tmp(name), MIB(1), f, &err));
	return ingot_buf_view(f);
}

static void write_file(const char *name, struct ingot_span s)
{
	FILE *f = fopen(in_tmp(name), "w");
	ck_assert(f && fwrite(s.p, 1, s.n, f) == s.n && fclose(f) == 0);
}

static struct ingot_blob_ref manifest_ref(void)
{
	struct ingot_blob_ref m = { .size = 405 };
	ck_assert_int_eq(ingot_digest_parse(INGOT_SPAN("sha256:8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37"), &m.digest), 0);
	return m;
}

/* The texts that get signed are those that cosign and skopeo were tried with. */
START_TEST(payloads)
{
	struct ingot_blob_ref m = manifest_ref();
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(4096);
	_cleanup_(ingot_buf_done) struct ingot_buf pae = INGOT_BUF(4096);
	ingot_legacy_payload("registry.example.com/demo/app:1.0", &m.digest, &b);
	ck_assert_str_eq(b.p, "{\"critical\":{\"identity\":{\"docker-reference\":\"registry.example.com/demo/app:1.0\"},\"image\":{\"docker-manifest-digest\":"
			      "\"sha256:8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37\"},\"type\":\"cosign container image signature\"},\"optional\":null}");
	ck_assert_uint_eq(b.n, 249);
	ingot_buf_clear(&b);
	ingot_sign_statement(&m.digest, &b);
	ck_assert_str_eq(b.p, "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":{\"sha256\":\"8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37\"}}],"
			      "\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\",\"predicate\":{}}");
	ingot_dsse_pae(INGOT_SPAN("hello"), &pae);
	ck_assert_str_eq(pae.p, "DSSEv1 28 application/vnd.in-toto+json 5 hello");
}
END_TEST

static void keygen(const char *prefix, const char *passphrase)
{
	ok(ingot_keygen(in_tmp(prefix), passphrase != NULL, ingot_span_of(passphrase), &err));
}

START_TEST(keygen_pair)
{
	struct stat st;
	const char *passphrase = _i ? "correct horse" : NULL;
	mode_t old = umask(0);
	keygen("k", passphrase);
	(void)umask(old);
	ck_assert(lstat(in_tmp("k.key"), &st) == 0 && (st.st_mode & 07777) == 0600);
	ck_assert(lstat(in_tmp("k.pub"), &st) == 0 && (st.st_mode & 07777) == 0644);
	ck_assert(ingot_span_starts(file("k.key"), _i ? "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" : "-----BEGIN PRIVATE KEY-----\n"));
	ck_assert(ingot_span_starts(file("k.pub"), "-----BEGIN PUBLIC KEY-----\n"));
	/* openssl opens it and finds the same public half */
	ck_assert_int_eq(RUN("/usr/bin/openssl", "pkey", "-in", in_tmp("k.key"), "-passin", _i ? "pass:correct horse" : "pass:", "-pubout", "-out", in_tmp("again.pub")), 0);
	ck_assert(ingot_span_eq(file("again.pub"), file("k.pub")));
	/* and neither half is ever overwritten */
	refused(ingot_keygen(in_tmp("k"), false, INGOT_SPAN(""), &err), INGOT_E_INPUT);
	ck_assert_int_eq(unlink(in_tmp("k.pub")), 0);
	refused(ingot_keygen(in_tmp("k"), false, INGOT_SPAN(""), &err), INGOT_E_INPUT);
	ck_assert_int_eq(access(in_tmp("k.pub"), F_OK), -1);
}
END_TEST

/* A key of each kind, made by openssl: its arguments after "genpkey", and whether it is accepted. */
static const struct {
	const char *algorithm, *option;
	bool accepted;
} kinds[] = {
	{ "EC", "ec_paramgen_curve:P-256", true },  { "EC", "ec_paramgen_curve:P-384", true }, { "ED25519", NULL, true },
	{ "RSA", "rsa_keygen_bits:2048", true },    { "RSA", "rsa_keygen_bits:1024", false },  { "EC", "ec_paramgen_curve:P-521", false },
	{ "EC", "ec_paramgen_curve:secp256k1", false }, { "ED448", NULL, false },	       { "X25519", NULL, false },
};

static void make_foreign(const char *name, int kind)
{
	if (kinds[kind].option)
		ck_assert_int_eq(RUN("/usr/bin/openssl", "genpkey", "-algorithm", kinds[kind].algorithm, "-pkeyopt", kinds[kind].option, "-out", in_tmp(name)), 0);
	else
		ck_assert_int_eq(RUN("/usr/bin/openssl", "genpkey", "-algorithm", kinds[kind].algorithm, "-out", in_tmp(name)), 0);
}

static void decode_sig(const struct ingot_buf *doc, const char *before, struct ingot_buf *out)
{
	const char *p = strstr(ingot_buf_cstr(doc), before);
	ck_assert_ptr_nonnull(p);
	p += strlen(before);
	ck_assert_int_eq(ingot_unbase64(out, (struct ingot_span){ p, strcspn(p, "\"") }), 0);
}

/* Both signatures of one signing, taken out of the blobs that went into the store. */
static void signatures(const struct ingot_signatures *s, struct ingot_buf *legacy, struct ingot_buf *dsse)
{
	_cleanup_(ingot_buf_done) struct ingot_buf doc = INGOT_BUF(KIB(64));
	ck_assert_int_eq(ingot_store_get(store, &s->legacy_manifest.digest, &doc, &err), 1);
	decode_sig(&doc, "\"dev.cosignproject.cosign/signature\":\"", legacy);
	ingot_buf_clear(&doc);
	ck_assert_int_eq(ingot_store_get(store, &s->blobs[3].digest, &doc, &err), 1);
	decode_sig(&doc, "\"sig\":\"", dsse);
}

START_TEST(every_kind_of_key)
{
	make_foreign("f.key", _i);
	struct ingot_blob_ref m = manifest_ref();
	struct ingot_key key = { .path = in_tmp("f.key"), .fd = -1 };
	struct ingot_signatures s;
	if (!kinds[_i].accepted) {
		refused(ingot_sign_image(store, &key, &m, "registry.example.com/demo/app:1.0", 1700000000, &s, &err), INGOT_E_INPUT);
		return;
	}
	ok(ingot_sign_image(store, &key, &m, "registry.example.com/demo/app:1.0", 1700000000, &s, &err));
	_cleanup_(ingot_buf_done) struct ingot_buf legacy = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf dsse = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf pae = INGOT_BUF(KIB(4));
	signatures(&s, &legacy, &dsse);
	ingot_legacy_payload("registry.example.com/demo/app:1.0", &m.digest, &text);
	ck_assert_int_eq(RUN("/usr/bin/openssl", "pkey", "-in", in_tmp("f.key"), "-pubout", "-out", in_tmp("f.pub")), 0);
	write_file("text", ingot_buf_view(&text));
	write_file("sig", ingot_buf_view(&legacy));
	if (strcmp(kinds[_i].algorithm, "ED25519") == 0)
		ck_assert_int_eq(RUN("/usr/bin/openssl", "pkeyutl", "-verify", "-pubin", "-inkey", in_tmp("f.pub"), "-rawin", "-in", in_tmp("text"), "-sigfile", in_tmp("sig")), 0);
	else
		ck_assert_int_eq(RUN("/usr/bin/openssl", "dgst", "-sha256", "-verify", in_tmp("f.pub"), "-signature", in_tmp("sig"), in_tmp("text")), 0);
	/* our own verifier, both kinds */
	char id[65], id2[65];
	ok(ingot_check_signature(file("f.pub"), ingot_buf_view(&text), ingot_buf_view(&legacy), id, &err));
	ingot_buf_clear(&text);
	ingot_sign_statement(&m.digest, &text);
	ingot_dsse_pae(ingot_buf_view(&text), &pae);
	ok(ingot_check_signature(file("f.pub"), ingot_buf_view(&pae), ingot_buf_view(&dsse), id2, &err));
	ck_assert_str_eq(id, id2);
	ck_assert_str_eq(id, s.key_id);
	/* the two are not interchangeable, and every flipped bit counts */
	refused(ingot_check_signature(file("f.pub"), ingot_buf_view(&text), ingot_buf_view(&dsse), id, &err), INGOT_E_FALSE);
	refused(ingot_check_signature(file("f.pub"), ingot_buf_view(&pae), ingot_buf_view(&legacy), id, &err), INGOT_E_FALSE);
	for (size_t i = 0; i < dsse.n; i += 9) {
		dsse.p[i] ^= 1;
		refused(ingot_check_signature(file("f.pub"), ingot_buf_view(&pae), ingot_buf_view(&dsse), id, &err), INGOT_E_FALSE);
		dsse.p[i] ^= 1;
	}
	dsse.n--;
	refused(ingot_check_signature(file("f.pub"), ingot_buf_view(&pae), ingot_buf_view(&dsse), id, &err), INGOT_E_FALSE);
}
END_TEST

START_TEST(wrong_key)
{
	keygen("a", NULL);
	keygen("b", NULL);
	struct ingot_blob_ref m = manifest_ref();
	struct ingot_key key = { .path = in_tmp("a.key"), .fd = -1 };
	struct ingot_signatures s;
	char id[65];
	ok(ingot_sign_image(store, &key, &m, "app:1", 1700000000, &s, &err));
	_cleanup_(ingot_buf_done) struct ingot_buf legacy = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf dsse = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(4));
	signatures(&s, &legacy, &dsse);
	ingot_legacy_payload("docker.io/library/app:1", &m.digest, &text);
	ok(ingot_check_signature(file("a.pub"), ingot_buf_view(&text), ingot_buf_view(&legacy), id, &err));
	refused(ingot_check_signature(file("b.pub"), ingot_buf_view(&text), ingot_buf_view(&legacy), id, &err), INGOT_E_FALSE);
	/* what is no public key is another thing than a key that does not fit */
	refused(ingot_check_signature(file("a.key"), ingot_buf_view(&text), ingot_buf_view(&legacy), id, &err), INGOT_E_INPUT);
	refused(ingot_check_signature(INGOT_SPAN("nonsense"), ingot_buf_view(&text), ingot_buf_view(&legacy), id, &err), INGOT_E_INPUT);
	refused(ingot_check_signature(INGOT_SPAN(""), ingot_buf_view(&text), ingot_buf_view(&legacy), id, &err), INGOT_E_INPUT);
}
END_TEST

/* The same key in the other spelling of a point counts once. */
START_TEST(one_id_a_key)
{
	keygen("a", NULL);
	ck_assert_int_eq(RUN("/usr/bin/openssl", "ec", "-pubin", "-in", in_tmp("a.pub"), "-conv_form", "compressed", "-out", in_tmp("c.pub")), 0);
	ck_assert(!ingot_span_eq(file("a.pub"), file("c.pub")));
	struct ingot_blob_ref m = manifest_ref();
	struct ingot_key key = { .path = in_tmp("a.key"), .fd = -1 };
	struct ingot_signatures s;
	char id[65];
	ok(ingot_sign_image(store, &key, &m, "app:1", 1700000000, &s, &err));
	_cleanup_(ingot_buf_done) struct ingot_buf legacy = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf dsse = INGOT_BUF(KIB(4));
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(4));
	signatures(&s, &legacy, &dsse);
	ingot_legacy_payload("docker.io/library/app:1", &m.digest, &text);
	ok(ingot_check_signature(file("c.pub"), ingot_buf_view(&text), ingot_buf_view(&legacy), id, &err));
	ck_assert_str_eq(id, s.key_id);
}
END_TEST

START_TEST(passphrases)
{
	keygen("k", "correct horse");
	struct ingot_blob_ref m = manifest_ref();
	struct ingot_signatures s;
	struct ingot_key key;
	/* What the environment says is the front end's to read, not the library's. */
	ck_assert(setenv("INGOT_PASSPHRASE", "correct horse", 1) == 0 && setenv("COSIGN_PASSWORD", "correct horse", 1) == 0);
	ok(ingot_key_from_option(in_tmp("k.key"), NULL, &key, &err));
	refused(ingot_sign_image(store, &key, &m, "app:1", 1, &s, &err), INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "encrypted"));
	ok(ingot_key_from_option(in_tmp("k.key"), "wrong", &key, &err));
	refused(ingot_sign_image(store, &key, &m, "app:1", 1, &s, &err), INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "passphrase is wrong"));
	ck_assert(unsetenv("INGOT_PASSPHRASE") == 0 && unsetenv("COSIGN_PASSWORD") == 0);
	ok(ingot_key_from_option(in_tmp("k.key"), "correct horse", &key, &err));
	ok(ingot_sign_image(store, &key, &m, "app:1", 1, &s, &err));
	refused(ingot_key_from_option("", NULL, &key, &err), INGOT_E_INPUT);
	refused(ingot_key_from_option("env://", NULL, &key, &err), INGOT_E_INPUT);
}
END_TEST

START_TEST(keys_from_the_environment)
{
	keygen("k", NULL);
	_cleanup_(ingot_buf_done) struct ingot_buf pem = INGOT_BUF(KIB(4));
	struct ingot_blob_ref m = manifest_ref();
	struct ingot_key key;
	struct ingot_signatures s;
	ingot_buf_span(&pem, file("k.key"));
	ck_assert_int_eq(setenv("A_KEY", ingot_buf_cstr(&pem), 1), 0);
	ok(ingot_key_from_option("env://A_KEY", NULL, &key, &err));
	ok(ingot_sign_image(store, &key, &m, "app:1", 1, &s, &err));
	ck_assert_int_eq(unsetenv("A_KEY"), 0);
	refused(ingot_sign_image(store, &key, &m, "app:1", 1, &s, &err), INGOT_E_INPUT);
	struct ingot_key missing = { .path = in_tmp("none"), .fd = -1 }, dir = { .path = tmp, .fd = -1 }, text_file = { .path = in_tmp("k.pub"), .fd = -1 };
	refused(ingot_sign_image(store, &missing, &m, "app:1", 1, &s, &err), INGOT_E_INPUT);
	refused(ingot_sign_image(store, &dir, &m, "app:1", 1, &s, &err), INGOT_E_INPUT);
	refused(ingot_sign_image(store, &text_file, &m, "app:1", 1, &s, &err), INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.hint, "public key"));
}
END_TEST

/* The helper itself, asked for what it must not sign. */
START_TEST(signer_refuses)
{
	static const struct {
		const char *digest, *reference;
		uint64_t size;
	} asked[] = {
		{ "8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c3", "docker.io/library/app:1", 1 },
		{ "8E05F2724A07435683C81F70753987D7A3D9C2E4E0643C8B24D34C0177314C37", "docker.io/library/app:1", 1 },
		{ "8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37", "app:1", 1 },
		{ "8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37", "x\"},\"image\":{", 1 },
		{ "8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37", "docker.io/library/app:1", 0 },
	};
	keygen("k", NULL);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		FILE *f = fopen(in_tmp("k.key"), "r");
		struct ingot_helper h = INGOT_HELPER_INIT;
		err = (struct ingot_err)INGOT_ERR_INIT;
		ok(ingot_helper_start(&h, "ingot-sign", (int[]){ fileno(f), -1 }, 2, &err));
		struct ingot_msg_sign m = { ingot_span_of(asked[i].digest), asked[i].size, ingot_span_of(asked[i].reference), 0 };
		union ingot_msg a;
		ok(ingot_chan_send(h.chan, INGOT_MSG_SIGN, &m, &err));
		ck_assert_int_lt(ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_SIGNATURE), &a, &err), 0);
		ingot_helper_kill(&h);
		(void)fclose(f);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sign");
	TCase *t = tcase_create("sign");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, store_setup, store_teardown);
	tcase_add_test(t, payloads);
	tcase_add_loop_test(t, keygen_pair, 0, 2);
	tcase_add_loop_test(t, every_kind_of_key, 0, (int)(sizeof(kinds) / sizeof(kinds[0])));
	tcase_add_test(t, wrong_key);
	tcase_add_test(t, one_id_a_key);
	tcase_add_test(t, passphrases);
	tcase_add_test(t, keys_from_the_environment);
	tcase_add_test(t, signer_refuses);
	suite_add_tcase(s, t);
	return run_suite(s);
}
