/* The rules, each by examples both ways: a tree, a config or a recipe, and what is found in it. */
#include "core_support.h"
#include "recipe_fixture.h"
#include <ingot/decode.h>
#include <ingot/path.h>
#include <ingot/policy.h>

#define ROOT "d 0755 0 0 1 /\n"
#define CAP "x security.capability abc\n"
#define FINE "{\"config\":{\"User\":\"10001:10001\",\"Entrypoint\":[\"/web\"]}}"

struct policy_case {
	const char *name;
	const char *want;   /* "error setuid /a; note ...": severity, rule, and what it is about; "allowed" where an exception covers it */
	const char *tree;   /* lines, or NULL: none */
	const char *config; /* JSON, or NULL: none */
	const char *recipe; /* YAML behind its first two lines, or NULL: none */
	enum ingot_profile profile;
	const char *writable[3];
	struct ingot_allow allow[3];
};

static const struct policy_case cases[] = {
	{ "nothing to find", "", ROOT FILE_("0755 0 0 1", "/web"), FINE },
	/* modes */
	{ "setuid", "error setuid /su; ", ROOT FILE_("4755 0 0 1", "/su"), FINE },
	{ "setgid", "error setgid /a; ", ROOT FILE_("2755 0 42 1", "/a"), FINE },
	{ "both", "error setgid /a; error setuid /a; ", ROOT FILE_("6755 0 42 1", "/a"), FINE },
	{ "a directory's set-group-id bit is no program's", "", ROOT "d 2755 0 50 1 /local\n", FINE },
	{ "capability", "error capability /ping; ", ROOT FILE_("0755 0 0 1", "/ping") CAP, FINE },
	{ "device", "error device /null; ", ROOT "c 0666 0 0 1 /null 1 3\n", FINE },
	{ "world-writable", "error world-writable /a; error world-writable /d; ", ROOT FILE_("0666 0 0 1", "/a") "d 1777 0 0 1 /d\n", FINE },
	{ "/tmp is for everybody", "", ROOT "d 1777 0 0 1 /tmp\n", FINE },
	{ "a writable place is for its user", "", ROOT "d 0777 1 1 1 /d\n", FINE, .writable = { "/d" } },
	{ "and so is what lies in it", "", ROOT "d 0755 1 1 1 /d\n" FILE_("0666 1 1 1", "/d/a"), FINE, .writable = { "/d" } },
	/* exceptions */
	{ "allowed", "allowed setuid /su; ", ROOT FILE_("4755 0 0 1", "/su"), FINE, .allow = { { "setuid", "r", "/su" } } },
	{ "allowed by its old name", "allowed setuid /usr/su; ", ROOT "l 0777 0 0 1 /bin usr\nd 0755 0 0 1 /usr\n" FILE_("4755 0 0 1", "/usr/su"), FINE, .allow = { { "setuid", "r", "/bin/su" } } },
	{ "a link to it does not allow", "error setuid /su; warning allow-unused /l; ", ROOT "l 0777 0 0 1 /l su\n" FILE_("4755 0 0 1", "/su"), FINE, .allow = { { "setuid", "r", "/l" } } },
	{ "another rule does not", "error setgid /su; allowed setuid /su; ", ROOT FILE_("6755 0 0 1", "/su"), FINE, .allow = { { "setuid", "r", "/su" } } },
	{ "another path does not", "error setuid /su; warning allow-unused /s; ", ROOT FILE_("4755 0 0 1", "/su"), FINE, .allow = { { "setuid", "r", "/s" } } },
	{ "one that keeps a transient is used", "", ROOT FILE_("0644 0 0 1", "/kept"), FINE, .allow = { { "transient", "r", "/kept" } } },
	{ "of a part of the subject nothing is said about use", "", .config = FINE, .allow = { { "setuid", "r", "/s" } } },
	{ "in the release profile it is an error", "error allow-unused /s; ", ROOT, FINE, .profile = INGOT_PROFILE_RELEASE, .allow = { { "setuid", "r", "/s" } } },
	/* the user */
	{ "nobody named is root", "error user-root /config/User; ", .config = "{\"config\":{}}" },
	{ "uid 0", "error user-root /config/User; ", .config = "{\"config\":{\"User\":\"0:10001\"}}" },
	{ "root with a reason", "note user-root-reason /config/User; ", .config = "{\"config\":{\"User\":\"0:0\"}}", .recipe = "image:\n  user: { root: raw sockets }\n  entrypoint: [/web]\n" },
	{ "which release does not take for granted", "error user-root-reason /config/User; ", .config = "{\"config\":{\"User\":\"0:0\"}}",
	  .recipe = "image:\n  user: { root: raw sockets }\n  entrypoint: [/web]\n", .profile = INGOT_PROFILE_RELEASE },
	{ "a name", "error user-numeric /config/User; ", .config = "{\"config\":{\"User\":\"web\"}}" },
	{ "a number and a name", "error user-numeric /config/User; ", .config = "{\"config\":{\"User\":\"10001:web\"}}" },
};

