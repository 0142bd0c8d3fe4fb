/* rules_tools.c - programs that help whoever broke in, and that a service does without: nothing of the kind is in an image unless the recipe asks for it by name. */
#include "look.h"
#include "names.h"
#include "rows.h"
#include <ingot/path.h>

#define UNASKED "image:\n  packages: [nginx] # no shell comes along unasked\n  user: web\n"

static const struct ingot_rule rows[] = {
	{ "shell", SEV(WARNING, ERROR, ERROR), "no shell is in the image unasked", "A fault that lets somebody start a program is worth much more where that program can be a shell.", "CIS Docker Benchmark 4.3",
	  "leave it out (packages: exclude:), or name its package under install: if the service needs it", UNASKED, "path" },
	{ "package-manager", SEV(WARNING, ERROR, ERROR), "no package manager is in the image unasked",
	  "It installs what the next step of an attack needs, and invites changes to a running container, which nobody has reviewed.", "CIS Docker Benchmark 4.3",
	  "install in a stage, and copy from that; the package database stays for scanners without it", UNASKED, "path" },
	{ "compiler", SEV(WARNING, ERROR, ERROR), "no compiler and no build tool is in the image unasked", "What builds programs builds those of an intruder, too, and is larger than most services.", "CIS Docker Benchmark 4.3",
	  "build in a stage, and copy the result", "stages:\n  build:\n    packages: [gcc, libc6-dev]\nimage:\n  copy:\n    - { from: build, path: /out/web, to: /usr/bin/web }\n  user: web\n", "path" },
	{ "debug-tool", SEV(WARNING, ERROR, ERROR), "no debugger, tracer or network scanner is in the image unasked", "They read other processes and listen on the network, which is what an intruder does next.", "CIS Docker Benchmark 4.3",
	  "debug from beside the container (an ephemeral container, nsenter)", UNASKED, "path" },
	{ "download-tool", SEV(NOTE, WARNING, WARNING), "no downloader is in the image unasked", "It fetches the second half of an attack. For a health check the service's own program, or a test of the runtime, is enough.",
	  "CIS Docker Benchmark 4.3", "leave it out, or name its package under install:", UNASKED, "path" },
	{ "login-server", SEV(WARNING, ERROR, ERROR), "no server for logins is in the image unasked", "A second way in, with keys and passwords of its own to keep. The runtime has exec.", "CIS Docker Benchmark 5.6",
	  "leave it out; for a login service, name its package under install:", UNASKED, "path" },
	{ "privilege-tool", SEV(WARNING, WARNING, ERROR), "no program that changes users is in the image unasked", "sudo and its kin are a way from the service's user to root, and nothing else.", "DKL-DI-0001, DL3004",
	  "start as the right user at once: user:", "image:\n  user: { name: web, uid: 10001 }\n", "path" },
	{ "supervisor", SEV(WARNING, WARNING, ERROR), "no supervisor of services is in the image unasked",
	  "It is there to run several services, of which the runtime then sees none: neither their end nor their logs. An init such as tini runs one, and is fine.", NULL,
	  "one image a service", UNASKED, "path" },
};

static bool in_list(const struct ingot_strings *list, struct ingot_span name)
{
	for (size_t i = 0; i < list->n; i++) {
		struct ingot_span word = ingot_span_of(list->v[i]), is;
		if (ingot_span_next(&word, '=', &is) && ingot_span_eq(is, name))
			return true;
	}
	return false;
}

/* By the list of the image, or of the stage that it begins with. */
static bool package_asked(const struct ingot_recipe *r, struct ingot_span name)
{
	const struct ingot_stage *s = &r->image.stage;
	for (size_t depth = 0; s && depth <= r->n_stages; depth++) {
		if (in_list(&s->packages.install, name))
			return true;
		s = s->base ? ingot_recipe_stage(r, s->base) : NULL;
	}
	return false;
}

/* Copied to exactly this place. */
static bool copy_asked(const struct ingot_recipe *r, struct ingot_span path)
{
	for (size_t i = 0; i < r->image.n_copies; i++) {
		struct ingot_span to;
		if (ingot_path_from_absolute(ingot_span_of(r->image.copies[i].to), &to) == 0 && ingot_span_eq(to, path))
			return true;
	}
	return false;
}

static bool asked(const struct look *l, struct ingot_span path)
{
	if (!l->s->recipe || !l->s->origins)
		return false;
	struct ingot_span origin = ingot_origins_name(l->s->origins, ingot_origins_of(l->s->origins, path));
	if (ingot_span_starts(origin, "package "))
		return package_asked(l->s->recipe, ingot_span_from(origin, strlen("package ")));
	return copy_asked(l->s->recipe, path);
}

static bool in_bin(struct ingot_span path)
{
	struct ingot_span dir = ingot_path_base(ingot_path_parent(path));
	return ingot_span_is(dir, "bin") || ingot_span_is(dir, "sbin");
}

static const char *text_of(const char *rule)
{
	static const struct {
		const char *rule, *text;
	} texts[] = {
		{ "shell", " is a shell" },
		{ "package-manager", " is a package manager" },
		{ "compiler", " is a compiler or build tool" },
		{ "debug-tool", " is a tool for debugging or for looking around in a network" },
		{ "download-tool", " is a downloader" },
		{ "login-server", " is a server for logins" },
		{ "privilege-tool", " is there to become another user" },
		{ "supervisor", " is there to run several services" },
	};
	for (size_t i = 0; i < N_ROWS(texts); i++)
		if (strcmp(rule, texts[i].rule) == 0)
			return texts[i].text;
	return "";
}

static void check(struct look *l)
{
	const struct ingot_tree *t = l->s->tree;
	if (!t)
		return;
	_cleanup_(ingot_freep) bool *seen = ingot_alloc_array(ingot_tree_nodes(t), sizeof(*seen));
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		const struct ingot_dirent *d = ingot_tree_at(t, i);
		const struct ingot_node *n = ingot_tree_node(t, d->node);
		bool anywhere = false;
		/* Other names of one program (busybox has four hundred) are one finding. */
		if (n->type != INGOT_FILE || !(n->mode & 0111) || seen[d->node])
			continue;
		const char *rule = tool_rule(ingot_path_base(d->path), &anywhere);
		if (!rule || (!anywhere && !in_bin(d->path)) || asked(l, d->path))
			continue;
		seen[d->node] = true;
		(void)look_path(l, rule, i, "%s", text_of(rule));
	}
}

const struct rule_group rules_tools = { rows, N_ROWS(rows), check };
