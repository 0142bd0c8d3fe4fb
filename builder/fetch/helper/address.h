/* address.h - what kind of network an address belongs to. */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, link-local, private, carrier-grade, multicast, unspecified; also when wrapped as IPv4 in IPv6. Unknown families count as private. */
bool ingot_address_private(const struct sockaddr *a);
