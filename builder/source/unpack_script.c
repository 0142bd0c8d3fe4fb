/* The script that the sandbox runs: preinst as dpkg runs it (it does not, for what is unpacked), and dpkg itself. */
#include "unpack_impl.h"
#include <ingot/mem.h>

/* policy-rc.d: invoke-rc.d asks it, and 101 means "action forbidden" (invoke-rc.d(8)). start-stop-daemon, for scripts that do without: as mmdebstrap and
 * debootstrap do it. Both are as before when the scripts have run; when one fails, nothing is harvested. */
static const char head[] =
	"set -e\n"
	"umask 022\n"
	"cd /\n"
	"admin=/var/lib/dpkg\n"
	"for f in /usr/sbin/policy-rc.d /sbin/start-stop-daemon; do\n"
	"\tif [ -e \"$f\" ] || [ -h \"$f\" ]; then mv \"$f\" \"$f.ingot\"; fi\n"
	"done\n"
	"printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d\n"
	"printf '#!/bin/sh\\necho \"start-stop-daemon: nothing is started while an image is made\"\\nexit 0\\n' >/sbin/start-stop-daemon\n"
	"chmod 0755 /usr/sbin/policy-rc.d /sbin/start-stop-daemon\n"
	/* What dpkg exports for a maintainer script (dpkg(1), ENVIRONMENT; lib/dpkg/subproc, src/main/script.c); the control directory of a package
	 * that is being unpacked, where debconf's frontend looks for its templates. */
	"preinst() {\n"
	"\trm -rf \"$admin/tmp.ci\"\n"
	"\tmkdir -m 0755 \"$admin/tmp.ci\"\n"
	"\tfor f in \"$admin/info/$2\".*; do\n"
	"\t\tcase ${f##*.} in list|md5sums) ;; *) cp -p \"$f\" \"$admin/tmp.ci/${f##*.}\" ;; esac\n"
	"\tdone\n"
	"\tprintf 'Package: %s\\nArchitecture: %s\\n' \"$1\" \"$3\" >\"$admin/tmp.ci/control\"\n"
	"\tstatus=0\n"
	"\tDPKG_MAINTSCRIPT_PACKAGE=$1 DPKG_MAINTSCRIPT_NAME=preinst DPKG_MAINTSCRIPT_ARCH=$3 DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 DPKG_MAINTSCRIPT_DEBUG=0 \\\n"
	"\t\tDPKG_RUNNING_VERSION=$running DPKG_ADMINDIR=$admin DPKG_ROOT= PERL_DL_NONLAZY=1 \"$admin/tmp.ci/preinst\" install || status=$?\n"
	"\trm -rf \"$admin/tmp.ci\"\n"
	"\t[ \"$status\" = 0 ] && return 0\n"
	"\tprintf 'dpkg: error processing package %s (--unpack):\\n' \"$2\" >&2\n"
	"\tprintf ' new %s package pre-installation script subprocess returned error exit status %s\\n' \"$2\" \"$status\" >&2\n"
	"\texit 1\n"
	"}\n";

static const char tail[] =
	"rm /usr/sbin/policy-rc.d /sbin/start-stop-daemon\n"
	"for f in /usr/sbin/policy-rc.d /sbin/start-stop-daemon; do\n"
	"\tif [ -e \"$f.ingot\" ] || [ -h \"$f.ingot\" ]; then mv \"$f.ingot\" \"$f\"; fi\n"
	"done\n";

static struct ingot_span running_version(const struct ingot_unpack *u)
{
	for (size_t i = 0; i < u->all.n_packages; i++)
		if (strcmp(u->all.packages[i].name, "dpkg") == 0)
			return ingot_span_of(u->all.packages[i].version);
	return INGOT_SPAN("0");
}

void ingot_unpack_script(const struct ingot_unpack *u, unsigned phase, unsigned what, struct ingot_buf *out)
{
	ingot_buf_str(out, head);
	ingot_buf_fmt(out, "running=%.*s\n", INGOT_SPAN_ARG(running_version(u)));
	for (size_t k = 0; k < u->l.n && (what & INGOT_UNPACK_PREINST); k++) {
		size_t i = u->order[k];
		const struct ingot_deb *d = u->l.debs[i];
		_cleanup_(ingot_buf_done) struct ingot_buf name = INGOT_BUF(512);
		struct ingot_err ignored = INGOT_ERR_INIT; /* it has stood in a path of the database already */
		if (u->phase[i] != phase || !ingot_deb_member(d, "preinst").p || dpkg_name(d, &name, &ignored) < 0)
			continue;
		struct ingot_span arch = ingot_deb_field(d, "Architecture");
		ingot_buf_fmt(out, "preinst %s %s %.*s\n", u->l.jobs[i].name, ingot_buf_cstr(&name), INGOT_SPAN_ARG(arch));
	}
	if (what & INGOT_UNPACK_CONFIGURE)
		ingot_buf_str(out, "dpkg --configure -a\n");
	ingot_buf_str(out, tail);
}

const char *const *ingot_unpack_env(const struct ingot_unpack *u, size_t *ret_n)
{
	/* Nobody answers questions, and none is asked twice; messages and sort orders of one locale, as mmdebstrap sets it. */
	static const char *const env[] = { "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true", "DEBCONF_NOWARNINGS=yes", "LC_ALL=C.UTF-8", "LANGUAGE=C.UTF-8",
					   "PATH=/usr/sbin:/usr/bin:/sbin:/bin" };
	(void)u;
	*ret_n = sizeof(env) / sizeof(env[0]);
	return env;
}

/* " installed foo:amd64 package post-installation script subprocess returned error exit status 3" (dpkg's src/main/script.c and lib/dpkg/subproc.c;
 * LC_ALL above keeps it in English). */
int ingot_unpack_failure(struct ingot_span line, struct ingot_buf *package, struct ingot_buf *what)
{
	static const char *const scripts[][2] = { { "post-installation", "postinst" }, { "pre-installation", "preinst" }, { "pre-removal", "prerm" }, { "post-removal", "postrm" } };
	struct ingot_span word[16];
	size_t n = 0;
	if (!ingot_span_starts(line, " ") || !memmem(line.p, line.n, " script subprocess ", 19))
		return 0;
	for (line = ingot_span_trim(line); n < 16 && ingot_span_next(&line, ' ', &word[n]); n++)
		;
	/* installed foo package post-installation script subprocess returned error exit status 3 */
	if (n < 8 || !ingot_span_is(word[2], "package") || !ingot_span_is(word[4], "script") || !ingot_span_is(word[5], "subprocess"))
		return 0;
	ingot_buf_span(package, word[1]);
	struct ingot_span script = word[3];
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (ingot_span_is(word[3], scripts[i][0]))
			script = ingot_span_of(scripts[i][1]);
	ingot_buf_fmt(what, "%.*s", INGOT_SPAN_ARG(script));
	if (n > 10 && ingot_span_is(word[8], "exit") && ingot_span_is(word[9], "status"))
		ingot_buf_fmt(what, " failed with exit status %.*s", INGOT_SPAN_ARG(word[10]));
	else
		ingot_buf_fmt(what, " was ended:%.*s", (int)(word[n - 1].p + word[n - 1].n - word[5].p - word[5].n), word[5].p + word[5].n);
	return 1;
}
