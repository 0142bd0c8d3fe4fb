/* Files by their names and modes; tools. */
#pragma once
#include "policy_cases.h"

#define BIN ROOT D("/usr") D("/usr/bin")
#define ETC ROOT D("/etc")
#define TOOL(name) BIN FILE_("0755 0 0 1", "/usr/bin/" name)

static const struct policy_case cases_files[] = {
	/* tools */
	{ "a shell", "warning shell /usr/bin/dash; ", TOOL("dash"), FINE },
	{ "an error in strict", "error shell /usr/bin/dash; ", TOOL("dash"), FINE, .profile = INGOT_PROFILE_STRICT },
	{ "one finding for all names of busybox", "warning shell /usr/bin/ash; ", BIN FILE_("0755 0 0 1", "/usr/bin/ash") H("/usr/bin/sh", "/usr/bin/ash") L("/usr/bin/x", "ash"), FINE },
	{ "no program", "", BIN FILE_("0644 0 0 1", "/usr/bin/bash"), FINE },
	{ "not in a place for programs", "", ROOT FILE_("0755 0 0 1", "/sh"), FINE },
	{ "asked for", "", TOOL("dash"), FINE, .recipe = "version: \"1\"\nimage:\n  packages: [dash]\n  user: web\n  entrypoint: [/web]\n", .origin = "package dash", .locked = 1 },
	{ "asked for by version", "", TOOL("dash"), FINE, .recipe = "version: \"1\"\nimage:\n  packages: [\"dash=0.5\"]\n  user: web\n  entrypoint: [/web]\n", .origin = "package dash", .locked = 1 },
	{ "asked for by the stage below", "", TOOL("dash"), FINE, .recipe = "version: \"1\"\nstages:\n  a: { packages: [dash] }\nimage:\n  base: a\n  user: web\n  entrypoint: [/web]\n", .origin = "package dash", .locked = 1 },
	{ "of a stage that is only copied from", "warning shell /usr/bin/dash; ", TOOL("dash"), FINE, .recipe = "version: \"1\"\nstages:\n  a: { packages: [dash] }\nimage:\n  user: web\n  entrypoint: [/web]\n",
	  .origin = "package dash", .locked = 1 },
	{ "brought by something else", "warning shell /usr/bin/dash; ", TOOL("dash"), FINE, .recipe = "version: \"1\"\nimage:\n  packages: [das]\n  user: web\n  entrypoint: [/web]\n", .origin = "package dash", .locked = 1 },
	{ "copied to this very place", "", TOOL("curl"), FINE, .recipe = "version: \"1\"\nstages: { a: {} }\nimage:\n  copy:\n    - { from: a, path: /x, to: /usr/bin/curl }\n  user: web\n  entrypoint: [/web]\n", .origin = "copy from a" },
	{ "among what was copied", "note download-tool /usr/bin/curl; ", TOOL("curl"), FINE, .recipe = "version: \"1\"\nstages: { a: {} }\nimage:\n  copy:\n    - { from: a, path: /x, to: /usr }\n  user: web\n  entrypoint: [/web]\n",
	  .origin = "copy from a" },
	{ "allowed", "allowed shell /usr/bin/sh; ", TOOL("sh"), FINE, .allow = { { "shell", REASON, "/usr/bin/sh" } } },
	{ "a package manager", "warning package-manager /usr/bin/apt-get; ", TOOL("apt-get"), FINE },
	{ "with a version", "warning package-manager /usr/bin/pip3.11; ", TOOL("pip3.11"), FINE },
	{ "a compiler by its whole name", "warning compiler /usr/bin/x86_64-linux-gnu-gcc-12; ", TOOL("x86_64-linux-gnu-gcc-12"), FINE },
	{ "a compiler proper, wherever it is", "warning compiler /usr/cc1; ", ROOT D("/usr") FILE_("0755 0 0 1", "/usr/cc1"), FINE },
	{ "names that only begin so", "", BIN FILE_("0755 0 0 1", "/usr/bin/gcc-ish") FILE_("0755 0 0 1", "/usr/bin/python3.11") FILE_("0755 0 0 1", "/usr/bin/shred") FILE_("0755 0 0 1", "/usr/bin/tini"), FINE },
	{ "a debugger", "warning debug-tool /usr/bin/strace; ", TOOL("strace"), FINE },
	{ "a server for logins", "warning login-server /usr/bin/sshd; ", TOOL("sshd"), FINE },
	{ "another user's rights", "warning privilege-tool /usr/bin/sudo; ", TOOL("sudo"), FINE },
	{ "a supervisor", "warning supervisor /usr/bin/supervisord; ", TOOL("supervisord"), FINE },
	{ "systemd lies elsewhere", "warning supervisor /usr/systemd; ", ROOT D("/usr") FILE_("0755 0 0 1", "/usr/systemd"), FINE },
	/* private names */
	{ "a file of settings", "warning private-file /app/.env; ", ROOT D("/app") FILE_("0644 0 0 1", "/app/.env"), FINE },
	{ "its example", "", ROOT D("/app") FILE_("0644 0 0 1", "/app/.env.example"), FINE },
	{ "keys of several kinds", "warning private-file /id_rsa; warning private-file /server.key; warning private-file /tls-key.pem; ",
	  ROOT FILE_("0600 0 0 1", "/id_rsa") FILE_("0644 0 0 1", "/id_rsa.pub") FILE_("0600 0 0 1", "/server.key") FILE_("0600 0 0 1", "/tls-key.pem") FILE_("0644 0 0 1", "/tls.pem"), FINE },
	{ "keys that are public", "", ROOT D("/usr") D("/usr/share") D("/usr/share/dns") FILE_("0644 0 0 1", "/usr/share/dns/root.key"), FINE },
	{ "logins at a registry", "warning private-file /root/.docker/config.json; ", ROOT D("/root") D("/root/.docker") FILE_("0600 0 0 1", "/root/.docker/config.json"), FINE },
	{ "a directory of that name", "", ROOT D("/id_rsa"), FINE },
	/* leftovers */
	{ "a repository is one finding", "warning leftover-file /app/.git; ", ROOT D("/app") D("/app/.git") FILE_("0644 0 0 1", "/app/.git/HEAD~") FILE_("0644 0 0 1", "/app/.gitignore"), FINE },
	{ "the whole directory", "warning leftover-file /my-app/Dockerfile; warning leftover-file /my-app/docker-compose.yml; warning private-file /my-app/.env; ",
	  ROOT D("/my-app") FILE_("0644 0 0 1", "/my-app/.env") FILE_("0644 0 0 1", "/my-app/Dockerfile") FILE_("0644 0 0 1", "/my-app/docker-compose.yml") FILE_("0644 0 0 1", "/my-app/main.py"), FINE },
	{ "documentation", "", ROOT D("/usr") D("/usr/share") D("/usr/share/doc") FILE_("0644 0 0 1", "/usr/share/doc/Dockerfile"), FINE },
	{ "a memory dump", "warning leftover-file /core; ", ROOT "f 0600 0 0 1 /core 8192 " HEX("0") "\n", FINE },
	{ "a file named core", "", ROOT "f 0644 0 0 1 /core 8192 " HEX("0") "\n", FINE },
	{ "a cache", "warning package-cache /var/cache/apk/a.gz; ", ROOT D("/var") D("/var/cache") D("/var/cache/apk") FILE_("0644 0 0 1", "/var/cache/apk/a.gz"), FINE },
	{ "an empty cache", "", ROOT D("/var") D("/var/cache") D("/var/cache/apk"), FINE },
	{ "a socket's place", "warning socket-file /var/run/docker.sock; ", ROOT D("/var") D("/var/run") "p 0660 0 0 1 /var/run/docker.sock\n", FINE },
	{ "another socket", "", ROOT D("/var") D("/var/run") "p 0660 0 0 1 /var/run/web.sock\n", FINE },
	/* modes */
	{ "shadow that all can read", "error file-mode /etc/shadow; ", ETC FILE_("0644 0 0 1", "/etc/shadow"), FINE },
	{ "as Debian has it", "", ETC FILE_("0644 0 0 1", "/etc/passwd") FILE_("0640 0 42 1", "/etc/shadow"), FINE },
	{ "of somebody else", "error file-mode /etc/shadow; ", ETC FILE_("0600 7 42 1", "/etc/shadow"), FINE },
	{ "passwd that a group can write", "error file-mode /etc/passwd; ", ETC FILE_("0664 0 0 1", "/etc/passwd"), FINE },
	{ "a rule of sudo", "error file-mode /etc/sudoers.d/x; ", ETC D("/etc/sudoers.d") FILE_("0664 0 0 1", "/etc/sudoers.d/x"), FINE },
	{ "a directory of keys", "error file-mode /etc/ssl/private; ", ETC D("/etc/ssl") D("/etc/ssl/private"), FINE },
	{ "a host key", "error file-mode /etc/ssh/ssh_host_rsa_key; warning private-file /etc/ssh/ssh_host_rsa_key; ", ETC D("/etc/ssh") FILE_("0640 0 0 1", "/etc/ssh/ssh_host_rsa_key"), FINE },
	{ "allowed for a reason", "allowed file-mode /etc/shadow; ", ETC FILE_("0644 0 0 1", "/etc/shadow"), FINE, .allow = { { "file-mode", REASON, "/etc/shadow" } } },
};
