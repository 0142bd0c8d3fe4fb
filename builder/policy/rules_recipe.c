/* rules_recipe.c - what a recipe promises: places to write that hold no code, reasons that say something, a budget, tests. */
#include "look.h"
#include "rows.h"
#include <ctype.h>
#include <ingot/escape.h>
#include <ingot/path.h>

#define PLACE "image:\n  user: web\n  writable: [/var/lib/web]\n"

static const struct ingot_rule rows[] = {
	{ "writable-programs", SEV(ERROR, ERROR, ERROR), "no directory of programs, libraries or the system's configuration is writable", "A service that can change what it runs keeps its intruder over every restart.", "S6504",
	  "name the directory of data alone", PLACE, "value" },
	{ "writable-config", SEV(WARNING, ERROR, ERROR), "nothing below /etc, /usr and /opt is writable", "Configuration that a service can rewrite is code by another name: a module to load, a command to run.", "S6504",
	  "keep what is written below /var/lib; render configuration before the start", PLACE, "value" },
	{ "writable-tmpfs", SEV(NONE, NOTE, NOTE), "what may be lost is a tmpfs, not a place in the image", "Sockets, pid files and caches need no disk; with a tmpfs the root file system can be read-only.", "CIS Docker Benchmark 5.13",
	  "leave it out here, and mount a tmpfs there where the image is run", PLACE, "value" },
	{ "reason-empty", SEV(WARNING, ERROR, ERROR), "a reason says why", "An exception is judged by its reason, by somebody who was not there. \"needed\" tells him nothing.", NULL, "say what fails without it, and what was tried",
	  "image:\n  user: { root: \"binds raw sockets for ICMP probes\" }\n", NULL },
	{ "budget-missing", SEV(NONE, NOTE, WARNING), "the image has a budget", "Images grow a little with each change; only a number that fails makes somebody look.", NULL, "set size-budget:", "image:\n  user: web\n  size-budget: 30MiB\n", NULL },
	{ "tests-missing", SEV(NONE, WARNING, ERROR), "the recipe has tests", "That it was built does not show that it starts.", NULL, "run at least the program's version under tests:", "image:\n  user: web\n  entrypoint: [/usr/bin/web]\ntests:\n  - run: [/usr/bin/web, --version]\n",
	  NULL },
};

static bool is_or_below(struct ingot_span path, const char *dir)
{
	return ingot_span_is(path, dir) || ingot_path_under(path, ingot_span_of(dir));
}

static void check_writable(struct look *l, const char *place, struct ingot_place at)
{
	static const char *const code[] = { "usr", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/libexec", "usr/share", "usr/local", "usr/local/bin", "usr/local/sbin", "usr/local/lib", "etc", "opt", "srv", "var", "var/lib", "home" };
	static const char *const all[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32", "boot", "usr/bin", "usr/sbin", "usr/lib", "usr/libexec", "usr/local/bin", "usr/local/lib", "root", "etc/ld.so.conf.d", "etc/profile.d", "etc/cron.d",
					   "etc/systemd", "etc/pam.d", "etc/sudoers.d" };
	static const char *const memory[] = { "run", "tmp", "var/run", "var/tmp", "var/lock", "var/cache", "var/log" };
	const char *shown = INGOT_SHOW(ingot_span_of(place));
	struct ingot_span path;
	bool hit = false;
	if (ingot_path_from_absolute(ingot_span_of(place), &path) < 0)
		return;
	for (size_t i = 0; i < N_ROWS(code); i++)
		hit |= ingot_span_is(path, code[i]);
	for (size_t i = 0; i < N_ROWS(all); i++)
		hit |= is_or_below(path, all[i]);
	if (hit)
		(void)look_line(l, "writable-programs", at, place, "%s would be writable, and holds more than one service's data", shown);
	else if (is_or_below(path, "etc") || is_or_below(path, "usr") || is_or_below(path, "opt"))
		(void)look_line(l, "writable-config", at, place, "%s would be writable, among programs and configuration", shown);
	for (size_t i = 0; i < N_ROWS(memory); i++)
		if (is_or_below(path, memory[i])) {
			(void)look_line(l, "writable-tmpfs", at, place, "%s holds what may be lost: a tmpfs would do", shown);
			return;
		}
}

/* Fewer than ten letters, or words that fit everything. */
static bool says_nothing(const char *reason)
{
	static const char *const words[] = { "it is needed", "needed for now", "because we need it", "needs to run as root", "needs root", "must run as root", "required by app", "as required", "legacy reasons", "historical reasons", "temporary workaround",
					     "not relevant here", "this is fine", "false positive" };
	size_t letters = 0;
	for (const char *p = reason; *p; p++)
		letters += isalpha((unsigned char)*p) || (unsigned char)*p >= 0x80;
	if (letters < 10 || strncasecmp(reason, "todo", 4) == 0 || strncasecmp(reason, "fixme", 5) == 0)
		return true;
	for (size_t i = 0; i < N_ROWS(words); i++)
		if (strcasecmp(reason, words[i]) == 0)
			return true;
	return false;
}

static void check_reason(struct look *l, const char *reason, struct ingot_place at, const char *what)
{
	if (says_nothing(reason))
		(void)look_line(l, "reason-empty", at, NULL, "the reason %s says nothing: \"%s\"", what, INGOT_SHOW(ingot_span_of(reason)));
}

static void check_skips(struct look *l, const struct ingot_install *p)
{
	for (size_t i = 0; i < p->skip_scripts.n; i++)
		check_reason(l, p->skip_scripts.v[i].value, p->skip_scripts.v[i].at, ingot_arena_strf(l->out->arena, "for skipping the scripts of %s", p->skip_scripts.v[i].key));
}

static void check(struct look *l)
{
	const struct ingot_recipe *r = l->s->recipe;
	if (!r)
		return;
	for (size_t i = 0; i < r->image.writable.n; i++)
		check_writable(l, r->image.writable.v[i], r->image.writable.at[i]);
	if (r->image.user.root_reason)
		check_reason(l, r->image.user.root_reason, r->image.user.at, "for root");
	for (size_t i = 0; i < r->n_allow; i++)
		check_reason(l, r->allow[i].reason, r->allow[i].at, "for an exception");
	for (size_t i = 0; i < r->n_stages; i++)
		check_skips(l, &r->stages[i].packages);
	check_skips(l, &r->image.stage.packages);
	if (!r->image.size_budget)
		(void)look_line(l, "budget-missing", r->image.at, NULL, "the image has no size-budget");
	if (!r->n_tests)
		(void)look_line(l, "tests-missing", r->image.at, NULL, "the recipe has no tests");
}

const struct rule_group rules_recipe = { rows, N_ROWS(rows), check };
