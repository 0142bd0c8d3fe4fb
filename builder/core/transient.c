#include "transient.h"
#include <ingot/path.h>
#include <stdint.h>

/* First match wins. Contents of directories that a running system makes anew; logs and caches that carry times or the builder's name;
 * identities that must not be shared by all copies of an image. */
static const struct transient table[] = {
	{ "tmp/**", "temporary file", false },
	{ "var/tmp/**", "temporary file", false },
	{ "run/**", "run-time state", false },
	{ "proc/**", "content of a virtual file system", false },
	{ "sys/**", "content of a virtual file system", false },
	{ "dev/**", "content of a virtual file system", false },
	{ "etc/machine-id", "identity of one machine", false },
	{ "var/lib/dbus/machine-id", "identity of one machine", false },
	{ "var/lib/systemd/random-seed", "secret of one machine", false },
	{ "etc/ssh/ssh_host_*_key", "secret of one machine", false },
	{ "etc/ssh/ssh_host_*_key.pub", "identity of one machine", false },
	/* ssl-cert makes a key pair "for this machine" when it is installed: whoever has the image would have the key. */
	{ "etc/ssl/private/ssl-cert-snakeoil.key", "secret of one machine", false },
	{ "etc/ssl/certs/ssl-cert-snakeoil.pem", "identity of one machine", false },
	{ "etc/ssl/certs/*.0", "name of a certificate that is gone", false, true },
	/* mandb keeps the times of the pages in it, and its format is its library's: man works without, apropos after mandb has run. */
	{ "var/cache/man/**", "cache with times", false },
	{ "var/cache/ldconfig/aux-cache", "cache with inode numbers and times", false },
	{ "var/cache/apt/**", "cache of the package manager", false },
	{ "var/cache/debconf/*-old", "backup of the package manager", false },
	{ "var/lib/apt/lists/**", "cache of the package manager", false },
	{ "var/lib/apt/extended_states", "state of the package manager", false },
	{ "var/lib/dpkg/*-old", "backup of the package manager", false },
	{ "var/lib/dpkg/lock", "lock of the package manager", false },
	{ "var/lib/dpkg/lock-frontend", "lock of the package manager", false },
	{ "var/lib/dpkg/triggers/Lock", "lock of the package manager", false },
	{ "var/log/apt/**", "log with times", false },
	{ "var/log/dpkg.log", "log with times", false },
	{ "var/log/alternatives.log", "log with times", false },
	{ "var/log/bootstrap.log", "log with times", false },
	{ "var/log/fontconfig.log", "log with times", false },
	{ "etc/passwd-", "backup of the accounts", false },
	{ "etc/group-", "backup of the accounts", false },
	{ "etc/shadow-", "backup of the accounts", false },
	{ "etc/gshadow-", "backup of the accounts", false },
	{ "etc/subuid-", "backup of the accounts", false },
	{ "etc/subgid-", "backup of the accounts", false },
	{ "etc/.pwd.lock", "lock of the accounts", false },
	{ "root/.bash_history", "history of a shell", false },
	{ "root/.wget-hsts", "history of a download", false },
	{ "**/*.dpkg-old", "backup of the package manager", false },
	{ "**/*.dpkg-new", "left by an interrupted installation", false },
	{ "**/*.dpkg-dist", "configuration that was not taken", false },
	{ "**/*.dpkg-tmp", "left by an interrupted installation", false },
	/* Python writes the time of the source into them, which the image's clamped times then contradict: they would be made anew at each start. */
	{ "**/__pycache__/*.pyc", "compiled Python with times", true },
};

/* '*' inside one name; the last star seen is the only one that has to be tried again. */
static bool match_name(struct ingot_span pattern, struct ingot_span name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, from = 0;
	while (n < name.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = n;
		} else if (p < pattern.n && pattern.p[p] == name.p[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

bool ingot_transient_match(const char *pattern, struct ingot_span path)
{
	struct ingot_span rest = ingot_span_of(pattern), want, name;
	if (ingot_span_starts(rest, "**/")) {
		/* "**" at the front: as many names of the path as the rest of the pattern has are compared, from the end */
		rest.p += 3;
		rest.n -= 3;
		size_t names = 1;
		for (size_t i = 0; i < rest.n; i++)
			names += rest.p[i] == '/';
		size_t at = path.n;
		for (; names && at; names--)
			for (at -= at < path.n; at && path.p[at - 1] != '/'; at--)
				;
		path.p += at;
		path.n -= at;
	}
	while (ingot_span_next(&rest, '/', &want)) {
		if (ingot_span_is(want, "**"))
			return path.n > 0;
		if (!ingot_span_next(&path, '/', &name) || !match_name(want, name))
			return false;
	}
	return path.n == 0;
}

const struct transient *ingot_transient(struct ingot_span path)
{
	for (size_t i = 0; path.n && i < sizeof(table) / sizeof(table[0]); i++) {
		/* Both ends tell for nearly every path that the row is not meant. */
		struct ingot_span pattern = ingot_span_of(table[i].pattern);
		char first = pattern.p[0], last = pattern.p[pattern.n - 1];
		if ((first == '*' || first == path.p[0]) && (last == '*' || last == path.p[path.n - 1]) && ingot_transient_match(pattern.p, path))
			return &table[i];
	}
	return NULL;
}
