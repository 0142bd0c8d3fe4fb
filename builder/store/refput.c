/* Publishing references: one or many at once, each only when all that it needs is durable.
 *
 * The order (safety.md 9.0): sync everything they need; write the records; sync these; rename; sync the directories; report success. */
#include "inside.h"
#include <errno.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TOGETHER 64U     /* each has an open fd while it is being published */
#define TOGETHER_MS 1000 /* what a killed build may have to do again */

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int sync_all(struct ingot_store *s, struct ingot_err *err)
{
	/* Reports write-back errors of the file system since Linux 5.8. */
	return syncfs(s->root) < 0 ? store_fail(s, err, "syncing") : 0;
}

static int write_one(struct ingot_store *s, struct new_ref *r, bool sync, struct ingot_err *err)
{
	r->fd = temp_file(s, "ref-", r->temp, err);
	ingot_pass(r->fd);
	if (ingot_write_all(r->fd, r->record.p, r->record.n, err) < 0) {
		(void)ingot_context(err, "store %s: writing a reference", s->path);
		return store_blame(s, err);
	}
	if (fchmod(r->fd, 0444) < 0 || (sync && fsync(r->fd) < 0))
		return store_fail(s, err, "syncing a reference");
	return 0;
}

static int rename_one(struct ingot_store *s, struct new_ref *r, struct ingot_err *err)
{
	const char *name = INGOT_HEX(&r->key);
	_cleanup_(ingot_closep) int dir = ref_kind_dir(s, r->kind, true);
	if (dir < 0)
		return store_fail(s, err, "directory refs/%s", r->kind);
	if (renameat(s->tmp, r->temp, dir, name) < 0) {
		/* A directory cannot be replaced by a rename. */
		if (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST)
			object_set_aside(s, dir, name, -1);
		if (renameat(s->tmp, r->temp, dir, name) < 0)
			return store_fail(s, err, "publishing a reference");
	}
	r->temp[0] = '\0';
	return 0;
}

/* Calls for each kind once: makes its directory, and syncs it if asked. */
static int each_kind(struct ingot_store *s, const struct new_ref *refs, size_t n, bool sync, struct ingot_err *err)
{
	for (size_t i = 0; i < n; i++) {
		bool had = false;
		for (size_t k = 0; k < i && !had; k++)
			had = strcmp(refs[k].kind, refs[i].kind) == 0;
		if (had)
			continue;
		_cleanup_(ingot_closep) int dir = ref_kind_dir(s, refs[i].kind, true);
		if (dir < 0 || (sync && fsync(dir) < 0))
			return store_fail(s, err, "directory refs/%s", refs[i].kind);
	}
	return 0;
}

static int publish(struct ingot_store *s, struct new_ref *refs, size_t n, struct ingot_err *err)
{
	ingot_pass(each_kind(s, refs, n, false, err));
	/* Everything that they need, whoever wrote it: another build may have put an object there a moment ago. And the directories. */
	ingot_pass(sync_all(s, err));
	for (size_t i = 0; i < n; i++)
		ingot_pass(write_one(s, &refs[i], n == 1, err));
	if (n > 1)
		ingot_pass(sync_all(s, err));
	for (size_t i = 0; i < n; i++)
		ingot_pass(rename_one(s, &refs[i], err));
	return each_kind(s, refs, n, true, err);
}

static void forget(struct ingot_store *s, struct new_ref *r)
{
	if (r->temp[0])
		(void)unlinkat(s->tmp, r->temp, 0);
	ingot_closep(&r->fd);
	ingot_buf_done(&r->record);
}

static int publish_pending(struct ingot_store *s, struct ingot_err *err)
{
	int r = s->n_pending ? publish(s, s->pending, s->n_pending, err) : 0;
	/* Also after a failure: what they name will be made again. */
	for (size_t i = 0; i < s->n_pending; i++)
		forget(s, &s->pending[i]);
	s->n_pending = 0;
	return r;
}

void ingot_ref_defer(struct ingot_store *s)
{
	s->deferring = true;
}

int ingot_ref_flush(struct ingot_store *s, struct ingot_err *err)
{
	s->deferring = false;
	return publish_pending(s, err);
}

bool ref_pending(const struct ingot_store *s, const char *kind, const struct ingot_digest *key, struct ingot_buf *text)
{
	for (size_t i = s->n_pending; i-- > 0;) {
		const struct new_ref *r = &s->pending[i];
		struct ref_record record;
		if (strcmp(r->kind, kind) != 0 || !ingot_digest_eq(&r->key, key) || ref_parse(ingot_buf_view(&r->record), kind, key, &record) < 0)
			continue;
		free(record.needs);
		ingot_buf_span(text, record.text);
		return true;
	}
	return false;
}

static int make_record(struct new_ref *r, struct ingot_span text, const struct ingot_digest *needs, size_t n_needs, struct ingot_err *err)
{
	struct ingot_buf *b = &r->record;
	struct ingot_digest sum;
	ref_head(b, r->kind, &r->key);
	for (size_t i = 0; i < n_needs; i++)
		ingot_buf_fmt(b, "need %s\n", INGOT_HEX(&needs[i]));
	ingot_buf_fmt(b, "text %zu\n", text.n);
	ingot_buf_span(b, text);
	ingot_buf_char(b, '\n');
	ingot_pass(ingot_buf_check(b, "a reference", err));
	ingot_sha256(b->p, b->n, &sum);
	ingot_buf_fmt(b, "sha256 %s\n", INGOT_HEX(&sum));
	return ingot_buf_check(b, "a reference", err);
}

int ingot_ref_put(struct ingot_store *s, const char *kind, const struct ingot_digest *key, struct ingot_span text, const struct ingot_digest *needs, size_t n_needs,
		  struct ingot_err *err)
{
	ingot_assert(ref_kind_valid(kind));
	for (size_t i = 0; i < n_needs; i++)
		if (!ref_need_there(s, &needs[i])) {
			(void)ingot_fail(err, INGOT_E_BUG, "store %s: %s is about to be referenced but is not there (or was damaged)", s->path, INGOT_DIGEST(&needs[i]));
			return ingot_again(err);
		}
	struct new_ref r = { .key = *key, .record = INGOT_BUF(REF_MAX), .fd = -1 };
	(void)snprintf(r.kind, sizeof(r.kind), "%.16s", kind);
	if (make_record(&r, text, needs, n_needs, err) < 0) {
		forget(s, &r);
		return -1;
	}
	if (!s->n_pending)
		s->pending_since = now_ms();
	ingot_reserve(s->pending, s->n_pending, s->cap_pending);
	s->pending[s->n_pending++] = r;
	if (s->deferring && s->n_pending < TOGETHER && now_ms() - s->pending_since < TOGETHER_MS)
		return 0;
	return publish_pending(s, err);
}
