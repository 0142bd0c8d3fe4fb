/* Writing a pack: contents are collected in one file, each once; see pack.h for the format. */
#include "pack.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER ((size_t)256 * 1024)

struct ingot_pack {
	struct ingot_store *store;
	struct ingot_hash *hash; /* of the current content */
	int fd;
	char name[64];
	bool broken;
	uint64_t start;   /* of the current content */
	uint64_t flushed; /* bytes that are in the file; the buffer follows */
	size_t buffered;
	uint8_t *entries; /* in the order of writing */
	size_t count, cap;
	uint32_t *slots; /* entry + 1 by digest, 0 = empty */
	size_t n_slots;
	uint8_t buffer[BUFFER];
};


int ingot_pack_begin(struct ingot_store *s, struct ingot_pack **ret, struct ingot_err *err)
{
	char name[64];
	int fd = temp_file(s, "pack-", name, err);
	ingot_pass(fd);
	struct ingot_pack *p = ingot_alloc(sizeof(*p));
	p->store = s;
	p->hash = ingot_hash_new();
	p->fd = fd;
	memcpy(p->name, name, sizeof(name));
	memcpy(p->buffer, PACK_HEAD, PACK_HEAD_SIZE);
	p->start = p->buffered = PACK_HEAD_SIZE;
	*ret = p;
	return 0;
}

/* At a position of our own, because a content that is dropped again moves it back. */
static int write_at(struct ingot_pack *p, const void *data, size_t n, struct ingot_err *err)
{
	const char *at = data;
	while (n) {
		ssize_t w = pwrite(p->fd, at, n, (off_t)p->flushed);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			p->broken = true;
			return store_fail(p->store, err, "writing a pack of %llu bytes so far", (unsigned long long)p->flushed);
		}
		at += w;
		n -= (size_t)w;
		p->flushed += (uint64_t)w;
	}
	return 0;
}

static int put(struct ingot_pack *p, const void *data, size_t n, struct ingot_err *err)
{
	if (p->broken)
		return ingot_fail(err, INGOT_E_BUG, "a pack is written to after a failure");
	if (n > BUFFER - p->buffered) {
		ingot_pass(write_at(p, p->buffer, p->buffered, err));
		p->buffered = 0;
	}
	if (n >= BUFFER)
		return write_at(p, data, n, err);
	memcpy(p->buffer + p->buffered, data, n);
	p->buffered += n;
	return 0;
}

int ingot_pack_write(struct ingot_pack *p, const void *data, size_t n, struct ingot_err *err)
{
	if (!n)
		return 0;
	ingot_pass(put(p, data, n, err));
	ingot_hash_add(p->hash, data, n);
	return 0;
}

static uint32_t *slot_of(const struct ingot_pack *p, const uint8_t *digest)
{
	uint64_t hash;
	memcpy(&hash, digest, sizeof(hash));
	for (size_t i = (size_t)hash & (p->n_slots - 1);; i = (i + 1) & (p->n_slots - 1))
		if (!p->slots[i] || memcmp(p->entries + (size_t)(p->slots[i] - 1) * PACK_ENTRY, digest, 32) == 0)
			return &p->slots[i];
}

static void grow_table(struct ingot_pack *p)
{
	if (p->slots && (p->count + 1) * 2 <= p->n_slots)
		return;
	p->n_slots = p->n_slots ? p->n_slots * 2 : 1024;
	free(p->slots);
	p->slots = ingot_alloc_array(p->n_slots, sizeof(*p->slots));
	for (size_t i = 0; i < p->count; i++)
		*slot_of(p, p->entries + i * PACK_ENTRY) = (uint32_t)i + 1;
}

static void add_entry(struct ingot_pack *p, const struct ingot_digest *d, uint64_t size)
{
	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 256;
		p->entries = ingot_grow(p->entries, p->cap, PACK_ENTRY);
	}
	uint8_t *e = p->entries + p->count * PACK_ENTRY;
	memcpy(e, d->b, 32);
	set_u64(e + 32, p->start);
	set_u64(e + 40, size);
	*slot_of(p, e) = (uint32_t)++p->count;
}

