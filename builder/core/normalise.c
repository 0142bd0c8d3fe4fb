#include "canonical.h"
#include "delta_impl.h"
#include "transient.h"
#include "tree_impl.h"
#include <ingot/escape.h>
#include <ingot/normalise.h>
#include <ingot/resolve.h>

enum { UNSEEN = 0, ALIKE, SPLIT };

struct normalising {
	const struct ingot_tree *t;
	const struct ingot_normal_policy *policy;
	struct canonical_rules rules;
	struct ingot_span *writable, *kept; /* resolved in the tree; one to keep that leads nowhere is NULL, 0 */
	bool *gone;              /* of each dirent */
	struct ingot_node *want; /* of each node: as its first path wants it */
	int8_t *state;           /* of each node: whether its other paths want the same */
	struct ingot_normal_result *out;
	struct ingot_arena *arena;
};

/* --- notes --- */

static const char *shown(struct normalising *x, struct ingot_span path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(64));
	ingot_escape_message(&b, path);
	return ingot_arena_strf(x->arena, "/%s", ingot_buf_cstr(&b));
}

static void note(struct normalising *x, const char *rule, const char *path, const char *text)
{
	struct ingot_finding *f = ingot_findings_add(&x->out->findings, rule, INGOT_SEV_NOTE);
	f->path = path;
	f->text = text;
}

/* --- places --- */

static bool is_writable(const struct normalising *x, struct ingot_span path)
{
	for (size_t i = 0; i < x->policy->n_writable; i++)
		if (ingot_path_within(path, x->writable[i]))
			return true;
	return false;
}

/* The image's user asked for this place by name, below a directory that is otherwise emptied ("/run/nginx"). A place that holds such
 * directories ("/tmp") is emptied as always. */
static bool asked_for(const struct normalising *x, struct ingot_span path)
{
	for (size_t i = 0; i < x->policy->n_writable; i++)
		if (ingot_transient(x->writable[i]) && (ingot_path_within(path, x->writable[i]) || ingot_path_under(x->writable[i], path)))
			return true;
	for (size_t i = 0; i < x->policy->n_kept; i++)
		if (x->kept[i].p && x->kept[i].n && ingot_path_within(x->kept[i], path))
			return true;
	return false;
}

static int resolve_places(struct normalising *x, struct ingot_err *err)
{
	for (size_t i = 0; i < x->policy->n_writable; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
		struct ingot_span path = ingot_span_of(x->policy->writable[i]);
		ingot_try(err, ingot_resolve(x->t, path, INGOT_MISSING_OK, &b, err), "writable");
		if (!b.n)
			return ingot_fail(err, INGOT_E_INPUT, "writable: '%s' is the root of the image; name the directories that the program writes to", INGOT_SHOW(path));
		x->writable[i] = ingot_arena_span(x->arena, ingot_buf_view(&b));
	}
	for (size_t i = 0; i < x->policy->n_kept; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
		struct ingot_err ignored = INGOT_ERR_INIT;
		if (ingot_resolve(x->t, ingot_span_of(x->policy->kept[i]), INGOT_NOFOLLOW, &b, &ignored) == 0)
			x->kept[i] = ingot_arena_span(x->arena, ingot_buf_view(&b));
	}
	return 0;
}

/* --- transients --- */

static bool is_transient(const struct normalising *x, struct ingot_span path, const struct transient **ret)
{
	const struct transient *row = ingot_transient(path);
	if (!row || row->with_target || (row->unless_kept && x->policy->keep && x->policy->keep(x->policy->keep_ctx, path)) || asked_for(x, path))
		return false;
	*ret = row;
	return true;
}

static void say_removed(struct normalising *x, const struct transient *row, struct ingot_span dir, size_t first, size_t n)
{
	struct ingot_span path = n == 1 ? x->t->dirents[first].path : dir;
	const char *name = shown(x, path);
	const char *text = n == 1 ? ingot_arena_strf(x->arena, "%s: %s, removed", name, row->reason) :
				    ingot_arena_strf(x->arena, "%s: %zu entries removed (%s)", name, n, row->reason);
	note(x, "transient", name, text);
}

