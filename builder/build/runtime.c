#include "run_user.h"
#include <ingot/config.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <ingot/runtime.h>
#include <ingot/writable.h>
#include <signal.h>
#include <string.h>

struct reader {
	struct ingot_store *store;
	const struct ingot_tree *tree;
	const struct ingot_config *config;
	struct ingot_runtime *r;
};

void ingot_runtime_done(struct ingot_runtime *r)
{
	ingot_arena_free(r->arena);
	*r = (struct ingot_runtime){ 0 };
}

/* Words of the config, which lives as long as the reading. */
static void take(struct reader *x, const struct ingot_words *from, const char **v, size_t *n)
{
	for (size_t i = 0; i < from->n; i++)
		v[(*n)++] = ingot_arena_str(x->r->arena, ingot_span_of(from->v[i]));
}

static const char *keep(struct reader *x, const char *s)
{
	return s[0] ? ingot_arena_str(x->r->arena, ingot_span_of(s)) : NULL;
}

static int read_words(struct reader *x, struct ingot_err *err)
{
	struct ingot_runtime *r = x->r;
	const struct ingot_config *c = x->config;
	r->argv = ingot_arena_array(r->arena, c->entrypoint.n + c->cmd.n + 1, sizeof(*r->argv));
	r->env = ingot_arena_array(r->arena, c->env.n + 1, sizeof(*r->env));
	r->ports = ingot_arena_array(r->arena, c->ports.n + 1, sizeof(*r->ports));
	take(x, &c->entrypoint, r->argv, &r->n_argv);
	take(x, &c->cmd, r->argv, &r->n_argv);
	take(x, &c->env, r->env, &r->n_env);
	take(x, &c->ports, r->ports, &r->n_ports);
	r->workdir = keep(x, c->workdir);
	r->stop_signal = keep(x, c->stop_signal);
	return run_user(x->store, x->tree, ingot_span_of(c->user), &r->uid, &r->gid, err);
}

bool ingot_runtime_memory(struct ingot_span path)
{
	return ingot_path_within(path, INGOT_SPAN("tmp")) || ingot_path_within(path, INGOT_SPAN("run"));
}

/* One below the other is one place: the outer one. */
static bool covered(const struct ingot_runtime *r, struct ingot_span path)
{
	for (size_t i = 0; i < r->n_writable; i++)
		if (ingot_path_within(path, ingot_span_of(r->writable[i].path + 1)))
			return true;
	return ingot_runtime_memory(path);
}

static int add_place(struct reader *x, struct ingot_span path, struct ingot_err *err)
{
	ssize_t at = ingot_tree_find(x->tree, path);
	if (at <= 0 || covered(x->r, path))
		return 0;
	if (x->r->n_writable == INGOT_MAX_WRITABLE)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d places that the image writes to", INGOT_MAX_WRITABLE);
	x->r->writable[x->r->n_writable++] =
		(struct ingot_writable_place){ .path = ingot_arena_strf(x->r->arena, "/%.*s", INGOT_SPAN_ARG(path)), .filled = ingot_tree_subtree_end(x->tree, (size_t)at) != (size_t)at + 1 };
	return 0;
}

/* A path as written, its links followed in the tree. 1: it is a directory there, 0: it is not. */
static int find_place(struct reader *x, const char *written, struct ingot_buf *at)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	struct ingot_span path;
	if (ingot_path_from_absolute(ingot_span_of(written), &path) < 0 || ingot_resolve(x->tree, path, 0, at, &ignored) < 0)
		return 0;
	const struct ingot_node *n = ingot_tree_lookup(x->tree, ingot_buf_view(at));
	return n && n->type == INGOT_DIR;
}

static int add_declared(struct reader *x, const struct ingot_strings *declared, struct ingot_err *err)
{
	for (size_t i = 0; i < declared->n; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
		if (!find_place(x, declared->v[i], &at))
			return ingot_fail(err, INGOT_E_INPUT, "the image has no directory %s, which its recipe calls writable", INGOT_SHOW(ingot_span_of(declared->v[i])));
		ingot_pass(add_place(x, ingot_buf_view(&at), err));
	}
	return 0;
}

static int add_found(struct reader *x, struct ingot_err *err)
{
	const struct ingot_words *volumes = &x->config->volumes;
	for (size_t i = 0; i < volumes->n; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
		if (find_place(x, volumes->v[i], &at))
			ingot_pass(add_place(x, ingot_buf_view(&at), err));
	}
	for (size_t i = 1; i < ingot_tree_count(x->tree) && x->r->uid; i++) {
		const struct ingot_dirent *d = ingot_tree_at(x->tree, i);
		/* An image with more of them than there is room for has given its user more than places to write to. */
		if (ingot_writable_empty(x->tree, i, x->r->uid) && x->r->n_writable < INGOT_MAX_WRITABLE)
			ingot_pass(add_place(x, d->path, err));
	}
	return 0;
}

static int read_all(struct reader *x, const struct ingot_strings *declared, struct ingot_err *err)
{
	ingot_pass(read_words(x, err));
	return declared ? add_declared(x, declared, err) : add_found(x, err);
}

int ingot_runtime_read(struct ingot_store *store, const struct ingot_tree *tree, const struct ingot_doc *config, const struct ingot_strings *declared, struct ingot_runtime *ret, struct ingot_err *err)
{
	_cleanup_(ingot_config_freep) struct ingot_config *c = NULL;
	ingot_pass(ingot_config_read(config, &c, err));
	struct ingot_runtime r = { .arena = ingot_arena_new() };
	struct reader x = { store, tree, c, &r };
	r.writable = ingot_arena_array(r.arena, INGOT_MAX_WRITABLE, sizeof(*r.writable));
	if (read_all(&x, declared, err) < 0) {
		ingot_runtime_done(&r);
		return -1;
	}
	*ret = r;
	return 0;
}

unsigned ingot_signal_number(const char *word)
{
	static const struct {
		const char *name;
		int number;
	} names[] = { { "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ABRT", SIGABRT }, { "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "ALRM", SIGALRM },
		      { "TERM", SIGTERM }, { "CONT", SIGCONT }, { "STOP", SIGSTOP }, { "WINCH", SIGWINCH }, { "PWR", SIGPWR }, { "IO", SIGIO }, { "PIPE", SIGPIPE } };
	uint32_t number = 0;
	if (!word)
		return SIGTERM;
	if (ingot_parse_u32(ingot_span_of(word), 64, &number) == 0)
		return number;
	word += strncmp(word, "SIG", 3) == 0 ? 3 : 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i].name) == 0)
			return (unsigned)names[i].number;
	/* The first that a program may have is the kernel's 34th: glibc keeps two for itself. */
	if (strncmp(word, "RTMIN", 5) == 0 && (!word[5] || (word[5] == '+' && ingot_parse_u32(ingot_span_of(word + 6), 30, &number) == 0)))
		return 34 + number;
	return 0;
}
