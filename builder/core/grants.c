#include <ingot/limits.h>
#include <ingot/reach.h>
#include <stdint.h>

/* linux/posix_acl.h, linux/posix_acl_xattr.h: everything is little-endian. */
#define ACL_VERSION 2U
#define ACL_HEADER 4U
#define ACL_ENTRY 8U
enum { ACL_USER_OBJ = 0x01, ACL_USER = 0x02, ACL_GROUP_OBJ = 0x04, ACL_GROUP = 0x08, ACL_MASK = 0x10, ACL_OTHER = 0x20 };

struct entry {
	unsigned tag, perm;
	uint32_t id;
};

bool ingot_identity_has_group(const struct ingot_identity *id, uint32_t gid)
{
	if (id->gid == gid)
		return true;
	for (size_t i = 0; i < id->n_groups; i++)
		if (id->groups[i] == gid)
			return true;
	return false;
}

static uint32_t le(const char *p, size_t n)
{
	uint32_t v = 0;
	for (size_t i = n; i--;)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

static struct entry entry_at(struct ingot_span acl, size_t i)
{
	const char *p = acl.p + ACL_HEADER + i * ACL_ENTRY;
	return (struct entry){ le(p, 2), le(p + 2, 2), le(p + 4, 4) };
}

static bool readable(struct ingot_span acl)
{
	if (acl.n < ACL_HEADER || (acl.n - ACL_HEADER) % ACL_ENTRY || le(acl.p, ACL_HEADER) != ACL_VERSION)
		return false;
	for (size_t i = 0; i < (acl.n - ACL_HEADER) / ACL_ENTRY; i++) {
		struct entry e = entry_at(acl, i);
		if (e.perm > 7 || !e.tag || e.tag & (e.tag - 1) || e.tag > ACL_OTHER)
			return false;
	}
	return true;
}

static const struct ingot_span *find_acl(const struct ingot_node *node)
{
	for (size_t i = 0; i < node->n_xattrs; i++)
		if (ingot_span_is(node->xattrs[i].name, "system.posix_acl_access"))
			return &node->xattrs[i].value;
	return NULL;
}

/* posix_acl_permission(): an entry for the user decides alone; of the entries for groups the first that has all of want does; others are asked only if no entry was
 * for the user or one of the groups. */
static enum ingot_grant by_acl(const struct ingot_identity *id, const struct ingot_node *node, struct ingot_span acl, unsigned want, uint32_t *ret_id)
{
	size_t n = (acl.n - ACL_HEADER) / ACL_ENTRY;
	unsigned group_bits = node->mode >> 3 & 7, mask = 7;
	bool found = false;
	for (size_t i = 0; i < n; i++)
		if (entry_at(acl, i).tag == ACL_MASK)
			mask = group_bits;
	for (size_t i = 0; i < n; i++) {
		struct entry e = entry_at(acl, i);
		if (e.tag == ACL_USER && e.id == id->uid) {
			*ret_id = e.id;
			return (e.perm & mask & want) == want ? INGOT_GRANT_ACL_USER : INGOT_GRANT_NONE;
		}
	}
	for (size_t i = 0; i < n; i++) {
		struct entry e = entry_at(acl, i);
		if (e.tag == ACL_GROUP_OBJ)
			e.id = node->gid;
		if ((e.tag != ACL_GROUP_OBJ && e.tag != ACL_GROUP) || !ingot_identity_has_group(id, e.id))
			continue;
		found = true;
		if ((e.perm & want) == want) {
			*ret_id = e.id;
			return (e.perm & mask & want) == want ? INGOT_GRANT_ACL_GROUP : INGOT_GRANT_NONE;
		}
	}
	return !found && (node->mode & want) == want ? INGOT_GRANT_OTHER : INGOT_GRANT_NONE;
}

/* acl_permission_check() */
enum ingot_grant ingot_grants(const struct ingot_identity *id, const struct ingot_node *node, unsigned want, uint32_t *ret_id)
{
	uint32_t unused = 0;
	ret_id = ret_id ? ret_id : &unused;
	*ret_id = 0;
	if (id->uid == 0)
		return INGOT_GRANT_ROOT;
	if (node->uid == id->uid) {
		*ret_id = node->uid;
		return !id->as_is || (node->mode >> 6 & want) == want ? INGOT_GRANT_OWNER : INGOT_GRANT_NONE;
	}
	/* The kernel does not ask an ACL whose mask is empty: then the mode alone decides, and others may have what a named user has not. */
	const struct ingot_span *acl = node->mode & 070 ? find_acl(node) : NULL;
	if (acl && !readable(*acl))
		return INGOT_GRANT_ACL_BROKEN;
	if (acl)
		return by_acl(id, node, *acl, want, ret_id);
	if (ingot_identity_has_group(id, node->gid)) {
		*ret_id = node->gid;
		return (node->mode >> 3 & want) == want ? INGOT_GRANT_GROUP : INGOT_GRANT_NONE;
	}
	return (node->mode & want) == want ? INGOT_GRANT_OTHER : INGOT_GRANT_NONE;
}
