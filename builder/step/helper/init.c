/* init.c - pid 1 of a step: sets the sandbox up, starts the payload, answers what is asked of the ledger, reaps, watches the disk. When it ends, the kernel kills
 * all that is left; without a pid namespace (INGOT_STEP_CHROOT) it does that itself, and hears of the supervisor's end or wish as SIGTERM. */
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
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

struct init {
	const struct step_plan *p;
	pid_t payload;
	int upper, report, ledger_to;
	int proc;     /* without a pid namespace: the container's, else -1 */
	int signals;  /* SIGCHLD, SIGTERM */
	int executed; /* a pipe: end of file when the command was executed, else why not */
	int listener_from;
	struct ledger *ledger; /* NULL: none */
	struct asks *asks;
	struct step_memory *memory;
	struct course *course; /* NULL: none */
	struct record *record; /* NULL: nothing is written down */
	uint64_t used_before; /* of the disk: the least since the step began */
	int64_t unnamed_took; /* ms: the last look for files without a name */
};

static bool too_much(const struct init *i, uint64_t unnamed)
{
	return i->upper >= 0 && step_usage_above(i->p, i->upper, unnamed);
}

/* Where there are few open files, they are looked at each time; where there are many, only when the disk fills: others write to it and remove from it, too. */
static uint64_t look_for_unnamed(struct init *i)
{
	if (i->upper < 0)
		return 0;
	uint64_t used = step_disk_used(i->upper);
	if (used < i->used_before)
		i->used_before = used;
	if (i->unnamed_took > 20 && used - i->used_before <= i->p->disk_limit / 2)
		return 0;
	int64_t before = now_ms();
	uint64_t bytes = step_unnamed(i->upper);
	i->unnamed_took = now_ms() - before;
	return bytes;
}

/* Nobody of the step is left when this returns (safety 5.13). */
static void kill_all(const struct init *i)
{
	/* Without a pid namespace "all" would be the container; until there is a /proc, nothing has been started. */
	if (i->p->flags & INGOT_STEP_CHROOT) {
		if (i->proc >= 0)
			step_end_all(i->proc, i->p->flags);
		return;
	}
	(void)kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static _Noreturn void failed(const struct init *i, const struct ingot_err *err)
{
	struct step_report r = { .end = STEP_END_FAILED, .err = *err };
	kill_all(i);
	tell(i->report, &r);
}

static _Noreturn void finish(const struct init *i, enum step_end end, int wait_status)
{
	struct step_report r = { .end = end, .wait_status = wait_status };
	kill_all(i);
	if (i->course)
		course_end(i->course, &r.course);
	if (i->record)
		record_seen(i->record, r.calls);
	if (end == STEP_END_EXITED && too_much(i, 0)) /* it wrote quicker than we looked */
		r.end = STEP_END_DISK;
	if (r.end == STEP_END_EXITED && i->ledger && ledger_write(i->ledger, i->upper, i->ledger_to, &r.err) < 0)
		r.end = STEP_END_FAILED;
	tell(i->report, &r);
}

/* Executed, or the reason why not. */
static void hear_executed(struct init *i)
{
	struct ingot_err why = INGOT_ERR_INIT, err = INGOT_ERR_INIT;
	ssize_t n = ingot_read_upto(i->executed, &why, sizeof(why), &err);
	if (n != 0) {
		if (n != (ssize_t)sizeof(why))
			(void)ingot_fail(&why, INGOT_E_HOST, "the payload ended while it was being confined");
		failed(i, &why);
	}
	ingot_closep(&i->executed);
	if (i->course && course_begin(i->course, i->payload, &err) < 0)
		failed(i, &err);
}

static void hear_listener(struct init *i)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(i->listener_from, &m, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int))) {
		int fd;
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		if (i->asks)
			asks_listen(i->asks, fd);
		else
			record_listen(i->record, fd);
	}
	/* Without one the payload is dead, and its end says why. A record has one of each payload, and then an end. */
	if (n <= 0 || i->asks)
		ingot_closep(&i->listener_from);
}

static void reap(struct init *i)
{
	struct signalfd_siginfo heard;
	while (read(i->signals, &heard, sizeof(heard)) == sizeof(heard))
		if (heard.ssi_signo == SIGTERM)
			finish(i, STEP_END_STOPPED, 0);
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == i->payload && i->executed >= 0)
			hear_executed(i);
		if (i->course && course_reaped(i->course, pid, status))
			continue;
		if (pid == i->payload)
			finish(i, step_memory_look(i->memory) == STEP_END_TASKS ? STEP_END_TASKS : STEP_END_EXITED, status); /* they came quicker than we looked */
	}
}

/* Memory fills in a fraction of a second, so it is looked at often; a twentieth of the time goes into that, or as much as one look a second takes. Returns when to look again. */
static int64_t look_at_memory(struct init *i)
{
	int64_t before = now_ms();
	enum step_end over = step_memory_look(i->memory);
	if (over != STEP_END_EXITED)
		finish(i, over, 0);
	int64_t after = now_ms(), took = after - before;
	return after + (took * 19 < 100 ? 100 : took * 19 > 1000 ? 1000 : took * 19);
}