static void found(const struct ingot_findings *all, struct ingot_buf *out)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct ingot_finding *f = &all->v[i];
		const char *about = f->path ? f->path : f->field ? f->field : f->value ? f->value : "";
		ingot_buf_fmt(out, "%s %s %s; ", f->allowed ? "allowed" : ingot_severity_word(f->severity), f->rule, about);
		ck_assert_msg(f->text[0] && f->text[strlen(f->text) - 1] != '.', "%s: '%s'", f->rule, f->text);
	}
}

static struct ingot_config *config_of(const char *json)
{
	_cleanup_(ingot_doc_freep) struct ingot_doc *doc = NULL;
	struct ingot_config *c = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_msg(ingot_decode_json_bytes(ingot_span_of(json), &doc, &err) == 0 && ingot_config_read(doc, &c, &err) == 0, "%s: %s", json, err.msg);
	return c;
}

static int look(const struct policy_case *c, struct ingot_findings *all, struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *tree = c->tree ? tree_of(c->tree) : NULL;
	_cleanup_(ingot_config_freep) struct ingot_config *config = c->config ? config_of(c->config) : NULL;
	_cleanup_(ingot_freep) char *text = c->recipe ? ingot_strf("ingot: 1\nname: web\n%s", c->recipe) : NULL;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *recipe = text ? fixture_recipe(text) : NULL;
	struct ingot_subject s = { .recipe = recipe, .tree = tree, .config = config, .writable = c->writable };
	struct ingot_policy p = { .profile = c->profile, .allow = c->allow };
	while (s.n_writable < 3 && c->writable[s.n_writable])
		s.n_writable++;
	while (p.n_allow < 3 && c->allow[p.n_allow].rule)
		p.n_allow++;
	return ingot_policy_check(&s, &p, all, err);
}

START_TEST(one_case)
{
	const struct policy_case *c = &cases[_i];
	_cleanup_(ingot_findings_done) struct ingot_findings all = INGOT_FINDINGS_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf said = INGOT_BUF(KIB(64));
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_msg(look(c, &all, &err) == 0, "%s: %s", c->name, err.msg);
	found(&all, &said);
	if (strcmp(ingot_buf_cstr(&said), c->want) != 0)
		ck_abort_msg("%s: found: %s", c->name, ingot_buf_cstr(&said));
}
END_TEST

START_TEST(an_exception_that_cannot_be)
{
	static const struct {
		struct ingot_allow allow;
		const char *says, *hint;
	} bad[] = {
		{ { "setuit", "r", "/x" }, "no rule \"setuit\"", "\"setuid\"" },
		{ { "completely-else", "r", "/x" }, "no rule", "ingot explain" },
		{ { "setuid", "r", NULL, "4755" }, "by value", "names a path" },
		{ { "user-root", "r", "/x" }, "user-root", "no exceptions" },
	};
	_cleanup_(ingot_findings_done) struct ingot_findings all = INGOT_FINDINGS_INIT;
	struct ingot_err err = INGOT_ERR_INIT;
	struct policy_case c = { .allow = { bad[_i].allow } };
	ck_assert_int_eq(look(&c, &all, &err), -1);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_msg(strstr(err.msg, bad[_i].says) != NULL && strstr(err.hint, bad[_i].hint) != NULL, "%s (%s)", err.msg, err.hint);
}
END_TEST

