/* A foreign archive of an image: the decoder lists what is in it, and its files are read where they are. */
#include "load_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdlib.h>
#include <unistd.h>

static int write_more(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	return ingot_write_all(*(int *)ctx, p, n, err);
}

/* "docker save | gzip": the archive in a file without a name, in the store's scratch. */
static int unpack(struct ingot_store *s, int *fd, uint64_t *size, struct ingot_err *err)
{
	char name[64];
	_cleanup_(ingot_closep) int scratch = ingot_store_scratch(s, name, err);
	ingot_pass(scratch);
	_cleanup_(ingot_closep) int out = openat(scratch, "archive", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = out < 0 ? ingot_fail_sys(err, INGOT_E_BUG, "a temporary file") : ingot_decode_stream((struct ingot_input){ *fd, 0, *size }, 0, write_more, &out, err);
	ingot_store_scratch_remove(s, name);
	ingot_pass(r);
	off_t end = lseek(out, 0, SEEK_END);
	if (end < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "a temporary file");
	ingot_closep(fd);
	*fd = TAKE_FD(out);
	*size = (uint64_t)end;
	return 0;
}

int part_compressed(struct ingot_input in, bool *ret, struct ingot_err *err)
{
	unsigned char magic[6] = { 0 };
	ingot_pass(ingot_pread_all(in.fd, magic, in.size < sizeof(magic) ? (size_t)in.size : sizeof(magic), in.offset, err));
	*ret = (magic[0] == 0x1f && magic[1] == 0x8b) || memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 || ((magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0) ||
	       memcmp(magic, "\xfd" "7zXZ", 6) == 0;
	return 0;
}

static int take_blobs(struct blobs *b, struct ingot_err *err)
{
	for (size_t i = 0; i < b->parts.n; i++) {
		const struct ingot_part *p = &b->parts.all[i];
		struct ingot_layout_blob named = { .offset = p->offset, .size = p->size };
		if (!ingot_span_starts(p->name, "blobs/sha256/") || ingot_digest_parse_hex((struct ingot_span){ p->name.p + 13, p->name.n - 13 }, &named.name) < 0)
			continue; /* nothing that the index could name */
		if (p->type != 'f')
			return ingot_fail(err, INGOT_E_OUTSIDE, "%s is a link, and a blob is a file", INGOT_SHOW(p->name));
		ingot_pass(blobs_list(b, &named.name, err));
		ingot_reserve(b->named, b->n_named, b->cap_named);
		b->named[b->n_named++] = named;
	}
	blobs_sort(b);
	return 0;
}

/* Not there: out stays empty. */
static int take_file(const struct blobs *b, const char *name, uint64_t max, struct ingot_buf *out, struct ingot_err *err)
{
	const struct ingot_part *p;
	ingot_try(err, parts_find(b, ingot_span_of(name), &p, err), "%s", name);
	if (!p)
		return 0;
	if (!ingot_span_is(p->name, name))
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s is a link", name);
	if (!p->size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s is empty", name);
	ingot_try(err, parts_read(b, p, max, out, err), "%s", name);
	return 0;
}

int parts_open(struct blobs *b, int take_fd, uint64_t size, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = take_fd;
	bool compressed;
	ingot_pass(part_compressed((struct ingot_input){ fd, 0, size }, &compressed, err));
	if (compressed)
		ingot_pass(unpack(b->store, &fd, &size, err));
	ingot_pass(ingot_decode_parts((struct ingot_input){ fd, 0, size }, &b->parts, err));
	b->fd = TAKE_FD(fd);
	ingot_pass(take_file(b, "index.json", INGOT_MAX_MANIFEST, &b->index, err));
	ingot_pass(take_file(b, "manifest.json", INGOT_MAX_MANIFEST, &b->docker_json, err));
	ingot_pass(take_file(b, "oci-layout", KIB(4), &b->version, err));
	if (b->index.n)
		return take_blobs(b, err);
	if (b->docker_json.n)
		return 0;
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "it holds neither index.json nor manifest.json, so it is no archive of an image");
	return ingot_hint(err, "what docker wrote before 1.10 has no manifest: load and save it with a newer docker");
}

static const struct ingot_part *lookup(const struct blobs *b, struct ingot_span name)
{
	size_t lo = 0, hi = b->parts.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = ingot_span_cmp(name, b->parts.all[mid].name);
		if (c == 0)
			return &b->parts.all[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

/* Where a symbolic link in the archive leads, as a name of the archive: name by name, and never above its top. */
static int follow(const struct ingot_part *link, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf to = INGOT_BUF(2 * INGOT_MAX_PATH);
	struct ingot_span rest = link->target, part;
	size_t slash = link->name.n;
	while (slash && link->name.p[slash - 1] != '/')
		slash--;
	bool escapes = ingot_span_starts(rest, "/");
	ingot_buf_put(&to, link->name.p, slash); /* with its slash */
	while (!escapes && ingot_span_next(&rest, '/', &part)) {
		if (ingot_span_is(part, "..")) {
			escapes = !to.n;
			size_t n = to.n ? to.n - 1 : 0;
			while (n && to.p[n - 1] != '/')
				n--;
			to.n = n;
		} else if (part.n && !ingot_span_is(part, ".")) {
			ingot_buf_span(&to, part);
			ingot_buf_char(&to, '/');
		}
	}
	if (escapes || !to.n || to.full)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s is a link to %s, which is not in the archive", INGOT_SHOW(link->name), INGOT_SHOW(link->target));
	ingot_buf_clear(out);
	ingot_buf_put(out, to.p, to.n - 1);
	return 0;
}

int parts_find(const struct blobs *b, struct ingot_span name, const struct ingot_part **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(2 * INGOT_MAX_PATH);
	const struct ingot_part *p = lookup(b, name);
	for (int links = 0; p && p->type != 'f'; links++) {
		if (links == INGOT_MAX_SYMLINKS)
			return ingot_fail(err, INGOT_E_OUTSIDE, "%s is a link that leads nowhere", INGOT_SHOW(name));
		if (p->type == 'h') {
			p = lookup(b, p->target);
			continue;
		}
		ingot_pass(follow(p, &at, err));
		p = lookup(b, ingot_buf_view(&at));
	}
	*ret = p;
	return 0;
}

int parts_digest(struct blobs *b, const struct ingot_part *p, struct ingot_digest *ret, struct ingot_err *err)
{
	struct ingot_layout_blob h = { .offset = p->offset, .size = p->size };
	for (size_t i = 0; i < b->n_hashed; i++) /* as many as a list of docker names, at most */
		if (b->hashed[i].offset == p->offset && b->hashed[i].size == p->size) {
			*ret = b->hashed[i].name;
			return 0;
		}
	ingot_pass(part_hash(b->fd, p->offset, p->size, &h.name, err));
	ingot_reserve(b->hashed, b->n_hashed, b->cap_hashed);
	b->hashed[b->n_hashed++] = h;
	*ret = h.name;
	return 0;
}

int parts_read(const struct blobs *b, const struct ingot_part *p, uint64_t max, struct ingot_buf *out, struct ingot_err *err)
{
	char *room = p->size <= max ? ingot_buf_room(out, (size_t)p->size) : NULL;
	if (!room && p->size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "it has %llu bytes; at most %llu are read", (unsigned long long)p->size, (unsigned long long)max);
	if (p->size)
		ingot_pass(ingot_pread_all(b->fd, room, (size_t)p->size, p->offset, err));
	ingot_buf_added(out, (size_t)p->size);
	return 0;
}
