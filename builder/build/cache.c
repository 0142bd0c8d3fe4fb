/* Cache directories: kept as a tree and a pack under a reference, like every other result, so that gc, verify and a full disk treat them as such. A step
 * gets a copy of its own; after success what it left becomes the content, by one reference that is replaced at once. So nothing is ever shared while
 * it is written, and of two builds at once the later one to end wins whole (safety 6.6). */
#include "kept.h"
#include "leaks.h"
#include "places.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/checkout.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/intake.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whose it is: the recipe's name, the place and the user. Not the stage or the packages: a compiler's cache outlives both. */
static void key_of(const struct engine *e, const struct ingot_step *step, const char *path, struct ingot_digest *ret)
{
	struct cachekey k;
	cachekey_begin(&k, "ingot cache 1");
	cachekey_str(&k, "recipe", e->recipe->name);
	cachekey_str(&k, "architecture", e->recipe->image.architecture);
	cachekey_str(&k, "path", path);
	cachekey_u64(&k, "user", step->user);
	cachekey_end(&k, ret);
}

/* 1 and the tree that was kept, its content findable; 0 when there is none. */
static int recall(struct engine *e, const struct ingot_digest *key, struct ingot_tree **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	struct ingot_digest pack;
	bool has_pack;
	int r = kept_get(e, "cache", key, &text, &pack, &has_pack, err);
	if (r > 0)
		ingot_pass(ingot_tree_parse(ingot_buf_view(&text), ret, err));
	return r;
}

static int make_directory(struct ingot_store *store, struct cache_copy *c, struct ingot_err *err)
{
	c->scratch_fd = ingot_store_scratch(store, c->scratch, err);
	ingot_pass(c->scratch_fd);
	if (mkdirat(c->scratch_fd, "upper", 0755) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "making a directory for it");
	c->fd = openat(c->scratch_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return c->fd < 0 ? ingot_fail_sys(err, INGOT_E_BUG, "opening its directory") : 0;
}

int cache_open(struct engine *e, const struct ingot_step *step, const char *path, struct cache_copy *ret, struct ingot_err *err)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *tree = NULL;
	struct ingot_err why = INGOT_ERR_INIT;
	key_of(e, step, path, &ret->key);
	ingot_pass(make_directory(e->store, ret, err));
	int r = recall(e, &ret->key, &tree, &why);
	if (r > 0)
		r = ingot_checkout(e->store, tree, ret->fd, &why);
	if (r == 0) {
		if (tree)
			ret->tree = *ingot_tree_id(tree);
		return 0;
	}
	/* Damaged: it begins anew, from nothing rather than from half of it. */
	ingot_say(e->log, INGOT_WARNING, "the cache %s cannot be used and begins empty: %s", INGOT_SHOW(ingot_span_of(path)), why.msg);
	cache_done(e->store, ret);
	return make_directory(e->store, ret, err);
}

static int keep_tree(struct engine *e, const struct cache_copy *c, const struct ingot_tree *tree, const struct ingot_intake *in, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	ingot_tree_text(tree, &text);
	ingot_pass(ingot_buf_check(&text, "its list of files", err));
	return kept_put(e, "cache", &c->key, &text, in, err);
}

int cache_keep(struct engine *e, const struct ingot_step *step, struct cache_copy *c, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	_cleanup_(ingot_intake_done) struct ingot_intake in = { 0 };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty(), *tree = NULL;
	struct ingot_intake_ops ops = { .whiteouts = true };
	ingot_pass(ingot_step_harvest(c->scratch_fd, step->user, step->user, 0, &h, err));
	ingot_pass(ingot_intake_drain(h.chan, e->store, &ops, &in, err));
	ingot_pass(ingot_helper_finish(&h, err));
	ingot_pass(ingot_apply(empty, in.delta, &tree, err));
	if (ingot_digest_eq(ingot_tree_id(tree), &c->tree))
		return 0;
	ingot_pass(leaks_of_cache(e, tree, err));
	return keep_tree(e, c, tree, &in, err);
}

void cache_done(struct ingot_store *store, struct cache_copy *c)
{
	ingot_closep(&c->fd);
	if (c->scratch_fd < 0)
		return;
	ingot_closep(&c->scratch_fd);
	ingot_store_scratch_remove(store, c->scratch);
}
