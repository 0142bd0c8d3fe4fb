/* Private addresses. A server must not send us to machines that only we can reach (safety 2.2): the check is on the address that is
 * connected to, not on the text of a URL, so that no spelling of a host name gets around it. */
#include "address.h"
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool private4(uint32_t a) /* host order */
{
	static const struct {
		uint32_t net, mask;
	} nets[] = {
		{ 0x00000000, 0xff000000 }, /* 0.0.0.0/8 "this network" */
		{ 0x0a000000, 0xff000000 }, /* 10.0.0.0/8 */
		{ 0x64400000, 0xffc00000 }, /* 100.64.0.0/10 */
		{ 0x7f000000, 0xff000000 }, /* 127.0.0.0/8 */
		{ 0xa9fe0000, 0xffff0000 }, /* 169.254.0.0/16: cloud metadata lives here */
		{ 0xac100000, 0xfff00000 }, /* 172.16.0.0/12 */
		{ 0xc0000000, 0xffffff00 }, /* 192.0.0.0/24 */
		{ 0xc0a80000, 0xffff0000 }, /* 192.168.0.0/16 */
		{ 0xc6120000, 0xfffe0000 }, /* 198.18.0.0/15 */
		{ 0xe0000000, 0xe0000000 }, /* 224.0.0.0/3 multicast, reserved, broadcast */
	};
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if ((a & nets[i].mask) == nets[i].net)
			return true;
	return false;
}

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool private6(const uint8_t b[16])
{
	static const uint8_t zero[12], mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, nat64[12] = { 0, 0x64, 0xff, 0x9b };
	if (memcmp(b, mapped, 12) == 0 || memcmp(b, nat64, 12) == 0 || memcmp(b, zero, 12) == 0) /* the last: ::, ::1, ::a.b.c.d */
		return memcmp(b, zero, 12) == 0 || private4(word(b + 12));
	if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 carries an IPv4 address */
		return private4(word(b + 2));
	return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0x80)) || b[0] == 0xff; /* fc00::/7, fe80::/9, multicast */
}

bool ingot_address_private(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, a, sizeof(in));
		return private4(ntohl(in.sin_addr.s_addr));
	}
	if (a->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, a, sizeof(in6));
		return private6(in6.sin6_addr.s6_addr);
	}
	return true;
}
