/* rules_accounts.c - the accounts in the image: the user has one of its own, nobody can log in, every owner is somebody. */
#include "look.h"
#include "rows.h"
#include <ingot/accounts.h>
#include <ingot/escape.h>
#include <stdlib.h>

static const struct ingot_rule rows[] = {
	{ "user-shared", SEV(WARNING, WARNING, ERROR), "the image's user is nobody else's, too",
	  "What runs under an account that others use (nobody, daemon, bin ...) can reach what belongs to them: files, processes, and volumes on the same host.", NULL,
	  "give the service an account of its own", "image:\n  user: { name: web, uid: 10001 }\n", NULL },
	{ "user-unknown", SEV(NOTE, WARNING, WARNING), "the image's user has an entry in passwd", "Programs that ask who they are fail, or take it that they are somebody else.", "CIS-DI-0001",
	  "name the user: the builder writes the entry", "image:\n  user: { name: web, uid: 10001 }\n", NULL },
	{ "user-shell", SEV(NONE, WARNING, WARNING), "the image's user cannot log in", "A service needs no login shell; whoever gets in by its account would have one.", NULL,
	  "give it /usr/sbin/nologin, as the builder does", "image:\n  user: { name: web, uid: 10001 }\n", NULL },
	{ "account-id-twice", SEV(WARNING, ERROR, ERROR), "no two accounts and no two groups have one id", "Two names for one id are one account with two passwords; a second name for 0 is a hidden root.", "DKL-LI-0002",
	  "remove one of them", ALLOW_VALUE("account-id-twice", "toor"), "value" },
	{ "account-no-password", SEV(ERROR, ERROR, ERROR), "no account has an empty password", "An empty password is none: whoever says the name is let in. Alpine's images had this fault for root for three years (CVE-2019-5021).",
	  "DKL-LI-0001", "lock it: \"!*\" in shadow", NULL, NULL },
	{ "account-password", SEV(WARNING, ERROR, ERROR), "no account has a password", "Whoever has the image has the hash, and all the time in the world to guess it; every container shares it.", "CIS-DI-0010",
	  "lock the account; hand secrets over at run time", ALLOW_VALUE("account-password", "ftp"), "value" },
	{ "owner-unknown", SEV(WARNING, WARNING, ERROR), "every owner and group of a file is an account of the image", "A number without a name belongs to whoever gets it next: the next account that a package makes, or a user of the host.",
	  "CIS Docker Benchmark 4.8", "give the files to root or to the image's user", ALLOW_VALUE("owner-unknown", "uid 1000"), "value" },
};

/* Of Debian, Alpine and Red Hat alike: accounts that are there for everything and nothing. */
static const char *const shared[] = { "nobody", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "backup", "list", "irc", "operator", "adm", "ftp", "halt", "shutdown" };

static const struct ingot_account *user_of(const struct ingot_accounts *a, uint32_t uid)
{
	for (size_t i = 0; i < a->n_users; i++)
		if (a->users[i].uid == uid)
			return &a->users[i];
	return NULL;
}

static bool group_known(const struct ingot_accounts *a, uint32_t gid)
{
	for (size_t i = 0; i < a->n_groups; i++)
		if (a->groups[i].gid == gid)
			return true;
	return false;
}

static bool no_login(const char *shell)
{
	struct ingot_span s = ingot_span_of(shell);
	return ingot_span_ends(s, "/nologin") || ingot_span_ends(s, "/false") || ingot_span_ends(s, "/true") || ingot_span_ends(s, "/null");
}

static void check_user(struct look *l, const struct ingot_accounts *a, const struct ingot_config *c)
{
	const struct ingot_account *u = user_of(a, c->uid);
	if (!c->numeric || c->uid == 0)
		return;
	bool many = c->uid == 65534;
	for (size_t i = 0; u && i < N_ROWS(shared); i++)
		many |= strcmp(u->name, shared[i]) == 0;
	if (many)
		(void)look_field(l, "user-shared", "/config/User", NULL, "the image's user %u is %s, which is for everything that has no user of its own", c->uid, u ? INGOT_SHOW(ingot_span_of(u->name)) : "nobody");
	else if (!u)
		(void)look_field(l, "user-unknown", "/config/User", NULL, "the image's user %u has no entry in /etc/passwd", c->uid);
	if (u && !no_login(u->shell))
		(void)look_field(l, "user-shell", "/config/User", NULL, "the image's user %s can log in, with %s", INGOT_SHOW(ingot_span_of(u->name)), u->shell[0] ? INGOT_SHOW(ingot_span_of(u->shell)) : "/bin/sh");
}

