/* course.c - a service under test, led by init: up, asked, something run beside it, ended, its files looked at. A state that waits for one thing at a time, so that init
 * goes on reaping and watching meanwhile. */
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_LOOK MIB(16)

enum phase { IDLE, UP, ASKING, BESIDE, ENDING, OVER };

struct course {
	const struct step_course *c;
	enum phase phase;
	pid_t service, beside, asker;
	int go, answer; /* beside waits for the one, the asker tells on the other */
	int64_t due;
	struct ingot_course_result result;
};

static int64_t in_s(unsigned seconds)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + (int64_t)seconds * 1000;
}

struct course *course_new(const struct step_course *c)
{
	struct course *s = ingot_alloc(sizeof(*s));
	*s = (struct course){ .c = c, .service = -1, .beside = -1, .asker = -1, .go = -1, .answer = -1, .due = INT64_MAX };
	return s;
}

void course_beside(struct course *s, pid_t pid, int take_go)
{
	s->beside = pid;
	s->go = take_go;
}

int64_t course_due(const struct course *s)
{
	return s->due;
}

int course_fd(const struct course *s)
{
	return s->answer;
}

static void over(struct course *s, enum ingot_course_end end)
{
	s->result.end = end;
	s->phase = OVER;
	s->due = INT64_MAX;
}

static void end_service(struct course *s)
{
	s->phase = ENDING;
	s->due = in_s(s->c->within);
	(void)kill(s->service, (int)s->c->signal); /* ESRCH: it has just ended, and will be reaped */
}

static int run_beside(struct course *s, struct ingot_err *err)
{
	if (s->beside < 0) {
		end_service(s);
		return 0;
	}
	s->phase = BESIDE;
	s->due = in_s(s->c->patience);
	/* SIGPIPE is blocked here; nobody reads where the service has killed it. */
	if (write(s->go, "g", 1) != 1 && errno != EPIPE)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting what runs beside the service");
	ingot_closep(&s->go);
	return 0;
}

static int ask_port(struct course *s, struct ingot_err *err)
{
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0 || (s->asker = fork()) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "starting the process that asks the port");
	if (s->asker == 0)
		step_ask_port(s->c, p[1]);
	(void)close(p[1]);
	s->answer = p[0];
	s->phase = ASKING;
	s->due = in_s(s->c->wait + 5); /* it watches the clock itself */
	return 0;
}

int course_begin(struct course *s, pid_t service, struct ingot_err *err)
{
	if (!s->c->signal)
		return 0;
	s->service = service;
	if (s->c->port)
		return ask_port(s, err);
	s->phase = UP;
	s->due = in_s(s->c->wait);
	return 0;
}

/* What the asker found. Nothing from it: it was killed. */
int course_hear(struct course *s, struct ingot_err *err)
{
	struct ingot_course_result r = { 0 };
	struct ingot_err ignored = INGOT_ERR_INIT;
	ssize_t n = ingot_read_upto(s->answer, &r, sizeof(r), &ignored);
	ingot_closep(&s->answer);
	if (n != (ssize_t)sizeof(r) || r.n_text > sizeof(r.text) || r.end > INGOT_COURSE_OTHERWISE)
		r = (struct ingot_course_result){ .end = INGOT_COURSE_SILENT };
	if (r.end == INGOT_COURSE_DONE)
		return run_beside(s, err);
	s->result = r;
	over(s, r.end);
	return 0;
}

int course_look(struct course *s, struct ingot_err *err)
{
	if (in_s(0) < s->due)
		return 0;
	if (s->phase == UP)
		return run_beside(s, err);
	if (s->phase != OVER)
		over(s, s->phase == ASKING ? INGOT_COURSE_SILENT : s->phase == BESIDE ? INGOT_COURSE_LATE : INGOT_COURSE_STAYS);
	return 0;
}

bool course_over(const struct course *s)
{
	return s->phase == OVER;
}

bool course_reaped(struct course *s, pid_t pid, int status)
{
	if (pid == s->service && s->phase != IDLE) {
		if (s->phase != OVER)
			over(s, s->phase == ENDING ? INGOT_COURSE_DONE : INGOT_COURSE_EARLY);
		return false;
	}
	if (pid != s->beside)
		return pid == s->asker;
	s->beside = -1;
	s->result.status = WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 0;
	s->result.signal = WIFSIGNALED(status) ? (unsigned)WTERMSIG(status) : 0;
	/* Before its time it can only have been killed, by the service; then its end is seen when it should begin. */
	if (s->phase == BESIDE)
		end_service(s);
	return true;
}

/* NULL: it holds. Everybody is dead, so what is looked at stays as it is. */
static const char *look_at_file(int root, const struct ingot_course_file *f)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_span path;
	struct stat st;
	if (ingot_path_from_absolute(ingot_span_of(f->path), &path) < 0)
		return "is no path";
	_cleanup_(ingot_closep) int at = ingot_open_beneath(root, path, O_PATH, &err);
	if (f->absent)
		return at >= 0 ? "is there" : err.sys == ENOENT ? NULL : "cannot be looked at";
	if (at < 0)
		return err.sys == ENOENT ? "is not there" : "cannot be looked at";
	if (!f->contains.n)
		return NULL;
	if (fstat(at, &st) < 0 || !S_ISREG(st.st_mode))
		return "is no file";
	_cleanup_(ingot_closep) int fd = ingot_open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &err);
	size_t room = (uint64_t)st.st_size < FILE_LOOK ? (size_t)st.st_size : FILE_LOOK;
	_cleanup_(ingot_freep) char *text = ingot_alloc(room + 1);
	ssize_t n = fd < 0 ? -1 : ingot_read_upto(fd, text, room, &err);
	if (n < 0)
		return "cannot be read";
	return memmem(text, (size_t)n, f->contains.p, f->contains.n) ? NULL : "lacks what it must contain";
}

void course_end(struct course *s, struct ingot_course_result *ret)
{
	_cleanup_(ingot_closep) int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; s->result.end == INGOT_COURSE_DONE && i < s->c->n_files; i++) {
		const char *wrong = look_at_file(root, &s->c->files[i]);
		if (!wrong)
			continue;
		s->result.end = INGOT_COURSE_FILE;
		s->result.which = (unsigned)i;
		s->result.n_text = strlen(wrong);
		memcpy(s->result.text, wrong, s->result.n_text);
	}
	*ret = s->result;
}
