#include "look.h"

extern const struct rule_group rules_user, rules_accounts, rules_modes, rules_files, rules_tools, rules_start, rules_ports, rules_secrets, rules_env;

const struct rule_group *const rule_groups[] = { &rules_user, &rules_accounts, &rules_modes, &rules_files, &rules_tools, &rules_start, &rules_ports, &rules_secrets, &rules_env, NULL };
