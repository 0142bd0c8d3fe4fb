#include "unpack_impl.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/md5.h>
#include <ingot/mem.h>
#include <ingot/resolve.h>
#include <stdio.h>

void ingot_unpack_free(struct ingot_unpack *u)
{
	if (!u)
		return;
	load_done(&u->l);
	free(u->phase);
	free(u->order);
	free(u->tool);
	ingot_arena_free(u->arena);
	free(u);
}

bool unpack_has(const struct ingot_unpack *u, const char *package)
{
	for (size_t i = 0; i < u->l.n; i++)
		if (!u->tool[i] && strcmp(u->l.jobs[i].name, package) == 0)
			return true;
	return false;
}

static bool in_set(const struct ingot_locked_set *set, const char *name)
{
	for (size_t i = 0; set && i < set->n_packages; i++)
		if (strcmp(set->packages[i].name, name) == 0)
			return true;
	return false;
}

/* A system that has dpkg has the essential packages: everything that dpkg will ever run counts on them (policy 3.8). */
static int check_essential(const struct ingot_unpack *u, struct ingot_err *err)
{
	for (size_t i = 0; i < u->l.n && unpack_has(u, "dpkg"); i++)
		if (u->tool[i]) {
			(void)ingot_fail(err, INGOT_E_INPUT, "the set has dpkg, but not %s, which maintainer scripts count on", u->l.jobs[i].name);
			return ingot_hint(err, "exclude dpkg as well: packages are then configured with tools that do not enter the image");
		}
	return 0;
}

static int check_names(const struct ingot_unpack *u, struct ingot_err *err)
{
	for (size_t i = 0; i < u->l.n; i++) {
		struct ingot_span name = ingot_deb_field(u->l.debs[i], "Package");
		if (!ingot_span_is(name, u->l.jobs[i].name))
			return ingot_fail(err, INGOT_E_OUTSIDE, "the package that is locked as %s calls itself '%s'", u->l.jobs[i].name, INGOT_SHOW(name));
		/* dpkg's own directory for what is being unpacked; its other control files have names that it refuses */
		for (size_t k = 0; k < ingot_deb_members(u->l.debs[i]); k++) {
			struct ingot_span member;
			(void)ingot_deb_member_at(u->l.debs[i], k, &member);
			if (ingot_span_has(member, '.') || ingot_span_is(member, "list"))
				return ingot_fail(err, INGOT_E_OUTSIDE, "package %s: a control file named '%s'", u->l.jobs[i].name, INGOT_SHOW(member));
		}
	}
	return 0;
}

int ingot_unpack_begin(struct ingot_store *store, const struct ingot_packages_request *rq, const struct ingot_locked_set *tools, const struct ingot_log *log, struct ingot_unpack **ret,
		       struct ingot_err *err)
{
	_cleanup_(ingot_unpack_freep) struct ingot_unpack *u = ingot_alloc(sizeof(*u));
	u->arena = ingot_arena_new();
	u->asked = rq;
	u->rq = *rq;
	u->all = *rq->set;
	if (tools) {
		u->all.n_packages = 0;
		u->all.packages = ingot_arena_array(u->arena, rq->set->n_packages + tools->n_packages, sizeof(*u->all.packages));
		for (size_t i = 0; i < rq->set->n_packages; i++)
			u->all.packages[u->all.n_packages++] = rq->set->packages[i];
		for (size_t i = 0; i < tools->n_packages; i++)
			if (!in_set(rq->set, tools->packages[i].name))
				u->all.packages[u->all.n_packages++] = tools->packages[i];
	}
	u->rq.set = &u->all;
	u->l = (struct load){ .store = store, .rq = &u->rq, .log = log };
	ingot_pass(load_debs(&u->l, err));
	ingot_pass(check_names(u, err));
	u->phase = ingot_alloc_array(u->l.n, sizeof(*u->phase));
	u->order = ingot_alloc_array(u->l.n, sizeof(*u->order));
	u->tool = ingot_alloc_array(u->l.n, sizeof(*u->tool));
	unpack_plan(u->l.debs, u->l.n, u->phase, u->order);
	for (size_t i = 0; i < u->l.n; i++)
		u->tool[i] = !in_set(rq->set, u->l.jobs[i].name);
	ingot_pass(check_essential(u, err));
	*ret = TAKE_PTR(u);
	return 0;
}

