"""An image of one static program that does what a test of an image has to see: serve a port, write, print, end this way or that. It needs no package, so no mirror and no lock."""
from lib import *

SERVED = r"""
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *opt(int n, char **v, const char *name, const char *otherwise)
{
	size_t k = strlen(name);
	for (int i = 0; i < n; i++)
		if (strncmp(v[i], name, k) == 0 && v[i][k] == '=')
			return v[i] + k + 1;
	return otherwise;
}

static int at_end;
static const char *leave;

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	(void)!write(fd, text, strlen(text));
	close(fd);
	return 0;
}

static void ended(int s)
{
	(void)s;
	if (leave)
		put(leave, "left at the end\n");
	_exit(at_end);
}

static int listen_at(int port, int udp, int six)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 b = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int s = socket(six ? AF_INET6 : AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (s < 0 || bind(s, six ? (struct sockaddr *)&b : (struct sockaddr *)&a, six ? sizeof(b) : sizeof(a)) < 0 || (!udp && listen(s, 5) < 0)) {
		perror("listen");
		exit(8);
	}
	return s;
}

static int serve(int n, char **v)
{
	int port = atoi(opt(n, v, "port", "8080")), udp = atoi(opt(n, v, "udp", "0")), s, busy = atoi(opt(n, v, "busy", "0"));
	const char *term = opt(n, v, "term", "handle"), *answer = opt(n, v, "answer", "hello\n"), *writes = opt(n, v, "write", NULL), *dies = opt(n, v, "dies", NULL);
	at_end = atoi(opt(n, v, "exit", "0"));
	leave = opt(n, v, "leave", NULL);
	if (strcmp(term, "handle") == 0)
		signal(SIGTERM, ended), signal(SIGQUIT, ended);
	if (strcmp(term, "ignore") == 0)
		signal(SIGTERM, SIG_IGN);
	puts(opt(n, v, "log", "starting"));
	fflush(stdout);
	if (writes && put(writes, "written by the service\n") < 0)
		return 9;
	if (dies)
		return atoi(dies);
	sleep(atoi(opt(n, v, "slow", "0")));
	if (atoi(opt(n, v, "deaf", "0")))
		for (;;)
			pause();
	s = listen_at(port, udp, atoi(opt(n, v, "six", "0")));
	for (;;) {
		char got[4096];
		struct sockaddr_storage from;
		socklen_t k = sizeof(from);
		if (udp) {
			ssize_t r = recvfrom(s, got, sizeof(got), 0, (struct sockaddr *)&from, &k);
			if (r > 0)
				sendto(s, answer, strlen(answer), 0, (struct sockaddr *)&from, k);
			continue;
		}
		int c = accept(s, NULL, NULL);
		if (c < 0)
			continue;
		const char *say = busy-- > 0 ? "busy\n" : answer;
		if (strcmp(answer, "echo") == 0) {
			ssize_t r = recv(c, got, sizeof(got), 0);
			if (r > 0)
				send(c, got, r, 0);
		} else
			send(c, say, strlen(say), 0);
		shutdown(c, SHUT_WR);
		close(c);
	}
}

static int ask(int port, const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	char got[4096];
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
		return perror("connect"), 1;
	send(s, text, strlen(text), 0);
	for (ssize_t n; (n = recv(s, got, sizeof(got), 0)) > 0;)
		(void)!write(1, got, n);
	return 0;
}

/* What production conditions are, seen from inside. */
static int facts(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/status", "r");
	printf("id %d:%d\n", (int)getuid(), (int)getgid());
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0)
			fputs(line, stdout);
	int fd = open("/probe", O_WRONLY | O_CREAT, 0600);
	printf("root %s\n", fd < 0 ? strerror(errno) : "can be written to");
	printf("tmp %s\n", open("/tmp/x", O_WRONLY | O_CREAT, 0600) < 0 ? strerror(errno) : "can be written to");
	f = fopen("/proc/self/net/dev", "r");
	while (f && fgets(line, sizeof(line), f))
		if (strchr(line, ':'))
			printf("device %s\n", strtok(line, " :"));
	return 0;
}

int main(int n, char **v)
{
	char block[65536];
	const char *what = n > 1 ? v[1] : "serve";
	if (strcmp(what, "serve") == 0)
		return serve(n, v);
	if (strcmp(what, "ask") == 0)
		return ask(atoi(v[2]), v[3]);
	if (strcmp(what, "facts") == 0)
		return facts();
	if (strcmp(what, "say") == 0) {
		fputs(v[2], stdout);
		fputs(v[3], stderr);
		return atoi(v[4]);
	}
	if (strcmp(what, "flood") == 0) {
		memset(block, 'x', sizeof(block));
		for (int i = 0; i < 32; i++)
			(void)!write(1, block, sizeof(block));
		return 0;
	}
	if (strcmp(what, "put") == 0)
		return put(v[2], v[3]) < 0;
	if (strcmp(what, "try") == 0) { /* and does not mind */
		put(v[2], "x");
		return 0;
	}
	if (strcmp(what, "mkdir") == 0)
		return mkdir(v[2], 0755) < 0 ? perror(v[2]), 1 : 0;
	if (strcmp(what, "rm") == 0)
		return unlink(v[2]) < 0 ? perror(v[2]), 1 : 0;
	if (strcmp(what, "link") == 0)
		return symlink(v[2], v[3]) < 0 ? perror(v[3]), 1 : 0;
	if (strcmp(what, "die") == 0)
		return kill(getpid(), atoi(v[2])), pause();
	if (strcmp(what, "sleep") == 0)
		return sleep(atoi(v[2])), 0;
	int fd = strcmp(what, "read") == 0 ? open(v[2], O_RDONLY) : 0;
	if (fd < 0)
		return perror(v[2]), 1;
	for (ssize_t k; (k = read(fd, block, sizeof(block))) > 0;)
		(void)!write(1, block, k);
	return 0;
}
"""

