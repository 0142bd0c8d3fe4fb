#include "look.h"

extern const struct rule_group rules_user, rules_modes;

const struct rule_group *const rule_groups[] = { &rules_user, &rules_modes, NULL };
