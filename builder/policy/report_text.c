/* report_text.c - findings for people: a line each, the rules together, the count at the end. */
#include "report_impl.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>

/* Of one rule. More of the same teach nothing more; the other formats have all. */
#define SHOWN 20

static const char *colour_of(const struct ingot_report *r, enum ingot_severity s)
{
	return !r->colour ? "" : s == INGOT_SEV_ERROR ? "\033[1;31m" : s == INGOT_SEV_WARNING ? "\033[1;33m" : "\033[1m";
}

static void put(const struct ingot_report *r, const struct ingot_finding *f, struct ingot_buf *out)
{
	const char *word = f->allowed ? "allowed" : ingot_severity_word(f->severity), *on = f->allowed ? "" : colour_of(r, f->severity);
	ingot_report_where(r, f, out);
	ingot_buf_fmt(out, ": %s%s:%s ", on, word, *on ? "\033[0m" : "");
	ingot_report_line(f, out);
	ingot_buf_char(out, '\n');
	if (f->mend && !f->allowed)
		ingot_buf_fmt(out, "  hint: %s\n", f->mend);
}

static bool shown(const struct ingot_report *r, const struct ingot_finding *f)
{
	return f->allowed ? r->allowed : f->severity >= r->least;
}

/* The hint that all of a rule's findings share, once behind them. */
static void end_group(const struct ingot_rule *rule, size_t n, bool hint, struct ingot_buf *out)
{
	if (n > SHOWN)
		ingot_buf_fmt(out, "  and %zu more of %s\n", n - SHOWN, rule->id);
	if (n && hint && strncmp(rule->mend, "nothing", 7) != 0)
		ingot_buf_fmt(out, "  hint: %s; ingot explain %s says why\n", rule->mend, rule->id);
}

static void count(struct ingot_buf *out, size_t n, const char *word, bool *first)
{
	if (!n)
		return;
	ingot_buf_fmt(out, "%s%zu %s%s", *first ? "" : ", ", n, word, n == 1 ? "" : "s");
	*first = false;
}

static void summary(const struct ingot_report *r, struct ingot_buf *out)
{
	const struct ingot_findings *all = r->findings;
	size_t errors = ingot_findings_count(all, INGOT_SEV_ERROR), warnings = ingot_findings_count(all, INGOT_SEV_WARNING), notes = ingot_findings_count(all, INGOT_SEV_NOTE);
	bool first = true;
	count(out, errors, "error", &first);
	count(out, warnings - errors, "warning", &first);
	count(out, notes - warnings, "note", &first);
	if (first)
		ingot_buf_str(out, "nothing to complain about");
	if (all->n > notes)
		ingot_buf_fmt(out, "; %zu allowed", all->n - notes);
	ingot_buf_fmt(out, " (profile %s)\n", ingot_profile_word(r->profile));
}

void report_text(const struct ingot_report *r, struct ingot_buf *out)
{
	const struct ingot_findings *all = r->findings;
	for (size_t i = 0, end; i < all->n; i = end) {
		size_t n = 0;
		bool hint = false;
		for (end = i; end < all->n && strcmp(all->v[end].rule, all->v[i].rule) == 0; end++) {
			const struct ingot_finding *f = &all->v[end];
			if (!shown(r, f))
				continue;
			if (n++ < SHOWN)
				put(r, f, out);
			hint |= !f->mend && !f->allowed;
		}
		const struct ingot_rule *rule = ingot_rule_find(ingot_span_of(all->v[i].rule));
		if (rule) /* own rules say all with each finding */
			end_group(rule, n, hint, out);
	}
	summary(r, out);
}