/* What is waited for, beside the clock. */
enum heard { SIGNALS, EXECUTED, LISTENER, ASKS, COURSE, RECORD, N_HEARD = RECORD + STEP_RECORDED };

static void listen_to(const struct init *i, struct pollfd f[N_HEARD])
{
	const int fds[] = { i->signals, i->executed, i->listener_from, i->asks ? asks_fd(i->asks) : -1, i->course ? course_fd(i->course) : -1 };
	for (size_t k = 0; k < N_HEARD; k++)
		f[k] = (struct pollfd){ k < RECORD ? fds[k] : i->record ? record_fd(i->record, k - RECORD) : -1, POLLIN, 0 };
}

static void hear(struct init *i, const struct pollfd f[N_HEARD])
{
	struct ingot_err err = INGOT_ERR_INIT;
	if (f[LISTENER].revents)
		hear_listener(i);
	if (f[EXECUTED].revents)
		hear_executed(i);
	if (f[ASKS].revents && asks_serve(i->asks) == ASKS_NEED_IDENTITY)
		finish(i, STEP_END_IDENTITY, 0);
	for (size_t k = 0; k < STEP_RECORDED; k++)
		if (f[RECORD + k].revents)
			record_serve(i->record, k);
	if (f[COURSE].revents && course_hear(i->course, &err) < 0)
		failed(i, &err);
	if (f[SIGNALS].revents)
		reap(i);
}

static void look_at_course(struct init *i)
{
	struct ingot_err err = INGOT_ERR_INIT;
	if (course_look(i->course, &err) < 0)
		failed(i, &err);
	if (course_over(i->course))
		finish(i, STEP_END_EXITED, 0);
}

static int64_t earliest(const struct init *i, int64_t next, int64_t next_memory)
{
	int64_t first = next < next_memory ? next : next_memory;
	return i->course && course_due(i->course) < first ? course_due(i->course) : first;
}

static _Noreturn void watch(struct init *i)
{
	int64_t pause = 500, next = now_ms() + pause, next_memory = now_ms() + 50;
	for (;;) {
		if (now_ms() >= next_memory)
			next_memory = look_at_memory(i);
		struct pollfd f[N_HEARD];
		listen_to(i, f);
		int64_t left = earliest(i, next, next_memory) - now_ms();
		if (left > 0 && poll(f, N_HEARD, (int)left) > 0)
			hear(i, f);
		if (i->course)
			look_at_course(i);
		if (now_ms() < next)
			continue;
		int64_t before = now_ms();
		if (i->ledger)
			ledger_sweep(i->ledger);
		if (too_much(i, look_for_unnamed(i)))
			finish(i, STEP_END_DISK, 0);
		/* At most a tenth of the time goes into looking. */
		int64_t took = now_ms() - before;
		pause = took * 9 > 500 ? took * 9 : 500;
		next = now_ms() + pause;
	}
}

static int set_up(struct init *i, int go, uid_t uid, gid_t gid, struct ingot_err *err)
{
	const struct step_plan *p = i->p;
	char byte;
	if (prctl(PR_SET_PDEATHSIG, p->flags & INGOT_STEP_CHROOT ? SIGTERM : SIGKILL) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "asking to die with the supervisor");
	/* The supervisor writes after we have asked; if it is dead already, this is an end of file. */
	if (read(go, &byte, 1) != 1)
		_exit(1);
	if (p->flags & INGOT_STEP_CHROOT)
		return step_chroot_prepare(p, &i->proc, &i->upper, err);
	(void)umask(0); /* modes of what is made in our own tmpfs are exact */
	_cleanup_(ingot_closep) int proc = step_open_proc(err);
	ingot_pass(proc);
	ingot_pass(step_map_ids(proc, uid, gid, p->uid, p->gid, err));
	step_oom_first(proc);
	/* From here on nobody of the same uid can trace us or look into /proc/1 (CVE-2019-5736). */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "hiding from the step");
	ingot_pass(step_enter_root(p, proc, &i->upper, err));
	/* Whatever is said of /proc from here on is said from there, so that it can be one that is not below the step's root. */
	_cleanup_(ingot_closep) int inside = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return inside < 0 || fchdir(inside) < 0 ? ingot_fail_sys(err, INGOT_E_HOST, "entering the step's /proc") : 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Before anything of the step exists: only what init and the payload still need. */
