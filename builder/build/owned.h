/* owned.h - what the ledger of a step says, applied to the Tree that its disk gave. Internal to build. */
#pragma once
#include "harvest.h"

/* Is what was found at this path the inode that was there before? */
bool facts_kept(const struct harvest_facts *f, struct ingot_span path);
/* after: the Tree by the disk alone, raw: what was found. New entries in a set-gid directory get its group, as the kernel would have it (mkdir(2)); then owners, devices
 * and capabilities of the ledger. */
int owned_apply(const struct ingot_tree *after, const struct ingot_delta *raw, const struct harvest_facts *f, struct ingot_tree **ret, struct ingot_err *err) INGOT_MUST_USE;
