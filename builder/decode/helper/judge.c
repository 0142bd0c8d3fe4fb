#include "judge.h"
#include "secret.h"
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <string.h>

struct judge {
	struct judged out;
	struct secret_search *search;
	char *window; /* SECRET_BACK, then what is looked at: a block, and behind it what the end of the one before may reach into */
};

struct judge *judge_new(void)
{
	struct judge *j = ingot_alloc(sizeof(*j));
	j->out.interpreter.max = INGOT_MAX_PATH;
	j->out.argument.max = INGOT_MAX_HASHBANG;
	j->out.runpath.max = j->out.needed.max = INGOT_MAX_ELF_TEXT;
	j->search = secret_search_new();
	j->window = ingot_alloc(SECRET_BACK + SECRET_REACH + JUDGE_BLOCK);
	return j;
}

void judge_free(struct judge *j)
{
	ingot_buf_done(&j->out.interpreter);
	ingot_buf_done(&j->out.argument);
	ingot_buf_done(&j->out.runpath);
	ingot_buf_done(&j->out.needed);
	secret_search_free(j->search);
	free(j->window);
	free(j);
}

int piece_read(const struct piece *p, uint64_t at, void *to, size_t n, struct ingot_err *err)
{
	if (at > p->size || n > p->size - at)
		return 0;
	if (at + n <= p->n_head)
		memcpy(to, p->head + at, n);
	else
		ingot_pass(ingot_pread_all(p->fd, to, n, p->offset + at, err));
	return 1;
}

uint64_t judge_le(const void *p, size_t n)
{
	const unsigned char *b = p;
	uint64_t v = 0;
	while (n-- > 0)
		v = v << 8 | b[n];
	return v;
}

/* As the kernel reads it (fs/binfmt_script.c): blanks, the program, blanks, all the rest as one argument without its trailing blanks. */
static void script(const struct piece *in, struct judged *out)
{
	size_t n = in->n_head < INGOT_MAX_HASHBANG ? in->n_head : INGOT_MAX_HASHBANG;
	struct ingot_span line = { in->head + 2, n - 2 };
	const char *end = line.n ? memchr(line.p, '\n', line.n) : NULL;
	line.n = end ? (size_t)(end - line.p) : line.n;
	end = line.n ? memchr(line.p, '\0', line.n) : NULL;
	line.n = end ? (size_t)(end - line.p) : line.n;
	line = ingot_span_trim(line);
	size_t word = 0;
	while (word < line.n && line.p[word] != ' ' && line.p[word] != '\t')
		word++;
	/* An attribute of Rust, in a file that nobody executes. */
	if (word && line.p[0] == '[')
		return;
	out->kind = INGOT_C_SCRIPT;
	ingot_buf_put(&out->interpreter, line.p, word);
	ingot_buf_span(&out->argument, ingot_span_trim((struct ingot_span){ line.p + word, line.n - word }));
	if (in->size > INGOT_MAX_HASHBANG && word == line.n && word + 2 >= INGOT_MAX_HASHBANG)
		out->flags |= INGOT_F_DAMAGED; /* the kernel refuses a name that may go on */
}

/* CPython's Lib/importlib/_bootstrap_external.py: magic and "\r\n"; from 3.7 on flags below 4; then a marshalled code object. */
static bool is_python(const struct piece *in)
{
	if (in->n_head < 17 || memcmp(in->head + 2, "\r\n", 2) != 0)
		return false;
	uint64_t magic = judge_le(in->head, 2), flags = judge_le(in->head + 4, 4);
	if (magic >= 3000 && magic < 4000)
		return ((in->head[16] & 0x7f) == 'c' && flags < 4) || (in->head[12] & 0x7f) == 'c' || (in->head[8] & 0x7f) == 'c';
	return magic >= 50000 && magic < 63000 && in->head[8] == 'c';
}

static bool begins(const struct piece *in, const char *magic, size_t n)
{
	return in->n_head >= n && memcmp(in->head, magic, n) == 0;
}
#define BEGINS(in, magic) begins((in), (magic), sizeof(magic) - 1)

static bool is_class(const struct piece *in)
{
	/* A fat Mach-O has the same magic, and there the number of architectures. */
	return BEGINS(in, "\xca\xfe\xba\xbe") && in->n_head >= 10 && (unsigned char)in->head[6] == 0 && (unsigned char)in->head[7] >= 45;
}

