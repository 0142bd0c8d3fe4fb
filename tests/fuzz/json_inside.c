/* JSON documents read inside the calling process: ingot-decode and its channel are replaced by a queue, so that doc.c takes what json.c sends. Linked beside both. */
#include "../../builder/decode/helper/json.h"
#include <ingot/buf.h>
#include <ingot/decode.h>
#include <ingot/fd.h>
#include <ingot/mem.h>

static struct {
	struct ingot_arena *arena;
	struct ingot_msg_json *v;
	size_t n, cap, at;
} queue;

int ingot_chan_send(struct ingot_chan *c, enum ingot_msg_type type, const void *msg, struct ingot_err *err)
{
	const struct ingot_msg_json *m = msg;
	ingot_assert(type == INGOT_MSG_JSON && m->path.n <= 1024 && m->value.n <= KIB(960));
	ingot_reserve(queue.v, queue.n, queue.cap);
	queue.v[queue.n++] = (struct ingot_msg_json){ .kind = m->kind, .path = ingot_arena_span(queue.arena, m->path), .value = ingot_arena_span(queue.arena, m->value) };
	return 0;
}

int ingot_chan_recv(struct ingot_chan *c, uint64_t permitted, union ingot_msg *ret, struct ingot_err *err)
{
	if (queue.at == queue.n)
		return INGOT_MSG_DONE;
	ret->json = queue.v[queue.at++];
	return INGOT_MSG_JSON;
}

int ingot_decode_start(struct ingot_helper *h, enum ingot_decode_what what, struct ingot_input in, uint64_t limit, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(8));
	ingot_assert(what == INGOT_DECODE_JSON);
	ingot_arena_free(queue.arena);
	queue.arena = ingot_arena_new();
	queue.n = queue.at = 0;
	char *room = ingot_buf_room(&text, (size_t)in.size);
	ingot_assert(room && ingot_pread_all(in.fd, room, (size_t)in.size, in.offset, err) == 0);
	ingot_buf_added(&text, (size_t)in.size);
	return json_decode(NULL, ingot_buf_view(&text), err);
}

int ingot_helper_finish(struct ingot_helper *h, struct ingot_err *err)
{
	return 0;
}

int ingot_helper_failed(struct ingot_helper *h, struct ingot_err *err)
{
	return -1;
}

void ingot_helper_kill(struct ingot_helper *h)
{
}
