/* The coordinator's side of fetching: a few slots, each with a helper for one origin and one job at a time, polled in one loop. */
#include "receive.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/exchange.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MAX_TRIES 5 /* of one base */
#define MAX_PARALLEL 16
#define PAUSE_MOST 30000

enum state { IDLE, PAUSED, ASKED, RECEIVING };

struct slot {
	struct ingot_helper helper;
	const struct ingot_base *origin; /* what the helper is for */
	struct ingot_fetch_job *job;
	struct receiver in;
	size_t base;
	unsigned tries, bad; /* of this base: tries that failed; files that were wrong */
	enum state state;
	int64_t when; /* PAUSED: go on at; else: the helper is dead if silent until */
	struct ingot_err trouble; /* what to report if nothing helps: wrong bytes outrank everything */
	bool wrong, missing;      /* some base had wrong bytes; the last one just does not have it */
};

struct run {
	struct ingot_store *store;
	const struct ingot_fetch_options *o;
	const struct ingot_log *log;
	struct ingot_fetch_job *jobs;
	size_t n, next, open;
	struct slot slots[MAX_PARALLEL];
	unsigned n_slots, patience, pause;
	int ca_fd;
	uint64_t done, total;
};

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void progress(struct run *r)
{
	if (r->o->progress && r->total)
		ingot_progress(r->log, r->o->progress, r->done < r->total || !r->open ? r->done : r->total - 1, r->total);
}

static void forget(struct run *r, struct slot *s)
{
	r->done -= s->in.at < r->done ? s->in.at : r->done;
	receiver_reset(&s->in);
}

static void finish_job(struct run *r, struct slot *s)
{
	receiver_done(&s->in);
	s->job = NULL;
	s->state = IDLE;
	r->open--;
	progress(r);
}

/* --- the helper of a slot --- */

static int connect_origin(struct run *r, struct slot *s, struct ingot_err *err)
{
	const struct ingot_base *b = &s->job->bases[s->base];
	if (s->helper.pid > 0 && s->origin && strcmp(s->origin->url, b->url) == 0 && strcmp(s->origin->proxy ? s->origin->proxy : "", b->proxy ? b->proxy : "") == 0)
		return 0;
	ingot_helper_kill(&s->helper);
	s->origin = NULL;
	(void)lseek(r->ca_fd, 0, SEEK_SET);
	/* Each helper reads the file by an offset of its own. */
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", r->ca_fd);
	_cleanup_(ingot_closep) int ca = r->ca_fd >= 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ingot_try(err, ingot_helper_start(&s->helper, "ingot-fetch", &ca, 1, err), "starting ingot-fetch");
	struct ingot_span url = ingot_span_of(b->url);
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	struct ingot_msg_origin o = { .base = url, .proxy = ingot_span_of(b->proxy), .patience = r->patience };
	ingot_pass(ingot_chan_send(s->helper.chan, INGOT_MSG_ORIGIN, &o, err));
	s->origin = b;
	return 0;
}

static int ask(struct run *r, struct slot *s, struct ingot_err *err)
{
	uint64_t limit = s->job->limit ? s->job->limit : s->job->size;
	struct ingot_msg_get g = { .path = ingot_span_of(s->job->path), .offset = s->in.at, .limit = limit };
	ingot_pass(connect_origin(r, s, err));
	ingot_pass(ingot_chan_send(s->helper.chan, INGOT_MSG_GET, &g, err));
	s->state = ASKED;
	/* The helper's own limits come first: connecting and being slow, at most four hops. */
	s->when = now_ms() + 4 * ((int64_t)r->patience + 20) * 1000 + 10000;
	return 0;
}

/* --- what happens after an answer --- */

static int begin_base(struct run *r, struct slot *s, struct ingot_err *err);

/* This base is of no use (any more) for the job: on to the next, or the end. */
static int next_base(struct run *r, struct slot *s, struct ingot_err *err)
{
	forget(r, s);
	s->tries = s->bad = 0;
	if (++s->base < s->job->n_bases)
		return begin_base(r, s, err);
	if (s->missing && s->job->may_be_missing) {
		finish_job(r, s);
		return 0;
	}
	*err = s->trouble;
	return -1;
}

static void note(struct slot *s, const struct ingot_err *e, bool wrong)
{
	if (s->wrong && !wrong)
		return;
	s->wrong = wrong;
	s->missing = false;
	s->trouble = *e;
}

/* The same base again, later. */
static int again(struct run *r, struct slot *s, unsigned at_least_ms, struct ingot_err *err)
{
	if (++s->tries >= MAX_TRIES)
		return next_base(r, s, err);
	uint64_t pause = (uint64_t)r->pause << (s->tries - 1);
	uint32_t jitter = 0;
	(void)!getrandom(&jitter, sizeof(jitter), 0);
	pause += pause ? jitter % pause : 0;
	if (pause < at_least_ms)
		pause = at_least_ms;
	s->state = PAUSED;
	s->when = now_ms() + (int64_t)(pause > 2 * PAUSE_MOST ? 2 * PAUSE_MOST : pause);
	ingot_say(r->log, INGOT_DEBUG, "%s; trying again", s->trouble.msg);
	return 0;
}

