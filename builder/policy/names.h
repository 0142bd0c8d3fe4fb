/* names.h - tables of names that mean something in an image, each in a file of its own: what is on the lists is judged, not how it is looked for. */
#pragma once
#include <ingot/span.h>
#include <ingot/tree.h>

/* tool_names.c: the rule that is about a program of this name ("busybox", "gcc-12", "x86_64-linux-gnu-ld"), or NULL. anywhere: also outside of bin and sbin. */
const char *tool_rule(struct ingot_span name, bool *ret_anywhere);

/* file_names.c: what a file of this name and place is, in words ("an SSH key"), or NULL. */
const char *private_name(struct ingot_span path, enum ingot_type type);
const char *leftover_name(struct ingot_span path, const struct ingot_node *node);
const char *cache_name(struct ingot_span path, enum ingot_type type);

/* Does this name of a variable, label or option promise a secret ("DB_PASSWORD", "api-token")? Not those that say where it is (TOKEN_FILE). */
bool secret_name(struct ingot_span name);
/* What a value is by its form ("a GitHub token"), or NULL. Certain enough to refuse: no guessing by entropy. */
const char *secret_value(struct ingot_span text);
/* A password that everybody tries first, or one that is hardly any. */
bool weak_password(struct ingot_span value);
/* A placeholder: nothing, a reference to something else, a path of a file that holds it. */
bool no_secret(struct ingot_span value);
