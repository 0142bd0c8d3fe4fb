/* judge.h - one content looked at: what it is, how it was hardened, which secrets lie in it. */
#pragma once
#include <ingot/facts.h>
#include <ingot/limits.h>

#define JUDGE_BLOCK ((size_t)256 << 10)

/* A content: size bytes of fd from offset on. Its beginning has been read already. */
struct piece {
	int fd;
	uint64_t offset, size;
	const char *head;
	size_t n_head;
};
/* 1 and the bytes; 0 when they do not all lie in it; -1 when it cannot be read. */
int piece_read(const struct piece *p, uint64_t at, void *to, size_t n, struct ingot_err *err) INGOT_MUST_USE;

struct judged {
	enum ingot_content_kind kind;
	unsigned flags, machine;
	struct ingot_buf interpreter, argument, runpath, needed;
	struct ingot_secret_found secrets[INGOT_MAX_FOUND];
	size_t n_secrets;
};

struct judge;
struct judge *judge_new(void);
void judge_free(struct judge *j);
static inline void judge_freep(struct judge **j)
{
	if (*j)
		judge_free(*j);
}
/* A failure is of the file, never of what it says. The result holds until the next call. */
int judge_content(struct judge *j, int fd, uint64_t offset, uint64_t size, const struct judged **ret, struct ingot_err *err) INGOT_MUST_USE;

/* elf.c: of a content that begins with ELF's magic. */
int elf_judge(const struct piece *in, struct judged *out, struct ingot_err *err) INGOT_MUST_USE;
/* zip.c: of one that begins with a zip entry: is there code in it? */
int zip_judge(const struct piece *in, struct judged *out, struct ingot_err *err) INGOT_MUST_USE;
/* A little-endian number. */
uint64_t judge_le(const void *p, size_t n);
