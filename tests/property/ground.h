/* ground.h - a real file system on which trees are made with their owners, modes and ACLs, and a user who can be slipped into.
 *
 * A namespace of this process's own, with a tmpfs. Root, and a user with a range of subordinate ids, have all the ids that gen_rights() uses. A user with one id
 * has only that: it is uid and gid GROUND_UID there, and owns everything. Failures end the process with a message.
 */
#pragma once
#include <ingot/reach.h>

#define GROUND_UID 1000U

struct ground {
	bool many; /* ids can be chosen */
	bool acls; /* the file system keeps them */
};

/* Makes the namespace, which is for good; the working directory is the tmpfs. Its "t" is for trees, "own" for things of the user, "kept" for root's. */
struct ground ground_enter(void);
/* The tree at "t", and away with it again. */
void ground_make(const struct ground *g, const struct ingot_tree *t);
void ground_remove(const struct ingot_tree *t);
/* One entry anew, as it is in the tree; it has no other name. */
void ground_make_one(const struct ground *g, const struct ingot_tree *t, size_t i);
/* "t/PATH" */
const char *ground_path(const struct ingot_tree *t, size_t i, char room[256]);

/* From here on system calls are the user's, without a capability; and back. */
void ground_become(const struct ground *g, const struct ingot_identity *id);
void ground_back(const struct ground *g);
/* "own" with a file "mine" and a directory "dir" of the user. */
void ground_own(const struct ground *g, const struct ingot_identity *id);
