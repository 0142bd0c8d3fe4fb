/* Where a test wrote outside of the writable places: its root was one that could be written to, and is compared with what it was. */
#include "harvest.h"
#include "imagetest.h"
#include <ingot/escape.h>
#include <ingot/intake.h>
#include <ingot/path.h>

#define SHOWN 6

struct found {
	struct ingot_intake in;
	struct ingot_span *kept;
	size_t n_kept, cap_kept;
	struct ingot_arena *arena;
};

static void found_done(struct found *f)
{
	ingot_intake_done(&f->in);
	free(f->kept);
	ingot_arena_free(f->arena);
}

static void note_kept(void *ctx, struct ingot_span path)
{
	struct found *f = ctx;
	ingot_reserve(f->kept, f->n_kept, f->cap_kept);
	f->kept[f->n_kept++] = ingot_arena_span(f->arena, path);
}

static int drain(const struct trials *s, const struct ingot_step_plan *plan, struct found *f, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	const struct ingot_intake_ops ops = { .whiteouts = true, .kept = note_kept, .ctx = f };
	if (plan->flags & INGOT_STEP_COPIED)
		ingot_pass(ingot_step_harvest_copied(plan->root_fd, plan->scratch_fd, plan->flags, plan->uid, plan->gid, 0, &h, err));
	else
		ingot_pass(ingot_step_harvest(plan->scratch_fd, plan->uid, plan->gid, 0, &h, err));
	ingot_pass(ingot_intake_drain(h.chan, s->store, &ops, &f->in, err));
	return ingot_helper_finish(&h, err);
}

/* Mounts are not harvested; in a chroot there are none. */
static bool permitted(const struct trials *s, struct ingot_span path)
{
	for (size_t i = 0; i < s->runtime.n_writable; i++)
		if (ingot_path_within(path, ingot_span_of(s->runtime.writable[i].path + 1)))
			return true;
	return false;
}

static void tell(const struct trials *s, const struct ingot_delta *d, struct ingot_buf *out)
{
	size_t n = 0;
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		struct ingot_span path = ingot_delta_at(d, i)->path;
		const struct ingot_node *was = ingot_tree_lookup(s->lower, path);
		/* A directory in which something was made has another time of change; that thing is named itself. */
		bool same_dir = was && was->type == INGOT_DIR && ingot_delta_at(d, i)->op != INGOT_REMOVE;
		if (permitted(s, path) || same_dir || n++ >= SHOWN)
			continue;
		ingot_buf_fmt(out, "%s/%s", n > 1 ? ", " : "", INGOT_SHOW(path));
	}
	if (n > SHOWN)
		ingot_buf_fmt(out, " and %zu more", n - SHOWN);
}

int trial_harvest(const struct trials *s, const struct ingot_step_plan *plan, const struct ingot_step_result *r, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(found_done) struct found f = { .arena = ingot_arena_new() };
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	ingot_pass(drain(s, plan, &f, err));
	const struct harvest_facts facts = { .uid = plan->uid, .gid = plan->gid, .kept = f.kept, .n_kept = f.n_kept, .owned = r->owned, .n_owned = r->n_owned };
	ingot_pass(harvest_delta(s->tree, s->lower, f.in.delta, &facts, &d, err));
	tell(s, d, out);
	return 0;
}
