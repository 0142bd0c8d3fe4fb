/* stream.h - where bytes come from: a part of the input file, or what a decompressor makes of another stream. Blocks, never bytes. */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>
#include <stdint.h>

/* A multiple of tar's 512, so that a header never lies across two blocks of a plain tar; small enough to stay in a core's cache on its way through
 * decompressor, scanner and socket (bench/channel.c: larger ones cost more). */
#define BLOCK_SIZE ((size_t)128 << 10)

struct stream {
	/* 1 and a block that is not empty (it holds until the next call), or 0 at the end: everything was there and nothing is left over. */
	int (*next)(struct stream *s, struct ingot_span *ret, struct ingot_err *err);
	void (*free)(struct stream *s);
};

static inline void stream_freep(struct stream **s)
{
	if (*s)
		(*s)->free(*s);
}

/* size bytes of fd from offset on, read with pread(). Fewer is a failure. */
struct stream *range_stream(int fd, uint64_t offset, uint64_t size);

enum codec { CODEC_NONE, CODEC_GZIP, CODEC_ZSTD, CODEC_XZ };
/* By the first bytes of a stream; CODEC_NONE when they say nothing. */
enum codec codec_sniff(const void *p, size_t n);
/* What take_in decompresses to, at most limit bytes. With CODEC_NONE the same bytes, the limit applied. Owns take_in. */
int codec_stream(struct stream *take_in, enum codec codec, uint64_t limit, struct stream **ret, struct ingot_err *err) INGOT_MUST_USE;
/* The cap where nothing was declared: a ratio that no honest data reaches. */
uint64_t codec_limit(uint64_t declared, uint64_t input);
