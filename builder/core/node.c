#include "tree_impl.h"
#include <ingot/escape.h>

#define MAX_MAJOR 0xfffU   /* 12 bits of Linux's dev_t */
#define MAX_MINOR 0xfffffU /* and 20 */

bool ingot_xattrs_eq(const struct ingot_node *a, const struct ingot_node *b)
{
	if (a->n_xattrs != b->n_xattrs)
		return false;
	for (size_t i = 0; i < a->n_xattrs; i++)
		if (!ingot_span_eq(a->xattrs[i].name, b->xattrs[i].name) || !ingot_span_eq(a->xattrs[i].value, b->xattrs[i].value))
			return false;
	return true;
}

bool ingot_node_eq(const struct ingot_node *a, const struct ingot_node *b, unsigned ignore)
{
	if (a == b)
		return true;
	if (a->type != b->type || a->mode != b->mode || a->uid != b->uid || a->gid != b->gid)
		return false;
	if (!(ignore & INGOT_IGNORE_MTIME) && a->mtime != b->mtime)
		return false;
	if (a->type == INGOT_FILE && (a->size != b->size || !ingot_digest_eq(&a->content, &b->content)))
		return false;
	if (a->type == INGOT_LINK && !ingot_span_eq(a->target, b->target))
		return false;
	if ((a->type == INGOT_CHR || a->type == INGOT_BLK) && (a->major != b->major || a->minor != b->minor))
		return false;
	return ingot_xattrs_eq(a, b);
}

bool ingot_xattr_is_acl(struct ingot_span name)
{
	return ingot_span_is(name, "system.posix_acl_access") || ingot_span_is(name, "system.posix_acl_default");
}

bool ingot_xattr_allowed(struct ingot_span name)
{
	if (name.n > INGOT_MAX_XATTR_NAME || ingot_span_has(name, '\0'))
		return false;
	if (ingot_span_is(name, "security.capability") || ingot_xattr_is_acl(name))
		return true;
	/* user.overlay.* are overlayfs' own markers ("userxattr"): a source that brought one could hide or redirect parts of a checkout. */
	return ingot_span_starts(name, "user.") && name.n > 5 && !ingot_span_starts(name, "user.overlay.");
}

static bool type_known(enum ingot_type type)
{
	switch (type) {
	case INGOT_DIR:
	case INGOT_FILE:
	case INGOT_LINK:
	case INGOT_CHR:
	case INGOT_BLK:
	case INGOT_FIFO:
		return true;
	}
	return false;
}

static int xattrs_check(struct ingot_span path, const struct ingot_node *node, enum ingot_code code, struct ingot_err *err)
{
	if (node->n_xattrs > INGOT_MAX_XATTRS)
		return ingot_fail(err, code, "/%s has %zu extended attributes, more than %d", INGOT_SHOW(path), node->n_xattrs, INGOT_MAX_XATTRS);
	for (size_t i = 0; i < node->n_xattrs; i++) {
		const struct ingot_xattr *x = &node->xattrs[i];
		if (!ingot_xattr_allowed(x->name))
			return ingot_fail(err, code, "/%s has the extended attribute '%s': only user.* and security.capability can be kept", INGOT_SHOW(path), INGOT_SHOW(x->name));
		/* xattr(7): user.* and access control lists exist on files and directories only, and capabilities mean something on files only. */
		bool of_dir = ingot_span_starts(x->name, "user.") || ingot_xattr_is_acl(x->name);
		bool of_file = !ingot_span_is(x->name, "system.posix_acl_default");
		if (!(node->type == INGOT_FILE && of_file) && !(node->type == INGOT_DIR && of_dir))
			return ingot_fail(err, code, "/%s has the extended attribute '%s', which a thing of its type cannot have", INGOT_SHOW(path), INGOT_SHOW(x->name));
		if (x->value.n > INGOT_MAX_XATTR_VALUE)
			return ingot_fail(err, code, "/%s: extended attribute '%s' is larger than 64 KiB", INGOT_SHOW(path), INGOT_SHOW(x->name));
		if (i && ingot_span_cmp(node->xattrs[i - 1].name, x->name) >= 0)
			return ingot_fail(err, code, "/%s: extended attribute '%s' is there twice or out of order", INGOT_SHOW(path), INGOT_SHOW(x->name));
	}
	return 0;
}

int ingot_node_check(struct ingot_span path, const struct ingot_node *node, enum ingot_code code, struct ingot_err *err)
{
	if (!ingot_path_valid(path))
		return ingot_fail(err, code, "'%s' is not a path that a tree can hold", INGOT_SHOW(path));
	if (!type_known(node->type))
		return ingot_fail(err, code, "/%s is of an unknown type", INGOT_SHOW(path));
	if (path.n == 0 && node->type != INGOT_DIR)
		return ingot_fail(err, code, "the root is not a directory");
	if (node->mode > 07777)
		return ingot_fail(err, code, "/%s: %o is not a mode", INGOT_SHOW(path), node->mode);
	if (node->uid > INGOT_MAX_ID || node->gid > INGOT_MAX_ID)
		return ingot_fail(err, code, "/%s: owner %u:%u is out of range", INGOT_SHOW(path), node->uid, node->gid);
	if (node->mtime < 0)
		return ingot_fail(err, code, "/%s: its time is before 1970", INGOT_SHOW(path));
	if (node->type == INGOT_FILE && node->size > INGOT_MAX_FILE)
		return ingot_fail(err, code, "/%s is larger than the limit of %llu bytes", INGOT_SHOW(path), (unsigned long long)INGOT_MAX_FILE);
	if (node->type == INGOT_LINK && (node->target.n == 0 || node->target.n > INGOT_MAX_PATH || ingot_span_has(node->target, '\0')))
		return ingot_fail(err, code, "/%s: the target of the link is empty, too long, or holds a NUL", INGOT_SHOW(path));
	if ((node->type == INGOT_CHR || node->type == INGOT_BLK) && (node->major > MAX_MAJOR || node->minor > MAX_MINOR))
		return ingot_fail(err, code, "/%s: %u:%u is not a device number", INGOT_SHOW(path), node->major, node->minor);
	return xattrs_check(path, node, code, err);
}

/* Only what the type has is kept, so that equal nodes are equal in every byte that counts. */
void ingot_node_copy(struct ingot_arena *arena, const struct ingot_node *from, struct ingot_node *to)
{
	*to = (struct ingot_node){ .type = from->type, .mode = from->mode, .uid = from->uid, .gid = from->gid, .mtime = from->mtime };
	if (from->type == INGOT_FILE) {
		to->size = from->size;
		to->content = from->content;
	} else if (from->type == INGOT_LINK) {
		to->target = ingot_arena_span(arena, from->target);
	} else if (from->type == INGOT_CHR || from->type == INGOT_BLK) {
		to->major = from->major;
		to->minor = from->minor;
	}
	if (!from->n_xattrs)
		return;
	struct ingot_xattr *x = ingot_arena_array(arena, from->n_xattrs, sizeof(*x));
	for (size_t i = 0; i < from->n_xattrs; i++)
		x[i] = (struct ingot_xattr){ ingot_arena_span(arena, from->xattrs[i].name), ingot_arena_span(arena, from->xattrs[i].value) };
	to->xattrs = x;
	to->n_xattrs = from->n_xattrs;
}
