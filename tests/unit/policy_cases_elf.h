/* What contents are: programs, libraries, scripts, secrets. Every file of a case has the same content. */
#pragma once
#include "policy_cases.h"
#include <ingot/facts.h>

#define FACT(k, ...) .fact = &(const struct ingot_fact){ .kind = (k), __VA_ARGS__ }
#define GOOD (INGOT_F_PIE | INGOT_F_RELRO | INGOT_F_BIND_NOW | INGOT_F_CANARY)
#define PROGRAM(...) FACT(INGOT_C_ELF_PROGRAM, __VA_ARGS__)
#define SHARED(...) FACT(INGOT_C_ELF_SHARED, __VA_ARGS__)
#define HOLDS(w, f) FACT(INGOT_C_DATA, .secrets = &(const struct ingot_secret_found){ .what = (w), .flags = (f), .offset = 7 }, .n_secrets = 1)
#define KEY_INSIDE(k, w) FACT(k, .flags = GOOD, .secrets = &(const struct ingot_secret_found){ .what = (w) }, .n_secrets = 1)
#define ONE_FILE ROOT FILE_("0755 0 0 1", "/a")
#define STRICT .profile = INGOT_PROFILE_STRICT

static const struct policy_case cases_elf[] = {
	{ "as it should be", "", ONE_FILE, FINE, STRICT, PROGRAM(.flags = GOOD) },
	{ "an executable stack", "warning elf-exec-stack /a; ", ONE_FILE, FINE, SHARED(.flags = GOOD | INGOT_F_EXECSTACK) },
	{ "writable code", "warning elf-writable-code /a; ", ONE_FILE, FINE, PROGRAM(.flags = GOOD | INGOT_F_WRITABLE_CODE) },
	{ "relocations in the text", "warning elf-textrel /a; ", ONE_FILE, FINE, SHARED(.flags = GOOD | INGOT_F_TEXTREL) },
	{ "a fixed address", "warning elf-no-pie /a; ", ONE_FILE, FINE, STRICT, PROGRAM(.flags = GOOD & ~INGOT_F_PIE) },
	{ "which default lets pass", "", ONE_FILE, FINE, PROGRAM(.flags = 0) },
	{ "no relro", "warning elf-no-relro /a; ", ONE_FILE, FINE, STRICT, SHARED(.flags = INGOT_F_CANARY) },
	{ "half of relro", "note elf-no-bind-now /a; ", ONE_FILE, FINE, STRICT, PROGRAM(.flags = GOOD & ~INGOT_F_BIND_NOW) },
	{ "half of relro, in a library", "", ONE_FILE, FINE, STRICT, SHARED(.flags = INGOT_F_RELRO) },
	{ "no canary", "note elf-no-canary /a; ", ONE_FILE, FINE, STRICT, PROGRAM(.flags = GOOD & ~INGOT_F_CANARY) },
	{ "damaged: nothing is known", "", ONE_FILE, FINE, STRICT, PROGRAM(.flags = INGOT_F_DAMAGED | INGOT_F_EXECSTACK) },
	{ "libraries from where one is", "error elf-runpath /a; ", ONE_FILE, FINE, PROGRAM(.flags = GOOD, .runpath = "lib") },
	{ "libraries from where one can write", "error elf-runpath /a; ", ONE_FILE D("/data"), FINE, .writable = { "/data" }, PROGRAM(.flags = GOOD, .runpath = "/usr/lib:/data/lib") },
	{ "libraries from beside it, where one can write", "error elf-runpath /data/a; error writable-code /data; error writable-path /data; ", ROOT "d 0755 10001 0 1 /data\n" FILE_("0755 0 0 1", "/data/a"), FINE, PROGRAM(.flags = GOOD, .runpath = "$ORIGIN/../data/lib") },
	{ "libraries from beside it", "", ONE_FILE, FINE, PROGRAM(.flags = GOOD, .runpath = "${ORIGIN}/lib") },
	{ "no loader", "warning elf-interpreter-missing /a; ", ONE_FILE, FINE, PROGRAM(.flags = GOOD, .interpreter = "/lib64/ld.so") },
	{ "a loader behind a link", "", ONE_FILE L("/lib", "usr") D("/usr") FILE_("0755 0 0 1", "/usr/ld.so"), FINE, PROGRAM(.flags = GOOD, .interpreter = "/lib/ld.so") },
	{ "no library", "warning elf-library-missing /a; ", ONE_FILE, FINE, STRICT, PROGRAM(.flags = GOOD, .needed = "libz.so.1") },
	{ "a library", "", ONE_FILE FILE_("0755 0 0 1", "/libz.so.1"), FINE, STRICT, PROGRAM(.flags = GOOD, .needed = "libz.so.1") },
	{ "no interpreter", "note script-interpreter-missing /a; ", ONE_FILE, FINE, STRICT, FACT(INGOT_C_SCRIPT, .interpreter = "/bin/sh") },
	{ "a script that nobody executes", "", ROOT FILE_("0644 0 0 1", "/a"), FINE, STRICT, FACT(INGOT_C_SCRIPT, .interpreter = "/bin/sh") },
	{ "names of one file are one finding", "warning elf-exec-stack /a; ", ONE_FILE H("/b", "/a"), FINE, SHARED(.flags = GOOD | INGOT_F_EXECSTACK) },
	/* secrets */
	{ "a token", "error secret-file /a; ", ONE_FILE, FINE, HOLDS(INGOT_S_GITHUB, 0) },
	{ "a key for all", "error key-readable /a; error secret-file /a; ", ONE_FILE, FINE, HOLDS(INGOT_S_PEM_KEY, 0) },
	{ "a key for its owner", "error secret-file /a; ", ROOT FILE_("0600 0 0 1", "/a"), FINE, HOLDS(INGOT_S_PEM_KEY, 0) },
	{ "a key that is allowed", "allowed secret-file /a; ", ROOT FILE_("0600 0 0 1", "/a"), FINE, HOLDS(INGOT_S_PEM_KEY, 0), .allow = { { "secret-file", REASON, "/a" } } },
	{ "a key of a library's self-test", "", ONE_FILE, FINE, KEY_INSIDE(INGOT_C_ELF_SHARED, INGOT_S_PEM_KEY) },
	{ "which strict wants to be looked at", "note secret-hint /a; ", ONE_FILE, FINE, STRICT, KEY_INSIDE(INGOT_C_ELF_SHARED, INGOT_S_PEM_KEY) },
	{ "a token in a program", "error secret-file /a; ", ONE_FILE, FINE, KEY_INSIDE(INGOT_C_ELF_PROGRAM, INGOT_S_GITHUB) },
	{ "a sealed key", "warning secret-sealed /a; ", ONE_FILE, FINE, HOLDS(INGOT_S_SSH_KEY, INGOT_S_ENCRYPTED) },
	{ "perhaps a password", "note secret-hint /a; ", ONE_FILE, FINE, STRICT, HOLDS(INGOT_S_PASSWORD, 0) },
	{ "perhaps a password, in default", "", ONE_FILE, FINE, HOLDS(INGOT_S_PASSWORD, 0) },
	{ "a name is not said where the content is", "error secret-file /id_rsa; ", ROOT FILE_("0600 0 0 1", "/id_rsa"), FINE, HOLDS(INGOT_S_SSH_KEY, 0) },
};
