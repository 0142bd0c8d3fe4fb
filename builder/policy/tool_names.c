#include "names.h"
#include "programs.h"

#define WORDS(rule, ...) { rule, (const char *const[]){ __VA_ARGS__, NULL } }

static const struct {
	const char *rule;
	const char *const *names;
} tools[] = {
	WORDS("shell", "sh", "bash", "rbash", "dash", "ash", "zsh", "ksh", "mksh", "oksh", "csh", "tcsh", "fish", "busybox", "toybox"),
	WORDS("package-manager", "apt", "apt-get", "aptitude", "dpkg", "apk", "rpm", "dnf", "yum", "microdnf", "tdnf", "zypper", "pacman", "opkg", "snap", "flatpak", "brew", "pip", "pipx", "uv", "poetry", "conda",
	      "mamba", "npm", "npx", "yarn", "pnpm", "corepack", "gem", "bundle", "composer", "cargo", "cpan", "luarocks", "mvn", "gradle"),
	WORDS("compiler", "gcc", "g++", "cc", "c++", "cpp", "clang", "clang++", "tcc", "gfortran", "gnat", "go", "rustc", "javac", "ghc", "as", "ld", "gold", "lld", "make", "gmake", "ninja", "cmake", "meson", "automake",
	      "autoconf", "libtool", "rustup", "swiftc", "ocamlc"),
	WORDS("debug-tool", "gdb", "gdbserver", "lldb", "strace", "ltrace", "perf", "bpftrace", "bpftool", "tcpdump", "tshark", "dumpcap", "nmap", "masscan", "hping3", "nc", "ncat", "netcat", "nc.openbsd", "nc.traditional",
	      "socat", "telnet", "valgrind", "delve", "dlv", "crictl", "kubectl", "docker", "podman"),
	WORDS("download-tool", "curl", "wget", "wget2", "aria2c", "axel", "lynx", "ftp", "tftp", "rsync"),
	WORDS("login-server", "sshd", "dropbear", "in.telnetd", "telnetd", "rlogind", "in.rlogind", "in.rshd", "vsftpd", "inetd", "xinetd"),
	WORDS("privilege-tool", "sudo", "sudoedit", "doas", "su", "pkexec", "sg", "newgrp", "runuser"),
	WORDS("supervisor", "supervisord", "s6-svscan", "s6-overlay-suexec", "runsv", "runsvdir", "runit", "monit", "circusd", "god", "honcho", "foreman", "pm2", "openrc", "start-stop-daemon"),
};

/* Programs that are in nobody's PATH. */
static const struct {
	const char *rule, *name;
} anywhere[] = {
	{ "supervisor", "systemd" }, { "compiler", "cc1" }, { "compiler", "cc1plus" }, { "compiler", "collect2" },
};

/* "x86_64-linux-gnu-gcc-12" is gcc, "pip3.11" is pip: triples in front and versions behind. */
struct ingot_span plain_name(struct ingot_span name)
{
	static const char *const triples[] = { "-linux-gnu-", "-linux-musl-", "-linux-gnueabihf-" };
	for (size_t i = 0; i < sizeof(triples) / sizeof(triples[0]); i++) {
		size_t n = strlen(triples[i]);
		const char *hit = name.n > n ? memmem(name.p, name.n, triples[i], n) : NULL;
		if (hit)
			name = ingot_span_from(name, (size_t)(hit - name.p) + n);
	}
	size_t n = name.n;
	while (n && ((name.p[n - 1] >= '0' && name.p[n - 1] <= '9') || name.p[n - 1] == '.'))
		n--;
	if (n < name.n && n && name.p[n - 1] == '-')
		n--;
	return n ? (struct ingot_span){ name.p, n } : name;
}

const char *tool_rule(struct ingot_span name, bool *ret_anywhere)
{
	struct ingot_span short_name = plain_name(name);
	for (size_t i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
		if (ingot_span_is(name, anywhere[i].name) || ingot_span_is(short_name, anywhere[i].name)) {
			*ret_anywhere = true;
			return anywhere[i].rule;
		}
	*ret_anywhere = false;
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		for (size_t k = 0; tools[i].names[k]; k++)
			if (ingot_span_is(name, tools[i].names[k]) || ingot_span_is(short_name, tools[i].names[k]))
				return tools[i].rule;
	return NULL;
}
