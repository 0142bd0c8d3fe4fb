#include "cli.h"
#include <ingot/escape.h>
#include <ingot/own_rules.h>
#include <string.h>
#include <unistd.h>

static const struct cli_option options[] = {
	{ "file", 'f', "RECIPE", "of an image: the recipe that it was made from, for its exceptions, writable places and profile" },
	{ "profile", 0, "NAME", "default, strict or release; a stricter one of the recipe stays" },
	{ "rules", 0, "FILE", "hold it to the rules of this file, too" },
	{ "fail-on", 0, "SEVERITY", "error (default), warning or note: status 1 from here on" },
	{ "format", 0, "FORMAT", "text, json, sarif or codequality (GitLab)" },
	{ "output", 'o', "FILE", "write the report there; what is no text is then shown as text, too" },
	{ "set", 0, "NAME=VALUE", "override a variable of the recipe" },
	{ 0 },
};

static int fail_on(const struct cli *c, enum ingot_severity *ret, struct ingot_err *err)
{
	const char *word = cli_value(c, "fail-on");
	*ret = INGOT_SEV_ERROR;
	if (!word)
		return 0;
	for (int s = INGOT_SEV_NOTE; s <= INGOT_SEV_ERROR; s++)
		if (strcmp(word, ingot_severity_word((enum ingot_severity)s)) == 0) {
			*ret = (enum ingot_severity)s;
			return 0;
		}
	return ingot_fail(err, INGOT_E_INPUT, "--fail-on is error, warning or note, not '%s'", INGOT_SHOW(ingot_span_of(word)));
}

static int put(struct cli *c, struct ingot_report *r, enum ingot_report_format format, struct ingot_err *err)
{
	const char *file = cli_value(c, "output");
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(256U << 20);
	if (file && strcmp(file, "-") != 0) {
		ingot_pass(cli_report_file(file, r, format, err));
		if (format == INGOT_REPORT_TEXT)
			return 0;
		format = INGOT_REPORT_TEXT;
	}
	if (format == INGOT_REPORT_TEXT)
		cli_show_findings(c, r);
	const char *no_colour = getenv("NO_COLOR");
	r->colour = isatty(STDOUT_FILENO) == 1 && !(no_colour && *no_colour);
	ingot_report(r, format, &out);
	return cli_print(&out, err);
}

static int run(struct cli *c, struct ingot_err *err)
{
	const char *sets[CLI_MAX_VALUES];
	struct ingot_judge_options o = {
		.subject = c->operands[0],
		.recipe = cli_value(c, "file"),
		.sets = sets,
		.n_sets = cli_values(c, "set", sets, CLI_MAX_VALUES),
		.profile = cli_value(c, "profile"),
	};
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_judgement_done) struct ingot_judgement j = INGOT_JUDGEMENT_INIT;
	_cleanup_(ingot_rules_file_freep) struct ingot_rules_file *rules = NULL;
	enum ingot_report_format format;
	enum ingot_severity least;
	bool image;
	if (cli_has(c, "rules")) {
		ingot_pass(ingot_rules_file_load(cli_value(c, "rules"), &rules, err));
		o.rules = rules->rules;
	}
	ingot_pass(cli_report_format(c, "format", &format, err));
	ingot_pass(fail_on(c, &least, err));
	ingot_pass(ingot_judge_is_image(o.subject, &image, err));
	if (image) /* a recipe needs no store, and a linter should leave nothing behind */
		ingot_pass(cli_open_store(c, &store, err));
	ingot_pass(ingot_judge(store, &o, &j, err));
	struct ingot_report r = cli_report(c, &j, image ? o.recipe : o.subject, o.subject);
	ingot_pass(put(c, &r, format, err));
	return ingot_findings_count(&j.findings, least) ? INGOT_E_FALSE : 0;
}

extern const struct cli_verb cli_verb_check;
const struct cli_verb cli_verb_check = {
	.name = "check",
	.operands = "RECIPE|IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "hold a recipe, or an image of whatever builder, against the rules",
	.text = "\nAn image is what has a transport (oci-archive:, oci:, docker-archive:) in front, a directory, or a file that is named .tar or .oci or holds no\n"
		"text; everything else is a recipe, which is judged with its lock, without building. Status 1: a finding of the severity of --fail-on, or a\n"
		"graver one, that no exception covers. `ingot explain` lists the rules.",
	.options = options,
	.run = run,
};
