/* Access control lists on the nodes of a tree. A Tree admits none, so that they are put there behind its back. */
#pragma once
#include "../../builder/core/tree_impl.h"

enum { USER_OBJ = 0x01, USER = 0x02, GROUP_OBJ = 0x04, GROUP = 0x08, MASK = 0x10, OTHER = 0x20 };
#define NO_ID 0xffffffffU

struct acl_entry {
	unsigned tag, perm;
	uint32_t id;
};

static inline void set_acl_value(struct ingot_tree *t, size_t i, struct ingot_span value)
{
	struct ingot_node *n = &t->nodes[t->dirents[i].node];
	struct ingot_xattr *x = ingot_arena_alloc(t->strings->arena, sizeof(*x));
	*x = (struct ingot_xattr){ INGOT_SPAN("system.posix_acl_access"), value };
	n->xattrs = x;
	n->n_xattrs = 1;
}

/* As the kernel stores it: version 2, little-endian. */
static inline void set_acl(struct ingot_tree *t, size_t i, const struct acl_entry *v, size_t n)
{
	char *p = ingot_arena_alloc(t->strings->arena, 4 + 8 * n);
	p[0] = 2;
	for (size_t k = 0; k < n; k++) {
		char *e = p + 4 + 8 * k;
		e[0] = (char)v[k].tag;
		e[2] = (char)v[k].perm;
		for (unsigned b = 0; b < 4; b++)
			e[4 + b] = (char)(v[k].id >> 8 * b);
	}
	set_acl_value(t, i, (struct ingot_span){ p, 4 + 8 * n });
}
