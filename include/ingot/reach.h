/* reach.h - what a user could do to the files of a tree: computed from the tree alone, as Linux would decide it.
 *
 * The user has no capability (but see uid 0 below), the root file system is writable, nothing is mounted over it, and no security module adds a
 * rule: the worst that the tree itself allows. Each bit below names the rule of the kernel that it models (fs/namei.c, fs/posix_acl.c). tests/unit/test_reach_kernel.c
 * holds them against the running kernel.
 *
 * Rights are those of the first class that fits: owner, then ACL where the node has one, then group, then others. An owner who lacks a right
 * takes it with chmod(2), so that ownership grants everything, unless as_is is set. ACLs are read from the attribute system.posix_acl_access in the form of the
 * kernel (linux/posix_acl_xattr.h, version 2); the mode's group bits are its mask and its other bits the entry for others, as chmod(2) keeps them. One that
 * cannot be read grants everything, for nothing can be proved from it. Default ACLs grant nothing at a file that is there already.
 *
 * A file has its rights by any of its names: READ, WRITE, RUN and RAISE are the same at all hard links. uid 0 can do everything.
 */
#pragma once
#include <ingot/tree.h>
#include <stdint.h>

struct ingot_identity {
	uint32_t uid, gid;
	const uint32_t *groups; /* supplementary; gid need not be among them */
	size_t n_groups;
	bool as_is; /* owners change no mode: what works at once */
};

enum {
	/* Every directory above grants search: the path can be walked to (link_path_walk()). */
	INGOT_REACH_SEE = 1,
	/* Content or names can be read. */
	INGOT_REACH_READ = 2,
	/* A file, device or pipe can be opened for writing. */
	INGOT_REACH_WRITE = 4,
	/* Names can be added to the directory: it grants write and search (may_create()). */
	INGOT_REACH_CREATE = 8,
	/* The name can be unlinked, renamed away or renamed over: CREATE of the directory that it is in, and where that one is sticky, the user owns either
	 * of both (may_delete(), check_sticky()). A directory that is not empty can be renamed away in its parent whatever its own rights are. */
	INGOT_REACH_REPLACE = 16,
	/* A directory above can be replaced: what is found at this path can be anything. */
	INGOT_REACH_ABOVE = 32,
	/* A program: the file grants execution and can be walked to. */
	INGOT_REACH_RUN = 64,
	/* RUN, and the program gets an owner, group or capability that the user does not have: more can be reached through it. setgid without the group's x bit is not one
	 * (bprm_fill_uid()). */
	INGOT_REACH_RAISE = 128,
	/* A symbolic link that leads through or to something that can be changed, or to a name that is missing and can be made. Whoever reads through the link reads what
	 * the user wants. */
	INGOT_REACH_THROUGH = 256,
};
/* What is found at the path is the user's to decide. */
#define INGOT_REACH_CHANGE (INGOT_REACH_WRITE | INGOT_REACH_REPLACE | INGOT_REACH_ABOVE | INGOT_REACH_THROUGH)

/* One value for each dirent; free(). Linear in the tree. ret_ends (may be NULL): of each dirent where it leads to: a link's end, or INGOT_NOWHERE; of any other
 * itself. free(). */
#define INGOT_NOWHERE UINT32_MAX
uint16_t *ingot_reach(const struct ingot_tree *t, const struct ingot_identity *id, uint32_t **ret_ends);

/* What grants a right at a node. */
enum ingot_grant {
	INGOT_GRANT_NONE,
	INGOT_GRANT_ROOT,      /* uid 0 */
	INGOT_GRANT_OWNER,     /* by its mode, or by chmod(2) unless as_is */
	INGOT_GRANT_GROUP,
	INGOT_GRANT_OTHER,
	INGOT_GRANT_ACL_USER,  /* an entry that names the user */
	INGOT_GRANT_ACL_GROUP, /* an entry that names one of the groups, or the owning group's */
	INGOT_GRANT_ACL_BROKEN /* the ACL cannot be read */
};
#define INGOT_MAY_READ 4U
#define INGOT_MAY_WRITE 2U
#define INGOT_MAY_RUN 1U /* or search */
/* Grants all of want at once, or none. *ret_id (may be NULL) is the uid or gid that the class or entry is for, 0 for others. */
enum ingot_grant ingot_grants(const struct ingot_identity *id, const struct ingot_node *node, unsigned want, uint32_t *ret_id);
bool ingot_identity_has_group(const struct ingot_identity *id, uint32_t gid);
