/* accounts.h - passwd(5) and group(5) of a Tree: reading them, and adding the image's own user.
 *
 * Read from the Tree as data (a link, a device or a file above INGOT_MAX_ACCOUNTS is refused; safety.md 3.12, 3.13), never through the host's NSS.
 */
#pragma once
#include <ingot/delta.h>
#include <ingot/mem.h>
#include <ingot/recipe.h>
#include <ingot/store.h>

/* Appends to the delta: etc/passwd, etc/group and etc/shadow with the user of the recipe (locked password, no shell, home only if it asks). When
 * the Tree has no such files they begin with root alone. INGOT_E_INPUT when the name or the uid is taken by another account. */
int ingot_accounts_add(struct ingot_store *store, const struct ingot_tree *tree, const struct ingot_user *user, int64_t epoch, struct ingot_pack *pack, struct ingot_delta_builder *delta,
		       struct ingot_err *err) INGOT_MUST_USE;

/* What stands in passwd's or shadow's second field. */
enum ingot_password {
	INGOT_PW_LOCKED, /* nothing matches it */
	INGOT_PW_NONE,   /* empty: no password is asked for */
	INGOT_PW_SET     /* a hash */
};

struct ingot_account {
	const char *name, *home, *shell;
	uint32_t uid, gid;
	enum ingot_password password;
};

struct ingot_group {
	const char *name;
	uint32_t gid;
};

/* In the order of the files. Lines that are no account (too few fields, no number) are left aside. Strings are foreign, without NUL. */
struct ingot_accounts {
	struct ingot_account *users;
	size_t n_users;
	struct ingot_group *groups;
	size_t n_groups;
	struct ingot_arena *arena;
};

/* From the texts of passwd, group and shadow, each of which may be empty. An account without a line in shadow has the password of its line in passwd. */
struct ingot_accounts *ingot_accounts_parse(struct ingot_span passwd, struct ingot_span group, struct ingot_span shadow);
/* Of the tree's etc/passwd, etc/group and etc/shadow, links to files in it followed. A missing file is empty. INGOT_E_OUTSIDE for one that is no file, or
 * above INGOT_MAX_ACCOUNTS; a content that the store lacks is a failure that the next run mends. */
int ingot_accounts_read(struct ingot_store *store, const struct ingot_tree *tree, struct ingot_accounts **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_accounts_free(struct ingot_accounts *a);
INGOT_CLEANUP(struct ingot_accounts, ingot_accounts_free)
