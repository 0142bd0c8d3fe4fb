/* rows.h - shorthand for the rows of the catalogue. */
#pragma once

/* By profile: default, strict, release. */
#define SEV(a, b, c) { INGOT_SEV_##a, INGOT_SEV_##b, INGOT_SEV_##c }

#define ALLOW_PATH(rule, path) "policy:\n  allow:\n    - { rule: " rule ", path: " path ", reason: \"...\" }\n"
#define ALLOW_VALUE(rule, value) "policy:\n  allow:\n    - { rule: " rule ", value: \"" value "\", reason: \"...\" }\n"
#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
