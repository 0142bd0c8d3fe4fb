#include "transform.h"
#include <ingot/accounts.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <ingot/resolve.h>

#define GID_SHADOW 42 /* base-passwd's group of the same name, fixed since ever */

/* Debian's passwd and group are base-passwd's master files until something adds to them. */
int transform_accounts(struct transform *t, struct ingot_err *err)
{
	static const struct {
		const char *master, *file;
	} rows[] = { { "usr/share/base-passwd/passwd.master", "etc/passwd" }, { "usr/share/base-passwd/group.master", "etc/group" } };
	for (size_t i = 0; i < 2; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_ACCOUNTS), out = INGOT_BUF(INGOT_MAX_ACCOUNTS * 2);
		int r = transform_exists(t, rows[i].file) ? 0 : transform_read(t, rows[i].master, INGOT_MAX_ACCOUNTS, &text, err);
		ingot_pass(r);
		if (r == 0)
			continue;
		/* "name:*:..." becomes "name:x:...": the password field says that there is a shadow file, in which every account is locked. */
		struct ingot_span rest = ingot_buf_view(&text), line;
		while (ingot_span_next(&rest, '\n', &line)) {
			struct ingot_span fields = line, name, password;
			if (ingot_span_next(&fields, ':', &name) && ingot_span_next(&fields, ':', &password) && i == 0)
				ingot_buf_fmt(&out, "%.*s:x:%.*s\n", INGOT_SPAN_ARG(name), INGOT_SPAN_ARG(fields));
			else if (line.n)
				ingot_buf_fmt(&out, "%.*s\n", INGOT_SPAN_ARG(line));
		}
		ingot_pass(ingot_buf_check(&out, rows[i].file, err));
		ingot_pass(transform_put_file(t, rows[i].file, 0644, 0, 0, ingot_buf_view(&out), err));
	}
	return 0;
}

struct file {
	const char *path;
	struct ingot_buf text;
	bool existed;
	uint32_t mode, gid;
};

static int read_file(struct ingot_store *store, const struct ingot_tree *tree, struct file *f, struct ingot_err *err)
{
	const struct ingot_node *n = ingot_tree_lookup(tree, ingot_span_of(f->path));
	if (!n)
		return 0;
	if (n->type != INGOT_FILE || n->size > INGOT_MAX_ACCOUNTS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is not a regular file of at most %llu bytes", f->path, (unsigned long long)INGOT_MAX_ACCOUNTS);
	int r = ingot_store_get(store, &n->content, &f->text, err);
	ingot_pass(r);
	if (r == 0) {
		(void)ingot_fail(err, INGOT_E_BUG, "/%s: its content %s is missing from the store", f->path, INGOT_DIGEST(&n->content));
		return ingot_again(err);
	}
	f->existed = true;
	f->mode = n->mode;
	f->gid = n->gid;
	if (f->text.n && f->text.p[f->text.n - 1] != '\n')
		ingot_buf_char(&f->text, '\n');
	return 0;
}

/* Finds the line whose name or whose id is the given one. The id is the third field in passwd and in group. */
struct found {
	bool by_name, by_id;
	struct ingot_span name, id; /* of the line found by name; of the line found by id if only that was */
};

static struct found find(const struct file *f, const char *name, uint32_t id)
{
	struct found r = { 0 };
	struct ingot_span rest = ingot_buf_view(&f->text), line;
	while (ingot_span_next(&rest, '\n', &line)) {
		struct ingot_span n = { 0 }, password = { 0 }, number = { 0 };
		if (!ingot_span_next(&line, ':', &n) || !ingot_span_next(&line, ':', &password) || !ingot_span_next(&line, ':', &number))
			continue;
		uint32_t value;
		bool same_name = ingot_span_is(n, name), same_id = ingot_parse_u32(number, INGOT_MAX_ID, &value) == 0 && value == id;
		if (same_name || (same_id && !r.by_name && !r.by_id)) {
			r.name = n;
			r.id = number;
		}
		r.by_name |= same_name;
		r.by_id |= same_id;
	}
	return r;
}

static int check(const struct found *f, const char *kind, const char *name, uint32_t id, struct ingot_err *err)
{
	if (f->by_name && !f->by_id) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the packages bring a %s '%s' already, with id %s, not %u", kind, name, INGOT_SHOW(f->id), id);
		return ingot_hint(err, "write its number: user: { name: %s, uid: %s }", name, INGOT_SHOW(f->id));
	}
	if (f->by_id && !f->by_name) {
		(void)ingot_fail(err, INGOT_E_INPUT, "id %u belongs to the %s '%s' already", id, kind, INGOT_SHOW(f->name));
		return ingot_hint(err, "choose another uid, 10001 say");
	}
	return 0;
}

