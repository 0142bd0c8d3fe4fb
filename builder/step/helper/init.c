/* init.c - pid 1 of a step: sets the sandbox up, starts the payload, reaps, watches the disk. When it ends, the kernel kills all that is left. */
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void tell(int report, const struct step_report *r)
{
	ssize_t ignored = write(report, r, sizeof(*r));
	(void)ignored;
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static _Noreturn void failed(int report, const struct ingot_err *err)
{
	struct step_report r = { .end = STEP_END_FAILED, .err = *err };
	tell(report, &r);
}

static bool too_much(const struct step_plan *p, int upper)
{
	struct step_usage u = { 0 };
	return upper >= 0 && step_usage(upper, p->disk_limit, &u) == 0 && (u.bytes > p->disk_limit || u.entries > INGOT_MAX_ENTRIES || u.too_deep);
}

static _Noreturn void watch(const struct step_plan *p, pid_t payload, int upper, int report)
{
	struct step_report r = { .end = STEP_END_EXITED };
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	int64_t pause = 500, next = now_ms() + pause;
	for (;;) {
		int status;
		pid_t pid;
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == payload) {
				r.wait_status = status;
				if (too_much(p, upper)) /* it wrote quicker than we looked */
					r.end = STEP_END_DISK;
				tell(report, &r);
			}
		int64_t left = next - now_ms();
		if (left > 0) {
			struct timespec t = { left / 1000, left % 1000 * 1000000 };
			(void)sigtimedwait(&child, NULL, &t);
			continue;
		}
		int64_t before = now_ms();
		if (too_much(p, upper)) {
			r.end = STEP_END_DISK;
			tell(report, &r);
		}
		/* At most a tenth of the time goes into looking. */
		int64_t took = now_ms() - before;
		pause = took * 9 > 500 ? took * 9 : 500;
		next = now_ms() + pause;
	}
}

static int set_up(const struct step_plan *p, int go, uid_t uid, gid_t gid, int *ret_upper, struct ingot_err *err)
{
	char byte;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "asking to die with the supervisor");
	/* The supervisor writes after we have asked; if it is dead already, this is an end of file. */
	if (read(go, &byte, 1) != 1)
		_exit(1);
	(void)umask(0); /* modes of what is made in our own tmpfs are exact */
	_cleanup_(ingot_closep) int proc = step_open_proc(err);
	ingot_pass(proc);
	ingot_pass(step_map_ids(proc, uid, gid, p->uid, p->gid, err));
	step_oom_first(proc);
	/* From here on nobody of the same uid can trace us or look into /proc/1 (CVE-2019-5736). */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "hiding from the step");
	return step_enter_root(p, proc, ret_upper, err);
}

/* What init still needs: reading below the upper directory, whatever modes the step gave. */
static int shrink(int upper, int report, const struct step_filter *f, struct ingot_err *err)
{
	static const int keep_caps[] = { CAP_DAC_READ_SEARCH };
	int keep[2] = { report, upper };
	size_t n = 1;
	if (upper >= 0) {
		keep[0] = upper < report ? upper : report;
		keep[1] = upper < report ? report : upper;
		n = 2;
	}
	ingot_pass(step_close_all_but(keep, n, err));
	ingot_pass(step_drop_caps(keep_caps, upper >= 0 ? 1 : 0, false, err));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "giving up new privileges");
	return step_filter_load(f, err);
}

_Noreturn void step_init(const struct step_plan *p, const int stdio[3], int go, int report, uid_t uid, gid_t gid)
{
	struct ingot_err err = INGOT_ERR_INIT;
	int upper = -1, p2[2];
	sigset_t all, none;
	sigfillset(&all);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	struct step_filter f = { 0 };
	if (set_up(p, go, uid, gid, &upper, &err) < 0 || step_filter_make(p->flags, &f, &err) < 0)
		failed(report, &err);
	if (pipe2(p2, O_CLOEXEC) < 0) {
		(void)ingot_fail_sys(&err, INGOT_E_HOST, "starting the payload");
		failed(report, &err);
	}
	pid_t payload = fork();
	if (payload < 0) {
		(void)ingot_fail_sys(&err, INGOT_E_HOST, "starting the payload");
		failed(report, &err);
	}
	if (payload == 0) {
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)signal(SIGPIPE, SIG_DFL);
		step_payload(p, &f, stdio, p2[1]);
	}
	(void)close(p2[1]);
	/* End of file: it was executed. Otherwise the reason why not. */
	struct ingot_err why = INGOT_ERR_INIT;
	ssize_t n = ingot_read_upto(p2[0], &why, sizeof(why), &err);
	if (n != 0) {
		if (n != (ssize_t)sizeof(why))
			(void)ingot_fail(&why, INGOT_E_HOST, "the payload ended while it was being confined");
		failed(report, &why);
	}
	if (shrink(upper, report, &f, &err) < 0)
		failed(report, &err);
	watch(p, payload, upper, report);
}