size_t ingot_unpack_count(const struct ingot_unpack *u, unsigned phase)
{
	size_t n = 0;
	for (size_t i = 0; i < u->l.n; i++)
		n += u->phase[i] == phase;
	return n;
}

bool ingot_unpack_has_preinst(const struct ingot_unpack *u, unsigned phase)
{
	for (size_t i = 0; i < u->l.n; i++)
		if (u->phase[i] == phase && ingot_deb_member(u->l.debs[i], "preinst").p)
			return true;
	return false;
}

/* --- what is written into the database --- */

/* A transform of ours that writes the database: its delta replaces what dpkg left. */
struct writing {
	struct transform t;
	struct ingot_unpack *u;
};

static int write_begin(struct ingot_unpack *u, struct writing *w, struct ingot_err *err)
{
	*w = (struct writing){ .u = u };
	struct load *l = &u->l;
	w->t = (struct transform){ .store = l->store, .tree = l->out.tree, .debs = l->debs, .n_debs = l->n, .epoch = u->rq.epoch, .log = l->log, .recipe = u->rq.recipe };
	ingot_pass(ingot_pack_begin(l->store, &w->t.pack, err));
	w->t.delta = ingot_delta_new();
	return 0;
}

static void write_abort(struct writing *w)
{
	ingot_pack_abortp(&w->t.pack);
	ingot_delta_builder_freep(&w->t.delta);
}

static int write_end(struct writing *w, struct ingot_err *err)
{
	struct load *l = &w->u->l;
	_cleanup_(ingot_delta_freep) struct ingot_delta *delta = NULL, *fitted = NULL;
	struct ingot_tree *next = NULL;
	struct ingot_digest pack;
	ingot_pass(ingot_pack_end(TAKE_PTR(w->t.pack), &pack, err));
	load_keep(l, &pack);
	ingot_pass(ingot_delta_finish(TAKE_PTR(w->t.delta), &delta, err));
	ingot_pass(ingot_fit(l->out.tree, delta, w->u->rq.epoch, &fitted, err));
	ingot_pass(ingot_apply(l->out.tree, fitted, &next, err));
	ingot_origins_apply(l->out.origins, fitted, ingot_origins_id(l->out.origins, INGOT_SPAN(DATABASE_ORIGIN)));
	ingot_tree_unref(l->out.tree);
	l->out.tree = next;
	return 0;
}

static bool is_script(struct ingot_span member)
{
	static const char *const scripts[] = { "preinst", "postinst", "prerm", "postrm", "config" };
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (ingot_span_is(member, scripts[i]))
			return true;
	return false;
}

static int put_records(struct writing *w, const struct ingot_deb *d, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf name = INGOT_BUF(512);
	ingot_pass(dpkg_name(d, &name, err));
	for (size_t i = 0; i < ingot_deb_members(d); i++) {
		struct ingot_span member, bytes = ingot_deb_member_at(d, i, &member);
		if (ingot_span_is(member, "control"))
			continue;
		_cleanup_(ingot_freep) char *path = ingot_strf(DPKG_DIR "/info/%s.%.*s", ingot_buf_cstr(&name), INGOT_SPAN_ARG(member));
		ingot_pass(transform_put_file(&w->t, path, is_script(member) ? 0755 : 0644, 0, 0, bytes, err));
	}
	return 0;
}