/* Links that are there only for what goes. */
static void find_followers(struct normalising *x)
{
	for (size_t i = 1; i < x->t->n; i++) {
		struct ingot_span path = x->t->dirents[i].path;
		const struct transient *row = x->gone[i] || x->t->nodes[x->t->dirents[i].node].type != INGOT_LINK ? NULL : ingot_transient(path);
		_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
		struct ingot_err ignored = INGOT_ERR_INIT;
		if (!row || !row->with_target || ingot_resolve(x->t, path, 0, &at, &ignored) < 0)
			continue;
		ssize_t target = ingot_tree_find(x->t, ingot_buf_view(&at));
		if (target < 0 || !x->gone[target])
			continue;
		x->gone[i] = true;
		say_removed(x, row, ingot_path_parent(path), i, 1);
	}
}

/* Marks what goes. One finding for all entries of one directory that go for one reason. */
static void find_transients(struct normalising *x)
{
	const struct transient *row = NULL, *last = NULL;
	struct ingot_span dir = { 0 };
	size_t first = 0, n = 0;
	for (size_t i = 1; i < x->t->n;) {
		struct ingot_span path = x->t->dirents[i].path, up = ingot_path_parent(path);
		if (!is_transient(x, path, &row)) {
			i++;
			continue;
		}
		if (n && (row != last || !ingot_span_eq(up, dir))) {
			say_removed(x, last, dir, first, n);
			n = 0;
		}
		if (!n++)
			first = i;
		last = row;
		dir = up;
		for (size_t end = ingot_tree_subtree_end(x->t, i); i < end; i++)
			x->gone[i] = true;
	}
	if (n)
		say_removed(x, last, dir, first, n);
	find_followers(x);
	/* A __pycache__ that is empty now was there for what went. */
	for (size_t i = 1; i < x->t->n; i++) {
		size_t end = i + 1;
		if (x->gone[i] || !ingot_span_is(ingot_path_base(x->t->dirents[i].path), "__pycache__"))
			continue;
		for (size_t all = ingot_tree_subtree_end(x->t, i); end < all && x->gone[end]; end++)
			;
		x->gone[i] = end > i + 1 && end == ingot_tree_subtree_end(x->t, i);
	}
}

/* --- nodes --- */

unsigned ingot_needs_reason(struct ingot_span path, const struct ingot_node *node, bool in_writable)
{
	bool device = node->type == INGOT_CHR || node->type == INGOT_BLK, file = node->type == INGOT_FILE;
	bool sticky = node->type == INGOT_DIR && ingot_canonical_sticky(path);
	unsigned needs = device ? INGOT_NEEDS_DEVICE : 0;
	if (file && (node->mode & 04000))
		needs |= INGOT_NEEDS_SETUID;
	if (file && (node->mode & 02000))
		needs |= INGOT_NEEDS_SETGID;
	for (size_t i = 0; i < node->n_xattrs; i++)
		if (ingot_span_is(node->xattrs[i].name, "security.capability"))
			needs |= INGOT_NEEDS_CAPABILITY;
	if (!device && node->type != INGOT_LINK && (node->mode & 02) && !in_writable && !sticky)
		needs |= INGOT_NEEDS_WORLD_WRITABLE;
	return needs;
}

/* As its package wants it; but what the image's user could write to is for the recipe to say (writable). */
static bool is_vouched(const struct normalising *x, struct ingot_span path, const struct ingot_node *node)
{
	const struct ingot_normal_policy *p = x->policy;
	bool own = p->uid && node->uid == p->uid && node->type != INGOT_LINK;
	bool group = p->gid && node->gid == p->gid && (node->mode & 020) && node->type != INGOT_LINK;
	return p->vouched && !own && !group && p->vouched(p->vouched_ctx, path);
}

static struct ingot_node wanted(struct normalising *x, size_t i)
{
	struct ingot_span path = x->t->dirents[i].path;
	struct ingot_node node = x->t->nodes[x->t->dirents[i].node];
	bool writable = is_writable(x, path);
	/* What needs a reason stays as it is: refused, it is to be seen; allowed, it is what was asked for. */
	bool exception = ingot_needs_reason(path, &node, writable) != 0, vouched = !writable && is_vouched(x, path, &node);
	if (!exception && !vouched)
		ingot_canonical(&x->rules, path, writable, &node);
	else if (!(node.mode & 02) && !vouched && node.type != INGOT_CHR && node.type != INGOT_BLK)
		node.mode &= ~020U; /* its group may run it, never change it; a device is its group's to use */
	if (x->policy->set_all_times || node.mtime > x->policy->epoch)
		node.mtime = x->policy->epoch;
	return node;
}