/* Back to where the current content began. */
static void drop(struct ingot_pack *p)
{
	if (p->start >= p->flushed) {
		p->buffered = (size_t)(p->start - p->flushed);
	} else {
		p->flushed = p->start;
		p->buffered = 0;
	}
}

int ingot_pack_next(struct ingot_pack *p, struct ingot_digest *ret, uint64_t *ret_size, struct ingot_err *err)
{
	if (p->broken)
		return ingot_fail(err, INGOT_E_BUG, "a pack is written to after a failure");
	struct ingot_digest d;
	ingot_hash_end(p->hash, &d);
	uint64_t end = p->flushed + p->buffered, size = end - p->start;
	grow_table(p);
	if (*slot_of(p, d.b))
		drop(p);
	else if (p->count == PACK_MAX_ENTRIES)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %u contents in one source", (unsigned)PACK_MAX_ENTRIES);
	else
		add_entry(p, &d, size);
	p->start = p->flushed + p->buffered;
	if (ret)
		*ret = d;
	if (ret_size)
		*ret_size = size;
	return 0;
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

static int write_index(struct ingot_pack *p, struct ingot_digest *ret, struct ingot_err *err)
{
	drop(p); /* a content that was begun and not ended */
	uint64_t at = p->start;
	if (p->count)
		qsort(p->entries, p->count, PACK_ENTRY, by_digest);
	uint8_t tail[PACK_TAIL];
	set_u64(tail, p->count);
	set_u64(tail + 8, at);
	ingot_hash_end(p->hash, ret); /* anew: whatever was begun does not count */
	ingot_hash_add(p->hash, p->entries, p->count * PACK_ENTRY);
	ingot_hash_add(p->hash, tail, 16);
	ingot_hash_end(p->hash, ret);
	memcpy(tail + 16, ret->b, 32);
	memcpy(tail + 48, PACK_END, 8);
	if (p->count)
		ingot_pass(put(p, p->entries, p->count * PACK_ENTRY, err));
	ingot_pass(put(p, tail, sizeof(tail), err));
	ingot_pass(write_at(p, p->buffer, p->buffered, err));
	p->buffered = 0;
	/* A dropped content may have reached further than what came after it. */
	if (ftruncate(p->fd, (off_t)p->flushed) < 0 || fchmod(p->fd, 0444) < 0)
		return store_fail(p->store, err, "ending a pack");
	return 0;
}

int ingot_pack_end(struct ingot_pack *take_p, struct ingot_digest *ret, struct ingot_err *err)
{
	_cleanup_(ingot_pack_abortp) struct ingot_pack *p = take_p;
	struct ingot_store *s = p->store;
	struct ingot_digest d;
	if (p->broken)
		return ingot_fail(err, INGOT_E_BUG, "a pack is published after a failure");
	ingot_pass(write_index(p, &d, err));
	/* One that is there and whole is as good as ours; one that is there and damaged is set aside by this look at it. */
	int there = ingot_store_use_pack(s, &d, err);
	ingot_pass(there);
	if (!there) {
		_cleanup_(ingot_closep) int keep = fcntl(p->fd, F_DUPFD_CLOEXEC, 3); /* keeps the lock over close(), see blob.c */
		if (keep < 0)
			return store_fail(s, err, "publishing a pack");
		if (ingot_close(TAKE_FD(p->fd), "a pack", err) < 0)
			return store_blame(s, err);
		ingot_pass(object_publish(s, s->packs, p->name, &d, p->flushed, err));
		p->name[0] = '\0';
		/* Read back what was written, as any later build will. */
		there = ingot_store_use_pack(s, &d, err);
		ingot_pass(there);
		if (!there)
			return ingot_fail(err, INGOT_E_BUG, "store %s: pack %s cannot be read back", s->path, INGOT_DIGEST(&d));
	}
	if (ret)
		*ret = d;
	return 0;
}

void ingot_pack_abort(struct ingot_pack *p)
{
	if (!p)
		return;
	if (p->name[0])
		(void)unlinkat(p->store->tmp, p->name, 0);
	ingot_closep(&p->fd);
	ingot_hash_free(p->hash);
	free(p->entries);
	free(p->slots);
	free(p);
}
