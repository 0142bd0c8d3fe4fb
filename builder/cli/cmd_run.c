#include "cli.h"
#include <ingot/escape.h>
#include <ingot/run_image.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "network", 0, "WHICH", "loopback (default: one of its own), none, or host" },
	{ "tmpfs", 0, "PATH", "a further place in memory; empty directories of the image's user are by themselves" },
	{ "volume", 0, "HOST:PATH[:ro]", "a directory of the host; PATH need not exist in the image" },
	{ "env", 'e', "NAME=VALUE", "set in its environment" },
	{ "workdir", 'w', "PATH", "instead of the image's" },
	CLI_PLATFORM,
	{ "timeout", 0, "SECONDS", "end it after so long (default: a week)" },
	{ 0 },
};

static int network_of(const struct cli *c, enum ingot_run_network *ret, struct ingot_err *err)
{
	const char *word = cli_value(c, "network");
	if (!word || strcmp(word, "loopback") == 0)
		*ret = INGOT_RUN_LOOPBACK;
	else if (strcmp(word, "none") == 0)
		*ret = INGOT_RUN_NO_NETWORK;
	else if (strcmp(word, "host") == 0)
		*ret = INGOT_RUN_HOST_NETWORK;
	else
		return ingot_fail(err, INGOT_E_INPUT, "--network is loopback, none or host, not '%s'", INGOT_SHOW(ingot_span_of(word)));
	return 0;
}

static int run(struct cli *c, struct ingot_err *err)
{
	const char *env[CLI_MAX_VALUES], *tmpfs[CLI_MAX_VALUES], *volumes[CLI_MAX_VALUES];
	uint64_t timeout = 0;
	struct ingot_run_options o = {
		.image = c->operands[0],
		.platform = cli_value(c, "platform"),
		.command = c->rest,
		.n_command = c->n_rest,
		.env = env,
		.n_env = cli_values(c, "env", env, CLI_MAX_VALUES),
		.tmpfs = tmpfs,
		.n_tmpfs = cli_values(c, "tmpfs", tmpfs, CLI_MAX_VALUES),
		.volumes = volumes,
		.n_volumes = cli_values(c, "volume", volumes, CLI_MAX_VALUES),
		.workdir = cli_value(c, "workdir"),
		.stdio = { 0, 1, 2 },
	};
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	int status;
	ingot_pass(network_of(c, &o.network, err));
	ingot_pass(cli_number(c, "timeout", 7 * 24 * 3600, &timeout, err));
	o.timeout = (unsigned)timeout;
	for (size_t i = 0; i < o.n_env; i++)
		if (!strchr(env[i], '='))
			return ingot_fail(err, INGOT_E_INPUT, "--env %s: NAME=VALUE is wanted", INGOT_SHOW(ingot_span_of(env[i])));
	ingot_pass(cli_open_store(c, &store, err));
	ingot_pass(ingot_run_image(store, &o, &c->log, &status, err));
	return status;
}

extern const struct cli_verb cli_verb_run;
const struct cli_verb cli_verb_run = {
	.name = "run",
	.operands = "IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.takes_rest = true,
	.summary = "one throw-away run in the sandbox: the image's user, a read-only root",
	.text = CLI_IMAGE_TEXT "\n\nCOMMAND stands in place of the image's entrypoint and cmd. The exit status is the command's own, or 128 and the number of its signal.",
	.options = options,
	.run = run,
};
