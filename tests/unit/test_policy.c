/* The rules, each by examples both ways: a tree, a config or a recipe, and what is found in it. */
#include "policy_cases_config.h"
#include "policy_cases_elf.h"
#include "policy_cases_files.h"
#include "policy_cases_immutable.h"
#include "policy_cases_modes.h"
#include "policy_cases_own.h"
#include "policy_cases_recipe.h"
#include "policy_cases_secrets.h"
#include "policy_cases_user.h"
#include "../../builder/decode/facts_impl.h"
#include <ingot/accounts.h>
#include <ingot/decode.h>
#include <ingot/path.h>

#define TABLE(v) { v, sizeof(v) / sizeof((v)[0]) }
static const struct {
	const struct policy_case *v;
	size_t n;
} tables[] = { TABLE(cases_modes), TABLE(cases_immutable), TABLE(cases_user), TABLE(cases_files), TABLE(cases_config), TABLE(cases_secrets), TABLE(cases_recipe), TABLE(cases_own), TABLE(cases_elf) };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

static const struct policy_case *case_at(size_t i)
{
	size_t t = 0;
	for (; t < N_TABLES && i >= tables[t].n; t++)
		i -= tables[t].n;
	return t < N_TABLES ? &tables[t].v[i] : NULL;
}

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

/* Everything in the tree is of one origin. */
static struct ingot_origins *origins_of(const char *tree, const char *name)
{
	struct ingot_origins *o = ingot_origins_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(strchr(tree, '\n') + 1);
	ingot_origins_apply(o, d, ingot_origins_id(o, ingot_span_of(name)));
	return o;
}

/* One content is known. */
static struct ingot_facts *facts_of(const struct ingot_fact *fact)
{
	struct ingot_facts *f = ingot_alloc(sizeof(*f));
	f->arena = ingot_arena_new();
	f->n_slots = 16;
	f->slots = ingot_alloc_array(f->n_slots, sizeof(*f->slots));
	f->entries = ingot_alloc(sizeof(*f->entries));
	f->n = 1;
	f->entries[0] = (struct facts_entry){ .known = true, .fact = *fact };
	f->slots[0] = 1; /* the digest of the cases is all zero, and so is its hash */
	return f;
}

static int look(const struct policy_case *c, struct ingot_findings *all, struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *tree = c->tree ? tree_of(c->tree) : NULL;
	_cleanup_(ingot_origins_freep) struct ingot_origins *origins = c->origin ? origins_of(c->tree, c->origin) : NULL;
	_cleanup_(ingot_config_freep) struct ingot_config *config = c->config ? config_of(c->config) : NULL;
	_cleanup_(ingot_freep) char *text = c->recipe ? ingot_strf("ingot: 1\nname: web\n%s", c->recipe) : NULL;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *recipe = text ? fixture_recipe(text) : NULL;
	_cleanup_(ingot_accounts_freep) struct ingot_accounts *accounts =
		c->passwd || c->group || c->shadow ? ingot_accounts_parse(ingot_span_of(c->passwd), ingot_span_of(c->group), ingot_span_of(c->shadow)) : NULL;
	_cleanup_(ingot_facts_freep) struct ingot_facts *facts = c->fact ? facts_of(c->fact) : NULL;
	const struct ingot_lock lock = { .date = c->locked };
	struct ingot_recipe changed = { 0 };
	struct ingot_source source = c->source;
	if (source.kind) {
		changed = *recipe;
		changed.sources = &source;
		changed.n_sources = 1;
	}
	struct ingot_subject s = { .recipe = source.kind ? &changed : recipe, .lock = c->locked ? &lock : NULL, .tree = tree, .origins = origins, .config = config, .accounts = accounts, .facts = facts, .writable = c->writable, .size = c->size, .now = c->now };
	struct ingot_policy p = { .profile = c->profile, .allow = c->allow };
	while (s.n_writable < 3 && c->writable[s.n_writable])
		s.n_writable++;
	while (p.n_allow < 3 && c->allow[p.n_allow].rule)
		p.n_allow++;
	return ingot_policy_check(&s, &p, all, err);
}

START_TEST(one_case)
{
	const struct policy_case *c = case_at((size_t)_i);
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
		{ { "setuit", REASON, "/x" }, "no rule \"setuit\"", "\"setuid\"" },
		{ { "completely-else", REASON, "/x" }, "no rule", "ingot explain" },
		{ { "setuid", REASON, NULL, "4755" }, "by value", "names a path" },
		{ { "user-root", REASON, "/x" }, "user-root", "no exceptions" },
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
		for (size_t k = 0; case_at(k) && !seen; k++)
			seen = strstr(case_at(k)->want, word) != NULL;
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
		ck_assert(all.n && strcmp(all.v[0].rule, "setuid") == 0);
		ck_assert_msg(all.v[0].at.line == places[i].line, "%s: line %u", places[i].origin, all.v[0].at.line);
		ck_assert(places[i].origin[0] ? strcmp(all.v[0].origin, places[i].origin) == 0 : !all.v[0].origin);
	}
}
END_TEST

/* Code in a place that the recipe declares: the line that does. */
START_TEST(declaring_line)
{
	static const char text[] = "ingot: 1\nname: web\nimage:\n  user: web\n  writable:\n    - /data\n    - /etc/nginx\n  entrypoint: [/web]\n";
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *recipe = fixture_recipe(text);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT "d 0755 10001 0 1 /data\n" "d 0755 0 0 1 /etc\n" "d 0755 10001 0 1 /etc/nginx\n");
	_cleanup_(ingot_config_freep) struct ingot_config *config = config_of(FINE);
	_cleanup_(ingot_findings_done) struct ingot_findings all = INGOT_FINDINGS_INIT;
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_subject s = { .recipe = recipe, .tree = t, .config = config, .writable = recipe->image.writable.v, .n_writable = recipe->image.writable.n };
	ck_assert_int_eq(ingot_policy_check(&s, &(struct ingot_policy){ 0 }, &all, &err), 0);
	size_t i = 0;
	while (i < all.n && strcmp(all.v[i].rule, "writable-code") != 0)
		i++;
	ck_assert_uint_lt(i, all.n);
	ck_assert_uint_eq(all.v[i].at.line, 7);
	ck_assert_str_eq(all.v[i].text, "/etc/nginx is where the image's user could put code (nginx reads it, and loads the modules that it names); it belongs to the image's user 10001 (0755)");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policy");
	int n = 0;
	while (case_at((size_t)n))
		n++;
	TCase *t = tcase_create("policy");
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
	tcase_add_loop_test(t, one_case, 0, n);
	tcase_add_loop_test(t, an_exception_that_cannot_be, 0, 4);
	tcase_add_test(t, catalogue);
	tcase_add_test(t, lines);
	tcase_add_test(t, declaring_line);
	suite_add_tcase(s, t);
	return run_suite(s);
}
