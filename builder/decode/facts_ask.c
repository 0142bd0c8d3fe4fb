/* Asking ingot-decode about contents: several helpers at once, each with a question before it while it answers another. What is sent has been hashed a moment ago.
 *
 * A helper sees contents of one pack only: what takes it over can say something false of what came with it, and of nothing else. */
#include "facts_impl.h"
#include "helper/contents.h"
#include <errno.h>
#include <ingot/decode.h>
#include <ingot/limits.h>
#include <poll.h>

#define MAX_PARALLEL 16
#define AHEAD 2                  /* questions with one helper */
#define QUESTION_BYTES MIB(4)    /* of contents in one question */
#define HELPER_BYTES MIB(64)     /* of contents for one helper: beside these its start is nothing, and a large pack goes to several */

struct part {
	size_t from, end; /* of the list */
};

struct worker {
	struct ingot_helper helper; /* pid -1: none, this place is free */
	struct part left;           /* not asked yet */
	struct part asked[AHEAD];
	unsigned n_asked;
	uint32_t pack; /* whose descriptor it has; NO_PACK: none's */
};

struct asking {
	struct ingot_store *store;
	struct ingot_facts *facts;
	struct facts_entry *const *list;
	size_t n, next, answered; /* next: of no helper yet */
	struct worker at[MAX_PARALLEL];
	unsigned n_workers;
	char *block;
};

static void asking_done(struct asking *a)
{
	for (unsigned i = 0; i < a->n_workers; i++)
		ingot_helper_kill(&a->at[i].helper);
	free(a->block);
}

/* Its bytes are right now, and are the same for the helper, which reads them itself. Returns 1 when it got a file. */
static int send_one(struct asking *a, struct worker *w, const struct facts_entry *e, struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	ssize_t n;
	ingot_pass(ingot_store_need(a->store, &e->content, e->size, &c, err));
	while ((n = ingot_content_read(&c, a->block, KIB(256), err)) > 0)
		;
	ingot_pass(n);
	/* Its own pack may have been set aside, and another one have it. */
	bool has = c.in_pack && c.pack == w->pack;
	struct ingot_msg_range m = { .file = !has, .offset = c.offset, .size = c.size };
	w->pack = c.in_pack ? c.pack : NO_PACK;
	ingot_pass(ingot_chan_send_fd(w->helper.chan, INGOT_MSG_RANGE, &m, has ? -1 : c.fd, err));
	return !has;
}

static int put_question(struct asking *a, struct worker *w, struct ingot_err *err)
{
	struct part *q = &w->asked[w->n_asked];
	uint64_t bytes = 0;
	int files = 1; /* it keeps the last one of the question before */
	*q = (struct part){ w->left.from, w->left.from };
	while (q->end < w->left.end && q->end - q->from < CONTENTS_RANGES && bytes < QUESTION_BYTES && files < CONTENTS_FILES) {
		const struct facts_entry *e = a->list[q->end];
		int r = send_one(a, w, e, err);
		ingot_pass(r);
		files += r;
		bytes += e->size;
		q->end++;
	}
	w->left.from = q->end;
	w->n_asked++;
	return ingot_chan_send(w->helper.chan, INGOT_MSG_DONE, NULL, err);
}

/* A new helper for the next contents of one pack. */
static int begin(struct asking *a, struct worker *w, struct ingot_err *err)
{
	struct ingot_input none = { -1, 0, 0 };
	uint64_t bytes = 0;
	*w = (struct worker){ .helper = INGOT_HELPER_INIT, .left = { a->next, a->next }, .pack = NO_PACK };
	while (w->left.end < a->n && a->list[w->left.end]->pack == a->list[a->next]->pack && bytes < HELPER_BYTES)
		bytes += a->list[w->left.end++]->size;
	a->next = w->left.end;
	a->facts->helpers++;
	return ingot_decode_start(&w->helper, INGOT_DECODE_FACTS, none, 0, err);
}

/* A question without contents: the end. */
static int end(struct worker *w, struct ingot_err *err)
{
	ingot_pass(ingot_chan_send(w->helper.chan, INGOT_MSG_DONE, NULL, err));
	return ingot_helper_finish(&w->helper, err);
}

static int take_answer(struct asking *a, struct worker *w, struct ingot_err *err)
{
	struct part *q = &w->asked[0];
	struct facts_entry *e = a->list[q->from];
	if (facts_take(w->helper.chan, a->facts->arena, e->size, &e->fact, err) < 0)
		/* How it ended says more than that it ended early. */
		return err->code == INGOT_E_BUG ? ingot_helper_failed(&w->helper, err) : -1;
	e->known = true;
	a->answered++;
	if (++q->from == q->end) {
		w->asked[0] = w->asked[1];
		w->n_asked--;
	}
	return 0;
}

/* What has come from each helper. */
static int turn(struct asking *a, struct ingot_err *err)
{
	struct pollfd fds[MAX_PARALLEL];
	bool waiting = false;
	for (unsigned i = 0; i < a->n_workers; i++) {
		struct worker *w = &a->at[i];
		fds[i] = (struct pollfd){ .fd = w->n_asked ? ingot_chan_fd(w->helper.chan) : -1, .events = POLLIN };
		waiting = waiting || (w->n_asked && ingot_chan_pending(w->helper.chan));
	}
	/* What has been received already is not seen by poll(). */
	int k = poll(fds, a->n_workers, waiting ? 0 : INGOT_HELPER_SILENCE_MS);
	if (k < 0 && errno != EINTR)
		return ingot_fail_sys(err, INGOT_E_BUG, "waiting for decoders");
	if (k == 0 && !waiting)
		return ingot_fail(err, INGOT_E_BUG, "no decoder said anything for %d seconds", INGOT_HELPER_SILENCE_MS / 1000);
	for (unsigned i = 0; k >= 0 && i < a->n_workers; i++) {
		struct worker *w = &a->at[i];
		if (!w->n_asked || (!fds[i].revents && !ingot_chan_pending(w->helper.chan)))
			continue;
		do
			ingot_pass(take_answer(a, w, err));
		while (w->n_asked && ingot_chan_pending(w->helper.chan));
		if (!w->n_asked && w->left.from == w->left.end)
			ingot_pass(end(w, err));
	}
	return 0;
}

static int ask_all(struct asking *a, const struct ingot_log *log, struct ingot_err *err)
{
	while (a->answered < a->n) {
		/* Those that have nothing to do first. */
		for (unsigned ahead = 0; ahead < AHEAD; ahead++)
			for (unsigned i = 0; i < a->n_workers; i++) {
				struct worker *w = &a->at[i];
				if (w->helper.pid < 0 && a->next < a->n)
					ingot_pass(begin(a, w, err));
				if (w->n_asked == ahead && w->left.from < w->left.end)
					ingot_pass(put_question(a, w, err));
			}
		ingot_pass(turn(a, err));
		ingot_progress(log, "look at contents", a->answered, a->n);
	}
	return 0;
}

int facts_ask(struct ingot_store *s, struct ingot_facts *f, struct facts_entry *const *list, size_t n, unsigned parallel, const struct ingot_log *log, struct ingot_err *err)
{
	_cleanup_(asking_done) struct asking a = { .store = s, .facts = f, .list = list, .n = n, .block = ingot_alloc(KIB(256)) };
	a.n_workers = parallel < 1 ? 1 : parallel > MAX_PARALLEL ? MAX_PARALLEL : parallel;
	for (unsigned i = 0; i < a.n_workers; i++)
		a.at[i].helper = (struct ingot_helper)INGOT_HELPER_INIT;
	f->looked_at += n;
	return ask_all(&a, log, err);
}
