/* Reading: what comes out was hashed on the way, whether it lives in a file of its own or in a pack. */
#include "inside.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <unistd.h>

int ingot_store_find(struct ingot_store *s, const struct ingot_digest *d, struct ingot_content *ret, struct ingot_err *err)
{
	uint64_t offset = 0, size = 0;
	uint32_t pack = 0;
	int borrowed = -1;
	int r = index_find(s, d, &borrowed, &offset, &size, &pack, err);
	ingot_pass(r);
	_cleanup_(ingot_closep) int fd = -1;
	if (r == 1) {
		fd = fcntl(borrowed, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return store_fail(s, err, "opening %s", INGOT_DIGEST(d));
	} else {
		fd = object_open(s, s->objects, d, &size, err);
		if (fd == -2)
			return -1;
		if (fd < 0)
			return 0;
	}
	*ret = (struct ingot_content){ .fd = TAKE_FD(fd), .offset = offset, .size = size, .digest = *d, .hash = ingot_hash_new(), .store = s,
				       .in_pack = r == 1, .pack = pack };
	return 1;
}

/* Called when the bytes are not those that the digest names: nobody may meet them again. */
static ssize_t damaged(struct ingot_content *c, struct ingot_err *err)
{
	struct ingot_store *s = c->store;
	if (c->in_pack) {
		index_forget(s, c->pack, c->fd);
	} else {
		char name[OBJECT_NAME];
		object_name(&c->digest, name);
		object_set_aside(s, s->objects, name, c->fd);
	}
	(void)ingot_fail(err, INGOT_E_BUG, "store %s: content %s is damaged", s->path, INGOT_DIGEST(&c->digest));
	return ingot_again(err);
}

ssize_t ingot_content_read(struct ingot_content *c, void *p, size_t n, struct ingot_err *err)
{
	if (!c->hash)
		return ingot_fail(err, INGOT_E_BUG, "content is read beyond its end");
	uint64_t left = c->size - c->at;
	if (left == 0) {
		struct ingot_digest d;
		ingot_hash_end(c->hash, &d);
		if (!ingot_digest_eq(&d, &c->digest))
			return damaged(c, err);
		ingot_hash_free(TAKE_PTR(c->hash));
		return 0;
	}
	size_t want = left < n ? (size_t)left : n;
	ssize_t r;
	do {
		r = pread(c->fd, p, want, (off_t)(c->offset + c->at));
	} while (r < 0 && errno == EINTR);
	/* Shorter than it was, or unreadable: both are damage. */
	if (r <= 0)
		return damaged(c, err);
	ingot_hash_add(c->hash, p, (size_t)r);
	c->at += (uint64_t)r;
	return r;
}

void ingot_content_done(struct ingot_content *c)
{
	ingot_closep(&c->fd);
	if (c->hash)
		ingot_hash_free(TAKE_PTR(c->hash));
}

/* Its size is not what it should be: -1 if it is damaged, 0 if the content is really so. */
static int read_through(struct ingot_content *c, struct ingot_err *err)
{
	char block[65536];
	ssize_t got;
	while ((got = ingot_content_read(c, block, sizeof(block), err)) > 0)
		;
	return got < 0 ? -1 : 0;
}

int ingot_store_need(struct ingot_store *s, const struct ingot_digest *d, uint64_t size, struct ingot_content *ret, struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	int found = ingot_store_find(s, d, &c, err);
	ingot_pass(found);
	if (!found) {
		(void)ingot_fail(err, INGOT_E_BUG, "content %s of %llu bytes is missing from the store", INGOT_DIGEST(d), (unsigned long long)size);
		return ingot_again(err);
	}
	if (c.size != size) {
		/* Cut or blown up, it would stay so for ever if only its size were looked at. */
		ingot_pass(read_through(&c, err));
		return ingot_fail(err, INGOT_E_BUG, "content %s has %llu bytes, not %llu", INGOT_DIGEST(d), (unsigned long long)c.size, (unsigned long long)size);
	}
	*ret = c;
	c = (struct ingot_content)INGOT_CONTENT_INIT;
	return 0;
}

/* Larger than the caller takes: an error if the content is really so, a miss if it was only blown up by damage. */
static int too_large(struct ingot_content *c, size_t max, struct ingot_err *err)
{
	if (read_through(c, err) < 0)
		return 0;
	return ingot_fail(err, INGOT_E_INPUT, "content %s of %llu bytes is larger than the limit of %zu", INGOT_DIGEST(&c->digest), (unsigned long long)c->size, max);
}

int ingot_store_get(struct ingot_store *s, const struct ingot_digest *d, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	int r = ingot_store_find(s, d, &c, err);
	if (r <= 0)
		return r;
	char *at = c.size <= SIZE_MAX / 2 ? ingot_buf_room(out, (size_t)c.size) : NULL;
	if (!at)
		return too_large(&c, out->max, err);
	for (;;) {
		char end;
		size_t left = (size_t)(c.size - c.at);
		ssize_t got = ingot_content_read(&c, left ? at + c.at : &end, left ? left : 1, err);
		if (got < 0)
			return 0; /* as if it had never been there */
		if (got == 0)
			break;
	}
	ingot_buf_added(out, (size_t)c.size);
	return 1;
}

bool ingot_store_has(struct ingot_store *s, const struct ingot_digest *d)
{
	return index_has(s, d) || object_exists(s, s->objects, d);
}
