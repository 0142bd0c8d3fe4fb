/* reader.h - libarchive as the reader of a tar, with the strict profile beside it: both see the same bytes and must agree. */
#pragma once
#include "stream.h"
#include "tar.h"

struct archive_ops {
	int (*entry)(void *ctx, const struct tar_entry *e, struct ingot_err *err);
	/* Content of the entry given last: all its bytes, in order. */
	int (*data)(void *ctx, struct ingot_span bytes, struct ingot_err *err);
	void *ctx;
};
/* Read the whole stream as one tar archive, to its very end. */
int archive_read_tar(struct stream *in, enum tar_profile profile, const struct archive_ops *ops, struct ingot_err *err) INGOT_MUST_USE;
