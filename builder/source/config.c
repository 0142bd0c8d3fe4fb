#include <ingot/config.h>
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
	const struct ingot_doc *d;
	struct ingot_config *c;
};

static int wrong(const struct ingot_doc_value *v, const char *what, struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_OUTSIDE, "config: %s is no %s", INGOT_SHOW(v->path), what);
}

static int text(const struct reading *r, const struct ingot_doc_value *v, const char **ret, struct ingot_err *err)
{
	if (v->kind != INGOT_J_STRING || ingot_span_has(v->value, '\0'))
		return wrong(v, "text without NUL", err);
	*ret = ingot_arena_str(r->c->arena, v->value);
	return 0;
}

/* What is missing or null is "". */
static int text_at(const struct reading *r, const char *pointer, const char **ret, struct ingot_err *err)
{
	const struct ingot_doc_value *v = ingot_doc_get(r->d, pointer);
	*ret = "";
	return v && v->kind != INGOT_J_NULL ? text(r, v, ret, err) : 0;
}

static int collection(const struct reading *r, const char *pointer, enum ingot_json_kind kind, const struct ingot_doc_value **ret, struct ingot_err *err)
{
	const struct ingot_doc_value *v = ingot_doc_get(r->d, pointer);
	*ret = v && v->kind != INGOT_J_NULL ? v : NULL;
	if (*ret && v->kind != kind)
		return wrong(v, kind == INGOT_J_ARRAY ? "list" : "mapping", err);
	if (*ret && v->n > INGOT_MAX_ARGS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "config: %s has more than %d members", pointer, INGOT_MAX_ARGS);
	return 0;
}

static int list(const struct reading *r, const char *pointer, struct ingot_words *ret, struct ingot_err *err)
{
	const struct ingot_doc_value *v;
	ingot_pass(collection(r, pointer, INGOT_J_ARRAY, &v, err));
	ret->v = ingot_arena_array(r->c->arena, v ? v->n + 1 : 1, sizeof(*ret->v));
	for (ret->n = 0; v && ret->n < v->n; ret->n++)
		ingot_pass(text(r, ingot_doc_child(r->d, v, ret->n), &ret->v[ret->n], err));
	return 0;
}

static int key_of(const struct reading *r, const struct ingot_doc_value *member, const char **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(64));
	ingot_doc_key(member, &b);
	ingot_pass(ingot_buf_check(&b, "a key of the config", err));
	if (ingot_span_has(ingot_buf_view(&b), '\0'))
		return wrong(member, "text without NUL", err);
	*ret = ingot_arena_str(r->c->arena, ingot_buf_view(&b));
	return 0;
}

static int keys(const struct reading *r, const char *pointer, struct ingot_words *ret, struct ingot_err *err)
{
	const struct ingot_doc_value *v;
	ingot_pass(collection(r, pointer, INGOT_J_OBJECT, &v, err));
	ret->v = ingot_arena_array(r->c->arena, v ? v->n + 1 : 1, sizeof(*ret->v));
	for (ret->n = 0; v && ret->n < v->n; ret->n++)
		ingot_pass(key_of(r, ingot_doc_child(r->d, v, ret->n), &ret->v[ret->n], err));
	return 0;
}

static int labels(const struct reading *r, struct ingot_err *err)
{
	const struct ingot_doc_value *v;
	ingot_pass(collection(r, "/config/Labels", INGOT_J_OBJECT, &v, err));
	r->c->labels = ingot_arena_array(r->c->arena, v ? v->n + 1 : 1, sizeof(*r->c->labels));
	for (size_t i = 0; v && i < v->n; i++) {
		const struct ingot_doc_value *member = ingot_doc_child(r->d, v, i);
		ingot_pass(key_of(r, member, &r->c->labels[i].name, err));
		ingot_pass(text(r, member, &r->c->labels[i].value, err));
		r->c->n_labels = i + 1;
	}
	return 0;
}

static int history(const struct reading *r, struct ingot_err *err)
{
	const struct ingot_doc_value *v;
	ingot_pass(collection(r, "/history", INGOT_J_ARRAY, &v, err));
	r->c->history = ingot_arena_array(r->c->arena, v ? v->n + 1 : 1, sizeof(*r->c->history));
	for (size_t i = 0; v && i < v->n; i++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "/history/%zu/created_by", i);
		ingot_pass(text_at(r, at, &r->c->history[i].created_by, err));
		const struct ingot_doc_value *empty = ingot_doc_getf(r->d, "/history/%zu/empty_layer", i);
		r->c->history[i].empty_layer = empty && ingot_span_is(empty->value, "true");
		r->c->n_history = i + 1;
	}
	return 0;
}

/* "10001:10001" or "10001": numbers. A name would have to be looked up in a file of the image (safety 3.13). */
static void read_user(struct ingot_config *c)
{
	struct ingot_span rest = ingot_span_of(c->user), uid, gid;
	if (!rest.n) {
		c->numeric = true; /* nobody is named: uid 0 */
		return;
	}
	uint32_t u = 0, g = 0;
	bool fine = ingot_span_next(&rest, ':', &uid) && ingot_parse_u32(uid, INGOT_MAX_ID, &u) == 0, both = rest.n != 0;
	if (fine && both)
		fine = ingot_span_next(&rest, ':', &gid) && ingot_parse_u32(gid, INGOT_MAX_ID, &g) == 0 && !rest.n;
	if (!fine)
		return;
	c->numeric = true;
	c->has_gid = both;
	c->uid = u;
	c->gid = g;
}

static int read_config(const struct reading *r, struct ingot_err *err)
{
	struct ingot_config *c = r->c;
	ingot_pass(text_at(r, "/config/User", &c->user, err));
	ingot_pass(text_at(r, "/config/WorkingDir", &c->workdir, err));
	ingot_pass(text_at(r, "/config/StopSignal", &c->stop_signal, err));
	ingot_pass(text_at(r, "/architecture", &c->architecture, err));
	ingot_pass(text_at(r, "/os", &c->os, err));
	ingot_pass(text_at(r, "/author", &c->author, err));
	ingot_pass(list(r, "/config/Env", &c->env, err));
	ingot_pass(list(r, "/config/Entrypoint", &c->entrypoint, err));
	ingot_pass(list(r, "/config/Cmd", &c->cmd, err));
	ingot_pass(keys(r, "/config/ExposedPorts", &c->ports, err));
	ingot_pass(keys(r, "/config/Volumes", &c->volumes, err));
	ingot_pass(labels(r, err));
	ingot_pass(history(r, err));
	const struct ingot_doc_value *test = ingot_doc_get(r->d, "/config/Healthcheck/Test/0");
	c->healthcheck = test && !ingot_span_is(test->value, "NONE");
	const struct ingot_doc_value *on_build = ingot_doc_get(r->d, "/config/OnBuild");
	c->on_build = on_build && on_build->n > 0;
	read_user(c);
	return 0;
}

int ingot_config_read(const struct ingot_doc *d, struct ingot_config **ret, struct ingot_err *err)
{
	_cleanup_(ingot_config_freep) struct ingot_config *c = ingot_alloc(sizeof(*c));
	c->arena = ingot_arena_new();
	ingot_pass(read_config(&(struct reading){ d, c }, err));
	*ret = TAKE_PTR(c);
	return 0;
}

void ingot_config_free(struct ingot_config *c)
{
	if (!c)
		return;
	ingot_arena_free(c->arena);
	free(c);
}
