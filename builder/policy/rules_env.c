/* rules_env.c - where programs and libraries are looked for, and what else the config says of the image's surroundings. */
#include "look.h"
#include "rows.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/path.h>
#include <ingot/resolve.h>

#define PATH_EXAMPLE "image:\n  user: web\n  entrypoint: [/usr/bin/web]\n  env: { PATH: /usr/local/bin:/usr/bin:/bin }\n"
#define WORKDIR "image:\n  user: web\n  writable: [/var/lib/web]\n  workdir: /var/lib/web\n  entrypoint: [/usr/bin/web]\n"

static const struct ingot_rule rows[] = {
	{ "path-relative", SEV(ERROR, ERROR, ERROR), "PATH has only absolute directories", "An empty or relative entry means the directory one happens to be in: whoever can write there chooses which program runs.", NULL, "write whole directories",
	  PATH_EXAMPLE, NULL },
	{ "path-writable", SEV(ERROR, ERROR, ERROR), "the image's user can write nowhere that PATH names", "What the service plants there runs under the name of a command that somebody trusts, at the next start, or at the next exec of an operator.", "S6504",
	  "take the directory out of PATH, or out of writable:", PATH_EXAMPLE, "value" },
	{ "preload", SEV(NOTE, WARNING, WARNING), "no library is put into every program", "LD_PRELOAD and its kin change each program of the image, behind its back.", NULL, "link the library where it is needed", PATH_EXAMPLE, "value" },
	{ "search-writable", SEV(ERROR, ERROR, ERROR), "libraries and modules are not looked for where the image's user can write", "A file of the right name becomes part of every program that looks there.", "S6504", "name a directory that belongs to root", PATH_EXAMPLE,
	  "value" },
	{ "tls-off", SEV(WARNING, ERROR, ERROR), "certificates are checked", "Whoever sits between reads and changes everything, and no log shows it.", "OWASP A02:2021", "add the missing authority to the image instead (package ca-certificates)",
	  "image:\n  packages: [ca-certificates]\n  user: web\n  entrypoint: [/usr/bin/web]\n", "value" },
	{ "workdir-relative", SEV(ERROR, ERROR, ERROR), "the working directory is absolute", "What it is relative to is for each runtime to guess.", "DL3000", "write the whole path", WORKDIR, NULL },
	{ "workdir-code", SEV(WARNING, ERROR, ERROR), "the image's user cannot write to a working directory that holds code", "Interpreters look for modules where they are started: what is dropped there runs.", "S6504",
	  "keep code in a directory of root's, and name another for what is written", WORKDIR, "path" },
	{ "docker-socket", SEV(WARNING, ERROR, ERROR), "the config does not speak of the socket of a container engine", "Whoever can write to that socket is root on the host: so an image that wants it asks for the host.", "CIS Docker Benchmark 5.31, OWASP Docker Security RULE #1",
	  "have what needs an engine talk to it through something that permits only what is needed", NULL, "value" },
	{ "volume-system", SEV(ERROR, ERROR, ERROR), "no volume lies over a directory of the system", "An anonymous volume keeps old programs and old configuration alive over every update of the image.", "DKL-DI-0002", "keep data in a directory of its own", NULL, "value" },
	{ "volume-declared", SEV(NOTE, WARNING, WARNING), "volumes are declared where the image is run, not in the image",
	  "A declared volume is made silently, belongs to nobody, is left behind, and cannot be taken back by those who build on the image.", NULL, "name the place under writable: and mount it", "image:\n  user: web\n  writable: [/var/lib/web]\n  entrypoint: [/usr/bin/web]\n",
	  "value" },
	{ "on-build", SEV(WARNING, ERROR, ERROR), "the image has no instructions for those who build on it", "They run in somebody else's build, unseen in that build's recipe.", NULL, "have those who build on it write the steps", NULL, NULL },
	{ "maintainer", SEV(NONE, NOTE, NOTE), "who looks after the image is a label", "MAINTAINER is deprecated, and few tools show it.", "DL4000", "use the label org.opencontainers.image.authors",
	  "image:\n  user: web\n  entrypoint: [/usr/bin/web]\n  labels: { org.opencontainers.image.authors: team@example.org }\n", NULL },
	{ "tag-latest", SEV(NOTE, WARNING, ERROR), "the image has a version", "\"latest\" is whatever came last: nobody can say what runs, or go back.", "DL3007, DKL-DI-0006", "set version:", "version: \"1.4.2\"\nimage:\n  user: web\n  entrypoint: [/usr/bin/web]\n", NULL },
};

