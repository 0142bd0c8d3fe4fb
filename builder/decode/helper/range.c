#include "stream.h"
#include <ingot/fd.h>
#include <ingot/mem.h>

struct range {
	struct stream stream;
	int fd;
	uint64_t at, left;
	char *block;
};

static int range_next(struct stream *s, struct ingot_span *ret, struct ingot_err *err)
{
	struct range *r = (struct range *)s;
	size_t n = r->left < BLOCK_SIZE ? (size_t)r->left : BLOCK_SIZE;
	if (!n)
		return 0;
	ingot_try(err, ingot_pread_all(r->fd, r->block, n, r->at, err), "at byte %llu of the input", (unsigned long long)r->at);
	r->at += n;
	r->left -= n;
	*ret = (struct ingot_span){ r->block, n };
	return 1;
}

static void range_free(struct stream *s)
{
	struct range *r = (struct range *)s;
	free(r->block);
	free(r);
}

struct stream *range_stream(int fd, uint64_t offset, uint64_t size)
{
	struct range *r = ingot_alloc(sizeof(*r));
	r->stream = (struct stream){ range_next, range_free };
	r->fd = fd;
	r->at = offset;
	r->left = size;
	r->block = ingot_alloc(BLOCK_SIZE);
	return &r->stream;
}
