#include "cli.h"
#include <ingot/build.h>
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/mem.h>
#include <ingot/own_rules.h>
#include <string.h>
#include <unistd.h>

static const struct cli_option options[] = {
	{ "output", 'o', "TARGET", "FILE, - (stdout), or dir:PATH for an image layout (default: NAME.oci.tar)" },
	{ "key", 'k', "KEY", "sign with this private key: FILE or env://NAME" },
	{ "passphrase-file", 0, "FILE", "passphrase of the key (else INGOT_PASSPHRASE, or asked)" },
	{ "unsigned", 0, NULL, "do not sign" },
	{ "set", 0, "NAME=VALUE", "override a variable of the recipe" },
	{ "name", 0, "REF", "name of the image, instead of the recipe's" },
	{ "mirror", 0, "[SUITE=]URL", "fetch packages from here, instead of the host's apt mirrors" },
	{ "proxy", 0, "URL", "HTTP proxy, instead of the host's" },
	{ "offline", 0, NULL, "use only what the store has" },
	{ "no-cache", 0, NULL, "run every step again" },
	{ "isolation", 0, "HOW", "auto, or full: refuse to run steps in a chroot, where a container gives no namespaces" },
	{ "profile", 0, "NAME", "hold the image to the rules as default, strict or release mean them; a stricter one of the recipe stays" },
	{ "rules", 0, "FILE", "hold the image to the rules of this file, too" },
	{ "report", 0, "FILE", "write what the rules found, also when the build fails: as SARIF (.sarif), JSON (.json) or text" },
	{ "report-format", 0, "FORMAT", "text, json, sarif or codequality, whatever the file's name" },
	{ "twice", 0, NULL, "build a second time without the cache and compare" },
	{ "secret", 0, "id=ID,src=FILE", "the value of a secret that steps ask for; or id=ID,env=NAME" },
	{ "allow-network", 0, NULL, "permit steps with network: host" },
	{ "no-tests", 0, NULL, "do not run the recipe's tests on the image" },
	{ "seccomp-profile", 0, "FILE", "run the recipe's tests, and write a profile of the system calls that they made" },
	{ "on-fail", 0, "shell", "open a shell where a step fails; stdin must be a terminal" },
	{ "format", 0, "FORMAT", "text or json: how the result is printed" },
	{ 0 },
};

static int check_signing(const struct cli *c, struct ingot_err *err)
{
	bool key = cli_has(c, "key") || (c->settings->key && !cli_has(c, "unsigned")), off = cli_has(c, "unsigned");
	if (key && off)
		return ingot_fail(err, INGOT_E_INPUT, "--key and --unsigned exclude each other");
	if (key || off)
		return 0;
	(void)ingot_fail(err, INGOT_E_INPUT, "no key to sign with");
	return ingot_hint(err, "--key KEY (ingot keygen makes one), or say --unsigned");
}

/* "dir/web.yaml" -> "web.oci.tar" */
static char *default_target(const char *recipe)
{
	const char *slash = strrchr(recipe, '/'), *base = slash ? slash + 1 : recipe;
	size_t n = strlen(base);
	if (n > 5 && strcmp(base + n - 5, ".yaml") == 0)
		n -= 5;
	else if (n > 4 && strcmp(base + n - 4, ".yml") == 0)
		n -= 4;
	return ingot_strf("%.*s.oci.tar", (int)n, base);
}

