#include <ingot/accounts.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <ingot/resolve.h>
#include <stdlib.h>

#define FIELDS 9 /* of a line of shadow(5), the longest */

/* The fields of a line, empty ones among them; those that are missing stay empty. Returns how many there were. */
static size_t split(struct ingot_span line, struct ingot_span fields[static FIELDS])
{
	size_t n = 0, from = 0;
	for (size_t i = 0; i <= line.n && n < FIELDS; i++)
		if (i == line.n || line.p[i] == ':') {
			fields[n++] = (struct ingot_span){ line.p + from, i - from };
			from = i + 1;
		}
	return n;
}

static enum ingot_password password_of(struct ingot_span field)
{
	if (!field.n)
		return INGOT_PW_NONE;
	/* crypt(3) makes nothing that begins with these, nor the "x" that points to shadow. */
	return field.p[0] == '!' || field.p[0] == '*' || ingot_span_is(field, "x") ? INGOT_PW_LOCKED : INGOT_PW_SET;
}

static void read_users(struct ingot_accounts *a, struct ingot_span text)
{
	size_t cap = 0;
	struct ingot_account *v = NULL;
	struct ingot_span line;
	while (ingot_span_next(&text, '\n', &line)) {
		struct ingot_span f[FIELDS] = { 0 };
		struct ingot_account u = { 0 };
		if (ingot_span_has(line, '\0') || split(line, f) < 4 || !f[0].n || ingot_parse_u32(f[2], INGOT_MAX_ID, &u.uid) < 0 || ingot_parse_u32(f[3], INGOT_MAX_ID, &u.gid) < 0)
			continue;
		u.name = ingot_arena_str(a->arena, f[0]);
		u.home = ingot_arena_str(a->arena, f[5]);
		u.shell = ingot_arena_str(a->arena, f[6]);
		u.password = password_of(f[1]);
		ingot_reserve(v, a->n_users, cap);
		ingot_assert(v);
		v[a->n_users++] = u;
	}
	a->users = ingot_arena_array(a->arena, a->n_users + 1, sizeof(*v));
	if (v)
		memcpy(a->users, v, a->n_users * sizeof(*v));
	free(v);
}

static void read_groups(struct ingot_accounts *a, struct ingot_span text)
{
	size_t cap = 0;
	struct ingot_group *v = NULL;
	struct ingot_span line;
	while (ingot_span_next(&text, '\n', &line)) {
		struct ingot_span f[FIELDS] = { 0 };
		struct ingot_group g = { 0 };
		if (ingot_span_has(line, '\0') || split(line, f) < 3 || !f[0].n || ingot_parse_u32(f[2], INGOT_MAX_ID, &g.gid) < 0)
			continue;
		g.name = ingot_arena_str(a->arena, f[0]);
		ingot_reserve(v, a->n_groups, cap);
		ingot_assert(v);
		v[a->n_groups++] = g;
	}
	a->groups = ingot_arena_array(a->arena, a->n_groups + 1, sizeof(*v));
	if (v)
		memcpy(a->groups, v, a->n_groups * sizeof(*v));
	free(v);
}

static void read_shadow(struct ingot_accounts *a, struct ingot_span text)
{
	struct ingot_span line;
	while (ingot_span_next(&text, '\n', &line)) {
		struct ingot_span f[FIELDS] = { 0 };
		if (split(line, f) < 2)
			continue;
		for (size_t i = 0; i < a->n_users; i++)
			if (ingot_span_is(f[0], a->users[i].name))
				a->users[i].password = password_of(f[1]);
	}
}

struct ingot_accounts *ingot_accounts_parse(struct ingot_span passwd, struct ingot_span group, struct ingot_span shadow)
{
	struct ingot_accounts *a = ingot_alloc(sizeof(*a));
	a->arena = ingot_arena_new();
	read_users(a, passwd);
	read_groups(a, group);
	read_shadow(a, shadow);
	return a;
}

static int read_one(struct ingot_store *store, const struct ingot_tree *tree, const char *path, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err missing = INGOT_ERR_INIT;
	if (ingot_resolve(tree, ingot_span_of(path), 0, &at, &missing) < 0)
		return 0;
	const struct ingot_node *n = ingot_tree_lookup(tree, ingot_buf_view(&at));
	if (n->type != INGOT_FILE || n->size > INGOT_MAX_ACCOUNTS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is not a regular file of at most %llu bytes", path, (unsigned long long)INGOT_MAX_ACCOUNTS);
	int r = ingot_store_get(store, &n->content, out, err);
	ingot_pass(r);
	if (r == 0) {
		(void)ingot_fail(err, INGOT_E_BUG, "/%s: its content %s is missing from the store", path, INGOT_DIGEST(&n->content));
		return ingot_again(err);
	}
	return 0;
}

int ingot_accounts_read(struct ingot_store *store, const struct ingot_tree *tree, struct ingot_accounts **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf passwd = INGOT_BUF(INGOT_MAX_ACCOUNTS), group = INGOT_BUF(INGOT_MAX_ACCOUNTS), shadow = INGOT_BUF(INGOT_MAX_ACCOUNTS);
	ingot_pass(read_one(store, tree, "etc/passwd", &passwd, err));
	ingot_pass(read_one(store, tree, "etc/group", &group, err));
	ingot_pass(read_one(store, tree, "etc/shadow", &shadow, err));
	*ret = ingot_accounts_parse(ingot_buf_view(&passwd), ingot_buf_view(&group), ingot_buf_view(&shadow));
	return 0;
}

void ingot_accounts_free(struct ingot_accounts *a)
{
	if (!a)
		return;
	ingot_arena_free(a->arena);
	free(a);
}
