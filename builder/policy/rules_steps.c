/* rules_steps.c - what steps do: nothing that tomorrow's run would do otherwise, nothing that opens what the image keeps closed. */
#include "look.h"
#include "names.h"
#include "rows.h"
#include "script.h"
#include <ingot/escape.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <stdio.h>

#define PACKAGES "image:\n  packages: [nginx]\n  user: web\n"
#define CLOSED "image:\n  user: web\n  writable: [/var/lib/web] # the builder gives it to the user\n"

static const struct ingot_rule rows[] = {
	{ "step-network", SEV(WARNING, WARNING, ERROR), "no step uses the host's network", "What comes over it is neither locked nor recorded: the next build may get something else, and nobody can tell.", NULL,
	  "take what is needed as a source, or as packages", PACKAGES, "value" },
	{ "step-installs", SEV(WARNING, ERROR, ERROR), "no step installs what nothing locks",
	  "A package manager takes what is newest at that moment. Only a list with hashes (packages: and its lock, pip --require-hashes, npm ci, cargo --locked) gives the same twice.", "DL3008, DL3013, DL3016, DL3018",
	  "install through packages:, or from a lock file of the language", PACKAGES, "value" },
	{ "step-upgrade", SEV(WARNING, ERROR, ERROR), "no step upgrades packages", "An upgrade contradicts every version that was chosen before it. What is new comes by a new lock, which shows what changes.", "DKL-DI-0003, DL3005",
	  "run ingot lock --update", PACKAGES, "value" },
	{ "step-runs-download", SEV(ERROR, ERROR, ERROR), "no step runs what it downloads as it comes", "Whoever answers at that address today is in the image, and half a download is run, too.", "DL4006",
	  "take the file as a source with its sha256, read it, then run it", NULL, NULL },
	{ "step-insecure", SEV(ERROR, ERROR, ERROR), "no step turns off what checks certificates or signatures", "Then anybody on the way can put what he likes into the image.", "OWASP A08:2021", "add the missing key or authority to the stage", PACKAGES, "value" },
	{ "step-chmod", SEV(WARNING, ERROR, ERROR), "no step opens files to everybody, or makes programs set-id", "What everybody can write, the service can write: its own code, or what another program reads.", "S2612, CIS Docker Benchmark 4.8",
	  "leave modes to the builder; name what the service writes under writable:", CLOSED, "value" },
	{ "step-chown", SEV(WARNING, ERROR, ERROR), "no step gives files to the image's user", "The service needs to read and run its files, not to own them: an owner can rewrite them, whatever their mode is.", "S6504",
	  "leave them to root; name what the service writes under writable:", CLOSED, "value" },
	{ "step-sudo", SEV(WARNING, WARNING, ERROR), "no step uses sudo", "A step is root in its sandbox already; sudo behaves otherwise there, and tempts to ship it.", "DL3004", "leave it out, or set the step's user:", NULL, "value" },
	{ "step-secret", SEV(WARNING, ERROR, ERROR), "no step has a secret in its text, its environment or the recipe's variables", "The recipe is in version control, and in the provenance of every build.", "CIS-DI-0010, S6472",
	  "give it to the step as secrets:, a file that no layer holds", "stages:\n  build:\n    steps:\n      - run: [/bin/fetch, --token-file, /run/secrets/token]\n        secrets: [token]\nimage:\n  user: web\n", "value" },
};

static bool any(const struct simple_command *c, const char *const *programs)
{
	for (size_t i = 0; programs[i]; i++)
		if (command_is(c, programs[i]))
			return true;
	return false;
}

static bool has_any(const struct simple_command *c, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (command_has(c, words[i]))
			return true;
	return false;
}

static bool installs(const struct simple_command *c)
{
	static const struct {
		const char *program, *verb;
		const char *but[6]; /* any of these makes it certain */
	} rows_of[] = {
		{ "apt-get", "install" }, { "apt", "install" }, { "aptitude", "install" }, { "apk", "add" }, { "yum", "install" }, { "dnf", "install" }, { "microdnf", "install" }, { "zypper", "install" }, { "pacman", "-S" },
		{ "pip", "install", { "--require-hashes", "--no-index", "--no-deps" } }, { "pip3", "install", { "--require-hashes", "--no-index", "--no-deps" } }, { "uv", "add" }, { "poetry", "add" }, { "conda", "install" },
		{ "npm", "install", { "--offline" } }, { "npm", "i", { "--offline" } }, { "yarn", "install", { "--frozen-lockfile", "--immutable", "--offline" } }, { "yarn", "add" },
		{ "pnpm", "install", { "--frozen-lockfile", "--offline" } }, { "gem", "install", { "--local" } }, { "cargo", "install", { "--locked", "--frozen", "--offline" } }, { "composer", "require" },
		{ "composer", "update" }, { "go", "install", { "-mod=vendor" } }, { "go", "get" }, { "cpan", "install" },
	};
	for (size_t i = 0; i < N_ROWS(rows_of); i++)
		if (command_is(c, rows_of[i].program) && command_has(c, rows_of[i].verb))
			return !rows_of[i].but[0] || !has_any(c, rows_of[i].but);
	return false;
}

