/* judge_subject.c - what `ingot check` is given, made ready for the rules. */
#include "engine.h"
#include <fcntl.h>
#include <ingot/accounts.h>
#include <ingot/escape.h>
#include <ingot/facts.h>
#include <ingot/fd.h>
#include <ingot/installed.h>
#include <ingot/judge.h>
#include <ingot/load.h>
#include <ingot/policy.h>
#include <ingot/writable.h>
#include <sys/stat.h>
#include <time.h>

static bool has_word(struct ingot_span s, const char *const *words, bool (*has)(struct ingot_span s, const char *word))
{
	for (; *words; words++)
		if (has(s, *words))
			return true;
	return false;
}

/* No text holds NUL, and no tar header is without it. Marks: gzip, zstd, xz. */
static bool looks_binary(struct ingot_span block)
{
	static const char *const marks[] = { "\x1f\x8b", "\x28\xb5\x2f\xfd", "\xfd"
									     "7zXZ",
					     NULL };
	return ingot_span_has(block, '\0') || has_word(block, marks, ingot_span_starts);
}

int ingot_judge_is_image(const char *subject, bool *ret, struct ingot_err *err)
{
	static const char *const transports[] = { "oci-archive:", "oci:", "docker-archive:", NULL };
	static const char *const images[] = { ".tar", ".oci", NULL }, *const recipes[] = { ".yaml", ".yml", NULL };
	struct ingot_span s = ingot_span_of(subject);
	char block[512];
	struct stat st;
	if (has_word(s, transports, ingot_span_starts)) {
		*ret = true;
		return 0;
	}
	_cleanup_(ingot_closep) int fd = open(subject, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s", INGOT_SHOW(s));
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return ingot_fail(err, INGOT_E_INPUT, "%s is neither a file nor a directory", INGOT_SHOW(s));
	bool image = S_ISDIR(st.st_mode) || has_word(s, images, ingot_span_ends);
	if (!image && !has_word(s, recipes, ingot_span_ends)) {
		ssize_t n = ingot_read_upto(fd, block, sizeof(block), err);
		ingot_try(err, n, "%s", INGOT_SHOW(s));
		image = looks_binary((struct ingot_span){ block, (size_t)n });
	}
	*ret = image;
	return 0;
}

struct inputs {
	struct ingot_recipe *recipe;
	struct ingot_lock *lock;
	struct ingot_loaded image;
	struct ingot_config *config;
	struct ingot_accounts *accounts;
	struct ingot_facts *facts;
	struct ingot_arena *arena;
	struct ingot_writable shown;
};

static void inputs_done(struct inputs *in)
{
	ingot_arena_free(in->arena);
	ingot_config_free(in->config);
	ingot_accounts_free(in->accounts);
	ingot_facts_free(in->facts);
	ingot_loaded_done(&in->image);
	ingot_lock_free(in->lock);
	ingot_recipe_free(in->recipe);
}

/* A lock of another recipe is none that could be judged, and a build would say the same. */
static int read_recipe(const struct ingot_judge_options *o, const char *path, struct inputs *in, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *lock = ingot_lock_path(path);
	ingot_pass(ingot_recipe_load(path, o->sets, o->n_sets, &in->recipe, err));
	if (!wants_lock(in->recipe))
		return 0;
	ingot_pass(ingot_lock_read(lock, &in->lock, err));
	return in->lock ? ingot_lock_check(in->recipe, in->lock, err) : 0;
}

static int read_image(struct ingot_store *store, const char *path, struct inputs *in, struct ingot_err *err)
{
	ingot_pass(ingot_image_load(store, path, INGOT_LOAD_TREE, &in->image, err));
	ingot_pass(ingot_config_read(in->image.config, &in->config, err));
	ingot_pass(ingot_installed_origins(store, in->image.tree, in->image.origins, err));
	ingot_pass(ingot_accounts_read(store, in->image.tree, &in->accounts, err));
	ingot_pass(ingot_facts_gather(store, in->image.tree, 2, NULL, &in->facts, err));
	if (!in->recipe)
		ingot_writable_of(in->image.tree, in->config, in->arena, &in->shown);
	return 0;
}

/* What its files hold: its layers unpacked, but for headers, and for what a layer hides of a lower one. */
static uint64_t unpacked(const struct ingot_tree *t)
{
	uint64_t all = 0;
	for (size_t i = 0; i < ingot_tree_nodes(t); i++)
		all += ingot_tree_node(t, (uint32_t)i)->size;
	return all;
}

int ingot_judge(struct ingot_store *store, const struct ingot_judge_options *o, struct ingot_judgement *ret, struct ingot_err *err)
{
	_cleanup_(inputs_done) struct inputs in = { .arena = ingot_arena_new() };
	_cleanup_(ingot_judgement_done) struct ingot_judgement j = INGOT_JUDGEMENT_INIT;
	ingot_pass(ingot_judge_is_image(o->subject, &j.image, err));
	if (!j.image && o->recipe) {
		(void)ingot_fail(err, INGOT_E_INPUT, "%s is a recipe, and is judged by itself", INGOT_SHOW(ingot_span_of(o->subject)));
		return ingot_hint(err, "a second recipe goes with an image");
	}
	const char *recipe = j.image ? o->recipe : o->subject;
	if (recipe)
		ingot_pass(read_recipe(o, recipe, &in, err));
	ingot_pass(judge_profile(in.recipe, o->profile, &j.profile, err));
	if (j.image)
		ingot_pass(read_image(store, o->subject, &in, err));
	j.recipe = recipe != NULL;
	const struct ingot_subject s = {
		.recipe = in.recipe,
		.lock = in.lock,
		.tree = in.image.tree,
		.origins = in.image.origins,
		.config = in.config,
		.accounts = in.accounts,
		.facts = in.facts,
		.writable = in.recipe ? in.recipe->image.writable.v : in.shown.v,
		.n_writable = in.recipe ? in.recipe->image.writable.n : in.shown.n,
		.size = j.image ? unpacked(in.image.tree) : 0,
		.now = (int64_t)time(NULL),
	};
	const struct ingot_policy policy = { .profile = j.profile, .allow = in.recipe ? in.recipe->allow : NULL, .n_allow = in.recipe ? in.recipe->n_allow : 0, .own = o->rules };
	ingot_pass(ingot_policy_check(&s, &policy, &j.findings, err));
	*ret = j;
	j = (struct ingot_judgement)INGOT_JUDGEMENT_INIT;
	return 0;
}
