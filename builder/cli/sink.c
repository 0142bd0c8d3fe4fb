#include "cli.h"
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/mem.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Progress on a terminal is one status line that is written over; everywhere else a task is told once, when it ends. */
#define REFRESH_MS 80

static uint64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void clear_line(struct cli_sink *s)
{
	if (s->live)
		(void)fputs("\r\033[K", stderr);
	s->live = false;
}

static void json_event(const char *kind, const char *name, const char *text, uint64_t done, uint64_t total)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(65536);
	struct ingot_json j = INGOT_JSON(&b);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "event", kind);
	if (name)
		ingot_json_str(&j, "name", name);
	if (text)
		ingot_json_str(&j, "text", text);
	if (total) {
		ingot_json_u64(&j, "done", done);
		ingot_json_u64(&j, "total", total);
	}
	ingot_json_end(&j, '}');
	(void)fprintf(stderr, "%s\n", ingot_buf_cstr(&b));
}

static const char *const words[] = { "error", "warning", "note", "info", "debug" };

static void on_event(void *ctx, enum ingot_level level, const char *text)
{
	struct cli_sink *s = ctx;
	if (level > s->level)
		return;
	if (s->how == CLI_PROGRESS_JSON) {
		json_event(words[level], NULL, text, 0, 0);
		return;
	}
	clear_line(s);
	if (s->github && level <= INGOT_WARNING)
		(void)fprintf(stderr, "::%s::", words[level]);
	const char *on = s->colour && level <= INGOT_WARNING ? (level == INGOT_ERROR ? "\033[1;31m" : "\033[1;33m") : "";
	if (level <= INGOT_NOTE)
		(void)fprintf(stderr, "%s%s:%s ", on, words[level], *on ? "\033[0m" : "");
	(void)fprintf(stderr, "%s\n", text);
}

static const char *amount(uint64_t n, char out[32])
{
	if (n >= 10U << 20)
		(void)snprintf(out, 32, "%llu MiB", (unsigned long long)(n >> 20));
	else if (n >= 10U << 10)
		(void)snprintf(out, 32, "%llu KiB", (unsigned long long)(n >> 10));
	else
		(void)snprintf(out, 32, "%llu", (unsigned long long)n);
	return out;
}

static void on_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct cli_sink *s = ctx;
	bool end = total && done >= total;
	if (s->how == CLI_PROGRESS_NONE || s->level < INGOT_INFO)
		return;
	uint64_t now = now_ms();
	if (!end && now - s->last_ms < REFRESH_MS)
		return;
	s->last_ms = now;
	char a[32], b[32];
	if (s->how == CLI_PROGRESS_JSON) {
		json_event("progress", what, NULL, done, total);
	} else if (s->how == CLI_PROGRESS_TTY) {
		(void)fprintf(stderr, "\r\033[K%.100s %s", what, amount(done, a));
		if (total)
			(void)fprintf(stderr, " of %s", amount(total, b));
		(void)fflush(stderr);
		s->live = true;
		if (end)
			clear_line(s);
	} else if (end) {
		(void)fprintf(stderr, "%s: %s\n", what, amount(total, b));
	}
}

static void on_output(void *ctx, const char *step, const char *line)
{
	struct cli_sink *s = ctx;
	if (s->level < INGOT_INFO)
		return;
	if (s->how == CLI_PROGRESS_JSON) {
		json_event("output", step, line, 0, 0);
		return;
	}
	clear_line(s);
	(void)fprintf(stderr, "%s | %s\n", step, line);
}

static int progress_of(const char *word, enum cli_progress *ret)
{
	static const char *const names[] = { "auto", "plain", "tty", "json", "none" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i]) == 0) {
			*ret = (enum cli_progress)i;
			return 0;
		}
	return -1;
}

int cli_sink_open(struct cli *c, struct ingot_err *err)
{
	struct cli_sink *s = &c->sink;
	const char *how = cli_value(c, "progress");
	s->how = CLI_PROGRESS_AUTO;
	if (how && progress_of(how, &s->how) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "--progress is auto, plain, tty, json or none, not '%s'", INGOT_SHOW(ingot_span_of(how)));
	bool terminal = isatty(STDERR_FILENO) == 1;
	if (s->how == CLI_PROGRESS_AUTO)
		s->how = terminal ? CLI_PROGRESS_TTY : CLI_PROGRESS_PLAIN;
	const char *no_colour = getenv("NO_COLOR"), *github = getenv("GITHUB_ACTIONS");
	s->colour = terminal && !(no_colour && *no_colour);
	s->github = github && strcmp(github, "true") == 0;
	s->level = cli_has(c, "quiet") ? INGOT_ERROR : cli_has(c, "verbose") ? INGOT_DEBUG : INGOT_INFO;
	c->log = (struct ingot_log){ s, on_event, on_progress, on_output };
	return 0;
}

/* Workflow commands: % and ends of line are escaped everywhere, colons and commas in properties, too. */
static void github_text(const char *text, bool property)
{
	for (; *text; text++)
		if (strchr(property ? "%\r\n:," : "%\r\n", *text))
			(void)fprintf(stderr, "%%%02X", (unsigned char)*text);
		else
			(void)fputc(*text, stderr);
}

void cli_annotate(struct cli_sink *s, enum ingot_severity severity, const char *file, struct ingot_place at, const char *text)
{
	const char *word = severity == INGOT_SEV_NOTE ? "notice" : ingot_severity_word(severity);
	if (s->how == CLI_PROGRESS_JSON) {
		_cleanup_(ingot_freep) char *where = file && at.line ? ingot_strf("%s:%u:%u", file, at.line, at.column) : NULL;
		json_event(ingot_severity_word(severity), where, text, 0, 0);
	} else if (s->github) {
		clear_line(s);
		(void)fprintf(stderr, "::%s", word);
		if (file && at.line) {
			(void)fputs(" file=", stderr);
			github_text(file, true);
			(void)fprintf(stderr, ",line=%u,col=%u", at.line, at.column);
		}
		(void)fputs("::", stderr);
		github_text(text, false);
		(void)fputc('\n', stderr);
	}
}

void cli_sink_close(struct cli_sink *s)
{
	clear_line(s);
	(void)fflush(stderr);
}

/* The caret line repeats the tabs of the line above it, so that both are indented alike. */
static void caret(const struct ingot_err *err)
{
	(void)fprintf(stderr, "    %s\n    ", err->line);
	for (int i = 0; i < err->column - 1 && err->line[i]; i++)
		(void)fputc(err->line[i] == '\t' ? '\t' : ' ', stderr);
	(void)fputs("^\n", stderr);
}

void cli_show_error(struct cli_sink *s, const struct ingot_err *err)
{
	clear_line(s);
	if (s->how == CLI_PROGRESS_JSON) {
		json_event("error", err->where[0] ? err->where : NULL, err->msg, 0, 0);
		return;
	}
	if (s->github)
		(void)fprintf(stderr, "::error::%s%s%s\n", err->where, err->where[0] ? ": " : "", err->msg);
	if (err->where[0])
		(void)fprintf(stderr, "%s: ", err->where);
	(void)fprintf(stderr, "%serror:%s %s\n", s->colour ? "\033[1;31m" : "", s->colour ? "\033[0m" : "", err->msg);
	if (err->line[0] && err->column > 0)
		caret(err);
	if (err->hint[0])
		(void)fprintf(stderr, "hint: %s\n", err->hint);
}
