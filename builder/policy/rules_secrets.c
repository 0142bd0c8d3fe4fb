/* rules_secrets.c - secrets in what describes the image: everybody who can pull it can read its config. The value itself is never shown. */
#include "look.h"
#include "names.h"
#include "rows.h"
#include <ingot/escape.h>

#define MOUNTED "image:\n  user: web\n  entrypoint: [/usr/bin/web]\n  env: { DB_PASSWORD_FILE: /run/secrets/db }\n"

static const struct ingot_rule rows[] = {
	{ "secret-env", SEV(ERROR, ERROR, ERROR), "no variable holds a key or a token",
	  "Variables of an image are public: docker inspect shows them, child processes and crash reports carry them on. That they are the usual advice for secrets does not make them safe.", "CIS-DI-0010, CIS Docker Benchmark 4.10, S6472",
	  "take it back where it was issued; mount a file at run time, and name its path", MOUNTED, "value" },
	{ "secret-name", SEV(WARNING, ERROR, ERROR), "no variable, label or argument has the name of a secret and a value", "What is called a password is one, whatever it looks like; it cannot be changed without a new image.", "CIS-DI-0010, DL3064",
	  "leave the value to the run time, best as a file (NAME_FILE)", MOUNTED, "value" },
	{ "default-credentials", SEV(ERROR, ERROR, ERROR), "no password is one that everybody tries first", "root, admin, changeme and a few thousand others are tried within minutes on whatever can be reached; an empty one need not even be tried.",
	  "OWASP A07:2021", "leave the value to the run time, best as a file (NAME_FILE)", MOUNTED, "value" },
	{ "secret-label", SEV(ERROR, ERROR, ERROR), "no label holds a key or a token", "Labels are shown by every registry and every scheduler.", "CIS-DI-0010", "take it back where it was issued, and out of labels:", NULL, "value" },
	{ "secret-args", SEV(ERROR, ERROR, ERROR), "no argument holds a key or a token", "Arguments are in the config, and every process of the host can read them in /proc.", "CIS-DI-0010", "take it back where it was issued; have the program read a file", MOUNTED, "value" },
	{ "secret-history", SEV(WARNING, ERROR, ERROR), "the image's history tells no secret",
	  "Build arguments and commands are kept in the config for ever, whatever later steps remove.", "CIS-DI-0010, S6472", "take it back where it was issued; give it to the step that needs it as secrets:",
	  "stages:\n  build:\n    steps:\n      - run: [/bin/fetch, --token-file, /run/secrets/token]\n        secrets: [token]\nimage:\n  user: web\n", "value" },
};

static bool allows_empty(struct ingot_span name, struct ingot_span value)
{
	bool on = ingot_span_is(value, "yes") || ingot_span_is(value, "true") || ingot_span_is(value, "1");
	return on && (ingot_span_ends(name, "ALLOW_EMPTY_PASSWORD") || ingot_span_ends(name, "ALLOW_ANONYMOUS_LOGIN") || ingot_span_ends(name, "ALLOW_EMPTY_ROOT_PASSWORD"));
}

/* NAME and its value, of whatever: at most one finding. certain is the rule for values that show what they are. */
static void check_pair(struct look *l, const char *certain, const char *kind, const char *field, struct ingot_span name, struct ingot_span value)
{
	const char *id = ingot_arena_str(l->out->arena, name), *shown = INGOT_SHOW(name), *is = secret_value(value);
	if (allows_empty(name, value) || (ingot_span_is(name, "POSTGRES_HOST_AUTH_METHOD") && ingot_span_is(value, "trust"))) {
		(void)look_field(l, "default-credentials", field, id, "the %s %s lets everybody in without a password", kind, shown);
		return;
	}
	bool named = secret_name(name) && !no_secret(value);
	if (is)
		(void)look_field(l, certain, field, id, "the %s %s holds %s", kind, shown, is);
	else if (named && weak_password(value))
		(void)look_field(l, "default-credentials", field, id, "the %s %s holds a password that everybody tries first", kind, shown);
	else if (named)
		(void)look_field(l, "secret-name", field, id, "the %s %s holds a value, and by its name that is secret", kind, shown);
}

