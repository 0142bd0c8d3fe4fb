#include "harvest.h"
#include "places.h"
#include "view.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/checkout.h>
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/load.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <ingot/run_image.h>
#include <ingot/runtime.h>
#include <ingot/step.h>

#define WEEK (7 * 24 * 3600)
#define MAX_TMPFS 64
#define MAX_VOLUMES 16

struct words {
	const char **v;
	size_t n, cap;
};

static void add_word(struct words *w, const char *s)
{
	ingot_reserve(w->v, w->n, w->cap);
	w->v[w->n++] = s;
}

/* The run being put together; strings live in the arena. */
struct setup {
	const struct ingot_run_options *o;
	struct ingot_runtime image;
	struct words argv, env;
	struct ingot_step_tmpfs tmpfs[MAX_TMPFS];
	size_t n_tmpfs;
	struct ingot_step_volume volumes[MAX_VOLUMES];
	size_t n_volumes;
};

static void setup_done(struct setup *s)
{
	for (size_t i = 0; i < s->n_volumes; i++)
		ingot_closep(&s->volumes[i].fd);
	free(s->argv.v);
	free(s->env.v);
	ingot_runtime_done(&s->image);
}

/* NAME=VALUE takes the place of the image's own NAME: of two entries a program would see the first. */
static void set_env(struct words *env, const char *entry)
{
	size_t name = strcspn(entry, "=") + 1;
	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], entry, name) == 0) {
			env->v[i] = entry;
			return;
		}
	add_word(env, entry);
}

static int add_tmpfs(struct setup *s, const char *path, bool filled, struct ingot_err *err)
{
	for (size_t i = 0; i < s->n_tmpfs; i++)
		if (ingot_span_eq(ingot_span_of(s->tmpfs[i].path), ingot_span_of(path)))
			return 0;
	if (s->n_tmpfs == MAX_TMPFS)
		return ingot_fail(err, INGOT_E_INPUT, "more than %d places in memory", MAX_TMPFS);
	s->tmpfs[s->n_tmpfs++] = (struct ingot_step_tmpfs){ .path = path, .filled = filled };
	return 0;
}

static bool is_volume(const struct setup *s, struct ingot_span path)
{
	for (size_t i = 0; i < s->n_volumes; i++)
		if (ingot_span_is(path, s->volumes[i].path + 1))
			return true;
	return false;
}

/* The places that it was given to write to, where the caller has put nothing else. */
static int add_writable(struct setup *s, struct ingot_err *err)
{
	for (size_t i = 0; i < s->image.n_writable; i++)
		if (!is_volume(s, ingot_span_of(s->image.writable[i].path + 1)))
			ingot_pass(add_tmpfs(s, s->image.writable[i].path, s->image.writable[i].filled, err));
	return 0;
}

static int add_volume(struct setup *s, const char *text, struct ingot_err *err)
{
	struct ingot_span rest = ingot_span_of(text), host, path, mode, tree_path;
	bool readonly = false;
	bool fine = ingot_span_next(&rest, ':', &host) && ingot_span_next(&rest, ':', &path) && ingot_path_from_absolute(path, &tree_path) == 0;
	if (fine && ingot_span_next(&rest, ':', &mode))
		fine = (readonly = ingot_span_is(mode, "ro")) && !rest.n;
	if (!fine || s->n_volumes == MAX_VOLUMES)
		return ingot_fail(err, INGOT_E_INPUT, "'%s' is no volume: HOST:PATH or HOST:PATH:ro, at most %d", INGOT_SHOW(ingot_span_of(text)), MAX_VOLUMES);
	struct ingot_step_volume v = { .path = ingot_arena_strf(s->image.arena, "/%.*s", INGOT_SPAN_ARG(tree_path)), .readonly = readonly };
	v.fd = open(ingot_arena_str(s->image.arena, host), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v.fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "volume %s", INGOT_SHOW(host));
	s->volumes[s->n_volumes++] = v;
	return 0;
}

static int prepare(struct setup *s, struct ingot_err *err)
{
	const struct ingot_run_options *o = s->o;
	for (size_t i = 0; i < o->n_command; i++)
		add_word(&s->argv, o->command[i]);
	for (size_t i = 0; i < s->image.n_argv && !o->n_command; i++)
		add_word(&s->argv, s->image.argv[i]);
	if (!s->argv.n) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the image has no command");
		return ingot_hint(err, "give one: ingot run %s -- COMMAND", INGOT_SHOW(ingot_span_of(o->image)));
	}
	for (size_t i = 0; i < s->image.n_env; i++)
		add_word(&s->env, s->image.env[i]);
	for (size_t i = 0; i < o->n_env; i++)
		set_env(&s->env, o->env[i]);
	for (size_t i = 0; i < o->n_volumes; i++)
		ingot_pass(add_volume(s, o->volumes[i], err));
	for (size_t i = 0; i < o->n_tmpfs; i++)
		ingot_pass(add_tmpfs(s, o->tmpfs[i], false, err));
	return add_writable(s, err);
}

