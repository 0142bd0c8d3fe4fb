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
	struct ingot_span *writable, *allow; /* resolved in the tree; an allow that leads nowhere is NULL, 0 */
	bool *allow_used;
	bool *gone;              /* of each dirent */
	struct ingot_node *want; /* of each node: as its first path wants it */
	int8_t *state;           /* of each node: whether its other paths want the same */
	struct ingot_normal_result *out;
	size_t cap_findings;
	bool quiet; /* second pass: everything has been said */
};

/* --- findings --- */

static const char *shown(struct normalising *x, struct ingot_span path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(64));
	ingot_escape_message(&b, path);
	return ingot_arena_strf(x->out->arena, "/%s", ingot_buf_cstr(&b));
}

static void report(struct normalising *x, enum ingot_severity severity, const char *rule, const char *path, const char *text, size_t allow)
{
	if (x->quiet)
		return;
	struct ingot_normal_result *out = x->out;
	ingot_reserve(out->findings, out->n_findings, x->cap_findings);
	out->findings[out->n_findings++] = (struct ingot_finding){ severity, rule, path, text, allow };
	out->n_errors += severity == INGOT_SEV_ERROR;
}

/* An error unless the recipe says so. */
static void needs_allowance(struct normalising *x, const char *rule, struct ingot_span path, const char *what)
{
	for (size_t i = 0; i < x->policy->n_allow; i++)
		if (x->allow[i].p && ingot_span_is(ingot_span_of(rule), x->policy->allow[i].rule) && ingot_span_eq(x->allow[i], path)) {
			x->allow_used[i] = true;
			return;
		}
	const char *name = shown(x, path);
	report(x, INGOT_SEV_ERROR, rule, name,
	       ingot_arena_strf(x->out->arena, "%s %s; remove it, or say why it must be so: policy.allow: - { rule: %s, path: %s, reason: \"...\" }", name, what, rule, name),
	       SIZE_MAX);
}

/* --- places --- */

static bool within(struct ingot_span path, struct ingot_span dir)
{
	return ingot_span_eq(path, dir) || ingot_path_under(path, dir);
}

static bool is_writable(const struct normalising *x, struct ingot_span path)
{
	for (size_t i = 0; i < x->policy->n_writable; i++)
		if (within(path, x->writable[i]))
			return true;
	return false;
}

/* The image's user asked for this place by name, below a directory that is otherwise emptied ("/run/nginx"). A place that holds such
 * directories ("/tmp") is emptied as always. */
static bool asked_for(const struct normalising *x, struct ingot_span path)
{
	for (size_t i = 0; i < x->policy->n_writable; i++)
		if (ingot_transient(x->writable[i]) && (within(path, x->writable[i]) || ingot_path_under(x->writable[i], path)))
			return true;
	for (size_t i = 0; i < x->policy->n_allow; i++)
		if (x->allow[i].p && x->allow[i].n && within(x->allow[i], path))
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
		x->writable[i] = ingot_arena_span(x->out->arena, ingot_buf_view(&b));
	}
	for (size_t i = 0; i < x->policy->n_allow; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
		struct ingot_err ignored = INGOT_ERR_INIT;
		/* "/bin/su" allows usr/bin/su where /usr is merged */
		if (ingot_resolve(x->t, ingot_span_of(x->policy->allow[i].path), INGOT_NOFOLLOW, &b, &ignored) == 0)
			x->allow[i] = ingot_arena_span(x->out->arena, ingot_buf_view(&b));
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
	const char *text = n == 1 ? ingot_arena_strf(x->out->arena, "%s: %s, removed", name, row->reason) :
				    ingot_arena_strf(x->out->arena, "%s: %zu entries removed (%s)", name, n, row->reason);
	report(x, INGOT_SEV_NOTE, "transient", name, text, SIZE_MAX);
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

/* Refused things stay as they are, for the build fails; allowed ones stay as they are, for that is what was asked. */
static bool is_exception(struct normalising *x, struct ingot_span path, const struct ingot_node *node, bool writable)
{
	bool device = node->type == INGOT_CHR || node->type == INGOT_BLK, file = node->type == INGOT_FILE;
	bool setuid = file && (node->mode & 04000), setgid = file && (node->mode & 02000), capable = false;
	bool sticky = node->type == INGOT_DIR && ingot_canonical_sticky(path);
	bool open = !device && node->type != INGOT_LINK && (node->mode & 02) && !writable && !sticky;
	for (size_t i = 0; i < node->n_xattrs; i++)
		capable = capable || ingot_span_is(node->xattrs[i].name, "security.capability");
	if (device)
		needs_allowance(x, "device", path, "is a device node");
	if (setuid)
		needs_allowance(x, "setuid", path, "is set-user-id: whoever runs it becomes its owner");
	if (setgid)
		needs_allowance(x, "setgid", path, "is set-group-id: whoever runs it joins its group");
	if (capable)
		needs_allowance(x, "capability", path, "has file capabilities: whoever runs it gets them");
	if (open)
		needs_allowance(x, "world-writable", path, "can be written by every user");
	return device || setuid || setgid || capable || open;
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
	bool exception = is_exception(x, path, &node, writable), vouched = !writable && is_vouched(x, path, &node);
	if (!exception && !vouched)
		ingot_canonical(&x->rules, path, writable, &node);
	else if (!(node.mode & 02) && !vouched && node.type != INGOT_CHR && node.type != INGOT_BLK)
		node.mode &= ~020U; /* its group may run it, never change it; a device is its group's to use */
	if (x->policy->set_all_times || node.mtime > x->policy->epoch)
		node.mtime = x->policy->epoch;
	if (writable && node.type == INGOT_FILE && (node.mode & 0111) && x->policy->uid) {
		const char *name = shown(x, path);
		report(x, INGOT_SEV_WARNING, "writable-executable", name,
		       ingot_arena_strf(x->out->arena, "%s can be run and lies in a writable place, so that the image's own user can change it; keep programs outside of writable",
					name),
		       SIZE_MAX);
	}
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
		report(x, INGOT_SEV_NOTE, "writable", name, ingot_arena_strf(x->out->arena, "%s did not exist and was made, for it is to be writable", name), SIZE_MAX);
		made++;
	}
	return made;
}

