#include "place.h"
#include <ingot/escape.h>
#include <stdio.h>

/* A line that is longer than err->line is cut around the caret; so much of it stays in front. */
#define BEFORE_CARET 60

static bool starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static struct ingot_span line_of(struct ingot_span text, uint32_t line)
{
	struct ingot_span piece = { 0 };
	for (uint32_t i = 0; i < line; i++)
		if (!ingot_span_next(&text, '\n', &piece))
			return (struct ingot_span){ 0 };
	if (ingot_span_ends(piece, "\r"))
		piece.n--;
	return piece;
}

int place_fill(struct ingot_err *err, const char *file, struct ingot_span text, uint32_t line, uint32_t column)
{
	if (err->where[0])
		return -1;
	char name[200];
	(void)ingot_show(ingot_span_of(file), name, sizeof(name));
	if (!line) {
		(void)snprintf(err->where, sizeof(err->where), "%s", name);
		return -1;
	}
	(void)snprintf(err->where, sizeof(err->where), "%s:%u:%u", name, line, column);
	struct ingot_span s = line_of(text, line);
	while (s.n > sizeof(err->line) - 16 && column > BEFORE_CARET) {
		do {
			s.p++;
			s.n--;
		} while (s.n && !starts_character(s.p[0]));
		column--;
	}
	if (s.n > sizeof(err->line) - 16) {
		s.n = sizeof(err->line) - 16;
		while (s.n && !starts_character(s.p[s.n]))
			s.n--;
	}
	/* A tab would move the text away from its caret. */
	char plain[sizeof(err->line)];
	for (size_t i = 0; i < s.n; i++)
		plain[i] = s.p[i] == '\t' ? ' ' : s.p[i];
	(void)ingot_show((struct ingot_span){ plain, s.n }, err->line, sizeof(err->line));
	err->column = (int)column;
	return -1;
}

void place_of(struct ingot_span text, size_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
	uint32_t line = 1, column = 1;
	for (size_t i = 0; i < offset && i < text.n; i++) {
		if (text.p[i] == '\n') {
			line++;
			column = 1;
		} else if (i + 1 == text.n || starts_character(text.p[i + 1])) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}
