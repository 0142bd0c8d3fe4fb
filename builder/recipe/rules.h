/* rules.h - what the strings of a recipe must look like. */
#pragma once
#include "schema.h"

extern const struct rule rule_name, rule_tag, rule_text, rule_bytes, rule_line, rule_absolute, rule_directory, rule_copy_path, rule_relative, rule_glob, rule_package, rule_package_name, rule_suite, rule_env_name,
	rule_label, rule_port, rule_account, rule_url, rule_sha256, rule_image, rule_reference, rule_word, rule_var_name, rule_size, rule_mode, rule_own_id, rule_owner;

/* "30MiB" as bytes; -1 for anything else. */
int parse_size(struct ingot_span s, uint64_t *ret);
