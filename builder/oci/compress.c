#include <ingot/compress.h>
#include <ingot/media_type.h>
#include <ingot/mem.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

enum {
	GZIP_MEMBER = 1 << 20,
	/* Two fill the two cores of a small machine; more only cost memory here, since hashing runs beside them. The bytes are the same for any number
	 * above 0 (zstd.h, ZSTD_c_nbWorkers). */
	ZSTD_WORKERS = 2,
	/* Half of what zstd would take: 30 MB in place of 55 for 0.1 % of size (measured on 400 MB of libraries). */
	ZSTD_JOB = 4 << 20
};

struct ingot_compressor {
	enum ingot_compression kind;
	const struct ingot_sink *out;
	ZSTD_CCtx *zstd;
	struct libdeflate_compressor *deflate;
	char *in;   /* gzip: a member that is filling */
	size_t n_in;
	char *buf;  /* output */
	size_t cap;
	bool any; /* gzip: a member was written */
};

static const struct {
	const char *word, *media;
	int level, max;
} kinds[] = {
	[INGOT_ZSTD] = { "zstd", INGOT_MT_LAYER "+zstd", 3, 19 },
	[INGOT_GZIP] = { "gzip", INGOT_MT_LAYER "+gzip", 6, 12 },
	[INGOT_PLAIN] = { "none", INGOT_MT_LAYER, 0, 0 },
};

const char *ingot_compression_word(enum ingot_compression kind)
{
	return kinds[kind].word;
}

const char *ingot_compression_media_type(enum ingot_compression kind)
{
	return kinds[kind].media;
}

int ingot_compression_from_word(struct ingot_span word, enum ingot_compression *ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (ingot_span_is(word, kinds[i].word)) {
			*ret = (enum ingot_compression)i;
			return 0;
		}
	return -1;
}

static int level_of(enum ingot_compression kind, int level)
{
	return level == INGOT_LEVEL_DEFAULT ? kinds[kind].level : level;
}

void ingot_compression_version(enum ingot_compression kind, int level, char ret[64])
{
	level = level_of(kind, level);
	if (kind == INGOT_ZSTD)
		(void)snprintf(ret, 64, "zstd %s level %d jobs of %d", ZSTD_versionString(), level, ZSTD_JOB);
	else if (kind == INGOT_GZIP)
		/* libdeflate tells its version at compile time only; the shared library's ABI keeps it honest to the package. */
		(void)snprintf(ret, 64, "libdeflate %s level %d members of %d", LIBDEFLATE_VERSION_STRING, level, GZIP_MEMBER);
	else
		(void)snprintf(ret, 64, "none");
}

void ingot_compressor_free(struct ingot_compressor *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->zstd);
	if (c->deflate)
		libdeflate_free_compressor(c->deflate);
	free(c->in);
	free(c->buf);
	free(c);
}

static int set(struct ingot_compressor *c, ZSTD_cParameter what, int value, const char *name, struct ingot_err *err)
{
	size_t r = ZSTD_CCtx_setParameter(c->zstd, what, value);
	if (!ZSTD_isError(r))
		return 0;
	(void)ingot_fail(err, INGOT_E_HOST, "this libzstd refuses %s = %d: %s", name, value, ZSTD_getErrorName(r));
	return ingot_hint(err, "a libzstd built with threads is needed: its output differs from the one without");
}

static int start_zstd(struct ingot_compressor *c, int level, struct ingot_err *err)
{
	c->zstd = ZSTD_createCCtx();
	if (!c->zstd)
		ingot_panic("no memory for a compressor");
	c->cap = ZSTD_CStreamOutSize();
	c->buf = ingot_alloc(c->cap);
	ingot_pass(set(c, ZSTD_c_compressionLevel, level, "the level", err));
	ingot_pass(set(c, ZSTD_c_checksumFlag, 0, "the checksum", err));
	ingot_pass(set(c, ZSTD_c_nbWorkers, ZSTD_WORKERS, "the number of workers", err));
	return set(c, ZSTD_c_jobSize, ZSTD_JOB, "the size of a job", err);
}

