/* client.c - the coordinator's side of ingot-step. */
#include "copy.h"
#include "coursewords.h"
#include "fds.h"
#include "output.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/doctor.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/step.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 3600
#define DEFAULT_DISK GIB(16)
#define DEFAULT_TMPFS GIB(1)

const char *const *ingot_step_mountpoints(void)
{
	static const char *const points[] = { "dev", "proc", "run", "sys", "tmp", NULL };
	return points;
}

void ingot_step_result_done(struct ingot_step_result *r)
{
	ingot_buf_done(&r->tail);
	ingot_arena_free(r->arena);
	free(r->owned);
	r->arena = NULL;
	r->owned = NULL;
	r->n_owned = 0;
}

/* overlayfs refuses a work directory that a volatile mount has used, and has no need of the old one. */
static int scratch_again(int scratch_fd, struct ingot_err *err)
{
	if (renameat(scratch_fd, STEP_WORK, scratch_fd, STEP_WORK ".old") < 0 || mkdirat(scratch_fd, STEP_WORK, 0700) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "making the step's scratch directories");
	return 0;
}

/* The upper directory is the root that the step sees, so it begins as a likeness of the checkout's. */
static int make_scratch(const struct ingot_step_plan *p, struct ingot_err *err)
{
	struct stat st;
	if (fstat(p->root_fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "looking at the checkout");
	if (p->flags & INGOT_STEP_AGAIN)
		return scratch_again(p->scratch_fd, err);
	if (mkdirat(p->scratch_fd, STEP_UPPER, 0700) < 0 || mkdirat(p->scratch_fd, STEP_WORK, 0700) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "making the step's scratch directories");
	_cleanup_(ingot_closep) int upper = openat(p->scratch_fd, STEP_UPPER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct timespec times[2] = { st.st_atim, st.st_mtim };
	if (upper < 0 || fchmod(upper, st.st_mode & 07777) < 0 || futimens(upper, times) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "making the step's scratch directories");
	return 0;
}

static int send_word(struct ingot_chan *c, uint32_t kind, struct ingot_span text, struct ingot_err *err)
{
	if (text.n > INGOT_MAX_ARG_BYTES)
		return ingot_fail(err, INGOT_E_INPUT, "an argument or variable of a step is longer than %llu bytes", (unsigned long long)INGOT_MAX_ARG_BYTES);
	struct ingot_msg_word w = { .kind = kind, .text = text };
	return ingot_chan_send(c, INGOT_MSG_WORD, &w, err);
}

static bool has_env(const struct ingot_step_plan *p, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < p->n_env; i++)
		if (strncmp(p->env[i], name, n) == 0 && p->env[i][n] == '=')
			return true;
	return false;
}

static int send_env(struct ingot_chan *c, const struct ingot_step_plan *p, struct ingot_err *err)
{
	char epoch[64];
	(void)snprintf(epoch, sizeof(epoch), "SOURCE_DATE_EPOCH=%lld", (long long)p->source_date_epoch);
	const char *defaults[][2] = { { "PATH", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
				      { "HOME", p->uid == 0 ? "HOME=/root" : "HOME=/" },
				      { "LANG", p->flags & INGOT_STEP_READONLY ? NULL : "LANG=C.UTF-8" },
				      { "SOURCE_DATE_EPOCH", p->source_date_epoch < 0 ? NULL : epoch } };
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (defaults[i][1] && !has_env(p, defaults[i][0]))
			ingot_pass(send_word(c, INGOT_WORD_ENV, ingot_span_of(defaults[i][1]), err));
	for (size_t i = 0; i < p->n_env; i++)
		ingot_pass(send_word(c, INGOT_WORD_ENV, ingot_span_of(p->env[i]), err));
	return 0;
}

static int send_mounts(struct ingot_chan *c, const struct ingot_step_plan *p, struct ingot_err *err)
{
	char text[4096 + 64];
	for (size_t i = 0; i < p->n_tmpfs; i++) {
		(void)snprintf(text, sizeof(text), "%llu %s", (unsigned long long)p->tmpfs[i].size, p->tmpfs[i].path);
		ingot_pass(send_word(c, p->tmpfs[i].filled ? INGOT_WORD_FILLED : INGOT_WORD_TMPFS, ingot_span_of(text), err));
	}
	for (size_t i = 0; i < p->n_volumes; i++) {
		(void)snprintf(text, sizeof(text), "%s %s", p->volumes[i].readonly ? "ro" : "rw", p->volumes[i].path);
		ingot_pass(send_word(c, INGOT_WORD_VOLUME, ingot_span_of(text), err));
	}
	for (size_t i = 0; i < p->n_secrets; i++)
		ingot_pass(send_word(c, INGOT_WORD_SECRET, ingot_span_of(p->secrets[i].id), err));
	return 0;
}

/* Owners, by number and not by name: what a name means is in the Tree, which the step changes. */
static int send_seeds(struct ingot_chan *c, const struct ingot_step_plan *p, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_PATH + INGOT_OWNED_TEXT);
	for (size_t i = 0; !(p->flags & INGOT_STEP_READONLY) && i < p->n_seeds; i++) {
		const struct ingot_step_seed *s = &p->seeds[i];
		struct ingot_owned o = { .set = INGOT_OWNED_UID | INGOT_OWNED_GID | INGOT_OWNED_MODE, .uid = s->uid, .gid = s->gid, .mode = s->mode };
		char line[INGOT_OWNED_TEXT];
		if (s->caps.n == INGOT_CAPS_SIZE) {
			o.set |= INGOT_OWNED_CAPS;
			o.n_caps = INGOT_CAPS_SIZE;
			memcpy(o.caps, s->caps.p, INGOT_CAPS_SIZE);
		}
		ingot_owned_text(&o, line);
		ingot_buf_clear(&text);
		ingot_buf_fmt(&text, "%s ", line);
		ingot_buf_span(&text, s->path);
		ingot_pass(send_word(c, INGOT_WORD_SEED, ingot_buf_view(&text), err));
	}
	return 0;
}

/* copied: bytes that are in scratch before the step writes any */
static int send_plan(struct ingot_chan *c, const struct ingot_step_plan *p, uint64_t copied, struct ingot_err *err)
{
	struct ingot_msg_plan m = { .what = INGOT_PLAN_RUN,
				    .uid = p->uid,
				    .gid = p->gid,
				    .flags = p->flags | (p->base_fd >= 0 ? INGOT_STEP_LAYERED : 0) | (p->course ? INGOT_STEP_COURSE : 0),
				    .timeout = p->timeout ? p->timeout : DEFAULT_TIMEOUT,
				    .tmpfs_size = p->tmpfs_size ? p->tmpfs_size : DEFAULT_TMPFS,
				    .disk_limit = (p->disk_limit ? p->disk_limit : DEFAULT_DISK) + copied,
				    .memory = p->memory,
				    .workdir = ingot_span_of(p->workdir ? p->workdir : "/"),
				    .hostname = ingot_span_of(p->hostname ? p->hostname : "ingot") };
	ingot_pass(ingot_chan_send(c, INGOT_MSG_PLAN, &m, err));
	for (size_t i = 0; i < p->n_argv; i++)
		ingot_pass(send_word(c, INGOT_WORD_ARGV, ingot_span_of(p->argv[i]), err));
	ingot_pass(send_env(c, p, err));
	for (size_t at = 0; at < p->script.n; at += KIB(64)) {
		size_t n = p->script.n - at;
		ingot_pass(send_word(c, INGOT_WORD_SCRIPT, (struct ingot_span){ p->script.p + at, n < KIB(64) ? n : KIB(64) }, err));
	}
	ingot_pass(send_mounts(c, p, err));
	ingot_pass(send_seeds(c, p, err));
	if (p->course)
		ingot_pass(step_course_send(c, p->course, err));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}

static int check_plan(const struct ingot_step_plan *p, struct ingot_err *err)
{
	ingot_assert(p->base_fd < 0 || !(p->flags & (INGOT_STEP_COPIED | INGOT_STEP_READONLY)));
	ingot_assert(p->root_fd >= 0 && (p->flags & INGOT_STEP_READONLY || p->scratch_fd >= 0));
	ingot_assert(!(p->flags & INGOT_STEP_CHROOT) || (p->flags & (INGOT_STEP_COPIED | INGOT_STEP_READONLY)) == INGOT_STEP_COPIED);
	if (p->flags & INGOT_STEP_CHROOT && (p->n_tmpfs || p->n_volumes || p->n_secrets || p->flags & (INGOT_STEP_NETWORK_HOST | INGOT_STEP_LOOPBACK)))
		return ingot_fail(err, INGOT_E_HOST, "this host gives no namespaces, and mounts, secrets and networks of a step's own need them");
	if (!p->n_argv || p->n_argv > INGOT_MAX_ARGS || p->n_env > INGOT_MAX_ARGS - 4)
		return ingot_fail(err, INGOT_E_INPUT, "a step needs a command, of at most %d words and as many variables", INGOT_MAX_ARGS - 4);
	if (p->n_volumes > STEP_MAX_VOLUMES || p->n_tmpfs > STEP_MAX_TMPFS)
		return ingot_fail(err, INGOT_E_INPUT, "at most %d volumes and %d writable places", STEP_MAX_VOLUMES, STEP_MAX_TMPFS);
	if (p->n_secrets > INGOT_MAX_STEP_SECRETS)
		return ingot_fail(err, INGOT_E_INPUT, "at most %d secrets", INGOT_MAX_STEP_SECRETS);
	if (p->script.n > MIB(16))
		return ingot_fail(err, INGOT_E_INPUT, "the script is longer than 16 MiB");
	ingot_assert(!(p->flags & INGOT_STEP_RECORD) || p->flags & INGOT_STEP_READONLY);
	if (p->course)
		ingot_pass(step_course_check(p->course, err));
	for (size_t i = 0; i < p->n_tmpfs + p->n_volumes; i++) {
		const char *path = i < p->n_tmpfs ? p->tmpfs[i].path : p->volumes[i - p->n_tmpfs].path;
		if (path[0] != '/' || strlen(path) > INGOT_MAX_PATH)
			return ingot_fail(err, INGOT_E_INPUT, "a writable place needs an absolute path");
	}
	return 0;
}

static int take_owned(struct ingot_step_result *r, size_t *cap, const struct ingot_msg_owned *m, struct ingot_err *err)
{
	struct ingot_step_owned o;
	if (r->n_owned >= INGOT_MAX_ENTRIES || !ingot_path_valid(m->path) || ingot_owned_parse(m->what, &o.is) < 0)
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: a line of the ledger that cannot be");
	if (!r->arena)
		r->arena = ingot_arena_new();
	o.path = ingot_arena_span(r->arena, m->path);
	ingot_reserve(r->owned, r->n_owned, *cap);
	r->owned[r->n_owned++] = o;
	return 0;
}

/* Those of what runs beside a service are 3 and 4, and where it does, it is what the caller wants to see. */
static void capture(const struct ingot_step_plan *p, unsigned stream, struct ingot_span data)
{
	unsigned first = p->course && p->course->n_argv ? 3 : 1;
	if (p->out && stream == first)
		ingot_buf_span(p->out, data);
	if (p->err && stream == first + 1)
		ingot_buf_span(p->err, data);
}

static int take_calls(struct ingot_step_result *r, struct ingot_span seen, struct ingot_err *err)
{
	if (seen.n != sizeof(r->calls))
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: a record of %zu bytes", seen.n);
	memcpy(r->calls, seen.p, seen.n);
	return 0;
}

/* Output until EXITED; at the end every process of the step is dead. */
static int follow(struct ingot_chan *c, const struct ingot_step_plan *p, struct step_output *o, struct ingot_step_result *r, struct ingot_err *err)
{
	union ingot_msg m;
	size_t cap = 0;
	uint64_t permit = INGOT_PERMIT(INGOT_MSG_OUTPUT) | INGOT_PERMIT(INGOT_MSG_OWNED) | INGOT_PERMIT(INGOT_MSG_EXITED);
	permit |= (p->course ? INGOT_PERMIT(INGOT_MSG_COURSE) : 0) | (p->flags & INGOT_STEP_RECORD ? INGOT_PERMIT(INGOT_MSG_CALLS) : 0);
	for (;;) {
		int type = ingot_chan_recv(c, permit, &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_OWNED) {
			permit &= ~INGOT_PERMIT(INGOT_MSG_OUTPUT);
			ingot_pass(take_owned(r, &cap, &m.owned, err));
			continue;
		}
		if (type == INGOT_MSG_COURSE || type == INGOT_MSG_CALLS) {
			permit &= ~(INGOT_PERMIT(INGOT_MSG_OUTPUT) | INGOT_PERMIT(type));
			if (type == INGOT_MSG_COURSE)
				step_course_take(&m.course, &r->course);
			else
				ingot_pass(take_calls(r, m.calls.seen, err));
			continue;
		}
		if (type == INGOT_MSG_OUTPUT) {
			capture(p, m.output.stream, m.output.data);
			step_output_take(o, m.output.stream, m.output.data);
			continue;
		}
		r->reason = m.exited.reason <= INGOT_STEP_TOO_MANY ? (enum ingot_step_reason)m.exited.reason : INGOT_STEP_SIGNALLED;
		r->status = m.exited.status;
		r->signal = m.exited.signal;
		return 0;
	}
}

int ingot_step_run(const struct ingot_step_plan *p, const struct ingot_log *log, struct ingot_step_result *ret, struct ingot_err *err)
{
	int fds[STEP_FDS];
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(check_plan(p, err));
	uint64_t copied = 0;
	if ((p->flags & (INGOT_STEP_COPIED | INGOT_STEP_AGAIN)) == INGOT_STEP_COPIED)
		ingot_pass(step_copy(p, &copied, err));
	else if (!(p->flags & (INGOT_STEP_READONLY | INGOT_STEP_COPIED)))
		ingot_pass(make_scratch(p, err));
	fds[0] = p->root_fd;
	fds[1] = p->flags & INGOT_STEP_READONLY ? -1 : p->scratch_fd;
	for (int i = 0; i < 3; i++)
		fds[2 + i] = p->flags & INGOT_STEP_STDIO || (i == 0 && p->flags & INGOT_STEP_STDIN) ? p->stdio[i] : -1;
	for (size_t i = 0; i < STEP_MAX_VOLUMES; i++)
		fds[5 + i] = i < p->n_volumes ? p->volumes[i].fd : -1;
	for (size_t i = 0; i < INGOT_MAX_STEP_SECRETS; i++)
		fds[5 + STEP_MAX_VOLUMES + i] = i < p->n_secrets ? p->secrets[i].fd : -1;
	fds[STEP_FD_BASE - INGOT_FIRST_FD] = p->base_fd;
	ingot_pass(ingot_helper_start(&h, "ingot-step", fds, STEP_FDS, err));
	/* The helper ends the step at its timeout and says so; this is for a helper that does not. */
	uint64_t patience = ((uint64_t)(p->timeout ? p->timeout : DEFAULT_TIMEOUT) + 60) * 1000;
	ingot_chan_set_timeout(h.chan, patience > INT32_MAX ? INT32_MAX : (int)patience);
	struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
	r.isolation = p->flags & INGOT_STEP_CHROOT ? INGOT_ISOLATION_CHROOT : INGOT_ISOLATION_FULL;
	struct step_output o;
	step_output_begin(&o, log, p->name, p->hide);
	int status = send_plan(h.chan, p, copied, err);
	if (status == 0)
		status = follow(h.chan, p, &o, &r, err);
	step_output_end(&o, &r);
	if (status == 0)
		status = ingot_helper_finish(&h, err);
	else if (err->code == INGOT_E_HOST)
		(void)ingot_doctor_explain(err);
	else if (err->code == INGOT_E_BUG)
		(void)ingot_helper_failed(&h, err);
	if (status < 0) {
		ingot_step_result_done(&r);
		return -1;
	}
	ingot_step_result_done(ret);
	*ret = r;
	return 0;
}

int ingot_step_check(const struct ingot_step_plan *p, const struct ingot_step_result *r, struct ingot_err *err)
{
	const char *name = p->name ? p->name : "the step";
	char last[400];
	if (r->reason == INGOT_STEP_ENDED && r->status == 0)
		return 0;
	switch (r->reason) {
	case INGOT_STEP_TIMED_OUT:
		(void)ingot_fail(err, INGOT_E_STEP, "%s did not end within %u s and was killed", name, p->timeout ? p->timeout : DEFAULT_TIMEOUT);
		(void)ingot_hint(err, "give it more time (timeout:), or look at what it waits for; there is no network in a step");
		break;
	case INGOT_STEP_DISK_FULL:
		(void)ingot_fail(err, INGOT_E_STEP, "%s wrote more than its limit of %llu MiB (or two million files) and was killed", name,
				 (unsigned long long)((p->disk_limit ? p->disk_limit : DEFAULT_DISK) >> 20));
		break;
	case INGOT_STEP_NO_MEMORY:
		if (p->memory)
			(void)ingot_fail(err, INGOT_E_STEP, "%s took more memory than its limit of %llu MiB and was killed", name, (unsigned long long)(p->memory >> 20));
		else
			(void)ingot_fail(err, INGOT_E_STEP, "%s took more than three quarters of the memory that there is and was killed", name);
		(void)ingot_hint(err, "let it do less at once (make -j), or give it more (memory:)");
		break;
	case INGOT_STEP_TOO_MANY:
		(void)ingot_fail(err, INGOT_E_STEP, "%s became more than %d processes and threads and was killed", name, INGOT_MAX_STEP_TASKS);
		break;
	case INGOT_STEP_SIGNALLED:
		(void)ingot_fail(err, INGOT_E_STEP, "%s was ended by signal %u (%s)%s", name, r->signal, strsignal((int)r->signal),
				 r->signal == 31 ? ": it made a system call of a foreign ABI (a 32-bit program?)" : r->signal == 9 ? ": out of memory?" : "");
		break;
	case INGOT_STEP_NEEDS_IDENTITY:
		(void)ingot_fail(err, INGOT_E_BUG, "%s became another user", name); /* the caller runs it again */
		break;
	case INGOT_STEP_ENDED:
		(void)ingot_fail(err, INGOT_E_STEP, "%s failed with exit status %u", name, r->status);
		break;
	}
	if (ingot_step_last_lines(r, last, sizeof(last)))
		(void)ingot_hint(err, "its last lines: %s", last);
	return -1;
}

static int start_harvest(int root_fd, int scratch_fd, unsigned flags, uint32_t uid, uint32_t gid, uint64_t limit, struct ingot_helper *ret, struct ingot_err *err)
{
	int fds[STEP_FDS];
	for (size_t i = 0; i < STEP_FDS; i++)
		fds[i] = -1;
	fds[0] = root_fd;
	fds[1] = scratch_fd;
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(ingot_helper_start(&h, "ingot-step", fds, STEP_FDS, err));
	struct ingot_msg_plan m = { .what = INGOT_PLAN_HARVEST, .flags = flags, .uid = uid, .gid = gid, .disk_limit = limit ? limit : DEFAULT_DISK, .workdir = INGOT_SPAN("/"), .hostname = INGOT_SPAN("ingot") };
	if (ingot_chan_send(h.chan, INGOT_MSG_PLAN, &m, err) < 0 || ingot_chan_send(h.chan, INGOT_MSG_DONE, NULL, err) < 0)
		return ingot_helper_failed(&h, err);
	*ret = h;
	h = (struct ingot_helper)INGOT_HELPER_INIT;
	return 0;
}

int ingot_step_harvest(int scratch_fd, uint32_t uid, uint32_t gid, uint64_t limit, struct ingot_helper *ret, struct ingot_err *err)
{
	return start_harvest(-1, scratch_fd, 0, uid, gid, limit, ret, err);
}

int ingot_step_harvest_copied(int root_fd, int scratch_fd, unsigned flags, uint32_t uid, uint32_t gid, uint64_t limit, struct ingot_helper *ret, struct ingot_err *err)
{
	ingot_assert(flags & INGOT_STEP_COPIED);
	return start_harvest(root_fd, scratch_fd, flags & (INGOT_STEP_COPIED | INGOT_STEP_CHROOT), uid, gid, limit, ret, err);
}
