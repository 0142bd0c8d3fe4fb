#include "recipe_finish.h"
#include <ingot/escape.h>
#include <ingot/limits.h>

#define DEFAULT_UID 10001 /* above what distributions give to system and login accounts, below nothing that matters */

static struct ingot_strings defaults(struct decode *d, const char *const *words, size_t n, struct ingot_place at)
{
	const char **v = ingot_arena_array(d->arena, n, sizeof(*v));
	struct ingot_place *places = ingot_arena_array(d->arena, n, sizeof(*places));
	for (size_t i = 0; i < n; i++) {
		v[i] = words[i];
		places[i] = at;
	}
	return (struct ingot_strings){ v, places, n };
}

int finish_source(struct decode *d, const struct node *n, void *out, struct ingot_err *err)
{
	static const char *const suites[] = { "bookworm", "bookworm-updates", "bookworm-security" }, *const components[] = { "main" };
	struct ingot_source *s = out;
	if (s->distribution)
		s->kind = INGOT_SRC_PACKAGES;
	else if (s->root)
		s->kind = INGOT_SRC_FILES;
	else
		s->kind = node_get(n, "image") ? INGOT_SRC_IMAGE : INGOT_SRC_FETCH;
	if (s->kind == INGOT_SRC_PACKAGES && !s->suites.n)
		s->suites = defaults(d, suites, 3, (struct ingot_place){ 0 });
	if (s->kind == INGOT_SRC_PACKAGES && !s->components.n)
		s->components = defaults(d, components, 1, (struct ingot_place){ 0 });
	return 0;
}

int finish_copy(struct decode *d, const struct node *n, void *out, struct ingot_err *err)
{
	struct ingot_copy *c = out;
	if (!node_get(n, "mode"))
		c->mode = -1;
	return 0;
}

/* The recipe's variables reach a script as environment, and only so: pasted into shell text, a value could become a command (CVE-2026-25143). */
static void add_vars(struct decode *d, struct ingot_pairs *env)
{
	if (!d->vars || !d->vars->n)
		return;
	struct ingot_pair *v = ingot_arena_array(d->arena, env->n + d->vars->n, sizeof(*v));
	size_t n = env->n;
	if (n)
		memcpy(v, env->v, n * sizeof(*v));
	for (size_t i = 0; i < d->vars->n; i++) {
		bool own = false;
		for (size_t k = 0; k < env->n; k++)
			own = own || strcmp(env->v[k].key, d->vars->v[i].key) == 0;
		if (!own)
			v[n++] = d->vars->v[i];
	}
	*env = (struct ingot_pairs){ v, n };
}

struct place_of {
	const char *path, *key;
	struct ingot_place at;
};

