/* finding.h - what a rule says about a recipe, a tree or a config: which rule, how grave, where, what, who brought it, how to mend. */
#pragma once
#include <ingot/mem.h>
#include <ingot/place.h>

enum ingot_severity { INGOT_SEV_NONE = 0, INGOT_SEV_NOTE, INGOT_SEV_WARNING, INGOT_SEV_ERROR };
const char *ingot_severity_word(enum ingot_severity s); /* "none", "note", "warning", "error" */

struct ingot_finding {
	const char *rule; /* its id; see rule.h */
	enum ingot_severity severity;
	const char *text;  /* one sentence that stands alone, foreign bytes escaped, without a full stop */
	const char *mend;  /* what to do about this one; NULL: what the rule says */
	/* where: any of these */
	struct ingot_place at; /* in the recipe; line 0: nowhere */
	const char *path;      /* in the image: absolute, escaped; or NULL */
	const char *field;     /* in the image's config, as a JSON pointer ("/config/Env/2"); or NULL */
	const char *value;     /* what an exception may name instead of a path ("80/tcp", "MYSQL_ROOT_PASSWORD"); or NULL */
	const char *origin;    /* who brought it ("package nginx"), or NULL */
	const char *allowed;   /* the reason for which an exception covers it, or NULL: then it counts */
};

/* Findings in the order in which they were made; their strings live in the arena. */
struct ingot_findings {
	struct ingot_finding *v;
	size_t n, cap;
	struct ingot_arena *arena;
};
#define INGOT_FINDINGS_INIT { 0 }
void ingot_findings_done(struct ingot_findings *f);
/* A new one, to be filled in before the next is added. Makes the arena if there is none yet. */
struct ingot_finding *ingot_findings_add(struct ingot_findings *f, const char *rule, enum ingot_severity severity);
/* How many of at least this severity count (are not allowed). */
size_t ingot_findings_count(const struct ingot_findings *f, enum ingot_severity least);
/* By severity (gravest first), rule, path, field, place, text: the same findings in the same order whatever found them. */
void ingot_findings_sort(struct ingot_findings *f);
