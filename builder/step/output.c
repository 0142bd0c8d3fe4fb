#include "output.h"
#include <ingot/escape.h>
#include <ingot/mem.h>

#define RING KIB(64)
#define LINE KIB(4)

void step_output_begin(struct step_output *o, const struct ingot_log *log, const char *name, const struct ingot_search *hide)
{
	*o = (struct step_output){ .log = log, .name = name ? name : "step", .hide = hide };
	for (size_t i = 0; i < STEP_STREAMS; i++) {
		o->line[i] = (struct ingot_buf)INGOT_BUF(LINE);
		o->held[i] = (struct ingot_buf)INGOT_BUF(KIB(64) + ingot_search_longest(hide));
	}
	o->ring = ingot_alloc(RING);
}

static void say(struct step_output *o, struct ingot_span line)
{
	if (!o->log || !o->log->output || o->cut)
		return;
	if (o->logged + line.n > INGOT_MAX_STEP_LOG) {
		o->cut = true;
		o->log->output(o->log->ctx, o->name, "[the rest of the output is left out: it passed its limit]");
		return;
	}
	o->logged += line.n + 1;
	struct ingot_buf plain = INGOT_BUF(KIB(8)), clean = INGOT_BUF(KIB(8));
	for (size_t i = 0, column = 0; i < line.n; i++) {
		/* A tab is a control character, but one that people want to see as what it does. */
		if (line.p[i] != '\t') {
			ingot_buf_char(&plain, line.p[i]);
			column++;
			continue;
		}
		do
			ingot_buf_char(&plain, ' ');
		while (++column % 8);
	}
	ingot_escape_message(&clean, ingot_buf_view(&plain));
	o->log->output(o->log->ctx, o->name, ingot_buf_cstr(&clean));
	ingot_buf_done(&plain);
	ingot_buf_done(&clean);
}

static void flush(struct step_output *o, struct ingot_buf *line)
{
	struct ingot_span s = ingot_buf_view(line);
	/* A progress bar redraws its line; what stands there at the end is what a person would have seen. */
	while (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	for (size_t i = s.n; i-- > 0;)
		if (s.p[i] == '\r') {
			s.p += i + 1;
			s.n -= i + 1;
			break;
		}
	say(o, s);
	ingot_buf_clear(line);
}

static void remember(struct step_output *o, struct ingot_span bytes)
{
	for (size_t i = bytes.n > RING ? bytes.n - (size_t)RING : 0; i < bytes.n;) {
		size_t at = (size_t)((o->total + i) % RING), n = bytes.n - i;
		if (n > RING - at)
			n = (size_t)RING - at;
		memcpy(o->ring + at, bytes.p + i, n);
		i += n;
	}
	o->total += bytes.n;
}

static void show(struct step_output *o, unsigned stream, struct ingot_span bytes)
{
	struct ingot_buf *line = &o->line[stream - 1];
	remember(o, bytes);
	while (bytes.n) {
		const char *nl = memchr(bytes.p, '\n', bytes.n);
		size_t n = nl ? (size_t)(nl - bytes.p) : bytes.n, room = (size_t)LINE - line->n;
		/* A line without an end is given out in pieces. */
		size_t piece = n < room ? n : room;
		ingot_buf_put(line, bytes.p, piece);
		bool ends = nl && piece == n;
		if (ends || line->n == LINE)
			flush(o, line);
		bytes.p += piece + ends;
		bytes.n -= piece + ends;
	}
}

/* Whole occurrences are replaced before anything else sees the bytes; what may be the beginning of one waits for more. */
void step_output_take(struct step_output *o, unsigned stream, struct ingot_span bytes)
{
	struct ingot_buf *held = &o->held[stream - 1];
	struct ingot_found f;
	if (!ingot_search_longest(o->hide)) {
		show(o, stream, bytes);
		return;
	}
	ingot_buf_span(held, bytes);
	struct ingot_span rest = ingot_buf_view(held);
	while (ingot_search_find(o->hide, rest, &f)) {
		show(o, stream, (struct ingot_span){ rest.p, f.at });
		show(o, stream, INGOT_SPAN("***"));
		rest.p += f.at + f.n;
		rest.n -= f.at + f.n;
	}
	size_t open = ingot_search_open(o->hide, rest);
	show(o, stream, (struct ingot_span){ rest.p, rest.n - open });
	memmove(held->p, rest.p + (rest.n - open), open);
	held->n = open;
}

void step_output_end(struct step_output *o, struct ingot_step_result *r)
{
	for (unsigned i = 0; i < STEP_STREAMS; i++) {
		show(o, i + 1, ingot_buf_view(&o->held[i]));
		if (o->held[i].p)
			explicit_bzero(o->held[i].p, o->held[i].cap);
		ingot_buf_done(&o->held[i]);
	}
	for (size_t i = 0; i < STEP_STREAMS; i++) {
		if (o->line[i].n)
			flush(o, &o->line[i]);
		ingot_buf_done(&o->line[i]);
	}
	ingot_buf_clear(&r->tail);
	size_t at = (size_t)(o->total % RING);
	if (o->total > RING)
		ingot_buf_put(&r->tail, o->ring + at, (size_t)RING - at);
	ingot_buf_put(&r->tail, o->ring, at);
	if (o->total == RING)
		ingot_buf_put(&r->tail, o->ring, (size_t)RING);
	r->output = o->total;
	free(o->ring);
	o->ring = NULL;
}

bool ingot_step_last_lines(const struct ingot_step_result *r, char *ret, size_t size)
{
	struct ingot_span tail = ingot_buf_view(&r->tail);
	while (tail.n && (tail.p[tail.n - 1] == '\n' || tail.p[tail.n - 1] == '\r'))
		tail.n--;
	size_t from = tail.n, lines = 0;
	while (from > 0 && tail.n - from < size - 40 && (tail.p[from - 1] != '\n' || ++lines < 3))
		from--;
	if (from == tail.n)
		return false;
	struct ingot_buf text = INGOT_BUF(KIB(2));
	struct ingot_span rest = { tail.p + from, tail.n - from }, line;
	while (ingot_span_next(&rest, '\n', &line)) {
		if (text.n)
			ingot_buf_str(&text, " | ");
		ingot_escape_message(&text, line);
	}
	size_t n = text.n < size - 1 ? text.n : size - 1;
	memcpy(ret, ingot_buf_cstr(&text), n);
	ret[n] = '\0';
	ingot_buf_done(&text);
	return true;
}
