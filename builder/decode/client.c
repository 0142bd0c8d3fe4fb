/* The coordinator's side of ingot-decode: one helper a blob, drained here. What it says is counted, not interpreted. */
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/path.h>

int ingot_decode_start(struct ingot_helper *h, enum ingot_decode_what what, struct ingot_input in, uint64_t limit, struct ingot_err *err)
{
	struct ingot_msg_decode question = { .what = what, .offset = in.offset, .size = in.size, .limit = limit };
	if (in.size > INGOT_MAX_FILE || in.offset > INGOT_MAX_FILE)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the input has %llu bytes; at most %llu are read", (unsigned long long)in.size, (unsigned long long)INGOT_MAX_FILE);
	if (limit > INGOT_MAX_FILE)
		question.limit = INGOT_MAX_FILE;
	ingot_pass(ingot_helper_start(h, "ingot-decode", &in.fd, 1, err));
	if (ingot_chan_send(h->chan, INGOT_MSG_DECODE, &question, err) < 0)
		return ingot_helper_failed(h, err);
	ingot_chan_set_bulk(h->chan);
	return 0;
}

/* A receive failed. A helper that died has a better story than "ended early". */
static int lost(struct ingot_helper *h, struct ingot_err *err)
{
	return err->code == INGOT_E_BUG ? ingot_helper_failed(h, err) : -1;
}

int ingot_decode_stream(struct ingot_input in, uint64_t limit, ingot_sink sink, void *ctx, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(ingot_decode_start(&h, INGOT_DECODE_STREAM, in, limit, err));
	uint64_t left = limit && limit < INGOT_MAX_FILE ? limit : INGOT_MAX_FILE;
	union ingot_msg m;
	int type;
	while ((type = ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err)) == INGOT_MSG_DATA) {
		if (m.data.data.n > left)
			return ingot_fail(err, INGOT_E_BUG, "helper protocol: more bytes than were permitted");
		left -= m.data.data.n;
		ingot_pass(sink(ctx, m.data.data.p, m.data.data.n, err));
	}
	return type < 0 ? lost(&h, err) : ingot_helper_finish(&h, err);
}

/* The data of one member. */
static int take_member(struct ingot_chan *chan, uint64_t left, const struct ingot_member_ops *ops, void *ctx, struct ingot_err *err)
{
	union ingot_msg m;
	while (left) {
		ingot_pass(ingot_chan_recv(chan, INGOT_PERMIT(INGOT_MSG_DATA), &m, err));
		if (!m.data.data.n || m.data.data.n > left)
			return ingot_fail(err, INGOT_E_BUG, "helper protocol: data that does not fit what was announced");
		left -= m.data.data.n;
		if (ops->data)
			ingot_pass(ops->data(ctx, m.data.data.p, m.data.data.n, err));
	}
	return ops->end ? ops->end(ctx, err) : 0;
}

void ingot_parts_done(struct ingot_parts *p)
{
	ingot_arena_free(p->arena);
	free(p->all);
	*p = (struct ingot_parts){ 0 };
}

static int by_name(const void *a, const void *b)
{
	return ingot_span_cmp(((const struct ingot_part *)a)->name, ((const struct ingot_part *)b)->name);
}

/* At the end, because the archive is not believed before it was read to its end anyway. */
static int no_name_twice(struct ingot_parts *p, struct ingot_err *err)
{
	if (p->n > 1)
		qsort(p->all, p->n, sizeof(*p->all), by_name);
	for (size_t i = 1; i < p->n; i++)
		if (ingot_span_eq(p->all[i - 1].name, p->all[i].name))
			return ingot_fail(err, INGOT_E_OUTSIDE, "%s: twice in the archive", INGOT_SHOW(p->all[i].name));
	return 0;
}

/* end: of the part before it. Contents that overlap would be two readings of the same bytes. */
static int add_part(struct ingot_parts *p, struct ingot_input in, const struct ingot_msg_part *m, uint64_t *end, struct ingot_err *err)
{
	bool link = m->type == 'l' || m->type == 'h';
	if ((!link && m->type != 'f') || link != (m->target.n != 0) || (link && m->size) || !m->name.n || !ingot_path_valid(m->name) || p->n == INGOT_MAX_PARTS)
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: an impossible part");
	if (m->offset < *end || m->offset > in.size || m->size > in.size - m->offset)
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: a part in an impossible place");
	*end = m->offset + m->size;
	ingot_reserve(p->all, p->n, p->cap);
	p->all[p->n++] = (struct ingot_part){ ingot_arena_span(p->arena, m->name), ingot_arena_span(p->arena, m->target), (char)m->type, in.offset + m->offset, m->size };
	return 0;
}

int ingot_decode_parts(struct ingot_input in, struct ingot_parts *ret, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	_cleanup_(ingot_parts_done) struct ingot_parts parts = { .arena = ingot_arena_new() };
	uint64_t end = 0;
	ingot_pass(ingot_decode_start(&h, INGOT_DECODE_ARCHIVE, in, in.size ? in.size : 1, err));
	union ingot_msg m;
	int type;
	while ((type = ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_PART) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err)) == INGOT_MSG_PART)
		ingot_pass(add_part(&parts, in, &m.part, &end, err));
	if (type < 0)
		return lost(&h, err);
	ingot_pass(no_name_twice(&parts, err));
	ingot_pass(ingot_helper_finish(&h, err));
	*ret = parts;
	parts = (struct ingot_parts){ 0 };
	return 0;
}

int ingot_decode_gzip(struct ingot_input in, const struct ingot_member_ops *ops, void *ctx, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(ingot_decode_start(&h, INGOT_DECODE_GUNZIP, in, INGOT_MAX_GUNZIP, err));
	union ingot_msg m;
	int type;
	while ((type = ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_MEMBER) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err)) == INGOT_MSG_MEMBER) {
		uint64_t size = m.member.size;
		if (size > INGOT_MAX_GUNZIP)
			return ingot_fail(err, INGOT_E_BUG, "helper protocol: an impossible member");
		if (ops->begin)
			ingot_pass(ops->begin(ctx, m.member.name, size, err));
		ingot_pass(take_member(h.chan, size, ops, ctx, err));
	}
	return type < 0 ? lost(&h, err) : ingot_helper_finish(&h, err);
}