static int md5_of(struct ingot_store *s, const struct ingot_digest *content, char ret[33], struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	_cleanup_(ingot_freep) char *block = ingot_alloc(KIB(64));
	struct ingot_md5 m;
	int found = ingot_store_find(s, content, &c, err);
	ingot_pass(found);
	if (!found)
		return ingot_fail(err, INGOT_E_BUG, "content %s is missing from the store; build again", INGOT_DIGEST(content));
	ssize_t n;
	ingot_md5_begin(&m);
	while ((n = ingot_content_read(&c, block, KIB(64), err)) > 0)
		ingot_md5_add(&m, block, (size_t)n);
	ingot_pass(n);
	ingot_md5_end(&m, ret);
	return 0;
}

static const struct ingot_node *file_of(const struct ingot_delta *d, struct ingot_span path)
{
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		if (ingot_span_eq(c->path, path) && (c->op == INGOT_PUT || c->op == INGOT_HARDLINK)) {
			const struct ingot_node *n = ingot_delta_node(d, c->node);
			return n->type == INGOT_FILE ? n : NULL;
		}
	}
	return NULL;
}

static bool is_conffile(const struct ingot_deb *d, struct ingot_span path)
{
	struct ingot_span rest = ingot_deb_member(d, "conffiles"), one;
	while (dpkg_next_conffile(&rest, &one))
		if (ingot_span_eq(one, path))
			return true;
	return false;
}

static int put_stanza(struct writing *w, const struct ingot_deb *d, struct ingot_buf *status, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf conffiles = INGOT_BUF(MIB(1));
	struct ingot_span rest = ingot_deb_member(d, "conffiles"), path;
	char sum[33];
	while (dpkg_next_conffile(&rest, &path)) {
		const struct ingot_node *n = file_of(ingot_deb_delta(d), path);
		if (!n)
			continue;
		ingot_pass(md5_of(w->t.store, &n->content, sum, err));
		ingot_buf_fmt(&conffiles, " /%.*s %s\n", INGOT_SPAN_ARG(path), sum);
	}
	ingot_pass(ingot_buf_check(&conffiles, "the list of conffiles", err));
	dpkg_stanza(ingot_deb_member(d, "control"), ingot_buf_view(&conffiles), status);
	return 0;
}

/* As dpkg does when the package brings no md5sums (since 1.16.3): of its regular files, without conffiles. */
static int put_sums(struct writing *w, const struct ingot_deb *d, const char *name, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(16));
	const struct ingot_delta *delta = ingot_deb_delta(d);
	char sum[33];
	for (size_t i = 0; i < ingot_delta_count(delta); i++) {
		const struct ingot_change *c = ingot_delta_at(delta, i);
		const struct ingot_node *n = c->op == INGOT_PUT || c->op == INGOT_HARDLINK ? ingot_delta_node(delta, c->node) : NULL;
		if (!n || n->type != INGOT_FILE || is_conffile(d, c->path))
			continue;
		ingot_pass(md5_of(w->t.store, &n->content, sum, err));
		ingot_buf_fmt(&text, "%s  %.*s\n", sum, INGOT_SPAN_ARG(c->path));
	}
	ingot_pass(ingot_buf_check(&text, "the list of sums", err));
	_cleanup_(ingot_freep) char *path = ingot_strf(DPKG_DIR "/info/%s.md5sums", name);
	return transform_put_file(&w->t, path, 0644, 0, 0, ingot_buf_view(&text), err);
}

static int put_list(struct writing *w, const struct ingot_deb *d, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf name = INGOT_BUF(512), list = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	ingot_pass(dpkg_name(d, &name, err));
	for (size_t i = 0; i < ingot_delta_count(ingot_deb_delta(d)); i++)
		if (ingot_span_has(ingot_delta_at(ingot_deb_delta(d), i)->path, '\n'))
			return ingot_fail(err, INGOT_E_OUTSIDE, "a file's name has a line break in it, which dpkg's lists cannot hold");
	dpkg_list_text(ingot_deb_delta(d), &list);
	ingot_pass(ingot_buf_check(&list, "the list of files", err));
	_cleanup_(ingot_freep) char *path = ingot_strf(DPKG_DIR "/info/%s.list", ingot_buf_cstr(&name));
	ingot_pass(transform_put_file(&w->t, path, 0644, 0, 0, ingot_buf_view(&list), err));
	return ingot_deb_member(d, "md5sums").p ? 0 : put_sums(w, d, ingot_buf_cstr(&name), err);
}

