/* Recipes and locks, reader and decoder in one process: whatever the text, it is either refused at a place inside it or means something whole. */
#include "../../builder/recipe/helper/yaml.h"
#include "../../builder/recipe/lock_decode.h"
#include "../../builder/recipe/recipe_decode.h"
#include <ingot/limits.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int sink(void *ctx, const struct ingot_msg_node *node, struct ingot_err *err)
{
	ingot_assert(node->text.n <= MIB(1) - KIB(64)); /* what the channel carries */
	return node_builder_add(ctx, node, err);
}

static int parse(const struct source_text *s, bool lock, struct ingot_arena *arena, struct node **ret, struct ingot_err *err)
{
	_cleanup_(node_builder_freep) struct node_builder *b = node_builder_new(arena, s, lock);
	ingot_pass(yaml_parse(s->file, s->text, lock, sink, b, err));
	return node_builder_end(b, ret, err);
}

/* Bad input is the user's, never a fault of ours, and is shown. */
static void check_refusal(const struct ingot_err *err)
{
	ingot_assert(err->code == INGOT_E_INPUT);
	ingot_assert(err->where[0] && err->msg[0]);
	ingot_assert(err->column >= 0 && err->column <= (int)sizeof(err->line) + 64 * 1024);
	for (const char *p = err->msg; *p; p++)
		ingot_assert((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void check_strings(const struct ingot_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		ingot_assert(s->v[i] && s->at[i].line < 2000000);
}

static void check_stage(const struct ingot_recipe *r, const struct ingot_stage *s, size_t earlier)
{
	ingot_assert(s->name);
	check_strings(&s->packages.install);
	ingot_assert(!s->packages.install.n || ingot_recipe_source(r, s->packages.from));
	for (size_t i = 0; i < s->n_steps; i++) {
		const struct ingot_step *step = &s->steps[i];
		ingot_assert(step->kind == INGOT_STEP_COPY || step->script || step->argv.n);
		const struct ingot_stage *from = step->kind == INGOT_STEP_COPY ? ingot_recipe_stage(r, step->copy.from) : NULL;
		ingot_assert(!from || (size_t)(from - r->stages) < earlier);
		ingot_assert(step->kind == INGOT_STEP_RUN || from || ingot_recipe_source(r, step->copy.from));
	}
	const struct ingot_stage *base = s->base ? ingot_recipe_stage(r, s->base) : NULL;
	ingot_assert(!base || (size_t)(base - r->stages) < earlier);
}

static void check_recipe(const struct ingot_recipe *r)
{
	ingot_assert(r->name && r->reference && r->image.user.name && r->image.user.group && r->image.user.home);
	ingot_assert((r->image.user.uid != 0 && r->image.user.gid != 0) || r->image.user.root_reason);
	for (size_t i = 0; i < r->n_stages; i++)
		check_stage(r, &r->stages[i], i);
	check_stage(r, &r->image.stage, r->n_stages);
	check_strings(&r->image.entrypoint);
	struct ingot_digest key;
	ingot_lock_key(r, &key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ingot_err err = INGOT_ERR_INIT;
	const struct source_text s = { "fuzz.yaml", { (const char *)data, n } };
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new(), *arena2 = ingot_arena_new();
	struct node *root;
	struct ingot_recipe r = { .file = "fuzz.yaml", .text = s.text };
	if (parse(&s, false, arena, &root, &err) < 0 || recipe_decode(&s, arena, root, NULL, 0, &r, &err) < 0)
		check_refusal(&err);
	else
		check_recipe(&r);
	err = (struct ingot_err)INGOT_ERR_INIT;
	_cleanup_(ingot_lock_freep) struct ingot_lock *lock = NULL;
	if (parse(&s, true, arena2, &root, &err) < 0 || lock_decode(&s, root, &lock, &err) < 0) {
		check_refusal(&err);
		return 0;
	}
	_cleanup_(ingot_buf_done) struct ingot_buf again = INGOT_BUF(INGOT_MAX_LOCK);
	ingot_lock_text(lock, &again);
	ingot_assert(ingot_span_eq(ingot_buf_view(&again), s.text));
	return 0;
}
