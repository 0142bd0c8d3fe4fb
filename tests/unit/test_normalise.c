/* The final tree: each rule by an example; then merging (conflict.h) and who brought what (origin.h). */
#include "core_support.h"
#include <ingot/conflict.h>
#include <ingot/mem.h>
#include <ingot/normalise.h>
#include <ingot/origin.h>
#include <ingot/path.h>

/* "TYPE MODE UID GID MTIME" with a path and what a file or link adds */
#define N(head, path) head " " path "\n"

#define ROOT "d 0755 0 0 1 /\n"
#define CAP "x security.capability abc\n"

struct rule_case {
	const char *name, *tree, *want, *findings; /* findings: "needs setuid /a; note transient /b; ..." */
	const char *const writable[4];
	const char *const kept[3];
	int64_t epoch; /* default 100 */
	bool set_all;
	uint32_t uid; /* default 1000; the gid is 2000 */
};

static const struct rule_case cases[] = {
	{ "nothing to do", ROOT FILE_("0644 0 0 1", "/a"), ROOT FILE_("0644 0 0 1", "/a"), "" },
	/* modes */
	{ "umask 002", "d 0775 0 0 1 /\n" FILE_("0664 0 0 1", "/a") FILE_("0775 0 0 1", "/b"), ROOT FILE_("0644 0 0 1", "/a") FILE_("0755 0 0 1", "/b"), "" },
	{ "umask 077 cannot be told from intent, but programs run", ROOT FILE_("0600 0 0 1", "/a") FILE_("0700 0 0 1", "/b"), ROOT FILE_("0600 0 0 1", "/a") FILE_("0755 0 0 1", "/b"), "" },
	{ "one x bit is enough", ROOT FILE_("0654 0 0 1", "/a"), ROOT FILE_("0755 0 0 1", "/a"), "" },
	{ "shadow stays withheld", ROOT N("d 0755 0 0 1", "/etc") FILE_("0640 0 42 1", "/etc/shadow"), ROOT N("d 0755 0 0 1", "/etc") FILE_("0640 0 42 1", "/etc/shadow"), "" },
	{ "group write goes even there", ROOT FILE_("0660 0 42 1", "/a"), ROOT FILE_("0640 0 42 1", "/a"), "" },
	{ "/root stays 0700", ROOT N("d 0700 0 0 1", "/root"), ROOT N("d 0700 0 0 1", "/root"), "" },
	{ "links", ROOT N("l 0755 5 5 1", "/l x"), ROOT N("l 0777 0 0 1", "/l x"), "" },
	{ "setgid directories of base-files", ROOT N("d 2775 0 50 1", "/local"), ROOT N("d 0755 0 0 1", "/local"), "" },
	{ "group of a private directory stays", ROOT N("d 0710 0 42 1", "/private"), ROOT N("d 0710 0 42 1", "/private"), "" },
	{ "/tmp without its sticky bit", ROOT N("d 0777 0 0 1", "/tmp"), ROOT N("d 1777 0 0 1", "/tmp"), "" },
	{ "/var/tmp as some parent that was missing", ROOT N("d 0755 0 0 1", "/var") N("d 0755 0 0 1", "/var/tmp"), ROOT N("d 0755 0 0 1", "/var") N("d 1777 0 0 1", "/var/tmp"), "" },
	{ "fifo", ROOT N("p 0664 0 0 1", "/p"), ROOT N("p 0644 0 0 1", "/p"), "" },
	{ "sticky file", ROOT FILE_("1644 0 0 1", "/a"), ROOT FILE_("0644 0 0 1", "/a"), "" },
	/* owners */
	{ "programs are root's", ROOT FILE_("0755 7 8 1", "/a"), ROOT FILE_("0755 0 0 1", "/a"), "" },
	{ "libraries", ROOT FILE_("0644 7 8 1", "/libc.so.6") FILE_("0644 7 8 1", "/x.so"), ROOT FILE_("0644 0 0 1", "/libc.so.6") FILE_("0644 0 0 1", "/x.so"), "" },
	{ "modules, and all of /usr", ROOT FILE_("0644 7 8 1", "/m.py") N("d 0755 7 8 1", "/usr") FILE_("0644 7 8 1", "/usr/x"),
	  ROOT FILE_("0644 0 0 1", "/m.py") N("d 0755 0 0 1", "/usr") FILE_("0644 0 0 1", "/usr/x"), "" },
	{ "other data keeps its owner", ROOT FILE_("0644 7 8 1", "/a"), ROOT FILE_("0644 7 8 1", "/a"), "" },
	{ "data of the image's user does not stay writable for it", ROOT FILE_("0644 1000 8 1", "/a"), ROOT FILE_("0644 0 0 1", "/a"), "" },
	{ "nor its secrets, but it can read them", ROOT FILE_("0600 1000 8 1", "/a") N("d 0700 1000 8 1", "/d"), ROOT FILE_("0640 0 2000 1", "/a") N("d 0750 0 2000 1", "/d"), "" },
	{ "root's secrets when the image runs as root", ROOT FILE_("0600 0 0 1", "/a"), ROOT FILE_("0600 0 0 1", "/a"), "", .uid = UINT32_MAX },
	/* writable */
	{ "writable subtree", ROOT N("d 0755 0 0 1", "/v") N("d 0777 0 0 1", "/v/d") FILE_("0640 0 0 1", "/v/f") N("l 0777 0 0 1", "/v/l f") N("d 0755 0 0 1", "/v.x"),
	  ROOT N("d 0755 1000 2000 1", "/v") N("d 0755 1000 2000 1", "/v/d") FILE_("0640 1000 2000 1", "/v/f") N("l 0777 1000 2000 1", "/v/l f") N("d 0755 0 0 1", "/v.x"), "", { "/v" } },
	{ "one writable file", ROOT FILE_("0444 0 0 1", "/f"), ROOT FILE_("0644 1000 2000 1", "/f"), "", { "/f" } },
	{ "writable through a link", ROOT N("d 0755 0 0 1", "/run") N("d 0755 0 0 1", "/run/n") N("d 0755 0 0 1", "/var") N("l 0777 0 0 1", "/var/run /run"),
	  ROOT N("d 0755 0 0 1", "/run") N("d 0755 1000 2000 1", "/run/n") N("d 0755 0 0 1", "/var") N("l 0777 0 0 1", "/var/run /run"), "", { "/var/run/n" } },
	{ "made when missing, with its parents", ROOT, ROOT N("d 0755 0 0 100", "/a") N("d 0755 1000 2000 100", "/a/b"), "note writable-made /a/b; ", { "/a/b", "/a/b/" } },
	{ "a program in a writable place", ROOT N("d 0755 0 0 1", "/v") FILE_("0755 0 0 1", "/v/x"), ROOT N("d 0755 1000 2000 1", "/v") FILE_("0755 1000 2000 1", "/v/x"),
	  "", { "/v" } },
	{ "hard link across the border", ROOT FILE_("0644 0 0 1", "/a") N("d 0755 0 0 1", "/v") H("/v/a", "/a"),
	  ROOT FILE_("0644 0 0 1", "/a") N("d 0755 1000 2000 1", "/v") FILE_("0644 1000 2000 1", "/v/a"), "", { "/v" } },
	{ "of a program: said once", ROOT FILE_("0755 0 0 1", "/a") N("d 0755 0 0 1", "/v") H("/v/a", "/a"),
	  ROOT FILE_("0755 0 0 1", "/a") N("d 0755 1000 2000 1", "/v") FILE_("0755 1000 2000 1", "/v/a"), "", { "/v" } },
	{ "hard links stay one file", ROOT FILE_("0664 0 0 1", "/a") H("/b", "/a"), ROOT FILE_("0644 0 0 1", "/a") H("/b", "/a"), "" },
	/* refused */
	{ "setuid", ROOT FILE_("4755 0 0 1", "/su"), ROOT FILE_("4755 0 0 1", "/su"), "needs setuid /su; " },
	{ "it is not its group's to change", ROOT FILE_("4775 0 42 1", "/su"), ROOT FILE_("4755 0 42 1", "/su"), "needs setuid /su; " },
	{ "setgid", ROOT FILE_("2755 0 42 1", "/a"), ROOT FILE_("2755 0 42 1", "/a"), "needs setgid /a; " },
	{ "setuid in a writable place", ROOT N("d 0755 0 0 1", "/v") FILE_("4755 0 0 1", "/v/a"), ROOT N("d 0755 1000 2000 1", "/v") FILE_("4755 0 0 1", "/v/a"),
	  "needs setuid /v/a; ", { "/v" } },
	{ "capability", ROOT FILE_("0755 0 0 1", "/ping") CAP, ROOT FILE_("0755 0 0 1", "/ping") CAP, "needs capability /ping; " },
	{ "device", ROOT N("c 0666 0 0 1", "/null 1 3"), ROOT N("c 0666 0 0 1", "/null 1 3"), "needs device /null; " },
	{ "a device that is kept, where others are removed", ROOT N("d 0755 0 0 1", "/dev") N("c 0666 0 0 1", "/dev/null 1 3") N("b 0660 0 0 1", "/dev/sda 8 0"),
	  ROOT N("d 0755 0 0 1", "/dev") N("c 0666 0 0 1", "/dev/null 1 3"), "needs device /dev/null; note transient /dev/sda; ", .kept = { "/dev/null" } },
	{ "a device is for its group", ROOT N("b 0660 0 6 1", "/sda 8 0"), ROOT N("b 0660 0 6 1", "/sda 8 0"), "needs device /sda; " },
	{ "world-writable file and directory", ROOT FILE_("0666 0 0 1", "/a") N("d 1777 0 0 1", "/d"), ROOT FILE_("0666 0 0 1", "/a") N("d 1777 0 0 1", "/d"),
	  "needs world-writable /a; needs world-writable /d; " },
	{ "on both paths of a hard link", ROOT FILE_("4755 0 0 1", "/a") H("/b", "/a"), ROOT FILE_("4755 0 0 1", "/a") H("/b", "/a"), "needs setuid /a; needs setuid /b; " },
	/* times */
	{ "later times are the epoch", "d 0755 0 0 101 /\n" FILE_("0644 0 0 100", "/a") FILE_("0644 0 0 200", "/b"), "d 0755 0 0 100 /\n" FILE_("0644 0 0 100", "/a") FILE_("0644 0 0 100", "/b"), "" },
	{ "all times are", ROOT FILE_("0644 0 0 1", "/a"), "d 0755 0 0 7 /\n" FILE_("0644 0 0 7", "/a"), "", .epoch = 7, .set_all = true },
	/* transients */
	{ "a directory's contents, said once", ROOT N("d 1777 0 0 1", "/tmp") N("d 0755 0 0 1", "/tmp/a") FILE_("4755 0 0 1", "/tmp/a/x") FILE_("0644 0 0 1", "/tmp/b"),
	  ROOT N("d 1777 0 0 1", "/tmp"), "note transient /tmp; " },
	{ "one file", ROOT N("d 0755 0 0 1", "/etc") FILE_("0644 0 0 1", "/etc/machine-id") FILE_("0644 0 0 1", "/etc/passwd") FILE_("0644 0 0 1", "/etc/passwd-"),
	  ROOT N("d 0755 0 0 1", "/etc") FILE_("0644 0 0 1", "/etc/passwd"), "note transient /etc/machine-id; note transient /etc/passwd-; " },
	{ "anywhere", ROOT N("d 0755 0 0 1", "/etc") FILE_("0644 0 0 1", "/etc/a.dpkg-dist"), ROOT N("d 0755 0 0 1", "/etc"), "note transient /etc/a.dpkg-dist; " },
	{ "compiled Python, and the directory left empty", ROOT N("d 0755 0 0 1", "/p") N("d 0755 0 0 1", "/p/__pycache__") FILE_("0644 0 0 1", "/p/__pycache__/a.pyc"),
	  ROOT N("d 0755 0 0 1", "/p"), "note transient /p/__pycache__/a.pyc; " },
	{ "one that is vouched for", ROOT N("d 0755 0 0 1", "/__pycache__") FILE_("0644 0 0 1", "/__pycache__/kept.pyc") FILE_("0644 0 0 1", "/__pycache__/x.pyc"),
	  ROOT N("d 0755 0 0 1", "/__pycache__") FILE_("0644 0 0 1", "/__pycache__/kept.pyc"), "note transient /__pycache__/x.pyc; " },
	{ "a writable place below /run stays, the rest goes", ROOT N("d 0755 0 0 1", "/run") N("d 0755 0 0 1", "/run/n") FILE_("0644 0 0 1", "/run/n/f") N("d 0755 0 0 1", "/run/o"),
	  ROOT N("d 0755 0 0 1", "/run") N("d 0755 1000 2000 1", "/run/n") FILE_("0644 1000 2000 1", "/run/n/f"), "note transient /run/o; ", { "/run/n" } },
	{ "a writable /tmp is emptied", ROOT N("d 1777 0 0 1", "/tmp") FILE_("0644 0 0 1", "/tmp/b"), ROOT N("d 1777 0 0 1", "/tmp"), "note transient /tmp/b; ", { "/tmp" } },
	{ "a key pair made at build time, and its hashed name",
	  ROOT N("d 0755 0 0 1", "/etc") N("d 0755 0 0 1", "/etc/ssl") N("d 0755 0 0 1", "/etc/ssl/certs") N("l 0777 0 0 1", "/etc/ssl/certs/0123abcd.0 ssl-cert-snakeoil.pem")
	  N("l 0777 0 0 1", "/etc/ssl/certs/4567abcd.0 ca.pem") FILE_("0644 0 0 1", "/etc/ssl/certs/ca.pem") FILE_("0644 0 0 1", "/etc/ssl/certs/ssl-cert-snakeoil.pem")
	  N("d 0710 0 42 1", "/etc/ssl/private") FILE_("0640 0 42 1", "/etc/ssl/private/ssl-cert-snakeoil.key"),
	  ROOT N("d 0755 0 0 1", "/etc") N("d 0755 0 0 1", "/etc/ssl") N("d 0755 0 0 1", "/etc/ssl/certs") N("l 0777 0 0 1", "/etc/ssl/certs/4567abcd.0 ca.pem")
	  FILE_("0644 0 0 1", "/etc/ssl/certs/ca.pem") N("d 0710 0 42 1", "/etc/ssl/private"),
	  "note transient /etc/ssl/certs/ssl-cert-snakeoil.pem; note transient /etc/ssl/private/ssl-cert-snakeoil.key; note transient /etc/ssl/certs/0123abcd.0; " },
	/* what configured packages brought (a name that ends in .pkg) */
	{ "owner and mode as its package wants them", ROOT N("l 0777 7 7 1", "/l.pkg x") N("d 2775 0 8 1", "/mail.pkg") FILE_("0664 0 43 1", "/wtmp.pkg") FILE_("0750 7 8 1", "/x.pkg"),
	  ROOT N("l 0777 7 7 1", "/l.pkg x") N("d 2775 0 8 1", "/mail.pkg") FILE_("0664 0 43 1", "/wtmp.pkg") FILE_("0750 7 8 1", "/x.pkg"), "" },
	{ "but nothing that the image's user could write to", ROOT FILE_("0644 1000 8 1", "/a.pkg") FILE_("0664 0 2000 1", "/b.pkg") N("d 0775 0 2000 1", "/d.pkg"),
	  ROOT FILE_("0644 0 0 1", "/a.pkg") FILE_("0644 0 2000 1", "/b.pkg") N("d 0755 0 0 1", "/d.pkg"), "" },
	{ "the recipe's word counts more", ROOT N("d 2775 0 8 1", "/d.pkg"), ROOT N("d 0755 1000 2000 1", "/d.pkg"), "", { "/d.pkg" } },
	{ "and setuid needs a reason as ever", ROOT FILE_("4754 0 7 1", "/x.pkg") FILE_("4750 0 7 1", "/y.pkg"), ROOT FILE_("4754 0 7 1", "/x.pkg") FILE_("4750 0 7 1", "/y.pkg"),
	  "needs setuid /x.pkg; needs setuid /y.pkg; " },
};

