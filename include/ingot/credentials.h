/* credentials.h - who we are to a registry, as docker and podman keep it.
 *
 * Looked for in this order, the first file that has an entry decides: $REGISTRY_AUTH_FILE alone if it is set; else $XDG_RUNTIME_DIR/containers/auth.json,
 * $XDG_CONFIG_HOME/containers/auth.json, $DOCKER_CONFIG/config.json or ~/.docker/config.json. Within a file the entry with the longest path counts ("host/team/app", then
 * "host/team", then "host"). Read in the jail, as all JSON is.
 */
#pragma once
#include <ingot/remote.h>

struct ingot_credential {
	char user[256], password[4097];
	char identity[4097]; /* an identity token (docker's identitytoken) instead; "": none */
	char file[512];      /* where it was found, for messages */
	char helper[256];    /* of a file without an entry that names a program for all of them (credsStore); it is not run. "": none */
};
void ingot_credential_forget(struct ingot_credential *c); /* wipes */

/* 1, or 0 when there is none; then only helper is set. file: this one instead of all others, or NULL. INGOT_E_INPUT: a file that cannot be read, naming it, or one that leaves
 * this registry to a program (credHelpers, or an empty entry and credsStore): programs are not run. */
int ingot_credential_find(const struct ingot_remote *r, const char *file, struct ingot_credential *ret, struct ingot_err *err) INGOT_MUST_USE;
