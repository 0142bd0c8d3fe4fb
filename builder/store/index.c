/* Finding contents in packs: the indexes of the packs in use, and one hash table over all of them. */
#include "inside.h"
#include "pack.h"
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct used_pack {
	struct ingot_digest digest;
	uint8_t *index; /* as on the disk; NULL: damaged and set aside */
	uint32_t count;
	int fd; /* -1: opened when it is needed */
};

static int check_entries(const uint8_t *index, uint64_t count, uint64_t end)
{
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *e = index + i * PACK_ENTRY;
		uint64_t offset = get_u64(e + 32), size = get_u64(e + 40);
		if (offset < PACK_HEAD_SIZE || offset > end || size > end - offset)
			return -1;
		if (i && memcmp(e - PACK_ENTRY, e, 32) >= 0)
			return -1;
	}
	return 0;
}

int pack_read_index(int fd, uint64_t size, const struct ingot_digest *name, uint8_t **ret_index, uint32_t *ret_count)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	uint8_t head[PACK_HEAD_SIZE], tail[PACK_TAIL];
	if (size < PACK_HEAD_SIZE + PACK_TAIL || ingot_pread_all(fd, head, sizeof(head), 0, &ignored) < 0 ||
	    ingot_pread_all(fd, tail, sizeof(tail), size - PACK_TAIL, &ignored) < 0)
		return 0;
	if (memcmp(head, PACK_HEAD, sizeof(head)) != 0 || memcmp(tail + 48, PACK_END, 8) != 0 || memcmp(tail + 16, name->b, 32) != 0)
		return 0;
	uint64_t count = get_u64(tail), at = get_u64(tail + 8);
	if (count > PACK_MAX_ENTRIES || at < PACK_HEAD_SIZE || at > size || size - at != count * PACK_ENTRY + PACK_TAIL)
		return 0;
	size_t bytes = (size_t)count * PACK_ENTRY;
	_cleanup_(ingot_freep) uint8_t *index = ingot_alloc(bytes + 16);
	if (ingot_pread_all(fd, index, bytes, at, &ignored) < 0)
		return 0;
	memcpy(index + bytes, tail, 16);
	struct ingot_digest d;
	ingot_sha256(index, bytes + 16, &d);
	if (!ingot_digest_eq(&d, name) || check_entries(index, count, at) < 0)
		return 0;
	*ret_index = TAKE_PTR(index);
	*ret_count = (uint32_t)count;
	return 1;
}

static const uint8_t *slot_entry(const struct ingot_store *s, uint64_t slot)
{
	const struct used_pack *p = &s->used[(slot >> 32) - 1];
	return p->index ? p->index + (size_t)(uint32_t)slot * PACK_ENTRY : NULL;
}

/* The slot that holds this digest, or the free one where it belongs. Slots of forgotten packs stay, as steps of the search. */
static uint64_t *slot_of(const struct ingot_store *s, const uint8_t *digest)
{
	uint64_t hash;
	memcpy(&hash, digest, sizeof(hash)); /* a digest is as random as a hash can be */
	for (size_t i = (size_t)hash & (s->n_slots - 1);; i = (i + 1) & (s->n_slots - 1)) {
		if (!s->slots[i])
			return &s->slots[i];
		const uint8_t *e = slot_entry(s, s->slots[i]);
		if (e && memcmp(e, digest, 32) == 0)
			return &s->slots[i];
	}
}

static void insert_all(struct ingot_store *s, uint32_t pack)
{
	const struct used_pack *p = &s->used[pack];
	for (uint32_t i = 0; p->index && i < p->count; i++) {
		uint64_t *slot = slot_of(s, p->index + (size_t)i * PACK_ENTRY);
		if (!*slot) {
			*slot = (uint64_t)(pack + 1) << 32 | i;
			s->n_filled++;
		}
	}
}

/* Room for n more at a load of at most one half. Also the moment at which forgotten packs leave the table. */
static void make_room(struct ingot_store *s, size_t n)
{
	if (s->slots && (s->n_filled + n) * 2 <= s->n_slots)
		return;
	size_t want = s->n_slots ? s->n_slots : 1024;
	while (want < (s->n_filled + n) * 2)
		want *= 2;
	free(s->slots);
	s->slots = ingot_alloc_array(want, sizeof(*s->slots));
	s->n_slots = want;
	s->n_filled = 0;
	for (uint32_t i = 0; i < s->n_used; i++)
		insert_all(s, i);
}

/* At most 16 packs are open at once, the latest. */
static void keep_open(struct ingot_store *s, uint32_t pack, int take_fd)
{
	uint32_t *place = &s->open_packs[s->next_open++ % (sizeof(s->open_packs) / sizeof(s->open_packs[0]))];
	if (*place)
		ingot_closep(&s->used[*place - 1].fd);
	*place = pack + 1;
	s->used[pack].fd = take_fd;
}