static bool same_or_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	while (n && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

static int check_place(struct decode *d, const struct place_of *all, size_t i, struct ingot_err *err)
{
	static const char *const own[] = { "/dev", "/proc", "/run", "/sys", "/tmp" };
	const struct place_of *p = &all[i];
	for (size_t k = 0; k < sizeof(own) / sizeof(own[0]); k++)
		if (same_or_below(p->path, own[k])) {
			(void)decode_fail(d, p->at, err, "%s: every step has a %s of its own, so nothing can be there", p->key, own[k]);
			return ingot_hint(err, "choose another place; /tmp and /run are in memory already");
		}
	for (size_t k = 0; k < i; k++)
		if (same_or_below(p->path, all[k].path) || same_or_below(all[k].path, p->path)) {
			(void)decode_fail(d, p->at, err, "%s: %s and %s (%s) are in each other's way", p->key, INGOT_SHOW(ingot_span_of(p->path)), INGOT_SHOW(ingot_span_of(all[k].path)), all[k].key);
			return ingot_hint(err, "the other is on line %u; neither may be the other, or lie below it", all[k].at.line);
		}
	return 0;
}

/* Caches, directories in memory and binds are mounts: each has a place, of which the others know nothing. */
static int finish_places(struct decode *d, struct ingot_step *s, struct ingot_err *err)
{
	struct place_of all[INGOT_MAX_STEP_MOUNTS + INGOT_MAX_STEP_TMPFS];
	size_t n = 0;
	if (s->cache.n + s->n_binds > INGOT_MAX_STEP_MOUNTS)
		return decode_fail(d, s->at, err, "a step has at most %d caches and binds", INGOT_MAX_STEP_MOUNTS);
	if (s->n_tmpfs > INGOT_MAX_STEP_TMPFS)
		return decode_fail(d, s->at, err, "a step has at most %d directories in memory", INGOT_MAX_STEP_TMPFS);
	if (s->secrets.n > INGOT_MAX_STEP_SECRETS)
		return decode_fail(d, s->secrets.at[INGOT_MAX_STEP_SECRETS], err, "a step has at most %d secrets", INGOT_MAX_STEP_SECRETS);
	for (size_t i = 0; i < s->cache.n; i++)
		all[n++] = (struct place_of){ s->cache.v[i], "cache", s->cache.at[i] };
	for (size_t i = 0; i < s->n_tmpfs; i++)
		all[n++] = (struct place_of){ s->tmpfs[i].path, "tmpfs", s->tmpfs[i].at };
	for (size_t i = 0; i < s->n_binds; i++) {
		if (!s->binds[i].path)
			s->binds[i].path = "/";
		all[n++] = (struct place_of){ s->binds[i].to, "bind", s->binds[i].at };
	}
	for (size_t i = 0; i < n; i++)
		ingot_pass(check_place(d, all, i, err));
	return 0;
}

int finish_step(struct decode *d, const struct node *n, void *out, struct ingot_err *err)
{
	struct ingot_step *s = out;
	const struct node *run = node_get(n, "run"), *shell = node_get(n, "shell");
	s->kind = run ? INGOT_STEP_RUN : INGOT_STEP_COPY;
	if (!run)
		return 0;
	if (shell && !s->script) {
		(void)decode_fail(d, shell->key_at, err, "\"shell\" without a script: run is a list here");
		return ingot_hint(err, "a list is run without a shell; write run as a string to have it read by one");
	}
	if (!s->script && !s->argv.v[0][0])
		return decode_fail(d, s->argv.at[0], err, "run: the command's name is empty");
	if (!s->shell)
		s->shell = "/bin/sh";
	if (!s->workdir)
		s->workdir = "/";
	if (!s->timeout)
		s->timeout = 3600;
	add_vars(d, &s->env);
	const struct node *network = node_get(n, "network");
	if (network)
		s->network_at = network->at;
	return finish_places(d, s, err);
}

int finish_user(struct decode *d, const struct node *n, void *out, struct ingot_err *err)
{
	struct ingot_user *u = out;
	if (u->root_reason) {
		u->name = u->group = "root";
		u->home = "/root";
		return 0;
	}
	if (!u->uid)
		u->uid = DEFAULT_UID;
	if (!u->gid)
		u->gid = u->uid;
	if (!u->group)
		u->group = u->name;
	if (!u->home)
		u->home = "/nonexistent";
	return 0;
}

/* "8080" and "8080/tcp" are the same port. */
static int normalise_ports(struct decode *d, struct ingot_strings *ports, struct ingot_err *err)
{
	for (size_t i = 0; i < ports->n; i++) {
		if (!strchr(ports->v[i], '/'))
			ports->v[i] = ingot_arena_strf(d->arena, "%s/tcp", ports->v[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(ports->v[i], ports->v[k]) == 0)
				return decode_fail(d, ports->at[i], err, "ports: \"%s\" stands twice in the list", ports->v[i]);
	}
	return 0;
}

int finish_image(struct decode *d, const struct node *n, void *out, struct ingot_err *err)
{
	struct ingot_image_spec *image = out;
	image->stage.name = "image";
	image->stage.at = image->at;
	if (!image->architecture)
		image->architecture = "amd64";
	if (!image->compression)
		image->compression = "zstd";
	if (image->entrypoint.n && !image->entrypoint.v[0][0])
		return decode_fail(d, image->entrypoint.at[0], err, "entrypoint: the program's name is empty");
	return normalise_ports(d, &image->ports, err);
}

int finish_test_file(struct decode *d, const struct node *n, void *out, struct ingot_err *err)
{
	struct ingot_test_file *f = out;
	if (f->absent && f->contains)
		return decode_fail(d, n->at, err, "a file that must be absent contains nothing");
	return 0;
}

/* Keys that only a service has a use for, or a command. */
static int check_test_keys(struct decode *d, const struct node *n, const struct ingot_test *t, struct ingot_err *err)
{
	static const char *const of_service[] = { "wait", "signal", "within" };
	for (size_t i = 0; !t->service && i < sizeof(of_service) / sizeof(of_service[0]); i++) {
		const struct node *c = node_get(n, of_service[i]);
		if (c)
			return decode_fail(d, c->key_at, err, "\"%s\" belongs to \"service\" or \"port\", which are not here", of_service[i]);
	}
	if (t->port && strstr(t->port, "/udp") && (!t->send || !t->send[0])) {
		(void)decode_fail(d, node_get(n, "port")->at, err, "port: nobody answers on udp who is not asked");
		return ingot_hint(err, "say what to send");
	}
	return 0;
}

int finish_test(struct decode *d, const struct node *n, void *out, struct ingot_err *err)
{
	struct ingot_test *t = out;
	t->service = t->service || t->port;
	t->has_exit = node_get(n, "exit") != NULL;
	if (!t->run.n && !t->service)
		return decode_fail(d, n->at, err, "a test needs \"run\", \"service\" or \"port\"");
	if (t->run.n && !t->run.v[0][0])
		return decode_fail(d, t->run.at[0], err, "run: the command's name is empty");
	ingot_pass(check_test_keys(d, n, t, err));
	if (t->port && !strchr(t->port, '/'))
		t->port = ingot_arena_strf(d->arena, "%s/tcp", t->port);
	if (!t->wait)
		t->wait = t->port ? 10 : 1;
	if (!t->within)
		t->within = 10;
	if (!t->timeout)
		t->timeout = 60;
	return 0;
}

int finish_own_rule(struct decode *d, const struct node *n, void *out, struct ingot_err *err)
{
	struct ingot_own_rule *r = out;
	if (!node_get(n, "mode"))
		r->mode = -1;
	if (!r->severity)
		r->severity = "warning";
	return 0;
}
