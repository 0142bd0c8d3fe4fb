/* Signed documents, with gpgv and with sqv: the signed bytes come out of good ones, nothing comes out of any other. */
#include "mirror_support.h"
#include "run_suite.h"
#define INGOT_BUILD_TREE "/nonexistent"
#define INGOT_SOURCE_TREE INGOT_TESTS "/.."
#include "../../builder/source/release.c" /* to choose the verifier */

static struct ingot_keyring good, both;

static void once(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	make_scratch();
	ck_assert_int_eq(run_program((const char *const[]){ "python3", INGOT_TESTS "/integration/mkcases.py", scratch, "documents", NULL }), 0);
	good = (struct ingot_keyring)INGOT_KEYRING_INIT;
	both = (struct ingot_keyring)INGOT_KEYRING_INIT;
	_cleanup_(ingot_freep) char *a = in_scratch("good.asc"), *b = in_scratch("other.gpg"), *c = in_scratch("expired.asc");
	ck_assert_msg(ingot_keyring_add(&good, a, &err) == 0, "%s", err.msg);
	ck_assert_msg(ingot_keyring_add(&good, c, &err) == 0, "%s", err.msg);
	ck_assert_msg(ingot_keyring_add(&both, a, &err) == 0 && ingot_keyring_add(&both, b, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(both.names, "good.asc, other.gpg");
}

static void never(void)
{
	ingot_keyring_done(&good);
	ingot_keyring_done(&both);
	drop_scratch();
}

static void read_doc(const char *name, struct ingot_buf *out)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_freep) char *path = ingot_strf("%s/docs/%s", scratch, name);
	ck_assert_msg(ingot_read_file(path, 1 << 20, out, &err) == 0, "%s", err.msg);
}

/* verifier: 0 the one that is found, 1 gpgv, 2 sqv */
static int check(const struct ingot_keyring *k, const char *name, int verifier, struct ingot_buf *text, char key[129], struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf doc = INGOT_BUF(1 << 20);
	read_doc(name, &doc);
	if (verifier == 0)
		return ingot_inrelease_verify(k, ingot_buf_view(&doc), name, text, key, err);
	struct parts parts = { .text = INGOT_BUF(1 << 20) };
	int r = split(ingot_buf_view(&doc), name, &parts, err);
	if (r == 0)
		r = verifier == 1 ? with_gpgv(k, ingot_buf_view(&doc), name, text, key, err) : with_sqv(k, &parts, name, text, key, err);
	ingot_buf_done(&parts.text);
	return r;
}

/* Blanks at the ends of lines are not signed, so they are not handed out. */
#define SIGNED "Suite: x\n- dashes\n-----no header\nFrom me\ntrailing blanks\nend\n"

