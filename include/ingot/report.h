/* report.h - findings written down: text for people, and what machines read. The same findings give the same bytes.
 *
 *     json         one object: {"ingot-check":1,"subject":...,"profile":...,"counts":{...},"findings":[{...}]}
 *     sarif        SARIF 2.1.0: the whole catalogue as rules; what an exception covers is there, suppressed
 *     codequality  GitLab's array of issues; what an exception covers is not there, because the format has no word for it
 *
 * A fingerprint is made of the rule and what it is about (path, value, member of the config), never of line numbers: it stays when lines move. Findings
 * that are equal in all this are numbered in their order.
 */
#pragma once
#include <ingot/digest.h>
#include <ingot/rule.h>

enum ingot_report_format { INGOT_REPORT_TEXT, INGOT_REPORT_JSON, INGOT_REPORT_SARIF, INGOT_REPORT_CODEQUALITY };
/* -1: no such format. */
int ingot_report_format_from_word(struct ingot_span word, enum ingot_report_format *ret);

/* All borrowed. Names of files as the user wrote them; what is relative should be so to the directory that machines take for the top (of the repository). */
struct ingot_report {
	const struct ingot_findings *findings; /* sorted */
	enum ingot_profile profile;
	const char *recipe; /* the file that places are in; NULL: there was none */
	const char *image;  /* the image that was looked at; NULL: there was none */
	/* text only */
	enum ingot_severity least; /* less grave ones are counted, but not shown */
	bool allowed;              /* show those that an exception covers */
	bool colour;
};

void ingot_report(const struct ingot_report *r, enum ingot_report_format format, struct ingot_buf *out);
/* "recipe.yaml:12:7", or without a place the file that the finding is about. */
void ingot_report_where(const struct ingot_report *r, const struct ingot_finding *f, struct ingot_buf *out);
/* "[setuid] /usr/bin/su is set-user-id (package login)" */
void ingot_report_line(const struct ingot_finding *f, struct ingot_buf *out);
/* One a finding. */
void ingot_report_fingerprints(const struct ingot_report *r, struct ingot_digest *ret);
