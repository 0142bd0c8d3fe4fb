/* unpack_plan.h - which packages are unpacked and configured first, and in what order their preinst scripts run. Internal to source. */
#pragma once
#include <ingot/deb.h>

enum unpack_phase { UNPACK_ESSENTIAL = 0, UNPACK_REST, UNPACK_PHASES };

/* phase[i]: UNPACK_ESSENTIAL for what is "Essential: yes" and, through Depends and Pre-Depends, what it needs; all, when nothing is essential.
 * order: the numbers of all packages, each after what it depends on within its phase (a cycle is cut where it closes), else as they are given. */
void unpack_plan(const struct ingot_deb *const *debs, size_t n, uint8_t *phase, size_t *order);
