/* report_quality.c - findings as GitLab's code quality report: an array of issues in a subset of Code Climate's form. */
#include "report_impl.h"
#include <ingot/limits.h>
#include <ingot/mem.h>

/* of: info, minor, major, critical, blocker */
static const char *severity(enum ingot_severity s)
{
	return s == INGOT_SEV_ERROR ? "critical" : s == INGOT_SEV_WARNING ? "minor" : "info";
}

/* The format wants a file and a line of it in every issue: the first where there is none. */
static void put_location(const struct ingot_report *r, const struct ingot_finding *f, struct ingot_json *j)
{
	bool placed = r->recipe && f->at.line;
	const char *file = r->recipe ? r->recipe : f->path ? f->path + 1 : r->image;
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	ingot_json_object(j, "location");
	ingot_json_str(j, "path", file);
	ingot_json_object(j, "lines");
	ingot_json_u64(j, "begin", placed ? f->at.line : 1);
	ingot_json_end(j, '}');
	ingot_json_end(j, '}');
}

void report_quality(const struct ingot_report *r, struct ingot_buf *out)
{
	const struct ingot_findings *all = r->findings;
	_cleanup_(ingot_freep) struct ingot_digest *prints = ingot_alloc_array(all->n + 1, sizeof(*prints));
	struct ingot_json j = INGOT_JSON(out);
	ingot_report_fingerprints(r, prints);
	ingot_json_array(&j, NULL);
	for (size_t i = 0; i < all->n; i++) {
		const struct ingot_finding *f = &all->v[i];
		if (f->allowed)
			continue;
		_cleanup_(ingot_freep) char *text = ingot_strf("%s%s%s%s; %s", f->text, f->origin ? " (" : "", f->origin ? f->origin : "", f->origin ? ")" : "", report_mend(f));
		ingot_json_object(&j, NULL);
		ingot_json_str(&j, "description", text);
		ingot_json_str(&j, "check_name", f->rule);
		ingot_json_str(&j, "fingerprint", INGOT_HEX(&prints[i]));
		ingot_json_str(&j, "severity", severity(f->severity));
		put_location(r, f, &j);
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_buf_char(out, '\n');
}
