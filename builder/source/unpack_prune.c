/* What stays in an image that did without the tools: its own packages' files, and what the scripts made, as far as that is not about the tools. */
#include "unpack_impl.h"
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/resolve.h>

/* Paths that scripts make for one package's use: they go with it. A directory stands for all below it, or (dirs) for the empty directories below it. */
static const struct {
	const char *path, *package;
	bool dirs;
} rows[] = {
	{ DPKG_DIR, "dpkg" },
	{ "etc/dpkg", "dpkg" },
	{ "var/cache/debconf", "dpkg" }, /* answers, kept for dpkg-reconfigure; the tools' among them */
	{ "etc/pam.d", "libpam-runtime" },
	{ "var/lib/pam", "libpam-runtime" },
	{ "etc/security", "libpam-modules" },
	{ "etc/environment", "libpam-modules" },
	{ "etc/shells", "debianutils" },
	{ "etc/subgid", "login" },
	{ "etc/subuid", "login" },
	{ "var/lib/shells.state", "debianutils" },
	{ "etc/motd", "base-files" },
	{ "etc/opt", "base-files", true },
	{ "etc/profile", "base-files" },
	{ "home", "base-files", true },
	{ "media", "base-files", true },
	{ "mnt", "base-files", true },
	{ "opt", "base-files", true },
	{ "srv", "base-files", true },
	{ "root/.bashrc", "base-files" },
	{ "root/.profile", "base-files" },
	{ "usr/local", "base-files", true },
	{ "usr/local/man", "base-files" },
	{ "var/local", "base-files", true },
	{ "var/mail", "base-files", true },
	{ "var/opt", "base-files", true },
	{ "var/spool/mail", "base-files" },
	{ "var/log/btmp", "base-files" },
	{ "var/log/faillog", "login" },
	{ "var/log/lastlog", "base-files" },
	{ "var/log/wtmp", "base-files" },
	{ "usr/lib/locale/locale-archive", "locales" },
	{ "var/cache/ldconfig", "libc-bin" },
	{ "var/lib/systemd/deb-systemd-helper-enabled", "init-system-helpers" },
};

struct pruning {
	const struct ingot_unpack *u;
	const struct ingot_tree *tree, *own; /* own: as the image's packages alone would have it */
	const struct ingot_origins *origins;
	bool *keep;
};

static bool about_a_tool(const struct pruning *p, struct ingot_span path, bool dir)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ingot_span row = ingot_span_of(rows[i].path);
		if (ingot_path_within(path, row) && (dir || !rows[i].dirs))
			return !unpack_has(p->u, rows[i].package);
	}
	return false;
}

/* A file or link that no package of the image brought. */
static bool keeps(const struct pruning *p, size_t i)
{
	struct ingot_span path = ingot_tree_at(p->tree, i)->path;
	if (ingot_tree_find(p->own, path) >= 0)
		return true;
	struct ingot_span origin = ingot_origins_name(p->origins, ingot_origins_of(p->origins, path));
	bool dir = ingot_tree_node(p->tree, ingot_tree_at(p->tree, i)->node)->type == INGOT_DIR;
	return !ingot_span_starts(origin, "package ") && !ingot_span_is(origin, DATABASE_ORIGIN) && !about_a_tool(p, path, dir);
}

/* Does the link lead to something that stays? Its way goes through links that may themselves be in question: those are looked at by where they lead. */
static bool leads_somewhere(const struct pruning *p, struct ingot_span path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err ignored = INGOT_ERR_INIT;
	if (ingot_resolve(p->tree, path, 0, &at, &ignored) < 0)
		return true; /* it led nowhere with the tools, too: /proc, /run */
	ssize_t found = ingot_tree_find(p->tree, ingot_buf_view(&at));
	return found < 0 || p->keep[found];
}

static void decide(struct pruning *p)
{
	size_t n = ingot_tree_count(p->tree);
	for (size_t i = 1; i < n; i++)
		p->keep[i] = ingot_tree_node(p->tree, ingot_tree_at(p->tree, i)->node)->type == INGOT_DIR ? ingot_tree_find(p->own, ingot_tree_at(p->tree, i)->path) >= 0 : keeps(p, i);
	/* A link that a script made to a tool (an alternative) goes with the tool. */
	for (size_t i = 1; i < n; i++) {
		struct ingot_span path = ingot_tree_at(p->tree, i)->path;
		if (p->keep[i] && ingot_tree_node(p->tree, ingot_tree_at(p->tree, i)->node)->type == INGOT_LINK && ingot_tree_find(p->own, path) < 0)
			p->keep[i] = leads_somewhere(p, path);
	}
	/* Directories: of the image's packages, made by a script, or with something in them. */
	for (size_t i = n; i-- > 1;) {
		struct ingot_span path = ingot_tree_at(p->tree, i)->path;
		if (ingot_tree_node(p->tree, ingot_tree_at(p->tree, i)->node)->type == INGOT_DIR && !p->keep[i] && ingot_tree_subtree_end(p->tree, i) == i + 1)
			p->keep[i] = keeps(p, i);
		if (!p->keep[i])
			continue;
		ssize_t parent = ingot_tree_find(p->tree, ingot_path_parent(path));
		ingot_assert(parent >= 0);
		p->keep[parent] = true;
	}
}

