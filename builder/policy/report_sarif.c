/* report_sarif.c - findings as SARIF 2.1.0 (OASIS, errata 01). */
#include "report_impl.h"
#include <ingot/limits.h>
#include <ingot/mem.h>

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define IMAGE_ROOT "IMAGEROOT"

/* {"text": ...}, a message (3.11) or a multiformatMessageString (3.12) */
static void message(struct ingot_json *j, const char *key, const char *text)
{
	ingot_json_object(j, key);
	ingot_json_str(j, "text", text);
	ingot_json_end(j, '}');
}

static void put_rule(const struct ingot_report *r, const struct ingot_rule *rule, struct ingot_json *j)
{
	enum ingot_severity s = rule->severity[r->profile];
	_cleanup_(ingot_freep) char *what = ingot_strf("%s.", rule->what);
	if (*what >= 'a' && *what <= 'z')
		*what = (char)(*what - 'a' + 'A');
	_cleanup_(ingot_freep) char *help = ingot_strf("To mend it: %s.%s%s", rule->mend, rule->example ? "\n\n" : "", rule->example ? rule->example : "");
	ingot_json_object(j, NULL);
	ingot_json_str(j, "id", rule->id);
	message(j, "shortDescription", what);
	message(j, "fullDescription", rule->why);
	message(j, "help", help);
	ingot_json_object(j, "defaultConfiguration");
	ingot_json_bool(j, "enabled", s != INGOT_SEV_NONE);
	ingot_json_str(j, "level", ingot_severity_word(s));
	ingot_json_end(j, '}');
	ingot_json_object(j, "properties");
	ingot_json_array(j, "tags");
	ingot_json_str(j, NULL, "security");
	if (rule->source)
		ingot_json_str(j, NULL, rule->source);
	ingot_json_end(j, ']');
	ingot_json_end(j, '}');
	ingot_json_end(j, '}');
}

static void put_tool(const struct ingot_report *r, struct ingot_json *j)
{
	ingot_json_object(j, "tool");
	ingot_json_object(j, "driver");
	ingot_json_str(j, "name", "ingot");
	ingot_json_str(j, "semanticVersion", INGOT_VERSION);
	ingot_json_array(j, "rules");
	for (size_t i = 0; i < ingot_rule_count(); i++)
		put_rule(r, ingot_rule_at(i), j);
	ingot_json_end(j, ']');
	ingot_json_end(j, '}');
	ingot_json_end(j, '}');
}

/* The line that brought it, else the file in the image, else what was looked at. A viewer that knows files only shows what it is about in any case. */
static void put_physical(const struct ingot_report *r, const struct ingot_finding *f, struct ingot_json *j)
{
	_cleanup_(ingot_buf_done) struct ingot_buf uri = INGOT_BUF(KIB(64));
	bool placed = r->recipe && f->at.line, in_image = !placed && f->path && r->image;
	if (in_image)
		report_image_uri(f->path, &uri);
	else
		report_uri(placed || !r->image ? r->recipe : r->image, &uri);
	ingot_json_object(j, "physicalLocation");
	ingot_json_object(j, "artifactLocation");
	ingot_json_str(j, "uri", ingot_buf_cstr(&uri));
	if (in_image)
		ingot_json_str(j, "uriBaseId", IMAGE_ROOT);
	ingot_json_end(j, '}');
	/* Of a whole file, too: there are code hosts that take no result without a line. */
	ingot_json_object(j, "region");
	ingot_json_u64(j, "startLine", placed ? f->at.line : 1);
	if (placed && f->at.column)
		ingot_json_u64(j, "startColumn", f->at.column);
	ingot_json_end(j, '}');
	ingot_json_end(j, '}');
}

static void put_logical(const char *name, const char *kind, struct ingot_json *j)
{
	if (!name)
		return;
	ingot_json_object(j, NULL);
	ingot_json_str(j, "fullyQualifiedName", name);
	ingot_json_str(j, "kind", kind);
	ingot_json_end(j, '}');
}

static void put_location(const struct ingot_report *r, const struct ingot_finding *f, struct ingot_json *j)
{
	ingot_json_array(j, "locations");
	ingot_json_object(j, NULL);
	put_physical(r, f, j);
	if (f->path || f->field) {
		ingot_json_array(j, "logicalLocations");
		put_logical(f->path, "resource", j);
		put_logical(f->field, "property", j);
		ingot_json_end(j, ']');
	}
	ingot_json_end(j, '}');
	ingot_json_end(j, ']');
}

static size_t index_of(const char *rule)
{
	size_t i = 0;
	while (i < ingot_rule_count() && strcmp(ingot_rule_at(i)->id, rule) != 0)
		i++;
	return i;
}

static void put_result(const struct ingot_report *r, const struct ingot_finding *f, const struct ingot_digest *print, struct ingot_json *j)
{
	_cleanup_(ingot_freep) char *text = ingot_strf("%s%s%s%s. To mend it: %s.", f->text, f->origin ? " (" : "", f->origin ? f->origin : "", f->origin ? ")" : "", report_mend(f));
	ingot_json_object(j, NULL);
	ingot_json_str(j, "ruleId", f->rule);
	if (index_of(f->rule) < ingot_rule_count()) /* own rules are in no catalogue */
		ingot_json_u64(j, "ruleIndex", index_of(f->rule));
	ingot_json_str(j, "level", ingot_severity_word(f->severity));
	message(j, "message", text);
	put_location(r, f, j);
	ingot_json_object(j, "partialFingerprints");
	ingot_json_str(j, "ingotFinding/v1", INGOT_HEX(print));
	ingot_json_end(j, '}');
	ingot_json_array(j, "suppressions"); /* empty: looked for, and there is none (3.27.23) */
	if (f->allowed) {
		ingot_json_object(j, NULL);
		ingot_json_str(j, "kind", "inSource");
		ingot_json_str(j, "status", "accepted");
		ingot_json_str(j, "justification", f->allowed);
		ingot_json_end(j, '}');
	}
	ingot_json_end(j, ']');
	if (f->origin) {
		ingot_json_object(j, "properties");
		ingot_json_str(j, "origin", f->origin);
		ingot_json_end(j, '}');
	}
	ingot_json_end(j, '}');
}

static void put_results(const struct ingot_report *r, struct ingot_json *j)
{
	_cleanup_(ingot_freep) struct ingot_digest *prints = ingot_alloc_array(r->findings->n + 1, sizeof(*prints));
	ingot_report_fingerprints(r, prints);
	ingot_json_array(j, "results");
	for (size_t i = 0; i < r->findings->n; i++)
		put_result(r, &r->findings->v[i], &prints[i], j);
	ingot_json_end(j, ']');
}

void report_sarif(const struct ingot_report *r, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	/* What is before the last slash is the category by which code hosts tell several reports of one commit apart. */
	_cleanup_(ingot_freep) char *id = ingot_strf("ingot/%s/", r->recipe ? r->recipe : r->image);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "$schema", SCHEMA);
	ingot_json_str(&j, "version", "2.1.0");
	ingot_json_array(&j, "runs");
	ingot_json_object(&j, NULL);
	put_tool(r, &j);
	ingot_json_object(&j, "automationDetails");
	ingot_json_str(&j, "id", id);
	ingot_json_end(&j, '}');
	ingot_json_object(&j, "originalUriBaseIds");
	ingot_json_object(&j, IMAGE_ROOT);
	message(&j, "description", "The root of the image's file system.");
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
	ingot_json_str(&j, "columnKind", "unicodeCodePoints");
	put_results(r, &j);
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}
