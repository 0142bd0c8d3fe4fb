/* sources.list(5): the one-line form and deb822 stanzas, and the walk over the files. */
#include "apt.h"
#include <dirent.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <stdio.h>
#include <strings.h>

const char *apt_usable_url(struct ingot_arena *arena, struct ingot_span url)
{
	if (ingot_span_starts(url, "file://"))
		url = (struct ingot_span){ url.p + 7, url.n - 7 };
	else if (ingot_span_starts(url, "file:/") || ingot_span_starts(url, "copy:/"))
		url = (struct ingot_span){ url.p + 5, url.n - 5 };
	bool http = ingot_span_starts(url, "http://") || ingot_span_starts(url, "https://");
	if (!url.n || url.n > 2000 || (!http && url.p[0] != '/'))
		return NULL;
	for (size_t i = 0; i < url.n; i++)
		/* Blanks and controls end a request line; '@' would be a user's name and password, '?' and '#' end the path. */
		if ((unsigned char)url.p[i] <= ' ' || (unsigned char)url.p[i] >= 0x7f || (http && strchr("@?#\\\"<>", url.p[i])))
			return NULL;
	while (url.n > 1 && url.p[url.n - 1] == '/')
		url.n--;
	return ingot_arena_str(arena, url);
}

static bool word(struct ingot_span *rest, struct ingot_span *ret)
{
	size_t n = 0, blank = 0;
	while (blank < rest->n && strchr(" \t\n\r", rest->p[blank]))
		blank++;
	*rest = (struct ingot_span){ rest->p + blank, rest->n - blank };
	while (n < rest->n && !strchr(" \t\n\r", rest->p[n]))
		n++;
	*ret = (struct ingot_span){ rest->p, n };
	*rest = (struct ingot_span){ rest->p + n, rest->n - n };
	return n > 0;
}

static bool has_word(struct ingot_span list, const char *w)
{
	struct ingot_span one;
	while (word(&list, &one))
		if (ingot_span_is(one, w))
			return true;
	return false;
}

static void add(struct apt *a, struct ingot_span url, struct ingot_span suite)
{
	const char *u = apt_usable_url(a->arena, url);
	/* "./" and "x/" are flat repositories: they have no suites. */
	if (!u || !suite.n || suite.p[suite.n - 1] == '/')
		return;
	ingot_reserve(a->entries, a->n_entries, a->cap_entries);
	a->entries[a->n_entries++] = (struct apt_entry){ ingot_arena_str(a->arena, suite), u };
}

void apt_parse_list(struct apt *a, struct ingot_span text)
{
	struct ingot_span line, type, url, suite;
	while (ingot_span_next(&text, '\n', &line)) {
		const char *hash = line.n ? memchr(line.p, '#', line.n) : NULL;
		if (hash)
			line.n = (size_t)(hash - line.p);
		if (!word(&line, &type) || !ingot_span_is(type, "deb"))
			continue;
		line = ingot_span_trim(line);
		if (line.n && line.p[0] == '[') { /* options: [arch=amd64 signed-by=...] */
			const char *end = memchr(line.p, ']', line.n);
			if (!end)
				continue;
			line = (struct ingot_span){ end + 1, (size_t)(line.p + line.n - end) - 1 };
		}
		if (word(&line, &url) && word(&line, &suite) && has_word(line, "main"))
			add(a, url, suite);
	}
}

struct stanza {
	struct ingot_span types, uris, suites, components, enabled;
};

static void end_stanza(struct apt *a, struct stanza *s)
{
	struct ingot_span uris = s->uris, uri, suites, suite;
	bool off = ingot_span_is(ingot_span_trim(s->enabled), "no") || ingot_span_is(ingot_span_trim(s->enabled), "false");
	if (!off && has_word(s->types, "deb") && has_word(s->components, "main"))
		while (word(&uris, &uri))
			for (suites = s->suites; word(&suites, &suite);)
				add(a, uri, suite);
	*s = (struct stanza){ 0 };
}

