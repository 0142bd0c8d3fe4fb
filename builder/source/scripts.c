/* What a maintainer script does, as far as text tells: enough to say honestly which packages are complete without it.
 *
 * Covered are the sections that debhelper writes (they register with services, caches and databases that an image does not have, or that a transform
 * makes), the frame around them, and the packages in a table whose scripts were read by people. Anything else is reported by its first line.
 */
#include "transform.h"
#include <ingot/path.h>

static const struct {
	const char *tool, *why;
} sections[] = {
	{ "dh_installsystemd", "units are not enabled in an image: its one process is the entrypoint" },
	{ "dh_installsystemduser", "as above" },
	{ "dh_systemd_enable", "as above" },
	{ "dh_systemd_start", "as above" },
	{ "dh_installinit", "as above" },
	{ "dh_installmodules", "no kernel in an image" },
	{ "dh_installudev", "no devices in an image" },
	{ "dh_installdeb", "maintscript-helper: acts on upgrades only" },
	{ "dh_installdebconf", "purges its database" },
	{ "dh_makeshlibs", "ldconfig: see transform_ldso.c" },
	{ "dh_installalternatives", "transform_alternatives.c" },
	{ "dh_python3", "byte-compiles: a cache, made at run time if at all" },
	{ "dh_python2", "as above" },
	{ "dh_installmime", "a desktop's cache" },
	{ "dh_installmenu", "a desktop's cache" },
	{ "dh_icons", "a desktop's cache" },
	{ "dh_installmanpages", "a cache of man" },
	{ "dh_installinfo", "a cache of info" },
	{ "dh_usrlocal", "empty directories below /usr/local" },
	{ "dh_perl", "nothing at install time" },
	{ "dh_apparmor", "profiles are the host's" },
	{ "dh_installtmpfiles", "run-time directories: declared as writable: where the image needs them" },
	{ "dh_bash-completion", "nothing at install time" },
};

static const struct {
	const char *package, *why;
} packages[] = {
	{ "base-files", "skeleton, identity" },
	{ "base-passwd", "accounts" },
	{ "ca-certificates", "CA bundle" },
	{ "libc6", "restarts services on upgrade" },
	{ "libc-bin", "ldconfig; nsswitch.conf default" },
	{ "dash", "/bin/sh is shipped" },
	{ "bash", "shells" },
	{ "gcc", "alternatives" },
	{ "g++", "alternatives" },
	{ "cpp", "alternatives" },
	{ "debconf", "asks questions" },
	{ "debianutils", "shells" },
	{ "python3-minimal", "byte-compiles" },
	{ "python3", "byte-compiles" },
	{ "libpython3-stdlib", "byte-compiles" },
	{ "tzdata", "debconf; /etc/localtime stays absent, which means UTC" },
	{ "perl-base", "nothing on first install" },
	{ "perl", "alternatives" },
	{ "dpkg", "no dpkg in an image" },
	{ "tar", "alternatives" },
	{ "mawk", "alternatives" },
	{ "openssl", "nothing on first install" },
	{ "sysvinit-utils", "nothing on first install" },
	{ "libssl3", "restarts services on upgrade" },
	{ "libssl3t64", "restarts services on upgrade" },
	{ "init-system-helpers", "a diversion, on upgrade" },
	{ "libgcrypt20", "files of versions long gone, on upgrade" },
	{ "libwrap0", "hosts.allow and hosts.deny, of comments only" },
	{ "libpam-modules", "debconf, on upgrade" },
	{ "libpam0g", "restarts services on upgrade" },
	{ "zlib1g", "nothing on first install" },
};

static bool covered_section(struct ingot_span tool)
{
	/* "dh_installsystemd/13.11.4" */
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		size_t n = strlen(sections[i].tool);
		if (tool.n >= n && memcmp(tool.p, sections[i].tool, n) == 0 && (tool.n == n || tool.p[n] == '/' || tool.p[n] == ' '))
			return true;
	}
	return ingot_span_starts(tool, "dh_python3");
}

/* Does the shell run something inside this line's words? */
static bool substitutes(struct ingot_span line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((line.p[i] == '`' && (i == 0 || line.p[i - 1] != '\\')) || (line.p[i] == '$' && i + 1 < line.n && line.p[i + 1] == '('))
			return true;
	return false;
}

/* Lines that do nothing by themselves: the frame of a script. */
static bool frame(struct ingot_span line)
{
	static const char *const exact[] = { "fi", "else", "esac", ";;", "done", "}", "then", "do", "exit 0", "exit 1", ":", "true", "set -e", "set -eu", "set -u", "exit 0;", "return 0", "*)" };
	static const char *const starts[] = { "#", "if ", "elif ", "case ", "while ", "for ", "echo ", "echo >", "set -", "local ", "exit ", "shift", "abort-", "configure", "triggered", "install)",
					      "upgrade)", "remove)", "install|", "upgrade|", "remove|", "(configure", "\"configure", "update-alternatives --install", "return",
					      /* questions, services and conditions: there is nobody to ask, nothing to restart */
					      ". /usr/share/debconf/confmodule", "db_", "invoke-rc.d ", "deb-systemd-", "&& test ", "&& [ ", "|| test ", "|| [ ", "|| true" };
	if (!line.n)
		return true;
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		if (ingot_span_is(line, exact[i]))
			return true;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (ingot_span_starts(line, starts[i]))
			return !substitutes(line) && !(ingot_span_has(line, '$') && ingot_span_starts(line, "update-alternatives"));
	return false;
}

static struct ingot_span trim_line(struct ingot_span line)
{
	line = ingot_span_trim(line);
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

int script_does_more(struct ingot_span package, struct ingot_span script, size_t *ret_number, struct ingot_span *ret_line)
{
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
		if (ingot_span_is(package, packages[i].package))
			return 0;
	struct ingot_span rest = script, line;
	bool inside = false;
	for (size_t number = 1; ingot_span_next(&rest, '\n', &line); number++) {
		line = trim_line(line);
		if (ingot_span_starts(line, "# Automatically added by ")) {
			struct ingot_span tool = { line.p + 25, line.n - 25 };
			inside = covered_section(tool);
		} else if (ingot_span_starts(line, "# End automatically added")) {
			inside = false;
		} else if (!inside && !frame(line)) {
			*ret_number = number;
			*ret_line = line;
			return 1;
		}
	}
	return 0;
}
