/* Decompression. Three rules for all formats (each was once a hole in somebody's reader): the output is capped, calls that move nothing are
 * counted and end, and the input has to end exactly where the last frame does. */
#include "stream.h"
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define MAX_IDLE_CALLS 1000

struct window {
	const unsigned char *in;
	size_t in_n;
	unsigned char *out;
	size_t out_n;
};

struct decoder {
	struct stream stream;
	struct stream *from;
	enum codec codec;
	uint64_t limit, total;
	struct ingot_span rest; /* of the input block in hand */
	char *block;
	bool input_done;
	bool at_end; /* behind a whole frame, and nothing of another was taken */
	bool flush;              /* the last call filled the output: there may be more without new input */
	ZSTD_DCtx *zstd;
	z_stream gzip;
	lzma_stream xz;
	/* One call of the library; sets *ended when a frame, member or stream is complete. */
	int (*run)(struct decoder *d, struct window *w, bool *ended, struct ingot_err *err);
	/* Another frame may follow the last one. NULL: none may. */
	int (*again)(struct decoder *d, struct ingot_err *err);
};

static int run_zstd(struct decoder *d, struct window *w, bool *ended, struct ingot_err *err)
{
	ZSTD_inBuffer in = { w->in, w->in_n, 0 };
	ZSTD_outBuffer out = { w->out, w->out_n, 0 };
	size_t r = ZSTD_decompressStream(d->zstd, &out, &in);
	if (ZSTD_isError(r))
		return ingot_fail(err, INGOT_E_OUTSIDE, "bad zstd data: %s", ZSTD_getErrorName(r));
	w->in_n -= in.pos;
	w->out_n -= out.pos;
	*ended = r == 0;
	return 0;
}

static int again_zstd(struct decoder *d, struct ingot_err *err)
{
	return 0; /* frames, skippable ones too, simply follow each other (RFC 8878 section 3.1) */
}

