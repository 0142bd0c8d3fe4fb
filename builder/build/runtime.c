#include "run_user.h"
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
	const struct ingot_doc *config;
	struct ingot_runtime *r;
};

void ingot_runtime_done(struct ingot_runtime *r)
{
	ingot_arena_free(r->arena);
	*r = (struct ingot_runtime){ 0 };
}

/* A string of the config as a C string. */
static int text_of(struct reader *x, const struct ingot_doc_value *v, const char **ret, struct ingot_err *err)
{
	if (v->kind != INGOT_J_STRING || ingot_span_has(v->value, '\0') || v->value.n > INGOT_MAX_ARG_BYTES - 1)
		return ingot_fail(err, INGOT_E_OUTSIDE, "config: %s is no usable string", INGOT_SHOW(v->path));
	*ret = ingot_arena_str(x->r->arena, v->value);
	return 0;
}

static int optional(struct reader *x, const char *pointer, const char **ret, struct ingot_err *err)
{
	const struct ingot_doc_value *v = ingot_doc_get(x->config, pointer);
	return v && v->kind != INGOT_J_NULL && v->value.n ? text_of(x, v, ret, err) : 0;
}

static size_t length(struct reader *x, const char *pointer)
{
	const struct ingot_doc_value *list = ingot_doc_get(x->config, pointer);
	return list && list->kind == INGOT_J_ARRAY ? list->n : 0;
}

static int add_list(struct reader *x, const char *pointer, const char **v, size_t *n, struct ingot_err *err)
{
	const struct ingot_doc_value *list = ingot_doc_get(x->config, pointer);
	size_t count = length(x, pointer);
	if (count > INGOT_MAX_ARGS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "config: %s has more than %d entries", pointer, INGOT_MAX_ARGS);
	for (size_t i = 0; i < count; i++)
		ingot_pass(text_of(x, ingot_doc_child(x->config, list, i), &v[(*n)++], err));
	return 0;
}

static int read_words(struct reader *x, struct ingot_err *err)
{
	struct ingot_runtime *r = x->r;
	r->argv = ingot_arena_array(r->arena, length(x, "/config/Entrypoint") + length(x, "/config/Cmd") + 1, sizeof(*r->argv));
	r->env = ingot_arena_array(r->arena, length(x, "/config/Env") + 1, sizeof(*r->env));
	ingot_pass(add_list(x, "/config/Entrypoint", r->argv, &r->n_argv, err));
	ingot_pass(add_list(x, "/config/Cmd", r->argv, &r->n_argv, err));
	ingot_pass(add_list(x, "/config/Env", r->env, &r->n_env, err));
	ingot_pass(optional(x, "/config/WorkingDir", &r->workdir, err));
	return optional(x, "/config/StopSignal", &r->stop_signal, err);
}

static int read_user(struct reader *x, struct ingot_err *err)
{
	const struct ingot_doc_value *v = ingot_doc_get(x->config, "/config/User");
	if (v && v->kind != INGOT_J_STRING && v->kind != INGOT_J_NULL)
		return ingot_fail(err, INGOT_E_OUTSIDE, "config: /config/User is no usable string");
	return run_user(x->store, x->tree, v && v->kind == INGOT_J_STRING ? v->value : (struct ingot_span){ 0 }, &x->r->uid, &x->r->gid, err);
}

/* The names of an object's members. */
static int read_keys(struct reader *x, const char *pointer, const char ***ret, size_t *ret_n, struct ingot_err *err)
{
	const struct ingot_doc_value *object = ingot_doc_get(x->config, pointer);
	size_t n = object && object->kind == INGOT_J_OBJECT ? object->n : 0;
	if (n > INGOT_MAX_ARGS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "config: %s has more than %d entries", pointer, INGOT_MAX_ARGS);
	const char **v = ingot_arena_array(x->r->arena, n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf key = INGOT_BUF(INGOT_MAX_PATH);
		ingot_doc_key(ingot_doc_child(x->config, object, i), &key);
		if (key.full || ingot_span_has(ingot_buf_view(&key), '\0'))
			return ingot_fail(err, INGOT_E_OUTSIDE, "config: a name in %s is no usable string", pointer);
		v[i] = ingot_arena_str(x->r->arena, ingot_buf_view(&key));
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

/* Memory of every run anyway. */
static bool below_tmp(struct ingot_span path)
{
	return ingot_span_is(path, "tmp") || ingot_span_is(path, "run") || ingot_path_under(path, INGOT_SPAN("tmp")) || ingot_path_under(path, INGOT_SPAN("run"));
}

/* One below the other is one place: the outer one. */
static bool covered(const struct ingot_runtime *r, struct ingot_span path)
{
	for (size_t i = 0; i < r->n_writable; i++) {
		struct ingot_span there = ingot_span_of(r->writable[i].path + 1);
		if (ingot_span_eq(there, path) || ingot_path_under(path, there))
			return true;
	}
	return below_tmp(path);
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
	const char **volumes;
	size_t n;
	ingot_pass(read_keys(x, "/config/Volumes", &volumes, &n, err));
	for (size_t i = 0; i < n; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
		if (find_place(x, volumes[i], &at))
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
	ingot_pass(read_user(x, err));
	ingot_pass(read_keys(x, "/config/ExposedPorts", &x->r->ports, &x->r->n_ports, err));
	return declared ? add_declared(x, declared, err) : add_found(x, err);
}

int ingot_runtime_read(struct ingot_store *store, const struct ingot_tree *tree, const struct ingot_doc *config, const struct ingot_strings *declared, struct ingot_runtime *ret, struct ingot_err *err)
{
	struct ingot_runtime r = { .arena = ingot_arena_new() };
	struct reader x = { store, tree, config, &r };
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
