/* host.h - which hosts are this machine: plain http is spoken to them alone, and a credential sent over it to nobody else. */
#pragma once
#include <ingot/span.h>

/* "localhost", "127.0.0.1" or "[::1]", as they stand or with ":PORT" behind. By name: nothing is resolved. */
bool ingot_host_is_own(struct ingot_span host);
