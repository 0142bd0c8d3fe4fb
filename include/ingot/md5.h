/* md5.h - MD5 (RFC 1321), for one purpose: dpkg's database holds MD5 sums of conffiles and files, as a format, not as a proof. Of our own, because
 * libcrypto refuses it where the host is set to approved algorithms only. Nothing is ever believed because of it.
 */
#pragma once
#include <ingot/span.h>
#include <stdint.h>

struct ingot_md5 {
	uint32_t state[4];
	uint64_t size;
	uint8_t block[64];
};
void ingot_md5_begin(struct ingot_md5 *m);
void ingot_md5_add(struct ingot_md5 *m, const void *p, size_t n);
void ingot_md5_end(struct ingot_md5 *m, char ret[33]); /* hex digits and a NUL */