static bool vouch(void *ctx, struct ingot_span path)
{
	return ingot_span_ends(path, ctx);
}

static bool listed(const char *const *v, struct ingot_span path)
{
	for (; *v; v++)
		if (ingot_span_is(path, *v + 1) || ingot_path_under(path, ingot_span_of(*v + 1)))
			return true;
	return false;
}

static void findings_text(const struct rule_case *c, const struct ingot_normal_result *r, struct ingot_buf *out)
{
	static const char *const needs[] = { "setuid", "setgid", "capability", "device", "world-writable" };
	for (size_t i = 0; i < ingot_tree_count(r->tree); i++) {
		struct ingot_span path = ingot_tree_at(r->tree, i)->path;
		unsigned bits = ingot_needs_reason(path, ingot_tree_node(r->tree, ingot_tree_at(r->tree, i)->node), listed(c->writable, path));
		for (size_t k = 0; k < 5; k++)
			if (bits & (1U << k))
				ingot_buf_fmt(out, "needs %s /%.*s; ", needs[k], INGOT_SPAN_ARG(path));
	}
	for (size_t i = 0; i < r->findings.n; i++) {
		const struct ingot_finding *f = &r->findings.v[i];
		ingot_buf_fmt(out, "%s %s %s; ", ingot_severity_word(f->severity), f->rule, f->path);
		ck_assert_ptr_nonnull(strstr(f->text, f->path));
	}
}

