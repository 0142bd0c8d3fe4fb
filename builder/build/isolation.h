/* isolation.h - on which rung of the ladder steps run (step.h), and what came of the weakest one kept apart. Internal to build. */
#pragma once
#include "engine.h"

/* A step could not be set up. True when there is another rung for it, which e->step_flags names from now on; false when err is the last word. */
bool isolation_fall_back(struct engine *e, struct ingot_err *err);
/* The rung of this host, by trying it on the store's own file system. */
int isolation_measure(struct ingot_store *store, struct ingot_rung *ret, struct ingot_err *err) INGOT_MUST_USE;
/* The key of the same result out of a chroot: whoever asks for full isolation does not find it. */
void isolation_key(const struct ingot_digest *key, struct ingot_digest *ret);
