#include <ingot/host.h>

bool ingot_host_is_own(struct ingot_span host)
{
	static const char *const own[] = { "localhost", "127.0.0.1", "[::1]" };
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct ingot_span rest = ingot_span_from(host, strlen(own[i]));
		if (ingot_span_starts(host, own[i]) && (!rest.n || rest.p[0] == ':'))
			return true;
	}
	return false;
}
