#include "scan.h"
#include "../place.h"
#include <ingot/limits.h>
#include <ingot/utf8.h>

/* libfyaml copies a line to the stack at a time; 8 KiB are a long line, 64 KiB a small stack. */
#define LINE_MAX_BYTES KIB(64)
/* Every token of a flow collection begins with or is separated by an indicator: 350 bytes each, nearly 1 KB for an opening bracket. These
 * bounds keep libfyaml below 64 MiB (measured 50); a file that people wrote has some hundreds of either, most of them in its scripts. */
#define INDICATORS_MAX 100000
#define OPENERS_MAX 30000

static int refuse(const char *name, struct ingot_span text, size_t at, struct ingot_err *err, const char *what, const char *hint)
{
	uint32_t line, column;
	place_of(text, at, &line, &column);
	(void)ingot_fail(err, INGOT_E_INPUT, "%s", what);
	if (hint)
		(void)ingot_hint(err, "%s", hint);
	return place_fill(err, name, text, line, column);
}

/* Characters that show as something else than what they are (CVE-2021-42574), or that some readers take for a line's end. */
static const char *bad_character(uint32_t c, bool before_newline)
{
	if (c == '\r')
		return before_newline ? NULL : "a carriage return without a line feed";
	if (c == '\0')
		return "a NUL byte";
	if ((c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0))
		return "a control character";
	if (c == 0xfeff)
		return "a byte order mark";
	if (c == 0x2028 || c == 0x2029)
		return "a Unicode line separator";
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x61c)
		return "a character that changes the direction of text";
	return NULL;
}

/* libfyaml 0.7.12 is quadratic in blank lines that follow each other in a block scalar: 65,536 of them take it 10 s. */
#define BLANK_LINES_MAX 100

/* Unknown directives it collects without end (1 MiB of them: 128 MB), and nobody needs one: what is inside a mapping is never at the
 * beginning of a line. */
static int scan_lines(const char *name, struct ingot_span text, struct ingot_err *err)
{
	size_t blank = 0;
	struct ingot_span rest = text, line;
	while (ingot_span_next(&rest, '\n', &line)) {
		if (ingot_span_starts(line, "%"))
			return refuse(name, text, (size_t)(line.p - text.p), err, "directives are not used in recipes", "remove the line");
		struct ingot_span s = ingot_span_trim(line);
		blank = s.n == 0 || ingot_span_is(s, "\r") ? blank + 1 : 0;
		if (blank > BLANK_LINES_MAX)
			return refuse(name, text, (size_t)(line.p - text.p), err, "more than 100 blank lines in a row", NULL);
	}
	return 0;
}

static int scan_characters(const char *name, struct ingot_span text, struct ingot_err *err)
{
	size_t line_start = 0;
	for (size_t i = 0; i < text.n;) {
		uint32_t c;
		size_t n = ingot_utf8_next((struct ingot_span){ text.p + i, text.n - i }, &c);
		if (!n)
			return refuse(name, text, i, err, "not UTF-8", "save the file as UTF-8");
		const char *bad = bad_character(c, i + 1 < text.n && text.p[i + 1] == '\n');
		if (bad)
			return refuse(name, text, i, err, bad, "remove it; in a double-quoted string a character can be written as \\uHHHH");
		if (c == '\n')
			line_start = i + 1;
		else if (i - line_start >= LINE_MAX_BYTES)
			return refuse(name, text, i, err, "a line of more than 64 KiB", NULL);
		i += n;
	}
	return scan_lines(name, text, err);
}

int scan_recipe(const char *name, struct ingot_span text, struct ingot_err *err)
{
	if (text.n > INGOT_MAX_RECIPE)
		return refuse(name, text, 0, err, "larger than 1 MiB", NULL);
	ingot_pass(scan_characters(name, text, err));
	size_t indicators = 0, openers = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool dash = c == '-' && (i + 1 == text.n || strchr(" \t\n", text.p[i + 1]));
		if ((dash || strchr("[]{},:?&*!\"'", c)) && ++indicators > INDICATORS_MAX)
			return refuse(name, text, i, err, "more than 100000 brackets, commas, colons, quotes and the like", NULL);
		if ((c == '[' || c == '{') && ++openers > OPENERS_MAX)
			return refuse(name, text, i, err, "more than 30000 opening brackets", NULL);
	}
	return 0;
}

static const char lock_hint[] = "a lock is written by a program: make it again with \"ingot lock RECIPE\"";

static int scan_lock_line(const char *name, struct ingot_span text, struct ingot_span line, struct ingot_err *err)
{
	size_t start = (size_t)(line.p - text.p), first = 0;
	while (first < line.n && line.p[first] == ' ')
		first++;
	/* A collection that could be a key is read ahead over all lines that follow (4 MB of "[a]" lines: 614 MB). */
	if (first < line.n && strchr("[]{},", line.p[first]))
		return refuse(name, text, start + first, err, "a line of a lock does not begin so", lock_hint);
	int depth = 0;
	for (size_t i = first; i < line.n; i++) {
		char c = line.p[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alnum && !strchr(" -_.+~:/=%@^,[]{}", c))
			return refuse(name, text, start + i, err, "a character that a lock does not hold", lock_hint);
		depth += (c == '[' || c == '{') - (c == ']' || c == '}');
		if (depth < 0 || depth > 4)
			return refuse(name, text, start + i, err, depth < 0 ? "a bracket was never opened" : "brackets are nested too deep", lock_hint);
	}
	return depth ? refuse(name, text, start + line.n, err, "a bracket is not closed on its line", lock_hint) : 0;
}

/* Quotes, comments, anchors and everything else that a lock does not need is outside its alphabet. What is left are plain scalars and
 * brackets, which close on the line where they opened, so that nothing can be read ahead further than one line. */
int scan_lock(const char *name, struct ingot_span text, struct ingot_err *err)
{
	if (text.n > INGOT_MAX_LOCK)
		return refuse(name, text, 0, err, "larger than 16 MiB", NULL);
	ingot_pass(scan_characters(name, text, err));
	struct ingot_span rest = text, line;
	bool comment = true; /* only the first lines may be */
	while (ingot_span_next(&rest, '\n', &line)) {
		comment = comment && ingot_span_starts(line, "#");
		if (!comment)
			ingot_pass(scan_lock_line(name, text, line, err));
	}
	return 0;
}
