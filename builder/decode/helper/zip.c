/* Is there code in a zip file? Told by the names in its central directory (PKWARE's APPNOTE 4.3), which is what the readers of jars, wheels and zipapps go by. */
#include "judge.h"
#include <ingot/mem.h>
#include <string.h>

#define END_SIZE 22U
#define ENTRY_SIZE 46U
#define MAX_COMMENT 65535U
#define MAX_DIRECTORY ((size_t)8 << 20) /* some 100,000 names */

static bool is_code(struct ingot_span name)
{
	static const char *const ends[] = { ".class", ".py", ".pyc", ".so", ".dll", ".exe", ".jar", ".war", ".dex", ".wasm", ".js", ".rb", ".pl", ".sh" };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ingot_span_ends(name, ends[i]))
			return true;
	return ingot_span_is(name, "META-INF/MANIFEST.MF");
}

/* 1 there is, 0 there is none, -1 it does not hold together. */
static int names(struct ingot_span dir, uint64_t n)
{
	int code = 0;
	for (; n; n--) {
		if (dir.n < ENTRY_SIZE || memcmp(dir.p, "PK\x01\x02", 4) != 0)
			return -1;
		size_t name = (size_t)judge_le(dir.p + 28, 2), all = ENTRY_SIZE + name + (size_t)judge_le(dir.p + 30, 2) + (size_t)judge_le(dir.p + 32, 2);
		if (all > dir.n)
			return -1;
		code = code || is_code((struct ingot_span){ dir.p + ENTRY_SIZE, name });
		dir.p += all;
		dir.n -= all;
	}
	return code;
}

static const char *find_end(const char *tail, size_t n)
{
	for (size_t i = END_SIZE; i <= n; i++) {
		const char *p = tail + (n - i);
		if (memcmp(p, "PK\x05\x06", 4) == 0 && judge_le(p + 20, 2) == i - END_SIZE)
			return p;
	}
	return NULL;
}

int zip_judge(const struct piece *in, struct judged *out, struct ingot_err *err)
{
	size_t n = in->size < END_SIZE + MAX_COMMENT ? (size_t)in->size : END_SIZE + MAX_COMMENT;
	_cleanup_(ingot_freep) char *tail = ingot_alloc(n);
	/* One that cannot be looked through may be anything. */
	out->kind = INGOT_C_ARCHIVE_CODE;
	ingot_pass(piece_read(in, in->size - n, tail, n, err));
	const char *end = find_end(tail, n);
	if (!end) {
		out->flags |= INGOT_F_DAMAGED;
		return 0;
	}
	uint64_t count = judge_le(end + 10, 2), size = judge_le(end + 12, 4), at = judge_le(end + 16, 4);
	if (count == 0xffff || size == 0xffffffff || at == 0xffffffff || size > MAX_DIRECTORY)
		return 0; /* zip64, or too much to look at */
	_cleanup_(ingot_freep) char *dir = ingot_alloc((size_t)size + 1);
	int there = piece_read(in, at, dir, (size_t)size, err);
	ingot_pass(there);
	int code = there ? names((struct ingot_span){ dir, (size_t)size }, count) : -1;
	if (code < 0)
		out->flags |= INGOT_F_DAMAGED;
	else if (!code)
		out->kind = INGOT_C_DATA;
	return 0;
}
