/* rules_files.c - files that should have stayed at home, by their names; and files whose modes must keep others out. */
#include "look.h"
#include "names.h"
#include "rows.h"
#include <ingot/facts.h>
#include <ingot/glob.h>
#include <ingot/path.h>

#define NARROW "sources:\n  app: { files: ., include: [main.py, static/**] }\nimage:\n  copy:\n    - { from: app, to: /srv/app/ }\n  user: web\n"

static const struct ingot_rule rows[] = {
	{ "private-file", SEV(WARNING, ERROR, ERROR), "no file has a name under which secrets are kept", "Whoever can pull the image can read every file in it, in every version that was ever pushed.", "CIS-DI-0010, CIS Docker Benchmark 4.10",
	  "leave it out; hand secrets over at run time, as a file that is mounted", NARROW, "path" },
	{ "leftover-file", SEV(WARNING, WARNING, ERROR), "no file of a working directory came along",
	  "They tell how the image is made and run, sometimes they hold old secrets, and they show that the whole directory was copied: tomorrow something worse is in it.", "DKL-LI-0003, S6470", "name what the image needs, under include:", NARROW,
	  "path" },
	{ "package-cache", SEV(WARNING, WARNING, WARNING), "no caches of package managers are in the image", "They are dead weight, and change with every build.", "DKL-DI-0005, DL3009",
	  "remove them in the step that made them; better, install through packages:", "image:\n  packages: [nginx]\n  user: web\n", "path" },
	{ "file-mode", SEV(ERROR, ERROR, ERROR), "what keeps secrets or grants rights is closed to others", "Hashes that everybody can read are guessed at leisure; a sudoers or passwd file that others can write makes them root.", "CIS Docker Benchmark 4.8",
	  "give it to root, and take the bits away", ALLOW_PATH("file-mode", "/etc/shadow"), "path" },
	{ "socket-file", SEV(WARNING, ERROR, ERROR), "there is no place for the socket of a container engine", "Whoever can write to that socket is root on the host.", "CIS Docker Benchmark 5.31, OWASP Docker Security RULE #1",
	  "do not mount it; a builder such as this one needs none", NULL, "path" },
};

/* What must not be set, and whether root must own it. */
static const struct {
	const char *pattern;
	uint32_t forbidden;
	bool root;
} modes[] = {
	{ "etc/shadow", 0037, true },
	{ "etc/shadow-", 0037, true },
	{ "etc/gshadow", 0037, true },
	{ "etc/gshadow-", 0037, true },
	{ "etc/passwd", 0022, true },
	{ "etc/group", 0022, true },
	{ "etc/sudoers", 0037, true },
	{ "etc/sudoers.d/*", 0037, true },
	{ "etc/doas.conf", 0022, true },
	{ "etc/ssh/ssh_host_*_key", 0077, false },
	{ "etc/ssh/sshd_config", 0022, true },
	{ "etc/ssl/private", 0007, true },
	{ "etc/ssl/private/*", 0007, false },
	{ "etc/crontab", 0022, true },
	{ "etc/cron.*/*", 0022, true },
	{ "etc/ld.so.preload", 0022, true },
	{ "etc/ld.so.conf", 0022, true },
	{ "etc/pam.d/*", 0022, true },
	{ "etc/profile", 0022, true },
	{ "etc/nsswitch.conf", 0022, true },
	{ "root/.ssh", 0077, true },
	{ "root/.ssh/*", 0077, true },
	{ "home/*/.ssh/id_*[!b]", 0077, false },
};

static void check_mode(struct look *l, size_t i, const struct ingot_node *n)
{
	struct ingot_span path = ingot_tree_at(l->s->tree, i)->path;
	if (!ingot_span_starts(path, "etc/") && !ingot_span_starts(path, "root/") && !ingot_span_starts(path, "home/"))
		return; /* no row is about anything else */
	for (size_t k = 0; k < N_ROWS(modes); k++) {
		struct ingot_span p = ingot_span_of(modes[k].pattern);
		/* A pattern "dir" matches what is below it, too: each row is about one depth. */
		bool match = ingot_glob_match(p, path) && ingot_glob_match(ingot_path_base(p), ingot_path_base(path));
		if (!match || n->type == INGOT_LINK)
			continue;
		uint32_t bad = n->mode & modes[k].forbidden;
		if (bad)
			(void)look_path(l, "file-mode", i, " can be %s by %s (mode %04o)", bad & 0044 ? "read" : bad & 0022 ? "written" : "entered", bad & 0007 ? "everybody" : "its group", n->mode);
		else if (modes[k].root && n->uid)
			(void)look_path(l, "file-mode", i, " belongs to uid %u, not to root", n->uid);
		return;
	}
}

static bool is_socket(struct ingot_span path)
{
	static const char *const sockets[] = { "docker.sock", "containerd.sock", "crio.sock", "podman.sock", "buildkitd.sock" };
	struct ingot_span base = ingot_path_base(path);
	for (size_t i = 0; i < N_ROWS(sockets); i++)
		if (ingot_span_is(base, sockets[i]))
			return true;
	return false;
}

/* Then the finding is about what is in it. */
static bool secret_inside(const struct look *l, const struct ingot_node *n)
{
	const struct ingot_fact *f = l->s->facts && n->type == INGOT_FILE ? ingot_facts_of(l->s->facts, &n->content) : NULL;
	for (size_t i = 0; f && i < f->n_secrets; i++)
		if (!ingot_secret_is_hint(f->secrets[i].what))
			return true;
	return false;
}

static void check(struct look *l)
{
	const struct ingot_tree *t = l->s->tree;
	for (size_t i = 0; t && i < ingot_tree_count(t);) {
		const struct ingot_dirent *d = ingot_tree_at(t, i);
		const struct ingot_node *n = ingot_tree_node(t, d->node);
		const char *cache = cache_name(d->path, n->type), *left = cache ? NULL : leftover_name(d->path, n), *private = left ? NULL : private_name(d->path, n->type);
		if (cache)
			(void)look_path(l, "package-cache", i, " is %s", cache);
		else if (left)
			(void)look_path(l, "leftover-file", i, " is %s", left);
		else if (private && !secret_inside(l, n))
			(void)look_path(l, "private-file", i, " is, by its name, %s", private);
		if (is_socket(d->path))
			(void)look_path(l, "socket-file", i, " is where the socket of a container engine would be");
		check_mode(l, i, n);
		/* A directory that should not be here is one finding, whatever lies in it. */
		i = cache || left ? ingot_tree_subtree_end(t, i) : i + 1;
	}
}

const struct rule_group rules_files = { rows, N_ROWS(rows), check };
