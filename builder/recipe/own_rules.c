#include "own_rules.h"
#include "client.h"
#include "schema.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/path.h>
#include <unistd.h>

static const char *const versions[] = { "1", NULL };

static const struct field fields[] = {
	{ .key = "ingot-rules", .slot = SLOT_NONE, .flags = REQUIRED, .words = versions, .doc = "The version of the format." },
	{ .key = "rules", .slot = SLOT_LIST, .flags = REQUIRED, .offset = offsetof(struct ingot_own_rules, v), .offset2 = offsetof(struct ingot_own_rules, n), .object = &schema_own_rule, .doc = "The rules." },
};
static const struct object file_object = { .name = "a file of rules",
					   .doc = "Rules of one's own.",
					   .fields = fields,
					   .n = sizeof(fields) / sizeof(fields[0]),
					   .size = sizeof(struct ingot_own_rules),
					   .at_offset = NO_PLACE };

static const struct ingot_own_rule *same_id(const struct ingot_own_rules *rules, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(rules->v[k].id, rules->v[i].id) == 0)
			return &rules->v[k];
	return NULL;
}

static int check_ids(const struct source_text *s, const struct ingot_own_rules *rules, size_t first, struct ingot_err *err)
{
	for (size_t i = first; i < rules->n; i++) {
		const struct ingot_own_rule *other = same_id(rules, i);
		if (!other)
			continue;
		(void)ingot_fail(err, INGOT_E_INPUT, "there are two rules \"%s\"", rules->v[i].id);
		return text_blame(s, rules->v[i].at, err);
	}
	return 0;
}

static int decode_rules(const struct source_text *s, struct ingot_arena *arena, struct ingot_own_rules *ret, struct ingot_err *err)
{
	static const struct ingot_pairs no_vars;
	struct node *root;
	struct decode d = { .source = *s, .arena = arena, .vars = &no_vars };
	ingot_pass(recipe_parse(s, false, arena, &root, err));
	return decode_object(&d, &file_object, root, ret, err);
}

int ingot_rules_file_load(const char *path, struct ingot_rules_file **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_RECIPE);
	ingot_try(err, ingot_read_file(path, INGOT_MAX_RECIPE, &text, err), "reading the rules");
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	struct ingot_rules_file *f = ingot_arena_alloc(arena, sizeof(*f));
	const struct source_text s = { ingot_arena_str(arena, ingot_span_of(path)), ingot_arena_span(arena, ingot_buf_view(&text)) };
	ingot_sha256(s.text.p, s.text.n, &f->digest);
	ingot_pass(decode_rules(&s, arena, &f->rules, err));
	ingot_pass(check_ids(&s, &f->rules, 0, err));
	f->arena = TAKE_PTR(arena);
	*ret = f;
	return 0;
}

void ingot_rules_file_free(struct ingot_rules_file *f)
{
	if (f)
		ingot_arena_free(f->arena); /* f lies in it */
}

/* Beneath the recipe's directory, no link followed: in a pull request the file is a stranger's, as the recipe is. */
static int read_beside(const struct ingot_recipe *r, struct ingot_buf *out, struct ingot_err *err)
{
	const char *slash = strrchr(r->file, '/');
	_cleanup_(ingot_freep) char *dir = slash ? ingot_strf("%.*s", (int)(slash - r->file) + 1, r->file) : ingot_strdup(".");
	_cleanup_(ingot_closep) int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "opening the recipe's directory");
	_cleanup_(ingot_closep) int fd = ingot_open_beneath(dirfd, ingot_span_of(r->rules_file), O_RDONLY | O_NONBLOCK | O_NOCTTY, err);
	ingot_pass(fd);
	return ingot_read_all(fd, out, err);
}

int own_rules_add(struct ingot_recipe *r, struct ingot_arena *arena, struct ingot_err *err)
{
	const struct source_text recipe = { r->file, r->text };
	struct ingot_own_rules more = { 0 };
	ingot_pass(check_ids(&recipe, &r->own, 0, err));
	if (!r->rules_file)
		return 0;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_RECIPE);
	if (read_beside(r, &text, err) < 0) {
		(void)ingot_context(err, "rules-file: %s", INGOT_SHOW(ingot_span_of(r->rules_file)));
		return text_blame(&recipe, r->rules_file_at, err);
	}
	const struct source_text s = { r->rules_file, ingot_arena_span(arena, ingot_buf_view(&text)) };
	ingot_sha256(s.text.p, s.text.n, &r->rules_digest);
	ingot_pass(decode_rules(&s, arena, &more, err));
	struct ingot_own_rule *v = ingot_arena_array(arena, r->own.n + more.n + 1, sizeof(*v));
	if (r->own.n)
		memcpy(v, r->own.v, r->own.n * sizeof(*v));
	if (more.n)
		memcpy(v + r->own.n, more.v, more.n * sizeof(*v));
	struct ingot_own_rules all = { v, r->own.n + more.n };
	ingot_pass(check_ids(&s, &all, r->own.n, err));
	r->own = all;
	return 0;
}
