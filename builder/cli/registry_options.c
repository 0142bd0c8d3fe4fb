#include "registry_options.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <string.h>

int cli_registry(const struct cli *c, struct ingot_arena *arena, struct ingot_registry_options *ret, struct ingot_err *err)
{
	const char *creds = cli_value(c, "creds"), *colon = creds ? strchr(creds, ':') : NULL, *proxy = cli_value(c, "proxy"), *patience = cli_value(c, "patience");
	*ret = (struct ingot_registry_options){
		.auth_file = cli_value(c, "auth-file"),
		.realm = cli_value(c, "realm"),
		.ca_file = cli_value(c, "ca"),
		.proxy = proxy ? proxy : c->settings->proxy,
		.anonymous = cli_has(c, "anonymous"),
	};
	uint32_t seconds = 0;
	if (patience && (ingot_parse_u32(ingot_span_of(patience), 3600, &seconds) < 0 || !seconds))
		return ingot_fail(err, INGOT_E_INPUT, "--patience: \"%s\" is no number of seconds from 1 to 3600", INGOT_SHOW(ingot_span_of(patience)));
	ret->patience = seconds;
	if (creds && (ret->anonymous || ret->auth_file))
		return ingot_fail(err, INGOT_E_INPUT, "--creds and %s exclude each other", ret->anonymous ? "--anonymous" : "--auth-file");
	if (!creds)
		return 0;
	ret->user = colon ? ingot_arena_strf(arena, "%.*s", (int)(colon - creds), creds) : creds;
	ret->password = colon ? colon + 1 : getenv("INGOT_REGISTRY_PASSWORD");
	if (!ret->user[0] || !ret->password) {
		(void)ingot_fail(err, INGOT_E_INPUT, "--creds: %s is missing", ret->user[0] ? "the password" : "the user");
		return ingot_hint(err, "set INGOT_REGISTRY_PASSWORD; a password on the command line is seen by everybody on this host");
	}
	return 0;
}
