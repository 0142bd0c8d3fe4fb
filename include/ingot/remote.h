/* remote.h - an image in a registry: [docker://]REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST], as skopeo and the reference grammar of the field have it. */
#pragma once
#include <ingot/digest.h>
#include <ingot/reference.h>

struct ingot_remote {
	char host[INGOT_MAX_REFERENCE + 1];       /* whom to ask: "registry.example.com:5000"; "registry-1.docker.io" for docker.io */
	char registry[INGOT_MAX_REFERENCE + 1];   /* what it is called, and credentials are kept under: "docker.io" */
	char repository[INGOT_MAX_REFERENCE + 1]; /* "team/app", without the registry */
	char tag[129];                            /* "" when there is only a digest */
	bool has_digest;
	struct ingot_digest digest; /* those bytes or an error, whatever the tag says */
	char text[2 * INGOT_MAX_REFERENCE];       /* whole, for messages */
};

/* INGOT_E_INPUT. Without tag and digest the tag is "latest". */
int ingot_remote_parse(struct ingot_span text, struct ingot_remote *ret, struct ingot_err *err) INGOT_MUST_USE;
bool ingot_is_remote(struct ingot_span text); /* it begins with "docker://" */
/* May it be spoken to without TLS? This machine only. */
bool ingot_remote_is_local(const struct ingot_remote *r);
