#include "cli.h"
#include <string.h>

static void options(FILE *out, const struct cli_option *table)
{
	for (const struct cli_option *o = table; o->name; o++) {
		char left[64];
		if (o->letter)
			(void)snprintf(left, sizeof(left), "-%c, --%s%s%s", o->letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		else
			(void)snprintf(left, sizeof(left), "    --%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		(void)fprintf(out, "  %-32s %s\n", left, o->help);
	}
}

void cli_usage(FILE *out)
{
	(void)fprintf(out, "ingot %s: builds minimal, signed container images without root and without a daemon\n\nusage: ingot VERB [OPTION...] OPERAND...\n\n", INGOT_VERSION);
	for (size_t i = 0; cli_verbs[i]; i++) {
		char left[64];
		(void)snprintf(left, sizeof(left), "%s %s", cli_verbs[i]->name, cli_verbs[i]->operands);
		(void)fprintf(out, "  %-32s %s\n", left, cli_verbs[i]->summary);
	}
	(void)fputs("\noptions of every verb:\n", out);
	options(out, cli_common);
	(void)fputs("\nexit status: 0 done and true, 1 what was asked about does not hold, 2 usage or recipe error, 3 something from outside is\n"
		    "wrong or unreachable, 4 this host lacks something, 5 a step failed, 70 a fault of ingot\n",
		    out);
}

void cli_help(FILE *out, const struct cli_verb *v)
{
	(void)fprintf(out, "usage: ingot %s [OPTION...] %s%s\n\n%s.\n", v->name, v->operands, v->takes_rest ? " [-- COMMAND...]" : "", v->summary);
	if (v->text)
		(void)fprintf(out, "%s\n", v->text);
	(void)fputs("\noptions:\n", out);
	options(out, v->options);
	options(out, cli_common);
}

const struct cli_verb *cli_find_verb(const char *name)
{
	for (size_t i = 0; cli_verbs[i]; i++)
		if (strcmp(cli_verbs[i]->name, name) == 0)
			return cli_verbs[i];
	return NULL;
}
