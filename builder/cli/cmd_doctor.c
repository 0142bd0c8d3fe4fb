#include "cli.h"
#include <ingot/doctor.h>
#include <ingot/fd.h>
#include <ingot/json.h>

static const struct cli_option options[] = {
	{ "format", 0, "FORMAT", "text or json" },
	{ 0 },
};

/* With a rung that carries, what is missing is a better one. */
static void print_text(const struct ingot_host_fact *f, size_t n, bool carries, struct ingot_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		ingot_buf_fmt(out, "%-4s %-28s %s\n", f[i].ok ? "ok" : f[i].needed && !carries ? "FAIL" : "-", f[i].what, f[i].detail);
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

/* The store's own file system decides about overlayfs; without a store that can be opened, the question is asked in memory. */
static int ask(struct cli *c, struct ingot_host_fact facts[INGOT_MAX_HOST_FACTS], struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	struct ingot_err ignored = INGOT_ERR_INIT;
	char name[64];
	int fd = cli_open_store(c, &store, &ignored) < 0 ? -1 : ingot_store_scratch(store, name, &ignored);
	int n = ingot_doctor(fd, facts, err);
	if (fd >= 0)
		ingot_store_scratch_remove(store, name);
	ingot_closep(&fd);
	return n;
}

static int run(struct cli *c, struct ingot_err *err)
{
	struct ingot_host_fact facts[INGOT_MAX_HOST_FACTS];
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(1 << 20);
	enum cli_format format;
	ingot_pass(cli_format(c, false, &format, err));
	int n = ask(c, facts, err);
	ingot_pass(n);
	bool carries = n > 0 && facts[n - 1].ok;
	if (format == CLI_JSON)
		print_json(facts, (size_t)n, &out);
	else
		print_text(facts, (size_t)n, carries, &out);
	ingot_pass(cli_print(&out, err));
	for (int i = 0; !carries && i < n; i++)
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