/* Where it runs, and the tree with that directory: an image may name one that it does not have, and it is made for it (as every runtime does). */
static int read_workdir(const struct setup *s, const struct ingot_tree *tree, const char **ret, struct ingot_tree **ret_tree, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL, *fitted = NULL;
	const struct ingot_node dir = { .type = INGOT_DIR, .mode = 0755 };
	const char *path = s->o->workdir ? s->o->workdir : s->image.workdir;
	*ret = path ? path : "/";
	if (!path || s->o->workdir)
		return 0;
	if (path[0] != '/')
		return ingot_fail(err, INGOT_E_OUTSIDE, "config: /config/WorkingDir is '%s', which is no absolute path", INGOT_SHOW(ingot_span_of(path)));
	if (ingot_resolve(tree, ingot_span_of(path), INGOT_MISSING_OK, &at, err) < 0) {
		err->code = INGOT_E_OUTSIDE;
		return ingot_context(err, "config: /config/WorkingDir");
	}
	if (ingot_tree_lookup(tree, ingot_buf_view(&at)))
		return 0;
	ingot_pass(ingot_delta_put(b, ingot_buf_view(&at), &dir, err));
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	ingot_pass(ingot_fit(tree, d, 0, &fitted, err));
	return ingot_apply(tree, fitted, ret_tree, err);
}

/* The directory that the caller wants something mounted on, where the image has none: what a volume brings need not be known to the image. */
static int add_mount_point(struct ingot_tree **tree, const char *text, struct ingot_err *err)
{
	struct ingot_span path;
	if (ingot_path_from_absolute(ingot_span_of(text), &path) < 0 || !path.n)
		return ingot_fail(err, INGOT_E_INPUT, "nothing can be mounted on '%s'", INGOT_SHOW(ingot_span_of(text)));
	if (!ingot_runtime_memory(path))
		return point_add(path, "run", tree, err);
	(void)ingot_fail(err, INGOT_E_INPUT, "nothing can be mounted on %s: /run and /tmp are memory of the run's own, and empty", INGOT_SHOW(ingot_span_of(text)));
	return ingot_hint(err, "mount it elsewhere, and tell the program where");
}

static int start(struct ingot_store *store, const struct ingot_tree *tree, struct setup *s, const struct ingot_log *log, int *ret_status, struct ingot_err *err)
{
	const struct ingot_run_options *o = s->o;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *with = NULL, *seen = NULL, *lower = NULL;
	_cleanup_(ingot_closep) int root_fd = -1;
	struct ingot_step_plan plan = INGOT_STEP_PLAN_INIT;
	ingot_pass(read_workdir(s, tree, &plan.workdir, &with, err));
	ingot_pass(user_view(with ? with : tree, s->image.uid, s->image.gid, &seen, err));
	ingot_pass(harvest_lower(seen, &lower, err));
	for (size_t i = 0; i < s->n_volumes; i++)
		ingot_pass(add_mount_point(&lower, s->volumes[i].path, err));
	for (size_t i = 0; i < o->n_tmpfs; i++)
		ingot_pass(add_mount_point(&lower, o->tmpfs[i], err));
	ingot_try(err, ingot_checkout_cached(store, lower, &root_fd, err), "laying out the image's files");
	plan.name = "run";
	plan.argv = s->argv.v;
	plan.n_argv = s->argv.n;
	plan.env = s->env.v;
	plan.n_env = s->env.n;
	plan.uid = s->image.uid;
	plan.gid = s->image.gid;
	plan.timeout = o->timeout ? o->timeout : WEEK;
	plan.flags = INGOT_STEP_READONLY | INGOT_STEP_STDIO;
	plan.flags |= o->network == INGOT_RUN_HOST_NETWORK ? INGOT_STEP_NETWORK_HOST : o->network == INGOT_RUN_LOOPBACK ? INGOT_STEP_LOOPBACK : 0;
	plan.root_fd = root_fd;
	memcpy(plan.stdio, o->stdio, sizeof(plan.stdio));
	plan.tmpfs = s->tmpfs;
	plan.n_tmpfs = s->n_tmpfs;
	plan.volumes = s->volumes;
	plan.n_volumes = s->n_volumes;
	struct ingot_step_result result = INGOT_STEP_RESULT_INIT;
	int r = ingot_step_run(&plan, log, &result, err);
	if (r == 0 && result.reason == INGOT_STEP_TIMED_OUT)
		r = ingot_fail(err, INGOT_E_STEP, "the command did not end within %u seconds", plan.timeout);
	if (r == 0)
		*ret_status = result.reason == INGOT_STEP_SIGNALLED ? 128 + (int)result.signal : (int)result.status;
	ingot_step_result_done(&result);
	return r;
}

int ingot_run_image(struct ingot_store *store, const struct ingot_run_options *o, const struct ingot_log *log, int *ret_status, struct ingot_err *err)
{
	_cleanup_(ingot_loaded_done) struct ingot_loaded image = { 0 };
	ingot_pass(ingot_image_load_for(store, o->image, o->platform, INGOT_LOAD_TREE, &image, err));
	_cleanup_(setup_done) struct setup s = { .o = o };
	ingot_pass(ingot_runtime_read(store, image.tree, image.config, NULL, &s.image, err));
	ingot_pass(prepare(&s, err));
	return start(store, image.tree, &s, log, ret_status, err);
}
