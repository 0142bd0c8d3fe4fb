/* The solver, over its real helper: every tests/solver/NAME.case; what a Release says; what is refused.
 *
 * A case is sections that begin with "== ": "repo LABEL" (stanzas of a package index; Version 1.0, Architecture amd64 and the fields of the file
 * are filled in), "want WORDS", "exclude WORDS", then "expect" (lines "name version [repo]") or "fail" (lines that the message must
 * contain) and "hint" (lines that the hint must contain). A second "want" asks the same solver again. */
#include <check.h>
#include <dirent.h>
#include <ingot/fd.h>
#include <ingot/solve.h>
#include <stdio.h>

static char *names[200];
static int n_names;

struct section {
	char *head, *body;
};

struct test_case {
	struct ingot_buf text;
	struct section s[64];
	size_t n;
};

static void load(struct test_case *c, const char *name)
{
	struct ingot_err err = INGOT_ERR_INIT;
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/solver/%s", INGOT_TESTS, name);
	c->text = (struct ingot_buf)INGOT_BUF(1 << 20);
	c->n = 0;
	ck_assert_int_eq(ingot_read_file(path, 1 << 20, &c->text, &err), 0);
	ingot_buf_str(&c->text, "\n");
	for (char *p = strstr(c->text.p, "== "); p;) {
		char *eol = strchr(p, '\n'), *next = strstr(eol, "\n== ");
		*eol = 0;
		ck_assert_uint_lt(c->n, 64);
		c->s[c->n++] = (struct section){ p + 3, eol + 1 };
		if (next && next >= eol + 1)
			next[1] = 0; /* the first '=' */
		else if (next)
			c->s[c->n - 1].body = eol; /* empty: the next head follows at once */
		p = next ? next + 1 : NULL;
		if (p)
			*p = '='; /* strstr above needs it no more */
		if (p)
			p[-1] = 0;
	}
}

/* The index text of a repo section: stanzas with what is missing filled in. */
static void index_of(const struct section *s, struct ingot_buf *out)
{
	struct ingot_span rest = ingot_span_of(s->body), line;
	static unsigned serial;
	char pkg[128] = "";
	bool version = false, arch = false, in = false;
	for (bool more = true; more;) {
		more = ingot_span_next(&rest, '\n', &line);
		if (more && line.n) {
			in = true;
			if (ingot_span_starts(line, "Package: "))
				(void)snprintf(pkg, sizeof(pkg), "%.*s", (int)line.n - 9, line.p + 9);
			version |= ingot_span_starts(line, "Version: ");
			arch |= ingot_span_starts(line, "Architecture: ");
			ingot_buf_span(out, line);
			ingot_buf_char(out, '\n');
		} else if (in) {
			serial++;
			ingot_buf_fmt(out, "%s%sFilename: pool/main/%c/%s/%s_%u.deb\nSize: %u\nSHA256: %064x\nInstalled-Size: 7\nDescription: x\n y\n\n", version ? "" : "Version: 1.0\n",
				      arch ? "" : "Architecture: amd64\n", pkg[0], pkg, pkg, serial, 1000 + serial, serial);
			version = arch = in = false;
		}
	}
}

