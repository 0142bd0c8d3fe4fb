/* escape.h - foreign bytes made safe to show, and the exact escapes of our own text formats. */
#pragma once
#include <ingot/buf.h>

/* For messages: printable ASCII and well-formed UTF-8 (no control, no bidi control characters) as it is, every other byte as \xHH;
 * cut at 4 KiB with "...". A line that would be read as a command by a CI system ("::", "##") is broken by a leading space. */
void ingot_escape_message(struct ingot_buf *out, struct ingot_span s);

/* The same into a fixed buffer, for ingot_fail(): returns ret. */
const char *ingot_show(struct ingot_span s, char *ret, size_t size);
#define INGOT_SHOW(s) ingot_show((s), (char[256]){ 0 }, 256)

/* For tree and delta text: every byte outside 0x21..0x7e, and the backslash, as \xHH (lower case). One spelling for each string. */
void ingot_escape_field(struct ingot_buf *out, struct ingot_span s);
/* The inverse. -1 for anything that ingot_escape_field() would not have written. */
int ingot_unescape_field(struct ingot_buf *out, struct ingot_span s);

/* Base64 (RFC 4648 section 4, with padding). */
void ingot_base64(struct ingot_buf *out, const void *p, size_t n);
int ingot_unbase64(struct ingot_buf *out, struct ingot_span s); /* strict: -1 for any other spelling */
