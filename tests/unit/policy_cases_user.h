/* The user, accounts and owners. */
#pragma once
#include "policy_cases.h"

static const struct policy_case cases_user[] = {
	/* the user */
	{ "nobody named is root", "error user-root /config/User; warning entrypoint-missing /config/Entrypoint; ", .config = "{\"config\":{}}" },
	{ "uid 0", "error user-root /config/User; ", .config = "{\"config\":{\"User\":\"0:10001\",\"Cmd\":[\"/web\"]}}" },
	{ "root with a reason", "note user-root-reason /config/User; ", .config = "{\"config\":{\"User\":\"0:0\",\"Cmd\":[\"/web\"]}}", .recipe = "version: \"1\"\nimage:\n  user: { root: binds raw sockets of the network }\n  entrypoint: [/web]\n" },
	{ "which release does not take for granted", "error tests-missing ; error user-root-reason /config/User; warning budget-missing ; ", .config = "{\"config\":{\"User\":\"0:0\",\"Cmd\":[\"/web\"]}}",
	  .recipe = "version: \"1\"\nimage:\n  user: { root: binds raw sockets of the network }\n  entrypoint: [/web]\n", .profile = INGOT_PROFILE_RELEASE },
	{ "a name", "error user-numeric /config/User; ", .config = "{\"config\":{\"User\":\"web\",\"Cmd\":[\"/web\"]}}" },
	{ "a number and a name", "error user-numeric /config/User; ", .config = "{\"config\":{\"User\":\"10001:web\",\"Cmd\":[\"/web\"]}}" },
	{ "its own account", "", .config = FINE, .passwd = "root:*:0:0:root:/root:/bin/sh\nweb:x:10001:10001::/nonexistent:/usr/sbin/nologin\n", .shadow = "web:!*:::::::\n" },
	{ "an account that is everybody's", "warning user-shared /config/User; ", .config = "{\"config\":{\"User\":\"65534:65534\",\"Cmd\":[\"/web\"]}}", .passwd = "nobody:*:65534:65534::/:/usr/sbin/nologin\n" },
	{ "the same by name", "warning user-shared /config/User; ", .config = "{\"config\":{\"User\":\"2\",\"Cmd\":[\"/web\"]}}", .passwd = "daemon:*:2:2::/:/usr/sbin/nologin\n" },
	{ "no account at all", "note user-unknown /config/User; ", .config = FINE, .passwd = "root:*:0:0::/:/bin/sh\n" },
	{ "nothing known of accounts", "", .config = FINE },
	{ "a login shell", "warning user-shell /config/User; ", .config = FINE, .passwd = "web:*:10001:1::/:/bin/bash\n", .profile = INGOT_PROFILE_STRICT },
	{ "no shell is one", "warning user-shell /config/User; ", .config = FINE, .passwd = "web:*:10001:1::/:\n", .profile = INGOT_PROFILE_STRICT },
	{ "which default lets pass", "", .config = FINE, .passwd = "web:*:10001:1::/:/bin/bash\n" },
	{ "a second root", "warning account-id-twice toor; ", .passwd = "root:*:0:0::/:/bin/sh\ntoor:*:0:0::/:/bin/sh\n" },
	{ "the same line twice is one account", "", .passwd = "root:*:0:0::/:/bin/sh\nroot:*:0:0::/:/bin/sh\n" },
	{ "two names of one group", "warning account-id-twice b; ", .group = "a:x:7:\nb:x:7:\nc:x:8:\n" },
	{ "allowed", "allowed account-id-twice b; ", .group = "a:x:7:\nb:x:7:\n", .allow = { { "account-id-twice", REASON, NULL, "b" } } },
	{ "an empty password", "error account-no-password root; ", .passwd = "root::0:0::/:/bin/sh\n" },
	{ "an empty one in shadow", "error account-no-password root; ", .passwd = "root:x:0:0::/:/bin/sh\n", .shadow = "root::::::::\n" },
	{ "an empty one that shadow locks", "", .passwd = "root::0:0::/:/bin/sh\n", .shadow = "root:*:1::::::\n" },
	{ "a hash", "warning account-password root; ", .passwd = "root:x:0:0::/:/bin/sh\n", .shadow = "root:$6$x$y:1::::::\n" },
	{ "a locked hash is none", "", .passwd = "root:x:0:0::/:/bin/sh\n", .shadow = "root:!$6$x$y:1::::::\n" },
	{ "lines that are no accounts", "", .passwd = "\n:\nroot\nroot:\nroot::x:y\na::-1:0::\n::0:0::\n" },
	{ "an owner that is nobody", "warning owner-unknown /a; ", ROOT FILE_("0644 7 0 1", "/a") FILE_("0644 7 0 1", "/b"), FINE, .passwd = "root:*:0:0::/:/bin/sh\nweb:*:10001:1::/:/bin/false\n" },
	{ "a group that is none", "warning owner-unknown /a; ", ROOT FILE_("0644 0 7 1", "/a"), FINE, .passwd = "web:*:10001:1::/:/bin/false\n", .group = "a:x:8:\n" },
	{ "an account and its group are one", "warning owner-unknown /a; ", ROOT FILE_("0644 7 7 1", "/a"), FINE, .passwd = "root:*:0:0::/:/bin/sh\nweb:*:10001:1::/:/bin/false\n" },
	{ "owners that are there", "", ROOT FILE_("0644 7 8 1", "/a"), FINE, .passwd = "web:*:10001:1::/:/bin/false\na:*:7:7::/:\n", .group = "a:x:8:\n" },
	{ "the image's own user", "error writable-path /a; note user-unknown /config/User; ", ROOT FILE_("0644 10001 10001 1", "/a"), FINE, .passwd = "root:*:0:0::/:/bin/sh\n" },
	{ "owners allowed", "allowed owner-unknown /a; ", ROOT FILE_("0644 7 0 1", "/a"), FINE, .passwd = "web:*:10001:1::/:/bin/false\n", .allow = { { "owner-unknown", REASON, NULL, "uid 7" } } },
};
