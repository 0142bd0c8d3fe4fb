/* transient.h - what builds leave behind and no image needs. Private to core. */
#pragma once
#include <ingot/span.h>

struct transient {
	const char *pattern; /* of a tree path: '*' is any part of one name, a whole name "**" any number of names (at the end: one at least) */
	const char *reason;  /* "..., removed" in a finding */
	bool unless_kept;    /* only what the caller does not vouch for */
	bool with_target;    /* only a link, and only if what it leads to goes */
};

/* The first row that path matches, or NULL. */
const struct transient *ingot_transient(struct ingot_span path);
bool ingot_transient_match(const char *pattern, struct ingot_span path);
