#include "look.h"

extern const struct rule_group rules_user, rules_accounts, rules_modes, rules_immutable, rules_files, rules_tools, rules_start, rules_ports, rules_secrets, rules_env, rules_inputs, rules_steps, rules_recipe, rules_age, rules_size, rules_elf, rules_contents;

const struct rule_group *const rule_groups[] = { &rules_user, &rules_accounts, &rules_modes, &rules_immutable, &rules_files, &rules_tools, &rules_start, &rules_ports, &rules_secrets, &rules_env, &rules_inputs, &rules_steps, &rules_recipe, &rules_age, &rules_size, &rules_elf, &rules_contents, NULL };
