/* MD5 against the suite of RFC 1321, A.5, and against sums of lengths around its block's. */
#include <check.h>
#include <ingot/md5.h>
#include <string.h>

static const struct {
	const char *text, *sum;
} suite[] = {
	{ "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ "a", "0cc175b9c0f1b6a831c399e269772661" },
	{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f" },
	{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a" },
};

START_TEST(rfc)
{
	struct ingot_md5 m;
	char sum[33];
	ingot_md5_begin(&m);
	for (const char *p = suite[_i].text; *p; p++)
		ingot_md5_add(&m, p, 1);
	ingot_md5_end(&m, sum);
	ck_assert_str_eq(sum, suite[_i].sum);
}
END_TEST

/* n times 'x', from md5sum. */
static const struct {
	size_t n;
	const char *sum;
} lengths[] = {
	{ 54, "61ea0974c662328da964d977a8253873" },
	{ 55, "04364420e25c512fd958a70738aa8f72" },
	{ 56, "668a72d5ba17f08e62dabcafad6db14b" },
	{ 57, "693037871c4a9d3d8685018905cb530a" },
	{ 63, "7dc2ca208106a2f703567bdff99d8981" },
	{ 64, "c1bb4f81d892b2d57947682aeb252456" },
	{ 65, "1bc932052302d074bdec39795fe00cf6" },
	{ 119, "ab347a5f68c8a443cfcddc633f12c24f" },
	{ 120, "fb98667f98096de92620b64f46e1c5b5" },
	{ 128, "d69cb61a6ee87200676eb0d4b90edbcb" },
	{ 200, "30a83621ce5422fbdfdd539777458c78" },
};

START_TEST(length)
{
	struct ingot_md5 m;
	char sum[33], text[200];
	memset(text, 'x', sizeof(text));
	ingot_md5_begin(&m);
	ingot_md5_add(&m, text, lengths[_i].n);
	ingot_md5_end(&m, sum);
	ck_assert_str_eq(sum, lengths[_i].sum);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("md5");
	TCase *c = tcase_create("md5");
	tcase_add_loop_test(c, rfc, 0, sizeof(suite) / sizeof(suite[0]));
	tcase_add_loop_test(c, length, 0, sizeof(lengths) / sizeof(lengths[0]));
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
