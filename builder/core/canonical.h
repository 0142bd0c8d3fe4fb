/* canonical.h - owner and mode that a node has in a final tree. Private to core. */
#pragma once
#include <ingot/delta.h>

struct canonical_rules {
	uint32_t uid, gid; /* the user that the image runs as */
};

/* writable: the place belongs to that user. An exception that was allowed is not passed here: it stays as it is. */
void ingot_canonical(const struct canonical_rules *r, struct ingot_span path, bool writable, struct ingot_node *node);
/* A directory that every user may write to, by long custom, because it is sticky. */
bool ingot_canonical_sticky(struct ingot_span path);
