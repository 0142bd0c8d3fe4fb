/* dpkg's database as text, the order in which packages are unpacked, and what dpkg says of a script that fails. */
#include "../../builder/source/deb_impl.h"
#include "../../builder/source/dpkg_texts.h"
#include "../../builder/source/unpack_plan.h"
#include "core_support.h"
#include <ingot/unpack.h>

static struct ingot_deb *debs[16];
static size_t n_debs;
static struct ingot_err err;

static struct ingot_deb *add_deb(const char *control)
{
	struct ingot_deb *d = deb_new();
	d->members[d->n++] = (struct deb_member){ INGOT_SPAN("control"), ingot_span_of(control) };
	return debs[n_debs++] = d;
}

static void begin(void)
{
	err = (struct ingot_err)INGOT_ERR_INIT;
}

static void end(void)
{
	while (n_debs)
		ingot_deb_free(debs[--n_debs]);
}

/* --- texts --- */

START_TEST(list_order)
{
	/* what `dpkg-deb --build` and `dpkg --unpack` make of it: depth first, each directory sorted, links at the end */
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(D("/") D("/bin") F("/bin/dash", "1") L("/bin/sh", "dash") D("/usr") D("/usr/a") F("/usr/a/z", "2") F("/usr/a.b", "3") H("/usr/h", "/usr/a.b"));
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(4096);
	dpkg_list_text(d, &out);
	ck_assert_str_eq(ingot_buf_cstr(&out), "/.\n/bin\n/bin/dash\n/usr\n/usr/a\n/usr/a/z\n/usr/a.b\n/usr/h\n/bin/sh\n");
}
END_TEST

START_TEST(names)
{
	static const struct {
		const char *control, *name;
	} cases[] = {
		{ "Package: libc6\nArchitecture: amd64\nMulti-Arch: same\n", "libc6:amd64" },
		{ "Package: dash\nArchitecture: amd64\n", "dash" },
		{ "Package: g++\nArchitecture: all\nMulti-Arch: foreign\n", "g++" },
		{ "Package: ../x\nArchitecture: amd64\n", NULL },
		{ "Package: x;y\nArchitecture: amd64\n", NULL },
		{ "Package: x\nArchitecture: amd64\n", NULL }, /* two characters at least, policy 5.6.7 */
		{ "Package: xx\nArchitecture: $(id)\n", NULL },
		{ "Architecture: amd64\n", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(256);
		int r = dpkg_name(add_deb(cases[i].control), &out, &err);
		ck_assert_msg((r == 0) == (cases[i].name != NULL), "%s", cases[i].control);
		if (cases[i].name)
			ck_assert_str_eq(ingot_buf_cstr(&out), cases[i].name);
	}
}
END_TEST

START_TEST(stanza)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(4096);
	dpkg_stanza(INGOT_SPAN("Package: a\nVersion: 1\nDescription: x\n long\n .\n more\n"), INGOT_SPAN(" /etc/a 0123\n /etc/b 4567\n"), &out);
	dpkg_stanza(INGOT_SPAN("Package: b\nVersion: 2\n\n"), (struct ingot_span){ 0 }, &out);
	dpkg_stanza(INGOT_SPAN("Package: c\n\nStatus: install ok installed"), (struct ingot_span){ 0 }, &out);
	ck_assert_str_eq(ingot_buf_cstr(&out), "Package: a\nStatus: install ok unpacked\nConffiles:\n /etc/a 0123\n /etc/b 4567\nVersion: 1\nDescription: x\n long\n .\n more\n\n"
						"Package: b\nStatus: install ok unpacked\nVersion: 2\n\nPackage: c\nStatus: install ok unpacked\nStatus: install ok installed\n\n");
}
END_TEST

START_TEST(conffiles)
{
	struct ingot_span rest = INGOT_SPAN("/etc/a\nremove-on-upgrade /etc/gone\n\n  /etc/b c  \nno/slash\n/\n/etc/d"), one;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(4096);
	while (dpkg_next_conffile(&rest, &one))
		ingot_buf_fmt(&out, "%.*s|", INGOT_SPAN_ARG(one));
	ck_assert_str_eq(ingot_buf_cstr(&out), "etc/a|etc/b c|etc/d|");
}
END_TEST

START_TEST(interests)
{
	struct ingot_span rest = INGOT_SPAN("# comment\ninterest /usr/share/man\n  interest-noawait ldconfig # why\nactivate-noawait ldconfig\n\ninterest-await\tx\ninterestx y\n"), trigger;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(4096);
	bool noawait;
	while (dpkg_next_interest(&rest, &trigger, &noawait))
		dpkg_interest_line(trigger, INGOT_SPAN("libc6:amd64"), noawait, &out);
	ck_assert_str_eq(ingot_buf_cstr(&out), "/usr/share/man libc6:amd64\nlibc6:amd64/noawait\nlibc6:amd64\n");
}
END_TEST

START_TEST(activation)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(D("/") D("/usr") D("/usr/man") F("/usr/man/x", "1") F("/usr/manx", "2") F("/usr/one", "3"));
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(4096);
	for (int twice = 0; twice < 2; twice++)
		dpkg_activated(INGOT_SPAN("/usr/man man-db/noawait\n/usr/one one\n/usr/ma no\n/usr/man/x/y no\n/opt no\n/ no\n"), d, &out);
	ck_assert_str_eq(ingot_buf_cstr(&out), "/usr/man -\n/usr/one -\n");
}
END_TEST

