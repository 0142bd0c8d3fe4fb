#include "shell.h"
#include <ingot/terminal.h>

#define WEEK (7 * 24 * 3600)

void shell_open(struct engine *e, const struct ingot_step *step, const struct ingot_step_plan *failed)
{
	/* The same root, user, places, secrets, network and filter; only the command and the terminal are others. */
	const char *const argv[] = { step->shell ? step->shell : "/bin/sh", "-i" };
	struct ingot_step_plan plan = *failed;
	struct ingot_step_result result = INGOT_STEP_RESULT_INIT;
	struct ingot_err err = INGOT_ERR_INIT;
	plan.argv = argv;
	plan.n_argv = 2;
	plan.timeout = WEEK;
	plan.flags |= INGOT_STEP_STDIO | INGOT_STEP_AGAIN | INGOT_STEP_TERMINAL;
	struct ingot_terminal terminal = INGOT_TERMINAL_INIT;
	ingot_say(e->log, INGOT_NOTE, "%s has failed; this is a shell where it ended%s. Leave it with exit", failed->name,
		  failed->script.n ? ", and its script is " INGOT_STEP_SCRIPT : "");
	int r = ingot_terminal_begin(&terminal, &err);
	for (int i = 0; i < 3; i++)
		plan.stdio[i] = terminal.fd;
	if (r == 0)
		r = ingot_step_run(&plan, e->log, &result, &err);
	ingot_terminal_end(&terminal);
	if (r < 0)
		ingot_say(e->log, INGOT_WARNING, "no shell: %s", err.msg);
	ingot_step_result_done(&result);
}
