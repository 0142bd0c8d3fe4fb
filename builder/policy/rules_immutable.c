/* rules_immutable.c - the image's user changes nothing but what is declared, and no code at all. */
#include "immutable.h"
#include "look.h"
#include "rows.h"
#include <ingot/accounts.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/normalise.h>
#include <ingot/path.h>
#include <ingot/resolve.h>

static const struct ingot_rule rows[] = {
	{ "writable-path", SEV(ERROR, ERROR, ERROR), "the image's user can change nothing but the places under writable:",
	  "What a broken service can change it can break for the next start: what others read from there, what it does itself, what an update expects.", NULL,
	  "give it to root and take group's and others' w away, or name the place under writable:", "image:\n  writable: [/var/lib/web]\n", "path" },
	{ "writable-code", SEV(ERROR, ERROR, ERROR), "nothing that the image's user can change is code",
	  "A fault in a service lets an attacker write what the service may write. Where that is a program, a module, a script, or configuration that names one, the attacker stays.", NULL,
	  "install code where root owns it, and let the service write data elsewhere", "image:\n  writable: [/var/lib/web]   # data; the programs are in /usr\n", "path" },
};

/* --- places that are code in this image --- */

struct extra {
	struct look *l;
	struct code_place *v;
	size_t n, cap;
};

static void add_place(struct extra *x, struct ingot_span path, bool file, const char *why)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err no = INGOT_ERR_INIT;
	const struct ingot_tree *t = x->l->s->tree;
	if (!ingot_span_starts(path, "/") || ingot_resolve(t, path, file ? 0 : INGOT_MISSING_OK, &b, &no) < 0)
		return;
	const struct ingot_node *n = ingot_tree_lookup(t, ingot_buf_view(&b));
	if (file ? n->type != INGOT_FILE : b.n == 0)
		return;
	ingot_reserve(x->v, x->n, x->cap);
	x->v[x->n++] = (struct code_place){ ingot_arena_span(x->l->out->arena, ingot_buf_view(&b)), why };
}

/* Variables with directories, one after the other, in which programs or modules are looked for. */
static void add_variables(struct extra *x, const struct ingot_words *env)
{
	static const struct code_row variables[] = {
		{ "PATH=", "it is in a directory of the image's PATH" },
		{ "LD_LIBRARY_PATH=", "the loader finds libraries there (LD_LIBRARY_PATH)" },
		{ "LD_PRELOAD=", "the loader puts it into every program (LD_PRELOAD)" },
		{ "PYTHONPATH=", "Python imports it (PYTHONPATH)" },
		{ "PYTHONHOME=", "Python imports it (PYTHONHOME)" },
		{ "VIRTUAL_ENV=", "Python imports it (VIRTUAL_ENV)" },
		{ "NODE_PATH=", "Node.js loads it (NODE_PATH)" },
		{ "PERL5LIB=", "Perl loads it (PERL5LIB)" },
		{ "RUBYLIB=", "Ruby loads it (RUBYLIB)" },
		{ "GEM_PATH=", "Ruby loads it (GEM_PATH)" },
		{ "GEM_HOME=", "Ruby loads it (GEM_HOME)" },
		{ "CLASSPATH=", "Java loads it (CLASSPATH)" },
		{ "JAVA_HOME=", "Java is there (JAVA_HOME)" },
		{ "BASH_ENV=", "every bash sources it (BASH_ENV)" },
		{ "ENV=", "every shell sources it (ENV)" },
		{ "OPENSSL_CONF=", "OpenSSL loads the modules that it names (OPENSSL_CONF)" },
		{ "SSL_CERT_FILE=", "TLS trusts by it (SSL_CERT_FILE)" },
		{ "SSL_CERT_DIR=", "TLS trusts by it (SSL_CERT_DIR)" },
		{ NULL, NULL },
	};
	for (size_t i = 0; i < env->n; i++)
		for (const struct code_row *r = variables; r->pattern; r++) {
			struct ingot_span value = ingot_span_of(env->v[i]), dir;
			if (!ingot_span_starts(value, r->pattern))
				continue;
			value = ingot_span_from(value, strlen(r->pattern));
			while (ingot_span_next(&value, ':', &dir))
				add_place(x, dir, false, r->why);
		}
}

static void add_words(struct extra *x, const struct ingot_words *words, const char *why)
{
	for (size_t i = 0; i < words->n; i++)
		add_place(x, ingot_span_of(words->v[i]), true, why);
}

/* --- what is said --- */