static void print_text(const char *target, const struct ingot_build_result *r, struct ingot_buf *out)
{
	char size[32];
	ingot_buf_fmt(out, "%s\n", target);
	ingot_buf_fmt(out, "  image     %s\n", r->reference);
	ingot_buf_fmt(out, "  manifest  %s\n", INGOT_DIGEST(&r->manifest));
	ingot_buf_fmt(out, "  size      %s in %zu layer%s, %llu files and directories\n", cli_size(r->size, size), r->n_layers, r->n_layers == 1 ? "" : "s", (unsigned long long)r->files);
	ingot_buf_fmt(out, "  user      %u:%u\n", r->uid, r->gid);
	if (r->steps_network)
		ingot_buf_fmt(out, "  hermetic  no: %u step%s had the network\n", r->steps_network, r->steps_network == 1 ? "" : "s");
	if (r->tests)
		ingot_buf_fmt(out, "  tests     %u of %u passed%s%s\n", r->tests_passed, r->tests, r->tests_reused ? " before" : "", r->tests_isolation == INGOT_ISOLATION_CHROOT ? ", in a chroot" : "");
	if (r->signed_by_us)
		ingot_buf_fmt(out, "  signed    by key %s\n", r->key_id);
	else
		ingot_buf_fmt(out, "  signed    no\n");
}

static void print_json(const char *target, const struct ingot_build_result *r, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "output", target);
	ingot_json_str(&j, "reference", r->reference);
	ingot_json_str(&j, "manifest", INGOT_DIGEST(&r->manifest));
	ingot_json_str(&j, "config", INGOT_DIGEST(&r->config));
	ingot_json_str(&j, "tree", INGOT_DIGEST(&r->tree));
	ingot_json_u64(&j, "size", r->size);
	ingot_json_u64(&j, "files", r->files);
	ingot_json_u64(&j, "uid", r->uid);
	ingot_json_u64(&j, "gid", r->gid);
	ingot_json_u64(&j, "epoch", (uint64_t)r->epoch);
	ingot_json_array(&j, "layers");
	for (size_t i = 0; i < r->n_layers; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_str(&j, "digest", INGOT_DIGEST(&r->layers[i].digest));
		ingot_json_str(&j, "diff_id", INGOT_DIGEST(&r->layers[i].diff_id));
		ingot_json_u64(&j, "size", r->layers[i].size);
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_json_u64(&j, "steps_run", r->steps_run);
	ingot_json_u64(&j, "steps_reused", r->steps_reused);
	ingot_json_u64(&j, "steps_network", r->steps_network);
	ingot_json_bool(&j, "hermetic", r->steps_network == 0);
	ingot_json_bool(&j, "reused", r->reused);
	ingot_json_str(&j, "isolation", r->isolation == INGOT_ISOLATION_CHROOT ? "chroot" : "full");
	ingot_json_object(&j, "tests");
	ingot_json_u64(&j, "declared", r->tests);
	ingot_json_u64(&j, "passed", r->tests_passed);
	ingot_json_bool(&j, "reused", r->tests_reused);
	ingot_json_str(&j, "isolation", r->tests_isolation == INGOT_ISOLATION_CHROOT ? "chroot" : "full");
	ingot_json_end(&j, '}');
	ingot_json_bool(&j, "signed", r->signed_by_us);
	if (r->signed_by_us)
		ingot_json_str(&j, "key", r->key_id);
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}

static int build_twice(struct cli *c, struct ingot_store *store, const struct ingot_build_options *first, const struct ingot_build_result *was, struct ingot_err *err)
{
	struct ingot_build_options again = *first;
	struct ingot_build_result now;
	again.target = NULL;
	again.key = NULL;
	again.judgement = NULL;
	again.no_cache = true;
	again.no_tests = true; /* they were run on the first, and this is to be the same to the byte */
	again.record_calls = false;
	ingot_try(err, ingot_build(store, &again, &c->log, &now, err), "second build");
	if (ingot_digest_eq(&now.manifest, &was->manifest)) {
		ingot_say(&c->log, INGOT_INFO, "the second build gave the same manifest digest");
		return 0;
	}
	(void)ingot_fail(err, INGOT_E_FALSE, "the second build differs: %s, then %s", INGOT_DIGEST(&was->manifest), INGOT_DIGEST(&now.manifest));
	return ingot_hint(err, "a step puts something into its files that changes: a time, a random number, an order of directory entries");
}

