#include <ingot/num.h>

int ingot_parse_u64(struct ingot_span s, uint64_t max, uint64_t *ret)
{
	if (s.n == 0 || s.n > 20 || (s.n > 1 && s.p[0] == '0'))
		return -1;
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		if (__builtin_mul_overflow(v, 10U, &v) || __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return -1;
	}
	if (v > max)
		return -1;
	*ret = v;
	return 0;
}

int ingot_parse_u32(struct ingot_span s, uint32_t max, uint32_t *ret)
{
	uint64_t v;
	if (ingot_parse_u64(s, max, &v) < 0)
		return -1;
	*ret = (uint32_t)v;
	return 0;
}

int ingot_parse_octal(struct ingot_span s, uint32_t max, uint32_t *ret)
{
	if (s.n == 0 || s.n > 12)
		return -1;
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '7')
			return -1;
		v = v * 8 + (uint64_t)(s.p[i] - '0');
	}
	if (v > max)
		return -1;
	*ret = (uint32_t)v;
	return 0;
}

/* The digit's value and 1, or 0: a table, because branches on digests are never predicted. */
static const uint8_t nibbles[256] = { ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ['a'] = 11, 12, 13, 14, 15, 16 };

int ingot_parse_hex(struct ingot_span s, uint8_t *ret, size_t n)
{
	if (s.n != 2 * n)
		return -1;
	for (size_t i = 0; i < s.n; i++)
		if (!nibbles[(unsigned char)s.p[i]])
			return -1;
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)((nibbles[(unsigned char)s.p[2 * i]] - 1U) << 4 | (nibbles[(unsigned char)s.p[2 * i + 1]] - 1U));
	return 0;
}

void ingot_format_hex(const uint8_t *p, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[p[i] >> 4];
		ret[2 * i + 1] = digits[p[i] & 15];
	}
	ret[2 * n] = '\0';
}