/* One place of a list of them, in a variable. */
static void check_dir(struct look *l, const char *rule, const char *field, struct ingot_span name, struct ingot_span dir)
{
	const char *path = ingot_arena_str(l->out->arena, dir), *shown = INGOT_SHOW(name);
	bool relative = !dir.n || dir.p[0] != '/';
	if (relative && strcmp(rule, "path-writable") == 0)
		(void)look_field(l, "path-relative", field, NULL, "%s has an entry \"%s\", which means the current directory%s", shown, INGOT_SHOW(dir), dir.n ? " and what is below" : "");
	else if (relative)
		(void)look_field(l, rule, field, ingot_arena_str(l->out->arena, name), "%s names \"%s\", which depends on the current directory", shown, INGOT_SHOW(dir));
	else if (look_user_writes(l, path))
		(void)look_field(l, rule, field, strcmp(rule, "path-writable") == 0 ? path : ingot_arena_str(l->out->arena, name), "%s names %s, where the image's user can write", shown, INGOT_SHOW(dir));
}

static void check_dirs(struct look *l, const char *rule, const char *field, struct ingot_span name, struct ingot_span value)
{
	struct ingot_span dir;
	/* A separator at the end leaves an empty entry behind it, which counts. */
	if (!value.n || value.p[value.n - 1] == ':')
		check_dir(l, rule, field, name, (struct ingot_span){ 0 });
	while (ingot_span_next(&value, ':', &dir))
		check_dir(l, rule, field, name, dir);
}

static void check_variable(struct look *l, size_t i, struct ingot_span name, struct ingot_span value)
{
	static const char *const search[] = { "LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT", "PYTHONPATH", "PYTHONHOME", "PERL5LIB", "RUBYLIB", "GEM_PATH", "NODE_PATH", "CLASSPATH", "LUA_PATH", "GCONV_PATH", "BASH_ENV", "ENV", "OPENSSL_CONF" };
	static const char *const off[][2] = { { "NODE_TLS_REJECT_UNAUTHORIZED", "0" }, { "PYTHONHTTPSVERIFY", "0" }, { "GIT_SSL_NO_VERIFY", "true" }, { "GIT_SSL_NO_VERIFY", "1" }, { "GOINSECURE", "*" }, { "GONOSUMCHECK", "1" },
					      { "NPM_CONFIG_STRICT_SSL", "false" }, { "npm_config_strict_ssl", "false" } };
	const char *field = ingot_arena_strf(l->out->arena, "/config/Env/%zu", i), *id = ingot_arena_str(l->out->arena, name);
	if (ingot_span_is(name, "PATH"))
		check_dirs(l, "path-writable", field, name, value);
	if ((ingot_span_is(name, "LD_PRELOAD") || ingot_span_is(name, "LD_AUDIT")) && value.n)
		(void)look_field(l, "preload", field, id, "%s puts %s into every program", id, INGOT_SHOW(value));
	for (size_t k = 0; k < N_ROWS(search) && value.n; k++)
		if (ingot_span_is(name, search[k]))
			check_dirs(l, "search-writable", field, name, value);
	for (size_t k = 0; k < N_ROWS(off); k++)
		if (ingot_span_is(name, off[k][0]) && ingot_span_is(value, off[k][1]))
			(void)look_field(l, "tls-off", field, id, "%s=%s turns the check of certificates off", id, off[k][1]);
}

static bool speaks_of_engine(const char *s)
{
	return strstr(s, "docker.sock") || strstr(s, "containerd.sock") || strstr(s, "podman.sock") || strstr(s, "crio.sock") || strstr(s, "tcp://docker:237") || strncmp(s, "DOCKER_HOST=", 12) == 0;
}

static void check_engine(struct look *l, const struct ingot_words *w, const char *list)
{
	for (size_t i = 0; i < w->n; i++)
		if (speaks_of_engine(w->v[i]))
			(void)look_field(l, "docker-socket", ingot_arena_strf(l->out->arena, "/config/%s/%zu", list, i), w->v[i], "%s has \"%s\": the image wants to steer a container engine", list, INGOT_SHOW(ingot_span_of(w->v[i])));
}

