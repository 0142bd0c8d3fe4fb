/* Which mirror serves a suite, from options, configuration and the host's apt files. */
#include "mirror_support.h"
#include "run_suite.h"
#include <ingot/mirror.h>

static struct ingot_mirrors *m;
static char *apt;

static void setup(void)
{
	make_scratch();
	apt = in_scratch("apt");
	ck_assert_int_eq(mkdir(apt, 0755), 0);
}

static void teardown(void)
{
	if (m)
		ingot_mirrors_free(TAKE_PTR(m));
	free(TAKE_PTR(apt));
	drop_scratch();
}

static void apt_file(const char *name, const char *text)
{
	_cleanup_(ingot_freep) char *path = ingot_strf("apt/%s", name);
	put_file(path, text, strlen(text));
}

static void make(const char *const *options, size_t n, const char *const *configured, size_t n_configured, const char *proxy)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_mirror_config c = { .options = options, .n_options = n, .configured = configured, .n_configured = n_configured, .proxy = proxy, .apt_dir = apt };
	if (m)
		ingot_mirrors_free(TAKE_PTR(m));
	ck_assert_msg(ingot_mirrors_new(&c, NULL, &m, &err) == 0, "%s", err.msg);
}

/* The bases of a suite in order, with blanks between; a proxy follows its base after '@'. */
static const char *bases(const char *suite)
{
	static char text[2000];
	struct ingot_err err = INGOT_ERR_INIT;
	const struct ingot_base *b;
	size_t n, at = 0;
	if (ingot_mirrors_of(m, suite, &b, &n, &err) < 0) {
		ck_assert_int_eq(err.code, INGOT_E_HOST);
		ck_assert_ptr_nonnull(strstr(err.hint, "mirror.example"));
		return "none";
	}
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%s%s", i ? " " : "", b[i].url, b[i].proxy ? "@" : "", b[i].proxy ? b[i].proxy : "");
	return text;
}

#define LIST(...) (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)

START_TEST(one_line_lists)
{
	apt_file("sources.list", "# comment\n"
				 "deb http://a.example/debian/ bookworm main contrib # the main one\n"
				 "deb-src http://src.example/debian bookworm main\n"
				 "deb [arch=amd64 signed-by=/k.gpg] http://b.example/debian bookworm-updates main\n"
				 "\tdeb  https://sec.example/debian-security  bookworm-security  main\n"
				 "deb http://third.example/debian bookworm stable\n"  /* another vendor's component */
				 "deb cdrom:[Debian]/ bookworm main\n"
				 "deb tor+http://x.example/debian bookworm main\n"
				 "deb http://user:pw@c.example/debian bookworm main\n"
				 "deb http://flat.example/ ./\n"
				 "deb [broken http://d.example/debian bookworm main\n"
				 "deb file:/srv/mirror/ bookworm main\n");
	apt_file("sources.list.d/more.list", "deb http://second.example/debian bookworm main\n");
	apt_file("sources.list.d/off.list.disabled", "deb http://off.example/debian bookworm main\n");
	make(NULL, 0, NULL, 0, NULL);
	ck_assert_str_eq(bases("bookworm"), "http://a.example/debian /srv/mirror http://second.example/debian");
	ck_assert_str_eq(bases("bookworm-updates"), "http://b.example/debian");
	ck_assert_str_eq(bases("bookworm-security"), "https://sec.example/debian-security");
}
END_TEST

START_TEST(deb822)
{
	apt_file("sources.list.d/debian.sources", "# Debian\n"
						   "Types: deb deb-src\n"
						   "URIs: http://a.example/debian\n"
						   "Suites: bookworm bookworm-updates\n"
						   "Components: main\n"
						   "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n Types: deb\n -----END PGP PUBLIC KEY BLOCK-----\n"
						   "\n\n"
						   "types: deb\nuris:\n http://s1.example/debian-security\n http://s2.example/debian-security\nsuites: bookworm-security\ncomponents: main\n"
						   " \n"
						   "Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n\n"
						   "Types: deb-src\nURIs: http://src.example/debian\nSuites: bookworm\nComponents: main\n\n"
						   "Types: deb\nURIs: http://third.example/x\nSuites: bookworm\nComponents: stable");
	make(NULL, 0, NULL, 0, NULL);
	ck_assert_str_eq(bases("bookworm"), "http://a.example/debian");
	ck_assert_str_eq(bases("bookworm-updates"), "http://a.example/debian");
	ck_assert_str_eq(bases("bookworm-security"), "http://s1.example/debian-security http://s2.example/debian-security");
	/* a suite that this host does not use: the same kind of archive has it */
	ck_assert_str_eq(bases("trixie"), "http://a.example/debian");
	ck_assert_str_eq(bases("trixie-security"), "http://s1.example/debian-security");
}
END_TEST

START_TEST(nothing)
{
	make(NULL, 0, NULL, 0, NULL);
	ck_assert_str_eq(bases("bookworm"), "none");
	ck_assert(ingot_mirrors_valid_until(m));
}
END_TEST