static int changes(struct normalising *x, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_freep) size_t *leader = ingot_alloc_array(x->t->n_nodes, sizeof(*leader)); /* the root, 0, is no file */
	x->quiet = true;
	for (size_t i = 0; i < x->t->n; i++) {
		if (!x->gone[i]) {
			ingot_pass(change_one(x, b, i, leader, err));
			continue;
		}
		ingot_pass(ingot_delta_remove(b, x->t->dirents[i].path, err));
		i = ingot_tree_subtree_end(x->t, i) - 1;
	}
	x->quiet = false;
	int made = make_writable_places(x, b, err);
	ingot_pass(made);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	if (made)
		return ingot_fit(x->t, d, x->policy->epoch, ret, err); /* their parents may be missing */
	*ret = TAKE_PTR(d);
	return 0;
}

static void unused_allows(struct normalising *x)
{
	for (size_t i = 0; i < x->policy->n_allow; i++) {
		if (x->allow_used[i])
			continue;
		const char *rule = x->policy->allow[i].rule;
		const char *name = ingot_arena_str(x->out->arena, ingot_span_of(x->policy->allow[i].path));
		report(x, INGOT_SEV_WARNING, "allow-unused", name, ingot_arena_strf(x->out->arena, "nothing at %s needs to be allowed as %s; remove the entry", name, rule), i);
	}
}

static int normalise(struct normalising *x, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	ingot_pass(resolve_places(x, err));
	find_transients(x);
	look_at_nodes(x);
	ingot_pass(changes(x, &d, err));
	unused_allows(x);
	return ingot_apply(x->t, d, &x->out->tree, err);
}

void ingot_normal_result_done(struct ingot_normal_result *r)
{
	ingot_tree_unref(r->tree);
	free(r->findings);
	ingot_arena_free(r->arena);
	*r = (struct ingot_normal_result){ 0 };
}

int ingot_normalise(const struct ingot_tree *t, const struct ingot_normal_policy *policy, struct ingot_normal_result *ret, struct ingot_err *err)
{
	_cleanup_(ingot_normal_result_done) struct ingot_normal_result out = { .arena = ingot_arena_new() };
	_cleanup_(ingot_freep) struct ingot_span *places = ingot_alloc_array(policy->n_writable + policy->n_allow, sizeof(*places));
	_cleanup_(ingot_freep) bool *flags = ingot_alloc_array(policy->n_allow + t->n, sizeof(*flags));
	_cleanup_(ingot_freep) struct ingot_node *want = ingot_grow(NULL, t->n_nodes, sizeof(*want));
	_cleanup_(ingot_freep) int8_t *state = ingot_alloc_array(t->n_nodes, sizeof(*state));
	struct normalising x = {
		.t = t, .policy = policy, .rules = { policy->uid, policy->gid }, .writable = places, .allow = places + policy->n_writable,
		.allow_used = flags, .gone = flags + policy->n_allow, .want = want, .state = state, .out = &out,
	};
	ingot_pass(normalise(&x, err));
	*ret = out;
	out = (struct ingot_normal_result){ 0 };
	return 0;
}
