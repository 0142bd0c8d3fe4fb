#include <ingot/escape.h>
#include <ingot/installed.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/resolve.h>

#define INFO "var/lib/dpkg/info"
#define STATUS "var/lib/dpkg/status.d"
#define SHARED UINT32_MAX

struct owners {
	struct ingot_store *store;
	const struct ingot_tree *tree;
	struct ingot_origins *origins;
	uint32_t *of;    /* one a dirent: 0, an origin, or SHARED */
	uint32_t *layer; /* one a dirent: what put it there */
	size_t lists;
	uint64_t bytes;
};

/* The dirent that a package means by a path: where /usr is merged, /bin/su is /usr/bin/su. Most that are not found are documentation that was left out, so
 * links are followed only where the first name is one. */
static ssize_t find(const struct ingot_tree *t, struct ingot_span path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err no = INGOT_ERR_INIT;
	struct ingot_span rest = path, top;
	ssize_t i = ingot_tree_find(t, path);
	if (i >= 0)
		return i;
	const struct ingot_node *first = ingot_span_next(&rest, '/', &top) ? ingot_tree_lookup(t, top) : NULL;
	if (!first || first->type != INGOT_LINK)
		return -1;
	return ingot_resolve(t, path, INGOT_NOFOLLOW, &at, &no) < 0 ? -1 : ingot_tree_find(t, ingot_buf_view(&at));
}

static void own(struct owners *o, struct ingot_span path, uint32_t package, uint32_t layer)
{
	ssize_t i = path.n && path.n <= INGOT_MAX_PATH ? find(o->tree, path) : -1;
	if (i <= 0)
		return;
	const struct ingot_dirent *d = ingot_tree_at(o->tree, (size_t)i);
	bool dir = ingot_tree_node(o->tree, d->node)->type == INGOT_DIR;
	if (!dir && o->layer[i] > layer)
		return; /* something has changed it since */
	o->of[i] = dir && o->of[i] && o->of[i] != package ? SHARED : package;
}

/* "/usr/bin/su" of a .list, "<32 digits>  usr/bin/su" of an .md5sums */
static struct ingot_span path_of(struct ingot_span line, bool sums)
{
	if (sums)
		line = ingot_span_from(line, 34);
	return ingot_span_starts(line, "/") ? ingot_span_from(line, 1) : line;
}

static int read_list(struct owners *o, size_t dirent, struct ingot_span name, bool sums, struct ingot_err *err)
{
	const struct ingot_dirent *d = ingot_tree_at(o->tree, dirent);
	const struct ingot_node *n = ingot_tree_node(o->tree, d->node);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_PACKAGE_LIST), shown = INGOT_BUF(KIB(64));
	if (n->type != INGOT_FILE || n->size > INGOT_MAX_PACKAGE_LIST || o->lists++ >= INGOT_MAX_PACKAGE_LISTS || o->bytes + n->size > INGOT_MAX_PACKAGE_LISTS_BYTES)
		return 0;
	o->bytes += n->size;
	int r = ingot_store_get(o->store, &n->content, &text, err);
	ingot_pass(r);
	if (!r) {
		(void)ingot_fail(err, INGOT_E_BUG, "/%s: its content is missing from the store", INGOT_SHOW(d->path));
		return ingot_again(err);
	}
	ingot_buf_str(&shown, "package ");
	ingot_escape_message(&shown, name);
	uint32_t package = ingot_origins_id(o->origins, ingot_buf_view(&shown)), layer = o->layer[dirent];
	struct ingot_span rest = ingot_buf_view(&text), line;
	while (ingot_span_next(&rest, '\n', &line))
		own(o, path_of(line, sums), package, layer);
	return 0;
}

/* Every list in a directory; "libc6:amd64.list" is of libc6. */
static int read_dir(struct owners *o, const char *dir, const char *suffix, bool sums, struct ingot_err *err)
{
	struct ingot_span top = ingot_span_of(dir);
	ssize_t at = ingot_tree_find(o->tree, top);
	size_t end = at < 0 ? 0 : ingot_tree_subtree_end(o->tree, (size_t)at);
	for (size_t i = (size_t)(at + 1); i < end; i++) {
		const struct ingot_dirent *d = ingot_tree_at(o->tree, i);
		struct ingot_span base = ingot_path_base(d->path), name;
		if (!ingot_span_eq(ingot_path_parent(d->path), top) || !ingot_span_ends(base, suffix))
			continue;
		base.n -= strlen(suffix);
		if (ingot_span_next(&base, ':', &name) && name.n)
			ingot_pass(read_list(o, i, name, sums, err));
	}
	return 0;
}

int ingot_installed_origins(struct ingot_store *s, const struct ingot_tree *t, struct ingot_origins *inout, struct ingot_err *err)
{
	size_t n = ingot_tree_count(t);
	_cleanup_(ingot_freep) uint32_t *of = ingot_alloc_array(n, sizeof(*of));
	_cleanup_(ingot_freep) uint32_t *layer = ingot_alloc_array(n, sizeof(*layer));
	struct owners o = { .store = s, .tree = t, .origins = inout, .of = of, .layer = layer };
	ingot_origins_of_tree(inout, t, layer);
	ingot_try(err, read_dir(&o, INFO, ".list", false, err), "the lists of its packages");
	ingot_try(err, read_dir(&o, STATUS, ".md5sums", true, err), "the lists of its packages");
	for (size_t i = 0; i < n; i++)
		if (of[i] && of[i] != SHARED)
			ingot_origins_put(inout, ingot_tree_at(t, i)->path, of[i]);
	return 0;
}
