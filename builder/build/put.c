/* What a copy, or the builder itself, puts into a stage. */
#include "engine.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/resolve.h>

static void say_replaced(const struct engine *e, const struct stage_state *s, const struct ingot_delta *d)
{
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		const struct ingot_node *old = ingot_tree_lookup(s->tree, c->path);
		if (!old || c->op != INGOT_PUT || old->type == INGOT_DIR || ingot_node_eq(old, ingot_delta_node(d, c->node), INGOT_IGNORE_MTIME))
			continue;
		struct ingot_span origin = ingot_origins_name(s->origins, ingot_origins_of(s->origins, c->path));
		ingot_say(e->log, INGOT_NOTE, "/%s of %.*s is replaced by a copy", INGOT_SHOW(c->path), INGOT_SPAN_ARG(origin));
	}
}

int stage_put(struct engine *e, struct stage_state *s, struct ingot_delta_builder *take_b, const char *origin, enum put_how how, struct ingot_err *err)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *delta = NULL, *fitted = NULL;
	ingot_pass(ingot_delta_finish(take_b, &delta, err));
	ingot_pass(ingot_fit(s->tree, delta, e->epoch, &fitted, err));
	if (how == PUT_SAY_REPLACED)
		say_replaced(e, s, fitted);
	return stage_apply(s, fitted, origin, err);
}
