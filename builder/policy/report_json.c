/* report_json.c - findings as one JSON document; its members are described in docs/CHECK.md. */
#include "report_impl.h"
#include <ingot/limits.h>
#include <ingot/mem.h>

static void optional(struct ingot_json *j, const char *key, const char *value)
{
	if (value)
		ingot_json_str(j, key, value);
}

static void put(const struct ingot_report *r, const struct ingot_finding *f, const struct ingot_digest *print, struct ingot_json *j)
{
	ingot_json_object(j, NULL);
	ingot_json_str(j, "rule", f->rule);
	ingot_json_str(j, "severity", ingot_severity_word(f->severity));
	ingot_json_str(j, "text", f->text);
	ingot_json_str(j, "mend", report_mend(f));
	if (r->recipe && f->at.line) {
		ingot_json_str(j, "file", r->recipe);
		ingot_json_u64(j, "line", f->at.line);
		ingot_json_u64(j, "column", f->at.column);
	}
	optional(j, "path", f->path);
	optional(j, "field", f->field);
	optional(j, "value", f->value);
	optional(j, "origin", f->origin);
	optional(j, "allowed", f->allowed);
	ingot_json_str(j, "fingerprint", INGOT_HEX(print));
	ingot_json_end(j, '}');
}

static void counts(const struct ingot_findings *all, struct ingot_json *j)
{
	size_t errors = ingot_findings_count(all, INGOT_SEV_ERROR), warnings = ingot_findings_count(all, INGOT_SEV_WARNING), notes = ingot_findings_count(all, INGOT_SEV_NOTE);
	ingot_json_object(j, "counts");
	ingot_json_u64(j, "error", errors);
	ingot_json_u64(j, "warning", warnings - errors);
	ingot_json_u64(j, "note", notes - warnings);
	ingot_json_u64(j, "allowed", all->n - notes);
	ingot_json_end(j, '}');
}

void report_json(const struct ingot_report *r, struct ingot_buf *out)
{
	const struct ingot_findings *all = r->findings;
	_cleanup_(ingot_freep) struct ingot_digest *prints = ingot_alloc_array(all->n + 1, sizeof(*prints));
	struct ingot_json j = INGOT_JSON(out);
	ingot_report_fingerprints(r, prints);
	ingot_json_object(&j, NULL);
	ingot_json_u64(&j, "ingot-check", 1);
	optional(&j, "recipe", r->recipe);
	optional(&j, "image", r->image);
	ingot_json_str(&j, "profile", ingot_profile_word(r->profile));
	counts(all, &j);
	ingot_json_array(&j, "findings");
	for (size_t i = 0; i < all->n; i++)
		put(r, &all->v[i], &prints[i], &j);
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}
