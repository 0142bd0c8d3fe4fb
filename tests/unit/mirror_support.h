/* mirror_support.h - for tests that talk to a mirror: a scratch directory, programs, the fake mirror (tests/integration/fake_mirror.py). */
#pragma once
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/store.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fake {
	pid_t pid;
	int stdin_fd, port;
	char url[64], log[256];
};

static char scratch[64];

/* Run a program and wait for it; its status. */
static inline int run_program(const char *const *argv)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		(void)dup2(null, 0);
		(void)dup2(null, 1);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static inline void make_scratch(void)
{
	(void)snprintf(scratch, sizeof(scratch), "/tmp/ingot-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static inline void drop_scratch(void)
{
	if (scratch[0])
		(void)run_program((const char *const[]){ "rm", "-rf", "--", scratch, NULL });
}

static inline char *in_scratch(const char *name)
{
	return ingot_strf("%s/%s", scratch, name);
}

static inline void put_file(const char *name, const void *p, size_t n)
{
	_cleanup_(ingot_freep) char *path = in_scratch(name);
	for (char *s = path + strlen(scratch) + 1; (s = strchr(s, '/')); *s++ = '/') {
		*s = 0;
		(void)mkdir(path, 0755);
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_msg(fd >= 0 && ingot_write_all(fd, p, n, &err) == 0, "%s: %s", path, strerror(errno));
	(void)close(fd);
}

/* Serve scratch/DIR. faults: JSON, or NULL. cert: name of a PEM in scratch with certificate and key, or NULL. */
static inline void fake_start(struct fake *f, const char *dir, const char *faults, const char *cert)
{
	int in[2], out[2];
	_cleanup_(ingot_freep) char *root = in_scratch(dir), *pem = cert ? in_scratch(cert) : NULL;
	(void)snprintf(f->log, sizeof(f->log), "%s/%s.%d.log", scratch, dir, rand());
	const char *argv[] = { "python3", INGOT_TESTS "/integration/fake_mirror.py", root, "--faults", faults ? faults : "[]", "--log", f->log, pem ? "--tls" : NULL, pem, pem, NULL };
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	f->pid = fork();
	ck_assert_int_ge(f->pid, 0);
	if (f->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	f->stdin_fd = in[1];
	char line[32] = "";
	for (size_t n = 0; n < sizeof(line) - 1 && !strchr(line, '\n'); n++)
		ck_assert_msg(read(out[0], line + n, 1) == 1, "the fake mirror does not start");
	(void)close(out[0]);
	f->port = atoi(line); /* of our own test server */
	(void)snprintf(f->url, sizeof(f->url), "%s://127.0.0.1:%d", cert ? "https" : "http", f->port);
}

static inline void fake_stop(struct fake *f)
{
	(void)close(f->stdin_fd);
	(void)kill(f->pid, SIGTERM);
	(void)waitpid(f->pid, NULL, 0);
}

/* How often NEEDLE stands in the log of requests. */
static inline size_t fake_requests(const struct fake *f, const char *needle)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(1 << 24);
	(void)!ingot_read_file(f->log, 1 << 24, &b, &err);
	size_t n = 0;
	for (const char *p = ingot_buf_cstr(&b); (p = strstr(p, needle)); p += strlen(needle))
		n++;
	return n;
}
