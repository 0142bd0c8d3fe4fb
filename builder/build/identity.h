/* identity.h - steps that become another user (INGOT_STEP_IDENTITY). Internal to build.
 *
 * A step begins without, because it costs something at every stat(); one that turns out to need it (it becomes another user, or copies owners) is run again. That it did is remembered for the step as it is
 * written, whatever the tree, so that the detour is made once.
 */
#pragma once
#include "engine.h"
#include <ingot/step.h>

/* From the beginning: its text names such a program, the recipe made owners that it will look at, or it turned out to need it before. */
bool identity_wanted(struct engine *e, const struct stage_state *s, const struct ingot_step *step);
int identity_remember(struct engine *e, const struct ingot_step *step, struct ingot_err *err) INGOT_MUST_USE;
/* What the disk does not show of the tree, for either level. */
void identity_seeds(const struct ingot_tree *lower, struct ingot_arena *arena, struct ingot_step_plan *plan);
