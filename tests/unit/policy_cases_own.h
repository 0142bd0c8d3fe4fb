/* Rules of the user's own. */
#pragma once
#include "policy_cases_config.h"

#define OWN(rule) RECIPE("policy:\n  rules:\n    - { id: own-a, message: not here, " rule " }\n")

static const struct policy_case cases_own[] = {
	{ "a path", "warning own-a /a; ", ROOT FILE_("0644 0 0 1", "/a") FILE_("0644 0 0 1", "/b"), FINE, OWN("path: /a") },
	{ "a pattern", "error own-a /d/a; ", ROOT D("/d") FILE_("0644 0 0 1", "/d/a") FILE_("0644 0 0 1", "/d/b"), FINE, OWN("path: \"/**/a\", severity: error") },
	{ "all below a directory, and itself", "note own-a /d; note own-a /d/a; ", ROOT D("/d") FILE_("0644 0 0 1", "/d/a"), FINE, OWN("path: /d, severity: note") },
	{ "no links unless they are meant", "", ROOT L("/a", "b"), FINE, OWN("path: /a") },
	{ "links", "warning own-a /a; ", ROOT L("/a", "b"), FINE, OWN("path: /a, type: link") },
	{ "of a kind", "warning own-a /d/a; ", ROOT D("/d") FILE_("0644 0 0 1", "/d/a"), FINE, OWN("path: /d, type: file") },
	{ "any of some bits", "warning own-a /b; ", ROOT FILE_("0644 0 0 1", "/a") FILE_("0664 0 0 1", "/b"), FINE, OWN("path: \"/*\", mode: \"0022\"") },
	{ "an owner", "warning own-a /b; ", ROOT FILE_("0644 0 0 1", "/a") FILE_("0644 7 0 1", "/b"), FINE, OWN("path: \"/*\", owner: 7") },
	{ "another owner", "warning own-a /b; ", ROOT FILE_("0644 0 0 1", "/a") FILE_("0644 7 0 1", "/b"), FINE, OWN("path: \"/*\", owner: not 0") },
	{ "the image's user", "error writable-path /b; warning own-a /b; ", ROOT FILE_("0644 0 0 1", "/a") FILE_("0644 10001 0 1", "/b"), FINE, OWN("path: \"/*\", owner: user") },
	{ "an origin", "warning own-a /a; ", ROOT FILE_("0644 0 0 1", "/a"), FINE, OWN("path: \"/*\", origin: package perl*"), .origin = "package perl-base" },
	{ "another origin", "", ROOT FILE_("0644 0 0 1", "/a"), FINE, OWN("path: \"/*\", origin: package perl*"), .origin = "package python3" },
	{ "a member of the config", "warning own-a /config/Env/1; ", .config = CONFIG("\"Cmd\":[\"/web\"],\"Env\":[\"A=1\",\"DEBUG=1\"]"), .recipe = OWN("field: \"/config/Env/*\", value: \"DEBUG=*\"") },
	{ "the config that the recipe would get", "warning own-a /config/Env/1; ", .recipe = RECIPE("  env: { DEBUG: \"1\" }\npolicy:\n  rules:\n    - { id: own-a, message: not here, field: \"/config/Env/*\", value: DEBUG=1 }\n") },
	{ "stars cross slashes", "warning own-a /config/Entrypoint/0; ", .config = START("\"/usr/bin/web\""), .recipe = OWN("field: /config/Entrypoint/0, value: \"*bin*web\"") },
	{ "another value", "", .config = START("\"/usr/bin/web\""), .recipe = OWN("field: /config/Entrypoint/0, value: \"*bin*we\"") },
	{ "what must be there is", "", .config = CONFIG("\"Cmd\":[\"/web\"],\"Labels\":{\"team\":\"x\"}"), .recipe = OWN("field: /config/Labels/team, required: true") },
	{ "what must be there is missing", "warning own-a /config/Labels/team; ", .config = FINE, .recipe = OWN("field: /config/Labels/team, required: true") },
	{ "a file that must be there", "error own-a /etc/ssl; ", ROOT, FINE, OWN("path: /etc/ssl, required: true, severity: error") },
	{ "no tree, no files", "", .config = FINE, .recipe = OWN("path: /etc/ssl, required: true") },
	{ "allowed", "allowed own-a /a; ", ROOT FILE_("0644 0 0 1", "/a"), FINE, OWN("path: /a, severity: error"), .allow = { { "own-a", REASON, "/a" } } },
};