static const char *shown(const struct look *l, struct ingot_span path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(64));
	ingot_escape_message(&b, path);
	return ingot_arena_strf(l->out->arena, "/%s", ingot_buf_cstr(&b));
}

/* " (as /etc/cron.d/job)" where a link gives it that path. */
static const char *also(const struct look *l, const struct immutable_row *r)
{
	return r->as.n ? ingot_arena_strf(l->out->arena, " (as %s)", shown(l, r->as)) : "";
}

static void say_path(struct look *l, const struct immutable_row *r, const char *grant)
{
	const struct ingot_dirent *d = ingot_tree_at(l->s->tree, r->dirent);
	const struct ingot_node *n = ingot_tree_node(l->s->tree, d->node);
	/* A link is as safe as what it leads to, which has its own row; what everybody can write is another rule's. */
	if (r->declared || n->type == INGOT_LINK || ingot_needs_reason(d->path, n, false) & INGOT_NEEDS_WORLD_WRITABLE)
		return;
	if (r->below)
		(void)look_path(l, "writable-path", r->dirent, " and %zu name%s below it can be changed by the image's user, and lie in no declared place: %s", r->below, r->below == 1 ? "" : "s", grant);
	else
		(void)look_path(l, "writable-path", r->dirent, " can be changed by the image's user, and lies in no declared place: %s", grant);
}

static struct ingot_finding *code_finding(struct look *l, const struct immutable_row *r, const char *grant)
{
	if (r->why_made && r->place.n)
		return look_path(l, "writable-code", r->dirent, "%s is where the image's user could put code (in %s: %s); %s", also(l, r), shown(l, r->place) + 1, r->why_made, grant);
	if (r->why_made)
		return look_path(l, "writable-code", r->dirent, "%s is where the image's user could put code (%s); %s", also(l, r), r->why_made, grant);
	if (r->code == r->dirent)
		return look_path(l, "writable-code", r->dirent, "%s is code that the image's user can change (%s); %s", also(l, r), r->why, grant);
	return look_path(l, "writable-code", r->dirent, " lets the image's user change %zu name%s that %s code, first %s%s (%s); %s", r->n_code, r->n_code == 1 ? "" : "s",
			 r->n_code == 1 ? "is" : "are", shown(l, ingot_tree_at(l->s->tree, r->code)->path), also(l, r), r->why, grant);
}

/* The line that declares the place is the one to change. */
static void say_code(struct look *l, const struct immutable_row *r, const char *grant)
{
	struct ingot_finding *f = code_finding(l, r, grant);
	const struct ingot_recipe *recipe = l->s->recipe;
	if (!f || !recipe || l->s->writable != recipe->image.writable.v)
		return;
	struct ingot_span path = ingot_tree_at(l->s->tree, r->dirent)->path;
	for (size_t i = 0; i < l->s->n_writable; i++)
		if (l->writable[i].n && ingot_path_within(path, l->writable[i]))
			f->at = recipe->image.writable.at[i];
}

/* As runtimes find it: what the image's passwd says of the number, else 0. */
static uint32_t group_of(const struct look *l)
{
	const struct ingot_accounts *a = l->s->accounts;
	for (size_t i = 0; !l->config->has_gid && a && i < a->n_users; i++)
		if (a->users[i].uid == l->config->uid)
			return a->users[i].gid;
	return l->config->gid;
}

static void check(struct look *l)
{
	const struct ingot_config *c = l->config;
	/* A user by name has a rule of its own, and so has root, who can change everything. */
	if (!l->s->tree || !c || !c->numeric || c->uid == 0)
		return;
	struct extra x = { .l = l };
	add_words(&x, &c->entrypoint, "the image starts it");
	add_words(&x, &c->cmd, "the image starts it");
	add_variables(&x, &c->env);
	const struct immutable_question q = {
		.tree = l->s->tree,
		.user = { .uid = c->uid, .gid = group_of(l) }, /* a runtime adds no groups to a number (runc, libcontainer/user) where a gid is given */
		.writable = l->writable,
		.n_writable = l->s->n_writable,
		.places = { x.v, x.n },
	};
	struct immutable_result r;
	immutable_prove(&q, &r);
	for (size_t i = 0; i < r.n; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf grant = INGOT_BUF(KIB(1));
		immutable_grant_text(&q, &r.v[i], &grant);
		say_path(l, &r.v[i], ingot_buf_cstr(&grant));
		if (r.v[i].why_made || r.v[i].n_code)
			say_code(l, &r.v[i], ingot_buf_cstr(&grant));
	}
	immutable_result_done(&r);
	free(x.v);
}

const struct rule_group rules_immutable = { rows, N_ROWS(rows), check };
