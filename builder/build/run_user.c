#include "run_user.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/num.h>

#define MAX_LINES 100000

/* The file, or nothing where there is none. */
static int read_file(struct ingot_store *s, const struct ingot_tree *t, const char *path, struct ingot_buf *out, struct ingot_err *err)
{
	const struct ingot_node *n = ingot_tree_lookup(t, ingot_span_of(path));
	if (!n || !s)
		return 0;
	if (n->type != INGOT_FILE || n->size > INGOT_MAX_ACCOUNTS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/%s is not a regular file of at most %llu bytes", path, (unsigned long long)INGOT_MAX_ACCOUNTS);
	int r = ingot_store_get(s, &n->content, out, err);
	ingot_pass(r);
	if (r == 0) {
		(void)ingot_fail(err, INGOT_E_BUG, "/%s: its content %s is missing from the store", path, INGOT_DIGEST(&n->content));
		return ingot_again(err);
	}
	return 0;
}

static bool field(struct ingot_span *rest, struct ingot_span *ret)
{
	const char *colon = rest->n ? memchr(rest->p, ':', rest->n) : NULL;
	*ret = (struct ingot_span){ rest->p, colon ? (size_t)(colon - rest->p) : rest->n };
	*rest = colon ? (struct ingot_span){ colon + 1, rest->n - ret->n - 1 } : (struct ingot_span){ 0 };
	return colon || ret->n;
}

/* The first line "NAME:x:ID[:GID...]" of this name, or (name empty) of this id. With gid NULL there is no fourth field. */
static bool find(struct ingot_span text, struct ingot_span name, uint32_t *id, uint32_t *gid)
{
	struct ingot_span line, f[4];
	for (size_t n = 0; n < MAX_LINES && ingot_span_next(&text, '\n', &line); n++) {
		size_t k = 0;
		uint32_t is, group = 0;
		while (k < (gid ? 4U : 3U) && field(&line, &f[k]))
			k++;
		if (k < (gid ? 4U : 3U) || ingot_parse_u32(f[2], INGOT_MAX_ID, &is) < 0 || (gid && ingot_parse_u32(f[3], INGOT_MAX_ID, &group) < 0))
			continue;
		if (name.n ? !ingot_span_eq(f[0], name) : is != *id)
			continue;
		*id = is;
		if (gid)
			*gid = group;
		return true;
	}
	return false;
}

static bool is_number(struct ingot_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n;
}

static int bad(struct ingot_span text, const char *why, struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_OUTSIDE, "the image's user is '%s', %s", INGOT_SHOW(text), why);
}

int run_user(struct ingot_store *s, const struct ingot_tree *t, struct ingot_span text, uint32_t *ret_uid, uint32_t *ret_gid, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf passwd = INGOT_BUF(INGOT_MAX_ACCOUNTS), groups = INGOT_BUF(INGOT_MAX_ACCOUNTS);
	struct ingot_span rest = text, user, group = { 0 };
	uint32_t uid = 0, gid = 0;
	bool has_group = text.n && memchr(text.p, ':', text.n);
	(void)field(&rest, &user);
	if (has_group)
		group = rest;
	if (has_group && (!group.n || ingot_span_has(group, ':')))
		return bad(text, "which is not USER:GROUP", err);
	ingot_pass(read_file(s, t, "etc/passwd", &passwd, err));
	if (is_number(user)) {
		if (ingot_parse_u32(user, INGOT_MAX_ID, &uid) < 0)
			return bad(text, "which is no number of a user", err);
		(void)find(ingot_buf_view(&passwd), INGOT_SPAN(""), &uid, &gid);
	} else if (user.n && !find(ingot_buf_view(&passwd), user, &uid, &gid)) {
		return bad(text, "whom its /etc/passwd does not know", err);
	}
	if (is_number(group)) {
		if (ingot_parse_u32(group, INGOT_MAX_ID, &gid) < 0)
			return bad(text, "which is no number of a group", err);
	} else if (group.n) {
		ingot_pass(read_file(s, t, "etc/group", &groups, err));
		if (!find(ingot_buf_view(&groups), group, &gid, NULL))
			return bad(text, "whose group its /etc/group does not know", err);
	}
	*ret_uid = uid;
	*ret_gid = gid;
	return 0;
}