START_TEST(diversions)
{
	struct ingot_span text = INGOT_SPAN("/bin/sh\n/bin/sh.distrib\ndash\n/usr/b\n/usr/b.local\n:\n");
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(D("/") D("/bin") F("/bin/sh", "1") D("/usr") F("/usr/a", "2") H("/usr/b", "/usr/a")), *other = NULL, *own = NULL, *none = NULL;
	ck_assert_int_eq(dpkg_divert(text, INGOT_SPAN("bash"), d, &other, &err), 0);
	assert_delta(other, D("/") D("/bin") F("/bin/sh.distrib", "1") D("/usr") F("/usr/a", "2") H("/usr/b.local", "/usr/a"));
	/* the package that diverts gets the name; a local diversion (":") is for all */
	ck_assert_int_eq(dpkg_divert(text, INGOT_SPAN("dash"), d, &own, &err), 0);
	assert_delta(own, D("/") D("/bin") F("/bin/sh", "1") D("/usr") F("/usr/a", "2") H("/usr/b.local", "/usr/a"));
	ck_assert_int_eq(dpkg_divert(INGOT_SPAN("/bin/x\n/bin/y\nz\n"), INGOT_SPAN("bash"), d, &none, &err), 0);
	ck_assert_ptr_null(none);
}
END_TEST

/* --- order --- */

static void assert_plan(const char *want)
{
	uint8_t phase[16];
	size_t order[16];
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(4096);
	unpack_plan((const struct ingot_deb *const *)debs, n_debs, phase, order);
	for (size_t p = 0; p < UNPACK_PHASES; p++)
		for (size_t k = 0; k < n_debs; k++)
			if (phase[order[k]] == p)
				ingot_buf_fmt(&out, "%zu:%.*s ", p, INGOT_SPAN_ARG(ingot_deb_field(debs[order[k]], "Package")));
	ck_assert_str_eq(ingot_buf_cstr(&out), want);
}

START_TEST(phases)
{
	add_deb("Package: app\nDepends: libz (>= 1), sh\n");
	add_deb("Package: awk\nProvides: awk-virtual (= 1), other\n");
	add_deb("Package: base\nEssential: yes\nPre-Depends: missing | awk-virtual\n");
	add_deb("Package: libc\n");
	add_deb("Package: libz\nDepends: libc,\n libx [amd64]\n");
	add_deb("Package: libx\nEssential: no\n");
	add_deb("Package: sh\nEssential: yes\nDepends: libc:any (>= 2)\n");
	assert_plan("0:awk 0:base 0:libc 0:sh 1:libx 1:libz 1:app ");
}
END_TEST

START_TEST(cycle)
{
	add_deb("Package: a\nEssential: yes\nDepends: b\n");
	add_deb("Package: b\nDepends: c\n");
	add_deb("Package: c\nPre-Depends: d\nDepends: a\n");
	add_deb("Package: d\n");
	assert_plan("0:d 0:c 0:b 0:a ");
}
END_TEST

START_TEST(nothing_essential)
{
	add_deb("Package: a\nDepends: b\n");
	add_deb("Package: b\n");
	assert_plan("0:b 0:a ");
}
END_TEST

/* --- failures --- */

START_TEST(failures)
{
	static const struct {
		const char *line, *package, *what;
	} cases[] = {
		{ " installed foo package post-installation script subprocess returned error exit status 3", "foo", "postinst failed with exit status 3" },
		{ " installed libc6:amd64 package post-installation script subprocess was killed by signal (Killed)", "libc6:amd64", "postinst was ended: was killed by signal (Killed)" },
		{ " new foo package pre-installation script subprocess returned error exit status 127", "foo", "preinst failed with exit status 127" },
		{ "installed foo package post-installation script subprocess returned error exit status 3", NULL, NULL }, /* a script's own words have no blank before them */
		{ " dependency problems - leaving unconfigured", NULL, NULL },
		{ " script subprocess returned error", NULL, NULL },
		{ "", NULL, NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf package = INGOT_BUF(256), what = INGOT_BUF(256);
		ck_assert_int_eq(ingot_unpack_failure(ingot_span_of(cases[i].line), &package, &what), cases[i].package != NULL);
		ck_assert_str_eq(ingot_buf_cstr(&package), cases[i].package ? cases[i].package : "");
		ck_assert_str_eq(ingot_buf_cstr(&what), cases[i].what ? cases[i].what : "");
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dpkg");
	TCase *t = tcase_create("dpkg");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, list_order);
	tcase_add_test(t, names);
	tcase_add_test(t, stanza);
	tcase_add_test(t, conffiles);
	tcase_add_test(t, interests);
	tcase_add_test(t, activation);
	tcase_add_test(t, diversions);
	tcase_add_test(t, phases);
	tcase_add_test(t, cycle);
	tcase_add_test(t, nothing_essential);
	tcase_add_test(t, failures);
	suite_add_tcase(s, t);
	return run_suite(s);
}