START_TEST(one_rule)
{
	const struct rule_case *c = &cases[_i];
	static char kept[] = "kept.pyc", packages[] = ".pkg";
	struct ingot_normal_policy policy = { .epoch = c->epoch ? c->epoch : 100, .set_all_times = c->set_all, .gid = 2000, .writable = c->writable, .kept = c->kept, .keep = vouch, .keep_ctx = kept };
	policy.uid = c->uid == UINT32_MAX ? 0 : 1000;
	policy.vouched = vouch;
	policy.vouched_ctx = packages;
	while (policy.n_writable < 4 && c->writable[policy.n_writable])
		policy.n_writable++;
	while (policy.n_kept < 3 && c->kept[policy.n_kept])
		policy.n_kept++;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(c->tree);
	_cleanup_(ingot_normal_result_done) struct ingot_normal_result r = { 0 }, again = { 0 };
	_cleanup_(ingot_buf_done) struct ingot_buf said = INGOT_BUF(KIB(64));
	struct ingot_err err = INGOT_ERR_INIT;
	if (ingot_normalise(t, &policy, &r, &err) < 0)
		ck_abort_msg("%s: %s", c->name, err.msg);
	findings_text(c, &r, &said);
	if (strcmp(ingot_buf_cstr(&said), c->findings) != 0)
		ck_abort_msg("%s: findings: %s", c->name, ingot_buf_cstr(&said));
	assert_tree(r.tree, c->want);
	/* what is normal is left alone */
	ck_assert_int_eq(ingot_normalise(r.tree, &policy, &again, &err), 0);
	assert_tree(again.tree, c->want);
}
END_TEST

