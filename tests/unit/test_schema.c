/* The table of the language: its schema and its reference page say what it says. INGOT_UPDATE=1 writes recipes/schema.json and the
 * reference section of docs/RECIPE.md anew instead of comparing. */
#include "../../builder/recipe/rules.h"
#include "../../builder/recipe/schema.h"
#include <ingot/suggest.h>
#include "recipe_fixture.h"
#include "run_suite.h"
#include <ctype.h>

static char *source_file(const char *name)
{
	const char *top = getenv("INGOT_SOURCE");
	return ingot_strf("%s/%s", top ? top : INGOT_TESTS "/..", name);
}

static void read_source(const char *name, struct ingot_buf *out)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_freep) char *path = source_file(name);
	if (ingot_read_file(path, 1 << 20, out, &err) < 0)
		ck_abort_msg("%s", err.msg);
}

static void write_source(const char *name, const struct ingot_buf *b)
{
	_cleanup_(ingot_freep) char *path = source_file(name);
	fixture_write(path, b->p, b->n);
}

static const struct object *all(size_t i)
{
	return i ? schema_objects[i - 1] : &schema_recipe;
}

START_TEST(every_key_is_documented)
{
	for (size_t i = 0; all(i); i++) {
		const struct object *o = all(i);
		ck_assert_ptr_nonnull(o->doc);
		for (size_t k = 0; k < o->n; k++) {
			const struct field *f = &o->fields[k];
			ck_assert_msg(f->doc && f->doc[0] && f->doc[strlen(f->doc) - 1] == '.', "%s of %s: no sentence", f->key, o->name);
			ck_assert_msg(f->slot == SLOT_OBJECT || f->slot == SLOT_LIST || f->slot == SLOT_NAMED || f->example || f->fallback, "%s of %s: no example", f->key, o->name);
			ck_assert_msg(!f->with || schema_field(o, ingot_span_of(f->with)), "%s of %s: stands with nothing", f->key, o->name);
			ck_assert(schema_field(o, ingot_span_of(f->key)) == f);
			/* every object that is pointed to is listed */
			bool listed = !f->object;
			for (size_t n = 0; schema_objects[n]; n++)
				listed = listed || schema_objects[n] == f->object;
			ck_assert_msg(listed, "%s of %s: its object is not listed", f->key, o->name);
		}
		for (size_t k = 0; o->one_of[k]; k++)
			ck_assert_ptr_nonnull(schema_field(o, ingot_span_of(o->one_of[k])));
	}
}
END_TEST

/* The strings of an example hold by the rule that they are an example of. */
START_TEST(examples_hold)
{
	size_t checked = 0;
	for (size_t i = 0; all(i); i++)
		for (size_t k = 0; k < all(i)->n; k++) {
			const struct field *f = &all(i)->fields[k];
			if (!f->example || f->slot == SLOT_PAIRS || (!f->rule && !f->words))
				continue;
			for (const char *p = strchr(f->example, '"'); p; p = strchr(p, '"')) {
				const char *end = strchr(p + 1, '"');
				ck_assert_ptr_nonnull(end);
				struct ingot_span s = { p + 1, (size_t)(end - p) - 1 };
				bool fine = f->rule && f->rule->ok(s);
				for (size_t w = 0; f->words && f->words[w]; w++)
					fine = fine || ingot_span_is(s, f->words[w]);
				ck_assert_msg(fine, "%s: %s", f->key, f->example);
				checked++;
				p = end + 1;
			}
		}
	ck_assert_uint_gt(checked, 40);
}
END_TEST

START_TEST(schema_file_is_current)
{
	_cleanup_(ingot_buf_done) struct ingot_buf now = INGOT_BUF(1 << 20), file = INGOT_BUF(1 << 20);
	ingot_recipe_schema(&now);
	ck_assert(!now.full);
	if (getenv("INGOT_UPDATE"))
		write_source("recipes/schema.json", &now);
	read_source("recipes/schema.json", &file);
	ck_assert_msg(ingot_span_eq(ingot_buf_view(&now), ingot_buf_view(&file)), "recipes/schema.json is not what the table says: INGOT_UPDATE=1 %s writes it", "test_schema");
}
END_TEST

static const char *type_text(const struct field *f)
{
	switch (f->slot) {
	case SLOT_STRING:
		return f->words ? "one word of a list" : f->rule->what;
	case SLOT_STRINGS:
		return "a list of strings";
	case SLOT_PAIRS:
		return "a mapping of names to strings";
	case SLOT_BOOL:
		return "true or false";
	case SLOT_U32:
		return "a whole number";
	case SLOT_SIZE:
	case SLOT_MODE:
		return f->rule->what;
	case SLOT_COMMAND:
		return "a script, or a list of a command and its arguments";
	case SLOT_OBJECT:
		return f->object->list_key ? "a mapping, or a list" : f->object->scalar_key ? "a mapping, or a string" : "a mapping";
	case SLOT_LIST:
		return "a list of mappings";
	case SLOT_NAMED:
		return "a mapping of names to mappings";
	case SLOT_NONE:
		return f->flags & REPEATS ? "a list of strings" : "one word of a list";
	}
	return "";
}

