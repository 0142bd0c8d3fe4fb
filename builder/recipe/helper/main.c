/* ingot-recipe: recipe and lock text in, nodes out. In CI a pull request writes the recipe, so the parser is as exposed as any decoder. */
#include "yaml.h"
#include <ingot/buf.h>
#include <ingot/helper.h>
#include <ingot/limits.h>
#include <stdio.h>

static int send_node(void *ctx, const struct ingot_msg_node *node, struct ingot_err *err)
{
	return ingot_chan_send(ctx, INGOT_MSG_NODE, node, err);
}

static int receive_text(struct ingot_chan *c, uint64_t size, struct ingot_buf *text, struct ingot_err *err)
{
	union ingot_msg m;
	while (text->n < size) {
		ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_DATA), &m, err));
		if (m.data.data.n == 0 || m.data.data.n > size - text->n)
			return ingot_fail(err, INGOT_E_BUG, "helper protocol: more text than announced");
		ingot_buf_span(text, m.data.data);
	}
	return ingot_buf_check(text, "the text", err);
}

static int serve(struct ingot_chan *c, struct ingot_err *err)
{
	union ingot_msg m;
	ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_RECIPE), &m, err));
	char name[1025];
	(void)snprintf(name, sizeof(name), "%.*s", INGOT_SPAN_ARG(m.recipe.name));
	bool lock = m.recipe.lock;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(lock ? INGOT_MAX_LOCK : INGOT_MAX_RECIPE);
	ingot_pass(receive_text(c, m.recipe.size, &text, err));
	ingot_pass(yaml_parse(name, ingot_buf_view(&text), lock, send_node, c, err));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}

int main(void)
{
	const struct ingot_jail_limits limits = { .memory = MIB(256), .cpu = 2, .files = 8 };
	struct ingot_chan *c = ingot_helper_enter(INGOT_JAIL_STRICT, &limits, 0);
	ingot_chan_set_bulk(c); /* a lock has some ten nodes a package */
	struct ingot_err err = INGOT_ERR_INIT;
	ingot_helper_leave(c, serve(c, &err) < 0 ? &err : NULL);
}
