/* A child gets what it was given, and nothing else. */
#include "run_suite.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int letter(char c)
{
	int fd = memfd_create("what", MFD_CLOEXEC);
	ck_assert(fd >= 0 && pwrite(fd, &c, 1, 0) == 1);
	return fd;
}

/* 200 descriptors of every kind, inheritable, at random numbers; stdin and stdout, too, are replaced. */
static void litter(void)
{
	srandom(20240601);
	for (int i = 0; i < 200; i++) {
		int sv[2] = { -1, -1 };
		int fd = i % 4 == 0 ? open("/etc", O_RDONLY | O_DIRECTORY) : i % 4 == 1 ? memfd_create("stray", 0) : i % 4 == 2 ? open("/etc/passwd", O_RDONLY) : socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0 ? sv[0] : -1;
		ck_assert_int_ge(fd, 0);
		(void)dup2(fd, 5 + (int)(random() % 900));
	}
	(void)dup2(open("/etc/passwd", O_RDONLY), STDIN_FILENO);
}

START_TEST(exactly_these_descriptors)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_helper h = INGOT_HELPER_INIT;
	litter();
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGUSR2, SIG_IGN);
	ck_assert_int_eq(setenv("INGOT_CANARY", "x", 1), 0);
	/* The sources lie on each other's targets on purpose. */
	int what = letter('f');
	int fds[4] = { what, 6, -1, 5 };
	(void)dup2(letter('5'), 5);
	(void)dup2(letter('6'), 6);
	ck_assert_msg(ingot_helper_start(&h, "jail_probe", fds, 4, &err) == 0, "%s", err.msg);
	char seen[2000] = "";
	union ingot_msg m;
	int type;
	while ((type = ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_LOG) | INGOT_PERMIT(INGOT_MSG_DONE), &m, &err)) == INGOT_MSG_LOG) {
		size_t n = strlen(seen);
		(void)snprintf(seen + n, sizeof(seen) - n, "%.*s\n", INGOT_SPAN_ARG(m.log.text));
	}
	ck_assert_int_eq(type, INGOT_MSG_DONE);
	ck_assert_int_eq(ingot_helper_finish(&h, &err), 0);
	int count = 0;
	for (const char *p = seen; (p = strstr(p, "fd ")); p++)
		count++;
	ck_assert_msg(count == 8, "%d descriptors:\n%s", count, seen);
	ck_assert_msg(strstr(seen, "fd 0 /dev/null 0") && strstr(seen, "fd 1 /dev/null 0") && strstr(seen, "fd 3 socket") && strstr(seen, "fd 4 /memfd:what"), "%s", seen);
	ck_assert_msg(strstr(seen, "fd 5 /memfd:what") && strstr(seen, "fd 6 /dev/null 0") && strstr(seen, "fd 7 /memfd:what"), "%s", seen);
	ck_assert_msg(strstr(seen, "blocked signal 0") == NULL && strstr(seen, "ignored signal 0") == NULL && strstr(seen, "environment 0") == NULL, "%s", seen);
	ck_assert_msg(strstr(seen, "session of its own 0") != NULL, "%s", seen);
}
END_TEST

START_TEST(missing_helper)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_helper h = INGOT_HELPER_INIT;
	ck_assert_int_lt(ingot_helper_start(&h, "ingot-no-such", NULL, 0, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_HOST);
	ck_assert_int_eq(h.pid, -1);
}
END_TEST

START_TEST(early_end)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_helper h = INGOT_HELPER_INIT;
	int fd = letter('x');
	ck_assert_int_lt(ingot_helper_start(&h, "jail_probe", &fd, 1, &err), 0);
	ck_assert_msg(strstr(err.msg, "jail_probe") && strstr(err.msg, "ended early"), "%s", err.msg);
	ck_assert_int_eq(h.pid, -1);
	ck_assert(kill(h.pid, 0) == 0 || errno != 0);
}
END_TEST

START_TEST(silence_has_an_end)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_helper h = INGOT_HELPER_INIT;
	int fd = letter('h');
	ck_assert_msg(ingot_helper_start(&h, "jail_probe", &fd, 1, &err) == 0, "%s", err.msg);
	ingot_chan_set_timeout(h.chan, 200);
	union ingot_msg m;
	pid_t pid = h.pid;
	ck_assert_int_lt(ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_DONE), &m, &err), 0);
	ingot_helper_kill(&h);
	ck_assert(kill(pid, 0) < 0 && errno == ESRCH); /* dead and reaped */
}
END_TEST

static int run(const char *script, struct ingot_buf *out, int timeout, struct ingot_err *err)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	int fd = letter('7');
	int r = ingot_run_program(argv, &fd, 1, timeout, out, err);
	close(fd);
	return r;
}

START_TEST(programs)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_buf out = INGOT_BUF(64);
	ck_assert_int_eq(setenv("INGOT_CANARY", "x", 1), 0);
	ck_assert_int_eq(run("read -r x <&3; echo \"$x $INGOT_CANARY $LC_ALL\" >&2; echo both; exit 3", &out, 5000, &err), 3);
	ck_assert_str_eq(ingot_buf_cstr(&out), "7  C\nboth\n");
	/* more than fits is cut, and the program does not block on it */
	ck_assert_int_eq(run("i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done", &out, 20000, &err), 0);
	ck_assert_uint_eq(out.n, 64);
	ck_assert(!out.full);
	ingot_buf_done(&out);
	ck_assert_int_eq(run("exit 0", NULL, 5000, &err), 0);
	struct timespec a, b;
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	ck_assert_int_lt(run("sleep 60", NULL, 300, &err), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_int_lt(b.tv_sec - a.tv_sec, 5);
	ck_assert_int_eq(err.code, INGOT_E_HOST);
	const char *argv[] = { "/nonexistent/gpgv", NULL };
	ck_assert_int_lt(ingot_run_program(argv, NULL, 0, 1000, NULL, &err), 0);
	ck_assert_int_eq(err.sys, ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("spawn");
	TCase *t = tcase_create("spawn");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, exactly_these_descriptors);
	tcase_add_test(t, missing_helper);
	tcase_add_test(t, early_end);
	tcase_add_test(t, silence_has_an_end);
	tcase_add_test(t, programs);
	suite_add_tcase(s, t);
	return run_suite(s);
}
