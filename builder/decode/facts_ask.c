/* Asking ingot-decode about contents: several helpers at once, each with a question before it while it answers another. What is sent has been hashed a moment ago. */
#include "facts_impl.h"
#include "helper/contents.h"
#include <errno.h>
#include <ingot/decode.h>
#include <ingot/limits.h>
#include <poll.h>

#define MAX_PARALLEL 16
#define AHEAD 2                         /* questions with one helper */
#define QUESTION_BYTES MIB(4)           /* of contents in one question */
#define WORTH_A_HELPER (2 * QUESTION_BYTES) /* what is read in the time that another one takes to start */

struct span_of_work {
	size_t from, end; /* of the list */
};

struct worker {
	struct ingot_helper helper;
	struct span_of_work asked[AHEAD];
	unsigned n_asked;
	uint32_t pack; /* whose descriptor it has; NO_PACK: none's */
};

struct asking {
	struct ingot_store *store;
	struct ingot_facts *facts;
	struct facts_entry *const *list;
	size_t n, next, answered;
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
	bool has = c.in_pack && c.pack == w->pack;
	struct ingot_msg_range m = { .file = !has, .offset = c.offset, .size = c.size };
	w->pack = c.in_pack ? c.pack : NO_PACK;
	ingot_pass(ingot_chan_send_fd(w->helper.chan, INGOT_MSG_RANGE, &m, has ? -1 : c.fd, err));
	return !has;
}

static int put_question(struct asking *a, struct worker *w, struct ingot_err *err)
{
	struct span_of_work *q = &w->asked[w->n_asked];
	uint64_t bytes = 0;
	int files = 1; /* it keeps the last one of the question before */
	*q = (struct span_of_work){ a->next, a->next };
	while (q->end < a->n && q->end - q->from < CONTENTS_RANGES && bytes < QUESTION_BYTES && files < CONTENTS_FILES) {
		const struct facts_entry *e = a->list[q->end];
		int r = send_one(a, w, e, err);
		ingot_pass(r);
		files += r;
		bytes += e->size;
		q->end++;
	}
	a->next = q->end;
	w->n_asked++;
	return ingot_chan_send(w->helper.chan, INGOT_MSG_DONE, NULL, err);
}

static int begin(struct asking *a, struct ingot_err *err)
{
	struct worker *w = &a->at[a->n_workers];
	struct ingot_input none = { -1, 0, 0 };
	*w = (struct worker){ .helper = INGOT_HELPER_INIT, .pack = NO_PACK };
	a->n_workers++;
	a->facts->helpers++;
	return ingot_decode_start(&w->helper, INGOT_DECODE_FACTS, none, 0, err);
}

static int take_answer(struct asking *a, struct worker *w, struct ingot_err *err)
{
	struct span_of_work *q = &w->asked[0];
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

/* Until each helper has said what has come from it. */
static int turn(struct asking *a, struct ingot_err *err)
{
	struct pollfd fds[MAX_PARALLEL];
	bool waiting = false;
	for (unsigned i = 0; i < a->n_workers; i++) {
		struct worker *w = &a->at[i];
		fds[i] = (struct pollfd){ .fd = w->n_asked ? ingot_chan_fd(w->helper.chan) : -1, .events = POLLIN };
		waiting = waiting || (w->n_asked && ingot_chan_pending(w->helper.chan));
	}
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
	}
	return 0;
}

static int ask_all(struct asking *a, const struct ingot_log *log, struct ingot_err *err)
{
	while (a->answered < a->n) {
		for (unsigned ahead = 0; ahead < AHEAD; ahead++)
			for (unsigned i = 0; i < a->n_workers && a->next < a->n; i++)
				if (a->at[i].n_asked == ahead)
					ingot_pass(put_question(a, &a->at[i], err));
		ingot_pass(turn(a, err));
		ingot_progress(log, "look at contents", a->answered, a->n);
	}
	/* A question without contents: the end. */
	for (unsigned i = 0; i < a->n_workers; i++) {
		ingot_pass(ingot_chan_send(a->at[i].helper.chan, INGOT_MSG_DONE, NULL, err));
		ingot_pass(ingot_helper_finish(&a->at[i].helper, err));
	}
	return 0;
}

int facts_ask(struct ingot_store *s, struct ingot_facts *f, struct facts_entry *const *list, size_t n, unsigned parallel, const struct ingot_log *log, struct ingot_err *err)
{
	_cleanup_(asking_done) struct asking a = { .store = s, .facts = f, .list = list, .n = n, .block = ingot_alloc(KIB(256)) };
	uint64_t bytes = 0;
	for (size_t i = 0; i < n; i++)
		bytes += list[i]->size;
	unsigned most = parallel < 1 ? 1 : parallel > MAX_PARALLEL ? MAX_PARALLEL : parallel;
	while (a.n_workers < most && (!a.n_workers || bytes / WORTH_A_HELPER >= a.n_workers))
		ingot_pass(begin(&a, err));
	f->looked_at += n;
	return ask_all(&a, log, err);
}