static int put(const struct file *f, int64_t epoch, struct ingot_pack *pack, struct ingot_delta_builder *delta, struct ingot_err *err)
{
	ingot_pass(ingot_buf_check(&f->text, f->path, err));
	struct ingot_node n = { .type = INGOT_FILE, .mode = f->mode, .gid = f->gid, .mtime = epoch };
	ingot_pass(ingot_pack_write(pack, f->text.p, f->text.n, err));
	ingot_pass(ingot_pack_next(pack, &n.content, &n.size, err));
	return ingot_delta_put(delta, ingot_span_of(f->path), &n, err);
}

static void add_shadow(struct file *shadow, const struct file *passwd)
{
	struct ingot_span rest = ingot_buf_view(&passwd->text), line, name;
	while (ingot_span_next(&rest, '\n', &line)) {
		struct ingot_span fields = line;
		if (!ingot_span_next(&fields, ':', &name) || !name.n)
			continue;
		bool there = false;
		struct ingot_span all = ingot_buf_view(&shadow->text), other, other_name;
		while (!there && ingot_span_next(&all, '\n', &other))
			there = ingot_span_next(&other, ':', &other_name) && ingot_span_eq(other_name, name);
		/* "!*": locked, and no password would match it (shadow(5)). No date of last change: it would differ by day. */
		if (!there)
			ingot_buf_fmt(&shadow->text, "%.*s:!*:::::::\n", INGOT_SPAN_ARG(name));
	}
}

static int add_home(const struct ingot_tree *tree, const struct ingot_user *user, int64_t epoch, struct ingot_delta_builder *delta, struct ingot_err *err)
{
	struct ingot_span path;
	if (!user->home || strcmp(user->home, "/nonexistent") == 0 || ingot_path_from_absolute(ingot_span_of(user->home), &path) < 0 || !path.n ||
	    ingot_tree_find(tree, path) >= 0)
		return 0;
	struct ingot_node n = { .type = INGOT_DIR, .mode = 0755, .mtime = epoch };
	return ingot_delta_put(delta, path, &n, err);
}

static int add_all(struct ingot_store *store, const struct ingot_tree *tree, const struct ingot_user *user, struct file *passwd, struct file *group, struct file *shadow,
		   struct ingot_err *err)
{
	ingot_pass(read_file(store, tree, passwd, err));
	ingot_pass(read_file(store, tree, group, err));
	ingot_pass(read_file(store, tree, shadow, err));
	if (!passwd->existed)
		ingot_buf_str(&passwd->text, "root:x:0:0:root:/root:/usr/sbin/nologin\n");
	if (!group->existed)
		ingot_buf_str(&group->text, "root:x:0:\n");
	if (user->uid != 0) {
		const char *group_name = user->group ? user->group : user->name;
		struct found u = find(passwd, user->name, user->uid), g = find(group, group_name, user->gid);
		ingot_pass(check(&u, "user", user->name, user->uid, err));
		if (!u.by_name)
			ingot_buf_fmt(&passwd->text, "%s:x:%u:%u::%s:/usr/sbin/nologin\n", user->name, user->uid, user->gid, user->home ? user->home : "/nonexistent");
		/* A group that was given by number alone may have any name. */
		if (!g.by_id) {
			ingot_pass(check(&g, "group", group_name, user->gid, err));
			ingot_buf_fmt(&group->text, "%s:x:%u:\n", group_name, user->gid);
		}
	}
	add_shadow(shadow, passwd);
	if (!shadow->existed && find(group, "shadow", GID_SHADOW).by_name) {
		shadow->mode = 0640;
		shadow->gid = GID_SHADOW;
	}
	return 0;
}

int ingot_accounts_add(struct ingot_store *store, const struct ingot_tree *tree, const struct ingot_user *user, int64_t epoch, struct ingot_pack *pack, struct ingot_delta_builder *delta,
		       struct ingot_err *err)
{
	struct file files[3] = {
		{ .path = "etc/passwd", .text = INGOT_BUF(2 * INGOT_MAX_ACCOUNTS), .mode = 0644 },
		{ .path = "etc/group", .text = INGOT_BUF(2 * INGOT_MAX_ACCOUNTS), .mode = 0644 },
		{ .path = "etc/shadow", .text = INGOT_BUF(2 * INGOT_MAX_ACCOUNTS), .mode = 0600 },
	};
	int r = add_all(store, tree, user, &files[0], &files[1], &files[2], err);
	for (size_t i = 0; i < 3; i++) {
		if (r == 0)
			r = put(&files[i], epoch, pack, delta, err);
		ingot_buf_done(&files[i].text);
	}
	return r < 0 ? -1 : add_home(tree, user, epoch, delta, err);
}
