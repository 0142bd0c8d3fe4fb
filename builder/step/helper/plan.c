#include "sandbox.h"
#include <ingot/mem.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <string.h>

static int text(struct ingot_span s, char **ret, struct ingot_err *err)
{
	if (ingot_span_has(s, '\0'))
		return ingot_fail(err, INGOT_E_INPUT, "a word of the plan holds a NUL");
	char *copy = ingot_alloc(s.n + 1);
	if (s.n)
		memcpy(copy, s.p, s.n);
	*ret = copy;
	return 0;
}

static int word(char ***list, size_t *n, struct ingot_span s, struct ingot_err *err)
{
	if (*n >= INGOT_MAX_ARGS)
		return ingot_fail(err, INGOT_E_INPUT, "more than %d arguments or variables", INGOT_MAX_ARGS);
	ingot_pass(text(s, &(*list)[*n], err));
	++*n;
	return 0;
}

/* "SIZE /path" or "ro /path" */
static int mount_word(struct step_plan *p, uint32_t kind, struct ingot_span s, struct ingot_err *err)
{
	bool volume = kind == INGOT_WORD_VOLUME;
	struct ingot_span head;
	if (p->n_mounts >= STEP_MAX_TMPFS + STEP_MAX_VOLUMES || (volume && p->n_volumes >= STEP_MAX_VOLUMES))
		return ingot_fail(err, INGOT_E_INPUT, "too many mounts");
	if (!ingot_span_next(&s, ' ', &head) || !s.n || s.p[0] != '/')
		return ingot_fail(err, INGOT_E_INPUT, "a mount of the plan has no absolute path");
	struct step_mount *m = &p->mounts[p->n_mounts];
	m->volume = volume;
	m->filled = kind == INGOT_WORD_FILLED;
	m->fd = -1;
	if (volume) {
		m->readonly = !ingot_span_is(head, "rw");
		m->fd = STEP_FD_VOLUME + (int)p->n_volumes;
	} else if (ingot_parse_u64(head, INGOT_MAX_FILE, &m->size) < 0) {
		return ingot_fail(err, INGOT_E_INPUT, "a tmpfs of the plan has no size");
	}
	ingot_pass(text(s, &m->path, err));
	p->n_mounts++;
	p->n_volumes += volume;
	return 0;
}

/* "SET UID GID MODE TYPE MAJOR MINOR CAPS path" */
static int seed_word(struct step_plan *p, struct ingot_span s, struct ingot_err *err)
{
	struct step_seed seed;
	struct ingot_span line = s, word;
	for (size_t i = 0; i < 8; i++)
		if (!ingot_span_next(&s, ' ', &word))
			return ingot_fail(err, INGOT_E_BUG, "helper protocol: half an owner of the Tree");
	line.n = (size_t)(word.p + word.n - line.p);
	if (ingot_owned_parse(line, &seed.is) < 0 || !s.n || p->n_seeds >= INGOT_MAX_ENTRIES)
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: an owner of the Tree that cannot be");
	ingot_pass(text(s, &seed.path, err));
	ingot_reserve(p->seeds, p->n_seeds, p->cap_seeds);
	p->seeds[p->n_seeds++] = seed;
	return 0;
}

static struct step_course *course_of(struct step_plan *p)
{
	if (!p->course) {
		p->course = ingot_alloc(sizeof(*p->course));
		p->course->send.max = p->course->expect.max = KIB(64);
		p->course->argv = ingot_alloc_array(INGOT_MAX_ARGS + 1, sizeof(char *));
	}
	return p->course;
}

/* "SIGNAL WITHIN PORT tcp|udp WAIT PATIENCE" */
static int course_word(struct step_course *c, struct ingot_span s, struct ingot_err *err)
{
	struct ingot_span f[6];
	uint32_t v[6] = { 0 };
	static const uint32_t most[6] = { 64, 86400, 65535, 0, 86400, 86400 };
	bool fine = true;
	for (size_t i = 0; i < 6 && fine; i++)
		fine = ingot_span_next(&s, ' ', &f[i]) && (i == 3 || ingot_parse_u32(f[i], most[i], &v[i]) == 0);
	if (!fine || s.n || (!ingot_span_is(f[3], "tcp") && !ingot_span_is(f[3], "udp")))
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: a course that cannot be");
	c->signal = v[0];
	c->within = v[1];
	c->port = v[2];
	c->udp = ingot_span_is(f[3], "udp");
	c->wait = v[4];
	c->patience = v[5];
	return 0;
}

