#include "places.h"
#include <ingot/checkout.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <stdlib.h>
#include <string.h>

static int may_use_network(const struct engine *e, const struct ingot_step *step, struct ingot_err *err)
{
	if (e->options->allow_network)
		return 0;
	(void)ingot_fail(err, INGOT_E_INPUT, "the step wants the host's network, which this build does not permit");
	(void)ingot_hint(err, "--allow-network permits it; what the step fetches is not locked, so nobody can repeat the build for certain");
	return ingot_recipe_blame(e->recipe, step->network_at, err);
}

/* The subtree at `index` as a tree of its own. */
static int cut_out(const struct ingot_tree *t, size_t index, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty();
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	size_t cut = ingot_tree_at(t, index)->path.n + 1, end = ingot_tree_subtree_end(t, index);
	for (size_t i = index + 1; i < end; i++) {
		struct ingot_span path = ingot_tree_at(t, i)->path;
		path = (struct ingot_span){ path.p + cut, path.n - cut };
		size_t leader = ingot_tree_leader(t, i);
		if (leader != i && leader > index) {
			struct ingot_span l = ingot_tree_at(t, leader)->path;
			ingot_pass(ingot_delta_link(b, path, (struct ingot_span){ l.p + cut, l.n - cut }, err));
		} else {
			ingot_pass(ingot_delta_put(b, path, ingot_tree_node(t, ingot_tree_at(t, i)->node), err));
		}
	}
	ingot_pass(ingot_delta_finish(TAKE_PTR(b), &d, err));
	return ingot_apply(empty, d, ret, err);
}

static int find_bind(struct engine *e, const struct ingot_bind *bind, struct ingot_tree **ret, struct ingot_err *err)
{
	struct stage_state *stage = engine_stage(e, bind->from);
	ingot_assert(stage); /* recipe_check.c has seen to it */
	ingot_pass(stage_build(e, stage, err));
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_span path;
	ingot_assert(ingot_path_from_absolute(ingot_span_of(bind->path), &path) == 0);
	if (!path.n) {
		*ret = ingot_tree_ref(stage->tree);
		return 0;
	}
	ingot_try(err, ingot_resolve(stage->tree, path, 0, &at, err), "stage %s has no %s", bind->from, INGOT_SHOW(ingot_span_of(bind->path)));
	ssize_t index = ingot_tree_find(stage->tree, ingot_buf_view(&at));
	ingot_assert(index >= 0);
	if (ingot_tree_node(stage->tree, ingot_tree_at(stage->tree, (size_t)index)->node)->type != INGOT_DIR) {
		(void)ingot_fail(err, INGOT_E_INPUT, "bind: %s of stage %s is no directory", INGOT_SHOW(ingot_span_of(bind->path)), bind->from);
		return ingot_hint(err, "bind the directory that it is in, or copy the file");
	}
	return cut_out(stage->tree, (size_t)index, ret, err);
}

int places_begin(struct engine *e, const struct ingot_step *step, struct places *ret, struct ingot_err *err)
{
	*ret = (struct places){ .step = step, .store = e->store, .network = step->network && strcmp(step->network, "host") == 0 };
	for (size_t i = 0; i < INGOT_MAX_STEP_MOUNTS; i++)
		ret->bind_fd[i] = ret->cache[i].fd = ret->cache[i].scratch_fd = -1;
	if (ret->network)
		ingot_pass(may_use_network(e, step, err));
	ingot_pass(vault_open(e, step, ret->secrets, err));
	for (size_t i = 0; i < step->n_binds; i++)
		if (find_bind(e, &step->binds[i], &ret->bind[i], err) < 0)
			return ingot_recipe_blame(e->recipe, step->binds[i].at, err);
	return 0;
}

