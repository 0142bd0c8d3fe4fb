/* Facts as text, in references of the store. A line a content: its digest, and unless it is plain data
 *
 *     KIND FLAGS MACHINE =INTERPRETER =ARGUMENT =RUNPATH =NEEDED [WHAT:FLAGS:OFFSET,...]
 *
 * with the numbers of facts.h, and texts as ingot_escape_field() spells them. */
#include "facts_impl.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>

#define KIND "facts"

void facts_key(const char *what, const struct ingot_digest *of, struct ingot_digest *ret)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(512);
	ingot_buf_fmt(&b, "ingot-facts %d %s %s %s", FACTS_VERSION, FACTS_TABLE, what, INGOT_HEX(of));
	ingot_sha256(b.p, b.n, ret);
}

static void write_text(struct ingot_buf *out, const char *text)
{
	ingot_buf_str(out, " =");
	ingot_escape_field(out, ingot_span_of(text));
}

void facts_write(const struct facts_entry *e, struct ingot_buf *out)
{
	const struct ingot_fact *f = &e->fact;
	ingot_buf_str(out, INGOT_HEX(&e->content));
	if (!facts_plain(f)) {
		ingot_buf_fmt(out, " %d %u %u", (int)f->kind, f->flags, f->machine);
		write_text(out, f->interpreter);
		write_text(out, f->argument);
		write_text(out, f->runpath);
		write_text(out, f->needed);
		for (size_t i = 0; i < f->n_secrets; i++)
			ingot_buf_fmt(out, "%c%d:%u:%llu", i ? ',' : ' ', (int)f->secrets[i].what, f->secrets[i].flags, (unsigned long long)f->secrets[i].offset);
	}
	ingot_buf_char(out, '\n');
}

static bool read_number(struct ingot_span *rest, char end, uint64_t max, uint64_t *ret)
{
	struct ingot_span word;
	return ingot_span_next(rest, end, &word) && ingot_parse_u64(word, max, ret) == 0;
}

static bool read_text(struct ingot_span *rest, struct ingot_arena *arena, const char **ret)
{
	struct ingot_span word;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_PATH + 1);
	if (!ingot_span_next(rest, ' ', &word) || !ingot_span_starts(word, "="))
		return false;
	if (ingot_unescape_field(&text, (struct ingot_span){ word.p + 1, word.n - 1 }) < 0 || text.full)
		return false;
	*ret = text.n ? ingot_arena_str(arena, ingot_buf_view(&text)) : NULL;
	return true;
}

static bool read_secrets(struct ingot_span rest, struct ingot_arena *arena, struct ingot_fact *f)
{
	struct ingot_secret_found found[INGOT_MAX_FOUND] = { { 0 } }, *copy;
	struct ingot_span one;
	size_t n = 0;
	uint64_t what, flags, offset;
	while (ingot_span_next(&rest, ',', &one)) {
		if (n == INGOT_MAX_FOUND || !read_number(&one, ':', INGOT_SECRET_WHATS - 1, &what) || !read_number(&one, ':', 1, &flags) ||
		    ingot_parse_u64(one, INGOT_MAX_FILE, &offset) < 0)
			return false;
		found[n++] = (struct ingot_secret_found){ (enum ingot_secret_what)what, (unsigned)flags, offset };
	}
	copy = ingot_arena_array(arena, n + !n, sizeof(*copy));
	memcpy(copy, found, n * sizeof(*copy));
	f->secrets = copy;
	f->n_secrets = n;
	return true;
}

static bool read_fact(struct ingot_span rest, struct ingot_arena *arena, uint64_t size, struct ingot_fact *ret)
{
	struct ingot_fact f = { .kind = INGOT_C_DATA };
	uint64_t kind, flags, machine;
	if (rest.n) {
		if (!read_number(&rest, ' ', INGOT_CONTENT_KINDS - 1, &kind) || !read_number(&rest, ' ', INGOT_F_ALL, &flags) || !read_number(&rest, ' ', 0xffff, &machine))
			return false;
		f.kind = (enum ingot_content_kind)kind;
		f.flags = (unsigned)flags;
		f.machine = (unsigned)machine;
		if (!read_text(&rest, arena, &f.interpreter) || !read_text(&rest, arena, &f.argument) || !read_text(&rest, arena, &f.runpath) || !read_text(&rest, arena, &f.needed))
			return false;
		if (rest.n && !read_secrets(rest, arena, &f))
			return false;
	}
	if (!facts_possible(&f, size))
		return false;
	*ret = f;
	return true;
}

int facts_get(struct ingot_store *s, const struct ingot_digest *key, struct ingot_facts *f, struct ingot_buf *text, struct ingot_err *err)
{
	text->max = FACTS_MAX_RECORD;
	int r = ingot_ref_get(s, KIND, key, text, err);
	if (r <= 0)
		return r;
	struct ingot_span rest = ingot_buf_view(text), line, word;
	struct ingot_digest d;
	if (!ingot_span_starts(rest, FACTS_HEAD))
		return 0;
	rest.p += strlen(FACTS_HEAD);
	rest.n -= strlen(FACTS_HEAD);
	while (ingot_span_next(&rest, '\n', &line)) {
		if (!ingot_span_next(&line, ' ', &word) || ingot_digest_parse_hex(word, &d) < 0)
			return 0;
		struct facts_entry *e = facts_find(f, &d);
		/* A pack has contents of other trees as well. */
		if (!e || e->known)
			continue;
		if (!read_fact(line, f->arena, e->size, &e->fact))
			return 0;
		e->known = true;
	}
	return 1;
}

int facts_put(struct ingot_store *s, const struct ingot_digest *key, const struct ingot_buf *text, struct ingot_err *err)
{
	return text->full ? 0 : ingot_ref_put(s, KIND, key, ingot_buf_view(text), NULL, 0, err);
}
