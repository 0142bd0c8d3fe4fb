#include "facts_impl.h"

static bool is_elf(enum ingot_content_kind k)
{
	return k == INGOT_C_ELF_PROGRAM || k == INGOT_C_ELF_SHARED || k == INGOT_C_ELF_OTHER;
}

bool facts_plain(const struct ingot_fact *f)
{
	return f->kind == INGOT_C_DATA && !f->flags && !f->n_secrets;
}

bool facts_possible(const struct ingot_fact *f, uint64_t size)
{
	const unsigned any = INGOT_F_DAMAGED | INGOT_F_MORE_SECRETS | INGOT_F_NOT_SEARCHED, of_elf = INGOT_F_32BIT | INGOT_F_BIG_ENDIAN;
	bool elf = is_elf(f->kind), loaded = elf && f->kind != INGOT_C_ELF_OTHER, script = f->kind == INGOT_C_SCRIPT;
	unsigned may = loaded ? INGOT_F_ALL : elf ? any | of_elf : any;
	if ((f->flags & ~may) || (f->machine && !elf) || ((f->runpath || f->needed) && !loaded) || (f->argument && !script) || (f->interpreter && !loaded && !script))
		return false;
	if (!size && !facts_plain(f))
		return false;
	for (size_t i = 0; i < f->n_secrets; i++)
		if (f->secrets[i].what == INGOT_S_NONE || f->secrets[i].offset >= size)
			return false;
	return true;
}