/* Of a secret its name; of a cache its place: what they hold changes from build to build, and is not to decide anything about the result. */
void places_key(const struct engine *e, const struct places *p, struct cachekey *k)
{
	const struct ingot_step *s = p->step;
	for (size_t i = 0; i < s->secrets.n; i++)
		cachekey_str(k, "secret", s->secrets.v[i]);
	for (size_t i = 0; i < s->cache.n; i++)
		cachekey_str(k, "cache", s->cache.v[i]);
	for (size_t i = 0; i < s->n_tmpfs; i++) {
		cachekey_str(k, "tmpfs", s->tmpfs[i].path);
		cachekey_u64(k, "size", s->tmpfs[i].size);
	}
	for (size_t i = 0; i < s->n_binds; i++) {
		cachekey_str(k, "bind", s->binds[i].to);
		cachekey_digest(k, "tree", ingot_tree_id(p->bind[i]));
	}
	if (!p->network)
		return;
	/* What came over the network is as old as the packages are: a new lock fetches anew. */
	_cleanup_(ingot_buf_done) struct ingot_buf lock = INGOT_BUF(INGOT_MAX_LOCK);
	if (e->lock)
		ingot_lock_text(e->lock, &lock);
	cachekey_str(k, "network", s->network);
	cachekey_bytes(k, "lock", lock.p, lock.n);
}

static void close_all(struct places *p)
{
	for (size_t i = 0; i < INGOT_MAX_STEP_MOUNTS; i++) {
		ingot_closep(&p->bind_fd[i]);
		cache_done(p->store, &p->cache[i]);
	}
	p->n_caches = 0;
}

int places_open(struct engine *e, struct places *p, struct ingot_err *err)
{
	const struct ingot_step *s = p->step;
	size_t n = 0;
	close_all(p);
	for (size_t i = 0; i < s->n_tmpfs; i++)
		p->tmpfs[i] = (struct ingot_step_tmpfs){ s->tmpfs[i].path, s->tmpfs[i].size };
	for (size_t i = 0; i < s->n_binds; i++) {
		ingot_try(err, ingot_checkout_cached(e->store, p->bind[i], &p->bind_fd[i], err), "laying out %s of stage %s", s->binds[i].path, s->binds[i].from);
		p->volumes[n++] = (struct ingot_step_volume){ .path = s->binds[i].to, .fd = p->bind_fd[i], .readonly = true };
	}
	for (size_t i = 0; i < s->cache.n; i++) {
		ingot_try(err, cache_open(e, s, s->cache.v[i], &p->cache[i], err), "the cache %s", INGOT_SHOW(ingot_span_of(s->cache.v[i])));
		p->n_caches++;
		p->volumes[n++] = (struct ingot_step_volume){ .path = s->cache.v[i], .fd = p->cache[i].fd };
	}
	return 0;
}

void places_plan(const struct engine *e, const struct places *p, struct ingot_step_plan *plan)
{
	const struct ingot_step *s = p->step;
	plan->tmpfs = p->tmpfs;
	plan->n_tmpfs = s->n_tmpfs;
	plan->volumes = p->volumes;
	plan->n_volumes = s->n_binds + s->cache.n;
	plan->secrets = p->secrets;
	plan->n_secrets = s->secrets.n;
	plan->hide = e->vault.hide;
	if (p->network)
		plan->flags |= INGOT_STEP_NETWORK_HOST;
}

/* A cache is a convenience: that it cannot be kept is no reason to lose the step's work. */
void places_keep(struct engine *e, struct places *p)
{
	for (size_t i = 0; i < p->n_caches; i++) {
		struct ingot_err err = INGOT_ERR_INIT;
		if (cache_keep(e, p->step, &p->cache[i], &err) < 0)
			ingot_say(e->log, INGOT_WARNING, "the cache %s stays as it was: %s", INGOT_SHOW(ingot_span_of(p->step->cache.v[i])), err.msg);
	}
}

void places_done(struct places *p)
{
	if (p->step)
		close_all(p);
	for (size_t i = 0; i < INGOT_MAX_STEP_MOUNTS; i++)
		ingot_tree_unref(p->bind[i]);
	*p = (struct places){ 0 };
}