START_TEST(writable_that_cannot_be)
{
	static const char *const bad[] = { "/", "/f/x", "/loop/x" };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT FILE_("0644 0 0 1", "/f") N("l 0777 0 0 1", "/loop loop"));
	_cleanup_(ingot_normal_result_done) struct ingot_normal_result r = { 0 };
	struct ingot_normal_policy policy = { .writable = &bad[_i], .n_writable = 1 };
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_eq(ingot_normalise(t, &policy, &r, &err), -1);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "writable"));
	ck_assert_ptr_null(r.tree);
}
END_TEST

/* --- conflict.h --- */

static const struct {
	const char *name, *tree, *delta, *want, *conflict, *replaceable;
} merges[] = {
	{ "new paths", D("/"), D("/a") F("/a/b", "1"), D("/a") F("/a/b", "1"), NULL, NULL },
	{ "a directory that is there stays as it is", D("/") "d 0700 5 5 9 /a\n", D("/a") F("/a/b", "1"), F("/a/b", "1"), NULL, NULL },
	{ "equal files are one", D("/") F("/a", "1"), "f 0644 0 0 77 /a 1 " HEX("1") "\n", "", NULL, NULL },
	{ "content", D("/") F("/a", "1"), F("/a", "2"), NULL, "a", NULL },
	{ "mode", D("/") F("/a", "1"), "f 0600 0 0 1 /a 1 " HEX("1") "\n", NULL, "a", NULL },
	{ "type", D("/") F("/a", "1"), D("/a"), NULL, "a", NULL },
	{ "the other way", D("/") D("/a"), F("/a", "1"), NULL, "a", NULL },
	{ "the first of several", D("/") F("/a", "1") F("/b", "1"), F("/a", "1") F("/b", "2"), NULL, "b", NULL },
	{ "that may be replaced", D("/") F("/a", "1") F("/b", "1"), F("/a", "2") F("/b", "1"), F("/a", "2"), NULL, "a" },
	{ "another may be", D("/") F("/a", "1"), F("/a", "2"), NULL, "a", "b" },
	{ "removal", D("/") F("/a", "1"), RM("/a"), NULL, "a", NULL },
	{ "removal of nothing", D("/"), RM("/a"), RM("/a"), NULL, NULL },
	{ "opaque over something", D("/") D("/a") F("/a/b", "1"), OP("/a") D("/a"), NULL, "a", NULL },
	{ "opaque over nothing keeps its put", D("/") D("/a"), OP("/a") "d 0700 0 0 1 /a\n", OP("/a") "d 0700 0 0 1 /a\n", NULL, NULL },
	{ "a group that is there whole", D("/") F("/a", "1") H("/b", "/a"), F("/a", "1") H("/b", "/a"), "", NULL, NULL },
	{ "a group that is there in part", D("/") F("/a", "1"), F("/a", "1") H("/b", "/a"), F("/a", "1") H("/b", "/a"), NULL, NULL },
	{ "a group that is two files there", D("/") F("/a", "1") F("/b", "1"), F("/a", "1") H("/b", "/a"), F("/a", "1") H("/b", "/a"), NULL, NULL },
};