int index_add(struct ingot_store *s, const struct ingot_digest *pack, uint8_t *take_index, uint32_t count, int take_fd)
{
	ingot_reserve(s->used, s->n_used, s->cap_used);
	s->used[s->n_used] = (struct used_pack){ .digest = *pack, .count = count, .fd = -1 };
	make_room(s, count);
	uint32_t n = (uint32_t)s->n_used++;
	s->used[n].index = take_index;
	insert_all(s, n);
	keep_open(s, n, take_fd);
	return 0;
}

int index_find(struct ingot_store *s, const struct ingot_digest *d, int *ret_fd, uint64_t *ret_offset, uint64_t *ret_size, uint32_t *ret_pack, struct ingot_err *err)
{
	/* Again after a pack turned out to be gone: another one may hold the same content. */
	while (index_has(s, d)) {
		uint64_t slot = *slot_of(s, d->b);
		const uint8_t *e = slot_entry(s, slot);
		uint32_t n = (uint32_t)(slot >> 32) - 1;
		struct used_pack *p = &s->used[n];
		if (p->fd < 0) {
			uint64_t size;
			int fd = object_open(s, s->packs, &p->digest, &size, err);
			if (fd == -2)
				return -1;
			if (fd < 0) {
				index_forget(s, n, -1);
				continue;
			}
			keep_open(s, n, fd);
		}
		*ret_fd = p->fd;
		*ret_offset = get_u64(e + 32);
		*ret_size = get_u64(e + 40);
		*ret_pack = n;
		return 1;
	}
	return 0;
}

bool index_has(const struct ingot_store *s, const struct ingot_digest *d)
{
	return s->slots && *slot_of(s, d->b) != 0;
}

bool ingot_store_where(const struct ingot_store *s, const struct ingot_digest *d, uint32_t *ret_pack, uint64_t *ret_offset)
{
	if (!index_has(s, d))
		return false;
	uint64_t slot = *slot_of(s, d->b);
	*ret_pack = (uint32_t)(slot >> 32) - 1;
	*ret_offset = get_u64(slot_entry(s, slot) + 32);
	return true;
}

const struct ingot_digest *ingot_store_pack(const struct ingot_store *s, uint32_t pack)
{
	ingot_assert(pack < s->n_used);
	return &s->used[pack].digest;
}

void index_forget(struct ingot_store *s, uint32_t pack, int fd)
{
	struct used_pack *p = &s->used[pack];
	if (!p->index)
		return;
	char name[OBJECT_NAME];
	object_name(&p->digest, name);
	if (fd >= 0)
		object_set_aside(s, s->packs, name, fd);
	free(TAKE_PTR(p->index));
	/* Contents that a later pack holds as well were left out when it came: now they count. */
	free(TAKE_PTR(s->slots));
	s->n_slots = s->n_filled = 0;
	make_room(s, 0);
}

int ingot_store_use_pack(struct ingot_store *s, const struct ingot_digest *pack, struct ingot_err *err)
{
	for (uint32_t i = 0; i < s->n_used; i++) {
		if (!s->used[i].index || !ingot_digest_eq(&s->used[i].digest, pack))
			continue;
		/* Still there? Another process may have set it aside, or collected it while our own gc had no lock. */
		if (object_exists(s, s->packs, pack))
			return 1;
		index_forget(s, i, -1);
	}
	uint64_t size;
	_cleanup_(ingot_closep) int fd = object_open(s, s->packs, pack, &size, err);
	if (fd < 0)
		return fd == -2 ? -1 : 0;
	uint8_t *index;
	uint32_t count;
	if (!pack_read_index(fd, size, pack, &index, &count)) {
		char name[OBJECT_NAME];
		object_name(pack, name);
		object_set_aside(s, s->packs, name, fd);
		return 0;
	}
	(void)index_add(s, pack, index, count, TAKE_FD(fd));
	return 1;
}

void index_each(const struct ingot_store *s, void (*f)(const struct ingot_digest *pack, void *ctx), void *ctx)
{
	for (size_t i = 0; i < s->n_used; i++)
		if (s->used[i].index)
			f(&s->used[i].digest, ctx);
}

void index_free(struct ingot_store *s)
{
	for (size_t i = 0; i < s->n_used; i++) {
		free(s->used[i].index);
		ingot_closep(&s->used[i].fd);
	}
	free(s->used);
	free(s->slots);
	s->used = NULL;
	s->slots = NULL;
	s->n_used = s->n_slots = s->n_filled = 0;
}
