#include "receive.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/path.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void receiver_init(struct receiver *r, struct ingot_store *s, struct ingot_fetch_job *job)
{
	*r = (struct receiver){ .store = s, .job = job, .hash = ingot_hash_new(), .buf_start = job->buf ? job->buf->n : 0 };
}

void receiver_reset(struct receiver *r)
{
	struct ingot_digest unused;
	ingot_hash_end(r->hash, &unused); /* starts anew */
	if (r->blob)
		ingot_blob_abort(TAKE_PTR(r->blob));
	if (r->job->buf) {
		r->job->buf->n = r->buf_start;
		r->job->buf->full = false;
	}
	r->at = 0;
}

void receiver_done(struct receiver *r)
{
	if (r->blob)
		ingot_blob_abort(TAKE_PTR(r->blob));
	if (r->hash)
		ingot_hash_free(TAKE_PTR(r->hash));
}

int receiver_write(struct receiver *r, const void *p, size_t n, struct ingot_err *err)
{
	uint64_t limit = r->job->limit ? r->job->limit : r->job->size;
	if (n > limit - r->at) /* the helper was told the same: it lies */
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: more than %llu bytes", r->job->what, (unsigned long long)limit);
	if (r->job->buf) {
		ingot_hash_add(r->hash, p, n);
		ingot_buf_put(r->job->buf, p, n);
		ingot_pass(ingot_buf_check(r->job->buf, r->job->what, err));
	} else {
		if (!r->blob)
			ingot_pass(ingot_blob_begin(r->store, &r->blob, err));
		ingot_pass(ingot_blob_write(r->blob, p, n, err));
	}
	r->at += n;
	return 0;
}

static int wrong_size(const struct receiver *r, struct ingot_err *err)
{
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s has %llu bytes, not the expected %llu", r->job->what, (unsigned long long)r->at, (unsigned long long)r->job->size);
	return RECEIVER_WRONG;
}

int receiver_end(struct receiver *r, struct ingot_err *err)
{
	struct ingot_fetch_job *job = r->job;
	struct ingot_digest d;
	if (job->size && r->at < job->size) {
		(void)wrong_size(r, err);
		return RECEIVER_SHORT;
	}
	if (job->size && r->at != job->size)
		return wrong_size(r, err);
	if (job->buf) {
		ingot_hash_end(r->hash, &d);
		if (job->expect && !ingot_digest_eq(&d, job->expect)) {
			(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s: expected %s, got %s", job->what, INGOT_DIGEST(job->expect), INGOT_DIGEST(&d));
			return RECEIVER_WRONG;
		}
	} else {
		if (!r->blob)
			ingot_pass(ingot_blob_begin(r->store, &r->blob, err));
		uint64_t size;
		if (ingot_blob_end(TAKE_PTR(r->blob), job->expect, &d, &size, err) < 0) {
			(void)ingot_context(err, "%s", job->what);
			return err->code == INGOT_E_OUTSIDE ? RECEIVER_WRONG : -1;
		}
	}
	job->digest = d;
	job->got = r->at;
	job->found = true;
	return RECEIVER_DONE;
}

const char *directory_of(const char *url)
{
	if (strncmp(url, "file://", 7) == 0)
		url += 7;
	return url[0] == '/' ? url : NULL;
}

int directory_get(const char *dir, struct receiver *r, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return ingot_fail_sys(err, INGOT_E_OUTSIDE, "mirror directory %s", INGOT_SHOW(ingot_span_of(dir)));
	struct ingot_err why = INGOT_ERR_INIT;
	_cleanup_(ingot_closep) int fd = ingot_open_beneath(root, ingot_span_of(r->job->path), O_RDONLY | O_NONBLOCK, &why);
	if (fd < 0 && (why.sys == ENOENT || why.sys == ENOTDIR))
		return 0;
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return ingot_fail(err, INGOT_E_OUTSIDE, "mirror directory %s: %s", INGOT_SHOW(ingot_span_of(dir)), fd < 0 ? why.msg : "not a regular file");
	char block[65536];
	for (;;) {
		ssize_t n = ingot_read_upto(fd, block, sizeof(block), err);
		ingot_pass(n);
		if (n == 0)
			return 1;
		ingot_pass(receiver_write(r, block, (size_t)n, err));
	}
}
