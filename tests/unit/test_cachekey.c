/* Every field changes the key, and no two sequences of fields are one. */
#include "../../builder/build/cachekey.h"
#include "core_support.h"

static struct ingot_digest key_of(const char *domain, const char *n1, const char *v1, const char *n2, const char *v2)
{
	struct cachekey k;
	struct ingot_digest d;
	cachekey_begin(&k, domain);
	cachekey_str(&k, n1, v1);
	if (n2)
		cachekey_str(&k, n2, v2);
	cachekey_end(&k, &d);
	return d;
}

START_TEST(all_differ)
{
	struct ingot_digest d[] = {
		key_of("a", "n", "v", NULL, NULL),  key_of("b", "n", "v", NULL, NULL),	key_of("a", "m", "v", NULL, NULL),  key_of("a", "n", "w", NULL, NULL), key_of("a", "n", "", NULL, NULL),
		key_of("a", "n", NULL, NULL, NULL), key_of("a", "n", "v", "n", "v"),	key_of("a", "n", "vn", "", "v"),    key_of("a", "nv", "", NULL, NULL), key_of("a", "n", "v", "n", ""),
		key_of("an", "", "v", NULL, NULL),
	};
	size_t n = sizeof(d) / sizeof(d[0]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(!ingot_digest_eq(&d[i], &d[k]), "%zu and %zu", i, k);
	struct ingot_digest again = key_of("a", "n", "v", NULL, NULL);
	ck_assert(ingot_digest_eq(&d[0], &again));
}
END_TEST

START_TEST(kinds_differ)
{
	struct cachekey k;
	struct ingot_digest a, b, zero = { 0 };
	cachekey_begin(&k, "x");
	cachekey_bytes(&k, "n", zero.b, 32);
	cachekey_end(&k, &a);
	cachekey_begin(&k, "x");
	cachekey_digest(&k, "n", &zero);
	cachekey_end(&k, &b);
	ck_assert(!ingot_digest_eq(&a, &b));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cachekey");
	TCase *t = tcase_create("cachekey");
	tcase_add_test(t, all_differ);
	tcase_add_test(t, kinds_differ);
	suite_add_tcase(s, t);
	return run_suite(s);
}
