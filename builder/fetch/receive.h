/* receive.h - where the bytes of one file go while they arrive: hashed and counted, into memory or into the store. */
#pragma once
#include <ingot/fetch.h>

struct receiver {
	struct ingot_store *store;
	struct ingot_fetch_job *job;
	struct ingot_blob *blob;
	struct ingot_hash *hash;
	size_t buf_start;
	uint64_t at; /* bytes so far */
};

void receiver_init(struct receiver *r, struct ingot_store *s, struct ingot_fetch_job *job);
/* Forget what came so far: the next byte is the first. */
void receiver_reset(struct receiver *r);
int receiver_write(struct receiver *r, const void *p, size_t n, struct ingot_err *err) INGOT_MUST_USE;
enum receiver_end { RECEIVER_DONE = 0, RECEIVER_SHORT = 1, RECEIVER_WRONG = 2 };
/* After the last byte: RECEIVER_DONE and the job's results filled; RECEIVER_SHORT: fewer bytes than known, more may be added;
 * RECEIVER_WRONG: other bytes than expected, *err says which. -1: a failure of our own. */
int receiver_end(struct receiver *r, struct ingot_err *err) INGOT_MUST_USE;
void receiver_done(struct receiver *r);

/* Copy a file of a directory mirror: 1, or 0 when it is not there. path is walked name by name: a link in a mirror is not followed. */
int directory_get(const char *dir, struct receiver *r, struct ingot_err *err) INGOT_MUST_USE;
/* The directory that a base names, or NULL when it is a URL. */
const char *directory_of(const char *url);