static size_t words(const char *text, const char **ret, char *copy, size_t size)
{
	size_t n = 0;
	(void)snprintf(copy, size, "%s", text);
	for (char *save = NULL, *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		ret[n++] = w;
	return n;
}

static void check_answer(const struct test_case *c, size_t at, const struct ingot_solved *list, size_t n, int r, const struct ingot_err *err)
{
	const char *head = c->s[at].head;
	struct ingot_span rest = ingot_span_of(c->s[at].body), line;
	_cleanup_(ingot_buf_done) struct ingot_buf got = INGOT_BUF(65536), want = INGOT_BUF(65536);
	if (strcmp(head, "expect") == 0) {
		ck_assert_msg(r == 0, "%s: %s", err->msg, err->hint);
		while (ingot_span_next(&rest, '\n', &line))
			if (line.n)
				ingot_buf_fmt(&want, "%.*s\n", INGOT_SPAN_ARG(line));
		bool with_repo = strstr(ingot_buf_cstr(&want), " @") != NULL;
		for (size_t i = 0; i < n; i++) {
			ingot_buf_fmt(&got, "%s %s", list[i].name, list[i].version);
			if (with_repo)
				ingot_buf_fmt(&got, " @%u", list[i].repo);
			ingot_buf_char(&got, '\n');
		}
		ck_assert_str_eq(ingot_buf_cstr(&got), ingot_buf_cstr(&want));
		return;
	}
	ck_assert_msg(r < 0, "there is an answer");
	ck_assert_int_eq(err->code, INGOT_E_INPUT);
	const char *in = strcmp(head, "hint") == 0 ? err->hint : err->msg;
	while (ingot_span_next(&rest, '\n', &line)) {
		char needle[512];
		(void)snprintf(needle, sizeof(needle), "%.*s", INGOT_SPAN_ARG(line));
		ck_assert_msg(strstr(in, needle) != NULL, "\"%s\" is not in: %s", needle, in);
	}
}

START_TEST(one_case)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct test_case c;
	load(&c, names[_i]);
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_solver_freep) struct ingot_solver *s = NULL;
	unsigned repos = 0;
	for (size_t i = 0; i < c.n; i++)
		repos += strncmp(c.s[i].head, "repo ", 5) == 0;
	ck_assert_msg(ingot_solver_open("amd64", repos, &s, &err) == 0, "%s", err.msg);
	const char *wants[32], *excludes[32];
	char copies[2][1024];
	size_t n_wants = 0, n_excludes = 0, n = 0, asked = 0;
	struct ingot_solved *list = NULL;
	int r = 0;
	for (size_t i = 0; i < c.n; i++) {
		const char *head = c.s[i].head;
		if (strncmp(head, "repo ", 5) == 0) {
			_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1 << 20);
			index_of(&c.s[i], &text);
			ck_assert_int_eq(ingot_solver_index(s, head + 5, text.n, &err), 0);
			for (size_t at = 0; at < text.n; at += 37) /* in pieces that cut lines */
				ck_assert_int_eq(ingot_solver_text(s, text.p + at, text.n - at < 37 ? text.n - at : 37, &err), 0);
		} else if (strncmp(head, "want ", 5) == 0) {
			n_wants = words(head + 5, wants, copies[0], sizeof(copies[0]));
			n_excludes = 0;
		} else if (strncmp(head, "exclude ", 8) == 0) {
			n_excludes = words(head + 8, excludes, copies[1], sizeof(copies[1]));
		} else {
			if (strcmp(head, "hint") != 0) {
				asked++;
				r = ingot_solver_closure(s, wants, n_wants, excludes, n_excludes, arena, &list, &n, &err);
			}
			check_answer(&c, i, list, n, r, &err);
		}
	}
	ck_assert_uint_gt(asked, 0);
	if (r == 0)
		ck_assert_int_eq(ingot_solver_close(TAKE_PTR(s), &err), 0);
	ingot_buf_done(&c.text);
}
END_TEST

/* --- Release files --- */

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GOOD                                                                                                                                     \
	"Origin: Debian\nSuite: oldstable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nValid-Until: Sat, 18 Jul 2026 10:16:37 UTC\n" \
	"Acquire-By-Hash: yes\nMD5Sum:\n 0123 1 main/binary-amd64/Packages\nSHA256:\n " HASH " 12345 main/binary-amd64/Packages\n " HASH               \
	"   99 main/binary-amd64/Packages.xz\n " HASH " 99 main/binary-i386/Packages.xz\n " HASH " 5 main/source/Sources.xz\n"

