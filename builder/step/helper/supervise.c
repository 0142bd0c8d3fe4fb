/* supervise.c - the only part that stays outside: starts init in its namespaces, relays output, watches the clock. It reads nothing but bytes. */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STREAMS 4
#define STOP_MS 10000 /* time for init to end what it started: the kernel kills a step's thousands of processes in less */

struct supervisor {
	struct ingot_chan *c;
	pid_t init;
	int out[STREAMS]; /* stdout, stderr, and the same of what runs beside: our ends; -1 when closed */
	int report;
	int ledger; /* a memfd that init fills */
	int proc;   /* without namespaces only */
	unsigned flags;
	int64_t end;
	bool timed_out;
};

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int make_pipe(int *ours, int *theirs, bool reading, struct ingot_err *err)
{
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making a pipe");
	*ours = reading ? p[0] : p[1];
	*theirs = reading ? p[1] : p[0];
	return 0;
}

/* fork() into new namespaces. The raw call, because glibc has no wrapper for a clone() that keeps the stack; we have one thread. */
static pid_t clone_into(int namespaces)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)namespaces | SIGCHLD, NULL, NULL, NULL, 0);
}

/* What the step leaves behind if init dies comes to us, and nothing but that takes signals from us (procs.c). */
static int become_reaper(struct supervisor *s, struct ingot_err *err)
{
	s->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->proc < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "becoming the reaper of the step");
	return step_scoped(s->flags) && ingot_landlock(INGOT_LANDLOCK_SCOPE, err) < 0 ? -1 : 0;
}

static bool has_beside(const struct step_plan *p)
{
	return p->course && p->course->n_argv;
}

/* What is read belongs to what is tested: to the command, or to what runs beside it, and then the command reads nothing (the next descriptor, unused, is /dev/null). */
static void place_streams(const struct step_plan *p, const int written[STREAMS], struct step_pipes *theirs)
{
	if (p->flags & INGOT_STEP_STDIO)
		return;
	theirs->stdio[1] = written[0];
	theirs->stdio[2] = written[1];
	if (!has_beside(p))
		return;
	theirs->stdio[0] = STEP_FD_STDIO + 1;
	theirs->beside[0] = STEP_FD_STDIO;
	theirs->beside[1] = written[2];
	theirs->beside[2] = written[3];
}

