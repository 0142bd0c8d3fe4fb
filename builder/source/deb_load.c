/* Converting packages: several decoders at once, drained by one loop over their channels; there are no threads. */
#include "deb_impl.h"
#include <errno.h>
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/intake.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <poll.h>
#include <stdio.h>

#define MAX_PARALLEL 16

/* One package on its way. */
struct conversion {
	struct ingot_deb_job *job; /* NULL: this place is free */
	struct ingot_helper helper;
	struct ingot_intake_run *run;
	struct ingot_deb *deb;
};

static void conversion_done(struct conversion *c)
{
	ingot_intake_abort(TAKE_PTR(c->run));
	ingot_helper_kill(&c->helper);
	ingot_deb_free(TAKE_PTR(c->deb));
	c->job = NULL;
}

/* A control file begins. */
static int take_member(void *ctx, struct ingot_span name, uint64_t size, struct ingot_err *err)
{
	struct conversion *c = ctx;
	bool plain = ingot_name_valid(name);
	for (size_t i = 0; i < name.n; i++)
		plain = plain && name.p[i] > ' ' && name.p[i] < 0x7f; /* names are words of dpkg's; this keeps our own text form exact */
	if (!plain)
		return ingot_fail(err, INGOT_E_OUTSIDE, "a control file with the name '%s'", INGOT_SHOW(name));
	ingot_buf_fmt(&c->deb->text, "%.*s %llu\n", INGOT_SPAN_ARG(name), (unsigned long long)size);
	return ingot_buf_check(&c->deb->text, "the control archive", err);
}

static int take_bytes(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	struct conversion *c = ctx;
	ingot_buf_put(&c->deb->text, p, n);
	return ingot_buf_check(&c->deb->text, "the control archive", err);
}

/* The digest of the whole file, before anything interprets a byte of it (apko trusted its cache here: CVE-2026-42575, CVE-2026-54174). */
static int check_bytes(struct ingot_content *content, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *block = ingot_alloc(KIB(256));
	ssize_t n;
	while ((n = ingot_content_read(content, block, KIB(256), err)) > 0)
		;
	return n < 0 ? -1 : 0;
}

static int find_bytes(struct ingot_store *s, const struct ingot_deb_job *job, struct ingot_content *ret, struct ingot_err *err)
{
	int there = ingot_store_find(s, &job->sha256, ret, err);
	ingot_pass(there);
	if (!there) {
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "the package %s is not in the store", INGOT_DIGEST(&job->sha256));
		return ingot_again(err); /* it was there when what is missing was fetched */
	}
	ingot_pass(check_bytes(ret, err));
	if (ret->size != job->size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package has %llu bytes, the lock says %llu", (unsigned long long)ret->size, (unsigned long long)job->size);
	return 0;
}

static int begin(struct ingot_store *s, struct conversion *c, struct ingot_deb_job *job, struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content content = INGOT_CONTENT_INIT;
	ingot_pass(find_bytes(s, job, &content, err));
	c->deb = deb_new();
	ingot_buf_str(&c->deb->text, DEB_MEMBERS_HEAD);
	struct ingot_intake_ops ops = { .member = take_member, .data = take_bytes, .ctx = c };
	ingot_pass(ingot_decode_start(&c->helper, INGOT_DECODE_DEB, (struct ingot_input){ content.fd, content.offset, content.size }, 0, err));
	c->job = job;
	return ingot_intake_begin(c->helper.chan, s, &ops, &c->run, err);
}

static int no_member_twice(const struct ingot_deb *d, struct ingot_err *err)
{
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < i; k++)
			if (ingot_span_eq(d->members[i].name, d->members[k].name))
				return ingot_fail(err, INGOT_E_OUTSIDE, "the control file %s is there twice", INGOT_SHOW(d->members[i].name));
	if (!ingot_deb_member(d, "control").p)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package has no control file");
	return 0;
}

/* Everything has come. */
static int end(struct ingot_store *s, struct conversion *c, struct ingot_err *err)
{
	_cleanup_(ingot_intake_done) struct ingot_intake got = { 0 };
	ingot_pass(ingot_helper_finish(&c->helper, err));
	ingot_pass(ingot_intake_end(TAKE_PTR(c->run), &got, err));
	ingot_pass(deb_index(c->deb, err));
	ingot_pass(no_member_twice(c->deb, err));
	c->deb->delta = TAKE_PTR(got.delta);
	c->deb->pack = got.pack;
	c->deb->has_pack = got.has_pack;
	ingot_pass(deb_store(s, c->deb, err));
	c->job->deb = TAKE_PTR(c->deb);
	c->job = NULL;
	return 0;
}

struct pool {
	struct ingot_store *store;
	const struct ingot_log *log;
	struct conversion at[MAX_PARALLEL];
	unsigned n, running;
	size_t done, total;
};