START_TEST(a_good_one)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1 << 20), fpr = INGOT_BUF(1000);
	char key[129] = "";
	_cleanup_(ingot_freep) char *path = in_scratch("fingerprint");
	ck_assert_int_eq(ingot_read_file(path, 1000, &fpr, &err), 0);
	ck_assert_msg(check(&good, "ok", _i, &text, key, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(ingot_buf_cstr(&text), SIGNED);
	ck_assert_str_eq(key, ingot_buf_cstr(&fpr));
	/* more keys change nothing; another key's document needs that key */
	ingot_buf_clear(&text);
	ck_assert_msg(check(&both, "ok", _i, &text, key, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(key, ingot_buf_cstr(&fpr));
	ck_assert_msg(check(&both, "other-key", _i, &text, key, &err) == 0, "%s", err.msg);
	ck_assert_str_ne(key, ingot_buf_cstr(&fpr));
}
END_TEST

static const struct {
	const char *name, *says;
} refused[] = {
	{ "other-key", "not known here" },  { "tampered", "not the bytes that were signed" }, { "tampered-blank", "not the bytes" },  { "signature-of-another", "not the bytes" },
	{ "text-before", "not a signed" },  { "text-after", "not a signed" },		      { "twice", "not a signed" },		  { "two-signatures", "not a signed" },
	{ "unsigned", "not a signed" },	    { "no-signature", "not a signed" },		      { "cut", "not a signed" },		  { "crlf", "not a signed" },
	{ "nul", "not a signed" },	    { "header", "not a signed" },		      { "header-smuggle", "not a signed" },	  { "unescaped-dash", "not a signed" },
	{ "sha1", "no good signature" },    { "empty", "not a signed" },		      { "binary", "not a signed" },		  { "expired-key", "expired" },
	{ "text", "not a signed" },
};

START_TEST(refused_ones)
{
	/* sqv asks whether the key was good when it signed, not whether it still is. */
	bool expired = strcmp(refused[_i].name, "expired-key") == 0;
	for (int verifier = 0; verifier < (expired ? 2 : 3); verifier++) {
		struct ingot_err err = INGOT_ERR_INIT;
		_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1 << 20);
		char key[129] = "untouched";
		ingot_buf_str(&text, "before");
		ck_assert_msg(check(&good, refused[_i].name, verifier, &text, key, &err) < 0, "%s passes", refused[_i].name);
		ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
		if (verifier != 2)
			ck_assert_msg(strstr(err.msg, refused[_i].says) != NULL, "%s", err.msg);
		ck_assert_str_eq(ingot_buf_cstr(&text), "before");
		ck_assert_str_eq(key, "untouched");
	}
}
END_TEST

/* Every byte of the document changed, one at a time: nothing passes but what means the same (a header nobody reads, base64's checksum). */
START_TEST(any_byte)
{
	_cleanup_(ingot_buf_done) struct ingot_buf doc = INGOT_BUF(1 << 20);
	read_doc("ok", &doc);
	size_t passed = 0;
	for (size_t i = 0; i < doc.n; i += 3) {
		struct ingot_err err = INGOT_ERR_INIT;
		_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1 << 20);
		char key[129];
		doc.p[i] ^= 4;
		if (ingot_inrelease_verify(&good, ingot_buf_view(&doc), "x", &text, key, &err) == 0) {
			passed++;
			ck_assert_str_eq(ingot_buf_cstr(&text), SIGNED);
		}
		doc.p[i] ^= 4;
	}
	ck_assert_uint_lt(passed, 12);
}
END_TEST

static void one_key(const char *text, size_t n, int expect)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_keyring k = INGOT_KEYRING_INIT;
	put_file("key", text, n);
	_cleanup_(ingot_freep) char *path = in_scratch("key");
	ck_assert_int_eq(ingot_keyring_add(&k, path, &err), expect);
	ck_assert(expect == 0 || (err.code == INGOT_E_INPUT && k.packets.n == 0));
	ingot_keyring_done(&k);
}

START_TEST(key_files)
{
	static const char *const bad[] = { "", "x", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ!!\n=xxxx\n-----END PGP PUBLIC KEY BLOCK-----\n",
					   "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
					   "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlFgEZ\n-----END PGP PRIVATE KEY BLOCK-----\n" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		one_key(bad[i], strlen(bad[i]), -1);
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1 << 20);
	_cleanup_(ingot_freep) char *path = in_scratch("good.asc"), *none = in_scratch("none");
	ck_assert_int_eq(ingot_read_file(path, 1 << 20, &text, &err), 0);
	one_key(text.p, text.n, 0);
	one_key(text.p, text.n - 40, -1);
	struct ingot_keyring k = INGOT_KEYRING_INIT;
	ck_assert_int_lt(ingot_keyring_add(&k, none, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
}
END_TEST

/* The pinned keys are readable, and are the ones that keys/README.md lists. */
START_TEST(pinned)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_keyring k = INGOT_KEYRING_INIT;
	_cleanup_(ingot_freep) char *dir = ingot_strf(INGOT_TESTS "/../keys/debian");
	DIR *d = opendir(dir);
	ck_assert_ptr_nonnull(d);
	ck_assert_msg(add_directory(&k, dir, d, &err) == 0, "%s", err.msg);
	closedir(d);
	size_t n = 1;
	for (const char *p = k.names; (p = strchr(p, ',')); p++)
		n++;
	ck_assert_uint_eq(n, 9);
	ingot_keyring_done(&k);
	ck_assert_int_lt(ingot_keyring_add_pinned(&k, "../x", &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	_cleanup_(ingot_buf_done) struct ingot_buf readme = INGOT_BUF(1 << 20);
	ck_assert_int_eq(ingot_read_file(INGOT_TESTS "/../keys/README.md", 1 << 20, &readme, &err), 0);
	ck_assert_ptr_nonnull(strstr(ingot_buf_cstr(&readme), "4D64FEC119C2029067D6E791F8D2585B8783D481"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("release");
	TCase *t = tcase_create("release");
	tcase_set_timeout(t, 100);
	tcase_add_unchecked_fixture(t, once, never);
	tcase_add_loop_test(t, a_good_one, 0, 3);
	tcase_add_loop_test(t, refused_ones, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(t, any_byte);
	tcase_add_test(t, key_files);
	tcase_add_test(t, pinned);
	suite_add_tcase(s, t);
	return run_suite(s);
}