int ingot_compressor_new(enum ingot_compression kind, int level, const struct ingot_sink *out, struct ingot_compressor **ret, struct ingot_err *err)
{
	level = level_of(kind, level);
	/* zstd's levels above 19 want windows that some readers refuse. */
	if (level < 0 || level > kinds[kind].max)
		return ingot_fail(err, INGOT_E_INPUT, "%s has no level %d (1 to %d)", kinds[kind].word, level, kinds[kind].max);
	_cleanup_(ingot_compressor_freep) struct ingot_compressor *c = ingot_alloc(sizeof(*c));
	c->kind = kind;
	c->out = out;
	if (kind == INGOT_ZSTD)
		ingot_pass(start_zstd(c, level, err));
	if (kind == INGOT_GZIP) {
		c->deflate = libdeflate_alloc_compressor(level);
		if (!c->deflate)
			ingot_panic("no memory for a compressor");
		c->in = ingot_alloc(GZIP_MEMBER);
		c->cap = libdeflate_deflate_compress_bound(c->deflate, GZIP_MEMBER) + 18;
		c->buf = ingot_alloc(c->cap);
	}
	*ret = TAKE_PTR(c);
	return 0;
}

static int drive_zstd(struct ingot_compressor *c, const void *p, size_t n, ZSTD_EndDirective how, struct ingot_err *err)
{
	ZSTD_inBuffer in = { p, n, 0 };
	for (;;) {
		ZSTD_outBuffer out = { c->buf, c->cap, 0 };
		size_t left = ZSTD_compressStream2(c->zstd, &out, &in, how);
		if (ZSTD_isError(left))
			return ingot_fail(err, INGOT_E_BUG, "zstd: %s", ZSTD_getErrorName(left));
		if (out.pos)
			ingot_pass(c->out->write(c->out->ctx, c->buf, out.pos, err));
		if (how == ZSTD_e_end ? left == 0 : in.pos == in.size)
			return 0;
	}
}

static void little32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

/* RFC 1952: a member of our own around raw deflate, because libdeflate's header says more (the level) than ours may. */
static int gzip_member(struct ingot_compressor *c, struct ingot_err *err)
{
	static const unsigned char header[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff };
	memcpy(c->buf, header, sizeof(header));
	size_t n = libdeflate_deflate_compress(c->deflate, c->in, c->n_in, c->buf + sizeof(header), c->cap - 18);
	ingot_assert(n > 0);
	unsigned char *end = (unsigned char *)c->buf + sizeof(header) + n;
	little32(end, libdeflate_crc32(0, c->in, c->n_in));
	little32(end + 4, (uint32_t)c->n_in);
	c->n_in = 0;
	c->any = true;
	return c->out->write(c->out->ctx, c->buf, n + 18, err);
}

static int feed_gzip(struct ingot_compressor *c, const char *p, size_t n, struct ingot_err *err)
{
	while (n) {
		size_t piece = GZIP_MEMBER - c->n_in < n ? GZIP_MEMBER - c->n_in : n;
		memcpy(c->in + c->n_in, p, piece);
		c->n_in += piece;
		p += piece;
		n -= piece;
		if (c->n_in == GZIP_MEMBER)
			ingot_pass(gzip_member(c, err));
	}
	return 0;
}

int ingot_compressor_write(struct ingot_compressor *c, const void *p, size_t n, struct ingot_err *err)
{
	if (n == 0)
		return 0;
	switch (c->kind) {
	case INGOT_ZSTD:
		return drive_zstd(c, p, n, ZSTD_e_continue, err);
	case INGOT_GZIP:
		return feed_gzip(c, p, n, err);
	case INGOT_PLAIN:
		return c->out->write(c->out->ctx, p, n, err);
	}
	return 0;
}

int ingot_compressor_end(struct ingot_compressor *c, struct ingot_err *err)
{
	if (c->kind == INGOT_ZSTD)
		return drive_zstd(c, NULL, 0, ZSTD_e_end, err);
	if (c->kind == INGOT_GZIP && (c->n_in || !c->any))
		return gzip_member(c, err);
	return 0;
}
