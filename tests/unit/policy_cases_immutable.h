/* What the image's user can change, and whether it is code. */
#pragma once
#include "policy_cases.h"

static const struct policy_case cases_immutable[] = {
	{ "a directory of the user's", "error writable-path /srv/web; ", ROOT "d 0755 0 0 1 /srv\n" "d 0755 10001 0 1 /srv/web\n" FILE_("0644 0 0 1", "/srv/web/a"), FINE },
	{ "a file of the group's", "error writable-path /a; ", ROOT FILE_("0664 0 10001 1", "/a"), FINE },
	{ "declared", "", ROOT "d 0755 0 0 1 /srv\n" "d 0755 10001 0 1 /srv/web\n" FILE_("0644 0 0 1", "/srv/web/a"), FINE, .writable = { "/srv/web" } },
	{ "above what is declared", "error writable-path /srv; ", ROOT "d 0755 10001 0 1 /srv\nd 0755 10001 0 1 /srv/web\n", FINE, .writable = { "/srv/web" } },
	{ "excused", "allowed writable-path /a; ", ROOT FILE_("0664 0 10001 1", "/a"), FINE, .allow = { { "writable-path", REASON, "/a" } } },
	{ "the group that passwd gives its number", "error writable-path /a; warning owner-unknown /a; ", ROOT FILE_("0664 0 7 1", "/a"), "{\"config\":{\"User\":\"10001\",\"Entrypoint\":[\"/web\"]}}", .passwd = "web:x:10001:7::/:/x\n" },
	{ "another user's", "", ROOT FILE_("0664 10002 10002 1", "/a"), FINE },
	{ "root can change everything: that is a rule of its own", "error user-root /config/User; warning entrypoint-missing /config/Entrypoint; ", ROOT FILE_("0644 10001 0 1", "/a"), "{\"config\":{}}" },
	{ "code in a declared place", "error writable-code /srv; ", ROOT "d 0755 10001 0 1 /srv\n" FILE_("0644 0 0 1", "/srv/a.py"), FINE, .writable = { "/srv" } },
	{ "a place where code is read", "error writable-code /etc/nginx; ", ROOT "d 0755 0 0 1 /etc\n" "d 0755 10001 0 1 /etc/nginx\n", FINE, .writable = { "/etc/nginx" } },
	{ "and one that is not declared", "error writable-code /etc/nginx; error writable-path /etc/nginx; ", ROOT "d 0755 0 0 1 /etc\n" "d 0755 10001 0 1 /etc/nginx\n", FINE },
	{ "a directory of its PATH", "error path-writable /config/Env/0; error writable-code /srv; warning entrypoint-missing /config/Entrypoint; ", ROOT "d 0755 10001 0 1 /srv\n", "{\"config\":{\"User\":\"10001:10001\",\"Env\":[\"PATH=/usr/bin:/srv/tools\"]}}", .writable = { "/srv" } },
	{ "what it starts", "error writable-code /srv/main; ", ROOT "d 0755 0 0 1 /srv\n" FILE_("0644 10001 0 1", "/srv/main"), "{\"config\":{\"User\":\"10001:10001\",\"Cmd\":[\"run\",\"/srv/main\"]}}", .writable = { "/srv/main" } },
	{ "a data directory that it is given", "", ROOT "d 0755 10001 0 1 /srv\n", "{\"config\":{\"User\":\"10001:10001\",\"Cmd\":[\"run\",\"/srv\"]}}", .writable = { "/srv" } },
	{ "a link to what it can change", "error writable-code /etc/passwd; ", ROOT "d 0755 0 0 1 /etc\n" "l 0777 0 0 1 /etc/passwd ../tmp/missing\nd 1777 0 0 1 /tmp\n", FINE },
};
