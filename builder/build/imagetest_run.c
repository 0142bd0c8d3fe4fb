/* One test of an image: its plan, its run, and whether it was as the recipe says. */
#include "imagetest.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_OUTPUT MIB(1) /* of each stream, compared with what the recipe says; its own texts are 64 KiB at most */
#define SLACK 30          /* seconds for set-up and for conversations beyond the times that the recipe gives */

void trial_begin(struct trial *t)
{
	*t = (struct trial){ .result = INGOT_STEP_RESULT_INIT, .out = INGOT_BUF(MAX_OUTPUT), .err = INGOT_BUF(MAX_OUTPUT), .writes = INGOT_BUF(KIB(4)) };
}

void trial_done(struct trial *t)
{
	ingot_step_result_done(&t->result);
	ingot_buf_done(&t->out);
	ingot_buf_done(&t->err);
	ingot_buf_done(&t->writes);
}

unsigned trial_signal(const struct trials *s, const struct ingot_test *test)
{
	return ingot_signal_number(test->signal ? test->signal : s->runtime.stop_signal);
}

/* What the command reads: a file that nobody can change. */
static int make_stdin(const char *text, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "making what the test reads");
	ingot_pass(ingot_write_all(fd, text, strlen(text), err));
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "making what the test reads");
	return TAKE_FD(fd);
}

static void read_port(const char *port, struct ingot_course *c)
{
	struct ingot_span rest = ingot_span_of(port), number;
	uint32_t n = 0;
	(void)ingot_span_next(&rest, '/', &number);
	ingot_assert(ingot_parse_u32(number, UINT16_MAX, &n) == 0); /* by the schema's rule */
	c->port = (uint16_t)n;
	c->udp = ingot_span_is(rest, "udp");
}

static struct ingot_course make_course(const struct trials *s, const struct ingot_test *t, struct ingot_course_file *files)
{
	struct ingot_course c = { .files = files, .n_files = t->n_files };
	for (size_t i = 0; i < t->n_files; i++)
		files[i] = (struct ingot_course_file){ .path = t->files[i].path, .absent = t->files[i].absent, .contains = ingot_span_of(t->files[i].contains ? t->files[i].contains : "") };
	if (!t->service)
		return c;
	c.signal = trial_signal(s, t);
	c.within = t->within;
	c.wait = t->wait;
	if (t->port)
		read_port(t->port, &c);
	c.send = ingot_span_of(t->send ? t->send : "");
	c.expect = ingot_span_of(t->expect ? t->expect : "");
	c.argv = t->run.v;
	c.n_argv = t->run.n;
	c.patience = t->timeout;
	return c;
}

static int check_service(const struct trials *s, const struct ingot_test *t, struct ingot_err *err)
{
	if (t->n_files > INGOT_MAX_COURSE_FILES)
		return ingot_fail(err, INGOT_E_INPUT, "a test looks at %d files at most", INGOT_MAX_COURSE_FILES);
	if (!t->service)
		return 0;
	if (!s->runtime.n_argv) {
		(void)ingot_fail(err, INGOT_E_INPUT, "a test of the image's service, and the image has no entrypoint");
		return ingot_hint(err, "give the image an entrypoint, or test a command with run:");
	}
	if (!trial_signal(s, t))
		return ingot_fail(err, INGOT_E_INPUT, "the image's stop signal is '%s', which is none", INGOT_SHOW(ingot_span_of(s->runtime.stop_signal)));
	if (t->port && s->flags & INGOT_STEP_CHROOT)
		return ingot_fail(err, INGOT_E_HOST, "a port can be asked only in a network of its own, and this container gives no namespaces");
	return 0;
}

static void make_plan(const struct trials *s, const struct ingot_test *t, const char *name, const struct ingot_course *course, struct ingot_step_tmpfs *tmpfs, struct ingot_step_plan *plan)
{
	const struct ingot_runtime *r = &s->runtime;
	plan->name = name;
	plan->argv = t->service ? r->argv : t->run.v;
	plan->n_argv = t->service ? r->n_argv : t->run.n;
	plan->env = r->env;
	plan->n_env = r->n_env;
	plan->workdir = r->workdir;
	plan->uid = r->uid;
	plan->gid = r->gid;
	plan->timeout = t->timeout + (t->service ? t->wait + t->within + SLACK : 0);
	plan->root_fd = s->root_fd;
	plan->course = course;
	if (s->flags & INGOT_STEP_CHROOT)
		return;
	for (size_t i = 0; i < r->n_writable; i++)
		tmpfs[i] = (struct ingot_step_tmpfs){ .path = r->writable[i].path, .filled = r->writable[i].filled };
	plan->tmpfs = tmpfs;
	plan->n_tmpfs = r->n_writable;
	plan->flags = INGOT_STEP_LOOPBACK;
}

/* In a scratch directory of its own, and what it left there. */
static int run_writable(const struct trials *s, struct ingot_step_plan *plan, struct trial *ret, struct ingot_err *err)
{
	char scratch[64];
	_cleanup_(ingot_closep) int fd = ingot_store_scratch(s->store, scratch, err);
	ingot_pass(fd);
	plan->scratch_fd = fd;
	plan->flags |= s->flags;
	int r = ingot_step_run(plan, s->log, &ret->result, err);
	if (r == 0 && ret->result.reason <= INGOT_STEP_TIMED_OUT && (r = trial_harvest(s, plan, &ret->result, &ret->writes, err)) < 0)
		(void)ingot_context(err, "looking for what the test wrote");
	ingot_store_scratch_remove(s->store, scratch);
	return r;
}

int trial_run(const struct trials *s, const struct ingot_test *t, const char *name, bool writable, struct trial *ret, struct ingot_err *err)
{
	struct ingot_course_file files[INGOT_MAX_COURSE_FILES];
	struct ingot_step_tmpfs tmpfs[INGOT_MAX_WRITABLE];
	struct ingot_step_plan plan = INGOT_STEP_PLAN_INIT;
	ingot_pass(check_service(s, t, err));
	const struct ingot_course course = make_course(s, t, files);
	_cleanup_(ingot_closep) int in = t->stdin_text ? make_stdin(t->stdin_text, err) : -1;
	if (t->stdin_text)
		ingot_pass(in);
	make_plan(s, t, name, &course, tmpfs, &plan);
	plan.out = &ret->out;
	plan.err = &ret->err;
	if (in >= 0) {
		plan.stdio[0] = in;
		plan.flags |= INGOT_STEP_STDIN;
	}
	if (writable || s->flags & INGOT_STEP_CHROOT) {
		ingot_pass(run_writable(s, &plan, ret, err));
		if (ret->result.reason != INGOT_STEP_NEEDS_IDENTITY)
			return 0;
		/* It asks who it is, or becomes another user; from the beginning, with answers (step.h). */
		trial_done(ret);
		trial_begin(ret);
		plan.flags |= INGOT_STEP_IDENTITY;
		return run_writable(s, &plan, ret, err);
	}
	plan.flags |= INGOT_STEP_READONLY | (s->o->record ? INGOT_STEP_RECORD : 0);
	return ingot_step_run(&plan, s->log, &ret->result, err);
}
