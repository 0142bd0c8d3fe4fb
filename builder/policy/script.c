#include "script.h"
#include <ingot/path.h>

static bool is_end(char c)
{
	return c == '\n' || c == ';' || c == '&' || c == '|';
}

/* One word from *at on; quotes at its ends are taken off, in the middle they stay. */
static struct ingot_span take_word(struct ingot_span s, size_t *at)
{
	size_t from = *at;
	char quote = 0;
	for (; *at < s.n; (*at)++) {
		char c = s.p[*at];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (c == '\\' && *at + 1 < s.n)
			(*at)++;
		else if (c == ' ' || c == '\t' || (is_end(c) && !(c == '&' && *at > from && s.p[*at - 1] == '>')))
			break;
	}
	struct ingot_span w = { s.p + from, *at - from };
	if (w.n >= 2 && (w.p[0] == '"' || w.p[0] == '\'') && w.p[w.n - 1] == w.p[0])
		w = (struct ingot_span){ w.p + 1, w.n - 2 };
	return w;
}

static void take_command(struct ingot_span s, size_t *at, struct simple_command *c)
{
	while (*at < s.n && !is_end(s.p[*at])) {
		if (s.p[*at] == ' ' || s.p[*at] == '\t') {
			(*at)++;
		} else if (s.p[*at] == '\\' && *at + 1 < s.n && s.p[*at + 1] == '\n') {
			*at += 2;
		} else if (s.p[*at] == '#') {
			while (*at < s.n && s.p[*at] != '\n')
				(*at)++;
		} else {
			struct ingot_span w = take_word(s, at);
			if (c->n < COMMAND_WORDS)
				c->word[c->n++] = w;
		}
	}
}

bool script_next(struct ingot_span *rest, struct simple_command *ret)
{
	size_t at = 0;
	bool piped = false;
	while (at < rest->n) {
		struct simple_command c = { .piped = piped };
		take_command(*rest, &at, &c);
		bool pipe = at < rest->n && rest->p[at] == '|' && !(at + 1 < rest->n && rest->p[at + 1] == '|');
		if (c.n) {
			*ret = c;
			*rest = ingot_span_from(*rest, pipe ? at : at + 1);
			return true;
		}
		/* A pipe is left in front of the command that it feeds. */
		piped = pipe;
		while (at < rest->n && is_end(rest->p[at]))
			at++;
	}
	return false;
}

size_t command_program(const struct simple_command *c)
{
	static const char *const before[] = { "exec", "env", "command", "nohup", "time", "if", "then", "else", "do", "while", "!", "{", "(" };
	size_t i = 0;
	for (; i < c->n; i++) {
		bool skip = ingot_span_has(c->word[i], '=');
		for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++)
			skip |= ingot_span_is(c->word[i], before[k]);
		if (!skip)
			break;
	}
	return i;
}

bool command_is(const struct simple_command *c, const char *program)
{
	size_t i = command_program(c);
	return i < c->n && ingot_span_is(ingot_path_base(c->word[i]), program);
}

bool command_has(const struct simple_command *c, const char *word)
{
	for (size_t i = command_program(c) + 1; i < c->n; i++)
		if (ingot_span_is(c->word[i], word))
			return true;
	return false;
}