static bool is_id(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s) && *s != '-';
}

static bool sentence(const char *s)
{
	return s && s[0] && s[strlen(s) - 1] == '.';
}

/* Each row is complete, and each rule that is looked for is found by some case above. */
START_TEST(catalogue)
{
	for (size_t i = 0; i < ingot_rule_count(); i++) {
		const struct ingot_rule *r = ingot_rule_at(i);
		ck_assert_msg(is_id(r->id) && ingot_rule_find(ingot_span_of(r->id)) == r, "%s: no id, or twice", r->id);
		ck_assert_msg(r->what && r->mend && sentence(r->why), "%s: what, why (a sentence) or mend is missing", r->id);
		ck_assert_msg(!r->allowed_by || strcmp(r->allowed_by, "path") == 0 || strcmp(r->allowed_by, "value") == 0, "%s: allowed by %s", r->id, r->allowed_by);
		for (int p = 1; p < INGOT_PROFILES; p++)
			ck_assert_msg(r->severity[p] >= r->severity[p - 1], "%s: milder in a stricter profile", r->id);
		bool seen = strcmp(r->id, "transient") == 0 || strcmp(r->id, "writable-made") == 0; /* normalise.h's, tested there */
		_cleanup_(ingot_freep) char *word = ingot_strf(" %s ", r->id);
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]) && !seen; k++)
			seen = strstr(cases[k].want, word) != NULL;
		ck_assert_msg(seen, "%s: no case finds it", r->id);
	}
}
END_TEST

/* A finding leads back to the line of the recipe that brought it. */
START_TEST(lines)
{
	static const char text[] = "ingot: 1\nname: web\nsources:\n  app: { files: ., include: [a] }\nimage:\n  packages: [suid, other=1]\n  copy:\n    - { from: app, to: /x/ }\n  user: web\n"
				   "  steps:\n    - run: [/a]\n    - run: [/b]\n  env: { A: b }\n  ports: [\"8080\"]\n  entrypoint: [/web, -g]\n";
	static const struct {
		const char *origin;
		uint32_t line;
	} places[] = { { "package suid", 6 }, { "package other", 6 }, { "package libc6", 6 }, { "copy from app", 8 }, { "step image 2/2", 12 }, { "step image 3/2", 0 }, { "step image", 0 }, { "ingot: user", 9 }, { "", 0 } };
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *recipe = fixture_recipe(text);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT FILE_("4755 0 0 1", "/su"));
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(FILE_("4755 0 0 1", "/su"));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		_cleanup_(ingot_origins_freep) struct ingot_origins *o = ingot_origins_new();
		_cleanup_(ingot_findings_done) struct ingot_findings all = INGOT_FINDINGS_INIT;
		struct ingot_err err = INGOT_ERR_INIT;
		ingot_origins_apply(o, d, ingot_origins_id(o, ingot_span_of(places[i].origin)));
		struct ingot_subject s = { .recipe = recipe, .tree = t, .origins = o };
		ck_assert_int_eq(ingot_policy_check(&s, &(struct ingot_policy){ 0 }, &all, &err), 0);
		ck_assert_uint_eq(all.n, 1);
		ck_assert_msg(all.v[0].at.line == places[i].line, "%s: line %u", places[i].origin, all.v[0].at.line);
		ck_assert(places[i].origin[0] ? strcmp(all.v[0].origin, places[i].origin) == 0 : !all.v[0].origin);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
	tcase_add_loop_test(t, one_case, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(t, an_exception_that_cannot_be, 0, 4);
	tcase_add_test(t, catalogue);
	tcase_add_test(t, lines);
	suite_add_tcase(s, t);
	return run_suite(s);
}
