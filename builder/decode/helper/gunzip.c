#include "gunzip.h"
#include "stream.h"
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* What looks like a member and is none is read again from its second byte. Random bytes do so four times in 512 MiB; this ends what was made to. */
#define MAX_FALSE 4096

struct gunzip {
	struct ingot_chan *chan;
	int fd;
	uint64_t offset, size, limit;
	unsigned n_false;
	struct ingot_buf out;
	char in[BLOCK_SIZE];
};

static int read_at(struct gunzip *g, uint64_t at, char *to, size_t room, size_t *ret_n, struct ingot_err *err)
{
	*ret_n = g->size - at < room ? (size_t)(g->size - at) : room;
	return *ret_n ? ingot_pread_all(g->fd, to, *ret_n, g->offset + at, err) : 0;
}

/* One member from `at` on into g->out; *ret_used is 0 unless it was whole. Not being one is no failure. */
static int inflate_one(struct gunzip *g, uint64_t at, uint64_t *ret_used, struct ingot_err *err)
{
	z_stream z = { 0 };
	int r = Z_OK, failed = 0;
	uint64_t from = at;
	ingot_buf_clear(&g->out);
	*ret_used = 0;
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return ingot_fail(err, INGOT_E_BUG, "zlib cannot be set up");
	while (r == Z_OK && g->out.n < g->limit) {
		if (!z.avail_in) {
			size_t n = 0;
			failed = read_at(g, from, g->in, sizeof(g->in), &n, err);
			if (failed < 0 || !n)
				break;
			from += n;
			z.next_in = (Bytef *)g->in;
			z.avail_in = (uInt)n;
		}
		size_t room = (size_t)(g->limit - g->out.n);
		room = room < BLOCK_SIZE ? room : BLOCK_SIZE;
		z.next_out = (Bytef *)ingot_buf_room(&g->out, room);
		z.avail_out = (uInt)room;
		r = inflate(&z, Z_NO_FLUSH);
		ingot_buf_added(&g->out, room - z.avail_out);
	}
	if (r == Z_STREAM_END)
		*ret_used = from - z.avail_in - at;
	(void)inflateEnd(&z);
	return failed;
}

static int tell(struct gunzip *g, uint64_t at, struct ingot_err *err)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "@%llu", (unsigned long long)at);
	struct ingot_msg_member m = { .name = ingot_span_of(name), .size = g->out.n };
	ingot_pass(ingot_chan_send(g->chan, INGOT_MSG_MEMBER, &m, err));
	for (size_t i = 0; i < g->out.n; i += BLOCK_SIZE) {
		size_t left = g->out.n - i;
		struct ingot_msg_data d = { .data = { g->out.p + i, left < BLOCK_SIZE ? left : BLOCK_SIZE } };
		ingot_pass(ingot_chan_send(g->chan, INGOT_MSG_DATA, &d, err));
	}
	return 0;
}

/* RFC 1952 section 2.3.1: the magic, the one method there is, and no reserved flag. */
static size_t find_magic(const char *p, size_t n)
{
	for (size_t i = 0; i + 4 <= n; i++) {
		const char *at = memchr(p + i, 0x1f, n - i - 3);
		if (!at)
			return n;
		i = (size_t)(at - p);
		if ((unsigned char)at[1] == 0x8b && at[2] == 8 && !((unsigned char)at[3] & 0xe0U))
			return i;
	}
	return n;
}

static int search(struct gunzip *g, char *block, struct ingot_err *err)
{
	for (uint64_t at = 0; at < g->size && g->n_false <= MAX_FALSE;) {
		size_t n;
		uint64_t used;
		ingot_pass(read_at(g, at, block, BLOCK_SIZE, &n, err));
		size_t found = find_magic(block, n);
		if (found == n) {
			at += n > 3 && at + n < g->size ? n - 3 : n; /* it may begin in the last three bytes */
			continue;
		}
		at += found;
		ingot_pass(inflate_one(g, at, &used, err));
		if (g->out.n)
			ingot_pass(tell(g, at, err));
		g->n_false += !used;
		at += used ? used : 1;
	}
	return g->n_false <= MAX_FALSE ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "more than %d places look like gzip data and are none", MAX_FALSE);
}

int gunzip_members(struct ingot_chan *chan, int fd, uint64_t offset, uint64_t size, uint64_t limit, struct ingot_err *err)
{
	_cleanup_(ingot_freep) struct gunzip *g = ingot_alloc(sizeof(*g));
	_cleanup_(ingot_freep) char *block = ingot_alloc(BLOCK_SIZE);
	uint64_t most = limit && limit < INGOT_MAX_GUNZIP ? limit : INGOT_MAX_GUNZIP;
	*g = (struct gunzip){ .chan = chan, .fd = fd, .offset = offset, .size = size, .limit = most, .out = INGOT_BUF(most + 1) };
	int r = search(g, block, err);
	ingot_buf_done(&g->out);
	return r;
}