static bool upgrades(const struct simple_command *c)
{
	static const char *const managers[] = { "apt-get", "apt", "aptitude", "apk", "yum", "dnf", "microdnf", "zypper", NULL };
	static const char *const verbs[] = { "upgrade", "dist-upgrade", "full-upgrade", NULL };
	return any(c, managers) && has_any(c, verbs);
}

static bool insecure(const struct simple_command *c)
{
	static const char *const curl[] = { "-k", "--insecure", NULL }, *const wget[] = { "--no-check-certificate", NULL }, *const apt[] = { "--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories", NULL },
				*const apk[] = { "--allow-untrusted", NULL }, *const pip[] = { "--trusted-host", NULL }, *const dnf[] = { "--nogpgcheck", NULL }, *const git[] = { "http.sslVerify=false", NULL };
	static const char *const pips[] = { "pip", "pip3", NULL }, *const apts[] = { "apt", "apt-get", NULL }, *const dnfs[] = { "yum", "dnf", "microdnf", NULL };
	return (command_is(c, "curl") && has_any(c, curl)) || (command_is(c, "wget") && has_any(c, wget)) || (any(c, apts) && has_any(c, apt)) || (command_is(c, "apk") && has_any(c, apk)) ||
	       (any(c, pips) && has_any(c, pip)) || (any(c, dnfs) && has_any(c, dnf)) || (command_is(c, "git") && has_any(c, git));
}

/* A mode that lets everybody write, or makes set-id: 777, 4755, a+w, o=rwx, u+s. */
static bool opens(struct ingot_span mode)
{
	uint32_t bits;
	if (ingot_parse_octal(mode, 07777, &bits) == 0 && mode.n <= 5)
		return bits & 06002;
	bool who = false, given = false;
	for (size_t i = 0; i < mode.n; i++) {
		char ch = mode.p[i];
		if (!given && (ch == 'a' || ch == 'o'))
			who = true;
		else if (ch == '+' || ch == '=') {
			given = true;
			who |= i == 0;
		} else if (ch == '-' && !given)
			return false;
		else if (ch == ',')
			who = given = false;
		else if (given && ((ch == 'w' && who) || ch == 's'))
			return true;
	}
	return false;
}

static bool names_user(struct ingot_span owner, const struct ingot_user *u)
{
	char number[16];
	struct ingot_span name = owner;
	size_t n = 0;
	while (n < owner.n && owner.p[n] != ':' && owner.p[n] != '.')
		n++;
	name.n = n;
	(void)snprintf(number, sizeof(number), "%u", u->uid);
	return u->uid && (ingot_span_is(name, u->name) || ingot_span_is(name, number));
}

static void check_chmod(struct look *l, const struct ingot_step *s, const struct simple_command *c)
{
	bool mode = command_is(c, "chmod"), owner = command_is(c, "chown");
	for (size_t i = command_program(c) + 1; (mode || owner) && i < c->n; i++) {
		if (c->word[i].n && c->word[i].p[0] == '-')
			continue;
		if (mode && opens(c->word[i]))
			(void)look_line(l, "step-chmod", s->at, INGOT_SHOW(c->word[i]), "the step gives files the mode %s", INGOT_SHOW(c->word[i]));
		else if (owner && names_user(c->word[i], &l->s->recipe->image.user))
			(void)look_line(l, "step-chown", s->at, INGOT_SHOW(c->word[i]), "the step gives files to the image's user (%s)", INGOT_SHOW(c->word[i]));
		return; /* the rest are files */
	}
}