static int ended(struct run *r, struct slot *s, struct ingot_err *err)
{
	struct ingot_err why = INGOT_ERR_INIT;
	uint64_t had = s->in.at;
	int end = receiver_end(&s->in, &why);
	if (end == RECEIVER_DONE) {
		s->job->base = s->base;
		finish_job(r, s);
		return 0;
	}
	if (end < 0) {
		*err = why;
		return -1;
	}
	note(s, &why, end == RECEIVER_WRONG);
	if (end == RECEIVER_WRONG) { /* nothing of it is of use; a second look excludes a fault on the way */
		s->in.at = had;
		forget(r, s);
		if (s->bad++)
			return next_base(r, s, err);
	}
	return again(r, s, 0, err);
}

static int answered(struct run *r, struct slot *s, uint32_t status, uint32_t retry_after, struct ingot_err *err)
{
	struct ingot_err why = INGOT_ERR_INIT;
	const char *url = s->job->bases[s->base].url;
	if (status == 200 || status == 206) {
		if (status == 200 && s->in.at)
			forget(r, s);
		else if (status == 206 && !s->in.at)
			return ingot_fail(err, INGOT_E_BUG, "ingot-fetch sends a part that was not asked for");
		s->state = RECEIVING;
		return 0;
	}
	if (status == 404 || status == 410) {
		(void)ingot_fail(&why, INGOT_E_OUTSIDE, "%s is not on the mirror %s (status %u): %s", s->job->what, INGOT_SHOW(ingot_span_of(url)), status, s->job->path);
		note(s, &why, false);
		s->missing = !s->wrong;
		return next_base(r, s, err);
	}
	if (status != 0) {
		(void)ingot_fail(&why, INGOT_E_OUTSIDE, "%s: the mirror %s answers with status %u", s->job->what, INGOT_SHOW(ingot_span_of(url)), status);
		note(s, &why, false);
		if (status == 416) /* our part does not exist there */
			forget(r, s);
		else if (status < 500 && status != 408 && status != 429)
			return next_base(r, s, err);
	}
	return again(r, s, retry_after * 1000, err);
}

/* The helper is gone, or said that this origin is hopeless. */
static int lost(struct run *r, struct slot *s, struct ingot_err *why, struct ingot_err *err)
{
	ingot_helper_kill(&s->helper);
	s->origin = NULL;
	if (why->code == INGOT_E_BUG || why->code == INGOT_E_HOST) {
		*err = *why;
		return -1;
	}
	(void)ingot_context(why, "%s", s->job->what);
	note(s, why, false);
	return next_base(r, s, err);
}

static int step(struct run *r, struct slot *s, struct ingot_err *err)
{
	union ingot_msg m;
	struct ingot_err why = INGOT_ERR_INIT;
	uint64_t permit = INGOT_PERMIT(INGOT_MSG_STATUS) | INGOT_PERMIT(INGOT_MSG_LOG);
	if (s->state == RECEIVING)
		permit |= INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE);
	int type = ingot_chan_recv(s->helper.chan, permit, &m, &why);
	if (type < 0)
		return lost(r, s, &why, err);
	s->when = now_ms() + ((int64_t)r->patience + 60) * 1000;
	if (type == INGOT_MSG_LOG) {
		(void)ingot_fail(&why, INGOT_E_OUTSIDE, "%s from %s: %s", s->job->what, INGOT_SHOW(ingot_span_of(s->job->bases[s->base].url)), INGOT_SHOW(m.log.text));
		note(s, &why, false);
		return 0;
	}
	if (type == INGOT_MSG_STATUS) {
		if (s->state == RECEIVING && m.status.status != 0)
			return ingot_fail(err, INGOT_E_BUG, "ingot-fetch answers twice");
		return answered(r, s, m.status.status, m.status.retry_after, err);
	}
	if (type == INGOT_MSG_DONE)
		return ended(r, s, err);
	if (receiver_write(&s->in, m.data.data.p, m.data.data.n, &why) < 0)
		return lost(r, s, &why, err);
	r->done += m.data.data.n;
	progress(r);
	return 0;
}

static int from_directory(struct run *r, struct slot *s, const char *dir, struct ingot_err *err)
{
	struct ingot_err why = INGOT_ERR_INIT;
	int got = directory_get(dir, &s->in, &why);
	int end = got > 0 ? receiver_end(&s->in, &why) : RECEIVER_WRONG;
	if (end < 0) {
		*err = why;
		return -1;
	}
	if (got > 0 && end == RECEIVER_DONE) {
		r->done += s->job->got;
		s->job->base = s->base;
		finish_job(r, s);
		return 0;
	}
	if (got == 0)
		(void)ingot_fail(&why, INGOT_E_OUTSIDE, "%s is not in the mirror directory %s: %s", s->job->what, INGOT_SHOW(ingot_span_of(dir)), s->job->path);
	note(s, &why, got > 0);
	s->missing = got == 0 && !s->wrong;
	receiver_reset(&s->in); /* nothing of it was counted */
	return next_base(r, s, err);
}

