/* rules_inputs.c - what enters: named, locked, over a safe way. */
#include "look.h"
#include "rows.h"
#include <ingot/escape.h>
#include <ingot/files.h>
#include <ingot/glob.h>
#include <ingot/path.h>

#define NARROW "sources:\n  app: { files: ., include: [main.py, static/**] }\nimage:\n  copy:\n    - { from: app, to: /srv/app/ }\n  user: web\n"

static const struct ingot_rule rows[] = {
	{ "lock-missing", SEV(WARNING, ERROR, ERROR), "everything from outside is locked", "Without a lock nobody can say what the next build gets, and a changed mirror goes unnoticed.", "DL3006, DL3008",
	  "run ingot lock RECIPE, and commit the file", NULL, NULL },
	{ "source-whole", SEV(WARNING, ERROR, ERROR), "inputs are named, not swept together",
	  "A pattern that takes the whole directory takes what lies there tomorrow: keys, backups, an editor's copies, this recipe.", "S6470, DKL-LI-0003", "list what the image needs under include:", NARROW, "value" },
	{ "source-private", SEV(WARNING, ERROR, ERROR), "no input has a name under which secrets are kept", "Files of such names are left out unless a pattern names them whole. This one does.", "CIS-DI-0010",
	  "take it out of include:; give a step its secrets by secrets:", NARROW, "value" },
	{ "source-http", SEV(WARNING, ERROR, ERROR), "what is fetched comes over TLS", "Everybody on the way sees what is fetched, and without a hash may change it.", NULL, "write https://", NULL, "value" },
	{ "source-unpinned", SEV(ERROR, ERROR, ERROR), "what is fetched is named by its hash", "An address says where something is, not what it is: who owns it later decides what is in the image.", "DL3020", "add sha256:", NULL, "value" },
	{ "base-unpinned", SEV(WARNING, ERROR, ERROR), "a base image is named by its digest, or signed", "A tag can be pushed again, with anything in it.", "DL3006, CIS-DI-0005", "name a digest (NAME@sha256:...), or a key under verify:", NULL, "value" },
	{ "package-pinned", SEV(NONE, NOTE, NOTE), "versions are chosen by the lock, not by the recipe", "A version in the recipe stays when its security update comes; the lock moves with one command, and says what changed.", NULL,
	  "write the name alone; ingot lock --update moves the version", "image:\n  packages: [nginx]\n  user: web\n", "value" },
	{ "copy-mode", SEV(ERROR, ERROR, ERROR), "a copy is not given a mode that lets others write, or set-id", "What a group or everybody can write, a service can change; set-id gives its owner's rights to whoever runs it.", "S2612, CIS-DI-0008",
	  "leave mode: out: 0755 for programs, 0644 for the rest", NARROW, NULL },
};

static bool takes_all(struct ingot_span pattern)
{
	while (ingot_span_starts(pattern, "./"))
		pattern = ingot_span_from(pattern, 2);
	return ingot_span_is(pattern, "**") || ingot_span_is(pattern, "*") || ingot_span_is(pattern, "**/*") || ingot_span_is(pattern, "**/**");
}

static bool names_denied(struct ingot_span pattern)
{
	struct ingot_span name;
	while (ingot_span_next(&pattern, '/', &name))
		if (ingot_files_denied(name))
			return true;
	return false;
}

static void check_files(struct look *l, const struct ingot_source *s)
{
	for (size_t i = 0; i < s->include.n; i++) {
		struct ingot_span p = ingot_span_of(s->include.v[i]);
		if (takes_all(p))
			(void)look_line(l, "source-whole", s->include.at[i], s->include.v[i], "include: \"%s\" takes all of %s", INGOT_SHOW(p), strcmp(s->root, ".") == 0 ? "the recipe's directory" : INGOT_SHOW(ingot_span_of(s->root)));
		if (ingot_glob_is_literal(p) && names_denied(p))
			(void)look_line(l, "source-private", s->include.at[i], s->include.v[i], "include: \"%s\" has a name under which secrets are kept", INGOT_SHOW(p));
	}
}

static void check_fetch(struct look *l, const struct ingot_source *s)
{
	const char *shown = INGOT_SHOW(ingot_span_of(s->reference));
	if (s->kind == INGOT_SRC_FETCH && ingot_span_starts(ingot_span_of(s->reference), "http://"))
		(void)look_line(l, "source-http", s->at, s->reference, "%s is fetched without TLS", shown);
	if (s->kind == INGOT_SRC_FETCH && !s->sha256)
		(void)look_line(l, "source-unpinned", s->at, s->reference, "%s is fetched without its sha256", shown);
	if (s->kind == INGOT_SRC_IMAGE && !s->verify && !strstr(s->reference, "@sha256:"))
		(void)look_line(l, "base-unpinned", s->at, s->reference, "the base image %s is named by what others can move", shown);
}

static void check_install(struct look *l, const struct ingot_install *p)
{
	for (size_t i = 0; i < p->install.n; i++)
		if (strchr(p->install.v[i], '='))
			(void)look_line(l, "package-pinned", p->install.at[i], p->install.v[i], "%s is held at this version", p->install.v[i]);
}

static void check_copy(struct look *l, const struct ingot_copy *c)
{
	uint32_t bad = c->mode < 0 ? 0 : (uint32_t)c->mode & 06022;
	if (bad)
		(void)look_line(l, "copy-mode", c->at, NULL, "the copy to %s gets the mode %04o: %s", INGOT_SHOW(ingot_span_of(c->to)), (unsigned)c->mode, bad & 06000 ? "set-id" : bad & 02 ? "everybody can write" : "its group can write");
}

static void check_stage(struct look *l, const struct ingot_stage *s)
{
	check_install(l, &s->packages);
	for (size_t i = 0; i < s->n_steps; i++)
		if (s->steps[i].kind == INGOT_STEP_COPY)
			check_copy(l, &s->steps[i].copy);
}

static bool needs_lock(const struct ingot_recipe *r)
{
	bool any = r->image.stage.packages.install.n > 0;
	for (size_t i = 0; i < r->n_stages; i++)
		any |= r->stages[i].packages.install.n > 0;
	return any;
}

static void check(struct look *l)
{
	const struct ingot_recipe *r = l->s->recipe;
	if (!r)
		return;
	if (!l->s->lock && needs_lock(r))
		(void)look_line(l, "lock-missing", r->image.at, NULL, "the recipe installs packages, and there is no lock that says which");
	for (size_t i = 0; i < r->n_sources; i++) {
		if (r->sources[i].kind == INGOT_SRC_FILES)
			check_files(l, &r->sources[i]);
		else if (r->sources[i].kind != INGOT_SRC_PACKAGES)
			check_fetch(l, &r->sources[i]);
	}
	for (size_t i = 0; i < r->n_stages; i++)
		check_stage(l, &r->stages[i]);
	check_stage(l, &r->image.stage);
	for (size_t i = 0; i < r->image.n_copies; i++)
		check_copy(l, &r->image.copies[i]);
}

const struct rule_group rules_inputs = { rows, N_ROWS(rows), check };