/* By the file's name, where nothing else is said. */
static int report_format(const struct cli *c, const char *file, enum ingot_report_format *ret, struct ingot_err *err)
{
	struct ingot_span name = ingot_span_of(file);
	if (cli_has(c, "report-format"))
		return cli_report_format(c, "report-format", ret, err);
	if (ingot_span_ends(name, ".sarif") || ingot_span_ends(name, ".sarif.json"))
		*ret = INGOT_REPORT_SARIF;
	else if (ingot_span_ends(name, ".json"))
		*ret = INGOT_REPORT_JSON;
	else
		*ret = INGOT_REPORT_TEXT;
	return 0;
}

/* Findings are told whether the build went on after them or not. */
static int build_and_show(struct cli *c, struct ingot_store *store, struct ingot_build_options *o, struct ingot_build_result *ret, struct ingot_err *err)
{
	_cleanup_(ingot_judgement_done) struct ingot_judgement j = INGOT_JUDGEMENT_INIT;
	const char *file = cli_value(c, "report");
	enum ingot_report_format format = INGOT_REPORT_TEXT;
	if (file)
		ingot_pass(report_format(c, file, &format, err));
	o->report = file != NULL;
	o->judgement = &j;
	int r = ingot_build(store, o, &c->log, ret, err);
	o->judgement = NULL;
	struct ingot_report report = cli_report(c, &j, o->recipe_path, NULL);
	if (j.recipe)
		cli_tell_findings(c, &report);
	if (!file || !j.recipe)
		return r;
	struct ingot_err second = INGOT_ERR_INIT;
	if (cli_report_file(file, &report, format, &second) < 0 && r == 0) {
		*err = second;
		r = -1;
	}
	return r;
}

static int build_with(struct cli *c, struct ingot_build_options *o, const char *target, struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(1 << 20);
	enum cli_format format;
	struct ingot_build_result result;
	ingot_pass(cli_format(c, false, &format, err));
	ingot_pass(cli_open_store(c, &store, err));
	ingot_pass(build_and_show(c, store, o, &result, err));
	if (o->record_calls)
		ingot_pass(cli_write_profile(c, result.calls, err));
	if (cli_has(c, "twice"))
		ingot_pass(build_twice(c, store, o, &result, err));
	if (strcmp(target, "-") == 0) {
		ingot_say(&c->log, INGOT_INFO, "%s %s", result.reference, INGOT_DIGEST(&result.manifest));
		return 0;
	}
	if (format == CLI_JSON)
		print_json(target, &result, &out);
	else
		print_text(target, &result, &out);
	return cli_print(&out, err);
}

static int with_key(struct cli *c, struct ingot_build_options *o, const char *target, struct ingot_err *err)
{
	const char *option = cli_has(c, "unsigned") ? NULL : cli_has(c, "key") ? cli_value(c, "key") : c->settings->key;
	_cleanup_(cli_forget) char *passphrase = NULL;
	struct ingot_key key = { .fd = -1 };
	if (option) {
		ingot_pass(cli_passphrase(c, false, &passphrase, err));
		ingot_pass(ingot_key_from_option(option, passphrase, &key, err));
		o->key = &key;
	}
	int r = build_with(c, o, target, err);
	o->key = NULL; /* it ends here */
	return r;
}

static int read_secrets(const struct cli *c, struct ingot_arena *arena, struct ingot_secret_source *ret, size_t *ret_n, struct ingot_err *err)
{
	const char *texts[CLI_MAX_VALUES];
	size_t n = cli_values(c, "secret", texts, CLI_MAX_VALUES);
	for (size_t i = 0; i < n; i++) {
		ingot_pass(ingot_secret_parse(arena, texts[i], &ret[i], err));
		for (size_t k = 0; k < i; k++)
			if (strcmp(ret[i].id, ret[k].id) == 0)
				return ingot_fail(err, INGOT_E_INPUT, "--secret: %s is given twice", INGOT_SHOW(ingot_span_of(ret[i].id)));
	}
	*ret_n = n;
	return 0;
}

