#include "cli.h"
#include <ingot/escape.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order of the help. */
#define VERBS(V) \
	V(build) \
	V(lock) \
	V(check) \
	V(test) \
	V(explain) \
	V(verify) \
	V(keygen) \
	V(inspect) \
	V(tree) \
	V(diff) \
	V(push) \
	V(pull) \
	V(run) \
	V(store) \
	V(doctor) \
	V(schema)

#define DECLARE(name) extern const struct cli_verb cli_verb_##name;
VERBS(DECLARE)

#define ADDRESS(name) &cli_verb_##name,
const struct cli_verb *const cli_verbs[] = { VERBS(ADDRESS) NULL };

/* A closed stdin, stdout or stderr would be taken by the next file that is opened, and written to as if it were the terminal. */
static void open_standard_fds(void)
{
	struct stat st;
	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &st) < 0 && !freopen("/dev/null", fd ? "w" : "r", fd == 0 ? stdin : fd == 1 ? stdout : stderr))
			_exit(INGOT_E_HOST);
}

static int run(struct cli *c, int argc, char *const *argv, struct ingot_err *err)
{
	ingot_pass(cli_parse(c, argc, argv, err));
	if (cli_has(c, "help")) {
		cli_help(stdout, c->verb);
		return 0;
	}
	ingot_pass(cli_sink_open(c, err));
	ingot_pass(ingot_settings_load(cli_value(c, "config"), &c->settings, err));
	return c->verb->run(c, err);
}

static int usage_error(const char *word)
{
	(void)fprintf(stderr, "error: there is no verb '%s'\nhint: ingot --help lists the verbs\n", INGOT_SHOW(ingot_span_of(word)));
	return INGOT_E_INPUT;
}

int main(int argc, char **argv)
{
	/* There is no set-uid story: refuse to be one by accident. */
	if (getauxval(AT_SECURE))
		return INGOT_E_INPUT;
	open_standard_fds();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(022);
	if (argc < 2) {
		cli_usage(stderr);
		return INGOT_E_INPUT;
	}
	const char *word = argv[1];
	if (strcmp(word, "--version") == 0) {
		(void)printf("ingot %s\n", INGOT_VERSION);
		return 0;
	}
	bool help = strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
	if (help && argc == 2) {
		cli_usage(stdout);
		return 0;
	}
	struct cli c = { .verb = cli_find_verb(help ? argv[2] : word) };
	if (!c.verb)
		return usage_error(help ? argv[2] : word);
	if (help) {
		cli_help(stdout, c.verb);
		return 0;
	}
	struct ingot_err err = INGOT_ERR_INIT;
	int r = run(&c, argc - 2, argv + 2, &err);
	if (r >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = ingot_fail_sys(&err, INGOT_E_BUG, "writing the result");
	cli_sink_close(&c.sink);
	ingot_settings_free(c.settings);
	if (r >= 0)
		return r;
	cli_show_error(&c.sink, &err);
	return err.code == INGOT_OK ? INGOT_E_BUG : (int)err.code;
}
