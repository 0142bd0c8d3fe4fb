#include "contents.h"
#include "judge.h"
#include <ingot/fd.h>
#include <ingot/mem.h>

struct range {
	int fd; /* one of files */
	uint64_t offset, size;
};

struct question {
	struct range ranges[CONTENTS_RANGES];
	int files[CONTENTS_FILES];
	size_t n, n_files;
};

static void question_done(struct question *q)
{
	for (size_t i = 0; i < q->n_files; i++)
		ingot_closep(&q->files[i]);
	q->n = q->n_files = 0;
}

/* 1, or 0 for an empty one. The descriptor of the last question holds on, so that a pack need not be sent again and again. */
static int receive(struct ingot_chan *chan, struct question *q, struct ingot_err *err)
{
	union ingot_msg m;
	int type, last = q->n_files ? q->files[q->n_files - 1] : -1;
	if (last >= 0)
		q->files[q->n_files - 1] = -1;
	question_done(q);
	if (last >= 0)
		q->files[q->n_files++] = last;
	while ((type = ingot_chan_recv(chan, INGOT_PERMIT(INGOT_MSG_RANGE) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err)) == INGOT_MSG_RANGE) {
		if (m.range.file) {
			int fd = ingot_chan_take_fd(chan);
			if (fd < 0 || q->n_files == CONTENTS_FILES) {
				ingot_closep(&fd);
				return ingot_fail(err, INGOT_E_BUG, "a question with too many files, or without one");
			}
			q->files[q->n_files++] = fd;
		}
		if (!q->n_files || q->n == CONTENTS_RANGES)
			return ingot_fail(err, INGOT_E_BUG, "a question with too many contents, or without a file");
		q->ranges[q->n++] = (struct range){ q->files[q->n_files - 1], m.range.offset, m.range.size };
	}
	return type < 0 ? -1 : q->n != 0;
}

static int tell(struct ingot_chan *chan, const struct judged *j, struct ingot_err *err)
{
	for (size_t i = 0; i < j->n_secrets; i++) {
		struct ingot_msg_secret s = { .what = (uint32_t)j->secrets[i].what, .flags = j->secrets[i].flags, .offset = j->secrets[i].offset };
		ingot_pass(ingot_chan_send(chan, INGOT_MSG_SECRET, &s, err));
	}
	struct ingot_msg_fact f = { .kind = (uint32_t)j->kind,
				    .flags = j->flags,
				    .machine = j->machine,
				    .interpreter = ingot_buf_view(&j->interpreter),
				    .argument = ingot_buf_view(&j->argument),
				    .runpath = ingot_buf_view(&j->runpath),
				    .needed = ingot_buf_view(&j->needed) };
	return ingot_chan_send(chan, INGOT_MSG_FACT, &f, err);
}

static int answer_all(struct ingot_chan *chan, struct judge *judge, struct question *q, struct ingot_err *err)
{
	int more;
	while ((more = receive(chan, q, err)) > 0)
		for (size_t i = 0; i < q->n; i++) {
			const struct judged *j;
			ingot_try(err, judge_content(judge, q->ranges[i].fd, q->ranges[i].offset, q->ranges[i].size, &j, err), "content %zu of %zu", i + 1, q->n);
			ingot_pass(tell(chan, j, err));
		}
	return more;
}

int contents_answer(struct ingot_chan *chan, struct ingot_err *err)
{
	_cleanup_(judge_freep) struct judge *judge = judge_new();
	_cleanup_(question_done) struct question q = { .n = 0 };
	return answer_all(chan, judge, &q, err);
}
