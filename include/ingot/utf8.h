/* utf8.h - well-formed UTF-8 (RFC 3629), one character at a time. */
#pragma once
#include <ingot/span.h>
#include <stdint.h>

/* Length in bytes (1-4) of the character at the start of s and its code point; 0 when it is not well formed or s is empty. */
static inline size_t ingot_utf8_next(struct ingot_span s, uint32_t *ret)
{
	if (!s.n)
		return 0;
	const unsigned char *p = (const unsigned char *)s.p;
	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	size_t n = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : 0;
	if (!n || s.n < n)
		return 0;
	uint32_t v = p[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && v < 0x800) || (n == 4 && (v < 0x10000 || v > 0x10ffff)) || (v >= 0xd800 && v < 0xe000))
		return 0;
	*ret = v;
	return n;
}
