/* reference.h - names of images: [REGISTRY/]REPOSITORY[:TAG], as the reference grammar of the field has them.
 *
 * The full form is what gets signed and what index.json calls io.containerd.image.name: "docker.io/library/app:1" for "app:1", "docker.io/me/app:1" for
 * "me/app:1", everything with a registry (a dot, a colon or "localhost" before the first slash) as it stands; a missing tag is "latest".
 */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>

#define INGOT_MAX_REFERENCE 511 /* a repository is at most 255 bytes, a tag 128 */

struct ingot_reference {
	char full[INGOT_MAX_REFERENCE + 1];       /* registry.example.com/demo/app:1.0 */
	char repository[INGOT_MAX_REFERENCE + 1]; /* registry.example.com/demo/app */
	char familiar[INGOT_MAX_REFERENCE + 1];   /* as docker shows it: app:1 for docker.io/library/app:1 */
	char tag[129];                            /* 1.0 */
};

/* INGOT_E_INPUT saying what is wrong with it; a reference by digest names no image to be made and is refused. */
int ingot_reference_parse(struct ingot_span text, struct ingot_reference *ret, struct ingot_err *err) INGOT_MUST_USE;