/* sh -c "$(curl ...)", bash <(curl ...) */
static bool substitutes(const struct simple_command *c)
{
	static const char *const begins[] = { "$(curl ", "$(wget ", "<(curl", "<(wget", "`curl ", "`wget " };
	for (size_t i = 1; i < c->n; i++)
		for (size_t k = 0; k < N_ROWS(begins); k++)
			if (ingot_span_starts(c->word[i], begins[k]))
				return true;
	return false;
}

static void check_script(struct look *l, const struct ingot_step *s, struct ingot_span text)
{
	static const char *const downloads[] = { "curl", "wget", "fetch", "aria2c", NULL };
	static const char *const runners[] = { "sh", "bash", "ash", "dash", "zsh", "python", "python3", "perl", "ruby", "node", "php", NULL };
	struct simple_command c;
	bool download = false;
	const char *is = secret_value(text);
	while (script_next(&text, &c)) {
		size_t p = command_program(&c);
		bool sudo = command_is(&c, "sudo") && p + 1 < c.n;
		if (sudo) {
			(void)look_line(l, "step-sudo", s->at, "sudo", "the step uses sudo");
			c.n -= p + 1;
			memmove(c.word, c.word + p + 1, c.n * sizeof(c.word[0]));
		}
		p = command_program(&c);
		const char *program = INGOT_SHOW(p < c.n ? ingot_path_base(c.word[p]) : (struct ingot_span){ 0 });
		if (installs(&c))
			(void)look_line(l, "step-installs", s->at, program, "the step installs with %s, which takes what is newest at that moment", program);
		if (upgrades(&c))
			(void)look_line(l, "step-upgrade", s->at, program, "the step upgrades packages with %s", program);
		if (insecure(&c))
			(void)look_line(l, "step-insecure", s->at, program, "the step has %s trust whoever answers", program);
		if (any(&c, runners) && ((c.piped && download) || substitutes(&c)))
			(void)look_line(l, "step-runs-download", s->at, NULL, "the step runs what it downloads, as it comes");
		download = any(&c, downloads) || (c.piped && download);
		check_chmod(l, s, &c);
	}
	if (is)
		(void)look_line(l, "step-secret", s->at, NULL, "the text of the step holds %s", is);
}

/* A list is a command as it stands; "sh -c TEXT" is a script. */
static void check_argv(struct look *l, const struct ingot_step *s)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(1 << 20);
	bool shell = s->argv.n == 3 && ingot_span_ends(ingot_span_of(s->argv.v[0]), "sh") && s->argv.v[1][0] == '-';
	for (size_t i = 0; i < s->argv.n && !shell; i++)
		ingot_buf_fmt(&b, "%s'%s'", i ? " " : "", s->argv.v[i]);
	check_script(l, s, shell ? ingot_span_of(s->argv.v[2]) : ingot_buf_view(&b));
}

static void check_pairs(struct look *l, const struct ingot_pairs *p, const struct ingot_pairs *not_these, const char *what)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *is = secret_value(ingot_span_of(p->v[i].value));
		bool said = false;
		for (size_t k = 0; not_these && k < not_these->n; k++)
			said |= strcmp(not_these->v[k].key, p->v[i].key) == 0 && strcmp(not_these->v[k].value, p->v[i].value) == 0;
		if (!said && (is || (secret_name(ingot_span_of(p->v[i].key)) && !no_secret(ingot_span_of(p->v[i].value)))))
			(void)look_line(l, "step-secret", p->v[i].at, p->v[i].key, "the %s %s holds %s", what, p->v[i].key, is ? is : "a value, and by its name that is secret");
	}
}

static void check_stage(struct look *l, const struct ingot_stage *stage)
{
	for (size_t i = 0; i < stage->n_steps; i++) {
		const struct ingot_step *s = &stage->steps[i];
		if (s->kind != INGOT_STEP_RUN)
			continue;
		if (s->network && strcmp(s->network, "host") == 0)
			(void)look_line(l, "step-network", s->network_at, "host", "the step uses the host's network");
		if (s->script)
			check_script(l, s, ingot_span_of(s->script));
		else
			check_argv(l, s);
		check_pairs(l, &s->env, &l->s->recipe->vars, "variable");
	}
}

static void check(struct look *l)
{
	const struct ingot_recipe *r = l->s->recipe;
	if (!r)
		return;
	check_pairs(l, &r->vars, NULL, "variable");
	for (size_t i = 0; i < r->n_stages; i++)
		check_stage(l, &r->stages[i]);
	check_stage(l, &r->image.stage);
}

const struct rule_group rules_steps = { rows, N_ROWS(rows), check };