static int start(struct supervisor *s, const struct step_plan *p, struct ingot_err *err)
{
	struct step_pipes theirs = { .stdio = { STEP_FD_STDIO, STEP_FD_STDIO + 1, STEP_FD_STDIO + 2 }, .beside = { -1, -1, -1 } };
	int go, written[STREAMS] = { -1, -1, -1, -1 };
	for (size_t i = 0; i < (p->flags & INGOT_STEP_STDIO ? 0 : has_beside(p) ? STREAMS : 2); i++)
		ingot_pass(make_pipe(&s->out[i], &written[i], true, err));
	place_streams(p, written, &theirs);
	ingot_pass(make_pipe(&go, &theirs.go, false, err));
	ingot_pass(make_pipe(&s->report, &theirs.report, true, err));
	theirs.ledger = s->ledger = memfd_create("ledger", MFD_CLOEXEC);
	if (s->ledger < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making the ledger");
	if (p->flags & INGOT_STEP_CHROOT)
		ingot_pass(become_reaper(s, err));
	uid_t uid = geteuid();
	gid_t gid = getegid();
	s->init = clone_into(step_namespaces(p->flags));
	if (s->init < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "making namespaces for the step");
		return ingot_hint(err, "see 'ingot doctor'");
	}
	if (s->init == 0) {
		/* Our ends: the channel above all. init closes the rest, but these must be gone before it can fail. */
		(void)close(INGOT_CHANNEL_FD);
		(void)close(go);
		(void)close(s->report);
		step_init(p, &theirs, uid, gid);
	}
	(void)close(theirs.go);
	(void)close(theirs.report);
	for (size_t i = 0; i < STREAMS; i++)
		ingot_closep(&written[i]);
	ssize_t w = write(go, "g", 1);
	(void)close(go);
	if (w != 1)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting the step");
	/* From here on only descriptors that are open are needed; the step's output is all that comes from inside. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "giving up privileges");
	return ingot_landlock_below(INGOT_LANDLOCK_FILES, &s->proc, s->proc >= 0, true, err) < 0 ? -1 : 0;
}

static int relay(struct supervisor *s, unsigned stream, struct ingot_err *err)
{
	char block[32768];
	ssize_t n = read(s->out[stream], block, sizeof(block));
	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0) {
		ingot_closep(&s->out[stream]);
		return 0;
	}
	struct ingot_msg_output m = { .stream = stream + 1, .data = { block, (size_t)n } };
	return ingot_chan_send(s->c, INGOT_MSG_OUTPUT, &m, err);
}

/* Until init has told how it ended, or died. Returns 1 with *ret, 0 when it died silently. */
static int watch(struct supervisor *s, struct step_report *ret, struct ingot_err *err)
{
	for (;;) {
		struct pollfd f[STREAMS + 2];
		for (size_t i = 0; i < STREAMS; i++)
			f[i] = (struct pollfd){ s->out[i], POLLIN, 0 };
		f[STREAMS] = (struct pollfd){ s->report, POLLIN, 0 };
		f[STREAMS + 1] = (struct pollfd){ ingot_chan_fd(s->c), 0, 0 };
		int64_t left = s->end - now_ms();
		int k = left > 0 ? poll(f, STREAMS + 2, left > 60000 ? 60000 : (int)left) : 0;
		if (k < 0 && errno != EINTR)
			return ingot_fail_sys(err, INGOT_E_BUG, "waiting for the step");
		if (s->end - now_ms() <= 0) {
			s->timed_out = true;
			return 0;
		}
		if (k <= 0)
			continue;
		if (f[STREAMS + 1].revents & (POLLHUP | POLLERR))
			return ingot_fail(err, INGOT_E_BUG, "the coordinator is gone");
		for (unsigned i = 0; i < STREAMS; i++)
			if (f[i].revents)
				ingot_pass(relay(s, i, err));
		if (f[STREAMS].revents) {
			ssize_t n = ingot_read_upto(s->report, ret, sizeof(*ret), err);
			return n < 0 ? -1 : n == (ssize_t)sizeof(*ret);
		}
	}
}

/* Without namespaces init has to end the others first. Should it be dead itself (out of memory), they are our children now. */
static int stop_init(const struct supervisor *s, int *ret_status)
{
	(void)kill(s->init, s->proc < 0 ? SIGKILL : SIGTERM);
	pid_t r = 0;
	for (int64_t until = now_ms() + STOP_MS; s->proc >= 0 && now_ms() < until && (r = waitpid(s->init, ret_status, WNOHANG)) == 0;)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	if (r == 0)
		(void)kill(s->init, SIGKILL);
	while (r == 0 && (r = waitpid(s->init, ret_status, 0)) < 0 && errno == EINTR)
		r = 0;
	int sys = errno;
	if (s->proc >= 0)
		step_end_all(s->proc, s->flags);
	errno = sys;
	return r < 0 ? -1 : 0;
}

/* With init every process of the step is dead, so both pipes come to their end: what is still in them is relayed. */
static int reap(struct supervisor *s, int *ret_status, struct ingot_err *err)
{
	if (stop_init(s, ret_status) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "waiting for the end of the step");
	/* Unless one end was handed out of the step, through a socket in a volume: then nobody waits for that end. */
	int64_t end = now_ms() + 2000;
	for (unsigned i = 0; i < STREAMS; i++)
		while (s->out[i] >= 0) {
			struct pollfd f = { s->out[i], POLLIN, 0 };
			int64_t left = end - now_ms();
			if (left <= 0 || poll(&f, 1, (int)left) == 0)
				ingot_closep(&s->out[i]);
			else
				ingot_pass(relay(s, i, err));
		}
	return 0;
}

/* Init wrote it, but after talking with the step: lines and lengths are looked at, what they say is for the coordinator. */
static int relay_ledger(struct supervisor *s, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(GIB(1));
	if (lseek(s->ledger, 0, SEEK_SET) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the ledger");
	ingot_pass(ingot_read_all(s->ledger, &text, err));
	struct ingot_span rest = ingot_buf_view(&text);
	struct ingot_msg_owned m = { 0 };
	while (ingot_span_next(&rest, '\0', &m.what)) {
		if (m.what.n >= INGOT_OWNED_TEXT || !ingot_span_next(&rest, '\0', &m.path) || m.path.n > INGOT_MAX_PATH)
			return ingot_fail(err, INGOT_E_BUG, "half a line in the ledger");
		ingot_pass(ingot_chan_send(s->c, INGOT_MSG_OWNED, &m, err));
	}
	return 0;
}

static int tell_course(struct ingot_chan *c, const struct step_plan *p, const struct step_report *r, struct ingot_err *err)
{
	const struct ingot_course_result *is = &r->course;
	struct ingot_msg_course course = { .end = is->end, .which = is->which, .status = is->status, .signal = is->signal, .text = { is->text, is->n_text } };
	struct ingot_msg_calls calls = { .seen = { (const char *)r->calls, sizeof(r->calls) } };
	if (p->flags & INGOT_STEP_COURSE)
		ingot_pass(ingot_chan_send(c, INGOT_MSG_COURSE, &course, err));
	if (p->flags & INGOT_STEP_RECORD)
		ingot_pass(ingot_chan_send(c, INGOT_MSG_CALLS, &calls, err));
	return 0;
}

int step_supervise(struct ingot_chan *c, const struct step_plan *p, struct ingot_err *err)
{
	struct supervisor s = { .c = c, .flags = p->flags, .init = -1, .out = { -1, -1, -1, -1 }, .ledger = -1, .proc = -1, .end = now_ms() + (int64_t)p->timeout * 1000 };
	struct step_report r = { .end = STEP_END_EXITED };
	struct ingot_err later = INGOT_ERR_INIT;
	ingot_pass(start(&s, p, err));
	int status = 0, told = watch(&s, &r, err);
	if (reap(&s, &status, &later) < 0 && told >= 0) {
		*err = later;
		return -1;
	}
	ingot_pass(told);
	struct ingot_msg_exited m = { 0 };
	if (s.timed_out) {
		m.reason = INGOT_STEP_TIMED_OUT;
	} else if (told == 0) {
		return ingot_fail(err, INGOT_E_HOST, "the sandbox's init was killed (signal %d): out of memory?", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	} else if (r.end == STEP_END_FAILED) {
		*err = r.err;
		return -1;
	} else if (r.end == STEP_END_STOPPED) {
		return ingot_fail(err, INGOT_E_BUG, "the step was stopped from outside");
	} else if (r.end == STEP_END_DISK) {
		m.reason = INGOT_STEP_DISK_FULL;
	} else if (r.end == STEP_END_MEMORY) {
		m.reason = INGOT_STEP_NO_MEMORY;
	} else if (r.end == STEP_END_TASKS) {
		m.reason = INGOT_STEP_TOO_MANY;
	} else if (r.end == STEP_END_IDENTITY) {
		m.reason = INGOT_STEP_NEEDS_IDENTITY;
	} else if (WIFSIGNALED(r.wait_status)) {
		m.reason = INGOT_STEP_SIGNALLED;
		m.signal = (uint32_t)WTERMSIG(r.wait_status);
	} else {
		m.status = (uint32_t)WEXITSTATUS(r.wait_status);
	}
	if (m.reason == INGOT_STEP_ENDED || m.reason == INGOT_STEP_SIGNALLED) {
		ingot_pass(relay_ledger(&s, err));
		ingot_pass(tell_course(c, p, &r, err));
	}
	return ingot_chan_send(c, INGOT_MSG_EXITED, &m, err);
}