static int check_on_fail(const struct cli *c, struct ingot_err *err)
{
	const char *how = cli_value(c, "on-fail");
	if (!how)
		return 0;
	if (strcmp(how, "shell") != 0)
		return ingot_fail(err, INGOT_E_INPUT, "--on-fail is shell, not '%s'", INGOT_SHOW(ingot_span_of(how)));
	/* At once, and not when a step fails an hour later. */
	for (int fd = 0; fd <= 2; fd++)
		if (isatty(fd) != 1) {
			(void)ingot_fail(err, INGOT_E_INPUT, "--on-fail=shell needs a terminal, and %s is none", fd == 0 ? "stdin" : fd == 1 ? "stdout" : "stderr");
			return ingot_hint(err, "leave it out where nobody can answer");
		}
	return 0;
}

static int run(struct cli *c, struct ingot_err *err)
{
	const char *sets[CLI_MAX_VALUES];
	struct ingot_secret_source secrets[CLI_MAX_VALUES];
	size_t n_secrets = 0;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_mirrors_freep) struct ingot_mirrors *mirrors = NULL;
	_cleanup_(ingot_rules_file_freep) struct ingot_rules_file *rules = NULL;
	_cleanup_(ingot_freep) char *made = NULL;
	const char *target = cli_value(c, "output");
	ingot_pass(check_signing(c, err));
	ingot_pass(check_on_fail(c, err));
	ingot_pass(read_secrets(c, arena, secrets, &n_secrets, err));
	ingot_pass(cli_mirrors(c, &mirrors, err));
	if (!target)
		target = made = default_target(c->operands[0]);
	struct ingot_build_options o = {
		.recipe_path = c->operands[0],
		.sets = sets,
		.n_sets = cli_values(c, "set", sets, CLI_MAX_VALUES),
		.reference = cli_value(c, "name"),
		.target = target,
		.mirrors = mirrors,
		.offline = cli_has(c, "offline"),
		.no_cache = cli_has(c, "no-cache"),
		.epoch = getenv("SOURCE_DATE_EPOCH"),
		.secrets = secrets,
		.n_secrets = n_secrets,
		.allow_network = cli_has(c, "allow-network"),
		.profile = cli_value(c, "profile"),
		.no_tests = cli_has(c, "no-tests"),
		.record_calls = cli_has(c, "seccomp-profile"),
		.shell_on_fail = cli_has(c, "on-fail"),
	};
	ingot_pass(cli_isolation(c, &o.full_isolation, err));
	if (o.no_tests && o.record_calls)
		return ingot_fail(err, INGOT_E_INPUT, "--no-tests and --seccomp-profile exclude each other");
	if (cli_has(c, "rules")) {
		ingot_pass(ingot_rules_file_load(cli_value(c, "rules"), &rules, err));
		o.rules = rules->rules;
		o.rules_digest = rules->digest;
	}
	return with_key(c, &o, target, err);
}

extern const struct cli_verb cli_verb_build;
const struct cli_verb cli_verb_build = {
	.name = "build",
	.operands = "RECIPE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "recipe and lock in, signed OCI archive out",
	.text = "\nNothing is fetched that the lock does not name by its sha256; steps run without network as an unprivileged user. Times in the image are\n"
		"SOURCE_DATE_EPOCH if it is set, else the newest date in the lock. The same recipe, lock and files give the same digest everywhere.\n"
		"\nThe recipe's tests run on the image before it is signed (see ingot test); with one that fails nothing is signed or written, and the exit status is 1.\n"
		"\nA secret is read when a step asks for it, and is a file in that step's /run/secrets. Its value is masked in output, and before anything is\n"
		"written the image is searched for it.",
	.options = options,
	.run = run,
};
