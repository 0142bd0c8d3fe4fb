#include "engine.h"
#include "cachekey.h"
#include "isolation.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <stdio.h>
#include <unistd.h>

static void engine_done(struct engine *e)
{
	for (size_t i = 0; e->recipe && i < e->recipe->n_stages; i++)
		stage_state_done(&e->stages[i]);
	for (size_t i = 0; e->recipe && i < e->recipe->n_sources; i++)
		ingot_tree_unref(e->sources[i].tree);
	vault_done(&e->vault);
	free(e->stages);
	free(e->sources);
	ingot_closep(&e->dirfd);
	ingot_lock_free(e->lock);
	ingot_recipe_free(e->recipe);
}

static int open_directory_of(const char *path, struct ingot_err *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(ingot_freep) char *dir = slash ? ingot_strf("%.*s", slash == path ? 1 : (int)(slash - path), path) : ingot_strdup(".");
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? ingot_fail_sys(err, INGOT_E_INPUT, "%s", INGOT_SHOW(ingot_span_of(dir))) : fd;
}

bool wants_lock(const struct ingot_recipe *r)
{
	for (size_t i = 0; i < r->n_stages; i++)
		if (r->stages[i].packages.from)
			return true;
	return r->image.stage.packages.from != NULL;
}

static int read_inputs(struct engine *e, struct ingot_err *err)
{
	const struct ingot_build_options *o = e->options;
	ingot_pass(ingot_recipe_load(o->recipe_path, o->sets, o->n_sets, &e->recipe, err));
	e->stages = ingot_alloc_array(e->recipe->n_stages, sizeof(*e->stages));
	e->sources = ingot_alloc_array(e->recipe->n_sources, sizeof(*e->sources));
	for (size_t i = 0; i < e->recipe->n_stages; i++)
		e->stages[i].stage = &e->recipe->stages[i];
	for (size_t i = 0; i < e->recipe->n_sources; i++)
		e->sources[i].source = &e->recipe->sources[i];
	e->dirfd = open_directory_of(o->recipe_path, err);
	ingot_pass(e->dirfd);
	if (!wants_lock(e->recipe))
		return 0;
	_cleanup_(ingot_freep) char *lock_path = ingot_lock_path(o->recipe_path);
	ingot_pass(ingot_lock_read(lock_path, &e->lock, err));
	return ingot_lock_check(e->recipe, e->lock, err);
}

/* SOURCE_DATE_EPOCH (reproducible-builds.org): decimal seconds, and anything else is an error rather than ignored. */
static int choose_epoch(struct engine *e, struct ingot_err *err)
{
	uint64_t v = e->lock ? (uint64_t)e->lock->date : 0;
	/* Times in layers are written in octal with eleven digits; beyond it no reader agrees. */
	if (e->options->epoch && ingot_parse_u64(ingot_span_of(e->options->epoch), 077777777777ULL, &v) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "SOURCE_DATE_EPOCH is '%s': it must be a number of seconds since 1970", INGOT_SHOW(ingot_span_of(e->options->epoch)));
	e->epoch = (int64_t)v;
	return 0;
}

