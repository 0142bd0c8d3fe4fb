#include "owned.h"
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>

#define SET_UID 04000U
#define SET_GID 02000U
#define GROUP_RUNS 0010U

bool facts_kept(const struct harvest_facts *f, struct ingot_span path)
{
	size_t low = 0, high = f->n_kept;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = ingot_path_cmp(f->kept[mid], path);
		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Nodes that change, by their number in the tree. */
struct changing {
	const struct ingot_tree *tree;
	const struct ingot_delta *raw;
	struct ingot_node **node; /* NULL: as it is */
	bool *group_said;         /* by the ledger */
	size_t n;
	struct ingot_arena *arena;
};

static void changing_done(struct changing *c)
{
	free(c->node);
	free(c->group_said);
	ingot_arena_free(c->arena);
}

static struct ingot_node *change(struct changing *c, uint32_t number)
{
	if (!c->node[number]) {
		c->node[number] = ingot_arena_alloc(c->arena, sizeof(struct ingot_node));
		*c->node[number] = *ingot_tree_node(c->tree, number);
		c->n++;
	}
	return c->node[number];
}

static const struct ingot_node *now(const struct changing *c, uint32_t number)
{
	return c->node[number] ? c->node[number] : ingot_tree_node(c->tree, number);
}

/* What was found on the disk at this path, or NULL where nothing changed there. */
static const struct ingot_node *found_at(const struct ingot_delta *raw, struct ingot_span path)
{
	size_t low = 0, high = ingot_delta_count(raw);
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct ingot_change *c = ingot_delta_at(raw, mid);
		int order = ingot_path_cmp(c->path, path);
		/* At one path an opaque may stand before the put. */
		if (order < 0 || (order == 0 && c->op == INGOT_OPAQUE))
			low = mid + 1;
		else
			high = mid;
	}
	if (low == ingot_delta_count(raw))
		return NULL;
	const struct ingot_change *c = ingot_delta_at(raw, low);
	return ingot_span_eq(c->path, path) && (c->op == INGOT_PUT || c->op == INGOT_HARDLINK) ? ingot_delta_node(raw, c->node) : NULL;
}

static void set_caps(struct changing *c, struct ingot_node *n, const struct ingot_owned *o)
{
	struct ingot_xattr *v = ingot_arena_array(c->arena, n->n_xattrs + 1, sizeof(*v));
	struct ingot_xattr caps = { INGOT_SPAN("security.capability"), ingot_arena_span(c->arena, (struct ingot_span){ (const char *)o->caps, o->n_caps }) };
	size_t k = 0;
	bool placed = o->n_caps == 0;
	for (size_t i = 0; i < n->n_xattrs; i++) {
		int order = ingot_span_cmp(n->xattrs[i].name, caps.name);
		if (order > 0 && !placed) {
			v[k++] = caps;
			placed = true;
		}
		if (order != 0)
			v[k++] = n->xattrs[i];
	}
	if (!placed)
		v[k++] = caps;
	n->xattrs = v;
	n->n_xattrs = k;
}

static void merge(struct changing *c, struct ingot_span path, struct ingot_node *n, const struct ingot_owned *o)
{
	static const struct ingot_owned none = { 0 };
	if (o->set & INGOT_OWNED_UID)
		n->uid = o->uid;
	if (o->set & INGOT_OWNED_GID)
		n->gid = o->gid;
	if (o->set & INGOT_OWNED_MODE)
		n->mode = o->mode;
	/* A step that writes such a record itself may have written it at a directory. */
	if (o->set & INGOT_OWNED_DEVICE && n->type == INGOT_FILE)
		*n = (struct ingot_node){ .type = (enum ingot_type)o->type, .mode = n->mode, .uid = n->uid, .gid = n->gid, .mtime = n->mtime, .major = o->major, .minor = o->minor };
	if (o->set & INGOT_OWNED_PLAIN && n->type == INGOT_FILE) {
		/* Bits on the disk were put there after the chown(); others are the Tree's, and it took them. */
		const struct ingot_node *disk = found_at(c->raw, path);
		if (!disk || !(disk->mode & (SET_UID | SET_GID)))
			n->mode &= ~(SET_UID | (n->mode & GROUP_RUNS ? SET_GID : 0));
		set_caps(c, n, &none);
	}
	if (o->set & INGOT_OWNED_CAPS && n->type == INGOT_FILE)
		set_caps(c, n, o);
}

static void apply_ledger(struct changing *c, const struct harvest_facts *f)
{
	for (size_t i = 0; i < f->n_owned; i++) {
		ssize_t at = ingot_tree_find(c->tree, f->owned[i].path);
		if (at < 0)
			continue; /* it lies under a mount point, or is a socket */
		uint32_t number = ingot_tree_at(c->tree, (size_t)at)->node;
		if (f->owned[i].is.set == INGOT_OWNED_OTHER)
			continue; /* restore() has looked at it */
		merge(c, f->owned[i].path, change(c, number), &f->owned[i].is);
		c->group_said[number] = c->group_said[number] || f->owned[i].is.set & INGOT_OWNED_GID;
	}
}

static void inherit_groups(struct changing *c, const struct harvest_facts *f)
{
	for (size_t i = 0; i < ingot_delta_count(c->raw); i++) {
		const struct ingot_change *r = ingot_delta_at(c->raw, i);
		if (r->op != INGOT_PUT || !r->path.n || facts_kept(f, r->path))
			continue;
		ssize_t at = ingot_tree_find(c->tree, r->path), above = ingot_tree_find(c->tree, ingot_path_parent(r->path));
		if (at < 0 || above < 0)
			continue;
		uint32_t number = ingot_tree_at(c->tree, (size_t)at)->node;
		const struct ingot_node *parent = now(c, ingot_tree_at(c->tree, (size_t)above)->node), *n = now(c, number);
		if (!(parent->mode & SET_GID) || c->group_said[number] || (n->gid == parent->gid && (n->type != INGOT_DIR || n->mode & SET_GID)))
			continue;
		struct ingot_node *changed = change(c, number);
		changed->gid = parent->gid;
		if (changed->type == INGOT_DIR)
			changed->mode |= SET_GID;
	}
}

int owned_apply(const struct ingot_tree *after, const struct ingot_delta *raw, const struct harvest_facts *f, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(changing_done) struct changing c = { .tree = after, .raw = raw, .arena = ingot_arena_new() };
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	c.node = ingot_alloc_array(ingot_tree_nodes(after), sizeof(struct ingot_node *));
	c.group_said = ingot_alloc_array(ingot_tree_nodes(after), sizeof(bool));
	apply_ledger(&c, f);
	inherit_groups(&c, f);
	for (size_t i = 0; c.n && i < ingot_tree_count(after); i++) {
		const struct ingot_dirent *e = ingot_tree_at(after, i);
		size_t leader = ingot_tree_leader(after, i);
		if (!c.node[e->node])
			continue;
		/* One name of a group changed: the group is said whole (delta.h). */
		if (leader == i)
			ingot_pass(ingot_delta_put(b, e->path, c.node[e->node], err));
		else
			ingot_pass(ingot_delta_link(b, e->path, ingot_tree_at(after, leader)->path, err));
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	return ingot_apply(after, d, ret, err);
}
