#include "tar_header.h"
#include <ingot/limits.h>
#include <ingot/tarout.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* POSIX.1-2017 pax, "ustar Interchange Format". */
struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], flag, linkname[100], magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8],
		prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == INGOT_TAR_BLOCK, "a tar header is one block");

enum { MAX_ID7 = 07777777 };                   /* what 7 octal digits hold */
static const uint64_t MAX_11 = 077777777777ULL; /* what 11 hold: 8 GiB - 1 */

static void octal(char *field, size_t width, uint64_t value)
{
	field[width - 1] = '\0';
	for (size_t i = width - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	ingot_assert(value == 0);
}

static bool ascii(struct ingot_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] & 0x80)
			return false;
	return true;
}

/* The fallback in a ustar field beside a pax record: readers that know pax never look at it. */
static void put_ascii(char *field, size_t width, struct ingot_span s)
{
	for (size_t i = 0; i < s.n && i < width; i++)
		field[i] = s.p[i] & 0x80 ? '_' : s.p[i]; /* never empty: a header that begins with NUL looks like the end */
}

/* name, or prefix "/" name with the longest prefix that fits. False when ustar cannot hold it. */
static bool put_path(struct ustar *h, struct ingot_span path)
{
	if (!ascii(path))
		return false;
	if (path.n <= sizeof(h->name)) {
		memcpy(h->name, path.p, path.n);
		return true;
	}
	size_t from = path.n - (ingot_span_ends(path, "/") ? 2 : 1); /* the slash that ends a directory's name is no place to split */
	if (from > sizeof(h->prefix))
		from = sizeof(h->prefix);
	while (from > 0 && path.p[from] != '/')
		from--;
	size_t rest = path.n - from - 1;
	if (from == 0 || rest > sizeof(h->name))
		return false;
	memcpy(h->prefix, path.p, from);
	memcpy(h->name, path.p + from + 1, rest);
	return true;
}

static void finish(struct ustar *h, char flag)
{
	h->flag = flag;
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	octal(h->devmajor, sizeof(h->devmajor), 0);
	octal(h->devminor, sizeof(h->devminor), 0);
}

static void checksum(struct ustar *h)
{
	memset(h->chksum, ' ', sizeof(h->chksum));
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	octal(h->chksum, 7, sum); /* six digits, NUL, blank */
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void record(struct ingot_buf *pax, const char *prefix, struct ingot_span key, struct ingot_span value)
{
	size_t body = 1 + strlen(prefix) + key.n + 1 + value.n + 1, total = body + 1;
	for (size_t digits = 1;; digits++) {
		char text[24];
		total = body + digits;
		if ((size_t)snprintf(text, sizeof(text), "%zu", total) == digits)
			break;
	}
	ingot_buf_fmt(pax, "%zu %s", total, prefix);
	ingot_buf_span(pax, key);
	ingot_buf_char(pax, '=');
	ingot_buf_span(pax, value);
	ingot_buf_char(pax, '\n');
}

static void record_number(struct ingot_buf *pax, const char *key, uint64_t value)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	record(pax, "", ingot_span_of(key), ingot_span_of(text));
}

static void pad(struct ingot_buf *out)
{
	static const char zero[INGOT_TAR_BLOCK];
	size_t over = out->n % INGOT_TAR_BLOCK;
	if (over)
		ingot_buf_put(out, zero, INGOT_TAR_BLOCK - over);
}

static void pax_header(struct ingot_buf *out, const struct ingot_buf *pax)
{
	struct ustar h = { 0 };
	memcpy(h.name, "PaxHeaders/x", 12); /* fixed: other writers put a process id here */
	octal(h.mode, sizeof(h.mode), 0644);
	octal(h.uid, sizeof(h.uid), 0);
	octal(h.gid, sizeof(h.gid), 0);
	octal(h.size, sizeof(h.size), pax->n);
	octal(h.mtime, sizeof(h.mtime), 0);
	finish(&h, 'x');
	checksum(&h);
	ingot_buf_put(out, &h, sizeof(h));
	ingot_buf_span(out, ingot_buf_view(pax));
	pad(out);
}

void tar_header(const struct tar_entry *e, struct ingot_buf *out)
{
	char name[INGOT_MAX_PATH + 16];
	ingot_assert(e->path.n > 0 && e->path.n < sizeof(name) - 1 && out->n % INGOT_TAR_BLOCK == 0);
	memcpy(name, e->path.p, e->path.n);
	struct ingot_span path = { name, e->path.n };
	if (e->flag == '5')
		name[path.n++] = '/';

	struct ustar h = { 0 };
	bool long_path = !put_path(&h, path), long_link = e->link.n > sizeof(h.linkname) || !ascii(e->link);
	if (long_path)
		put_ascii(h.name, sizeof(h.name), path);
	put_ascii(h.linkname, sizeof(h.linkname), e->link);
	octal(h.mode, sizeof(h.mode), e->mode);
	octal(h.uid, sizeof(h.uid), e->uid > MAX_ID7 ? 0 : e->uid);
	octal(h.gid, sizeof(h.gid), e->gid > MAX_ID7 ? 0 : e->gid);
	octal(h.size, sizeof(h.size), e->size > MAX_11 ? 0 : e->size);
	octal(h.mtime, sizeof(h.mtime), (uint64_t)e->mtime > MAX_11 ? 0 : (uint64_t)e->mtime);
	finish(&h, e->flag);
	octal(h.devmajor, sizeof(h.devmajor), e->major);
	octal(h.devminor, sizeof(h.devminor), e->minor);
	checksum(&h);

	/* Records in order of their keys, which begins with the xattrs because upper case sorts first. */
	_cleanup_(ingot_buf_done) struct ingot_buf pax = INGOT_BUF(MIB(16));
	for (size_t i = 0; i < e->n_xattrs; i++)
		record(&pax, "SCHILY.xattr.", e->xattrs[i].name, e->xattrs[i].value);
	if (e->gid > MAX_ID7)
		record_number(&pax, "gid", e->gid);
	if (long_link)
		record(&pax, "", INGOT_SPAN("linkpath"), e->link);
	if ((uint64_t)e->mtime > MAX_11)
		record_number(&pax, "mtime", (uint64_t)e->mtime);
	if (long_path)
		record(&pax, "", INGOT_SPAN("path"), path);
	if (e->size > MAX_11)
		record_number(&pax, "size", e->size);
	if (e->uid > MAX_ID7)
		record_number(&pax, "uid", e->uid);
	ingot_assert(!pax.full);
	if (pax.n)
		pax_header(out, &pax);
	ingot_buf_put(out, &h, sizeof(h));
}

void ingot_tar_member(const char *name, uint64_t size, int64_t mtime, char ret[INGOT_TAR_BLOCK])
{
	struct ingot_span path = ingot_span_of(name);
	bool dir = ingot_span_ends(path, "/");
	if (dir)
		path.n--;
	struct tar_entry e = { .path = path, .flag = dir ? '5' : '0', .mode = dir ? 0755 : 0644, .mtime = mtime, .size = size };
	_cleanup_(ingot_buf_done) struct ingot_buf block = INGOT_BUF(KIB(4));
	tar_header(&e, &block);
	ingot_assert(block.n == INGOT_TAR_BLOCK);
	memcpy(ret, block.p, INGOT_TAR_BLOCK);
}
