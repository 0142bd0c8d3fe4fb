/* rules_start.c - what the image starts: one service, by its own name, which can be stopped. */
#include "look.h"
#include "programs.h"
#include "rows.h"
#include <ingot/escape.h>

#define EXEC_FORM "image:\n  user: web\n  entrypoint: [/usr/sbin/nginx, -g, \"daemon off;\"]\n"

static const struct ingot_rule rows[] = {
	{ "entrypoint-missing", SEV(WARNING, ERROR, ERROR), "the image says what it starts", "Without entrypoint and cmd the image starts nothing, or whatever somebody types.", NULL, "name the program: entrypoint:", EXEC_FORM, NULL },
	{ "shell-form", SEV(WARNING, ERROR, ERROR), "the program is started as a list of words, without a shell",
	  "The shell is process 1 then: it needs a shell in the image, swallows the signal that asks the program to end, and reads variables as code.", "DL3025", "write the program and its arguments as a list", EXEC_FORM, NULL },
	{ "several-services", SEV(WARNING, ERROR, ERROR), "one image runs one service",
	  "Services in one container fall together, are scaled together, share a user and every right; the runtime sees only the first of them end.", "DL4003", "make an image of each", EXEC_FORM, NULL },
	{ "stop-signal-missing", SEV(WARNING, WARNING, WARNING), "a program that ends in good order on another signal than SIGTERM is sent that signal",
	  "SIGTERM makes some servers drop what they are doing: requests are cut off at every update.", NULL, "set stop-signal:", "image:\n  user: web\n  entrypoint: [/usr/sbin/nginx]\n  stop-signal: SIGQUIT\n", NULL },
	{ "stop-signal-kill", SEV(WARNING, ERROR, ERROR), "the stop signal is one that a program can answer", "SIGKILL and SIGSTOP leave no time to write down what is in memory.", NULL, "leave stop-signal out, or name the signal that the program knows",
	  "image:\n  user: web\n  entrypoint: [/usr/bin/web]\n  stop-signal: SIGTERM\n", NULL },
	{ "healthcheck", SEV(NONE, NOTE, NOTE), "a service can be asked whether it is well",
	  "Docker can test a container only if the image says how. The OCI format has no such thing, and Kubernetes does not read it: say it in the deployment.", "CIS-DI-0006, DL3057", "give the deployment a probe for the port", NULL, NULL },
};

static void check_words(struct look *l, const struct ingot_words *w, const char *field)
{
	const char *script = shell_script(w);
	if (!script) {
		for (size_t i = 1; i < w->n; i++)
			if (looks_like_command(ingot_span_of(w->v[i])))
				(void)look_field(l, "several-services", ingot_arena_strf(l->out->arena, "%s/%zu", field, i), w->v[i],
						 "\"%s\" is handed to %s as an argument: if it was meant to be started, it is not", INGOT_SHOW(ingot_span_of(w->v[i])), INGOT_SHOW(ingot_span_of(w->v[0])));
		return;
	}
	bool background = false;
	size_t services = script_services(ingot_span_of(script), &background);
	(void)look_field(l, "shell-form", field, NULL, "the image starts a shell, which starts \"%s\"", INGOT_SHOW(ingot_span_of(script)));
	if (services > 1 || background)
		(void)look_field(l, "several-services", field, NULL, "the image starts several things in one script: \"%s\"", INGOT_SHOW(ingot_span_of(script)));
}

static void check_stop(struct look *l, const struct ingot_config *c, const struct program *p)
{
	static const char *const hard[] = { "SIGKILL", "KILL", "9", "SIGSTOP", "STOP", "19" };
	for (size_t i = 0; i < N_ROWS(hard); i++)
		if (strcmp(c->stop_signal, hard[i]) == 0)
			(void)look_field(l, "stop-signal-kill", "/config/StopSignal", NULL, "the image is stopped with %s, which no program can answer", hard[i]);
	if (p && p->stop_signal && !c->stop_signal[0])
		(void)look_field(l, "stop-signal-missing", "/config/StopSignal", NULL, "%s ends in good order on %s, and is sent SIGTERM", p->name, p->stop_signal);
}

static void check(struct look *l)
{
	const struct ingot_config *c = l->config;
	if (!c)
		return;
	struct command m = command_of(c);
	const char *word = command_word(&m, 0);
	const struct program *p = word ? program_find(ingot_span_of(word)) : NULL;
	if (!c->entrypoint.n && !c->cmd.n)
		(void)look_field(l, "entrypoint-missing", "/config/Entrypoint", NULL, "the image does not say what it starts");
	check_words(l, &c->entrypoint, "/config/Entrypoint");
	check_words(l, &c->cmd, "/config/Cmd");
	if (p && strcmp(p->name, "supervisord") == 0)
		(void)look_field(l, "several-services", c->entrypoint.n ? "/config/Entrypoint" : "/config/Cmd", NULL, "the image starts %s, which is there to run several services", p->name);
	check_stop(l, c, p);
	if (c->ports.n && !c->healthcheck)
		(void)look_field(l, "healthcheck", "/config/Healthcheck", NULL, "the image listens on a port and has no health check");
}

const struct rule_group rules_start = { rows, N_ROWS(rows), check };
