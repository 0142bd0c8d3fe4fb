/* run_user.h - who an image's "User" is, by the passwd(5) and group(5) of its own Tree; the host's are not asked (safety 3.12, 3.13). */
#pragma once
#include <ingot/store.h>
#include <ingot/tree.h>

/* s NULL: numbers only. "", USER, USER:GROUP, each a name or a number. Without a group it is the user's own in passwd, or 0. */
int run_user(struct ingot_store *s, const struct ingot_tree *t, struct ingot_span text, uint32_t *ret_uid, uint32_t *ret_gid, struct ingot_err *err) INGOT_MUST_USE;
