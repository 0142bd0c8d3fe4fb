/* The coordinator's side of solving. What comes back is checked field by field: names and versions as Debian policy has them, paths below
 * pool/ without "..": they end in the lock, in messages, in URLs. */
#include <ingot/solve.h>
#include <ingot/escape.h>
#include <ingot/helper.h>
#include <ingot/path.h>

#define PIECE KIB(256)

static int question(struct ingot_helper *h, enum ingot_solve_what what, const char *arch, unsigned repos, struct ingot_err *err)
{
	struct ingot_msg_solve m = { .what = what, .arch = ingot_span_of(arch), .repos = repos };
	ingot_pass(ingot_helper_start(h, "ingot-solve", NULL, 0, err));
	return ingot_chan_send(h->chan, INGOT_MSG_SOLVE, &m, err);
}

static int send_text(struct ingot_chan *c, const char *p, size_t n, struct ingot_err *err)
{
	while (n) {
		struct ingot_msg_data d = { .data = { p, n > PIECE ? PIECE : n } };
		ingot_pass(ingot_chan_send(c, INGOT_MSG_DATA, &d, err));
		p += d.data.n;
		n -= d.data.n;
	}
	return 0;
}

/* Only characters of SET, at least one, the first no '-' or '.', no NUL of course. */
static bool made_of(struct ingot_span s, const char *set)
{
	if (!s.n || s.p[0] == '-' || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr(set, s.p[i]))
			return false;
	return true;
}

#define ALNUM "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool plain_path(struct ingot_span s)
{
	return made_of(s, ALNUM UPPER "/+-.:~_%=,@") && ingot_path_valid(s);
}

/* --- Release --- */

static void keep_release(const struct ingot_msg_release *m, struct ingot_arena *arena, struct ingot_release *r)
{
	r->suite = ingot_arena_str(arena, m->suite);
	r->codename = ingot_arena_str(arena, m->codename);
	r->origin = ingot_arena_str(arena, m->origin);
	r->date = (int64_t)m->date;
	r->valid_until = (int64_t)m->valid_until;
	r->by_hash = m->by_hash;
}

static int keep_file(const struct ingot_msg_indexfile *m, struct ingot_arena *arena, struct ingot_index_file *f, struct ingot_err *err)
{
	if (!plain_path(m->path) || ingot_digest_parse_hex(m->sha256, &f->sha256) < 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file names an index with an unusable path or digest: %s", INGOT_SHOW(m->path));
	f->path = ingot_arena_str(arena, m->path);
	f->size = m->size;
	return 0;
}

static int read_release(struct ingot_chan *c, struct ingot_arena *arena, struct ingot_release *ret, struct ingot_err *err)
{
	enum { MOST = 4096 }; /* components times compressions */
	union ingot_msg m;
	struct ingot_release r = { 0 };
	_cleanup_(ingot_freep) struct ingot_index_file *files = ingot_alloc_array(MOST, sizeof(*files));
	ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_RELEASE), &m, err));
	if (!made_of(m.release.codename.n ? m.release.codename : m.release.suite, ALNUM UPPER "+-._/ ") || (m.release.suite.n && !made_of(m.release.suite, ALNUM UPPER "+-._/ ")))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file's Suite or Codename is unusable");
	keep_release(&m.release, arena, &r);
	for (;;) {
		int type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_INDEXFILE) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			break;
		if (r.n_files == MOST)
			return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file names more than %d package indexes", MOST);
		ingot_pass(keep_file(&m.indexfile, arena, &files[r.n_files++], err));
	}
	r.files = ingot_arena_array(arena, r.n_files + 1, sizeof(*r.files));
	memcpy(r.files, files, r.n_files * sizeof(*files));
	*ret = r;
	return 0;
}

int ingot_solve_release(struct ingot_span text, const char *arch, struct ingot_arena *arena, struct ingot_release *ret, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	struct ingot_release r;
	ingot_pass(question(&h, INGOT_SOLVE_RELEASE, arch, 0, err));
	/* While we send, it does not: it answers only after DONE. */
	if (send_text(h.chan, text.p, text.n, err) < 0 || ingot_chan_send(h.chan, INGOT_MSG_DONE, NULL, err) < 0 || read_release(h.chan, arena, &r, err) < 0)
		return err->code == INGOT_E_BUG ? ingot_helper_failed(&h, err) : -1;
	ingot_pass(ingot_helper_finish(&h, err));
	*ret = r;
	return 0;
}

/* --- closures --- */

struct ingot_solver {
	struct ingot_helper h;
	uint64_t left; /* of the current index */
	unsigned n_repos, announced;
	bool open; /* an index is announced and not ended */
};

int ingot_solver_open(const char *arch, unsigned n_repos, struct ingot_solver **ret, struct ingot_err *err)
{
	_cleanup_(ingot_solver_freep) struct ingot_solver *s = ingot_alloc(sizeof(*s));
	s->h = (struct ingot_helper)INGOT_HELPER_INIT;
	s->n_repos = n_repos;
	if (n_repos == 0 || n_repos > 64)
		return ingot_fail(err, INGOT_E_INPUT, "%u package indexes; 1 to 64 are possible", n_repos);
	ingot_pass(question(&s->h, INGOT_SOLVE_CLOSURE, arch, n_repos, err));
	*ret = TAKE_PTR(s);
	return 0;
}

