#include "cli.h"
#include <ingot/escape.h>
#include <ingot/imagetest.h>
#include <ingot/json.h>
#include <ingot/load.h>
#include <ingot/mem.h>
#include <string.h>
#include <unistd.h>

static const struct cli_option options[] = {
	{ "file", 'f', "RECIPE", "the recipe whose tests are run (default: the archive's name with .yaml)" },
	{ "set", 0, "NAME=VALUE", "override a variable of the recipe" },
	{ "find-writes", 0, NULL, "run each test on a root that can be written to as well, and name what it writes outside of the writable places" },
	{ "seccomp-profile", 0, "FILE", "write a profile of the system calls that the tests made" },
	{ "isolation", 0, "HOW", "auto, or full: refuse to run tests in a chroot, where a container gives no namespaces" },
	{ "format", 0, "FORMAT", "text or json: how the result is printed" },
	{ 0 },
};

/* "oci-archive:dir/web.oci.tar" -> "dir/web.yaml" */
static char *recipe_beside(const char *archive)
{
	static const char *const endings[] = { ".oci.tar", ".tar" };
	const char *colon = strchr(archive, ':');
	const char *path = colon && (strncmp(archive, "oci-archive:", 12) == 0 || strncmp(archive, "oci:", 4) == 0) ? colon + 1 : archive;
	size_t n = strlen(path);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t k = strlen(endings[i]);
		if (n > k && strcmp(path + n - k, endings[i]) == 0)
			return ingot_strf("%.*s.yaml", (int)(n - k), path);
	}
	return ingot_strf("%s.yaml", path);
}

static int load_recipe(const struct cli *c, struct ingot_recipe **ret, struct ingot_err *err)
{
	const char *sets[CLI_MAX_VALUES], *given = cli_value(c, "file");
	_cleanup_(ingot_freep) char *beside = recipe_beside(c->operands[0]);
	if (!given && access(beside, R_OK) < 0) {
		(void)ingot_fail(err, INGOT_E_INPUT, "there is no %s beside the image, whose tests could be run", INGOT_SHOW(ingot_span_of(beside)));
		return ingot_hint(err, "say which recipe: -f RECIPE");
	}
	ingot_pass(ingot_recipe_load(given ? given : beside, sets, cli_values(c, "set", sets, CLI_MAX_VALUES), ret, err));
	if (!(*ret)->n_tests)
		return ingot_fail(err, INGOT_E_INPUT, "%s has no tests", INGOT_SHOW(ingot_span_of((*ret)->file)));
	return 0;
}

static void print_text(const struct ingot_imagetest_result *r, struct ingot_buf *out)
{
	for (size_t i = 0; i < r->n; i++) {
		ingot_buf_fmt(out, "%s %s\n", r->tests[i].passed ? "ok    " : "failed", r->tests[i].name);
		if (!r->tests[i].passed)
			ingot_buf_fmt(out, "         %s: %s\n", r->tests[i].why.where, r->tests[i].why.msg);
	}
	ingot_buf_fmt(out, "%zu of %zu passed%s\n", r->passed, r->n, r->isolation == INGOT_ISOLATION_CHROOT ? ", in a chroot" : "");
}

static void print_json(const struct ingot_imagetest_result *r, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_array(&j, "tests");
	for (size_t i = 0; i < r->n; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_str(&j, "name", r->tests[i].name);
		ingot_json_bool(&j, "passed", r->tests[i].passed);
		if (!r->tests[i].passed) {
			ingot_json_str(&j, "where", r->tests[i].why.where);
			ingot_json_str(&j, "message", r->tests[i].why.msg);
			ingot_json_str(&j, "hint", r->tests[i].why.hint);
		}
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_json_u64(&j, "passed", r->passed);
	ingot_json_str(&j, "isolation", r->isolation == INGOT_ISOLATION_CHROOT ? "chroot" : "full");
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}

static int report(struct cli *c, enum cli_format format, const struct ingot_imagetest_result *r, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(16 << 20);
	if (format == CLI_JSON)
		print_json(r, &out);
	else
		print_text(r, &out);
	ingot_pass(cli_print(&out, err));
	if (cli_has(c, "seccomp-profile"))
		ingot_pass(cli_write_profile(c, r->calls, err));
	return ingot_imagetest_check(r, err);
}

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *recipe = NULL;
	_cleanup_(ingot_loaded_done) struct ingot_loaded image = { 0 };
	struct ingot_imagetest_result result = { 0 };
	enum cli_format format;
	bool full;
	ingot_pass(cli_format(c, false, &format, err));
	ingot_pass(cli_isolation(c, &full, err));
	ingot_pass(load_recipe(c, &recipe, err));
	ingot_pass(cli_open_store(c, &store, err));
	ingot_pass(ingot_image_load(store, c->operands[0], INGOT_LOAD_TREE, &image, err));
	const struct ingot_imagetest_options o = { .recipe = recipe,
						   .tree = image.tree,
						   .config = image.config,
						   .full_isolation = full,
						   .find_writes = cli_has(c, "find-writes"),
						   .record = cli_has(c, "seccomp-profile") };
	ingot_pass(ingot_imagetest_run(store, &o, &c->log, &result, err));
	int r = report(c, format, &result, err);
	ingot_imagetest_done(&result);
	return r;
}

extern const struct cli_verb cli_verb_test;
const struct cli_verb cli_verb_test = {
	.name = "test",
	.operands = "IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "a recipe's tests on an image, under production conditions",
	.text = "\nThe image's user, a read-only root, no capabilities, no new privileges, no network but a loopback of its own; only what the recipe calls\n"
		"writable, /tmp and /run can be written to, and are in memory. A build does the same before it signs. The exit status is 1 when a test fails.",
	.options = options,
	.run = run,
};
