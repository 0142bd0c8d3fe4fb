#include "cli.h"
#include <ingot/escape.h>
#include <ingot/lock.h>
#include <ingot/locking.h>
#include <ingot/mem.h>
#include <time.h>

static const struct cli_option options[] = {
	{ "update", 0, NULL, "look for newer packages even where the lock fits the recipe" },
	{ "mirror", 0, "[SUITE=]URL", "fetch from here, instead of the host's apt mirrors" },
	{ "proxy", 0, "URL", "HTTP proxy, instead of the host's" },
	{ "archive-key", 0, "FILE", "a further public key that may sign the archive" },
	{ "ignore-valid-until", 0, NULL, "accept an index that has expired" },
	{ "allow-older-release", 0, NULL, "accept an index older than the lock's" },
	{ "set", 0, "NAME=VALUE", "override a variable of the recipe" },
	{ "offline", 0, NULL, "use only directories as mirrors" },
	{ 0 },
};

static int make(struct cli *c, const struct ingot_recipe *recipe, const struct ingot_lock *old, const char *path, struct ingot_err *err)
{
	_cleanup_(ingot_mirrors_freep) struct ingot_mirrors *mirrors = NULL;
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_lock_freep) struct ingot_lock *fresh = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf changes = INGOT_BUF(16 << 20);
	const char *keys[2 * CLI_MAX_VALUES];
	size_t n_keys = cli_values(c, "archive-key", keys, CLI_MAX_VALUES);
	for (size_t i = 0; i < c->settings->archive_keys.n && n_keys < 2 * CLI_MAX_VALUES; i++)
		keys[n_keys++] = c->settings->archive_keys.v[i];
	ingot_pass(cli_mirrors(c, &mirrors, err));
	ingot_pass(cli_open_store(c, &store, err));
	struct ingot_lock_options o = {
		.mirrors = mirrors,
		.keys = keys,
		.n_keys = n_keys,
		.ignore_valid_until = cli_has(c, "ignore-valid-until"),
		.allow_older_release = cli_has(c, "allow-older-release"),
		.offline = cli_has(c, "offline"),
	};
	ingot_pass(ingot_lock_make(recipe, old, &o, &c->log, store, &fresh, err));
	ingot_lock_changes(old, fresh, &changes);
	ingot_pass(ingot_lock_write(path, fresh, err));
	size_t packages = 0;
	for (size_t i = 0; i < fresh->n_sets; i++)
		packages += fresh->sets[i].n_packages;
	if (!changes.n)
		ingot_buf_str(&changes, "the same packages as before\n");
	ingot_buf_fmt(&changes, "%s: %zu package%s in %zu set%s\n", INGOT_SHOW(ingot_span_of(path)), packages, packages == 1 ? "" : "s", fresh->n_sets, fresh->n_sets == 1 ? "" : "s");
	return cli_print(&changes, err);
}

static int run(struct cli *c, struct ingot_err *err)
{
	const char *sets[CLI_MAX_VALUES];
	size_t n_sets = cli_values(c, "set", sets, CLI_MAX_VALUES);
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *recipe = NULL;
	_cleanup_(ingot_lock_freep) struct ingot_lock *old = NULL;
	_cleanup_(ingot_freep) char *path = ingot_lock_path(c->operands[0]);
	ingot_pass(ingot_recipe_load(c->operands[0], sets, n_sets, &recipe, err));
	ingot_pass(ingot_lock_read(path, &old, err));
	struct ingot_err stale = INGOT_ERR_INIT;
	if (old && !cli_has(c, "update") && ingot_lock_check(recipe, old, &stale) == 0) {
		long long days = ((long long)time(NULL) - (long long)old->date) / 86400;
		ingot_say(&c->log, INGOT_INFO, "%s fits the recipe; its newest index is %lld day%s old (--update looks for newer packages)", INGOT_SHOW(ingot_span_of(path)),
			  days < 0 ? 0 : days, days == 1 ? "" : "s");
		return 0;
	}
	return make(c, recipe, old, path, err);
}

extern const struct cli_verb cli_verb_lock;
const struct cli_verb cli_verb_lock = {
	.name = "lock",
	.operands = "RECIPE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "resolve everything from outside into NAME.lock.yaml and print what changed",
	.text = "\nThe indexes' signatures are checked against pinned archive keys. Commit the lock beside the recipe: builds use nothing else.",
	.options = options,
	.run = run,
};
