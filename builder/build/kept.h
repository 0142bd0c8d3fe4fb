/* kept.h - results in the store: a reference of some kind that leads to a text (a delta, a tree) and to the pack of the contents in it. Internal to build. */
#pragma once
#include "engine.h"
#include <ingot/intake.h>

/* 1 and the text, its content findable; 0 when it has to be made again: nothing is there, or it is not whole. */
int kept_get(struct engine *e, const char *kind, const struct ingot_digest *key, struct ingot_buf *text, struct ingot_digest *ret_pack, bool *ret_has_pack, struct ingot_err *err) INGOT_MUST_USE;
int kept_put(struct engine *e, const char *kind, const struct ingot_digest *key, const struct ingot_buf *text, const struct ingot_intake *in, struct ingot_err *err) INGOT_MUST_USE;