static bool is_named(void *ctx, struct ingot_span path)
{
	return ctx && ingot_span_is(path, ctx);
}

START_TEST(one_merge)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(merges[_i].tree), *both = NULL;
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(merges[_i].delta), *got = NULL;
	_cleanup_(ingot_freep) char *name = merges[_i].replaceable ? ingot_strdup(merges[_i].replaceable) : NULL;
	struct ingot_conflict conflict;
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_eq(ingot_admit(t, d, name ? is_named : NULL, name, &got, &conflict, &err), 0);
	ck_assert_msg(conflict.found == (merges[_i].conflict != NULL), "%s", merges[_i].name);
	if (conflict.found) {
		ck_assert(ingot_span_is(conflict.path, merges[_i].conflict));
		ck_assert_ptr_null(got);
		return;
	}
	assert_delta(got, merges[_i].want);
	ck_assert_int_eq(ingot_apply(t, got, &both, &err), 0);
}
END_TEST

/* --- origin.h --- */

static void from(struct ingot_origins *o, const char *delta, const char *who)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(delta);
	ingot_origins_apply(o, d, ingot_origins_id(o, ingot_span_of(who)));
}

static void came_from(const struct ingot_origins *o, const char *path, const char *who)
{
	struct ingot_span name = ingot_origins_name(o, ingot_origins_of(o, ingot_span_of(path)));
	ck_assert_msg(ingot_span_is(name, who), "%s: '%.*s', not '%s'", path, INGOT_SPAN_ARG(name), who);
}

