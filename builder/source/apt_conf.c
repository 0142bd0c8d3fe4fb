/* apt.conf(5): nested scopes and "A::B::C value;". Directives (#include, #clear) are not followed: they begin with '#' and pass as comments. */
#include "apt.h"
#include <ingot/buf.h>
#include <strings.h>

struct scan {
	const char *p, *end;
	bool line_start;
};

enum token { T_END, T_WORD, T_TEXT, T_OPEN, T_CLOSE, T_SEMI };

static void skip_line(struct scan *s)
{
	while (s->p < s->end && *s->p != '\n')
		s->p++;
}

static bool skip_blank(struct scan *s)
{
	const char *was = s->p;
	while (s->p < s->end) {
		if (strchr(" \t\r\n", *s->p)) {
			s->p++;
		} else if (*s->p == '#' || (s->end - s->p >= 2 && s->p[0] == '/' && s->p[1] == '/')) {
			skip_line(s);
		} else if (s->end - s->p >= 2 && s->p[0] == '/' && s->p[1] == '*') {
			const char *close = memmem(s->p + 2, (size_t)(s->end - s->p) - 2, "*/", 2);
			s->p = close ? close + 2 : s->end;
		} else {
			break;
		}
	}
	return s->p != was;
}

static enum token next(struct scan *s, struct ingot_span *ret)
{
	(void)skip_blank(s);
	if (s->p >= s->end)
		return T_END;
	char c = *s->p;
	if (c == '{' || c == '}' || c == ';') {
		s->p++;
		return c == '{' ? T_OPEN : c == '}' ? T_CLOSE : T_SEMI;
	}
	if (c == '"') {
		const char *close = memchr(s->p + 1, '"', (size_t)(s->end - s->p) - 1);
		*ret = (struct ingot_span){ s->p + 1, (size_t)((close ? close : s->end) - s->p) - 1 };
		s->p = close ? close + 1 : s->end;
		return T_TEXT;
	}
	const char *from = s->p;
	while (s->p < s->end && !strchr(" \t\r\n{};\"", *s->p))
		s->p++;
	*ret = (struct ingot_span){ from, (size_t)(s->p - from) };
	return T_WORD;
}

static void set(struct apt *a, const struct ingot_span *scope, size_t depth, struct ingot_span name, struct ingot_span value)
{
	_cleanup_(ingot_buf_done) struct ingot_buf full = INGOT_BUF(4096);
	for (size_t i = 0; i < depth; i++) {
		ingot_buf_span(&full, scope[i]);
		ingot_buf_str(&full, "::");
	}
	ingot_buf_span(&full, name);
	if (full.full || strncasecmp(ingot_buf_cstr(&full), "Acquire::", 9) != 0 || memchr(full.p, 0, full.n) || (value.n && memchr(value.p, 0, value.n)))
		return;
	ingot_reserve(a->settings, a->n_settings, a->cap_settings);
	a->settings[a->n_settings++] = (struct apt_setting){ ingot_arena_str(a->arena, ingot_buf_view(&full)), ingot_arena_str(a->arena, value) };
}

void apt_parse_conf(struct apt *a, struct ingot_span text)
{
	enum { DEEPEST = 32 };
	struct scan s = { text.p, text.n ? text.p + text.n : text.p, true };
	struct ingot_span scope[DEEPEST], word, name = { 0 }, value = { 0 };
	size_t depth = 0;
	bool has_name = false, has_value = false;
	for (enum token t; (t = next(&s, &word)) != T_END;) {
		if (t == T_WORD || t == T_TEXT) {
			if (!has_name)
				name = word;
			else
				value = word;
			has_value = has_name;
			has_name = true;
			continue;
		}
		if (t == T_OPEN) {
			if (depth == DEEPEST)
				return; /* nobody writes this: leave the rest alone */
			scope[depth++] = name;
		} else {
			if (has_name && has_value)
				set(a, scope, depth, name, value);
			if (t == T_CLOSE && depth)
				depth--;
		}
		has_name = has_value = false;
	}
}

const char *apt_setting(const struct apt *a, const char *name)
{
	for (size_t i = a->n_settings; i-- > 0;)
		if (strcasecmp(a->settings[i].name, name) == 0)
			return a->settings[i].value;
	return NULL;
}
