#include "deb.h"
#include "emit.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/num.h>
#include <ingot/path.h>

#define MAX_CONTROL_FILES 64

struct ar_header { /* ar(5); every field is text padded with blanks */
	char name[16], mtime[12], uid[6], gid[6], mode[8], size[10], end[2];
};
_Static_assert(sizeof(struct ar_header) == 60, "an ar header has 60 bytes");

struct member {
	struct ingot_span name;
	uint64_t offset, size;
	char text[16];
};

struct ar {
	int fd;
	uint64_t at, end;
};

static struct ingot_span unpadded(const char *p, size_t n)
{
	while (n && p[n - 1] == ' ')
		n--;
	return (struct ingot_span){ p, n };
}

static int next_member(struct ar *ar, struct member *ret, struct ingot_err *err)
{
	struct ar_header h;
	if (ar->end - ar->at < sizeof(h))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package is cut short");
	ingot_pass(ingot_pread_all(ar->fd, &h, sizeof(h), ar->at, err));
	ar->at += sizeof(h);
	if (memcmp(h.end, "`\n", 2) != 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "not a Debian package: a member's header is damaged");
	memcpy(ret->text, h.name, sizeof(h.name));
	ret->name = unpadded(ret->text, sizeof(ret->text));
	/* GNU ar ends names in a slash, dpkg-deb does not; dpkg takes both for the same name. */
	if (ingot_span_ends(ret->name, "/"))
		ret->name.n--;
	if (ingot_parse_u64(unpadded(h.size, sizeof(h.size)), INGOT_MAX_DEB, &ret->size) < 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the size of the member %s is not a number", INGOT_SHOW(ret->name));
	uint64_t odd = ret->size & 1;
	if (ret->size + odd > ar->end - ar->at)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package is cut short in its member %s", INGOT_SHOW(ret->name));
	ret->offset = ar->at;
	ar->at += ret->size;
	if (odd) {
		char pad;
		ingot_pass(ingot_pread_all(ar->fd, &pad, 1, ar->at++, err));
		if (pad != '\n')
			return ingot_fail(err, INGOT_E_OUTSIDE, "the padding behind the member %s is not a newline", INGOT_SHOW(ret->name));
	}
	return 0;
}

/* "control.tar" + ".xz": the name says how it is compressed, and the bytes have to say the same. */
static int open_member(const struct ar *ar, const struct member *m, const char *stem, uint64_t limit, struct stream **ret, struct ingot_err *err)
{
	static const struct {
		const char *suffix;
		enum codec codec;
	} known[] = { { "", CODEC_NONE }, { ".gz", CODEC_GZIP }, { ".xz", CODEC_XZ }, { ".zst", CODEC_ZSTD } };
	if (!ingot_span_starts(m->name, stem))
		return ingot_fail(err, INGOT_E_OUTSIDE, "not a Debian package: its member %s stands where %s belongs", INGOT_SHOW(m->name), stem);
	struct ingot_span suffix = { m->name.p + strlen(stem), m->name.n - strlen(stem) };
	size_t i = 0;
	while (i < 4 && !ingot_span_is(suffix, known[i].suffix))
		i++;
	if (i == 4)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: this compression is not accepted (gz, xz, zst are)", INGOT_SHOW(m->name));
	char magic[6] = { 0 };
	size_t n = m->size < sizeof(magic) ? (size_t)m->size : sizeof(magic);
	ingot_pass(ingot_pread_all(ar->fd, magic, n, m->offset, err));
	if (codec_sniff(magic, n) != known[i].codec)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: the content is not what the name says", INGOT_SHOW(m->name));
	return codec_stream(range_stream(ar->fd, m->offset, m->size), known[i].codec, limit, ret, err);
}

/* --- control.tar: plain files in its root --- */
struct control {
	struct ingot_chan *chan;
	struct ingot_buf seen; /* NUL-terminated names: there are few */
	size_t n;
};

static int control_entry(void *ctx, const struct tar_entry *e, struct ingot_err *err)
{
	struct control *c = ctx;
	struct ingot_span name;
	ingot_pass(entry_path(e->path, e->type == 'd', false, &name, err));
	if (e->type == 'd' && !name.n)
		return 0;
	if (e->type != 'f' || !name.n || ingot_span_has(name, '/'))
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a control archive has plain files only", INGOT_SHOW(e->path));
	if (++c->n > MAX_CONTROL_FILES || e->size > INGOT_MAX_CONTROL)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: too many control files, or too large ones", INGOT_SHOW(e->path));
	/* A script as large as this is data in disguise, and would be read into memory. */
	static const char *const scripts[] = { "preinst", "postinst", "prerm", "postrm", "config" };
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (ingot_span_is(name, scripts[i]) && e->size > INGOT_MAX_MAINT_SCRIPT)
			return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a maintainer script of %llu bytes", INGOT_SHOW(name), (unsigned long long)e->size);
	for (const char *at = c->seen.p; at && at < c->seen.p + c->seen.n; at += strlen(at) + 1)
		if (ingot_span_is(name, at))
			return ingot_fail(err, INGOT_E_OUTSIDE, "%s: twice in the control archive", INGOT_SHOW(name));
	ingot_buf_span(&c->seen, name);
	ingot_buf_put(&c->seen, "", 1);
	struct ingot_msg_member m = { .name = name, .size = e->size };
	return ingot_chan_send(c->chan, INGOT_MSG_MEMBER, &m, err);
}

static int control_data(void *ctx, struct ingot_span bytes, struct ingot_err *err)
{
	struct control *c = ctx;
	struct ingot_msg_data d = { .data = bytes };
	return ingot_chan_send(c->chan, INGOT_MSG_DATA, &d, err);
}

static int read_control(struct ingot_chan *chan, const struct ar *ar, const struct member *m, struct ingot_err *err)
{
	struct control c = { .chan = chan, .seen = INGOT_BUF(MAX_CONTROL_FILES * (INGOT_MAX_NAME + 1)) };
	_cleanup_(stream_freep) struct stream *in = NULL;
	ingot_pass(open_member(ar, m, "control.tar", INGOT_MAX_CONTROL, &in, err));
	struct archive_ops ops = { control_entry, control_data, &c };
	int r = archive_read_tar(in, TAR_PACKAGE, &ops, err);
	ingot_buf_done(&c.seen);
	return r;
}

static int read_data(struct ingot_chan *chan, const struct ar *ar, const struct member *m, uint64_t limit, struct ingot_err *err)
{
	_cleanup_(stream_freep) struct stream *in = NULL;
	_cleanup_(emit_freep) struct emit *emit = emit_new(chan, false);
	ingot_pass(open_member(ar, m, "data.tar", codec_limit(limit, m->size), &in, err));
	struct archive_ops ops = { emit_entry, emit_data, emit };
	return archive_read_tar(in, TAR_PACKAGE, &ops, err);
}

int deb_decode(struct ingot_chan *chan, int fd, uint64_t offset, uint64_t size, uint64_t limit, struct ingot_err *err)
{
	struct ar ar = { .fd = fd, .at = offset, .end = offset + size };
	struct member version, control, data;
	char magic[8], text[4];
	if (size < sizeof(magic))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package is cut short");
	ingot_pass(ingot_pread_all(fd, magic, sizeof(magic), ar.at, err));
	ar.at += sizeof(magic);
	if (memcmp(magic, "!<arch>\n", sizeof(magic)) != 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "not a Debian package: it is no ar archive");
	ingot_pass(next_member(&ar, &version, err));
	if (!ingot_span_is(version.name, "debian-binary") || version.size != sizeof(text))
		return ingot_fail(err, INGOT_E_OUTSIDE, "not a Debian package: debian-binary with \"2.0\" does not come first");
	ingot_pass(ingot_pread_all(fd, text, sizeof(text), version.offset, err));
	if (memcmp(text, "2.0\n", sizeof(text)) != 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "a Debian package of another version than 2.0");
	/* The whole frame is looked at before anything inside is read. */
	ingot_pass(next_member(&ar, &control, err));
	ingot_pass(next_member(&ar, &data, err));
	if (ar.at != ar.end)
		return ingot_fail(err, INGOT_E_OUTSIDE, "something follows data.tar in the package");
	ingot_try(err, read_control(chan, &ar, &control, err), "control archive");
	ingot_try(err, read_data(chan, &ar, &data, limit, err), "data archive");
	return 0;
}