static int keep_only(const struct init *i, const struct step_pipes *pipes, struct ingot_err *err)
{
	const int *a = pipes->stdio, *b = pipes->beside;
	int all[10 + STEP_MAX_VOLUMES] = { a[0], a[1], a[2], b[0], b[1], b[2], i->report, i->upper, i->ledger_to, i->proc }, keep[10 + STEP_MAX_VOLUMES] = { 0 };
	size_t n = 0, n_all = 10;
	/* Caches count as the step's disk; a volume of ingot run, which has no upper directory, is the user's own affair. */
	for (size_t k = 0; k < i->p->n_mounts && i->upper >= 0; k++)
		if (i->p->mounts[k].volume && !i->p->mounts[k].readonly)
			all[n_all++] = i->p->mounts[k].fd;
	qsort(all, n_all, sizeof(all[0]), by_number);
	for (size_t k = 0; k < n_all; k++)
		if (all[k] >= 0 && (!n || keep[n - 1] != all[k]))
			keep[n++] = all[k];
	return step_close_all_but(keep, n, err);
}

/* What init still needs: looking below the upper directory, whatever modes the step gave; and with a ledger, looking into the processes that ask, and doing what they
 * may do themselves. */
static int shrink(const struct init *i, struct ingot_err *err)
{
	static const int keep_caps[] = { CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_SYS_PTRACE };
	if (i->p->flags & INGOT_STEP_CHROOT)
		ingot_pass(step_chroot_shrink(i->p, err));
	else
		ingot_pass(step_drop_caps(keep_caps, i->ledger ? 4 : i->upper >= 0 ? 1 : 0, false, err));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "giving up new privileges");
	return step_filter_load(i->p->flags, err);
}

static int prepare(struct init *i, const struct step_pipes *pipes, uid_t uid, gid_t gid, sigset_t *child, struct ingot_err *err)
{
	ingot_pass(set_up(i, pipes->go, uid, gid, err));
	ingot_pass(keep_only(i, pipes, err));
	if (step_has_ledger(i->p) && (!(i->ledger = ledger_new(i->p, err)) || !(i->asks = asks_new(i->ledger, i->p, err))))
		return -1;
	i->used_before = step_disk_used(i->upper);
	if (!(i->memory = step_memory_new(i->p, err)) || (i->p->flags & INGOT_STEP_RECORD && !(i->record = record_new(err))))
		return -1;
	if (i->p->flags & INGOT_STEP_COURSE)
		i->course = course_new(i->p->course);
	if ((i->signals = signalfd(-1, child, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "waiting for processes of the step");
	return 0;
}

static pid_t fork_payload(const struct init *i, char *const *argv, const struct step_start *start)
{
	sigset_t none;
	sigemptyset(&none);
	pid_t pid = fork();
	if (pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)signal(SIGPIPE, SIG_DFL);
		step_payload(i->p, argv, start);
	}
	return pid;
}

/* What will run beside a service is confined now, while we can, and waits. */
static int start_beside(struct init *i, const struct step_pipes *pipes, int why, int listener_to, struct ingot_err *err)
{
	int go[2];
	struct step_start s = { .stdio = { pipes->beside[0], pipes->beside[1], pipes->beside[2] }, .report = why, .listener_to = listener_to };
	if (pipe2(go, O_CLOEXEC) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making a pipe");
	s.go = go[0];
	pid_t pid = fork_payload(i, i->p->course->argv, &s);
	if (pid < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting what runs beside the service");
	(void)close(go[0]);
	course_beside(i->course, pid, go[1]);
	return 0;
}

static int start_payload(struct init *i, const struct step_pipes *pipes, struct ingot_err *err)
{
	int why[2], listener[2];
	if (pipe2(why, O_CLOEXEC) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, listener) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting the payload");
	const struct step_start s = { .stdio = { pipes->stdio[0], pipes->stdio[1], pipes->stdio[2] }, .report = why[1], .listener_to = listener[1], .go = -1 };
	if ((i->payload = fork_payload(i, i->p->argv, &s)) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting the payload");
	if (i->course && i->p->course->n_argv)
		ingot_pass(start_beside(i, pipes, pipes->beside[2], listener[1], err));
	(void)close(why[1]);
	(void)close(listener[1]);
	for (int k = 0; k < 3; k++) {
		(void)close(pipes->stdio[k]);
		if (pipes->beside[k] >= 0 && pipes->beside[k] != pipes->stdio[k])
			(void)close(pipes->beside[k]);
	}
	i->executed = why[0];
	i->listener_from = listener[0];
	if (!i->ledger && !i->record)
		ingot_closep(&i->listener_from);
	return 0;
}

_Noreturn void step_init(const struct step_plan *p, const struct step_pipes *pipes, uid_t uid, gid_t gid)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct init i = { .p = p, .payload = -1, .upper = -1, .proc = -1, .report = pipes->report, .ledger_to = pipes->ledger, .signals = -1, .executed = -1, .listener_from = -1 };
	sigset_t all, child;
	sigfillset(&all);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	/* Only there: what is blocked is not ignored, so in a pid namespace the step itself could send it to pid 1. */
	if (p->flags & INGOT_STEP_CHROOT)
		sigaddset(&child, SIGTERM);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	if (prepare(&i, pipes, uid, gid, &child, &err) < 0 || start_payload(&i, pipes, &err) < 0 || shrink(&i, &err) < 0)
		failed(&i, &err);
	watch(&i);
}
