/* shell.h - a shell where a step failed. Internal to build. */
#pragma once
#include "engine.h"
#include <ingot/step.h>

/* The plan of the step that has just failed, with its scratch directory as it is. What comes of the shell changes nothing: the build has failed. */
void shell_open(struct engine *e, const struct ingot_step *step, const struct ingot_step_plan *failed);
