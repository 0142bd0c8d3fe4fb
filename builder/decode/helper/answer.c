#include "answer.h"
#include "deb.h"
#include "emit.h"
#include "gunzip.h"
#include "json.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/path.h>

struct question {
	struct ingot_chan *chan;
	int fd;
	uint64_t offset, size, limit;
};

/* The input decompressed, by its first bytes. */
static int open_input(const struct question *q, bool must_be_compressed, struct stream **ret, struct ingot_err *err)
{
	char magic[6] = { 0 };
	size_t n = q->size < sizeof(magic) ? (size_t)q->size : sizeof(magic);
	ingot_pass(ingot_pread_all(q->fd, magic, n, q->offset, err));
	enum codec codec = codec_sniff(magic, n);
	if (codec == CODEC_NONE && must_be_compressed)
		return ingot_fail(err, INGOT_E_OUTSIDE, "neither gzip nor zstd nor xz data");
	return codec_stream(range_stream(q->fd, q->offset, q->size), codec, codec_limit(q->limit, q->size), ret, err);
}

static int decode_tar(const struct question *q, struct ingot_err *err)
{
	_cleanup_(stream_freep) struct stream *in = NULL;
	_cleanup_(emit_freep) struct emit *emit = emit_new(q->chan, true);
	ingot_pass(open_input(q, false, &in, err));
	struct archive_ops ops = { emit_entry, emit_data, emit };
	return archive_read_tar(in, TAR_LAYER, &ops, err);
}

static int decode_stream(const struct question *q, struct ingot_err *err)
{
	_cleanup_(stream_freep) struct stream *in = NULL;
	ingot_pass(open_input(q, true, &in, err));
	struct ingot_msg_data d;
	int r;
	while ((r = in->next(in, &d.data, err)) > 0)
		ingot_pass(ingot_chan_send(q->chan, INGOT_MSG_DATA, &d, err));
	return r;
}

struct listing {
	struct ingot_chan *chan;
	size_t members;
	uint64_t size; /* of the input */
};

/* One name, one spelling: names are looked up by what they say. Directories say nothing. */
static int list_entry(void *ctx, const struct tar_entry *e, struct ingot_err *err)
{
	struct listing *l = ctx;
	struct ingot_msg_part m = { .type = (uint32_t)e->type, .offset = e->offset, .size = e->size, .target = e->target };
	ingot_pass(entry_path(e->path, e->type == 'd', false, &m.name, err));
	if (e->type == 'd')
		return 0;
	if (e->type == 'h')
		ingot_try(err, entry_path(e->target, false, false, &m.target, err), "%s: a hard link", INGOT_SHOW(e->path));
	if (m.target.n > INGOT_MAX_PATH)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a link target of %zu bytes", INGOT_SHOW(e->path), m.target.n);
	if (e->size > l->size || e->offset > l->size - e->size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: the archive is cut short", INGOT_SHOW(e->path));
	if (++l->members > INGOT_MAX_PARTS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d files", INGOT_MAX_PARTS);
	return ingot_chan_send(l->chan, INGOT_MSG_PART, &m, err);
}

/* The coordinator reads contents where they are, and hashes them. */
static int list_data(void *ctx, struct ingot_span bytes, struct ingot_err *err)
{
	return 0;
}

static int decode_archive(const struct question *q, struct ingot_err *err)
{
	struct listing l = { .chan = q->chan, .size = q->size };
	_cleanup_(stream_freep) struct stream *in = range_stream(q->fd, q->offset, q->size);
	struct archive_ops ops = { list_entry, list_data, &l };
	return archive_read_tar(in, TAR_ARCHIVE, &ops, err);
}

static int decode_json(const struct question *q, struct ingot_err *err)
{
	if (q->size > JSON_MAX_DOCUMENT)
		return ingot_fail(err, INGOT_E_OUTSIDE, "a JSON document of %llu bytes; at most %llu are read", (unsigned long long)q->size,
				  (unsigned long long)JSON_MAX_DOCUMENT);
	struct ingot_buf text = INGOT_BUF(JSON_MAX_DOCUMENT);
	char *room = ingot_buf_room(&text, (size_t)q->size);
	int r = room ? ingot_pread_all(q->fd, room, (size_t)q->size, q->offset, err) : -1;
	if (r == 0) {
		ingot_buf_added(&text, (size_t)q->size);
		r = json_decode(q->chan, ingot_buf_view(&text), err);
	}
	ingot_buf_done(&text);
	return r;
}

int answer(struct ingot_chan *chan, int fd, const struct ingot_msg_decode *m, struct ingot_err *err)
{
	struct question q = { chan, fd, m->offset, m->size, m->limit };
	switch (m->what) {
	case INGOT_DECODE_DEB:
		ingot_pass(deb_decode(chan, fd, q.offset, q.size, q.limit, err));
		break;
	case INGOT_DECODE_TAR:
		ingot_pass(decode_tar(&q, err));
		break;
	case INGOT_DECODE_STREAM:
		ingot_pass(decode_stream(&q, err));
		break;
	case INGOT_DECODE_ARCHIVE:
		ingot_pass(decode_archive(&q, err));
		break;
	case INGOT_DECODE_JSON:
		ingot_pass(decode_json(&q, err));
		break;
	case INGOT_DECODE_GUNZIP:
		ingot_pass(gunzip_members(chan, fd, q.offset, q.size, q.limit, err));
		break;
	default:
		return ingot_fail(err, INGOT_E_BUG, "ingot-decode was asked for something that it does not know");
	}
	return ingot_chan_send(chan, INGOT_MSG_DONE, NULL, err);
}
