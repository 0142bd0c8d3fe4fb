/* rules_elf.c - how programs and libraries were linked, and whether what they need is there. */
#include "look.h"
#include "rows.h"
#include <ingot/escape.h>
#include <ingot/facts.h>
#include <ingot/limits.h>
#include <ingot/path.h>
#include <ingot/resolve.h>
#include <stdlib.h>

#define REBUILD "stages:\n  build:\n    packages: [gcc, libc6-dev]\n    steps:\n      - run: [gcc, -O2, -fPIE, -pie, -fstack-protector-strong, \"-Wl,-z,relro,-z,now,-z,noexecstack\", -o, /web, web.c]\nimage:\n  user: web\n"

static const struct ingot_rule rows[] = {
	{ "elf-exec-stack", SEV(WARNING, ERROR, ERROR), "no program or library makes the stack executable", "With an executable stack a buffer that overflows holds the attacker's code itself. One library that asks for it gives it to the whole process.", "OWASP C-Based Toolchain Hardening",
	  "link with -z noexecstack; assembler files need a .note.GNU-stack", REBUILD, "path" },
	{ "elf-writable-code", SEV(WARNING, ERROR, ERROR), "no program or library has code that is writable", "Memory that is both writable and executable is where injected code is put.", "OWASP C-Based Toolchain Hardening", "link with -z separate-code, and without a script that joins sections", REBUILD, "path" },
	{ "elf-textrel", SEV(WARNING, ERROR, ERROR), "no library has its code changed when it is loaded", "Text relocations make code writable while the program starts, and keep it from being shared.", "OWASP C-Based Toolchain Hardening", "compile with -fPIC", REBUILD, "path" },
	{ "elf-no-pie", SEV(NONE, WARNING, WARNING), "programs can be loaded anywhere (PIE)", "A program at a fixed address spares the attacker guessing where its code is.", "OWASP C-Based Toolchain Hardening", "compile with -fPIE and link with -pie (-static-pie)", REBUILD, "path" },
	{ "elf-no-relro", SEV(NONE, WARNING, WARNING), "tables of the linker are read-only once the program runs (RELRO)", "A writable table of function addresses is what an overflow aims at.", "OWASP C-Based Toolchain Hardening", "link with -z relro -z now", REBUILD, "path" },
	{ "elf-no-bind-now", SEV(NONE, NOTE, NOTE), "programs resolve all functions at the start (BIND_NOW)", "Only then the whole table of functions is read-only.", "OWASP C-Based Toolchain Hardening", "link with -z now, or set LD_BIND_NOW=1", REBUILD, "path" },
	{ "elf-no-canary", SEV(NONE, NOTE, NOTE), "programs notice an overflow of the stack", "A canary turns the takeover of a function's return into the end of the process. A program that has no such function needs none.", "OWASP C-Based Toolchain Hardening",
	  "compile with -fstack-protector-strong", REBUILD, "path" },
	{ "elf-runpath", SEV(ERROR, ERROR, ERROR), "libraries are not looked for where the image's user can write, or where one happens to be", "Who can put a file there becomes part of the program, at its next start.", "S6504", "link without -rpath, or with a directory of root's", REBUILD, "path" },
	{ "elf-interpreter-missing", SEV(WARNING, ERROR, ERROR), "the loader that a program names is there", "Without it the program does not start, with a message that says the program itself is missing.", NULL, "add the package of the loader (libc6), or link statically", "image:\n  packages: [libc6]\n  user: web\n", "path" },
	{ "elf-library-missing", SEV(NONE, WARNING, WARNING), "the libraries that a program or library names are there", "What needs it does not start, or fails when it first loads it.", NULL, "add the package, or leave out what needs it", "image:\n  packages: [nginx]\n  user: web\n", "path" },
	{ "script-interpreter-missing", SEV(NONE, NOTE, NOTE), "the interpreter that a script names is there", "The script cannot run. That is often meant (no shell in the image), and then it is dead weight.", NULL, "add the interpreter, or leave the script out", "image:\n  packages: [python3]\n  user: web\n", "path" },
};

static bool there(const struct look *l, const char *path)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_PATH);
	struct ingot_err no = INGOT_ERR_INIT;
	return ingot_resolve(l->s->tree, ingot_span_of(path), 0, &b, &no) == 0;
}

/* Names of everything that could be a library, sorted. */
struct names {
	struct ingot_span *v;
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	return ingot_span_cmp(*(const struct ingot_span *)a, *(const struct ingot_span *)b);
}

static void collect(const struct ingot_tree *t, struct names *out)
{
	out->v = ingot_alloc_array(ingot_tree_count(t), sizeof(*out->v));
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		struct ingot_span base = ingot_path_base(ingot_tree_at(t, i)->path);
		if (base.n > 3 && memmem(base.p, base.n, ".so", 3))
			out->v[out->n++] = base;
	}
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), by_name);
}

static bool has(const struct names *names, struct ingot_span name)
{
	return names->n && bsearch(&name, names->v, names->n, sizeof(name), by_name) != NULL;
}

