#include "cli.h"
#include <ingot/doctor.h>
#include <ingot/json.h>

static const struct cli_option options[] = {
	{ "format", 0, "FORMAT", "text or json" },
	{ 0 },
};

static void print_text(const struct ingot_host_fact *f, size_t n, struct ingot_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		ingot_buf_fmt(out, "%-4s %-28s %s\n", f[i].ok ? "ok" : f[i].needed ? "FAIL" : "-", f[i].what, f[i].detail);
		if (!f[i].ok && f[i].fix[0])
			ingot_buf_fmt(out, "     %-28s fix: %s\n", "", f[i].fix);
	}
}

static void print_json(const struct ingot_host_fact *f, size_t n, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_array(&j, NULL);
	for (size_t i = 0; i < n; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_str(&j, "what", f[i].what);
		ingot_json_bool(&j, "ok", f[i].ok);
		ingot_json_bool(&j, "needed", f[i].needed);
		ingot_json_str(&j, "detail", f[i].detail);
		ingot_json_str(&j, "fix", f[i].fix);
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_buf_char(out, '\n');
}

static int run(struct cli *c, struct ingot_err *err)
{
	struct ingot_host_fact facts[INGOT_MAX_HOST_FACTS];
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(1 << 20);
	enum cli_format format;
	ingot_pass(cli_format(c, false, &format, err));
	int n = ingot_doctor(facts, err);
	ingot_pass(n);
	if (format == CLI_JSON)
		print_json(facts, (size_t)n, &out);
	else
		print_text(facts, (size_t)n, &out);
	ingot_pass(cli_print(&out, err));
	for (int i = 0; i < n; i++)
		if (facts[i].needed && !facts[i].ok) {
			(void)ingot_fail(err, INGOT_E_HOST, "steps cannot run on this host: %s: %s", facts[i].what, facts[i].detail);
			return ingot_hint(err, "%s", facts[i].fix);
		}
	return 0;
}

extern const struct cli_verb cli_verb_doctor;
const struct cli_verb cli_verb_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "what this host offers to the sandbox, and the narrowest fix for what it lacks",
	.options = options,
	.run = run,
};
