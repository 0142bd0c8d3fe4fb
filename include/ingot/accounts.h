/* accounts.h - passwd(5) and group(5) of a Tree: reading them, and adding the image's own user.
 *
 * Read from the Tree as data (a link, a device or a file above INGOT_MAX_ACCOUNTS is refused; safety.md 3.12, 3.13), never through the host's NSS.
 */
#pragma once
#include <ingot/delta.h>
#include <ingot/recipe.h>
#include <ingot/store.h>

/* Appends to the delta: etc/passwd, etc/group and etc/shadow with the user of the recipe (locked password, no shell, home only if it asks). When
 * the Tree has no such files they begin with root alone. INGOT_E_INPUT when the name or the uid is taken by another account. */
int ingot_accounts_add(struct ingot_store *store, const struct ingot_tree *tree, const struct ingot_user *user, int64_t epoch, struct ingot_pack *pack, struct ingot_delta_builder *delta,
		       struct ingot_err *err) INGOT_MUST_USE;
