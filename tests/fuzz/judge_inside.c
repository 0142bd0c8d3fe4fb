#include "judge_inside.h"
#include "../../builder/decode/facts_impl.h"
#include <ingot/fd.h>
#include <sys/mman.h>

static const char *text_of(const struct ingot_buf *b, size_t max)
{
	ingot_assert(b->n <= max && !(b->n && memchr(b->p, '\0', b->n)));
	return b->n ? b->p : NULL;
}

const struct judged *judge_inside(const void *data, size_t n)
{
	static struct judge *judge;
	struct ingot_err err = INGOT_ERR_INIT;
	const struct judged *j = NULL;
	_cleanup_(ingot_closep) int fd = memfd_create("content", MFD_CLOEXEC);
	if (!judge)
		judge = judge_new();
	/* Something before it and behind it, which does not belong to it. */
	ingot_assert(fd >= 0 && ingot_write_all(fd, "before", 6, &err) == 0 && ingot_write_all(fd, data, n, &err) == 0 && ingot_write_all(fd, "behind", 6, &err) == 0);
	ingot_assert(judge_content(judge, fd, 6, n, &j, &err) == 0);
	struct ingot_fact f = { .kind = j->kind,
				.flags = j->flags,
				.machine = j->machine,
				.interpreter = text_of(&j->interpreter, INGOT_MAX_PATH),
				.argument = text_of(&j->argument, INGOT_MAX_HASHBANG),
				.runpath = text_of(&j->runpath, INGOT_MAX_ELF_TEXT),
				.needed = text_of(&j->needed, INGOT_MAX_ELF_TEXT),
				.secrets = j->secrets,
				.n_secrets = j->n_secrets };
	ingot_assert(f.kind < INGOT_CONTENT_KINDS && !(f.flags & ~INGOT_F_ALL) && f.machine <= 0xffff && f.n_secrets <= INGOT_MAX_FOUND);
	ingot_assert(!n || facts_possible(&f, n));
	return j;
}
