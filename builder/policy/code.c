#include "code.h"
#include <ingot/glob.h>
#include <ingot/path.h>

/* The path below /, /usr or /usr/local. */
static struct ingot_span in_prefix(struct ingot_span path)
{
	static const struct ingot_span prefixes[] = { INGOT_SPAN("usr/local"), INGOT_SPAN("usr") };
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (ingot_span_eq(path, prefixes[i]))
			return (struct ingot_span){ path.p + path.n, 0 };
		if (ingot_path_under(path, prefixes[i]))
			return ingot_span_from(path, prefixes[i].n + 1);
	}
	return path;
}

/* below: could something below the directory path match? */
static const struct code_row *by_place(struct ingot_span path, bool below)
{
	path = in_prefix(path);
	for (const struct code_row *r = code_places; r->pattern; r++) {
		/* What comes before the first wildcard tells for nearly every row that it is not meant. */
		if (path.n && r->pattern[0] != path.p[0])
			continue;
		size_t literal = strcspn(r->pattern, "*");
		if ((path.n < literal && !below) || (path.n && memcmp(r->pattern, path.p, path.n < literal ? path.n : literal) != 0))
			continue;
		struct ingot_span pattern = ingot_span_of(r->pattern);
		if (below ? ingot_glob_may_match_below(pattern, path) : ingot_glob_match(pattern, path))
			return r;
	}
	return NULL;
}

/* A name, at any depth: of the file or of a directory that it is in. */
static const char *by_name(struct ingot_span path)
{
	struct ingot_span name;
	while (ingot_span_next(&path, '/', &name))
		for (const struct code_row *r = code_names; r->pattern; r++)
			if (r->pattern[0] == name.p[0] && ingot_span_is(name, r->pattern))
				return r->why;
	return NULL;
}

static const char *by_ending(struct ingot_span path)
{
	struct ingot_span name = ingot_path_base(path);
	if (!ingot_span_has(name, '.'))
		return NULL;
	for (const struct code_row *r = code_endings; r->pattern; r++)
		if (ingot_span_ends(name, r->pattern))
			return r->why;
	return memmem(name.p, name.n, ".so.", 4) ? "it is named as a shared library" : NULL;
}

const char *code_why(struct ingot_span path, const struct ingot_node *node, const char *content, const struct code_places *more)
{
	const char *why = content;
	for (size_t i = 0; !why && more && i < more->n; i++)
		if (ingot_path_within(path, more->v[i].path))
			why = more->v[i].why;
	const struct code_row *place = why ? NULL : by_place(path, false);
	why = place ? place->why : why;
	why = why ? why : by_name(path);
	why = why ? why : by_ending(path);
	if (!why && node && node->type == INGOT_FILE && node->mode & 0111)
		why = "its mode lets it be executed";
	return why;
}

const char *code_why_below(struct ingot_span path, const struct code_places *more, struct ingot_span *ret_place)
{
	*ret_place = (struct ingot_span){ 0 };
	const char *why = code_why(path, NULL, NULL, more);
	/* By its name alone a directory is none: what is in x.py has names of its own. */
	if (why && why != by_ending(path))
		return why;
	const struct code_row *row = by_place(path, true);
	if (row) {
		*ret_place = ingot_span_of(row->pattern);
		return row->why;
	}
	for (size_t i = 0; more && i < more->n; i++)
		if (ingot_path_under(more->v[i].path, path)) {
			*ret_place = more->v[i].path;
			return more->v[i].why;
		}
	return NULL;
}
