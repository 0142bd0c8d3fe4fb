/* Writing one object: bytes are hashed as they arrive, and become visible whole or not at all. */
#include "inside.h"
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <stdlib.h>
#include <unistd.h>

struct ingot_blob {
	struct ingot_store *store;
	struct ingot_hash *hash;
	int fd;
	char name[64]; /* in tmp/; "" once it is published */
	uint64_t size;
	bool broken; /* a write failed: what the file holds is unknown, and no later success changes that */
};

int ingot_blob_begin(struct ingot_store *s, struct ingot_blob **ret, struct ingot_err *err)
{
	char name[64];
	int fd = temp_file(s, "object-", name, err);
	ingot_pass(fd);
	struct ingot_blob *b = ingot_alloc(sizeof(*b));
	b->store = s;
	b->hash = ingot_hash_new();
	b->fd = fd;
	memcpy(b->name, name, sizeof(name));
	*ret = b;
	return 0;
}

int ingot_blob_write(struct ingot_blob *b, const void *p, size_t n, struct ingot_err *err)
{
	if (b->broken)
		return ingot_fail(err, INGOT_E_BUG, "an object is written to after a failure");
	if (ingot_write_all(b->fd, p, n, err) < 0) {
		b->broken = true;
		(void)ingot_context(err, "store %s", b->store->path);
		return store_blame(b->store, err);
	}
	ingot_hash_add(b->hash, p, n);
	b->size += n;
	return 0;
}

static int wrong_bytes(const struct ingot_digest *expect, const struct ingot_digest *got, uint64_t size, struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_OUTSIDE, "%llu bytes arrived with digest %s, but %s was expected", (unsigned long long)size, INGOT_DIGEST(got), INGOT_DIGEST(expect));
}

int ingot_blob_end(struct ingot_blob *take_b, const struct ingot_digest *expect, struct ingot_digest *ret, uint64_t *ret_size, struct ingot_err *err)
{
	_cleanup_(ingot_blob_abortp) struct ingot_blob *b = take_b;
	struct ingot_store *s = b->store;
	struct ingot_digest d;
	ingot_hash_end(b->hash, &d);
	if (b->broken)
		return ingot_fail(err, INGOT_E_BUG, "an object is published after a failure");
	if (expect && !ingot_digest_eq(expect, &d))
		return wrong_bytes(expect, &d, b->size, err);
	if (fchmod(b->fd, 0444) < 0)
		return store_fail(s, err, "setting the mode of an object");
	/* close() may bring the news of a failed write (safety.md 9.2), so it comes before publication; the duplicate keeps the lock until after it. */
	_cleanup_(ingot_closep) int keep = fcntl(b->fd, F_DUPFD_CLOEXEC, 3);
	if (keep < 0)
		return store_fail(s, err, "publishing an object");
	if (ingot_close(TAKE_FD(b->fd), "an object", err) < 0)
		return store_blame(s, err);
	ingot_pass(object_publish(s, s->objects, b->name, &d, b->size, err));
	b->name[0] = '\0';
	if (ret)
		*ret = d;
	if (ret_size)
		*ret_size = b->size;
	return 0;
}

void ingot_blob_abort(struct ingot_blob *b)
{
	if (!b)
		return;
	if (b->name[0])
		(void)unlinkat(b->store->tmp, b->name, 0);
	ingot_closep(&b->fd);
	ingot_hash_free(b->hash);
	free(b);
}

int ingot_store_put(struct ingot_store *s, const void *p, size_t n, struct ingot_digest *ret, struct ingot_err *err)
{
	_cleanup_(ingot_blob_abortp) struct ingot_blob *b = NULL;
	ingot_pass(ingot_blob_begin(s, &b, err));
	ingot_pass(ingot_blob_write(b, p, n, err));
	return ingot_blob_end(TAKE_PTR(b), NULL, ret, NULL, err);
}
