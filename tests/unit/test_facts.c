/* What contents are: ELF files as compilers make them, each property both ways; scripts; what is told by a magic. Damaged files are in tests/mustfail/contents. */
#include "facts_support.h"
#include <elf.h>

static const char source[] = "#ifdef TINY\n#ifdef NAMED\nint named __asm__(\"__stack_chk_fail\") = 1;\n#endif\nint x = 1;\nint main(void) { return x; }\n#else\n#include <stdio.h>\n#include <string.h>\nint f(const char *s);\n"
			     "int f(const char *s) { char b[64]; strcpy(b, s); return (int)strlen(b) + b[3]; }\n"
			     "int main(int argc, char **argv) { return f(argv[0]); }\n#endif\n";
static char work[300];

static int command(const char *line)
{
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (chdir(work) == 0)
			(void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	int status = -1;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The compiler's own defaults must not decide what is tested. */
#define PLAIN "-O1 -fno-stack-protector -U_FORTIFY_SOURCE -no-pie -Wl,-z,norelro,-z,lazy,-z,noexecstack "
#define HARD "-O2 -fstack-protector-all -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE -pie -Wl,-z,relro,-z,now,-z,noexecstack "
#define LIB "-O1 -fno-stack-protector -fPIC -shared -Wl,-z,norelro,-z,lazy,-z,noexecstack "

static const struct {
	const char *args;
	enum ingot_content_kind kind;
	unsigned has, has_not;
	const char *runpath;
	bool interp;
} made[] = {
	{ PLAIN, INGOT_C_ELF_PROGRAM, 0,
	  INGOT_F_PIE | INGOT_F_RELRO | INGOT_F_BIND_NOW | INGOT_F_CANARY | INGOT_F_EXECSTACK | INGOT_F_STATIC | INGOT_F_FORTIFY | INGOT_F_TEXTREL | INGOT_F_STRIPPED | INGOT_F_RPATH |
		  INGOT_F_WRITABLE_CODE | INGOT_F_32BIT | INGOT_F_DAMAGED,
	  NULL, true },
	{ HARD, INGOT_C_ELF_PROGRAM, INGOT_F_PIE | INGOT_F_RELRO | INGOT_F_BIND_NOW | INGOT_F_CANARY | INGOT_F_FORTIFY,
	  INGOT_F_EXECSTACK | INGOT_F_STATIC | INGOT_F_STRIPPED | INGOT_F_WRITABLE_CODE | INGOT_F_DAMAGED, NULL, true },
	{ PLAIN "-s ", INGOT_C_ELF_PROGRAM, INGOT_F_STRIPPED, INGOT_F_DAMAGED, NULL, true },
	{ PLAIN "-fPIE -pie ", INGOT_C_ELF_PROGRAM, INGOT_F_PIE, INGOT_F_RELRO | INGOT_F_CANARY, NULL, true },
	{ PLAIN "-Wl,-z,relro ", INGOT_C_ELF_PROGRAM, INGOT_F_RELRO, INGOT_F_BIND_NOW, NULL, true },
	{ PLAIN "-Wl,-z,now ", INGOT_C_ELF_PROGRAM, INGOT_F_BIND_NOW, INGOT_F_RELRO, NULL, true },
	{ PLAIN "-Wl,-z,execstack ", INGOT_C_ELF_PROGRAM, INGOT_F_EXECSTACK, 0, NULL, true },
	{ PLAIN "-DTINY -nostdlib -static -Wl,-N,-e,main ", INGOT_C_ELF_PROGRAM, INGOT_F_WRITABLE_CODE, 0, NULL, false },
	{ PLAIN "-fstack-protector-all ", INGOT_C_ELF_PROGRAM, INGOT_F_CANARY, INGOT_F_FORTIFY, NULL, true },
	{ PLAIN "-O2 -D_FORTIFY_SOURCE=2 ", INGOT_C_ELF_PROGRAM, INGOT_F_FORTIFY, INGOT_F_CANARY, NULL, true },
	{ PLAIN "-Wl,--enable-new-dtags,-rpath,/opt/x/lib:'$ORIGIN/../lib' ", INGOT_C_ELF_PROGRAM, 0, INGOT_F_RPATH, "/opt/x/lib:$ORIGIN/../lib", true },
	{ PLAIN "-Wl,--disable-new-dtags,-rpath,/opt/y ", INGOT_C_ELF_PROGRAM, INGOT_F_RPATH, 0, "/opt/y", true },
	{ "-O1 -static ", INGOT_C_ELF_PROGRAM, INGOT_F_STATIC | INGOT_F_CANARY, INGOT_F_PIE, NULL, false },
	{ "-O1 -static -s ", INGOT_C_ELF_PROGRAM, INGOT_F_STATIC | INGOT_F_CANARY | INGOT_F_STRIPPED, INGOT_F_PIE, NULL, false }, /* by what libc says */
	{ PLAIN "-DTINY -nostdlib -static -Wl,-e,main ", INGOT_C_ELF_PROGRAM, INGOT_F_STATIC, INGOT_F_CANARY, NULL, false },
	{ PLAIN "-DTINY -DNAMED -nostdlib -static -Wl,-e,main ", INGOT_C_ELF_PROGRAM, INGOT_F_STATIC | INGOT_F_CANARY, 0, NULL, false }, /* by its symbols */
	{ "-O1 -static-pie ", INGOT_C_ELF_PROGRAM, INGOT_F_STATIC | INGOT_F_PIE, 0, NULL, false },
	{ LIB, INGOT_C_ELF_SHARED, 0, INGOT_F_PIE | INGOT_F_STATIC | INGOT_F_CANARY | INGOT_F_RELRO | INGOT_F_EXECSTACK | INGOT_F_DAMAGED, NULL, false },
	{ LIB "-fstack-protector-all -Wl,-z,relro,-z,now,-soname,libx.so.1 ", INGOT_C_ELF_SHARED, INGOT_F_CANARY | INGOT_F_RELRO | INGOT_F_BIND_NOW, INGOT_F_PIE, NULL, false },
	{ "-c ", INGOT_C_ELF_OTHER, 0, INGOT_F_ALL, NULL, false },
};

static void begin(void)
{
	fixture_begin();
	(void)snprintf(work, sizeof(work), "%s/work", path);
	ck_assert_int_eq(mkdir(work, 0700), 0);
	FILE *f = fopen(strcat(strcpy((char[400]){ 0 }, work), "/x.c"), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(source, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static const struct ingot_fact *look_at(const char *name)
{
	char file[400];
	struct ingot_buf b = INGOT_BUF(MIB(64));
	(void)snprintf(file, sizeof(file), "%s%s%s", name[0] == '/' ? "" : work, name[0] == '/' ? "" : "/", name);
	ck_assert_msg(ingot_read_file(file, MIB(64), &b, &err) == 0, "%s", err.msg);
	const struct ingot_fact *f = look(b.p, b.n);
	ingot_buf_done(&b);
	return f;
}

START_TEST(compiled)
{
	char line[1000];
	(void)snprintf(line, sizeof(line), "${CC:-cc} -w -o out %s x.c", made[_i].args);
	ck_assert_msg(command(line) == 0, "%s", line);
	const struct ingot_fact *f = look_at("out");
	ck_assert_msg(f->kind == made[_i].kind, "%s: %s", made[_i].args, ingot_content_words(f->kind));
	ck_assert_msg((f->flags & made[_i].has) == made[_i].has, "%s: %x lacks %x", made[_i].args, f->flags, made[_i].has & ~f->flags);
	ck_assert_msg(!(f->flags & made[_i].has_not), "%s: %x has %x", made[_i].args, f->flags, f->flags & made[_i].has_not);
	ck_assert_msg(!!f->interpreter == made[_i].interp && (!f->interpreter || strstr(f->interpreter, "/ld")), "%s: interpreter %s", made[_i].args, f->interpreter);
	ck_assert_msg(made[_i].runpath ? f->runpath && strcmp(f->runpath, made[_i].runpath) == 0 : !f->runpath, "%s: runpath %s", made[_i].args, f->runpath);
	ck_assert_msg(made[_i].interp ? f->needed && strstr(f->needed, "libc.so") : f->kind == INGOT_C_ELF_SHARED || !f->needed, "%s: needs %s", made[_i].args, f->needed);
	ck_assert_uint_ne(f->machine, 0);
	ck_assert_ptr_null(f->argument);
}
END_TEST

START_TEST(text_relocations)
{
	/* ET_DYN from code that is not position-independent: only some linkers let it pass. */
	if (command("${CC:-cc} -w -O1 -fno-pic -mcmodel=large -c x.c -o x.o 2>/dev/null && ${CC:-cc} -shared -Wl,-z,notext -o out x.o 2>/dev/null") != 0)
		return;
	ck_assert_uint_ne(look_at("out")->flags & INGOT_F_TEXTREL, 0);
}
END_TEST

START_TEST(libc_is_a_library)
{
	/* It has an interpreter, so that it can be executed, and a name by which it is linked. */
	char name[400];
	ck_assert_int_eq(command("ldd /bin/sh | sed -n 's/.*=> \\(.*libc\\.so[^ ]*\\).*/\\1/p' >name"), 0);
	(void)snprintf(name, sizeof(name), "%s/name", work);
	struct ingot_buf b = INGOT_BUF(4096);
	ck_assert_int_eq(ingot_read_file(name, 4096, &b, &err), 0);
	ck_assert_uint_gt(b.n, 1);
	b.p[b.n - 1] = '\0';
	const struct ingot_fact *f = look_at(b.p);
	ck_assert_int_eq(f->kind, INGOT_C_ELF_SHARED);
	ck_assert_ptr_nonnull(f->interpreter);
	ck_assert_uint_eq(f->flags & (INGOT_F_PIE | INGOT_F_DAMAGED), 0);
	ingot_buf_done(&b);
}
END_TEST

static const struct {
	const char *text, *interpreter, *argument;
	enum ingot_content_kind kind;
} scripts[] = {
	{ "#!/bin/sh\necho\n", "/bin/sh", NULL, INGOT_C_SCRIPT },
	{ "#!/bin/sh", "/bin/sh", NULL, INGOT_C_SCRIPT },
	{ "#! \t/usr/bin/env   python3 -u \t\nprint()\n", "/usr/bin/env", "python3 -u", INGOT_C_SCRIPT },
	{ "#!/usr/bin/awk\t-f\n", "/usr/bin/awk", "-f", INGOT_C_SCRIPT },
	{ "#!\n:\n", NULL, NULL, INGOT_C_SCRIPT }, /* a shell runs it by itself */
	{ "#!", NULL, NULL, INGOT_C_SCRIPT },
	{ "#", NULL, NULL, INGOT_C_DATA },
	{ " #!/bin/sh\n", NULL, NULL, INGOT_C_DATA },
	{ "#![feature(test)]\nfn main() {}\n", NULL, NULL, INGOT_C_DATA },
	{ "\n", NULL, NULL, INGOT_C_DATA },
	{ "print('x')\n", NULL, NULL, INGOT_C_DATA },
};

static void same(const char *a, const char *b, const char *text)
{
	ck_assert_msg(a && b ? strcmp(a, b) == 0 : !a && !b, "%s: '%s', not '%s'", text, a, b);
}

START_TEST(script)
{
	const struct ingot_fact *f = look(scripts[_i].text, strlen(scripts[_i].text));
	ck_assert_msg(f->kind == scripts[_i].kind, "%s: %s", scripts[_i].text, ingot_content_words(f->kind));
	same(f->interpreter, scripts[_i].interpreter, scripts[_i].text);
	same(f->argument, scripts[_i].argument, scripts[_i].text);
	ck_assert_uint_eq(f->flags, 0);
}
END_TEST

START_TEST(long_line)
{
	char text[600];
	memset(text, 'a', sizeof(text));
	memcpy(text, "#!/", 3);
	const struct ingot_fact *f = look(text, sizeof(text));
	ck_assert_int_eq(f->kind, INGOT_C_SCRIPT);
	ck_assert_uint_eq(f->flags, INGOT_F_DAMAGED);
	ck_assert_uint_eq(strlen(f->interpreter), INGOT_MAX_HASHBANG - 2);
	/* A NUL ends the name for the kernel. */
	f = look("#!/bin/sh\0x y\n", 14);
	same(f->interpreter, "/bin/sh", "NUL");
	same(f->argument, NULL, "NUL");
}
END_TEST

#define HEAD(s) s, sizeof(s) - 1
static const struct {
	const char *bytes;
	size_t n;
	enum ingot_content_kind kind;
} magics[] = {
	{ HEAD("\xa7\x0d\r\n\0\0\0\0\1\2\3\4\5\6\7\x08\xe3\0\0\0\0"), INGOT_C_BYTECODE }, /* Python 3.11 */
	{ HEAD("\xa7\x0d\r\n\4\0\0\0\1\2\3\4\5\6\7\x08\x78\0\0\0\0"), INGOT_C_DATA },
	{ HEAD("\xa7\x0d\n\n\0\0\0\0\1\2\3\4\5\6\7\x08\xe3\0\0\0\0"), INGOT_C_DATA },
	{ HEAD("\x03\xf3\r\n\1\2\3\4c\0\0\0\0\0\0\0\0\0\0\0"), INGOT_C_BYTECODE }, /* 2.7 */
	{ HEAD("\xa7\x0d\r\n"), INGOT_C_DATA },
	{ HEAD("\x1bLuaT\0"), INGOT_C_BYTECODE },
	{ HEAD("FOR1\0\0\1\0BEAMAtU8"), INGOT_C_BYTECODE },
	{ HEAD("FOR1\0\0\1\0AIFFxxxx"), INGOT_C_DATA },
	{ HEAD(";ELC\x1b\0\0\0"), INGOT_C_BYTECODE },
	{ HEAD("\xca\xfe\xba\xbe\0\0\0\x3d\0\1"), INGOT_C_ARCHIVE_CODE },
	{ HEAD("\xca\xfe\xba\xbe\0\0\0\x02\0\1"), INGOT_C_DATA }, /* Mach-O for two processors */
	{ HEAD("\0asm\1\0\0\0"), INGOT_C_ARCHIVE_CODE },
	{ HEAD("!<arch>\nx"), INGOT_C_AR },
	{ HEAD("MZ\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0PE\0\0"), INGOT_C_PE },
	{ HEAD("MZ\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xffPE\0\0"), INGOT_C_DATA },
	{ HEAD("MZ"), INGOT_C_DATA },
};

START_TEST(magic)
{
	const struct ingot_fact *f = look(magics[_i].bytes, magics[_i].n);
	ck_assert_msg(f->kind == magics[_i].kind, "magic %d: %s", _i, ingot_content_words(f->kind));
	ck_assert_uint_eq(f->flags, 0);
}
END_TEST

START_TEST(zip)
{
	if (command("python3 - <<'E'\nimport zipfile\nfor name, members in (('code', ['a.txt', 'p/M.class']), ('jar', ['META-INF/MANIFEST.MF']), ('data', ['a.txt', 'class']), ('none', [])):\n"
		    "  with zipfile.ZipFile(name, 'w') as z:\n    for m in members: z.writestr(m, 'x' * 70000)\n    z.comment = b'PK' * 30\nE") != 0)
		ck_abort_msg("python3 is missing");
	ck_assert_int_eq(look_at("code")->kind, INGOT_C_ARCHIVE_CODE);
	ck_assert_int_eq(look_at("jar")->kind, INGOT_C_ARCHIVE_CODE);
	ck_assert_int_eq(look_at("data")->kind, INGOT_C_DATA);
	ck_assert_int_eq(look_at("none")->kind, INGOT_C_DATA);
	ck_assert_uint_eq(look_at("code")->flags, 0);
	/* Without its directory it may be anything. */
	ck_assert_int_eq(command("head -c 70000 data >cut"), 0);
	const struct ingot_fact *f = look_at("cut");
	ck_assert_int_eq(f->kind, INGOT_C_ARCHIVE_CODE);
	ck_assert_uint_eq(f->flags, INGOT_F_DAMAGED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("facts");
	TCase *t = tcase_create("facts");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, facts_end);
	tcase_add_loop_test(t, compiled, 0, (int)(sizeof(made) / sizeof(made[0])));
	tcase_add_test(t, text_relocations);
	tcase_add_test(t, libc_is_a_library);
	tcase_add_loop_test(t, script, 0, (int)(sizeof(scripts) / sizeof(scripts[0])));
	tcase_add_test(t, long_line);
	tcase_add_loop_test(t, magic, 0, (int)(sizeof(magics) / sizeof(magics[0])));
	tcase_add_test(t, zip);
	suite_add_tcase(s, t);
	return run_suite(s);
}
