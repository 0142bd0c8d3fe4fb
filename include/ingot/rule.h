/* rule.h - the catalogue of rules: what each says, why, whose practice it is, how to mend. `ingot explain` prints it; findings name its ids. */
#pragma once
#include <ingot/finding.h>

/* How strictly the rules are meant. What is only advice by default is an error for those who ask for it. */
enum ingot_profile { INGOT_PROFILE_DEFAULT = 0, INGOT_PROFILE_STRICT, INGOT_PROFILE_RELEASE };
#define INGOT_PROFILES 3
const char *ingot_profile_word(enum ingot_profile p); /* "default", "strict", "release" */
/* -1: no such profile. */
int ingot_profile_from_word(struct ingot_span word, enum ingot_profile *ret);

struct ingot_rule {
	const char *id;      /* lower case, words joined by "-"; never changes its meaning */
	enum ingot_severity severity[INGOT_PROFILES]; /* INGOT_SEV_NONE: not looked at */
	const char *what;    /* one line: what must hold */
	const char *why;     /* what happens to those who do not follow it */
	const char *source;  /* the practice or benchmark that it implements: "CIS-DI-0001", or NULL */
	const char *mend;    /* what to do */
	const char *example; /* lines of a recipe that follow it, or NULL */
	const char *allowed_by; /* what policy.allow names for it: "path", "value", or NULL: nothing sets it aside */
};

size_t ingot_rule_count(void);
const struct ingot_rule *ingot_rule_at(size_t i); /* in the order of the catalogue */
const struct ingot_rule *ingot_rule_find(struct ingot_span id); /* or NULL */
/* The id that is spelled most like this, or NULL when none is near. */
const char *ingot_rule_near(struct ingot_span id);
