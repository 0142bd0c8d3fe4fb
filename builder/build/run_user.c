#include "run_user.h"
#include <ingot/accounts.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>

/* The user of this name, or (no name) of this number. */
static const struct ingot_account *find_user(const struct ingot_accounts *a, struct ingot_span name, uint32_t uid)
{
	for (size_t i = 0; i < a->n_users; i++)
		if (name.n ? ingot_span_is(name, a->users[i].name) : a->users[i].uid == uid)
			return &a->users[i];
	return NULL;
}

static const struct ingot_group *find_group(const struct ingot_accounts *a, struct ingot_span name)
{
	for (size_t i = 0; i < a->n_groups; i++)
		if (ingot_span_is(name, a->groups[i].name))
			return &a->groups[i];
	return NULL;
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

static int read_accounts(struct ingot_store *s, const struct ingot_tree *t, struct ingot_accounts **ret, struct ingot_err *err)
{
	static const struct ingot_span nothing;
	if (s)
		return ingot_accounts_read(s, t, ret, err);
	*ret = ingot_accounts_parse(nothing, nothing, nothing);
	return 0;
}

int run_user(struct ingot_store *s, const struct ingot_tree *t, struct ingot_span text, uint32_t *ret_uid, uint32_t *ret_gid, struct ingot_err *err)
{
	_cleanup_(ingot_accounts_freep) struct ingot_accounts *accounts = NULL;
	const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
	struct ingot_span user = { text.p, colon ? (size_t)(colon - text.p) : text.n }, group = ingot_span_from(text, user.n + 1);
	const struct ingot_group *known_group = NULL;
	uint32_t uid = 0, gid = 0;
	if (colon && (!group.n || ingot_span_has(group, ':')))
		return bad(text, "which is not USER:GROUP", err);
	ingot_pass(read_accounts(s, t, &accounts, err));
	if (is_number(user) && ingot_parse_u32(user, INGOT_MAX_ID, &uid) < 0)
		return bad(text, "which is no number of a user", err);
	const struct ingot_account *known = user.n ? find_user(accounts, is_number(user) ? (struct ingot_span){ 0 } : user, uid) : NULL;
	if (user.n && !known && !is_number(user))
		return bad(text, "whom its /etc/passwd does not know", err);
	if (is_number(group) && ingot_parse_u32(group, INGOT_MAX_ID, &gid) < 0)
		return bad(text, "which is no number of a group", err);
	if (group.n && !is_number(group) && !(known_group = find_group(accounts, group)))
		return bad(text, "whose group its /etc/group does not know", err);
	*ret_uid = known ? known->uid : uid;
	*ret_gid = known_group ? known_group->gid : !group.n && known ? known->gid : gid;
	return 0;
}