/* --- triggers --- */

/* One file of the database, read once, written once. */
struct text_file {
	char *path;
	struct ingot_buf text;
};

struct text_files {
	struct text_file *v;
	size_t n, cap;
};

static void text_files_done(struct text_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].path);
		ingot_buf_done(&f->v[i].text);
	}
	free(f->v);
}

static int text_of(struct writing *w, struct text_files *files, const char *path, struct ingot_buf **ret, struct ingot_err *err)
{
	size_t i = 0;
	while (i < files->n && strcmp(files->v[i].path, path) != 0)
		i++;
	if (i == files->n) {
		struct ingot_buf text = INGOT_BUF(DPKG_MAX_STATUS);
		if (transform_read(&w->t, path, DPKG_MAX_STATUS, &text, err) < 0) {
			ingot_buf_done(&text);
			return -1;
		}
		ingot_reserve(files->v, files->n, files->cap);
		files->v[files->n++] = (struct text_file){ ingot_strdup(path), text };
	}
	*ret = &files->v[i].text;
	return 0;
}

static int put_interests(struct writing *w, const struct ingot_deb *d, struct text_files *files, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf name = INGOT_BUF(512);
	struct ingot_span rest = ingot_deb_member(d, "triggers"), trigger;
	bool noawait;
	ingot_pass(dpkg_name(d, &name, err));
	while (dpkg_next_interest(&rest, &trigger, &noawait)) {
		struct ingot_buf *text;
		bool file = trigger.n && trigger.p[0] == '/';
		if (!trigger.n || (!file && (ingot_span_has(trigger, '/') || trigger.p[0] == '.')))
			return ingot_fail(err, INGOT_E_OUTSIDE, "a trigger named '%s'", INGOT_SHOW(trigger));
		_cleanup_(ingot_freep) char *path = file ? ingot_strdup(DPKG_DIR "/triggers/File") : ingot_strf(DPKG_DIR "/triggers/%.*s", INGOT_SPAN_ARG(trigger));
		ingot_pass(text_of(w, files, path, &text, err));
		dpkg_interest_line(trigger, ingot_buf_view(&name), noawait, text);
	}
	return 0;
}

static int write_texts(struct writing *w, struct text_files *files, unsigned phase, struct ingot_err *err)
{
	struct ingot_unpack *u = w->u;
	struct ingot_buf *text;
	/* What is configured already hears of the files that come now; what comes now learns of them when it is configured. */
	_cleanup_(ingot_buf_done) struct ingot_buf before = INGOT_BUF(DPKG_MAX_STATUS);
	ingot_pass(transform_read(&w->t, DPKG_DIR "/triggers/File", DPKG_MAX_STATUS, &before, err));
	ingot_pass(text_of(w, files, DPKG_DIR "/triggers/Unincorp", &text, err));
	for (size_t i = 0; i < u->l.n; i++)
		if (u->phase[i] == phase)
			dpkg_activated(ingot_buf_view(&before), ingot_deb_delta(u->l.debs[i]), text);
	for (size_t i = 0; i < u->l.n; i++)
		if (u->phase[i] == phase)
			ingot_try(err, put_interests(w, u->l.debs[i], files, err), "package %s", u->l.jobs[i].name);
	ingot_pass(text_of(w, files, DPKG_DIR "/status", &text, err));
	for (size_t i = 0; i < u->l.n; i++)
		if (u->phase[i] == phase)
			ingot_try(err, put_stanza(w, u->l.debs[i], text, err), "package %s", u->l.jobs[i].name);
	for (size_t i = 0; i < files->n; i++) {
		ingot_pass(ingot_buf_check(&files->v[i].text, files->v[i].path, err));
		ingot_pass(transform_put_file(&w->t, files->v[i].path, 0644, 0, 0, ingot_buf_view(&files->v[i].text), err));
	}
	return 0;
}

