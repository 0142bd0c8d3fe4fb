#include <ingot/escape.h>
#include <ingot/num.h>
#include <ingot/utf8.h>
#include <stdio.h>

#define MESSAGE_MAX 4096

/* Control characters, and the ones that reorder or hide text on a terminal (Trojan Source, CVE-2021-42574). */
static bool harmless(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	return !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x2069) && c != 0xfeff && c != 0x61c &&
	       c < 0xe0000;
}

void ingot_escape_message(struct ingot_buf *out, struct ingot_span s)
{
	size_t limit = s.n > MESSAGE_MAX ? MESSAGE_MAX : s.n;
	if (ingot_span_starts(s, "::") || ingot_span_starts(s, "##"))
		ingot_buf_char(out, ' ');
	for (size_t i = 0; i < limit;) {
		uint32_t c;
		size_t n = ingot_utf8_next((struct ingot_span){ s.p + i, s.n - i }, &c);
		if (n && harmless(c)) {
			ingot_buf_put(out, s.p + i, n);
			i += n;
		} else {
			ingot_buf_fmt(out, "\\x%02x", (unsigned char)s.p[i]);
			i++;
		}
	}
	if (limit < s.n)
		ingot_buf_str(out, "...");
}

const char *ingot_show(struct ingot_span s, char *ret, size_t size)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(4 * MESSAGE_MAX + 8);
	ingot_escape_message(&b, s);
	(void)snprintf(ret, size, "%s", ingot_buf_cstr(&b));
	if (b.n >= size && size > 4)
		memcpy(ret + size - 4, "...", 4);
	return ret;
}

void ingot_escape_field(struct ingot_buf *out, struct ingot_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x21 || c > 0x7e || c == '\\')
			ingot_buf_fmt(out, "\\x%02x", c);
		else
			ingot_buf_char(out, s.p[i]);
	}
}

int ingot_unescape_field(struct ingot_buf *out, struct ingot_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x21 || c > 0x7e)
			return -1;
		if (c == '\\') {
			uint8_t byte;
			if (s.n - i < 4 || s.p[i + 1] != 'x' || ingot_parse_hex((struct ingot_span){ s.p + i + 2, 2 }, &byte, 1) < 0)
				return -1;
			if (byte >= 0x21 && byte <= 0x7e && byte != '\\')
				return -1; /* has a shorter spelling */
			c = byte;
			i += 3;
		}
		ingot_buf_char(out, (char)c);
	}
	return out->full ? -1 : 0;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void ingot_base64(struct ingot_buf *out, const void *p, size_t n)
{
	const unsigned char *b = p;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)b[i] << 16;
		if (i + 1 < n)
			v |= (uint32_t)b[i + 1] << 8;
		if (i + 2 < n)
			v |= b[i + 2];
		char quad[4] = { alphabet[v >> 18], alphabet[v >> 12 & 63], i + 1 < n ? alphabet[v >> 6 & 63] : '=', i + 2 < n ? alphabet[v & 63] : '=' };
		ingot_buf_put(out, quad, 4);
	}
}

int ingot_unbase64(struct ingot_buf *out, struct ingot_span s)
{
	if (s.n % 4)
		return -1;
	for (size_t i = 0; i < s.n; i += 4) {
		bool last = i + 4 == s.n;
		size_t pad = last && s.p[i + 3] == '=' ? (s.p[i + 2] == '=' ? 2 : 1) : 0;
		uint32_t v = 0;
		for (size_t k = 0; k < 4; k++) {
			const char *at = k >= 4 - pad ? alphabet : memchr(alphabet, s.p[i + k], 64);
			if (!at)
				return -1;
			v = v << 6 | (uint32_t)(at - alphabet);
		}
		if ((pad == 1 && (v & 0xff)) || (pad == 2 && (v & 0xffff)))
			return -1; /* unused bits set: a second spelling of the same bytes */
		char three[3] = { (char)(v >> 16), (char)(v >> 8), (char)v };
		ingot_buf_put(out, three, 3 - pad);
	}
	return out->full ? -1 : 0;
}
