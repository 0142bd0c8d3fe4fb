/* What a test's run was to be, and what it was. */
#include "imagetest.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <stdio.h>
#include <string.h>

struct question {
	const struct ingot_test *t;
	const char *name;
	const struct trial *is;
	const char *who; /* of whom the recipe's exit, stdout and stderr are said */
};

static int course_fail(const struct question *q, const struct ingot_course_result *c, struct ingot_err *err)
{
	const struct ingot_test *t = q->t;
	const struct ingot_step_result *r = &q->is->result;
	struct ingot_span text = { c->text, c->n_text };
	switch (c->end) {
	case INGOT_COURSE_EARLY:
		if (r->reason == INGOT_STEP_SIGNALLED)
			return ingot_fail(err, INGOT_E_FALSE, "%s: the service was ended by signal %u (%s) before it was asked to end", q->name, r->signal, strsignal((int)r->signal));
		return ingot_fail(err, INGOT_E_FALSE, "%s: the service ended by itself, with exit status %u", q->name, r->status);
	case INGOT_COURSE_SILENT:
		return ingot_fail(err, INGOT_E_FALSE, "%s: nobody answered at port %s within %u s", q->name, t->port, t->wait);
	case INGOT_COURSE_OTHERWISE:
		return ingot_fail(err, INGOT_E_FALSE, "%s: the answer of port %s lacks '%s' within %u s; the last one begins '%s'", q->name, t->port, INGOT_SHOW(ingot_span_of(t->expect ? t->expect : "")), t->wait,
				  INGOT_SHOW(text));
	case INGOT_COURSE_LATE:
		return ingot_fail(err, INGOT_E_FALSE, "%s: what runs beside the service did not end within %u s", q->name, t->timeout);
	case INGOT_COURSE_STAYS:
		return ingot_fail(err, INGOT_E_FALSE, "%s: its signal did not end the service within %u s", q->name, t->within);
	case INGOT_COURSE_FILE:
		if (c->which >= t->n_files)
			return ingot_fail(err, INGOT_E_BUG, "helper protocol: a file that was not asked about");
		return ingot_fail(err, INGOT_E_FALSE, "%s: afterwards %s %s", q->name, INGOT_SHOW(ingot_span_of(t->files[c->which].path)), INGOT_SHOW(text));
	case INGOT_COURSE_DONE:
		break;
	}
	return 0;
}

/* Stopped by what nobody asked for: time, memory, processes. */
static int limit_fail(const struct question *q, struct ingot_err *err)
{
	switch (q->is->result.reason) {
	case INGOT_STEP_TIMED_OUT:
		return ingot_fail(err, INGOT_E_FALSE, "%s: did not end within %u s", q->name, q->t->timeout);
	case INGOT_STEP_NO_MEMORY:
		return ingot_fail(err, INGOT_E_FALSE, "%s: took more than three quarters of the memory that there is", q->name);
	case INGOT_STEP_TOO_MANY:
		return ingot_fail(err, INGOT_E_FALSE, "%s: became more than %d processes and threads", q->name, INGOT_MAX_STEP_TASKS);
	case INGOT_STEP_DISK_FULL:
		return ingot_fail(err, INGOT_E_FALSE, "%s: filled the disk", q->name);
	default:
		return 0;
	}
}

/* As process 1 of a container a service hears of no signal that it does not handle (pid_namespaces(7)), so an end by the signal itself is none that it would have in production. */
static int service_end(const struct question *q, unsigned stop, struct ingot_err *err)
{
	const struct ingot_step_result *r = &q->is->result;
	if (r->reason != INGOT_STEP_SIGNALLED || stop == 9)
		return 0;
	if (r->signal != stop)
		return ingot_fail(err, INGOT_E_FALSE, "%s: asked to end, the service was ended by signal %u (%s)", q->name, r->signal, strsignal((int)r->signal));
	(void)ingot_fail(err, INGOT_E_FALSE, "%s: the service does not handle signal %u (%s), so as process 1 of a container it will not end by it", q->name, stop, strsignal((int)stop));
	return ingot_hint(err, "let the program handle it, or name one that it does (stop-signal:); exit: %u says that the container will have an init", 128 + stop);
}

static int exit_check(const struct question *q, unsigned status, unsigned signal, struct ingot_err *err)
{
	unsigned is = signal ? 128 + signal : status;
	if (is == q->t->exit)
		return 0;
	if (signal)
		return ingot_fail(err, INGOT_E_FALSE, "%s: %sended by signal %u (%s), not exit status %u", q->name, q->who, signal, strsignal((int)signal), q->t->exit);
	return ingot_fail(err, INGOT_E_FALSE, "%s: %sexit status %u, not %u", q->name, q->who, status, q->t->exit);
}

static int text_check(const struct question *q, const char *stream, const struct ingot_buf *is, const char *exactly, const struct ingot_strings *contains, struct ingot_err *err)
{
	struct ingot_span text = ingot_buf_view(is);
	if (is->full && (exactly || contains->n))
		return ingot_fail(err, INGOT_E_FALSE, "%s: %s%s is longer than 1 MiB", q->name, q->who, stream);
	if (exactly && !ingot_span_is(text, exactly))
		return ingot_fail(err, INGOT_E_FALSE, "%s: %s%s is '%s', not '%s'", q->name, q->who, stream, INGOT_SHOW(text), INGOT_SHOW(ingot_span_of(exactly)));
	for (size_t i = 0; i < contains->n; i++) {
		size_t n = strlen(contains->v[i]);
		if (n && (!text.n || !memmem(text.p, text.n, contains->v[i], n)))
			return ingot_fail(err, INGOT_E_FALSE, "%s: %s%s lacks '%s'", q->name, q->who, stream, INGOT_SHOW(ingot_span_of(contains->v[i])));
	}
	return 0;
}

static int compare(const struct trials *s, const struct question *q, struct ingot_err *err)
{
	const struct ingot_test *t = q->t;
	const struct ingot_step_result *r = &q->is->result;
	ingot_pass(limit_fail(q, err));
	ingot_pass(course_fail(q, &r->course, err));
	bool beside = t->service && t->run.n;
	if (t->run.n || t->has_exit)
		ingot_pass(exit_check(q, beside ? r->course.status : r->status, beside ? r->course.signal : r->signal, err));
	if (t->service && (t->run.n || !t->has_exit))
		ingot_pass(service_end(q, trial_signal(s, t), err));
	ingot_pass(text_check(q, "stdout", &q->is->out, t->stdout_text, &t->stdout_contains, err));
	ingot_pass(text_check(q, "stderr", &q->is->err, t->stderr_text, &t->stderr_contains, err));
	if (!q->is->writes.n)
		return 0;
	(void)ingot_fail(err, INGOT_E_FALSE, "%s: it writes to %s, outside of what the image declares writable", q->name, ingot_buf_cstr(&q->is->writes));
	return ingot_hint(err, "list the directory under writable:, or let the program write elsewhere");
}

int trial_check(const struct trials *s, const struct ingot_test *t, const char *name, const struct trial *is, struct ingot_err *err)
{
	const struct question q = { .t = t, .name = name, .is = is, .who = !t->service ? "" : t->run.n ? "what runs beside the service: " : "the service: " };
	char last[400];
	if (compare(s, &q, err) == 0)
		return 0;
	if (ingot_step_last_lines(&is->result, last, sizeof(last)))
		(void)ingot_hint(err, "its last lines: %s", last);
	return -1;
}
