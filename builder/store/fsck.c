/* Looking at everything: what there is (info), and whether its bytes are right (verify). */
#include "inside.h"
#include "pack.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)256 * 1024)

struct look {
	struct ingot_store_stats stats;
	bool hash;
	uint8_t *block;
	struct ingot_hash *running;
	struct ingot_err *err;
};

/* 1 right, 0 wrong. */
static int hash_range(struct look *l, int fd, uint64_t offset, uint64_t size, const struct ingot_digest *expect)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	struct ingot_digest d;
	int r = 0;
	while (r == 0 && size) {
		size_t piece = size < BLOCK ? (size_t)size : BLOCK;
		r = ingot_pread_all(fd, l->block, piece, offset, &ignored);
		if (r == 0)
			ingot_hash_add(l->running, l->block, piece);
		offset += piece;
		size -= piece;
	}
	ingot_hash_end(l->running, &d);
	return r == 0 && ingot_digest_eq(&d, expect);
}

struct range {
	uint64_t offset, size;
};

static int by_offset(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->size > y->size) - (x->size < y->size);
}

/* Every byte belongs to exactly one content: otherwise there would be bytes that no digest covers. */
static bool tiles(const uint8_t *index, uint32_t count, uint64_t end)
{
	_cleanup_(ingot_freep) struct range *r = ingot_alloc_array(count, sizeof(*r));
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *e = index + (size_t)i * PACK_ENTRY;
		r[i] = (struct range){ get_u64(e + 32), get_u64(e + 40) };
	}
	if (count)
		qsort(r, count, sizeof(*r), by_offset);
	uint64_t at = PACK_HEAD_SIZE;
	for (uint32_t i = 0; i < count; i++) {
		if (r[i].offset != at)
			return false;
		at += r[i].size;
	}
	return at == end;
}

static bool pack_right(struct look *l, int fd, uint64_t size, const struct ingot_digest *name)
{
	_cleanup_(ingot_freep) uint8_t *index = NULL;
	uint32_t count;
	if (!pack_read_index(fd, size, name, &index, &count))
		return false;
	if (!tiles(index, count, size - PACK_TAIL - (uint64_t)count * PACK_ENTRY))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *e = index + (size_t)i * PACK_ENTRY;
		struct ingot_digest d;
		memcpy(d.b, e, sizeof(d.b));
		if (!hash_range(l, fd, get_u64(e + 32), get_u64(e + 40), &d))
			return false;
	}
	return true;
}

static int look_object(struct ingot_store *s, int dir, const char *name, const struct ingot_digest *d, void *ctx)
{
	struct look *l = ctx;
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	bool right = S_ISREG(st.st_mode);
	if (l->hash) {
		uint64_t size = 0;
		_cleanup_(ingot_closep) int fd = object_open(s, dir, d, &size, l->err);
		if (fd == -2)
			return -1;
		right = fd >= 0 && (dir == s->packs ? pack_right(l, fd, size, d) : hash_range(l, fd, 0, size, d));
		if (fd >= 0 && !right)
			object_set_aside(s, dir, name, fd);
	}
	if (!right) {
		l->stats.damaged++;
		return 0;
	}
	if (dir == s->packs)
		l->stats.packs++;
	else
		l->stats.objects++;
	l->stats.bytes += (uint64_t)st.st_size;
	return 0;
}

static bool ref_right(struct ingot_store *s, int dir, const char *kind, const char *name)
{
	_cleanup_(ingot_buf_done) struct ingot_buf bytes = INGOT_BUF(REF_MAX);
	struct ingot_digest key;
	struct ref_record r;
	struct stat st;
	if (ingot_digest_parse_hex(ingot_span_of(name), &key) < 0)
		return false;
	_cleanup_(ingot_closep) int fd = ref_read(dir, name, &bytes, &st);
	if (fd < 0 || ref_parse(ingot_buf_view(&bytes), kind, &key, &r) < 0)
		return false;
	_cleanup_(ingot_freep) struct ingot_digest *needs = r.needs;
	return ref_needs_there(s, &r);
}

static void look_refs(struct ingot_store *s, struct look *l)
{
	DIR *kinds = dir_open(s->refs, ".");
	for (const char *kind; kinds && (kind = dir_next(kinds));) {
		DIR *d = ref_kind_valid(kind) ? dir_open(s->refs, kind) : NULL;
		for (const char *name; d && (name = dir_next(d));) {
			if (!l->hash || ref_right(s, dirfd(d), kind, name)) {
				l->stats.refs++;
				l->stats.caches += strcmp(kind, "cache") == 0;
				continue;
			}
			/* Also one whose needs were set aside just now: it can never be got again. */
			object_set_aside(s, dirfd(d), name, -1);
			l->stats.damaged++;
		}
		if (d)
			(void)closedir(d);
	}
	if (kinds)
		(void)closedir(kinds);
}

static void look_checkouts(struct ingot_store *s, struct look *l)
{
	DIR *d = dir_open(s->checkouts, ".");
	for (const char *name; d && (name = dir_next(d));) {
		uint64_t size = 0;
		time_t used;
		if (!checkout_look(s, name, &size, &used))
			continue; /* of another boot, or half gone: made again when needed */
		if (l->hash && !checkout_right(s, name)) {
			/* By a rename: a step that runs on it keeps what it has open. */
			object_set_aside(s, s->checkouts, name, -1);
			l->stats.damaged++;
			continue;
		}
		l->stats.checkouts++;
		l->stats.bytes += size;
	}
	if (d)
		(void)closedir(d);
}

static int look_at_all(struct ingot_store *s, bool hash, struct ingot_store_stats *ret, struct ingot_err *err)
{
	_cleanup_(ingot_freep) uint8_t *block = ingot_alloc(BLOCK);
	_cleanup_(ingot_hash_freep) struct ingot_hash *running = ingot_hash_new();
	struct look l = { .hash = hash, .block = block, .running = running, .err = err };
	ingot_pass(object_each(s, s->objects, look_object, &l));
	ingot_pass(object_each(s, s->packs, look_object, &l));
	look_refs(s, &l);
	look_checkouts(s, &l);
	if (!hash) {
		DIR *d = dir_open(s->damaged, ".");
		while (d && dir_next(d))
			l.stats.damaged++;
		if (d)
			(void)closedir(d);
	}
	*ret = l.stats;
	return 0;
}

int ingot_store_info(struct ingot_store *s, struct ingot_store_stats *ret, struct ingot_err *err)
{
	return look_at_all(s, false, ret, err);
}

int ingot_store_verify(struct ingot_store *s, struct ingot_store_stats *ret, struct ingot_err *err)
{
	return look_at_all(s, true, ret, err);
}