static void pool_done(struct pool *p)
{
	for (unsigned i = 0; i < p->n; i++)
		conversion_done(&p->at[i]);
}

/* One task in all, not one a package: a CI log wants a line, not fifty. */
static void say(const struct pool *p)
{
	ingot_progress(p->log, "decode packages", p->done, p->total);
}

static int start_one(struct pool *p, struct ingot_deb_job *job, struct ingot_err *err)
{
	unsigned i = 0;
	while (p->at[i].job)
		i++;
	ingot_try(err, begin(p->store, &p->at[i], job, err), "package %s", INGOT_SHOW(ingot_span_of(job->name)));
	p->running++;
	return 0;
}

/* One message of each decoder that has one. */
static int turn(struct pool *p, struct ingot_err *err)
{
	struct pollfd fds[MAX_PARALLEL];
	bool waiting = false;
	for (unsigned i = 0; i < p->n; i++) {
		fds[i] = (struct pollfd){ .fd = p->at[i].job ? ingot_chan_fd(p->at[i].helper.chan) : -1, .events = POLLIN };
		waiting = waiting || (p->at[i].job && ingot_chan_pending(p->at[i].helper.chan));
	}
	/* What has been received already is not seen by poll(). */
	int k = poll(fds, p->n, waiting ? 0 : INGOT_HELPER_SILENCE_MS);
	if (k < 0 && errno != EINTR)
		return ingot_fail_sys(err, INGOT_E_BUG, "waiting for decoders");
	if (k == 0 && !waiting)
		return ingot_fail(err, INGOT_E_BUG, "no decoder said anything for %d seconds", INGOT_HELPER_SILENCE_MS / 1000);
	for (unsigned i = 0; k >= 0 && i < p->n; i++) {
		struct ingot_deb_job *job = p->at[i].job;
		if (!job || (!fds[i].revents && !ingot_chan_pending(p->at[i].helper.chan)))
			continue;
		int more = ingot_intake_step(p->at[i].run, err);
		if (more < 0 && err->code == INGOT_E_BUG)
			more = ingot_helper_failed(&p->at[i].helper, err); /* how it ended says more than that it ended early */
		if (more == 0)
			more = end(p->store, &p->at[i], err);
		else if (more > 0)
			continue;
		ingot_try(err, more, "package %s", INGOT_SHOW(ingot_span_of(job->name)));
		p->done++;
		say(p);
		p->running--;
	}
	return 0;
}

static int convert(struct ingot_store *s, struct ingot_deb_job *jobs, size_t n, unsigned parallel, const struct ingot_log *log, struct ingot_err *err)
{
	_cleanup_(pool_done) struct pool pool = { .store = s, .log = log, .total = n, .n = parallel < 1 ? 1 : parallel > MAX_PARALLEL ? MAX_PARALLEL : parallel };
	_cleanup_(ingot_freep) bool *fresh = ingot_alloc_array(n ? n : 1, sizeof(*fresh)); /* converted now, not found */
	for (unsigned i = 0; i < pool.n; i++)
		pool.at[i].helper.pid = -1;
	for (size_t i = 0; i < n; i++) {
		int there = ingot_deb_cached(s, &jobs[i].sha256, &jobs[i].deb, err);
		ingot_try(err, there, "package %s", INGOT_SHOW(ingot_span_of(jobs[i].name)));
		if (there) {
			pool.done++;
			continue;
		}
		fresh[i] = true;
		while (pool.running == pool.n)
			ingot_pass(turn(&pool, err));
		ingot_pass(start_one(&pool, &jobs[i], err));
	}
	while (pool.running)
		ingot_pass(turn(&pool, err));
	/* At the end, because each reference waits for the disk: the first for everything, the others for next to nothing. */
	for (size_t i = 0; i < n; i++)
		if (fresh[i])
			ingot_try(err, deb_keep(s, &jobs[i].sha256, jobs[i].deb, err), "package %s", INGOT_SHOW(ingot_span_of(jobs[i].name)));
	return 0;
}

int ingot_deb_load_many(struct ingot_store *s, struct ingot_deb_job *jobs, size_t n, unsigned parallel, const struct ingot_log *log, struct ingot_err *err)
{
	for (size_t i = 0; i < n; i++)
		jobs[i].deb = NULL;
	if (convert(s, jobs, n, parallel, log, err) == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		ingot_deb_free(TAKE_PTR(jobs[i].deb));
	return -1;
}

int ingot_deb_load(struct ingot_store *s, const struct ingot_digest *sha256, uint64_t size, struct ingot_deb **ret, struct ingot_err *err)
{
	char name[24];
	(void)snprintf(name, sizeof(name), "%.12s...", INGOT_HEX(sha256));
	struct ingot_deb_job job = { .name = name, .sha256 = *sha256, .size = size };
	ingot_pass(ingot_deb_load_many(s, &job, 1, 1, NULL, err));
	*ret = job.deb;
	return 0;
}
