/* catalogue.c - all rows of all groups as one list. */
#include "look.h"
#include <ingot/suggest.h>

size_t ingot_rule_count(void)
{
	size_t n = 0;
	for (size_t g = 0; rule_groups[g]; g++)
		n += rule_groups[g]->n;
	return n;
}

const struct ingot_rule *ingot_rule_at(size_t i)
{
	size_t g = 0;
	for (; rule_groups[g] && i >= rule_groups[g]->n; g++)
		i -= rule_groups[g]->n;
	ingot_assert(rule_groups[g]);
	return &rule_groups[g]->rules[i];
}

const struct ingot_rule *ingot_rule_find(struct ingot_span id)
{
	for (size_t g = 0; rule_groups[g]; g++)
		for (size_t i = 0; i < rule_groups[g]->n; i++)
			if (ingot_span_is(id, rule_groups[g]->rules[i].id))
				return &rule_groups[g]->rules[i];
	return NULL;
}

const char *ingot_rule_near(struct ingot_span id)
{
	size_t n = ingot_rule_count();
	_cleanup_(ingot_freep) const char **ids = ingot_alloc_array(n, sizeof(*ids));
	for (size_t i = 0; i < n; i++)
		ids[i] = ingot_rule_at(i)->id;
	return ingot_suggest(id, ids, n);
}

static const char *const profiles[INGOT_PROFILES] = { "default", "strict", "release" };

const char *ingot_profile_word(enum ingot_profile p)
{
	return profiles[p];
}

int ingot_profile_from_word(struct ingot_span word, enum ingot_profile *ret)
{
	for (int i = 0; i < INGOT_PROFILES; i++)
		if (ingot_span_is(word, profiles[i])) {
			*ret = (enum ingot_profile)i;
			return 0;
		}
	return -1;
}