/* Everything that decides the image. Times of files, paths, user and machine are not among it. */
static int image_key(struct engine *e, struct ingot_digest *ret, struct ingot_err *err)
{
	struct cachekey k;
	_cleanup_(ingot_buf_done) struct ingot_buf lock = INGOT_BUF(INGOT_MAX_LOCK);
	if (e->lock)
		ingot_lock_text(e->lock, &lock);
	ingot_pass(ingot_buf_check(&lock, "the lock", err));
	/* Read before the key is begun, because this can fail. */
	for (size_t i = 0; i < e->recipe->n_sources; i++) {
		struct source_state *s;
		if (e->recipe->sources[i].kind == INGOT_SRC_FILES)
			ingot_pass(engine_source(e, e->recipe->sources[i].name, &s, err));
	}
	cachekey_begin(&k, "ingot image 1");
	cachekey_str(&k, "version", INGOT_VERSION);
	cachekey_digest(&k, "recipe", &e->recipe->digest);
	for (size_t i = 0; i < e->options->n_sets; i++)
		cachekey_str(&k, "set", e->options->sets[i]);
	cachekey_bytes(&k, "lock", lock.p, lock.n);
	cachekey_u64(&k, "epoch", (uint64_t)e->epoch);
	cachekey_u64(&k, "profile", e->profile);
	cachekey_digest(&k, "rules", &e->options->rules_digest);
	cachekey_digest(&k, "rules-file", &e->recipe->rules_digest);
	for (size_t i = 0; i < e->recipe->n_sources; i++) {
		cachekey_str(&k, "source", e->recipe->sources[i].name);
		if (e->sources[i].tree)
			cachekey_digest(&k, "files", ingot_tree_id(e->sources[i].tree));
	}
	cachekey_end(&k, ret);
	return 0;
}

/* A build with secrets looks at what it puts out, one with the network asks for permission, and a report is about the image: none is answered by the record of an earlier one. */
static bool needs_a_look(const struct engine *e)
{
	if (e->options->report)
		return true;
	for (size_t i = 0; i <= e->recipe->n_stages; i++) {
		const struct ingot_stage *s = i < e->recipe->n_stages ? &e->recipe->stages[i] : &e->recipe->image.stage;
		for (size_t k = 0; k < s->n_steps; k++)
			if (s->steps[k].secrets.n || (s->steps[k].network && strcmp(s->steps[k].network, "host") == 0))
				return true;
	}
	return false;
}

static int build(struct engine *e, struct ingot_err *err)
{
	struct ingot_digest key, chroot_key;
	ingot_pass(read_inputs(e, err));
	ingot_pass(choose_epoch(e, err));
	ingot_pass(judge_recipe(e, err));
	ingot_pass(image_key(e, &key, err));
	isolation_key(&key, &chroot_key);
	vault_unused(e);
	if (!e->options->no_cache && !needs_a_look(e)) {
		int r = reuse_image(e, &key, err);
		if (r == 0 && !e->options->full_isolation && (r = reuse_image(e, &chroot_key, err)) > 0)
			e->result->isolation = INGOT_ISOLATION_CHROOT;
		if (r != 0)
			return r;
	}
	struct stage_state image = { .stage = &e->recipe->image.stage };
	int r = stage_build(e, &image, err);
	if (r == 0)
		r = finish_tree(e, &image, err);
	if (r == 0)
		r = make_image(e, &image, e->result->isolation == INGOT_ISOLATION_CHROOT ? &chroot_key : &key, err);
	stage_state_done(&image);
	return r;
}

/* 1: it failed in a way that doing it once more mends. */
static int build_once(struct ingot_store *store, const struct ingot_build_options *options, const struct ingot_log *log, struct ingot_build_result *ret, struct ingot_err *err)
{
	struct ingot_build_result result = { 0 };
	_cleanup_(engine_done) struct engine e = { .store = store, .options = options, .log = log, .dirfd = -1, .result = &result };
	if (build(&e, err) < 0)
		return err->again && !e.spent ? 1 : -1;
	*ret = result;
	return 0;
}

int ingot_build(struct ingot_store *store, const struct ingot_build_options *options, const struct ingot_log *log, struct ingot_build_result *ret, struct ingot_err *err)
{
	int r = build_once(store, options, log, ret, err);
	if (r == 1) {
		/* A damaged object of the cache is a miss (safety.md 9.8). It was set aside, with a warning that names it, and everything that rests on it is a miss now;
		 * what does not is still there. Once: a store that goes on rotting is the user's to know of. */
		ingot_say(log, INGOT_INFO, "building again, because %s", err->msg);
		r = build_once(store, options, log, ret, err);
	}
	return r == 0 ? 0 : -1;
}