static int begin_base(struct run *r, struct slot *s, struct ingot_err *err)
{
	const char *url = s->job->bases[s->base].url, *dir = directory_of(url);
	if (dir)
		return from_directory(r, s, dir, err);
	if (!r->o->offline)
		return ask(r, s, err);
	struct ingot_err why = INGOT_ERR_INIT;
	(void)ingot_fail(&why, INGOT_E_OUTSIDE, "%s is not here, and nothing may be fetched (--offline)", s->job->what);
	note(s, &why, false);
	return next_base(r, s, err);
}

/* --- the loop --- */

static bool plain_path(const char *p)
{
	struct ingot_span rest = ingot_span_of(p), name;
	if (!p[0] || p[0] == '/')
		return false;
	for (const char *c = p; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~:/=,@-", *c))
			return false;
	while (ingot_span_next(&rest, '/', &name))
		if (!name.n || ingot_span_is(name, ".") || ingot_span_is(name, ".."))
			return false;
	return true;
}

static int begin_job(struct run *r, struct slot *s, struct ingot_err *err)
{
	struct ingot_fetch_job *job = &r->jobs[r->next++];
	ingot_assert(job->buf || r->store);
	job->found = false;
	if (!plain_path(job->path))
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s is no path that can be fetched", job->what, INGOT_SHOW(ingot_span_of(job->path)));
	if (!job->n_bases)
		return ingot_fail(err, INGOT_E_HOST, "%s: no mirror to fetch it from", job->what);
	s->job = job;
	s->base = 0;
	s->tries = s->bad = 0;
	s->wrong = s->missing = false;
	s->trouble = (struct ingot_err)INGOT_ERR_INIT;
	r->open++;
	receiver_init(&s->in, r->store, job);
	return begin_base(r, s, err);
}

/* Give work to idle slots and resume paused ones; the time until the next thing is due. */
static int advance(struct run *r, int64_t *ret_wait, struct ingot_err *err)
{
	int64_t now = now_ms(), wait = INT64_MAX;
	for (unsigned i = 0; i < r->n_slots; i++) {
		struct slot *s = &r->slots[i];
		while (s->state == IDLE && r->next < r->n)
			ingot_pass(begin_job(r, s, err));
		if (s->state == PAUSED && s->when <= now)
			ingot_pass(ask(r, s, err));
		if ((s->state == ASKED || s->state == RECEIVING) && s->when <= now) {
			struct ingot_err why = INGOT_ERR_INIT;
			(void)ingot_fail(&why, INGOT_E_OUTSIDE, "no answer");
			ingot_pass(lost(r, s, &why, err));
		}
		if (s->state != IDLE && s->when - now < wait)
			wait = s->when - now;
	}
	*ret_wait = wait < 0 ? 0 : wait;
	return 0;
}

static int loop(struct run *r, struct ingot_err *err)
{
	for (;;) {
		int64_t wait;
		ingot_pass(advance(r, &wait, err));
		if (!r->open && r->next == r->n)
			return 0;
		struct pollfd p[MAX_PARALLEL];
		for (unsigned i = 0; i < r->n_slots; i++) {
			enum state st = r->slots[i].state;
			p[i] = (struct pollfd){ .fd = st == ASKED || st == RECEIVING ? ingot_chan_fd(r->slots[i].helper.chan) : -1, .events = POLLIN };
		}
		int ready = poll(p, r->n_slots, wait > 60000 ? 60000 : (int)wait + 1);
		if (ready < 0 && errno != EINTR)
			return ingot_fail_sys(err, INGOT_E_BUG, "waiting for the fetch helpers");
		for (unsigned i = 0; ready > 0 && i < r->n_slots; i++)
			if (p[i].revents)
				ingot_pass(step(r, &r->slots[i], err));
	}
}

int ingot_fetch_run(struct ingot_store *s, struct ingot_fetch_job *jobs, size_t n, const struct ingot_fetch_options *options, const struct ingot_log *log, struct ingot_err *err)
{
	static const struct ingot_fetch_options defaults;
	struct run *r = ingot_alloc(sizeof(*r));
	r->store = s;
	r->o = options ? options : &defaults;
	r->log = log;
	r->jobs = jobs;
	r->n = n;
	r->n_slots = r->o->parallel ? r->o->parallel : 4;
	if (r->n_slots > MAX_PARALLEL)
		r->n_slots = MAX_PARALLEL;
	r->patience = r->o->patience ? r->o->patience : 30;
	r->pause = r->o->pause ? r->o->pause : 250;
	r->ca_fd = ingot_ca_open(r->o->ca_file);
	for (size_t i = 0; i < n; i++)
		r->total += jobs[i].size;
	for (unsigned i = 0; i < MAX_PARALLEL; i++)
		r->slots[i].helper = (struct ingot_helper)INGOT_HELPER_INIT;
	int result = loop(r, err);
	/* A helper has nothing of ours: it needs no farewell. */
	for (unsigned i = 0; i < r->n_slots; i++) {
		ingot_helper_kill(&r->slots[i].helper);
		if (r->slots[i].job)
			receiver_done(&r->slots[i].in);
	}
	ingot_closep(&r->ca_fd);
	free(r);
	return result;
}
