#include "identity.h"
#include "cachekey.h"
#include <ingot/checkout.h>
#include <ingot/mem.h>

static void identity_key(const struct ingot_step *step, struct ingot_digest *ret)
{
	struct cachekey k;
	cachekey_begin(&k, "ingot step identity 1");
	cachekey_str(&k, "script", step->script);
	cachekey_str(&k, "shell", step->shell);
	for (size_t i = 0; i < step->argv.n; i++)
		cachekey_str(&k, "argv", step->argv.v[i]);
	cachekey_u64(&k, "user", step->user);
	cachekey_end(&k, ret);
}

bool identity_remembered(struct engine *e, const struct ingot_step *step)
{
	struct ingot_digest key;
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(64);
	identity_key(step, &key);
	return ingot_ref_get(e->store, "identity", &key, &text, &ignored) > 0; /* a memory that cannot be read is none */
}

int identity_remember(struct engine *e, const struct ingot_step *step, struct ingot_err *err)
{
	struct ingot_digest key;
	identity_key(step, &key);
	return ingot_ref_put(e->store, "identity", &key, INGOT_SPAN("1\n"), NULL, 0, err);
}

static struct ingot_span caps_of(const struct ingot_node *n)
{
	for (size_t i = 0; i < n->n_xattrs; i++)
		if (ingot_span_is(n->xattrs[i].name, "security.capability") && n->xattrs[i].value.n == INGOT_CAPS_SIZE)
			return n->xattrs[i].value;
	return (struct ingot_span){ 0 };
}

void identity_seeds(const struct ingot_tree *lower, struct ingot_arena *arena, struct ingot_step_plan *plan)
{
	size_t n = 0;
	struct ingot_step_seed *seeds = ingot_arena_array(arena, ingot_tree_count(lower), sizeof(*seeds));
	for (size_t i = 0; i < ingot_tree_count(lower); i++) {
		const struct ingot_dirent *e = ingot_tree_at(lower, i);
		const struct ingot_node *node = ingot_tree_node(lower, e->node);
		bool laid_out = e->path.n && node->type != INGOT_CHR && node->type != INGOT_BLK;
		struct ingot_span caps = caps_of(node);
		if (laid_out && (node->uid || node->gid || caps.n || (node->type != INGOT_LINK && node->mode != ingot_checkout_mode(node))))
			seeds[n++] = (struct ingot_step_seed){ e->path, node->uid, node->gid, node->mode, caps };
	}
	plan->seeds = seeds;
	plan->n_seeds = n;
}