static bool is_pe(const struct piece *in, struct ingot_err *err)
{
	char magic[4];
	return BEGINS(in, "MZ") && in->n_head >= 64 && piece_read(in, judge_le(in->head + 60, 4), magic, 4, err) == 1 && memcmp(magic, "PE\0\0", 4) == 0;
}

static int find_kind(const struct piece *in, struct judged *out, struct ingot_err *err)
{
	if (BEGINS(in, "\x7f" "ELF"))
		return elf_judge(in, out, err);
	if (BEGINS(in, "PK\x03\x04") || BEGINS(in, "PK\x05\x06"))
		return zip_judge(in, out, err);
	if (BEGINS(in, "#!"))
		script(in, out);
	else if (is_python(in) || BEGINS(in, "\x1bLua") || BEGINS(in, ";ELC") || (BEGINS(in, "FOR1") && in->n_head >= 12 && memcmp(in->head + 8, "BEAM", 4) == 0))
		out->kind = INGOT_C_BYTECODE;
	else if (is_class(in) || BEGINS(in, "\0asm\1\0\0\0") || BEGINS(in, "dex\n0"))
		out->kind = INGOT_C_ARCHIVE_CODE;
	else if (BEGINS(in, "!<arch>\n") || BEGINS(in, "!<thin>\n"))
		out->kind = INGOT_C_AR;
	else if (is_pe(in, err))
		out->kind = INGOT_C_PE;
	return 0;
}

/* A secret, or (INGOT_S_NONE) the text by which a static program's canary is known. */
static void found(void *ctx, enum ingot_secret_what what, unsigned flags, uint64_t at)
{
	struct judged *out = ctx;
	if (what == INGOT_S_NONE) {
		if (out->flags & INGOT_F_STATIC)
			out->flags |= INGOT_F_CANARY;
	} else if (out->n_secrets < INGOT_MAX_FOUND) {
		out->secrets[out->n_secrets++] = (struct ingot_secret_found){ what, flags, at };
	} else {
		out->flags |= INGOT_F_MORE_SECRETS;
	}
}

/* The rest of the content, block by block. In the window lie the first n bytes from `at` on. */
static int search(struct judge *j, const struct piece *in, size_t n, struct ingot_err *err)
{
	char *text = j->window + SECRET_BACK;
	size_t back = 0;
	uint64_t size = in->size < INGOT_MAX_SEARCHED ? in->size : INGOT_MAX_SEARCHED;
	if (size < in->size)
		j->out.flags |= INGOT_F_NOT_SEARCHED;
	for (uint64_t at = 0;;) {
		bool last = at + n == size;
		/* What begins near the end is looked at when its end is there. */
		size_t upto = last ? n : n - SECRET_REACH;
		struct secret_text t = { .begin = text - back, .from = text, .upto = text + upto, .end = text + n, .at = at };
		secret_search(j->search, &t, found, &j->out);
		if (last)
			return 0;
		back = upto < SECRET_BACK ? upto : SECRET_BACK;
		memmove(text - back, text + upto - back, back + n - upto);
		at += upto;
		n -= upto;
		size_t more = size - at - n < JUDGE_BLOCK ? (size_t)(size - at - n) : JUDGE_BLOCK;
		ingot_pass(ingot_pread_all(in->fd, text + n, more, in->offset + at + n, err));
		n += more;
	}
}

int judge_content(struct judge *j, int fd, uint64_t offset, uint64_t size, const struct judged **ret, struct ingot_err *err)
{
	struct judged *out = &j->out;
	struct piece in = { .fd = fd, .offset = offset, .size = size, .head = j->window + SECRET_BACK };
	in.n_head = size < JUDGE_BLOCK ? (size_t)size : JUDGE_BLOCK;
	out->kind = INGOT_C_DATA;
	out->flags = out->machine = 0;
	out->n_secrets = 0;
	ingot_buf_clear(&out->interpreter);
	ingot_buf_clear(&out->argument);
	ingot_buf_clear(&out->runpath);
	ingot_buf_clear(&out->needed);
	if (size > INGOT_MAX_FILE || offset > INGOT_MAX_FILE)
		return ingot_fail(err, INGOT_E_BUG, "a content of %llu bytes", (unsigned long long)size);
	ingot_pass(ingot_pread_all(fd, j->window + SECRET_BACK, in.n_head, offset, err));
	ingot_pass(find_kind(&in, out, err));
	ingot_pass(search(j, &in, in.n_head, err));
	*ret = out;
	return 0;
}