/* "absent|present PATH\0CONTAINS" */
static int file_word(struct step_course *c, struct ingot_span s, struct ingot_err *err)
{
	struct ingot_span how, path;
	char *p, *contains;
	const char *nul = s.n ? memchr(s.p, '\0', s.n) : NULL;
	if (c->n_files >= INGOT_MAX_COURSE_FILES || !nul)
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: too many files, or half of one");
	struct ingot_span head = { s.p, (size_t)(nul - s.p) }, rest = { nul + 1, s.n - head.n - 1 };
	if (!ingot_span_next(&head, ' ', &how) || !head.n)
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: a file without a path");
	path = head;
	ingot_pass(text(path, &p, err));
	ingot_pass(text(rest, &contains, err));
	c->files[c->n_files++] = (struct ingot_course_file){ .path = p, .absent = ingot_span_is(how, "absent"), .contains = { contains, rest.n } };
	return 0;
}

static int take_course(struct step_plan *p, const struct ingot_msg_word *w, struct ingot_err *err)
{
	struct step_course *c = course_of(p);
	switch (w->kind) {
	case INGOT_WORD_COURSE:
		return course_word(c, w->text, err);
	case INGOT_WORD_SEND:
		ingot_buf_span(&c->send, w->text);
		return ingot_buf_check(&c->send, "what is sent to the port", err);
	case INGOT_WORD_EXPECT:
		ingot_buf_span(&c->expect, w->text);
		return ingot_buf_check(&c->expect, "what the port is expected to say", err);
	case INGOT_WORD_BESIDE:
		return word(&c->argv, &c->n_argv, w->text, err);
	default:
		return file_word(c, w->text, err);
	}
}

static int take_word(struct step_plan *p, const struct ingot_msg_word *w, struct ingot_err *err)
{
	switch (w->kind) {
	case INGOT_WORD_ARGV:
		return word(&p->argv, &p->n_argv, w->text, err);
	case INGOT_WORD_ENV:
		return word(&p->env, &p->n_env, w->text, err);
	case INGOT_WORD_SCRIPT:
		ingot_buf_span(&p->script, w->text);
		return ingot_buf_check(&p->script, "the script", err);
	case INGOT_WORD_TMPFS:
	case INGOT_WORD_FILLED:
	case INGOT_WORD_VOLUME:
		return mount_word(p, w->kind, w->text, err);
	case INGOT_WORD_SEED:
		return seed_word(p, w->text, err);
	case INGOT_WORD_SECRET:
		if (p->n_secrets >= INGOT_MAX_STEP_SECRETS || !ingot_name_valid(w->text))
			return ingot_fail(err, INGOT_E_INPUT, "too many secrets, or one without a name");
		return text(w->text, &p->secrets[p->n_secrets++], err);
	case INGOT_WORD_COURSE:
	case INGOT_WORD_SEND:
	case INGOT_WORD_EXPECT:
	case INGOT_WORD_BESIDE:
	case INGOT_WORD_FILE:
		return take_course(p, w, err);
	default:
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: a word of kind %u", w->kind);
	}
}

bool step_has_ledger(const struct step_plan *p)
{
	return !(p->flags & INGOT_STEP_READONLY); /* nothing of it is taken in */
}

int step_plan_receive(struct ingot_chan *c, struct step_plan *ret, struct ingot_err *err)
{
	union ingot_msg m;
	ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_PLAN), &m, err));
	const struct ingot_msg_plan *w = &m.plan;
	struct step_plan p = { .what = w->what, .flags = w->flags, .timeout = w->timeout, .uid = w->uid, .gid = w->gid, .tmpfs_size = w->tmpfs_size, .disk_limit = w->disk_limit, .memory = w->memory, .memory_limit = w->memory };
	p.script.max = MIB(16);
	p.argv = ingot_alloc_array(INGOT_MAX_ARGS + 1, sizeof(char *));
	p.env = ingot_alloc_array(INGOT_MAX_ARGS + 1, sizeof(char *));
	p.mounts = ingot_alloc_array(STEP_MAX_TMPFS + STEP_MAX_VOLUMES, sizeof(*p.mounts));
	p.secrets = ingot_alloc_array(INGOT_MAX_STEP_SECRETS, sizeof(char *));
	/* On a failure the process ends, and its memory with it. */
	ingot_pass(text(w->workdir, &p.workdir, err));
	ingot_pass(text(w->hostname, &p.hostname, err));
	for (;;) {
		int type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_WORD) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			break;
		ingot_pass(take_word(&p, &m.word, err));
	}
	if (p.what == INGOT_PLAN_RUN && (!p.n_argv || !p.argv[0][0] || p.workdir[0] != '/' || !p.hostname[0] || !p.timeout || !p.disk_limit || !p.tmpfs_size))
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: an incomplete plan");
	if (!p.course != !(p.flags & INGOT_STEP_COURSE))
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: a course that is not there");
	if (p.flags & INGOT_STEP_RECORD && step_has_ledger(&p))
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: a record beside a ledger"); /* the kernel knows one listener only */
	*ret = p;
	return 0;
}
