/* ELF as the kernel (fs/binfmt_elf.c) and glibc's loader (elf/dl-load.c, elf/get-dynamic-info.h) read it: by program headers and the dynamic section. Section headers, which
 * nobody needs to run a file, say only whether it was stripped. (gABI: the System V ABI, chapters 4 and 5.) */
#include "judge.h"
#include <elf.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <string.h>

#define MAX_HEADERS 65536U /* bytes of the program header table: the kernel's own limit */
#define MAX_DYNAMIC ((size_t)1 << 20)
#define BLOCK ((size_t)64 << 10)
#define LONGEST 64U /* of the names of functions that are looked for */

struct header {
	uint32_t type, flags;
	uint64_t offset, vaddr, filesz;
};

struct elf {
	const struct piece *in;
	struct judged *out;
	bool wide, big;
	uint16_t type, phentsize, phnum, shentsize, shnum;
	uint64_t phoff, shoff;
	struct header *headers; /* phnum */
	const struct header *interp, *dynamic, *stack;
	/* of the dynamic section */
	uint64_t strtab, strsz, flags, flags_1;
	bool has_strtab, has_soname, has_needed, bind_now, textrel;
};

/* A number of the file, in its byte order. */
static uint64_t number(const struct elf *e, const char *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | (unsigned char)p[e->big ? i : n - 1 - i];
	return v;
}
#define FIELD(e, p, Type, field)                                                                                     \
	((e)->wide ? number((e), (p) + offsetof(Elf64_##Type, field), sizeof(((Elf64_##Type *)0)->field)) : \
		     number((e), (p) + offsetof(Elf32_##Type, field), sizeof(((Elf32_##Type *)0)->field)))
#define SIZE(e, Type) ((e)->wide ? sizeof(Elf64_##Type) : sizeof(Elf32_##Type))

static void damaged(struct elf *e)
{
	e->out->flags |= INGOT_F_DAMAGED;
}

/* 1, or 0 when there is no header worth the name. */
static int read_header(struct elf *e, struct ingot_err *err)
{
	char h[sizeof(Elf64_Ehdr)];
	int there = piece_read(e->in, 0, h, EI_NIDENT, err);
	if (there <= 0 || (h[EI_CLASS] != ELFCLASS32 && h[EI_CLASS] != ELFCLASS64) || (h[EI_DATA] != ELFDATA2LSB && h[EI_DATA] != ELFDATA2MSB))
		return there < 0 ? -1 : 0;
	e->wide = h[EI_CLASS] == ELFCLASS64;
	e->big = h[EI_DATA] == ELFDATA2MSB;
	there = piece_read(e->in, 0, h, SIZE(e, Ehdr), err);
	if (there <= 0 || h[EI_VERSION] != EV_CURRENT)
		return there < 0 ? -1 : 0;
	e->type = (uint16_t)FIELD(e, h, Ehdr, e_type);
	e->out->machine = (unsigned)FIELD(e, h, Ehdr, e_machine);
	e->phoff = FIELD(e, h, Ehdr, e_phoff);
	e->shoff = FIELD(e, h, Ehdr, e_shoff);
	e->phentsize = (uint16_t)FIELD(e, h, Ehdr, e_phentsize);
	e->phnum = (uint16_t)FIELD(e, h, Ehdr, e_phnum);
	e->shentsize = (uint16_t)FIELD(e, h, Ehdr, e_shentsize);
	e->shnum = (uint16_t)FIELD(e, h, Ehdr, e_shnum);
	return 1;
}

/* 1, or 0 when the kernel would not load it. */
static int read_headers(struct elf *e, struct ingot_err *err)
{
	size_t one = SIZE(e, Phdr), all = (size_t)e->phnum * one;
	if (e->phentsize != one || !all || all > MAX_HEADERS)
		return 0;
	_cleanup_(ingot_freep) char *table = ingot_alloc(all);
	int there = piece_read(e->in, e->phoff, table, all, err);
	if (there <= 0)
		return there;
	e->headers = ingot_alloc_array(e->phnum, sizeof(*e->headers));
	for (size_t i = 0; i < e->phnum; i++) {
		const char *p = table + i * one;
		e->headers[i] = (struct header){ (uint32_t)FIELD(e, p, Phdr, p_type), (uint32_t)FIELD(e, p, Phdr, p_flags), FIELD(e, p, Phdr, p_offset), FIELD(e, p, Phdr, p_vaddr),
						 FIELD(e, p, Phdr, p_filesz) };
	}
	return 1;
}

/* One of a kind: the kernel takes the first, the loader the last. */
static void only(struct elf *e, const struct header **ret, const struct header *h)
{
	if (*ret)
		damaged(e);
	else
		*ret = h;
}

static void look_at_headers(struct elf *e)
{
	uint64_t last = 0;
	for (size_t i = 0; i < e->phnum; i++) {
		const struct header *h = &e->headers[i];
		switch (h->type) {
		case PT_LOAD:
			if (h->offset > e->in->size || h->filesz > e->in->size - h->offset || h->vaddr < last || h->vaddr > UINT64_MAX - h->filesz)
				damaged(e);
			last = h->vaddr;
			if ((h->flags & (PF_W | PF_X)) == (PF_W | PF_X))
				e->out->flags |= INGOT_F_WRITABLE_CODE;
			break;
		case PT_INTERP:
			only(e, &e->interp, h);
			break;
		case PT_DYNAMIC:
			only(e, &e->dynamic, h);
			break;
		case PT_GNU_STACK:
			only(e, &e->stack, h);
			break;
		case PT_GNU_RELRO:
			e->out->flags |= INGOT_F_RELRO;
			break;
		default:
			break;
		}
	}
	if (!e->stack || (e->stack->flags & PF_X))
		e->out->flags |= INGOT_F_EXECSTACK;
}

/* Where the file has what is at this address in memory: the loader goes by addresses. False when n bytes of it are not there. */
static bool at_address(const struct elf *e, uint64_t vaddr, uint64_t n, uint64_t *ret)
{
	for (size_t i = 0; i < e->phnum; i++) {
		const struct header *h = &e->headers[i];
		if (h->type != PT_LOAD || vaddr < h->vaddr || vaddr - h->vaddr > h->filesz || n > h->filesz - (vaddr - h->vaddr))
			continue;
		if (h->offset > e->in->size || vaddr - h->vaddr > e->in->size - h->offset)
			return false;
		*ret = h->offset + (vaddr - h->vaddr);
		return true;
	}
	return false;
}

static int read_interp(struct elf *e, struct ingot_err *err)
{
	char name[INGOT_MAX_PATH + 1];
	if (!e->interp)
		return 0;
	size_t n = e->interp->filesz <= sizeof(name) ? (size_t)e->interp->filesz : 0;
	int there = n < 2 ? 0 : piece_read(e->in, e->interp->offset, name, n, err);
	ingot_pass(there);
	if (!there || name[n - 1]) {
		damaged(e);
		return 0;
	}
	ingot_buf_str(&e->out->interpreter, name);
	return 0;
}

/* A string of the string table onto out, after a ':' if there is something already. */
static int add_string(struct elf *e, uint64_t at, struct ingot_buf *out, struct ingot_err *err)
{
	char text[INGOT_MAX_PATH + 1];
	uint64_t where;
	size_t n = at < e->strsz && e->strsz - at < sizeof(text) ? (size_t)(e->strsz - at) : sizeof(text);
	int there = 0;
	if (e->has_strtab && at < e->strsz && at_address(e, e->strtab, e->strsz, &where))
		there = piece_read(e->in, where + at, text, n, err);
	ingot_pass(there);
	if (!there || !memchr(text, '\0', n)) {
		damaged(e);
		return 0;
	}
	if (out->n)
		ingot_buf_char(out, ':');
	ingot_buf_str(out, text);
	if (out->full)
		damaged(e);
	return 0;
}

/* Entries that are numbers; the strings wait until the string table is known. */
static void take_entry(struct elf *e, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case DT_STRTAB:
		e->strtab = value;
		e->has_strtab = true;
		break;
	case DT_STRSZ:
		e->strsz = value;
		break;
	case DT_FLAGS:
		e->flags = value;
		break;
	case DT_FLAGS_1:
		e->flags_1 = value;
		break;
	case DT_BIND_NOW:
		e->bind_now = true;
		break;
	case DT_TEXTREL:
		e->textrel = true;
		break;
	case DT_SONAME:
		e->has_soname = true;
		break;
	case DT_NEEDED:
		e->has_needed = true;
		break;
	case DT_RPATH:
		e->out->flags |= INGOT_F_RPATH;
		break;
	default:
		break;
	}
}

static int take_string(struct elf *e, uint64_t tag, uint64_t value, struct ingot_err *err)
{
	if (tag == DT_NEEDED)
		return add_string(e, value, &e->out->needed, err);
	return tag == DT_RPATH || tag == DT_RUNPATH ? add_string(e, value, &e->out->runpath, err) : 0;
}

static int read_dynamic(struct elf *e, struct ingot_err *err)
{
	uint64_t at = 0;
	if (!e->dynamic)
		return 0;
	size_t one = SIZE(e, Dyn), n = e->dynamic->filesz < MAX_DYNAMIC ? (size_t)e->dynamic->filesz : MAX_DYNAMIC;
	_cleanup_(ingot_freep) char *table = ingot_alloc(n + 1);
	int there = at_address(e, e->dynamic->vaddr, n, &at) ? piece_read(e->in, at, table, n, err) : 0;
	ingot_pass(there);
	if (!there) {
		damaged(e);
		return 0;
	}
	/* A reader that goes by offsets would see another one. */
	if (at != e->dynamic->offset)
		damaged(e);
	size_t used = 0;
	while (used + one <= n && FIELD(e, table + used, Dyn, d_tag) != DT_NULL) {
		take_entry(e, FIELD(e, table + used, Dyn, d_tag), FIELD(e, table + used, Dyn, d_un.d_val));
		used += one;
	}
	if (used + one > n)
		damaged(e);
	for (size_t i = 0; i < used && !e->out->needed.full && !e->out->runpath.full; i += one)
		ingot_pass(take_string(e, FIELD(e, table + i, Dyn, d_tag), FIELD(e, table + i, Dyn, d_un.d_val), err));
	return 0;
}

/* "__memcpy_chk" and its like: glibc's checked functions (debug/ in its source). */
static bool has_checked(const char *p, size_t n)
{
	static const char end[] = "_chk";
	for (const char *at = p; (at = memmem(at, n - (size_t)(at - p), end, sizeof(end))); at++) {
		const char *name = at;
		while (name > p && name[-1] && at - name < (ptrdiff_t)LONGEST)
			name--;
		if (at - name > 2 && name[0] == '_' && name[1] == '_')
			return true;
	}
	return false;
}

/* Names in a string table, without the symbols that use them: a name is in there because something uses it. */
static int find_names(struct elf *e, uint64_t at, uint64_t size, struct ingot_err *err)
{
	static const char canary[] = "__stack_chk_fail";
	_cleanup_(ingot_freep) char *block = ingot_alloc(BLOCK);
	for (uint64_t done = 0; done < size;) {
		size_t n = size - done < BLOCK ? (size_t)(size - done) : BLOCK;
		int there = piece_read(e->in, at + done, block, n, err);
		if (there <= 0)
			return there;
		if (memmem(block, n, canary, sizeof(canary)))
			e->out->flags |= INGOT_F_CANARY;
		if (has_checked(block, n))
			e->out->flags |= INGOT_F_FORTIFY;
		if (done + n == size)
			break;
		done += n - 2 * LONGEST;
	}
	return 0;
}

/* The symbol table that a debugger reads; of a static program it is the only one. */
static int read_sections(struct elf *e, struct ingot_err *err)
{
	size_t one = SIZE(e, Shdr), all = (size_t)e->shnum * one;
	_cleanup_(ingot_freep) char *table = ingot_alloc(all + 1);
	int there = e->shentsize == one && all ? piece_read(e->in, e->shoff, table, all, err) : 0;
	ingot_pass(there);
	e->out->flags |= INGOT_F_STRIPPED;
	for (size_t i = 0; there && i < e->shnum; i++) {
		const char *s = table + i * one;
		uint64_t link = FIELD(e, s, Shdr, sh_link);
		if (FIELD(e, s, Shdr, sh_type) != SHT_SYMTAB)
			continue;
		e->out->flags &= ~INGOT_F_STRIPPED;
		if (!e->dynamic && link < e->shnum)
			return find_names(e, FIELD(e, table + link * one, Shdr, sh_offset), FIELD(e, table + link * one, Shdr, sh_size), err);
	}
	return 0;
}

static int judge_loadable(struct elf *e, struct ingot_err *err)
{
	struct judged *out = e->out;
	uint64_t at;
	look_at_headers(e);
	ingot_pass(read_interp(e, err));
	ingot_pass(read_dynamic(e, err));
	bool pie = e->type == ET_DYN && ((e->flags_1 & DF_1_PIE) || (e->interp && !e->has_soname));
	out->kind = e->type == ET_EXEC || pie ? INGOT_C_ELF_PROGRAM : INGOT_C_ELF_SHARED;
	if (pie)
		out->flags |= INGOT_F_PIE;
	if (e->bind_now || (e->flags & DF_BIND_NOW) || (e->flags_1 & DF_1_NOW))
		out->flags |= INGOT_F_BIND_NOW;
	if (e->textrel || (e->flags & DF_TEXTREL))
		out->flags |= INGOT_F_TEXTREL;
	if (out->kind == INGOT_C_ELF_PROGRAM && !e->interp && !e->has_needed)
		out->flags |= INGOT_F_STATIC;
	if (e->has_strtab && at_address(e, e->strtab, e->strsz, &at))
		ingot_pass(find_names(e, at, e->strsz, err));
	else if (e->dynamic)
		damaged(e);
	return read_sections(e, err);
}

int elf_judge(const struct piece *in, struct judged *out, struct ingot_err *err)
{
	struct elf e = { .in = in, .out = out };
	out->kind = INGOT_C_ELF_OTHER;
	int good = read_header(&e, err);
	ingot_pass(good);
	if (!good) {
		damaged(&e);
		return 0;
	}
	/* Guile's compiled files are ELF for no processor. */
	if (in->n_head > EI_OSABI && (unsigned char)in->head[EI_OSABI] == ELFOSABI_STANDALONE && out->machine == EM_NONE) {
		out->kind = INGOT_C_BYTECODE;
		return 0;
	}
	out->flags |= (e.wide ? 0 : INGOT_F_32BIT) | (e.big ? INGOT_F_BIG_ENDIAN : 0);
	if (e.type != ET_EXEC && e.type != ET_DYN)
		return 0;
	good = read_headers(&e, err);
	if (good == 0)
		damaged(&e);
	if (good > 0)
		good = judge_loadable(&e, err);
	free(e.headers);
	return good < 0 ? -1 : 0;
}
