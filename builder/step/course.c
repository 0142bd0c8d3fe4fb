/* course.c - the coordinator's side of a course: sent with the plan, and what came of it. */
#include "coursewords.h"
#include <ingot/buf.h>
#include <ingot/limits.h>
#include <stdio.h>
#include <string.h>

static int send_word(struct ingot_chan *c, uint32_t kind, struct ingot_span text, struct ingot_err *err)
{
	struct ingot_msg_word w = { .kind = kind, .text = text };
	return ingot_chan_send(c, INGOT_MSG_WORD, &w, err);
}

int step_course_check(const struct ingot_course *c, struct ingot_err *err)
{
	if (c->n_argv > INGOT_MAX_ARGS || c->n_files > INGOT_MAX_COURSE_FILES)
		return ingot_fail(err, INGOT_E_INPUT, "at most %d words of a command and %d files", INGOT_MAX_ARGS, INGOT_MAX_COURSE_FILES);
	if (c->send.n > KIB(64) || c->expect.n > KIB(64))
		return ingot_fail(err, INGOT_E_INPUT, "at most 64 KiB to send to a port and to expect from it");
	for (size_t i = 0; i < c->n_argv; i++)
		if (strlen(c->argv[i]) > INGOT_MAX_ARG_BYTES)
			return ingot_fail(err, INGOT_E_INPUT, "an argument is longer than %llu bytes", (unsigned long long)INGOT_MAX_ARG_BYTES);
	return 0;
}

int step_course_send(struct ingot_chan *c, const struct ingot_course *s, struct ingot_err *err)
{
	char text[128];
	_cleanup_(ingot_buf_done) struct ingot_buf line = INGOT_BUF(INGOT_MAX_ARG_BYTES);
	(void)snprintf(text, sizeof(text), "%u %u %u %s %u %u", s->signal, s->within, s->port, s->udp ? "udp" : "tcp", s->wait, s->patience);
	ingot_pass(send_word(c, INGOT_WORD_COURSE, ingot_span_of(text), err));
	ingot_pass(send_word(c, INGOT_WORD_SEND, s->send, err));
	ingot_pass(send_word(c, INGOT_WORD_EXPECT, s->expect, err));
	for (size_t i = 0; i < s->n_argv; i++)
		ingot_pass(send_word(c, INGOT_WORD_BESIDE, ingot_span_of(s->argv[i]), err));
	for (size_t i = 0; i < s->n_files; i++) {
		ingot_buf_clear(&line);
		ingot_buf_fmt(&line, "%s %s", s->files[i].absent ? "absent" : "present", s->files[i].path);
		ingot_buf_char(&line, '\0');
		ingot_buf_span(&line, s->files[i].contains);
		ingot_pass(ingot_buf_check(&line, "a file that a test looks at", err));
		ingot_pass(send_word(c, INGOT_WORD_FILE, ingot_buf_view(&line), err));
	}
	return 0;
}

void step_course_take(const struct ingot_msg_course *m, struct ingot_course_result *ret)
{
	*ret = (struct ingot_course_result){ .end = m->end <= INGOT_COURSE_FILE ? (enum ingot_course_end)m->end : INGOT_COURSE_EARLY, .which = m->which, .status = m->status, .signal = m->signal, .n_text = m->text.n };
	if (m->text.n)
		memcpy(ret->text, m->text.p, m->text.n);
}