static void look_at_nodes(struct normalising *x)
{
	for (size_t i = 0; i < x->t->n; i++) {
		if (x->gone[i])
			continue;
		uint32_t n = x->t->dirents[i].node;
		struct ingot_node node = wanted(x, i);
		if (x->state[n] == UNSEEN) {
			x->want[n] = node;
			x->state[n] = ALIKE;
		} else if (!ingot_node_eq(&x->want[n], &node, 0)) {
			x->state[n] = SPLIT; /* its paths lie in places with different rules: they become files of their own */
		}
	}
}

/* --- what changes --- */

static int change_one(struct normalising *x, struct ingot_delta_builder *b, size_t i, size_t *leader, struct ingot_err *err)
{
	struct ingot_span path = x->t->dirents[i].path;
	uint32_t n = x->t->dirents[i].node;
	struct ingot_node node = x->state[n] == SPLIT ? wanted(x, i) : x->want[n];
	if (ingot_node_eq(&node, &x->t->nodes[n], 0))
		return 0;
	if (x->state[n] == ALIKE && leader[n])
		return ingot_delta_link(b, path, x->t->dirents[leader[n]].path, err);
	leader[n] = i;
	return ingot_delta_put(b, path, &node, err);
}

/* Returns how many it made. */
static int make_writable_places(struct normalising *x, struct ingot_delta_builder *b, struct ingot_err *err)
{
	int made = 0;
	for (size_t i = 0; i < x->policy->n_writable; i++) {
		struct ingot_span path = x->writable[i];
		bool again = ingot_tree_find(x->t, path) >= 0;
		for (size_t k = 0; k < i && !again; k++)
			again = ingot_span_eq(path, x->writable[k]);
		if (again)
			continue;
		struct ingot_node node = { .type = INGOT_DIR, .mode = 0755, .uid = x->policy->uid, .gid = x->policy->gid, .mtime = x->policy->epoch };
		ingot_pass(ingot_delta_put(b, path, &node, err));
		const char *name = shown(x, path);
		note(x, "writable-made", name, ingot_arena_strf(x->arena, "%s did not exist and was made, for it is to be writable", name));
		made++;
	}
	return made;
}

static int changes(struct normalising *x, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_freep) size_t *leader = ingot_alloc_array(x->t->n_nodes, sizeof(*leader)); /* the root, 0, is no file */
	for (size_t i = 0; i < x->t->n; i++) {
		if (!x->gone[i]) {
			ingot_pass(change_one(x, b, i, leader, err));
			continue;
		}
		ingot_pass(ingot_delta_remove(b, x->t->dirents[i].path, err));
		i = ingot_tree_subtree_end(x->t, i) - 1;
	}
	int made = make_writable_places(x, b, err);
	ingot_pass(made);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	if (made)
		return ingot_fit(x->t, d, x->policy->epoch, ret, err); /* their parents may be missing */
	*ret = TAKE_PTR(d);
	return 0;
}

static int normalise(struct normalising *x, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	ingot_pass(resolve_places(x, err));
	find_transients(x);
	look_at_nodes(x);
	ingot_pass(changes(x, &d, err));
	return ingot_apply(x->t, d, &x->out->tree, err);
}

void ingot_normal_result_done(struct ingot_normal_result *r)
{
	ingot_tree_unref(r->tree);
	ingot_findings_done(&r->findings);
	*r = (struct ingot_normal_result){ 0 };
}

int ingot_normalise(const struct ingot_tree *t, const struct ingot_normal_policy *policy, struct ingot_normal_result *ret, struct ingot_err *err)
{
	_cleanup_(ingot_normal_result_done) struct ingot_normal_result out = { .findings.arena = ingot_arena_new() };
	_cleanup_(ingot_freep) struct ingot_span *places = ingot_alloc_array(policy->n_writable + policy->n_kept, sizeof(*places));
	_cleanup_(ingot_freep) bool *gone = ingot_alloc_array(t->n, sizeof(*gone));
	_cleanup_(ingot_freep) struct ingot_node *want = ingot_grow(NULL, t->n_nodes, sizeof(*want));
	_cleanup_(ingot_freep) int8_t *state = ingot_alloc_array(t->n_nodes, sizeof(*state));
	struct normalising x = {
		.t = t, .policy = policy, .rules = { policy->uid, policy->gid }, .writable = places, .kept = places + policy->n_writable, .gone = gone,
		.want = want, .state = state, .out = &out, .arena = out.findings.arena,
	};
	ingot_pass(normalise(&x, err));
	*ret = out;
	out = (struct ingot_normal_result){ 0 };
	return 0;
}
