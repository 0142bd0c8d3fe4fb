/* num.h - integers from text, strictly: no sign, no blanks, no leading zero ("0" itself is fine), no wrap. */
#pragma once
#include <ingot/span.h>
#include <stdint.h>

/* 0, or -1 when s is not exactly such a number or is above max. *ret is untouched on failure. */
int ingot_parse_u64(struct ingot_span s, uint64_t max, uint64_t *ret);
int ingot_parse_u32(struct ingot_span s, uint32_t max, uint32_t *ret);
int ingot_parse_octal(struct ingot_span s, uint32_t max, uint32_t *ret); /* leading zeros allowed, at most 12 digits */
int ingot_parse_hex(struct ingot_span s, uint8_t *ret, size_t n);        /* exactly 2n lower-case digits */
void ingot_format_hex(const uint8_t *p, size_t n, char *ret);            /* 2n digits and a NUL */
