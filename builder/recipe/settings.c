#include "client.h"
#include "schema.h"
#include <errno.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/settings.h>
#include <unistd.h>

#define AT(member) offsetof(struct ingot_settings, member)

static const char *const isolations[] = { "auto", "full", NULL };

static const struct field fields[] = {
	{ .key = "mirrors", .slot = SLOT_STRINGS, .offset = AT(mirrors), .doc = "Where packages come from: URL, or SUITE=URL." },
	{ .key = "proxy", .slot = SLOT_STRING, .offset = AT(proxy), .doc = "An HTTP proxy." },
	{ .key = "archive-keys", .slot = SLOT_STRINGS, .offset = AT(archive_keys), .doc = "Files with further public keys that may sign package archives." },
	{ .key = "key", .slot = SLOT_STRING, .offset = AT(key), .doc = "The private key to sign with: FILE or env://NAME." },
	{ .key = "isolation", .slot = SLOT_STRING, .offset = AT(isolation), .words = isolations, .doc = "full: refuse to run steps where there are no namespaces." },
	{ .key = "store", .slot = SLOT_STRING, .offset = AT(store), .doc = "Where content is kept." },
};
static const struct object settings = { .name = "the configuration",
					.doc = "The user's configuration.",
					.fields = fields,
					.n = sizeof(fields) / sizeof(fields[0]),
					.size = sizeof(struct ingot_settings),
					.at_offset = NO_PLACE };

/* The default file, or NULL when there is no home to look in. */
static char *default_path(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (config && config[0] == '/')
		return ingot_strf("%s/ingot/config.yaml", config);
	return home && home[0] == '/' ? ingot_strf("%s/.config/ingot/config.yaml", home) : NULL;
}

/* A file of comments alone sets nothing, and is no error. */
static bool says_nothing(struct ingot_span text)
{
	struct ingot_span line;
	while (ingot_span_next(&text, '\n', &line)) {
		line = ingot_span_trim(line);
		if (line.n && line.p[0] != '#')
			return false;
	}
	return true;
}

static int read_settings(const char *path, struct ingot_arena *arena, struct ingot_settings *out, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_RECIPE);
	static const struct ingot_pairs no_vars;
	struct node *root;
	ingot_try(err, ingot_read_file(path, INGOT_MAX_RECIPE, &text, err), "reading the configuration");
	if (says_nothing(ingot_buf_view(&text)))
		return 0;
	struct decode d = { .source = { ingot_arena_str(arena, ingot_span_of(path)), ingot_arena_span(arena, ingot_buf_view(&text)) }, .arena = arena, .vars = &no_vars };
	ingot_pass(recipe_parse(&d.source, false, arena, &root, err));
	return decode_object(&d, &settings, root, out, err);
}

int ingot_settings_load(const char *path, struct ingot_settings **ret, struct ingot_err *err)
{
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_freep) char *usual = path ? NULL : default_path();
	struct ingot_settings *s = ingot_arena_alloc(arena, sizeof(*s));
	const char *file = path ? path : usual;
	bool there = path || (usual && (access(usual, F_OK) == 0 || errno != ENOENT));
	if (there)
		ingot_pass(read_settings(file, arena, s, err));
	s->arena = TAKE_PTR(arena);
	*ret = s;
	return 0;
}

void ingot_settings_free(struct ingot_settings *s)
{
	if (s)
		ingot_arena_free(s->arena);
}
