/* Which maintainer scripts are said to do more than is done for them here. */
#include "../../builder/source/transform.h"
#include "core_support.h"

static const struct {
	const char *package, *script;
	size_t line; /* 0: covered */
} cases[] = {
	{ "x", "#!/bin/sh\nset -e\n\nexit 0\n", 0 },
	{ "x", "#!/bin/sh\nset -e\ncase \"$1\" in\n  configure)\n  ;;\n  *)\n  ;;\nesac\nexit 0\n", 0 },
	{ "x", "#!/bin/sh\nset -e\n# Automatically added by dh_installsystemd/13.11.4\nif [ x ]; then\n\tdeb-systemd-helper enable x.service || true\nfi\n# End automatically added section\n", 0 },
	{ "x", "#!/bin/sh\n# Automatically added by dh_installsysusers/13\nsystemd-sysusers x.conf\n# End automatically added section\n", 3 },
	{ "x", "#!/bin/sh\nset -e\nadduser --system x\n", 3 },
	{ "x", "#!/bin/sh\n# Automatically added by dh_installinit/13\nupdate-rc.d x defaults\n# End automatically added section\nchown x /var/lib/x\n", 5 },
	{ "x", "#!/bin/sh\nupdate-alternatives --install /usr/bin/a a /usr/bin/b 10\n", 0 },
	{ "x", "#!/bin/sh\nupdate-alternatives --install /usr/bin/a a $HERE/b 10\n", 2 },
	{ "x", "#!/bin/sh\necho `rm -rf /`\n", 2 },
	{ "x", "#!/bin/sh\n   ln -s a b   \n", 2 },
	{ "base-passwd", "#!/bin/sh\nupdate-passwd\n", 0 },
	{ "base-passwd-evil", "#!/bin/sh\nupdate-passwd\n", 2 },
	{ "libwrap0", "#!/bin/sh\ncat > /etc/hosts.allow\n", 0 },
	{ "libwrap", "#!/bin/sh\ncat > /etc/hosts.allow\n", 2 },
	{ "x", "", 0 },
};

START_TEST(table)
{
	size_t number = 0;
	struct ingot_span line = { 0 };
	int more = script_does_more(ingot_span_of(cases[_i].package), ingot_span_of(cases[_i].script), &number, &line);
	ck_assert_int_eq(more, cases[_i].line != 0);
	ck_assert_uint_eq(number, cases[_i].line);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scripts");
	TCase *t = tcase_create("scripts");
	tcase_add_loop_test(t, table, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(s, t);
	return run_suite(s);
}