static void check_volumes(struct look *l, const struct ingot_words *volumes)
{
	static const char *const system[] = { "", "bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "sbin", "sys", "usr", "usr/bin", "usr/lib", "usr/local", "usr/local/bin", "usr/sbin", "usr/share", "opt", "var", "var/lib", "run", "var/run" };
	for (size_t i = 0; i < volumes->n; i++) {
		const char *field = ingot_arena_strf(l->out->arena, "/config/Volumes/%s", volumes->v[i]), *shown = INGOT_SHOW(ingot_span_of(volumes->v[i]));
		struct ingot_span path = { 0 };
		bool over = false;
		if (speaks_of_engine(volumes->v[i])) {
			(void)look_field(l, "docker-socket", field, volumes->v[i], "the volume %s is the socket of a container engine", shown);
			continue;
		}
		bool valid = ingot_path_from_absolute(ingot_span_of(volumes->v[i]), &path) == 0;
		for (size_t k = 0; valid && k < N_ROWS(system); k++)
			over |= ingot_span_is(path, system[k]);
		if (over)
			(void)look_field(l, "volume-system", field, volumes->v[i], "the volume %s lies over a directory of the system", shown);
		else
			(void)look_field(l, "volume-declared", field, volumes->v[i], "the image declares a volume %s", shown);
	}
}

static bool is_code(struct ingot_span name, const struct ingot_node *n)
{
	static const char *const ends[] = { ".py", ".js", ".mjs", ".rb", ".pl", ".pm", ".php", ".sh", ".jar", ".war", ".so", ".lua", ".ts" };
	for (size_t i = 0; i < N_ROWS(ends); i++)
		if (ingot_span_ends(name, ends[i]))
			return true;
	return (n->mode & 0111) != 0;
}

static void check_workdir(struct look *l, const struct ingot_config *c)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err no = INGOT_ERR_INIT;
	if (c->workdir[0] && c->workdir[0] != '/')
		(void)look_field(l, "workdir-relative", "/config/WorkingDir", NULL, "the working directory \"%s\" is relative", INGOT_SHOW(ingot_span_of(c->workdir)));
	if (c->workdir[0] != '/' || !look_user_writes(l, c->workdir) || ingot_resolve(l->s->tree, ingot_span_of(c->workdir), 0, &b, &no) < 0)
		return;
	ssize_t dir = ingot_tree_find(l->s->tree, ingot_buf_view(&b));
	size_t end = ingot_tree_subtree_end(l->s->tree, (size_t)dir);
	for (size_t i = (size_t)dir + 1; i < end; i++) {
		struct ingot_span path = ingot_tree_at(l->s->tree, i)->path;
		const struct ingot_node *n = ingot_tree_node(l->s->tree, ingot_tree_at(l->s->tree, i)->node);
		if (n->type == INGOT_FILE && is_code(path, n)) {
			(void)look_path(l, "workdir-code", (size_t)dir, " is the working directory and holds code (%s), and the image's user can write to it", INGOT_SHOW(ingot_path_base(path)));
			return;
		}
	}
}

static void check(struct look *l)
{
	const struct ingot_config *c = l->config;
	const struct ingot_recipe *r = l->s->recipe;
	if (r && !r->version && ingot_span_ends(ingot_span_of(r->reference), ":latest"))
		(void)look_line(l, "tag-latest", r->image.at, NULL, "the image has no version: it would be %s", r->reference);
	if (!c)
		return;
	for (size_t i = 0; i < c->env.n; i++) {
		struct ingot_span value = ingot_span_of(c->env.v[i]), name;
		if (ingot_span_has(value, '=') && ingot_span_next(&value, '=', &name))
			check_variable(l, i, name, value);
	}
	check_engine(l, &c->env, "Env");
	check_engine(l, &c->entrypoint, "Entrypoint");
	check_engine(l, &c->cmd, "Cmd");
	check_volumes(l, &c->volumes);
	check_workdir(l, c);
	if (c->on_build)
		(void)look_field(l, "on-build", "/config/OnBuild", NULL, "the image has instructions for those who build on it");
	if (c->author[0])
		(void)look_field(l, "maintainer", "/author", NULL, "the image names its author \"%s\" as MAINTAINER does", INGOT_SHOW(ingot_span_of(c->author)));
}

const struct rule_group rules_env = { rows, N_ROWS(rows), check };
