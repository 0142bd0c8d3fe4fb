/* leaks.h - what goes out is searched for the build's secrets, those that some step has asked for. Internal to build. */
#pragma once
#include "engine.h"
#include <ingot/image.h>

/* How many files and names of what a step changed hold a secret; each is said as a warning. */
int leaks_of_step(struct engine *e, const struct ingot_delta *d, const char *label, struct ingot_err *err) INGOT_MUST_USE;
/* INGOT_E_STEP when one is in what a step left in a cache: builds that are not given the secret would find it there, and would not know what to look for. */
int leaks_of_cache(struct engine *e, const struct ingot_tree *t, struct ingot_err *err) INGOT_MUST_USE;
/* INGOT_E_STEP where a step has put a secret into what packages did not bring; otherwise INGOT_E_INPUT. Every place is said, the first is the error. */
int leaks_of_tree(struct engine *e, const struct stage_state *s, struct ingot_err *err) INGOT_MUST_USE;
/* The same for config, manifest and annotations. */
int leaks_of_documents(struct engine *e, const struct ingot_image_docs *docs, struct ingot_err *err) INGOT_MUST_USE;