void ingot_solver_free(struct ingot_solver *s)
{
	ingot_helper_kill(&s->h);
	free(s);
}

static int sent(struct ingot_solver *s, int r, struct ingot_err *err)
{
	return r < 0 && err->code == INGOT_E_BUG ? ingot_helper_failed(&s->h, err) : r;
}

static int end_index(struct ingot_solver *s, struct ingot_err *err)
{
	if (!s->open)
		return 0;
	ingot_assert(s->left == 0);
	s->open = false;
	return sent(s, ingot_chan_send(s->h.chan, INGOT_MSG_DONE, NULL, err), err);
}

int ingot_solver_index(struct ingot_solver *s, const char *label, uint64_t size, struct ingot_err *err)
{
	ingot_assert(s->announced < s->n_repos);
	ingot_pass(end_index(s, err));
	struct ingot_msg_indexfile m = { .path = ingot_span_of(label), .size = size };
	s->announced++;
	s->left = size;
	s->open = true;
	return sent(s, ingot_chan_send(s->h.chan, INGOT_MSG_INDEXFILE, &m, err), err);
}

int ingot_solver_text(struct ingot_solver *s, const void *p, size_t n, struct ingot_err *err)
{
	ingot_assert(s->open && n <= s->left);
	s->left -= n;
	return sent(s, send_text(s->h.chan, p, n, err), err);
}

static int keep_package(const struct ingot_solver *s, const struct ingot_msg_package *m, struct ingot_arena *arena, struct ingot_solved *ret, struct ingot_err *err)
{
	if (m->repo >= s->n_repos || !made_of(m->name, ALNUM "+-.") || !made_of(m->version, ALNUM UPPER ".+-~:") || !made_of(m->arch, ALNUM "-") ||
	    !made_of(m->source, ALNUM "+-.") || !plain_path(m->pool) || !m->size || ingot_digest_parse_hex(m->sha256, &ret->sha256) < 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the package index has an entry with unusable fields: %s %s, %s", INGOT_SHOW(m->name), INGOT_SHOW(m->version), INGOT_SHOW(m->pool));
	ret->repo = m->repo;
	ret->name = ingot_arena_str(arena, m->name);
	ret->version = ingot_arena_str(arena, m->version);
	ret->arch = ingot_arena_str(arena, m->arch);
	ret->path = ingot_arena_str(arena, m->pool);
	ret->source = ingot_arena_str(arena, m->source);
	ret->size = m->size;
	ret->installed = m->installed;
	return 0;
}

static int send_words(struct ingot_solver *s, const char *const *words, size_t n, bool exclude, struct ingot_err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct ingot_msg_want m = { .exclude = exclude, .name = ingot_span_of(words[i]) };
		if (!m.name.n || m.name.n > 512)
			return ingot_fail(err, INGOT_E_INPUT, "a package name has between 1 and 512 characters: %s", INGOT_SHOW(m.name));
		ingot_pass(sent(s, ingot_chan_send(s->h.chan, INGOT_MSG_WANT, &m, err), err));
	}
	return 0;
}

static int read_closure(struct ingot_solver *s, struct ingot_arena *arena, struct ingot_solved **ret, size_t *ret_n, struct ingot_err *err)
{
	_cleanup_(ingot_freep) struct ingot_solved *list = NULL;
	size_t n = 0, cap = 0;
	union ingot_msg m;
	for (;;) {
		int type = ingot_chan_recv(s->h.chan, INGOT_PERMIT(INGOT_MSG_PACKAGE) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			break;
		ingot_reserve(list, n, cap);
		list[n] = (struct ingot_solved){ 0 };
		ingot_pass(keep_package(s, &m.package, arena, &list[n], err));
		if (n && strcmp(list[n - 1].name, list[n].name) >= 0)
			return ingot_fail(err, INGOT_E_BUG, "ingot-solve answers out of order: %s", list[n].name);
		n++;
	}
	*ret = ingot_arena_array(arena, n + 1, sizeof(**ret));
	if (n)
		memcpy(*ret, list, n * sizeof(*list));
	*ret_n = n;
	return 0;
}

int ingot_solver_closure(struct ingot_solver *s, const char *const *wants, size_t n_wants, const char *const *excludes, size_t n_excludes, struct ingot_arena *arena,
			 struct ingot_solved **ret, size_t *ret_n, struct ingot_err *err)
{
	ingot_assert(s->announced == s->n_repos);
	ingot_pass(end_index(s, err));
	if (n_wants + n_excludes == 0) { /* to the helper, a question without words is a farewell */
		*ret = NULL;
		*ret_n = 0;
		return 0;
	}
	ingot_pass(send_words(s, wants, n_wants, false, err));
	ingot_pass(send_words(s, excludes, n_excludes, true, err));
	ingot_pass(sent(s, ingot_chan_send(s->h.chan, INGOT_MSG_DONE, NULL, err), err));
	if (read_closure(s, arena, ret, ret_n, err) < 0)
		return err->code == INGOT_E_BUG ? ingot_helper_failed(&s->h, err) : -1;
	return 0;
}

int ingot_solver_close(struct ingot_solver *s, struct ingot_err *err)
{
	int r = end_index(s, err);
	if (r == 0)
		r = sent(s, ingot_chan_send(s->h.chan, INGOT_MSG_DONE, NULL, err), err);
	if (r == 0)
		r = ingot_helper_finish(&s->h, err);
	ingot_solver_free(s);
	return r;
}
