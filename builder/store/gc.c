/* Housekeeping that deletes: references out of use, then everything that no reference needs. Only with the exclusive lock, so no builder is
 * between finding an object and referencing it; nothing is written, so a full disk is no obstacle. */
#include "inside.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define USE_SLACK 3600 /* use is noted once an hour (ref.c) */
#define BACK_WAIT_MS 60000

struct marks {
	struct ingot_digest *d; /* sorted once all are there */
	size_t n, cap;
	struct ingot_store_stats freed;
	int64_t max_age;
	time_t now;
	bool doubt; /* a reference could not be looked at: then nothing is known to be garbage */
};

static bool out_of_use(const struct marks *m, time_t used)
{
	/* Times from the future (a clock that was wrong) count as now. */
	int64_t age = used < m->now ? (int64_t)m->now - used : 0;
	return m->max_age == 0 || (age > USE_SLACK && age - USE_SLACK >= m->max_age);
}

static void mark(struct marks *m, const struct ingot_digest *d, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ingot_reserve(m->d, m->n, m->cap);
		m->d[m->n++] = d[i];
	}
}

static void mark_used(const struct ingot_digest *pack, void *ctx)
{
	mark(ctx, pack, 1);
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ingot_digest));
}

static bool marked(const struct marks *m, const struct ingot_digest *d)
{
	return m->n && bsearch(d, m->d, m->n, sizeof(*m->d), by_digest);
}

static bool out_of_fds(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
}

/* True if this reference stays; then what it needs is marked. */
static bool keep_ref(struct ingot_store *s, int dir, const char *kind, const char *name, struct marks *m)
{
	struct ingot_digest key;
	struct ref_record r;
	struct stat st;
	_cleanup_(ingot_buf_done) struct ingot_buf bytes = INGOT_BUF(REF_MAX);
	if (ingot_digest_parse_hex(ingot_span_of(name), &key) < 0)
		return false;
	_cleanup_(ingot_closep) int fd = ref_read(dir, name, &bytes, &st);
	if (fd < 0 && out_of_fds()) {
		m->doubt = true;
		return true;
	}
	if (fd < 0 || out_of_use(m, st.st_mtime) || ref_parse(ingot_buf_view(&bytes), kind, &key, &r) < 0)
		return false;
	_cleanup_(ingot_freep) struct ingot_digest *needs = r.needs;
	if (!ref_needs_there(s, &r))
		return false; /* it can never be got again */
	mark(m, needs, r.n_needs);
	return true;
}

static void sift_kind(struct ingot_store *s, const char *kind, struct marks *m)
{
	DIR *d = ref_kind_valid(kind) ? dir_open(s->refs, kind) : NULL;
	if (!d) {
		m->doubt |= out_of_fds();
		return;
	}
	int dir = dirfd(d);
	bool gone = false;
	for (const char *name; (name = dir_next(d));)
		if (!keep_ref(s, dir, kind, name, m) && remove_any(dir, name) == 0) {
			m->freed.refs++;
			m->freed.caches += strcmp(kind, "cache") == 0;
			gone = true;
		}
	/* References go for good before what they need. Where this fails, ref_get() still sees what is missing. */
	if (gone)
		(void)fsync(dir);
	(void)closedir(d);
}

static int sweep_object(struct ingot_store *s, int dir, const char *name, const struct ingot_digest *d, void *ctx)
{
	struct marks *m = ctx;
	struct stat st;
	if (marked(m, d) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || remove_any(dir, name) < 0)
		return 0;
	m->freed.bytes += (uint64_t)st.st_size;
	if (dir == s->packs)
		m->freed.packs++;
	else
		m->freed.objects++;
	return 0;
}

/* A checkout can be made again from its tree; it stays while it is in use. */
static void sweep_checkouts(struct ingot_store *s, struct marks *m)
{
	DIR *d = dir_open(s->checkouts, ".");
	if (!d)
		return;
	for (const char *name; (name = dir_next(d));) {
		uint64_t size = 0;
		time_t used = 0;
		bool whole = checkout_look(s, name, &size, &used);
		if ((!whole || out_of_use(m, used)) && remove_any(s->checkouts, name) == 0) {
			m->freed.checkouts++;
			m->freed.bytes += size;
		}
	}
	(void)closedir(d);
}

static void sweep_damaged(struct ingot_store *s, struct marks *m)
{
	DIR *d = dir_open(s->damaged, ".");
	if (!d)
		return;
	for (const char *name; (name = dir_next(d));) {
		struct stat st;
		bool known = fstatat(s->damaged, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
		if (remove_any(s->damaged, name) == 0) {
			m->freed.damaged++;
			m->freed.bytes += known && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		}
	}
	(void)closedir(d);
}

static void collect(struct ingot_store *s, struct marks *m)
{
	DIR *d = dir_open(s->refs, ".");
	if (!d)
		return; /* without a look at the references nothing may be taken for garbage */
	for (const char *kind; (kind = dir_next(d));)
		sift_kind(s, kind, m);
	(void)closedir(d);
	/* What this very handle has found may be in use by its owner. */
	index_each(s, mark_used, m);
	if (m->n)
		qsort(m->d, m->n, sizeof(*m->d), by_digest);
	if (!m->doubt) {
		(void)object_each(s, s->packs, sweep_object, m);
		(void)object_each(s, s->objects, sweep_object, m);
	}
	sweep_checkouts(s, m);
	sweep_damaged(s, m);
	temp_sweep(s);
}

int ingot_store_gc(struct ingot_store *s, int64_t max_age, int wait_ms, struct ingot_store_stats *ret_freed, struct ingot_err *err)
{
	bool deferring = s->deferring;
	ingot_pass(ingot_ref_flush(s, err));
	s->deferring = deferring;
	/* Our own shared lock is given up while we wait: two collectors would otherwise wait for each other. */
	int busy = store_lock(s, LOCK_EX, wait_ms, err);
	struct marks m = { .max_age = max_age, .now = time(NULL) };
	if (busy == 0) {
		collect(s, &m);
		free(m.d);
	}
	struct ingot_err back = INGOT_ERR_INIT;
	int lost = store_lock(s, LOCK_SH, BACK_WAIT_MS, &back);
	ingot_pass(busy);
	if (busy) {
		(void)ingot_fail(err, INGOT_E_HOST, "store %s is in use by other builds; waited %d ms", s->path, wait_ms);
		return ingot_hint(err, "run 'ingot store gc' again when they are done, or with a longer --wait");
	}
	if (lost)
		return ingot_fail(err, INGOT_E_HOST, "store %s: the lock could not be had again after cleaning", s->path);
	if (ret_freed)
		*ret_freed = m.freed;
	return 0;
}
