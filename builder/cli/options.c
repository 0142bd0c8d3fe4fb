#include "cli.h"
#include <ingot/escape.h>
#include <ingot/num.h>
#include <string.h>

const struct cli_option cli_common[] = {
	{ "store", 0, "DIR", "where content is kept (default: $XDG_CACHE_HOME/ingot)" },
	{ "config", 0, "FILE", "the user's configuration (default: $XDG_CONFIG_HOME/ingot/config.yaml)" },
	{ "progress", 0, "HOW", "auto, plain, tty, json or none" },
	{ "quiet", 'q', NULL, "only errors" },
	{ "verbose", 'v', NULL, "more about what is done" },
	{ "help", 'h', NULL, "this help" },
	{ 0 },
};

static const struct cli_option *find(const struct cli_option *table, const char *name, size_t n, char letter)
{
	for (const struct cli_option *o = table; o->name; o++)
		if (letter ? o->letter == letter : strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

static const struct cli_option *lookup(const struct cli *c, const char *name, size_t n, char letter)
{
	const struct cli_option *o = find(c->verb->options, name, n, letter);
	return o ? o : find(cli_common, name, n, letter);
}

static int add(struct cli *c, const struct cli_option *o, const char *value, struct ingot_err *err)
{
	if (c->n_given == CLI_MAX_VALUES)
		return ingot_fail(err, INGOT_E_INPUT, "more than %d options", CLI_MAX_VALUES);
	c->given[c->n_given].option = o;
	c->given[c->n_given++].value = value;
	return 0;
}

static int unknown(const struct cli *c, const char *arg, struct ingot_err *err)
{
	(void)ingot_fail(err, INGOT_E_INPUT, "unknown option '%s'", INGOT_SHOW(ingot_span_of(arg)));
	return ingot_hint(err, "ingot %s --help lists the options", c->verb->name);
}

/* One argument that begins with a dash; *i moves on when it takes the next one as its value. */
static int parse_option(struct cli *c, int argc, char *const *argv, int *i, struct ingot_err *err)
{
	const char *arg = argv[*i], *value = NULL;
	const struct cli_option *o;
	if (arg[1] == '-') {
		const char *eq = strchr(arg, '=');
		size_t n = eq ? (size_t)(eq - arg) - 2 : strlen(arg) - 2;
		o = lookup(c, arg + 2, n, 0);
		value = eq ? eq + 1 : NULL;
	} else {
		o = lookup(c, NULL, 0, arg[1]);
		value = o && arg[2] ? arg + 2 : NULL;
	}
	if (!o)
		return unknown(c, arg, err);
	if (!o->arg && value)
		return ingot_fail(err, INGOT_E_INPUT, "--%s takes no value", o->name);
	if (o->arg && !value) {
		if (*i + 1 >= argc)
			return ingot_fail(err, INGOT_E_INPUT, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
		value = argv[++*i];
	}
	return add(c, o, value ? value : "", err);
}

int cli_parse(struct cli *c, int argc, char *const *argv, struct ingot_err *err)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0 && c->verb->takes_rest) {
			c->rest = (const char *const *)&argv[i + 1];
			c->n_rest = (size_t)(argc - i - 1);
			break;
		}
		if (argv[i][0] == '-' && argv[i][1]) {
			ingot_pass(parse_option(c, argc, argv, &i, err));
		} else if (c->n_operands == CLI_MAX_OPERANDS) {
			return ingot_fail(err, INGOT_E_INPUT, "too many operands");
		} else {
			c->operands[c->n_operands++] = argv[i];
		}
	}
	if (cli_has(c, "help"))
		return 0;
	if (c->n_operands < c->verb->min_operands || c->n_operands > c->verb->max_operands) {
		(void)ingot_fail(err, INGOT_E_INPUT, "usage: ingot %s [OPTION...] %s", c->verb->name, c->verb->operands);
		return ingot_hint(err, "ingot %s --help", c->verb->name);
	}
	return 0;
}

bool cli_has(const struct cli *c, const char *option)
{
	return cli_value(c, option) != NULL;
}

const char *cli_value(const struct cli *c, const char *option)
{
	const char *value = NULL;
	for (size_t i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].option->name, option) == 0)
			value = c->given[i].value;
	return value;
}

size_t cli_values(const struct cli *c, const char *option, const char **ret, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_given && n < max; i++)
		if (strcmp(c->given[i].option->name, option) == 0)
			ret[n++] = c->given[i].value;
	return n;
}

int cli_number(const struct cli *c, const char *option, uint64_t max, uint64_t *inout, struct ingot_err *err)
{
	const char *text = cli_value(c, option);
	if (text && ingot_parse_u64(ingot_span_of(text), max, inout) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "--%s: '%s' is not a number up to %llu", option, INGOT_SHOW(ingot_span_of(text)), (unsigned long long)max);
	return 0;
}