static void put_row(struct ingot_buf *b, const struct field *f)
{
	ingot_buf_fmt(b, "- **`%s`**: %s%s", f->key, type_text(f), f->flags & REQUIRED ? (f->with ? ", required with" : ", required") : "");
	if (f->with)
		ingot_buf_fmt(b, "%s `%s`", f->flags & REQUIRED ? "" : ", only with", f->with);
	if (f->slot == SLOT_U32)
		ingot_buf_fmt(b, ", %u to %u", f->min, f->max);
	ingot_buf_fmt(b, ". %s%s", f->flags & LATER ? "*Refused by this version.* " : "", f->doc);
	for (size_t i = 0; f->words && f->words[i]; i++)
		ingot_buf_fmt(b, "%s`%s`", i ? ", " : f->words[1] ? " One of " : " Only ", f->words[i]);
	ingot_buf_str(b, f->words ? "." : "");
	if (f->fallback)
		ingot_buf_fmt(b, " Default: `%s`.", f->fallback);
	if (f->example)
		ingot_buf_fmt(b, " Example: `%s: %s`", f->key, f->example);
	ingot_buf_char(b, '\n');
}

#define BEGIN_MARK "<!-- reference: begin -->\n"
#define END_MARK "<!-- reference: end -->\n"

static void put_reference(struct ingot_buf *b)
{
	for (size_t i = 0; all(i); i++) {
		const struct object *o = all(i);
		const char *space = strchr(o->name, ' '), *name = space ? space + 1 : o->name;
		ingot_buf_fmt(b, "\n### %c%s\n\n%s\n\n", toupper((unsigned char)name[0]), name + 1, o->doc);
		for (size_t k = 0; k < o->n; k++)
			put_row(b, &o->fields[k]);
	}
	ingot_buf_char(b, '\n');
}

START_TEST(reference_is_current)
{
	_cleanup_(ingot_buf_done) struct ingot_buf page = INGOT_BUF(1 << 20), now = INGOT_BUF(1 << 20), fresh = INGOT_BUF(1 << 20);
	read_source("docs/RECIPE.md", &page);
	put_reference(&now);
	const char *from = strstr(ingot_buf_cstr(&page), BEGIN_MARK), *to = strstr(ingot_buf_cstr(&page), END_MARK);
	ck_assert(from && to && from < to);
	from += strlen(BEGIN_MARK);
	if (getenv("INGOT_UPDATE")) {
		ingot_buf_put(&fresh, page.p, (size_t)(from - page.p));
		ingot_buf_span(&fresh, ingot_buf_view(&now));
		ingot_buf_str(&fresh, to);
		write_source("docs/RECIPE.md", &fresh);
		return;
	}
	ck_assert_msg((size_t)(to - from) == now.n && memcmp(from, now.p, now.n) == 0, "docs/RECIPE.md is not what the table says: INGOT_UPDATE=1 test_schema writes it");
}
END_TEST

START_TEST(nearest_words)
{
	static const char *const words[] = { "packages", "copy", "steps", "user", "env", "entrypoint", "ports" };
	static const char *const pairs[][2] = { { "pakages", "packages" }, { "package", "packages" }, { "entrpyoint", "entrypoint" }, { "step", "steps" }, { "prots", "ports" },
						{ "evn", "env" }, { "usr", "user" }, { "x", NULL }, { "", NULL }, { "volumes", NULL } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *w = ingot_suggest(ingot_span_of(pairs[i][0]), words, 7);
		if (pairs[i][1])
			ck_assert_pstr_eq(w, pairs[i][1]);
		else
			ck_assert_ptr_null(w);
	}
	ck_assert_uint_eq(ingot_edit_distance(INGOT_SPAN("abc"), INGOT_SPAN("abc")), 0);
	ck_assert_uint_eq(ingot_edit_distance(INGOT_SPAN("abc"), INGOT_SPAN("acb")), 1);
	ck_assert_uint_eq(ingot_edit_distance(INGOT_SPAN("kitten"), INGOT_SPAN("sitting")), 3);
	ck_assert_uint_eq(ingot_edit_distance(INGOT_SPAN(""), INGOT_SPAN("abc")), 3);
}
END_TEST

