#include "client.h"
#include <ingot/escape.h>
#include <ingot/helper.h>
#include <ingot/limits.h>

static int send_text(struct ingot_chan *c, const struct source_text *s, bool lock, struct ingot_err *err)
{
	struct ingot_span name = ingot_span_of(s->file), rest = s->text;
	if (name.n > 1024)
		name.n = 1024;
	ingot_pass(ingot_chan_send(c, INGOT_MSG_RECIPE, &(struct ingot_msg_recipe){ .name = name, .lock = lock, .size = rest.n }, err));
	while (rest.n) {
		size_t piece = rest.n > KIB(256) ? KIB(256) : rest.n;
		ingot_pass(ingot_chan_send(c, INGOT_MSG_DATA, &(struct ingot_msg_data){ .data = { rest.p, piece } }, err));
		rest.p += piece;
		rest.n -= piece;
	}
	return 0;
}

static int receive_nodes(struct ingot_chan *c, struct node_builder *b, struct ingot_err *err)
{
	union ingot_msg m;
	for (;;) {
		int type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_NODE) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			return 0;
		ingot_pass(node_builder_add(b, &m.node, err));
	}
}

int recipe_parse(const struct source_text *s, bool lock, struct ingot_arena *arena, struct node **ret, struct ingot_err *err)
{
	_cleanup_(node_builder_freep) struct node_builder *b = node_builder_new(arena, s, lock);
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(ingot_helper_start(&h, "ingot-recipe", NULL, 0, err));
	ingot_chan_set_bulk(h.chan);
	ingot_pass(send_text(h.chan, s, lock, err));
	if (receive_nodes(h.chan, b, err) < 0) {
		/* It died, or was ended by its limits of memory and time: there is no place to name, but a file. */
		if (err->code == INGOT_E_BUG)
			(void)ingot_context(err, "reading %s", INGOT_SHOW(ingot_span_of(s->file)));
		return -1;
	}
	struct node *root;
	ingot_pass(node_builder_end(b, &root, err));
	ingot_pass(ingot_helper_finish(&h, err));
	*ret = root;
	return 0;
}