static void check_passwords(struct look *l, const struct ingot_accounts *a)
{
	for (size_t i = 0; i < a->n_users; i++) {
		const struct ingot_account *u = &a->users[i];
		if (u->password == INGOT_PW_NONE)
			(void)look_field(l, "account-no-password", NULL, u->name, "the account %s has an empty password", INGOT_SHOW(ingot_span_of(u->name)));
		else if (u->password == INGOT_PW_SET)
			(void)look_field(l, "account-password", NULL, u->name, "the account %s has a password, and its hash is in the image", INGOT_SHOW(ingot_span_of(u->name)));
	}
}

struct named {
	uint32_t id;
	size_t at; /* in the file */
	const char *name;
};

static int by_id(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

static void check_twice(struct look *l, struct named *v, size_t n, const char *kind, const char *id)
{
	if (n)
		qsort(v, n, sizeof(*v), by_id);
	for (size_t i = 1; i < n; i++)
		if (v[i].id == v[i - 1].id && strcmp(v[i].name, v[i - 1].name) != 0)
			(void)look_field(l, "account-id-twice", NULL, v[i].name, "the %s %s and %s are one: both have %s %u", kind, INGOT_SHOW(ingot_span_of(v[i - 1].name)), INGOT_SHOW(ingot_span_of(v[i].name)), id,
					 v[i].id);
}

static void check_ids(struct look *l, const struct ingot_accounts *a)
{
	_cleanup_(ingot_freep) struct named *users = ingot_alloc_array(a->n_users + 1, sizeof(*users)), *groups = ingot_alloc_array(a->n_groups + 1, sizeof(*groups));
	for (size_t i = 0; i < a->n_users; i++)
		users[i] = (struct named){ a->users[i].uid, i, a->users[i].name };
	for (size_t i = 0; i < a->n_groups; i++)
		groups[i] = (struct named){ a->groups[i].gid, i, a->groups[i].name };
	check_twice(l, users, a->n_users, "accounts", "uid");
	check_twice(l, groups, a->n_groups, "groups", "gid");
}

/* One finding an id: a directory of ten thousand files is one mistake. */
struct unowned {
	bool group;
	uint32_t id;
	size_t first, n;
};

static void note(struct unowned **v, size_t *n, size_t *cap, bool group, uint32_t id, size_t dirent)
{
	for (size_t i = 0; i < *n; i++)
		if ((*v)[i].group == group && (*v)[i].id == id) {
			(*v)[i].n++;
			return;
		}
	if (*n == 256)
		return; /* whoever has so many has understood */
	ingot_reserve(*v, *n, *cap);
	(*v)[(*n)++] = (struct unowned){ group, id, dirent, 1 };
}

static void check_owners(struct look *l, const struct ingot_accounts *a)
{
	_cleanup_(ingot_freep) struct unowned *v = NULL;
	size_t n = 0, cap = 0;
	const struct ingot_config *c = l->config;
	uint32_t uid = 0, gid = 0; /* known: neighbours have mostly the same */
	for (size_t i = 0; i < ingot_tree_count(l->s->tree); i++) {
		const struct ingot_node *node = ingot_tree_node(l->s->tree, ingot_tree_at(l->s->tree, i)->node);
		/* The image's own user is reported as such where it is unknown. */
		if (node->uid && node->uid != uid) {
			if (user_of(a, node->uid) || (c && c->uid == node->uid))
				uid = node->uid;
			else
				note(&v, &n, &cap, false, node->uid, i);
		}
		/* A group of the number of an account that is missing is missing with it. */
		if (node->gid && node->gid != gid && !(node->gid == node->uid && node->uid != uid)) {
			if (group_known(a, node->gid) || (c && (c->has_gid ? c->gid : c->uid) == node->gid))
				gid = node->gid;
			else
				note(&v, &n, &cap, true, node->gid, i);
		}
	}
	for (size_t i = 0; i < n; i++) {
		const char *kind = v[i].group ? "gid" : "uid";
		struct ingot_finding *f = look_path(l, "owner-unknown", v[i].first, " is of %s %u, which no %s of the image has%s", kind, v[i].id, v[i].group ? "group" : "account", v[i].n > 1 ? ", and so are others" : "");
		if (f)
			f->value = ingot_arena_strf(l->out->arena, "%s %u", kind, v[i].id);
	}
}

static void check(struct look *l)
{
	const struct ingot_accounts *a = l->s->accounts;
	if (!a)
		return;
	if (l->config)
		check_user(l, a, l->config);
	check_passwords(l, a);
	check_ids(l, a);
	if (l->s->tree)
		check_owners(l, a);
}

const struct rule_group rules_accounts = { rows, N_ROWS(rows), check };