static void check_env(struct look *l, const struct ingot_config *c)
{
	for (size_t i = 0; i < c->env.n; i++) {
		struct ingot_span value = ingot_span_of(c->env.v[i]), name;
		if (ingot_span_next(&value, '=', &name))
			check_pair(l, "secret-env", "variable", ingot_arena_strf(l->out->arena, "/config/Env/%zu", i), name, value);
	}
}

/* "--password=x", "--password x", and values that speak for themselves. */
static void check_args(struct look *l, const struct ingot_words *w, const char *list)
{
	for (size_t i = 0; i < w->n; i++) {
		struct ingot_span word = ingot_span_of(w->v[i]), name = { 0 }, value;
		const char *field = ingot_arena_strf(l->out->arena, "/config/%s/%zu", list, i);
		bool option = word.n > 2 && word.p[0] == '-' && !ingot_span_has(word, ' ');
		value = word;
		if (option && ingot_span_has(word, '='))
			(void)ingot_span_next(&value, '=', &name);
		else if (option && i + 1 < w->n && w->v[i + 1][0] != '-') {
			name = word;
			value = ingot_span_of(w->v[i + 1]);
		}
		if (name.n && (secret_name(name) || secret_value(value)))
			check_pair(l, "secret-args", "argument", field, name, value);
		else if (!name.n && secret_value(word) && !(i && w->v[i - 1][0] == '-'))
			(void)look_field(l, "secret-args", field, NULL, "argument %zu of %s holds %s", i, list, secret_value(word));
	}
}

static bool in_env(const struct ingot_config *c, struct ingot_span name)
{
	for (size_t i = 0; i < c->env.n; i++)
		if (strncmp(c->env.v[i], name.p, name.n) == 0 && c->env.v[i][name.n] == '=')
			return true;
	return false;
}

/* One finding an entry: Docker writes ENV, ARG and "|1 TOKEN=... /bin/sh -c" there as they were. */
static void check_history(struct look *l, const struct ingot_config *c, size_t i)
{
	struct ingot_span text = ingot_span_of(c->history[i].created_by), rest = text, word;
	const char *field = ingot_arena_strf(l->out->arena, "/history/%zu/created_by", i);
	while (ingot_span_next(&rest, ' ', &word)) {
		struct ingot_span value = word, name;
		if (!ingot_span_has(word, '=') || !ingot_span_next(&value, '=', &name) || !name.n || !secret_name(name) || in_env(c, name))
			continue;
		while (value.n && (value.p[0] == '"' || value.p[0] == '\''))
			value = ingot_span_from(value, 1);
		if (!value.n || no_secret(value) || value.p[0] == '`')
			continue;
		(void)look_field(l, "secret-history", field, ingot_arena_str(l->out->arena, name), "entry %zu of the history gives %s a value, and by its name that is secret", i, INGOT_SHOW(name));
		return;
	}
	const char *is = secret_value(text);
	bool known = false; /* of a variable that is reported as such */
	for (size_t k = 0; is && k < c->env.n; k++)
		known |= secret_value(ingot_span_of(c->env.v[k])) && strstr(c->history[i].created_by, strchr(c->env.v[k], '=') ? strchr(c->env.v[k], '=') + 1 : c->env.v[k]);
	if (is && !known)
		(void)look_field(l, "secret-history", field, NULL, "entry %zu of the history holds %s", i, is);
}

static void check(struct look *l)
{
	const struct ingot_config *c = l->config;
	if (!c)
		return;
	check_env(l, c);
	for (size_t i = 0; i < c->n_labels; i++)
		check_pair(l, "secret-label", "label", ingot_arena_strf(l->out->arena, "/config/Labels/%s", c->labels[i].name), ingot_span_of(c->labels[i].name), ingot_span_of(c->labels[i].value));
	check_args(l, &c->entrypoint, "Entrypoint");
	check_args(l, &c->cmd, "Cmd");
	for (size_t i = 0; i < c->n_history; i++)
		check_history(l, c, i);
}

const struct rule_group rules_secrets = { rows, N_ROWS(rows), check };