static int remove_rest(const struct pruning *p, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	for (size_t i = 1; i < ingot_tree_count(p->tree); i++) {
		if (p->keep[i])
			continue;
		ingot_pass(ingot_delta_remove(b, ingot_tree_at(p->tree, i)->path, err));
		i = ingot_tree_subtree_end(p->tree, i) - 1; /* no directory stays in one that goes */
	}
	return ingot_delta_finish(TAKE_PTR(b), ret, err);
}

/* The image's packages as they come, without the tools. */
static int own_tree(struct ingot_unpack *u, struct ingot_tree **ret, struct ingot_err *err)
{
	struct load *l = &u->l;
	int r = load_skeleton(l, err);
	for (size_t i = 0; i < l->n && r == 0; i++)
		if (!u->tool[i])
			r = load_package(l, i, ingot_deb_delta(l->debs[i]), err);
	if (r == 0)
		*ret = ingot_tree_ref(l->out.tree);
	ingot_packages_done(&l->out);
	l->needs_cap = 0;
	return r;
}

/* The cache of ld.so has the tools' libraries in it; where the image does without a cache, it goes. */
static int drop_ldso_cache(struct ingot_unpack *u, struct ingot_packages *at, struct ingot_err *err)
{
	struct transform t = { .store = u->l.store, .tree = at->tree, .log = u->l.log };
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *removal = NULL;
	struct ingot_tree *next = NULL;
	int needed = transform_needs_ldso_cache(&t, err);
	ingot_pass(needed);
	if (needed || ingot_tree_find(at->tree, INGOT_SPAN("etc/ld.so.cache")) < 0)
		return 0;
	ingot_pass(ingot_delta_remove(b, INGOT_SPAN("etc/ld.so.cache"), err));
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &removal, err));
	ingot_pass(ingot_apply(at->tree, removal, &next, err));
	ingot_tree_unref(at->tree);
	at->tree = next;
	return 0;
}

static int prune(struct ingot_unpack *u, const struct ingot_tree *own, struct ingot_packages *at, struct ingot_err *err)
{
	_cleanup_(ingot_freep) bool *keep = ingot_alloc_array(ingot_tree_count(at->tree), sizeof(bool));
	_cleanup_(ingot_delta_freep) struct ingot_delta *removal = NULL;
	struct pruning p = { .u = u, .tree = at->tree, .own = own, .origins = at->origins, .keep = keep };
	struct ingot_tree *next = NULL;
	decide(&p);
	ingot_pass(remove_rest(&p, &removal, err));
	ingot_pass(ingot_apply(at->tree, removal, &next, err));
	ingot_origins_apply(at->origins, removal, 0);
	ingot_tree_unref(at->tree);
	at->tree = next;
	return 0;
}

/* The records that scanners read where there is no dpkg. */
static int write_records(struct ingot_unpack *u, struct ingot_packages *at, struct ingot_err *err)
{
	static const struct transform_row row = { "package records", transform_status };
	struct load *l = &u->l, own = { .store = l->store, .rq = l->rq, .log = l->log, .out = *at, .needs_cap = at->n_needs };
	_cleanup_(ingot_freep) const struct ingot_deb **debs = ingot_alloc_array(l->n, sizeof(*debs));
	own.debs = debs;
	for (size_t i = 0; i < l->n; i++)
		if (!u->tool[i])
			debs[own.n++] = l->debs[i];
	int r = load_transform(&own, &row, err);
	*at = own.out;
	return r;
}

int ingot_unpack_prune(struct ingot_unpack *u, struct ingot_packages *at, struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *own = NULL;
	bool tools = false;
	for (size_t i = 0; i < u->l.n; i++)
		tools = tools || u->tool[i];
	if (tools) {
		ingot_pass(own_tree(u, &own, err));
		ingot_pass(prune(u, own, at, err));
		ingot_pass(drop_ldso_cache(u, at, err));
	}
	return unpack_has(u, "dpkg") ? 0 : write_records(u, at, err);
}
