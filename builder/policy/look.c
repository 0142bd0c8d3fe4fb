#include "look.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <stdarg.h>
#include <stdio.h>

static enum ingot_severity severity(const struct look *l, const char *rule)
{
	const struct ingot_rule *r = ingot_rule_find(ingot_span_of(rule));
	ingot_assert(r); /* a check without its row */
	return r->severity[l->p->profile];
}

bool look_writable(const struct look *l, struct ingot_span path)
{
	for (size_t i = 0; i < l->s->n_writable; i++)
		if (l->writable[i].n && ingot_path_within(path, l->writable[i]))
			return true;
	return false;
}

static bool user_may_write(const struct ingot_config *c, const struct ingot_node *n)
{
	uint32_t gid = c->has_gid ? c->gid : c->uid;
	return n->uid == c->uid || (n->mode & 0002) || ((n->mode & 0020) && n->gid == gid);
}

bool look_user_writes(const struct look *l, const char *path)
{
	const struct ingot_config *c = l->config;
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err no = INGOT_ERR_INIT;
	if (!c || !c->numeric || c->uid == 0 || !l->s->tree || ingot_resolve(l->s->tree, ingot_span_of(path), INGOT_MISSING_OK, &b, &no) < 0)
		return false;
	struct ingot_span at = ingot_buf_view(&b);
	if (look_writable(l, at))
		return true;
	/* What is not there can be made by whoever may write the nearest directory above. */
	while (at.n && ingot_tree_find(l->s->tree, at) < 0)
		at = ingot_path_parent(at);
	return user_may_write(c, ingot_tree_lookup(l->s->tree, at));
}

static struct ingot_finding *add(struct look *l, const char *rule)
{
	enum ingot_severity s = severity(l, rule);
	return s == INGOT_SEV_NONE ? NULL : ingot_findings_add(l->out, rule, s);
}

INGOT_PRINTF(3, 0) static const char *format(struct look *l, const char *before, const char *fmt, va_list ap)
{
	char text[2048];
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	return ingot_arena_strf(l->out->arena, "%s%s", before, text);
}

static const char *copy(struct look *l, const char *s)
{
	return s ? ingot_arena_str(l->out->arena, ingot_span_of(s)) : NULL;
}

static void at_path(struct look *l, struct ingot_finding *f, size_t dirent)
{
	struct ingot_span path = ingot_tree_at(l->s->tree, dirent)->path;
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(KIB(64));
	ingot_escape_message(&b, path);
	f->path = ingot_arena_strf(l->out->arena, "/%s", ingot_buf_cstr(&b));
	if (l->s->origins) {
		struct ingot_span origin = ingot_origins_name(l->s->origins, ingot_origins_of(l->s->origins, path));
		f->origin = origin.n ? ingot_arena_str(l->out->arena, origin) : NULL;
		f->at = where_origin(l->s->recipe, origin);
	}
}

static void at_field(struct look *l, struct ingot_finding *f, const char *field, const char *value)
{
	f->field = copy(l, field);
	f->value = copy(l, value);
	f->at = where_field(l->s->recipe, field);
}

struct ingot_finding *look_path(struct look *l, const char *rule, size_t dirent, const char *fmt, ...)
{
	struct ingot_finding *f = add(l, rule);
	if (!f)
		return NULL;
	at_path(l, f, dirent);
	va_list ap;
	va_start(ap, fmt);
	f->text = format(l, f->path, fmt, ap);
	va_end(ap);
	return f;
}

struct ingot_finding *look_field(struct look *l, const char *rule, const char *field, const char *value, const char *fmt, ...)
{
	struct ingot_finding *f = add(l, rule);
	if (!f)
		return NULL;
	at_field(l, f, field, value);
	va_list ap;
	va_start(ap, fmt);
	f->text = format(l, "", fmt, ap);
	va_end(ap);
	return f;
}

struct ingot_finding *look_own_path(struct look *l, const char *rule, enum ingot_severity s, size_t dirent)
{
	struct ingot_finding *f = ingot_findings_add(l->out, rule, s);
	at_path(l, f, dirent);
	return f;
}

struct ingot_finding *look_own_field(struct look *l, const char *rule, enum ingot_severity s, const char *field, const char *value)
{
	struct ingot_finding *f = ingot_findings_add(l->out, rule, s);
	at_field(l, f, field, value);
	return f;
}

struct ingot_finding *look_line(struct look *l, const char *rule, struct ingot_place at, const char *value, const char *fmt, ...)
{
	struct ingot_finding *f = add(l, rule);
	if (!f)
		return NULL;
	f->at = at;
	f->value = copy(l, value);
	va_list ap;
	va_start(ap, fmt);
	f->text = format(l, "", fmt, ap);
	va_end(ap);
	return f;
}
