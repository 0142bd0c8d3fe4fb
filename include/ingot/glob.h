/* glob.h - path patterns of the recipe: '*' and '?' stay within one name, '**' crosses directories, '[...]' is a set. No braces, no escapes. */
#pragma once
#include <ingot/span.h>

/* Does the pattern match the whole path (relative, no leading slash)? "dir" also matches everything below dir. */
bool ingot_glob_match(struct ingot_span pattern, struct ingot_span path);
/* Could something below the directory path match? Decides whether a walk enters it. */
bool ingot_glob_may_match_below(struct ingot_span pattern, struct ingot_span dir);
/* No wildcard in it. */
bool ingot_glob_is_literal(struct ingot_span pattern);
