#include "transform.h"
#include <ingot/limits.h>
#include <ingot/resolve.h>

const struct transform_row transform_table[] = {
	{ "accounts", transform_accounts }, { "ca-certificates", transform_ca }, { "alternatives", transform_alternatives },
	{ "identity", transform_identity }, { "ld.so", transform_ldso },	 { "package records", transform_status },
};
const size_t transform_table_size = sizeof(transform_table) / sizeof(transform_table[0]);

int transform_put_file(struct transform *t, const char *path, uint32_t mode, uint32_t uid, uint32_t gid, struct ingot_span bytes, struct ingot_err *err)
{
	struct ingot_node n = { .type = INGOT_FILE, .mode = mode, .uid = uid, .gid = gid, .mtime = t->epoch };
	ingot_pass(ingot_pack_write(t->pack, bytes.p, bytes.n, err));
	ingot_pass(ingot_pack_next(t->pack, &n.content, &n.size, err));
	t->added++;
	return ingot_delta_put(t->delta, ingot_span_of(path), &n, err);
}

int transform_put_dir(struct transform *t, const char *path, uint32_t mode, struct ingot_err *err)
{
	struct ingot_node n = { .type = INGOT_DIR, .mode = mode, .mtime = t->epoch };
	t->added++;
	return ingot_delta_put(t->delta, ingot_span_of(path), &n, err);
}

int transform_put_link(struct transform *t, const char *path, const char *target, struct ingot_err *err)
{
	struct ingot_node n = { .type = INGOT_LINK, .mode = 0777, .mtime = t->epoch, .target = ingot_span_of(target) };
	t->added++;
	return ingot_delta_put(t->delta, ingot_span_of(path), &n, err);
}

static const struct ingot_node *resolved(const struct transform *t, const char *path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err ignored = INGOT_ERR_INIT; /* "is it there?" has no other failure */
	if (ingot_resolve(t->tree, ingot_span_of(path), 0, &at, &ignored) < 0)
		return NULL;
	return ingot_tree_lookup(t->tree, ingot_buf_view(&at));
}

bool transform_exists(const struct transform *t, const char *path)
{
	return resolved(t, path) != NULL;
}

int transform_read(struct transform *t, const char *path, size_t max, struct ingot_buf *out, struct ingot_err *err)
{
	const struct ingot_node *n = resolved(t, path);
	if (!n || n->type != INGOT_FILE)
		return 0;
	if (n->size > max)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is larger than the limit of %zu bytes", path, max);
	int r = ingot_store_get(t->store, &n->content, out, err);
	if (r == 0) {
		(void)ingot_fail(err, INGOT_E_BUG, "/%s: its content %s is missing from the store", path, INGOT_DIGEST(&n->content));
		return ingot_again(err);
	}
	return r;
}

/* What a merged-/usr system has before any package (Debian policy 10.1, usrmerge): packages that still ship /bin or /lib land in /usr. */
int transform_skeleton(int64_t epoch, const char *architecture, struct ingot_delta **ret, struct ingot_err *err)
{
	static const struct {
		const char *path, *target; /* target NULL: a directory */
		uint32_t mode;
		const char *only; /* architecture, or NULL */
	} rows[] = {
		{ "bin", "usr/bin", 0, NULL },	  { "sbin", "usr/sbin", 0, NULL }, { "lib", "usr/lib", 0, NULL },	{ "lib64", "usr/lib64", 0, "amd64" },
		{ "dev", NULL, 0755, NULL },	  { "etc", NULL, 0755, NULL },	   { "proc", NULL, 0755, NULL },	{ "root", NULL, 0700, NULL },
		{ "run", NULL, 0755, NULL },	  { "sys", NULL, 0755, NULL },	   { "tmp", NULL, 01777, NULL },	{ "usr", NULL, 0755, NULL },
		{ "usr/bin", NULL, 0755, NULL },  { "usr/sbin", NULL, 0755, NULL }, { "usr/lib", NULL, 0755, NULL },	{ "usr/lib64", NULL, 0755, "amd64" },
		{ "var", NULL, 0755, NULL },	  { "var/lib", NULL, 0755, NULL }, { "var/run", "/run", 0, NULL },	{ "var/lock", "/run/lock", 0, NULL },
		{ "var/tmp", NULL, 01777, NULL },
	};
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].only && strcmp(rows[i].only, architecture) != 0)
			continue;
		struct ingot_node n = { .type = INGOT_DIR, .mode = rows[i].mode, .mtime = epoch };
		if (rows[i].target)
			n = (struct ingot_node){ .type = INGOT_LINK, .mode = 0777, .mtime = epoch, .target = ingot_span_of(rows[i].target) };
		ingot_pass(ingot_delta_put(b, ingot_span_of(rows[i].path), &n, err));
	}
	return ingot_delta_finish(TAKE_PTR(b), ret, err);
}