START_TEST(precedence)
{
	apt_file("sources.list", "deb http://apt.example/debian bookworm main\ndeb http://apt.example/debian bookworm-updates main\n");
	make(LIST("bookworm=http://option.example/debian"), LIST("http://config.example/debian/"), NULL);
	ck_assert_str_eq(bases("bookworm"), "http://option.example/debian");
	ck_assert_str_eq(bases("bookworm-updates"), "http://config.example/debian");
	ck_assert_str_eq(bases("bookworm-security"), "http://config.example/debian-security http://config.example/debian");
	make(LIST("http://all.example/debian", "/srv/mirror", "bookworm-security=https://sec.example/x"), NULL, 0, NULL);
	ck_assert_str_eq(bases("bookworm"), "http://all.example/debian /srv/mirror");
	ck_assert_str_eq(bases("bookworm-security"), "https://sec.example/x");
	make(NULL, 0, LIST("bookworm=http://config.example/debian"), NULL);
	ck_assert_str_eq(bases("bookworm-updates"), "http://apt.example/debian");
}
END_TEST

static const char *const bad_lines[] = { "", "mirror", "ftp://x.example/", "http://x.example/a b", "http://u@x.example/", "http://x.example/?q", "bookworm=", "=http://x.example/", "relative/dir",
					 "http://x.example/\n", "http://x.example/\"" };

START_TEST(bad_options)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_mirror_config c = { .options = &bad_lines[_i], .n_options = 1, .apt_dir = "" };
	ck_assert_int_lt(ingot_mirrors_new(&c, NULL, &m, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_ptr_null(m);
}
END_TEST

START_TEST(apt_conf)
{
	apt_file("sources.list", "deb http://a.example/debian bookworm main\ndeb https://b.example/debian bookworm-updates main\n"
				 "deb http://c.example/debian bookworm-backports main\ndeb http://127.0.0.1:8/debian local main\n");
	apt_file("apt.conf.d/10first", "Acquire::http::Proxy \"http://wrong.example:1\";\nAcquire::Check-Valid-Until \"true\";\n");
	apt_file("apt.conf.d/20second.conf", "// comment { \n/* another\n } */\nAcquire {\n  http { Proxy \"http://p.example:3128\"; Proxy::c.example \"DIRECT\"; };\n  Retries \"3\";\n};\n"
					     "APT { Periodic { Enable \"1\"; }; };\n#clear X;\nDPkg::Post-Invoke { \"rm -f /x; true\"; };\n");
	apt_file("apt.conf.d/30ignored.bak", "Acquire::http::Proxy \"http://bak.example:1\";\n");
	apt_file("apt.conf", "acquire::check-valid-until \"false\";");
	make(NULL, 0, NULL, 0, NULL);
	ck_assert(!ingot_mirrors_valid_until(m));
	ck_assert_str_eq(bases("bookworm"), "http://a.example/debian@http://p.example:3128");
	ck_assert_str_eq(bases("bookworm-updates"), "https://b.example/debian@http://p.example:3128");
	ck_assert_str_eq(bases("bookworm-backports"), "http://c.example/debian");
	ck_assert_str_eq(bases("local"), "http://127.0.0.1:8/debian");
	/* the caller's word comes first; empty means none; a bare HOST:PORT is HTTP */
	make(NULL, 0, NULL, 0, "");
	ck_assert_str_eq(bases("bookworm"), "http://a.example/debian");
	make(NULL, 0, NULL, 0, "q.example:8080");
	ck_assert_str_eq(bases("bookworm"), "http://a.example/debian@http://q.example:8080");
	ck_assert_str_eq(bases("local"), "http://127.0.0.1:8/debian");
	make(NULL, 0, NULL, 0, "socks5h://q.example:8080");
	ck_assert_str_eq(bases("bookworm"), "http://a.example/debian");
}
END_TEST

/* Files that are no configuration at all: nothing is found, nothing breaks. */
static const char *const garbage[] = { "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{", "}}}}};;;;\"", "Acquire::http::Proxy", "Acquire { http { Proxy \"", "/* never closed", "a b c d e; \"x\" \"y\" \"z\" {", "\xff\xfe;", "" };

START_TEST(bad_files)
{
	apt_file("apt.conf.d/x", garbage[_i]);
	apt_file("sources.list", garbage[_i]);
	apt_file("sources.list.d/x.sources", garbage[_i]);
	make(NULL, 0, NULL, 0, NULL);
	ck_assert_str_eq(bases("bookworm"), "none");
	ck_assert(ingot_mirrors_valid_until(m));
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

int main(void)
{
	Suite *s = suite_create("mirror");
	TCase *t = tcase_create("mirror");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_line_lists);
	tcase_add_test(t, deb822);
	tcase_add_test(t, nothing);
	tcase_add_test(t, precedence);
	tcase_add_loop_test(t, bad_options, 0, COUNT(bad_lines));
	tcase_add_test(t, apt_conf);
	tcase_add_loop_test(t, bad_files, 0, COUNT(garbage));
	suite_add_tcase(s, t);
	return run_suite(s);
}
