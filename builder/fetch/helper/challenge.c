#include "challenge.h"
#include <string.h>
#include <strings.h>

static bool is_token(char c)
{
	return c > ' ' && c < 127 && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static void blanks(struct ingot_span *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t' || s->p[0] == ','))
		*s = ingot_span_from(*s, 1);
}

static struct ingot_span word(struct ingot_span *s)
{
	size_t n = 0;
	while (n < s->n && is_token(s->p[n]))
		n++;
	struct ingot_span w = { s->p, n };
	*s = ingot_span_from(*s, n);
	return w;
}

/* A token, or a quoted string without its quotes and escapes. False: it does not end, or does not fit. */
static bool value(struct ingot_span *s, char *ret, size_t size)
{
	size_t n = 0;
	bool quoted = s->n && s->p[0] == '"', ended = !quoted;
	if (quoted)
		*s = ingot_span_from(*s, 1);
	while (s->n) {
		char c = s->p[0];
		if (quoted ? c == '"' : !is_token(c)) {
			ended = true;
			if (quoted)
				*s = ingot_span_from(*s, 1);
			break;
		}
		if (quoted && c == '\\' && s->n > 1) {
			*s = ingot_span_from(*s, 1);
			c = s->p[0];
		}
		if ((unsigned char)c < ' ' || c == 127 || n + 1 >= size)
			return false;
		ret[n++] = c;
		*s = ingot_span_from(*s, 1);
	}
	ret[n] = '\0';
	return ended;
}

static bool is_word(struct ingot_span w, const char *name)
{
	return w.n == strlen(name) && strncasecmp(w.p, name, w.n) == 0;
}

/* NAME=VALUE of a bearer challenge. The first of each counts: a second one is somebody's trick. */
static bool parameter(struct challenge *c, struct ingot_span name, struct ingot_span *rest, bool ours)
{
	char other[4097];
	char *to = other;
	size_t size = sizeof(other);
	if (ours && is_word(name, "realm") && !c->realm[0]) {
		to = c->realm;
		size = sizeof(c->realm);
	} else if (ours && is_word(name, "service") && !c->service[0]) {
		to = c->service;
		size = sizeof(c->service);
	} else if (ours && is_word(name, "scope") && !c->scope[0]) {
		to = c->scope;
		size = sizeof(c->scope);
	}
	if (value(rest, to, size))
		return true;
	to[0] = '\0';
	return false;
}

void challenge_read(struct challenge *c, struct ingot_span line)
{
	struct ingot_span rest = line;
	bool ours = false;
	for (;;) {
		blanks(&rest);
		struct ingot_span w = word(&rest);
		if (!w.n)
			return;
		if (rest.n && rest.p[0] == '=') {
			rest = ingot_span_from(rest, 1);
			if (!parameter(c, w, &rest, ours))
				return;
			continue;
		}
		ours = is_word(w, "Bearer") && !c->bearer;
		c->bearer |= is_word(w, "Bearer");
		c->basic |= is_word(w, "Basic");
	}
}