RECIPE = """\
ingot: 1
name: web
sources:
  app: { files: ., include: [served, data/**, secret] }
image:
  copy:
    - { from: app, path: served, to: /served }
    - { from: app, path: data, to: /var/full }
    - { from: app, path: secret, to: /etc/secret, mode: "0600" }
  user: web
  writable: [/data, /var/full]
  entrypoint: [/served]
  cmd: [%s]
  ports: [8080/tcp]
tests:
%s
"""


def program():
    p = shared_dir() / "served"
    if not p.exists():
        need("gcc")
        (shared_dir() / "served.c").write_text(SERVED)
        run(["gcc", "-O1", "-static", "-s", "-o", str(p) + ".new", shared_dir() / "served.c"])
        os.rename(str(p) + ".new", p)
    return p


def recipe(w, *tests, cmd="serve"):
    """The recipe with these tests, and what it copies."""
    if not (w / "served").exists():
        shutil.copy(program(), w / "served")
        w.write("data/seed", "seeded\n")
        w.write("secret", "a secret\n")
    w.write("web.yaml", RECIPE % (cmd, "\n".join("  - " + t.replace("\n", "\n    ") for t in tests)))


def passes(w, *tests, cmd="serve", more=()):
    recipe(w, *tests, cmd=cmd)
    r = w.build("web.yaml", "--format", "json", *more)
    facts = r.json()["tests"]
    assert facts["passed"] == facts["declared"] == len(tests), r
    return r


def fails(w, test, *words, cmd="serve", status=1):
    """Nothing is signed or written, and the message says so at the test's line."""
    recipe(w, test, cmd=cmd)
    (w / "web.oci.tar").unlink(missing_ok=True)
    r = w.build("web.yaml", status=status)
    line = next(i for i, l in enumerate((w / "web.yaml").read_text().splitlines(), 1) if l == "tests:") + 1
    r.says(f"web.yaml:{line}:", *words)
    assert not (w / "web.oci.tar").exists(), r
    return r
