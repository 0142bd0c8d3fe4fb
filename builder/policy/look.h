/* look.h - one look at a subject: what every group of rules is given, and how it reports.
 *
 * A group is a file rules_NAME.c: the rows of the catalogue and, beside them, what finds out. To add a rule, add a row and a check to its group; a group of its own is
 * named in groups.c.
 */
#pragma once
#include <ingot/policy.h>
#include <ingot/tree.h>

struct look {
	const struct ingot_subject *s;
	const struct ingot_policy *p;
	struct ingot_findings *out;
	const struct ingot_config *config; /* of the subject; without it, what its recipe says; or NULL */
	struct ingot_span *writable; /* of the subject, resolved in its tree, one each; a place that is not there is NULL, 0 */
};

struct rule_group {
	const struct ingot_rule *rules;
	size_t n;
	void (*check)(struct look *l);
};
extern const struct rule_group *const rule_groups[]; /* ends with NULL */

/* Does this path of the tree lie in a place that is declared writable? */
bool look_writable(const struct look *l, struct ingot_span path);

/* Each reports one finding and returns it, or NULL where the profile does not ask. The text is whole: it names what it is about. */
/* At a path of the tree: what it is about goes in front ("/usr/bin/su" and then " is set-user-id"). */
struct ingot_finding *look_path(struct look *l, const char *rule, size_t dirent, const char *fmt, ...) INGOT_PRINTF(4, 5);
/* At a member of the config. value: what an exception may name, or NULL. */
struct ingot_finding *look_field(struct look *l, const char *rule, const char *field, const char *value, const char *fmt, ...) INGOT_PRINTF(5, 6);
/* At a line of the recipe. */
struct ingot_finding *look_line(struct look *l, const char *rule, struct ingot_place at, const char *value, const char *fmt, ...) INGOT_PRINTF(5, 6);

/* where.c: the line of the recipe behind a path's origin, or behind a member of the config; 0 where none is. */
struct ingot_place where_origin(const struct ingot_recipe *r, struct ingot_span origin);
struct ingot_place where_field(const struct ingot_recipe *r, const char *field);

/* plan.c: the config as the recipe wants it, in the arena. */
const struct ingot_config *plan_config(const struct ingot_recipe *r, struct ingot_arena *arena);

/* Could the image's user write this place of the tree, or make it? False for root, and where there is no tree or no config. */
bool look_user_writes(const struct look *l, const char *path);

/* rules_own.c: the user's own rules, which are no group: they have no rows. */
void check_own_rules(struct look *l);
const struct ingot_own_rule *own_rule_find(const struct ingot_subject *s, const struct ingot_policy *p, const char *id); /* or NULL */
/* The same as look_path() and look_field() for a rule that the catalogue does not have; text and mend are for the caller to fill in. */
struct ingot_finding *look_own_path(struct look *l, const char *rule, enum ingot_severity severity, size_t dirent);
struct ingot_finding *look_own_field(struct look *l, const char *rule, enum ingot_severity severity, const char *field, const char *value);
