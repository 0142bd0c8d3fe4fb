/* apt.h - what the host's own apt configuration says about where to fetch from. Read-only, and only the few settings that are named here. */
#pragma once
#include <ingot/err.h>
#include <ingot/log.h>
#include <ingot/mem.h>
#include <stdbool.h>

struct apt_entry {
	const char *suite, *url; /* url without a trailing slash; http:, https: or a directory */
};

struct apt_setting {
	const char *name, *value; /* "Acquire::http::Proxy" */
};

struct apt {
	struct ingot_arena *arena; /* holds all texts */
	struct apt_entry *entries; /* binary archives with component main, in order of the files' names */
	size_t n_entries, cap_entries;
	struct apt_setting *settings; /* those that begin with "Acquire::"; a later one of a name counts */
	size_t n_settings, cap_settings;
};

/* Unreadable or malformed files are skipped with a note in the log: they are another program's. */
void apt_read(struct apt *a, const char *dir, const struct ingot_log *log);
void apt_done(struct apt *a);
/* The value of a setting (names are compared without regard to case), or NULL. */
const char *apt_setting(const struct apt *a, const char *name);

/* of one file's text; for apt_read() and the tests */
void apt_parse_list(struct apt *a, struct ingot_span text);
void apt_parse_sources(struct apt *a, struct ingot_span text);
void apt_parse_conf(struct apt *a, struct ingot_span text);

/* A URL or directory that can be fetched from, without trailing slashes, in the arena; NULL for anything else. */
const char *apt_usable_url(struct ingot_arena *arena, struct ingot_span url);
