#include <ingot/finding.h>
#include <stdlib.h>
#include <string.h>

const char *ingot_severity_word(enum ingot_severity s)
{
	static const char *const words[] = { "none", "note", "warning", "error" };
	return words[s];
}

void ingot_findings_done(struct ingot_findings *f)
{
	free(f->v);
	ingot_arena_free(f->arena);
	*f = (struct ingot_findings)INGOT_FINDINGS_INIT;
}

struct ingot_finding *ingot_findings_add(struct ingot_findings *f, const char *rule, enum ingot_severity severity)
{
	if (!f->arena)
		f->arena = ingot_arena_new();
	ingot_reserve(f->v, f->n, f->cap);
	f->v[f->n] = (struct ingot_finding){ .rule = rule, .severity = severity, .text = "" };
	return &f->v[f->n++];
}

size_t ingot_findings_count(const struct ingot_findings *f, enum ingot_severity least)
{
	size_t n = 0;
	for (size_t i = 0; i < f->n; i++)
		n += f->v[i].severity >= least && !f->v[i].allowed;
	return n;
}

static int by_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int order(const void *x, const void *y)
{
	const struct ingot_finding *a = x, *b = y;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	int r = by_text(a->rule, b->rule);
	r = r ? r : by_text(a->path, b->path);
	r = r ? r : by_text(a->field, b->field);
	if (!r && a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (!r && a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	return r ? r : by_text(a->text, b->text);
}

void ingot_findings_sort(struct ingot_findings *f)
{
	if (f->n > 1)
		qsort(f->v, f->n, sizeof(*f->v), order);
}
