#include "cli.h"
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/rule.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "format", 0, "FORMAT", "text or json" },
	{ 0 },
};

static const char *severity(const struct ingot_rule *r, int profile)
{
	return r->severity[profile] == INGOT_SEV_NONE ? "-" : ingot_severity_word(r->severity[profile]);
}

static void list(struct ingot_buf *out)
{
	ingot_buf_fmt(out, "%-24s", "rule");
	for (int p = 0; p < INGOT_PROFILES; p++)
		ingot_buf_fmt(out, " %-8s", ingot_profile_word((enum ingot_profile)p));
	ingot_buf_str(out, " what must hold\n");
	for (size_t i = 0; i < ingot_rule_count(); i++) {
		const struct ingot_rule *r = ingot_rule_at(i);
		ingot_buf_fmt(out, "%-24s", r->id);
		for (int p = 0; p < INGOT_PROFILES; p++)
			ingot_buf_fmt(out, " %-8s", severity(r, p));
		ingot_buf_fmt(out, " %s\n", r->what);
	}
}

static void indented(const char *text, struct ingot_buf *out)
{
	struct ingot_span rest = ingot_span_of(text), line;
	while (ingot_span_next(&rest, '\n', &line))
		ingot_buf_fmt(out, "    %.*s\n", INGOT_SPAN_ARG(line));
}

static void explain(const struct ingot_rule *r, struct ingot_buf *out)
{
	ingot_buf_fmt(out, "%s: %s\n\n%s\n\n", r->id, r->what, r->why);
	ingot_buf_fmt(out, "severity    default %s, strict %s, release %s\n", severity(r, INGOT_PROFILE_DEFAULT), severity(r, INGOT_PROFILE_STRICT), severity(r, INGOT_PROFILE_RELEASE));
	if (r->source)
		ingot_buf_fmt(out, "source      %s\n", r->source);
	ingot_buf_fmt(out, "to mend it  %s\n", r->mend);
	if (r->allowed_by)
		ingot_buf_fmt(out, "exception   policy: { allow: [{ rule: %s, %s: ..., reason: \"...\" }] }\n", r->id, r->allowed_by);
	else
		ingot_buf_str(out, "exception   none\n");
	if (r->example) {
		ingot_buf_str(out, "\n");
		indented(r->example, out);
	}
}

static void optional(struct ingot_json *j, const char *key, const char *value)
{
	if (value)
		ingot_json_str(j, key, value);
	else
		ingot_json_null(j, key);
}

static void put_json(const struct ingot_rule *r, struct ingot_json *j)
{
	ingot_json_object(j, NULL);
	ingot_json_str(j, "id", r->id);
	ingot_json_object(j, "severity");
	for (int p = 0; p < INGOT_PROFILES; p++)
		ingot_json_str(j, ingot_profile_word((enum ingot_profile)p), ingot_severity_word(r->severity[p]));
	ingot_json_end(j, '}');
	ingot_json_str(j, "what", r->what);
	ingot_json_str(j, "why", r->why);
	optional(j, "source", r->source);
	ingot_json_str(j, "mend", r->mend);
	optional(j, "example", r->example);
	optional(j, "allowed_by", r->allowed_by);
	ingot_json_end(j, '}');
}

static int find(const char *id, const struct ingot_rule **ret, struct ingot_err *err)
{
	*ret = ingot_rule_find(ingot_span_of(id));
	if (*ret)
		return 0;
	const char *near = ingot_rule_near(ingot_span_of(id));
	(void)ingot_fail(err, INGOT_E_INPUT, "there is no rule \"%s\"", INGOT_SHOW(ingot_span_of(id)));
	return near ? ingot_hint(err, "did you mean \"%s\"?", near) : ingot_hint(err, "ingot explain lists the rules");
}

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(4 << 20);
	struct ingot_json j = INGOT_JSON(&out);
	const struct ingot_rule *one = NULL;
	enum cli_format format;
	ingot_pass(cli_format(c, false, &format, err));
	if (c->n_operands)
		ingot_pass(find(c->operands[0], &one, err));
	if (format == CLI_TEXT && one) {
		explain(one, &out);
	} else if (format == CLI_TEXT) {
		list(&out);
	} else if (one) {
		put_json(one, &j);
	} else {
		ingot_json_array(&j, NULL);
		for (size_t i = 0; i < ingot_rule_count(); i++)
			put_json(ingot_rule_at(i), &j);
		ingot_json_end(&j, ']');
	}
	if (format == CLI_JSON)
		ingot_buf_char(&out, '\n');
	return cli_print(&out, err);
}

extern const struct cli_verb cli_verb_explain;
const struct cli_verb cli_verb_explain = {
	.name = "explain",
	.operands = "[RULE]",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "a rule: what must hold, why, how to mend it; without one, all of them and how grave they are in each profile",
	.options = options,
	.run = run,
};
