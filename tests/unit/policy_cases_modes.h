/* Modes, and exceptions. */
#pragma once
#include "policy_cases.h"

static const struct policy_case cases_modes[] = {
	{ "nothing to find", "", ROOT FILE_("0755 0 0 1", "/web"), FINE },
	/* modes */
	{ "setuid", "error setuid /su; ", ROOT FILE_("4755 0 0 1", "/su"), FINE },
	{ "setgid", "error setgid /a; ", ROOT FILE_("2755 0 42 1", "/a"), FINE },
	{ "both", "error setgid /a; error setuid /a; ", ROOT FILE_("6755 0 42 1", "/a"), FINE },
	{ "a directory's set-group-id bit is no program's", "", ROOT "d 2755 0 50 1 /local\n", FINE },
	{ "capability", "error capability /ping; ", ROOT FILE_("0755 0 0 1", "/ping") CAP, FINE },
	{ "device", "error device /null; ", ROOT "c 0666 0 0 1 /null 1 3\n", FINE },
	{ "world-writable", "error world-writable /a; error world-writable /d; ", ROOT FILE_("0666 0 0 1", "/a") "d 1777 0 0 1 /d\n", FINE },
	{ "/tmp is for everybody", "", ROOT "d 1777 0 0 1 /tmp\n", FINE },
	{ "a writable place is for its user", "", ROOT "d 0777 1 1 1 /d\n", FINE, .writable = { "/d" } },
	{ "and so is what lies in it", "", ROOT "d 0755 1 1 1 /d\n" FILE_("0666 1 1 1", "/d/a"), FINE, .writable = { "/d" } },
	/* exceptions */
	{ "allowed", "allowed setuid /su; ", ROOT FILE_("4755 0 0 1", "/su"), FINE, .allow = { { "setuid", REASON, "/su" } } },
	{ "allowed by its old name", "allowed setuid /usr/su; ", ROOT "l 0777 0 0 1 /bin usr\nd 0755 0 0 1 /usr\n" FILE_("4755 0 0 1", "/usr/su"), FINE, .allow = { { "setuid", REASON, "/bin/su" } } },
	{ "a link to it does not allow", "error setuid /su; warning allow-unused /l; ", ROOT "l 0777 0 0 1 /l su\n" FILE_("4755 0 0 1", "/su"), FINE, .allow = { { "setuid", REASON, "/l" } } },
	{ "another rule does not", "error setgid /su; allowed setuid /su; ", ROOT FILE_("6755 0 0 1", "/su"), FINE, .allow = { { "setuid", REASON, "/su" } } },
	{ "another path does not", "error setuid /su; warning allow-unused /s; ", ROOT FILE_("4755 0 0 1", "/su"), FINE, .allow = { { "setuid", REASON, "/s" } } },
	{ "one that keeps a transient is used", "", ROOT FILE_("0644 0 0 1", "/kept"), FINE, .allow = { { "transient", REASON, "/kept" } } },
	{ "of a part of the subject nothing is said about use", "", .config = FINE, .allow = { { "setuid", REASON, "/s" } } },
	{ "in the release profile it is an error", "error allow-unused /s; ", ROOT, FINE, .profile = INGOT_PROFILE_RELEASE, .allow = { { "setuid", REASON, "/s" } } },
};
