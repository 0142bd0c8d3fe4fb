/* registry_options.h - what push, pull and copy are told about a registry, in the same words. */
#pragma once
#include "cli.h"
#include <ingot/registry.h>

#define CLI_REGISTRY_OPTIONS                                                                                             \
	{ "auth-file", 0, "FILE", "credentials, instead of where docker and podman keep them" },                         \
	{ "creds", 0, "USER[:PASSWORD]", "who to be; without a password, INGOT_REGISTRY_PASSWORD is it" },               \
	{ "anonymous", 0, NULL, "use no credential" },                                                                   \
	{ "realm", 0, "URL", "a server of tokens that belongs to the registry, and may be shown the credential" },       \
	{ "ca", 0, "FILE", "trust these certificate authorities (PEM), instead of the host's" },                         \
	{ "proxy", 0, "URL", "HTTP proxy" },                                                                             \
	{ "patience", 0, "SECONDS", "how long the registry may be silent or slower than 1 KiB/s, 1 to 3600 (default: 30)" }

/* Strings of user and password live in arena. */
int cli_registry(const struct cli *c, struct ingot_arena *arena, struct ingot_registry_options *ret, struct ingot_err *err) INGOT_MUST_USE;
