#include "engine.h"
#include "vault.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int malformed(const char *text, const char *why, struct ingot_err *err)
{
	(void)ingot_fail(err, INGOT_E_INPUT, "--secret '%s': %s", INGOT_SHOW(ingot_span_of(text)), why);
	return ingot_hint(err, "--secret id=NAME,src=FILE, or --secret id=NAME,env=VARIABLE");
}

int ingot_secret_parse(struct ingot_arena *arena, const char *text, struct ingot_secret_source *ret, struct ingot_err *err)
{
	struct ingot_span rest = ingot_span_of(text), part, key;
	struct ingot_secret_source s = { 0 };
	while (ingot_span_next(&rest, ',', &part)) {
		if (!ingot_span_has(part, '='))
			return malformed(text, "each part is a word, '=' and a value", err);
		(void)ingot_span_next(&part, '=', &key);
		const char **to = ingot_span_is(key, "id") ? &s.id : ingot_span_is(key, "src") || ingot_span_is(key, "source") ? &s.file : ingot_span_is(key, "env") ? &s.env : NULL;
		if (!to)
			return malformed(text, "its parts are id, src and env", err);
		if (*to || !part.n)
			return malformed(text, "a part is empty, or stands twice", err);
		*to = ingot_arena_str(arena, part);
	}
	if (!s.id || !s.file == !s.env)
		return malformed(text, "it takes an id, and either src or env", err);
	*ret = s;
	return 0;
}

static const struct ingot_secret_source *given(const struct engine *e, const char *id)
{
	for (size_t i = 0; i < e->options->n_secrets; i++)
		if (strcmp(e->options->secrets[i].id, id) == 0)
			return &e->options->secrets[i];
	return NULL;
}

static int read_value(struct engine *e, const struct ingot_secret_source *from, struct ingot_buf *out, struct ingot_err *err)
{
	/* Room for all of it at once: a buffer that grows would leave pieces behind in freed memory. */
	(void)ingot_buf_room(out, INGOT_MAX_SECRET);
	if (from->env) {
		const char *value = getenv(from->env);
		if (!value)
			return ingot_fail(err, INGOT_E_INPUT, "the variable %s is not set", INGOT_SHOW(ingot_span_of(from->env)));
		ingot_buf_str(out, value);
		ingot_pass(ingot_buf_check(out, "the value", err));
	} else {
		struct stat st;
		e->spent |= stat(from->file, &st) == 0 && !S_ISREG(st.st_mode); /* a pipe gives its bytes once */
		ingot_pass(ingot_read_file(from->file, INGOT_MAX_SECRET, out, err));
	}
	/* Most often a variable that a CI system leaves empty in a build that may not see it. */
	return out->n ? 0 : ingot_fail(err, INGOT_E_INPUT, "it is empty");
}

/* Sealed: whoever gets the descriptor can read, and nothing else. */
static int into_memory(struct ingot_span value, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "memory for a secret");
	ingot_pass(ingot_write_all(fd, value.p, value.n, err));
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "sealing the memory of a secret");
	return TAKE_FD(fd);
}

static int take(struct engine *e, const struct ingot_secret_source *from, struct ingot_span value, struct ingot_err *err)
{
	struct vault *v = &e->vault;
	int fd = into_memory(value, err);
	ingot_pass(fd);
	ingot_reserve(v->v, v->n, v->cap);
	v->v[v->n++] = (struct vault_value){ from->id, fd };
	if (!v->search) {
		v->search = ingot_search_new();
		v->hide = ingot_search_new();
	}
	if (!ingot_search_add(v->search, from->id, value))
		ingot_say(e->log, INGOT_WARNING, "the secret %s has less than %d bytes: it is neither masked in output nor searched for in the image", from->id, INGOT_MIN_SECRET);
	(void)ingot_search_add(v->hide, from->id, value);
	ingot_search_add_lines(v->hide, from->id, value);
	return 0;
}

static int open_one(struct engine *e, const char *id, int *ret_fd, struct ingot_err *err)
{
	for (size_t i = 0; i < e->vault.n; i++)
		if (strcmp(e->vault.v[i].id, id) == 0) {
			*ret_fd = e->vault.v[i].fd;
			return 0;
		}
	const struct ingot_secret_source *from = given(e, id);
	if (!from) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the step needs the secret \"%s\", which was not given", id);
		return ingot_hint(err, "--secret id=%s,src=FILE, or --secret id=%s,env=VARIABLE", id, id);
	}
	struct ingot_buf value = INGOT_BUF(INGOT_MAX_SECRET);
	int r = read_value(e, from, &value, err);
	if (r == 0)
		r = take(e, from, ingot_buf_view(&value), err);
	if (value.p)
		explicit_bzero(value.p, value.cap);
	ingot_buf_done(&value);
	if (r < 0)
		return ingot_context(err, "the secret %s", id);
	*ret_fd = e->vault.v[e->vault.n - 1].fd;
	return 0;
}

int vault_open(struct engine *e, const struct ingot_step *step, struct ingot_step_secret *ret, struct ingot_err *err)
{
	for (size_t i = 0; i < step->secrets.n; i++) {
		ret[i].id = step->secrets.v[i];
		if (open_one(e, ret[i].id, &ret[i].fd, err) < 0)
			return ingot_recipe_blame(e->recipe, step->secrets.at[i], err);
	}
	return 0;
}

static bool asks_for(const struct ingot_stage *s, const char *id)
{
	for (size_t i = 0; i < s->n_steps; i++)
		for (size_t k = 0; k < s->steps[i].secrets.n; k++)
			if (strcmp(s->steps[i].secrets.v[k], id) == 0)
				return true;
	return false;
}

void vault_unused(const struct engine *e)
{
	for (size_t i = 0; i < e->options->n_secrets; i++) {
		const char *id = e->options->secrets[i].id;
		bool used = asks_for(&e->recipe->image.stage, id);
		for (size_t k = 0; k < e->recipe->n_stages && !used; k++)
			used = asks_for(&e->recipe->stages[k], id);
		if (!used)
			ingot_say(e->log, INGOT_NOTE, "no step of the recipe asks for the secret %s", INGOT_SHOW(ingot_span_of(id)));
	}
}

void vault_done(struct vault *v)
{
	for (size_t i = 0; i < v->n; i++)
		ingot_closep(&v->v[i].fd);
	free(v->v);
	ingot_search_free(v->search);
	ingot_search_free(v->hide);
	*v = (struct vault){ 0 };
}