START_TEST(origins)
{
	_cleanup_(ingot_origins_freep) struct ingot_origins *o = ingot_origins_new();
	came_from(o, "a", "");
	from(o, D("/") D("/a") F("/a/b", "1") F("/a/c", "1") H("/a/d", "/a/c") D("/z") D("/z/y") F("/z/y/x", "1"), "one");
	from(o, D("/a") F("/a/b", "2") F("/n", "1"), "two");
	came_from(o, "", "one");
	came_from(o, "a", "two");
	came_from(o, "a/b", "two");
	came_from(o, "a/c", "one");
	came_from(o, "a/d", "one");
	came_from(o, "n", "two");
	ck_assert_uint_eq(ingot_origins_id(o, INGOT_SPAN("one")), ingot_origins_id(o, INGOT_SPAN("one")));
	_cleanup_(ingot_origins_freep) struct ingot_origins *before = ingot_origins_copy(o);
	from(o, RM("/a/b") OP("/z") D("/z") F("/z/q", "1"), "three");
	came_from(o, "a/b", "");
	came_from(o, "z", "three");
	came_from(o, "z/q", "three");
	came_from(o, "z/y", "");
	came_from(o, "z/y/x", "");
	from(o, RM("/a"), "four");
	came_from(o, "a", "");
	came_from(o, "a/c", "");
	from(o, F("/z", "1"), "five");
	came_from(o, "z", "five");
	came_from(o, "z/q", "");
	from(o, D("/z"), "six");
	came_from(o, "z", "six");
	came_from(o, "z/q", "");
	from(o, F("/z/q", "1"), "seven");
	came_from(o, "z/q", "seven");
	came_from(before, "z/y/x", "one");
	came_from(before, "a/b", "two");
	from(before, F("/k", "1"), "eight");
	came_from(before, "k", "eight");
	came_from(o, "k", "");
}
END_TEST

START_TEST(many_origins)
{
	_cleanup_(ingot_origins_freep) struct ingot_origins *o = ingot_origins_new();
	for (unsigned i = 0; i < 500; i++) {
		_cleanup_(ingot_freep) char *lines = ingot_strf("d 0755 0 0 1 /d%u\nd 0755 0 0 1 /d%u/x\n", i, i), *who = ingot_strf("package %u", i);
		from(o, lines, who);
	}
	for (unsigned i = 0; i < 500; i++) {
		_cleanup_(ingot_freep) char *path = ingot_strf("d%u/x", i), *who = ingot_strf("package %u", i);
		came_from(o, path, who);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("normalise");
	TCase *t = tcase_create("normalise");
	tcase_add_loop_test(t, one_rule, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(t, writable_that_cannot_be, 0, 3);
	tcase_add_loop_test(t, one_merge, 0, (int)(sizeof(merges) / sizeof(merges[0])));
	tcase_add_test(t, origins);
	tcase_add_test(t, many_origins);
	suite_add_tcase(s, t);
	return run_suite(s);
}