void apt_parse_sources(struct apt *a, struct ingot_span text)
{
	static const struct {
		const char *name;
		size_t offset;
	} fields[] = { { "Types", offsetof(struct stanza, types) }, { "URIs", offsetof(struct stanza, uris) }, { "Suites", offsetof(struct stanza, suites) },
		       { "Components", offsetof(struct stanza, components) }, { "Enabled", offsetof(struct stanza, enabled) } };
	struct stanza s = { 0 };
	struct ingot_span line, *field = NULL;
	while (ingot_span_next(&text, '\n', &line)) {
		if (line.n && line.p[0] == '#')
			continue;
		if (!ingot_span_trim(line).n) {
			end_stanza(a, &s);
			field = NULL;
			continue;
		}
		if (line.p[0] == ' ' || line.p[0] == '\t') { /* goes on; a comment line in between ends up as a word that means nothing */
			if (field)
				field->n = (size_t)(line.p + line.n - field->p);
			continue;
		}
		const char *colon = memchr(line.p, ':', line.n);
		size_t n = colon ? (size_t)(colon - line.p) : 0;
		field = NULL;
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (strlen(fields[i].name) == n && strncasecmp(fields[i].name, line.p, n) == 0)
				field = (struct ingot_span *)(void *)((char *)&s + fields[i].offset);
		if (field)
			*field = (struct ingot_span){ colon + 1, line.n - n - 1 };
	}
	end_stanza(a, &s);
}

/* --- files --- */

static void read_one(struct apt *a, const char *path, void (*parse)(struct apt *, struct ingot_span), const struct ingot_log *log)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
	if (ingot_read_file(path, MIB(1), &text, &err) == 0)
		parse(a, ingot_buf_view(&text));
	else if (err.sys != 2) /* ENOENT */
		ingot_say(log, INGOT_NOTE, "apt's configuration: %s (skipped)", err.msg);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files of a directory that apt would read: names of letters, digits, "_", "-" and ".", ending as given ("" = without a dot). */
static void read_parts(struct apt *a, const char *dir, const char *sub, const char *const endings[2], void (*parse)(struct apt *, struct ingot_span), const struct ingot_log *log)
{
	_cleanup_(ingot_freep) char *path = ingot_strf("%s/%s", dir, sub);
	DIR *d = opendir(path);
	char **names = NULL;
	size_t n = 0, cap = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		struct ingot_span name = ingot_span_of(e->d_name);
		bool fits = name.p[0] != '.' && name.n == strspn(name.p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
		bool ends = false;
		for (int i = 0; i < 2 && endings[i]; i++)
			ends |= endings[i][0] ? ingot_span_ends(name, endings[i]) : !ingot_span_has(name, '.');
		if (fits && ends) {
			ingot_reserve(names, n, cap);
			names[n++] = ingot_strdup(e->d_name);
		}
	}
	if (d)
		(void)closedir(d);
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(ingot_freep) char *file = ingot_strf("%s/%s", path, names[i]);
		read_one(a, file, parse, log);
		free(names[i]);
	}
	free(names);
}

void apt_read(struct apt *a, const char *dir, const struct ingot_log *log)
{
	static const char *const list[2] = { ".list", NULL }, *const sources[2] = { ".sources", NULL }, *const conf[2] = { "", ".conf" };
	_cleanup_(ingot_freep) char *main_list = ingot_strf("%s/sources.list", dir), *main_conf = ingot_strf("%s/apt.conf", dir);
	read_one(a, main_list, apt_parse_list, log);
	read_parts(a, dir, "sources.list.d", list, apt_parse_list, log);
	read_parts(a, dir, "sources.list.d", sources, apt_parse_sources, log);
	read_parts(a, dir, "apt.conf.d", conf, apt_parse_conf, log);
	read_one(a, main_conf, apt_parse_conf, log);
}

void apt_done(struct apt *a)
{
	free(a->entries);
	free(a->settings);
}