START_TEST(release)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	struct ingot_release r;
	ck_assert_msg(ingot_solve_release(INGOT_SPAN(GOOD), "amd64", arena, &r, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(r.suite, "oldstable");
	ck_assert_str_eq(r.codename, "bookworm");
	ck_assert_str_eq(r.origin, "Debian");
	ck_assert_int_eq(r.date, 1783764997);
	ck_assert_int_eq(r.valid_until, 1783764997 + 7 * 86400);
	ck_assert(r.by_hash);
	ck_assert_uint_eq(r.n_files, 2);
	ck_assert_str_eq(r.files[1].path, "main/binary-amd64/Packages.xz");
	ck_assert_uint_eq(r.files[1].size, 99);
	ck_assert_str_eq(INGOT_HEX(&r.files[0].sha256), HASH);
}
END_TEST

static const char *const bad_releases[] = {
	"",
	"Suite: x\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n",                                 /* no SHA256 */
	"Suite: x\nSHA256:\n " HASH " 1 main/binary-amd64/Packages\n",                      /* no Date */
	"Date: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " HASH " 1 x\n",                    /* no name */
	"Suite: x\nSuite: y\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " HASH " 1 x\n", /* twice */
	"Suite: x\nDate: Sat, 32 Jul 2026 10:16:37 UTC\nSHA256:\n " HASH " 1 x\n",
	"Suite: x\nDate: Sat, 11 Jul 2026 10:16:37 +0200\nSHA256:\n " HASH " 1 x\n",
	"Suite: x\nDate: 2026-07-11\nSHA256:\n " HASH " 1 x\n",
	"Suite: x\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " HASH " -1 x\n",
	"Suite: x\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n 0123 1 x\n",
	"Suite: x\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " HASH " 1\n",
	"Suite: x\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " HASH " 99999999999 main/binary-amd64/Packages\n",
	"Suite: x\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " HASH " 1 ../../etc/binary-amd64/Packages\n",
	"Suite: x\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nno field\nSHA256:\n " HASH " 1 x\n",
	"Suite: x\033[31m\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " HASH " 1 x\n",
};

START_TEST(bad_release)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	struct ingot_release r = { .date = 42 };
	ck_assert_int_lt(ingot_solve_release(ingot_span_of(bad_releases[_i]), "amd64", arena, &r, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_int_eq(r.date, 42);
}
END_TEST

/* --- indexes that no archive has --- */

static const char *const bad_indexes[] = {
	"Package: a\nVersion: 1\nArchitecture: amd64\nFilename: pool/../../x\nSize: 3\nSHA256: " HASH "\n",
	"Package: a\nVersion: 1\nArchitecture: amd64\nFilename: /etc/passwd\nSize: 3\nSHA256: " HASH "\n",
	"Package: a\nVersion: 1\nArchitecture: amd64\nFilename: pool/a\nSize: 0\nSHA256: " HASH "\n",
	"Package: a\nVersion: 1\nArchitecture: amd64\nFilename: pool/a\nSize: 3\nSHA256: 0123\n",
	"Package: a\nVersion: 1\nArchitecture: amd64\nFilename: pool/a\nSize: 3\n",
	"Package: a\nVersion: 1 \"\nArchitecture: amd64\nFilename: pool/a\nSize: 3\nSHA256: " HASH "\n",
	"Package: a\nVersion: 1\nArchitecture: amd64\nFilename: pool/a b\nSize: 3\nSHA256: " HASH "\n",
};

START_TEST(bad_index)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_solver_freep) struct ingot_solver *s = NULL;
	struct ingot_solved *list = NULL;
	size_t n = 0;
	const char *const want = "a";
	ck_assert_int_eq(ingot_solver_open("amd64", 1, &s, &err), 0);
	ck_assert_int_eq(ingot_solver_index(s, "x", strlen(bad_indexes[_i]), &err), 0);
	ck_assert_int_eq(ingot_solver_text(s, bad_indexes[_i], strlen(bad_indexes[_i]), &err), 0);
	ck_assert_int_lt(ingot_solver_closure(s, &want, 1, NULL, 0, arena, &list, &n, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_ptr_null(list);
}
END_TEST

START_TEST(folded_lines_and_long_ones)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_solver_freep) struct ingot_solver *s = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(8 << 20);
	ingot_buf_str(&text, "Package: a\nVersion: 1\nArchitecture: amd64\nDepends: b,\n c\nFilename: pool/a\nSize: 3\nSHA256: " HASH "\nDescription: d\n Depends: z\n\n");
	ingot_buf_str(&text, "Package: b\nVersion: 1\nArchitecture: all\nFilename: pool/b\nSize: 3\nSHA256: " HASH "\nTag: x\nProvides: ");
	for (int i = 0; i < 20000; i++) /* one line of 150 kB, as linux-image packages have them */
		ingot_buf_fmt(&text, "%sp%05d", i ? ", " : "", i);
	ingot_buf_str(&text, "\n\n\n\nPackage: c\nVersion: 1\nArchitecture: amd64\nFilename: pool/c\nSize: 3\nSource: src (1.2)\nSHA256: " HASH); /* no newline at the end */
	struct ingot_solved *list = NULL;
	size_t n = 0;
	const char *const want = "a";
	ck_assert_int_eq(ingot_solver_open("amd64", 1, &s, &err), 0);
	ck_assert_int_eq(ingot_solver_index(s, "x", text.n, &err), 0);
	ck_assert_int_eq(ingot_solver_text(s, text.p, text.n, &err), 0);
	ck_assert_msg(ingot_solver_closure(s, &want, 1, NULL, 0, arena, &list, &n, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(list[0].source, "a");
	ck_assert_str_eq(list[1].arch, "all");
	ck_assert_str_eq(list[2].source, "src");
	ck_assert_int_eq(ingot_solver_close(TAKE_PTR(s), &err), 0);
}
END_TEST

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
	DIR *d = opendir(INGOT_TESTS "/solver");
	for (struct dirent *e; d && (e = readdir(d)) && n_names < 200;)
		if (ingot_span_ends(ingot_span_of(e->d_name), ".case"))
			names[n_names++] = ingot_strdup(e->d_name);
	if (d)
		closedir(d);
	qsort(names, (size_t)n_names, sizeof(names[0]), by_name);
	const char *only = getenv("CASE");
	Suite *s = suite_create("solve");
	TCase *t = tcase_create("solve");
	int first = 0, last = n_names;
	for (int i = 0; only && i < n_names; i++)
		if (strcmp(names[i], only) == 0)
			first = i, last = i + 1;
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, one_case, first, last);
	tcase_add_test(t, release);
	tcase_add_loop_test(t, bad_release, 0, (int)(sizeof(bad_releases) / sizeof(bad_releases[0])));
	tcase_add_loop_test(t, bad_index, 0, (int)(sizeof(bad_indexes) / sizeof(bad_indexes[0])));
	tcase_add_test(t, folded_lines_and_long_ones);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	for (int i = 0; failed && i < n_names; i++)
		fprintf(stderr, "case %d: %s\n", i, names[i]);
	srunner_free(r);
	if (n_names < 25)
		fprintf(stderr, "only %d cases found in " INGOT_TESTS "/solver\n", n_names);
	return failed || n_names < 25 ? 1 : 0;
}