static int write_database(struct writing *w, unsigned phase, struct ingot_err *err)
{
	static const char *const dirs[] = { DPKG_DIR "/alternatives", DPKG_DIR "/parts", DPKG_DIR "/updates" };
	_cleanup_(text_files_done) struct text_files files = { 0 };
	struct ingot_unpack *u = w->u;
	for (size_t i = 0; i < u->l.n; i++)
		if (u->phase[i] == phase)
			ingot_try(err, put_list(w, u->l.debs[i], err), "package %s", u->l.jobs[i].name);
	ingot_pass(write_texts(w, &files, phase, err));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (!transform_exists(&w->t, dirs[i]))
			ingot_pass(transform_put_dir(&w->t, dirs[i], 0755, err));
	_cleanup_(ingot_freep) char *arch = ingot_strf("%s\n", u->rq.recipe->image.architecture);
	ingot_pass(transform_put_file(&w->t, DPKG_DIR "/arch", 0644, 0, 0, ingot_span_of(arch), err));
	return transform_put_file(&w->t, DPKG_DIR "/info/format", 0644, 0, 0, INGOT_SPAN("1\n"), err);
}

/* --- the steps of a phase --- */

static int place_packages(struct ingot_unpack *u, unsigned phase, struct ingot_err *err)
{
	struct load *l = &u->l;
	struct transform t = { .store = l->store, .tree = l->out.tree };
	_cleanup_(ingot_buf_done) struct ingot_buf diversions = INGOT_BUF(MIB(4));
	ingot_pass(transform_read(&t, DPKG_DIR "/diversions", MIB(4), &diversions, err));
	for (size_t i = 0; i < l->n; i++) {
		_cleanup_(ingot_delta_freep) struct ingot_delta *diverted = NULL;
		if (u->phase[i] != phase)
			continue;
		ingot_pass(dpkg_divert(ingot_buf_view(&diversions), ingot_span_of(l->jobs[i].name), ingot_deb_delta(l->debs[i]), &diverted, err));
		ingot_pass(load_package(l, i, diverted ? diverted : ingot_deb_delta(l->debs[i]), err));
	}
	return 0;
}

static int records(struct ingot_unpack *u, unsigned phase, struct ingot_err *err)
{
	_cleanup_(write_abort) struct writing w = { 0 };
	ingot_pass(write_begin(u, &w, err));
	for (size_t i = 0; i < u->l.n; i++)
		if (u->phase[i] == phase)
			ingot_try(err, put_records(&w, u->l.debs[i], err), "package %s", u->l.jobs[i].name);
	return write_end(&w, err);
}

static int files(struct ingot_unpack *u, unsigned phase, struct ingot_err *err)
{
	_cleanup_(write_abort) struct writing w = { 0 };
	ingot_pass(place_packages(u, phase, err));
	ingot_pass(write_begin(u, &w, err));
	ingot_pass(write_database(&w, phase, err));
	return write_end(&w, err);
}

static int step(struct ingot_unpack *u, int (*f)(struct ingot_unpack *u, unsigned phase, struct ingot_err *err), unsigned phase, struct ingot_packages *at, struct ingot_err *err)
{
	struct load *l = &u->l;
	if (at->tree) { /* the first time, what the packages need is there already */
		l->out = *at;
		l->needs_cap = at->n_needs;
	}
	*at = (struct ingot_packages){ 0 };
	int r = l->out.tree ? 0 : load_skeleton(l, err);
	if (r == 0)
		r = f(u, phase, err);
	*at = l->out;
	l->out = (struct ingot_packages){ 0 };
	return r;
}

int ingot_unpack_records(struct ingot_unpack *u, unsigned phase, struct ingot_packages *at, struct ingot_err *err)
{
	return step(u, records, phase, at, err);
}

int ingot_unpack_files(struct ingot_unpack *u, unsigned phase, struct ingot_packages *at, struct ingot_err *err)
{
	return step(u, files, phase, at, err);
}