static int run_gzip(struct decoder *d, struct window *w, bool *ended, struct ingot_err *err)
{
	d->gzip.next_in = (Bytef *)(uintptr_t)w->in;
	d->gzip.avail_in = (uInt)w->in_n;
	d->gzip.next_out = w->out;
	d->gzip.avail_out = (uInt)w->out_n;
	int r = inflate(&d->gzip, Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return ingot_fail(err, INGOT_E_OUTSIDE, "bad gzip data: %s", d->gzip.msg ? d->gzip.msg : "damaged");
	w->in_n = d->gzip.avail_in;
	w->out_n = d->gzip.avail_out;
	*ended = r == Z_STREAM_END;
	return 0;
}

static int again_gzip(struct decoder *d, struct ingot_err *err)
{
	/* RFC 1952 section 2.2: members follow each other. Whatever is no member (padding too) fails in its header. */
	if (inflateReset(&d->gzip) != Z_OK)
		return ingot_fail(err, INGOT_E_BUG, "zlib cannot be reset");
	return 0;
}

static int run_xz(struct decoder *d, struct window *w, bool *ended, struct ingot_err *err)
{
	d->xz.next_in = w->in;
	d->xz.avail_in = w->in_n;
	d->xz.next_out = w->out;
	d->xz.avail_out = w->out_n;
	lzma_ret r = lzma_code(&d->xz, LZMA_RUN);
	if (r == LZMA_MEMLIMIT_ERROR)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the xz data needs more than %llu MiB to decompress", (unsigned long long)(INGOT_MAX_XZ_MEMORY >> 20));
	if (r != LZMA_OK && r != LZMA_STREAM_END && r != LZMA_BUF_ERROR)
		return ingot_fail(err, INGOT_E_OUTSIDE, "bad xz data (code %d)", (int)r);
	w->in_n = d->xz.avail_in;
	w->out_n = d->xz.avail_out;
	*ended = r == LZMA_STREAM_END;
	return 0;
}

/* The next input block, and whether one may begin here. */
static int need_input(struct decoder *d, struct ingot_err *err)
{
	if (!d->rest.n && !d->flush && !d->input_done) {
		int r = d->from->next(d->from, &d->rest, err);
		if (r < 0)
			return -1;
		d->input_done = r == 0;
	}
	if (d->rest.n && d->at_end) {
		if (!d->again)
			return ingot_fail(err, INGOT_E_OUTSIDE, "bytes follow the end of the compressed data");
		ingot_pass(d->again(d, err));
		d->at_end = false;
	}
	return 0;
}

static int decoder_next(struct stream *s, struct ingot_span *ret, struct ingot_err *err)
{
	struct decoder *d = (struct decoder *)s;
	size_t made = 0;
	for (unsigned idle = 0; made < BLOCK_SIZE;) {
		ingot_pass(need_input(d, err));
		if (!d->rest.n && !d->flush) {
			if (!d->at_end)
				return ingot_fail(err, INGOT_E_OUTSIDE, "the compressed data is cut short");
			break;
		}
		struct window w = { (const unsigned char *)d->rest.p, d->rest.n, (unsigned char *)d->block + made, BLOCK_SIZE - made };
		size_t room = w.out_n;
		bool ended = false;
		ingot_pass(d->run(d, &w, &ended, err));
		size_t used = d->rest.n - w.in_n, got = room - w.out_n;
		if (!used && !got && ++idle > MAX_IDLE_CALLS)
			return ingot_fail(err, INGOT_E_OUTSIDE, "the compressed data makes no progress");
		if (used || got)
			idle = 0;
		d->rest.p += used;
		d->rest.n -= used;
		made += got;
		d->total += got;
		if (d->total > d->limit)
			return ingot_fail(err, INGOT_E_OUTSIDE, "decompresses to more than %llu bytes", (unsigned long long)d->limit);
		d->flush = !ended && w.out_n == 0;
		d->at_end = ended;
	}
	*ret = (struct ingot_span){ d->block, made };
	return made != 0;
}

static void decoder_free(struct stream *s)
{
	struct decoder *d = (struct decoder *)s;
	if (d->codec == CODEC_ZSTD)
		ZSTD_freeDCtx(d->zstd);
	if (d->codec == CODEC_GZIP)
		(void)inflateEnd(&d->gzip);
	if (d->codec == CODEC_XZ)
		lzma_end(&d->xz);
	stream_freep(&d->from);
	free(d->block);
	free(d);
}

/* Uncompressed: only the limit is added. */
static int plain_next(struct stream *s, struct ingot_span *ret, struct ingot_err *err)
{
	struct decoder *d = (struct decoder *)s;
	struct ingot_span block;
	int r = d->from->next(d->from, &block, err);
	if (r <= 0)
		return r;
	d->total += block.n;
	if (d->total > d->limit)
		return ingot_fail(err, INGOT_E_OUTSIDE, "holds more than %llu bytes", (unsigned long long)d->limit);
	*ret = block;
	return 1;
}

static int set_up(struct decoder *d, struct ingot_err *err)
{
	if (d->codec == CODEC_ZSTD) {
		d->zstd = ZSTD_createDCtx();
		if (!d->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, INGOT_MAX_ZSTD_WINDOW_LOG)))
			return ingot_fail(err, INGOT_E_BUG, "zstd cannot be set up");
		d->run = run_zstd;
		d->again = again_zstd;
	} else if (d->codec == CODEC_GZIP) {
		if (inflateInit2(&d->gzip, 15 + 16) != Z_OK) /* gzip framing only, with its checksum */
			return ingot_fail(err, INGOT_E_BUG, "zlib cannot be set up");
		d->run = run_gzip;
		d->again = again_gzip;
	} else if (d->codec == CODEC_XZ) {
		/* One stream: no writer of packages or layers makes several, and stream padding would be bytes without a meaning. */
		if (lzma_stream_decoder(&d->xz, INGOT_MAX_XZ_MEMORY, LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
			return ingot_fail(err, INGOT_E_BUG, "liblzma cannot be set up");
		d->run = run_xz;
	} else {
		d->stream.next = plain_next;
	}
	return 0;
}

int codec_stream(struct stream *take_in, enum codec codec, uint64_t limit, struct stream **ret, struct ingot_err *err)
{
	struct decoder *d = ingot_alloc(sizeof(*d));
	d->stream = (struct stream){ decoder_next, decoder_free };
	d->from = take_in;
	d->codec = codec;
	d->limit = limit;
	d->xz = (lzma_stream)LZMA_STREAM_INIT;
	if (set_up(d, err) < 0) {
		decoder_free(&d->stream);
		return -1;
	}
	if (codec != CODEC_NONE)
		d->block = ingot_alloc(BLOCK_SIZE);
	*ret = &d->stream;
	return 0;
}

enum codec codec_sniff(const void *p, size_t n)
{
	const unsigned char *b = p;
	if (n >= 2 && b[0] == 0x1f && b[1] == 0x8b)
		return CODEC_GZIP;
	if (n >= 4 && memcmp(b, "\x28\xb5\x2f\xfd", 4) == 0)
		return CODEC_ZSTD;
	if (n >= 4 && (b[0] & 0xf0) == 0x50 && memcmp(b + 1, "\x2a\x4d\x18", 3) == 0)
		return CODEC_ZSTD; /* begins with a skippable frame, as zstd:chunked and pzstd may */
	if (n >= 6 && memcmp(b, "\xfd" "7zXZ\0", 6) == 0)
		return CODEC_XZ;
	return CODEC_NONE;
}

uint64_t codec_limit(uint64_t declared, uint64_t input)
{
	if (declared)
		return declared;
	uint64_t by_ratio = input > INGOT_MAX_FILE / INGOT_MAX_RATIO ? INGOT_MAX_FILE : input * INGOT_MAX_RATIO + MIB(64);
	return by_ratio < INGOT_MAX_FILE ? by_ratio : INGOT_MAX_FILE;
}
