#include "engine.h"
#include <ingot/accounts.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/normalise.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <ingot/unpack.h>

static bool named_before(const struct ingot_strings *list, size_t i, const char *word)
{
	for (size_t k = 0; list->v && k < i && k < list->n; k++)
		if (ingot_span_is(ingot_span_of(list->v[k]), word))
			return true;
	return false;
}

/* The image's user, its writable places and its working directory, where the tree does not have them yet. */
static int add_places(struct engine *e, struct stage_state *s, struct ingot_delta_builder *b, struct ingot_err *err)
{
	const struct ingot_image_spec *image = &e->recipe->image;
	for (size_t i = 0; i <= image->writable.n; i++) {
		const char *place = i < image->writable.n ? image->writable.v[i] : image->workdir;
		struct ingot_span path;
		if (!place || ingot_path_from_absolute(ingot_span_of(place), &path) < 0 || !path.n)
			continue;
		_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
		ingot_pass(ingot_resolve(s->tree, path, INGOT_MISSING_OK, &at, err));
		if (ingot_tree_find(s->tree, ingot_buf_view(&at)) >= 0)
			continue;
		struct ingot_node dir = { .type = INGOT_DIR, .mode = 0755, .mtime = e->epoch };
		if (i < image->writable.n) {
			dir.uid = image->user.uid;
			dir.gid = image->user.gid;
		}
		if (!named_before(&image->writable, i, place))
			ingot_pass(ingot_delta_put(b, ingot_buf_view(&at), &dir, err));
	}
	return 0;
}

static int add_user(struct engine *e, struct stage_state *s, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_pack_abortp) struct ingot_pack *pack = NULL;
	struct ingot_digest pack_id;
	ingot_pass(ingot_pack_begin(e->store, &pack, err));
	if (ingot_accounts_add(e->store, s->tree, &e->recipe->image.user, e->epoch, pack, b, err) < 0)
		return ingot_recipe_blame(e->recipe, e->recipe->image.user.at, err);
	ingot_pass(ingot_pack_end(TAKE_PTR(pack), &pack_id, err));
	needs_add(&s->needs, &pack_id);
	return stage_put(e, s, TAKE_PTR(b), "ingot: user", PUT_QUIETLY, err);
}

static int add_writable(struct engine *e, struct stage_state *s, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	ingot_pass(add_places(e, s, b, err));
	return stage_put(e, s, TAKE_PTR(b), "ingot: writable", PUT_QUIETLY, err);
}

static void say_notes(const struct engine *e, const struct ingot_findings *notes)
{
	size_t transients = 0;
	for (size_t i = 0; i < notes->n; i++) {
		transients += strcmp(notes->v[i].rule, "transient") == 0;
		ingot_say(e->log, INGOT_DEBUG, "[%s] %s", notes->v[i].rule, notes->v[i].text);
	}
	if (transients)
		ingot_say(e->log, INGOT_INFO, "left out %zu transient files (caches, logs, temporary files); -v names them", transients);
}

static bool is_configured(struct engine *e, const struct ingot_stage *stage)
{
	while (stage && !stage->packages.configure)
		stage = stage->base ? engine_stage(e, stage->base)->stage : NULL;
	return stage != NULL;
}

/* Packages decide about their files, and their scripts about what they make. */
static bool from_packages(void *ctx, struct ingot_span path)
{
	const struct stage_state *s = ctx;
	struct ingot_span origin = ingot_origins_name(s->origins, ingot_origins_of(s->origins, path));
	return ingot_span_starts(origin, "package ") || ingot_span_is(origin, INGOT_SCRIPTS_ORIGIN);
}

static int normalise(struct engine *e, struct stage_state *s, struct ingot_err *err)
{
	const struct ingot_recipe *r = e->recipe;
	_cleanup_(ingot_freep) const char **kept = ingot_alloc_array(r->n_allow + 1, sizeof(*kept));
	size_t n_kept = 0;
	for (size_t i = 0; i < r->n_allow; i++)
		if (r->allow[i].path)
			kept[n_kept++] = r->allow[i].path;
	struct ingot_normal_policy policy = {
		.epoch = e->epoch,
		.uid = r->image.user.uid,
		.gid = r->image.user.gid,
		.writable = r->image.writable.v,
		.n_writable = r->image.writable.n,
		.kept = kept,
		.n_kept = n_kept,
		.vouched = is_configured(e, s->stage) ? from_packages : NULL,
		.vouched_ctx = s,
	};
	struct ingot_normal_result result = { 0 };
	ingot_pass(ingot_normalise(s->tree, &policy, &result, err));
	say_notes(e, &result.findings);
	ingot_tree_unref(s->tree);
	s->tree = TAKE_PTR(result.tree);
	ingot_normal_result_done(&result);
	return 0;
}

int finish_tree(struct engine *e, struct stage_state *s, struct ingot_err *err)
{
	ingot_try(err, add_user(e, s, err), "the image's user");
	ingot_try(err, add_writable(e, s, err), "the image's writable places");
	return normalise(e, s, err);
}
