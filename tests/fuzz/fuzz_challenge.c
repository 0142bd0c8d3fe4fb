/* WWW-Authenticate lines of a server, one after the other: what is kept of them can be shown and asked for, and is of the first bearer challenge. */
#include "../../builder/fetch/helper/challenge.c"
#include <ingot/err.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_text(const char *s, size_t size)
{
	ingot_assert(memchr(s, 0, size));
	for (; *s; s++)
		ingot_assert((unsigned char)*s >= ' ' && *s != 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct challenge c = { .basic = false };
	struct ingot_span rest = { (const char *)data, n }, line;
	while (ingot_span_next(&rest, '\n', &line)) {
		struct challenge before = c;
		challenge_read(&c, line);
		check_text(c.realm, sizeof(c.realm));
		check_text(c.service, sizeof(c.service));
		check_text(c.scope, sizeof(c.scope));
		ingot_assert(c.bearer || (!c.realm[0] && !c.service[0] && !c.scope[0]));
		/* A later line takes nothing back and changes nothing. */
		ingot_assert((c.basic || !before.basic) && (c.bearer || !before.bearer));
		ingot_assert(!before.bearer || (strcmp(c.realm, before.realm) == 0 && strcmp(c.service, before.service) == 0 && strcmp(c.scope, before.scope) == 0));
	}
	return 0;
}