/* What each rule takes (first list) and refuses (second). */
static const struct {
	const struct rule *rule;
	const char *good[9], *bad[16];
} samples[] = {
	{ &rule_name, { "a", "0", "web-1.x_y" }, { "", "A", "-a", ".a", "a b", "a/b", "ü", "a123456789012345678901234567890123456789012345678901234567890123" } },
	{ &rule_tag, { "1.10", "_x", "V1-2" }, { "", ".1", "-1", "1+2", "1~2", "a:b", "a b" } },
	{ &rule_package, { "gcc", "g++", "libc6-dev", "x264", "a0=1:2.3~rc1-4+b2" }, { "", "a", "A0", "gcc=", "gcc=x1", "gcc:amd64", "gcc =1", "-gcc", "g_c", "gcc=1 2" } },
	{ &rule_package_name, { "perl-base" }, { "perl-base=1", "p" } },
	{ &rule_suite, { "bookworm", "bookworm-updates", "non-free-firmware", "stable/updates" }, { "", "../x", "a/../b", "a/", "A", "/a" } },
	{ &rule_absolute, { "/", "/a/b", "/a/b/", "/\xc3\xbc x" }, { "", "a", "/a/../b", "/..", "/a/./b", "/a\nb" } },
	{ &rule_directory, { "/a" }, { "/", "", "a" } },
	{ &rule_relative, { ".", "a", "a/b/", "a.b" }, { "", "/a", "..", "a/../b", "../a", "./a", "a//b" } },
	{ &rule_glob, { "**", "a/**/*.c", "[ab].c" }, { "", ".", "/x", "../*", "a/..", "a//b" } },
	{ &rule_env_name, { "A", "_a1" }, { "", "1A", "A-B", "A=B", "A B" } },
	{ &rule_var_name, { "A", "A_1" }, { "", "a", "1A", "A-B" } },
	{ &rule_label, { "a", "org.opencontainers.image.source", "a/b" }, { "", ".a", "a.", "a b", "a=b" } },
	{ &rule_port, { "1", "65535", "80/tcp", "53/udp" }, { "", "0", "65536", "080", "+80", "80/", "80/sctp", "80/TCP", "tcp", "80-90", "80/tcp/udp" } },
	{ &rule_account, { "web", "_apt", "www-data", "Debian-exim" }, { "", "root", "0web", "we.b", "we b", "web:x", "a1234567890123456789012345678901" } },
	{ &rule_sha256, { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }, { "", "e3b0", "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } },
	{ &rule_url, { "https://example.org/x", "http://a.b/" }, { "", "ftp://a/", "https://", "file:///x", "https://u:p@h/", "https://a b/", "https://a/`x`" } },
	{ &rule_reference, { "localhost/web", "registry.example.org/team/web:1.4.2", "h:5000/a/b" },
	  { "", "web", "team/web", "/web", "h.x/Web", "h.x/a//b", "h.x/a:", "h.x/a@sha256:0", "h.x/-a", "h:99999/a", "h.x/a/", ":5/a" } },
	{ &rule_size, { "1", "30MiB", "5 GiB", "1kB" }, { "", "0", "0MiB", "MiB", "-1", "1.5MiB", "30mb", "1TiB", "1 Mi B", "99999999999GiB", "01MiB" } },
	{ &rule_mode, { "644", "0644", "04755" }, { "", "64", "0888", "u+x", "0x1ff", "064400", "10000" } },
	{ &rule_own_id, { "own-a", "own-no-locales-2" }, { "", "own", "own-", "own-a-", "no-locales", "own-A", "own-a.b" } },
	{ &rule_owner, { "0", "not 0", "user", "4294967294" }, { "", "web", "not", "not web", "not  0", "01", "-1", "4294967295", "not user" } },
	{ &rule_line, { "a b" }, { "", "a\nb" } },
};

START_TEST(rules)
{
	const struct rule *r = samples[_i].rule;
	for (size_t i = 0; samples[_i].good[i]; i++)
		ck_assert_msg(r->ok(ingot_span_of(samples[_i].good[i])), "%s: refuses \"%s\"", r->what, samples[_i].good[i]);
	for (size_t i = 0; samples[_i].bad[i]; i++)
		ck_assert_msg(!r->ok(ingot_span_of(samples[_i].bad[i])), "%s: takes \"%s\"", r->what, samples[_i].bad[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema");
	TCase *t = tcase_create("schema");
	tcase_add_test(t, every_key_is_documented);
	tcase_add_test(t, examples_hold);
	tcase_add_test(t, schema_file_is_current);
	tcase_add_test(t, reference_is_current);
	tcase_add_test(t, nearest_words);
	tcase_add_loop_test(t, rules, 0, (int)(sizeof(samples) / sizeof(samples[0])));
	suite_add_tcase(s, t);
	return run_suite(s);
}