/* One directory of RUNPATH; $ORIGIN is the file's own (ld.so(8)). */
static void check_directory(struct look *l, size_t i, struct ingot_span dir)
{
	struct ingot_span own = ingot_path_parent(ingot_tree_at(l->s->tree, i)->path);
	bool origin = ingot_span_starts(dir, "$ORIGIN") || ingot_span_starts(dir, "${ORIGIN}");
	struct ingot_span rest = origin ? ingot_span_from(dir, dir.p[1] == '{' ? 9 : 7) : dir;
	if (!origin && (!dir.n || dir.p[0] != '/')) {
		(void)look_path(l, "elf-runpath", i, " looks for libraries in \"%s\", which depends on the current directory", INGOT_SHOW(dir));
		return;
	}
	const char *path = origin ? ingot_arena_strf(l->out->arena, "/%.*s%.*s", INGOT_SPAN_ARG(own), INGOT_SPAN_ARG(rest)) : ingot_arena_str(l->out->arena, dir);
	if (look_user_writes(l, path))
		(void)look_path(l, "elf-runpath", i, " looks for libraries in %s, where the image's user can write", INGOT_SHOW(ingot_span_of(path)));
}

static void check_runpath(struct look *l, size_t i, const char *runpath)
{
	struct ingot_span rest = ingot_span_of(runpath), dir;
	while (ingot_span_next(&rest, ':', &dir))
		check_directory(l, i, dir);
}

static void check_needed(struct look *l, size_t i, const struct ingot_fact *f, const struct names *names)
{
	struct ingot_span rest = ingot_span_of(f->needed), name;
	while (f->needed && ingot_span_next(&rest, ':', &name))
		if (!has(names, ingot_path_base(name))) {
			(void)look_path(l, "elf-library-missing", i, " needs %s, which is not in the image", INGOT_SHOW(name));
			return;
		}
}

static void check_flags(struct look *l, size_t i, const struct ingot_fact *f)
{
	static const struct {
		unsigned flag;
		bool when_set;
		const char *rule, *text;
	} flags[] = {
		{ INGOT_F_EXECSTACK, true, "elf-exec-stack", " makes the stack executable" },
		{ INGOT_F_WRITABLE_CODE, true, "elf-writable-code", " has code that is writable" },
		{ INGOT_F_TEXTREL, true, "elf-textrel", " has its code changed when it is loaded" },
		{ INGOT_F_PIE, false, "elf-no-pie", " can be loaded at one address only" },
		{ INGOT_F_RELRO, false, "elf-no-relro", " leaves the linker's tables writable" },
		{ INGOT_F_BIND_NOW, false, "elf-no-bind-now", " leaves the table of functions writable" },
		{ INGOT_F_CANARY, false, "elf-no-canary", " does not notice an overflow of the stack" },
	};
	bool relro = f->flags & INGOT_F_RELRO, program = f->kind == INGOT_C_ELF_PROGRAM;
	for (size_t k = 0; k < N_ROWS(flags); k++) {
		bool set = f->flags & flags[k].flag;
		/* Whatever a library lacks, it lacks by the hundred; what counts there is said of each process by its program. */
		bool of_programs = !flags[k].when_set && flags[k].flag != INGOT_F_RELRO;
		if (set != flags[k].when_set || (of_programs && !program) || (flags[k].flag == INGOT_F_BIND_NOW && !relro))
			continue;
		(void)look_path(l, flags[k].rule, i, "%s", flags[k].text);
	}
}

static void check_elf(struct look *l, size_t i, const struct ingot_fact *f, const struct names *names)
{
	if (f->flags & INGOT_F_DAMAGED)
		return;
	check_flags(l, i, f);
	if (f->runpath)
		check_runpath(l, i, f->runpath);
	if (f->kind == INGOT_C_ELF_PROGRAM && f->interpreter && !there(l, f->interpreter))
		(void)look_path(l, "elf-interpreter-missing", i, " is started by %s, which is not in the image", INGOT_SHOW(ingot_span_of(f->interpreter)));
	check_needed(l, i, f, names);
}

static void check(struct look *l)
{
	const struct ingot_tree *t = l->s->tree;
	struct names names = { 0 };
	if (!t || !l->s->facts)
		return;
	collect(t, &names);
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		const struct ingot_node *n = ingot_tree_node(t, ingot_tree_at(t, i)->node);
		const struct ingot_fact *f = n->type == INGOT_FILE && ingot_tree_leader(t, i) == i ? ingot_facts_of(l->s->facts, &n->content) : NULL;
		if (f && (f->kind == INGOT_C_ELF_PROGRAM || f->kind == INGOT_C_ELF_SHARED))
			check_elf(l, i, f, &names);
		else if (f && f->kind == INGOT_C_SCRIPT && (n->mode & 0111) && f->interpreter && !there(l, f->interpreter))
			(void)look_path(l, "script-interpreter-missing", i, " is run by %s, which is not in the image", INGOT_SHOW(ingot_span_of(f->interpreter)));
	}
	free(names.v);
}

const struct rule_group rules_elf = { rows, N_ROWS(rows), check };
