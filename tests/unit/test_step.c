/* Steps in the sandbox: they run, they see what they should, and they end when they should. */
#include "run_suite.h"
#include "step_root.h"
#include <ingot/doctor.h>
#include <ingot/escape.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
static struct ingot_err err;

static const char *run(void)
{
	int got = ingot_step_run(&plan, NULL, &r, &err);
	ck_assert_msg(got == 0, "%s (%s)", err.msg, err.hint);
	return ingot_buf_cstr(&r.tail);
}

static const char *run_well(void)
{
	const char *out = run();
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "reason %d, status %u, signal %u: %s", (int)r.reason, r.status, r.signal, out);
	return out;
}

START_TEST(surroundings)
{
	ck_assert_int_eq(setenv("INGOT_CANARY", "secret", 1), 0);
	const gid_t more[] = { 4, 12345 };
	if (geteuid() == 0)
		ck_assert_int_eq(setgroups(2, more), 0); /* of this process alone: each test is one */
	PLAN("show");
	static const char *const env[] = { "A=b c", "PATH=/bin" };
	plan.env = env;
	plan.n_env = 2;
	plan.source_date_epoch = 1700000000;
	const char *out = run_well();
	char expected[512];
	/* Root's supplementary groups are dropped; an unprivileged process cannot shed its own (user_namespaces(7)), and they give nothing inside. */
	(void)snprintf(expected, sizeof(expected), "env HOME=/root\nenv LANG=C.UTF-8\nenv SOURCE_DATE_EPOCH=1700000000\nenv A=b c\nenv PATH=/bin\n"
		       "fd 0\nfd 1\nfd 2\nuid 0 gid 0 groups %d pid 2 host ingot cwd / umask 022\n", geteuid() == 0 ? 0 : getgroups(0, NULL));
	ck_assert_msg(strcmp(out, expected) == 0, "%s", out);
	/* another user, found by PATH, in another place */
	static const char *const argv[] = { "p", "show", NULL };
	plan.argv = argv;
	plan.n_argv = 2;
	plan.uid = 10001;
	plan.gid = 10002;
	plan.workdir = "/data";
	plan.hostname = "build";
	new_scratch();
	plan.scratch_fd = scratch_fd;
	out = run_well();
	ck_assert_msg(strstr(out, "env HOME=/\n") && strstr(out, "uid 10001 gid 10002") && strstr(out, "host build cwd /data "), "%s", out);
}
END_TEST

START_TEST(changes_go_to_scratch)
{
	PLAN("put", "/data/new", "x", "rm", "/data/a", "put", "/etc/config", "above", "put", "/tmp/t", "t", "put", "/run/r", "r", "put", "/dev/null", "n", "cat", "/etc/config");
	ck_assert_str_eq(run_well(), "above");
	struct stat st;
	ck_assert_int_eq(fstatat(root_fd, "data/a", &st, 0), 0);
	ck_assert_int_lt(fstatat(root_fd, "data/new", &st, 0), 0);
	ck_assert_int_eq(fstatat(scratch_fd, "upper/data/new", &st, 0), 0);
	ck_assert_int_lt(fstatat(scratch_fd, "upper/tmp", &st, 0), 0);
	ck_assert_int_lt(fstatat(scratch_fd, "upper/run", &st, 0), 0);
}
END_TEST

/* Two checkouts, one seen through the other; what the step changes lies above both. */
START_TEST(layers)
{
	char path[96];
	(void)snprintf(path, sizeof(path), "%s/over", top);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	int over = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(over, "data", 0755), 0);
	write_text(over, "data/b", "above\n", 0644);
	write_text(over, "data/c", "new\n", 0644);
	PLAN("cat", "/data/a", "cat", "/data/b", "cat", "/data/c", "rm", "/data/a", "put", "/data/b", "changed", "cat", "/data/b");
	plan.root_fd = over;
	plan.base_fd = root_fd;
	ck_assert_str_eq(run_well(), "a\nabove\nnew\nchanged");
	struct stat st;
	ck_assert_int_eq(fstatat(root_fd, "data/a", &st, 0), 0);
	ck_assert_int_eq(fstatat(over, "data/b", &st, 0), 0);
	ck_assert_int_eq(st.st_size, 6);
	ck_assert(fstatat(scratch_fd, "upper/data/a", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode));
	close(over);
}
END_TEST

START_TEST(script)
{
	PLAN("cat", INGOT_STEP_SCRIPT);
	plan.script = INGOT_SPAN("#!/bin/p echo\n$(touch /x) `;\n");
	ck_assert_str_eq(run_well(), "#!/bin/p echo\n$(touch /x) `;\n");
	static const char *const argv[] = { INGOT_STEP_SCRIPT, NULL };
	plan.argv = argv;
	plan.n_argv = 1;
	new_scratch();
	plan.scratch_fd = scratch_fd;
	ck_assert_str_eq(run_well(), "/run/ingot/script\n"); /* executed through its first line */
}
END_TEST

static void check_fails(const char *text)
{
	struct ingot_err e = INGOT_ERR_INIT;
	ck_assert_int_lt(ingot_step_check(&plan, &r, &e), 0);
	ck_assert_int_eq(e.code, INGOT_E_STEP);
	ck_assert_msg(strstr(e.msg, text) != NULL, "%s", e.msg);
}

START_TEST(failures)
{
	PLAN("error", "about to fail", "exit", "7");
	(void)run();
	ck_assert_uint_eq(r.status, 7);
	struct ingot_err e = INGOT_ERR_INIT;
	ck_assert_int_lt(ingot_step_check(&plan, &r, &e), 0);
	ck_assert_str_eq(e.hint, "its last lines: about to fail");
	static const char *const killed[] = { "/bin/p", "kill", "11", NULL };
	plan.argv = killed;
	plan.n_argv = 3;
	new_scratch();
	plan.scratch_fd = scratch_fd;
	(void)run();
	ck_assert_int_eq(r.reason, INGOT_STEP_SIGNALLED);
	ck_assert_uint_eq(r.signal, 11);
	check_fails("signal 11");
}
END_TEST

START_TEST(not_runnable)
{
	PLAN("show");
	static const char *const nowhere[] = { "nosuch", NULL }, *const missing[] = { "/bin/nosuch", NULL }, *const text[] = { "/etc/config", NULL };
	const char *const *const tries[] = { nowhere, missing, text };
	for (size_t i = 0; i < 3; i++) {
		plan.argv = tries[i];
		plan.n_argv = 1;
		new_scratch();
		plan.scratch_fd = scratch_fd;
		ck_assert_int_lt(ingot_step_run(&plan, NULL, &r, &err), 0);
		ck_assert_msg(err.code == INGOT_E_STEP, "%d %s", (int)err.code, err.msg);
	}
	PLAN("show");
	plan.workdir = "/nosuch";
	new_scratch();
	plan.scratch_fd = scratch_fd;
	ck_assert_int_lt(ingot_step_run(&plan, NULL, &r, &err), 0);
	ck_assert_msg(err.code == INGOT_E_STEP && strstr(err.msg, "/nosuch"), "%s", err.msg);
}
END_TEST

START_TEST(children_end_with_it)
{
	PLAN("children", "echo", "done");
	plan.timeout = 20;
	struct timespec a, b;
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	ck_assert_str_eq(run_well(), "done\n");
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_int_lt(b.tv_sec - a.tv_sec, 5); /* they held the pipes, and are dead */
}
END_TEST

START_TEST(read_only_root)
{
	PLAN("fails", "mkdir", "/data/x", "put", "/tmp/x", "x", "put", "/data/a", "x");
	plan.flags = INGOT_STEP_READONLY;
	plan.scratch_fd = -1;
	plan.uid = plan.gid = 10001;
	(void)run();
	ck_assert_uint_eq(r.status, EROFS);
	PLAN("put", "/data/x", "kept", "cat", "/data/x");
	struct ingot_step_tmpfs t = { .path = "/data" };
	plan.flags = INGOT_STEP_READONLY;
	plan.uid = plan.gid = 10001;
	plan.tmpfs = &t;
	plan.n_tmpfs = 1;
	ck_assert_str_eq(run_well(), "kept");
	struct stat st;
	ck_assert_int_lt(fstatat(root_fd, "data/x", &st, 0), 0);
}
END_TEST

START_TEST(volumes_and_stdio)
{
	char path[96];
	(void)snprintf(path, sizeof(path), "%s/volume", top);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	int dir = open(path, O_RDONLY | O_DIRECTORY), out[2];
	write_text(dir, "in", "from the host\n", 0644);
	PLAN("cat", "/data/in", "put", "/data/out", "x");
	struct ingot_step_volume v = { .path = "/data", .fd = dir };
	ck_assert_int_eq(pipe(out), 0);
	plan.flags = INGOT_STEP_READONLY | INGOT_STEP_STDIO;
	plan.stdio[1] = out[1];
	plan.volumes = &v;
	plan.n_volumes = 1;
	(void)run_well();
	char text[64] = "";
	ck_assert_int_eq(read(out[0], text, sizeof(text) - 1), 14);
	ck_assert_str_eq(text, "from the host\n");
	ck_assert_uint_eq(r.tail.n, 0);
	struct stat st;
	ck_assert_int_eq(fstatat(dir, "out", &st, 0), 0);
	v.readonly = true;
	(void)run();
	ck_assert_uint_eq(r.status, EROFS);
}
END_TEST

/* The builder dies without a chance to clean up, and so does everything that it started: each of them held the pipe. */
START_TEST(nothing_survives_the_builder)
{
	int out[2];
	char c[16];
	ck_assert_int_eq(pipe(out), 0);
	PLAN("children", "echo", "up", "sleep", "60");
	plan.flags = INGOT_STEP_STDIO | rung_flags();
	plan.stdio[1] = out[1];
	pid_t builder = fork();
	if (builder == 0) {
		(void)close(out[0]);
		_exit(ingot_step_run(&plan, NULL, &r, &err) < 0);
	}
	(void)close(out[1]);
	ck_assert_int_eq(read(out[0], c, sizeof(c)), 3);
	(void)kill(builder, SIGKILL);
	struct pollfd f = { .fd = out[0], .events = POLLIN };
	ck_assert_int_eq(poll(&f, 1, 5000), 1);
	ck_assert_int_eq(read(out[0], c, sizeof(c)), 0);
	(void)waitpid(builder, NULL, 0);
}
END_TEST

/* An accomplice outside keeps the write end of the output: the step is over all the same. */
START_TEST(output_handed_out)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/volume", top);
	ck_assert_int_eq(mkdir(a.sun_path, 0755), 0);
	int dir = open(a.sun_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/volume/s", top);
	/* What was sent waits in the socket, descriptor and all, without anybody who accepts. */
	ck_assert_msg(bind(s, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(s, 1) == 0, "%s", strerror(errno));
	PLAN("hand", "/data/s", "echo", "done");
	struct ingot_step_volume v = { .path = "/data", .fd = dir };
	plan.flags = INGOT_STEP_READONLY;
	plan.volumes = &v;
	plan.n_volumes = 1;
	struct timespec from, to;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	ck_assert_str_eq(run_well(), "done\n");
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	ck_assert_int_lt(to.tv_sec - from.tv_sec, 8);
	close(s);
	close(dir);
}
END_TEST

START_TEST(loopback)
{
	PLAN("loopback");
	(void)run();
	ck_assert_uint_eq(r.status, EAFNOSUPPORT);
	plan.flags = INGOT_STEP_LOOPBACK;
	new_scratch();
	plan.scratch_fd = scratch_fd;
	(void)run_well();
}
END_TEST

START_TEST(init_is_out_of_reach)
{
	PLAN("kill1", "sleep", "1", "fails", "cat", "/proc/1/environ", "fails", "cat", "/proc/1/maps", "put", "/proc/sys/kernel/core_pattern", "x");
	(void)run();
	ck_assert_msg(r.status == EROFS || r.status == EACCES, "%u %s", r.status, ingot_buf_cstr(&r.tail));
}
END_TEST

/* Signals reach what the step started, and nothing else: not us, not the supervisor. */
START_TEST(signals_stay_inside)
{
	char us[16], minus_us[16];
	(void)snprintf(us, sizeof(us), "%d", (int)getpid());
	(void)snprintf(minus_us, sizeof(minus_us), "-%d", (int)getpgrp());
	PLAN("killchild", "15", "killgroup", "10", "raise", "children", "echo", "alive");
	ck_assert_str_eq(run_well(), "alive\n");
	const char *const nobody[] = { us, minus_us, "1" };
	for (size_t i = 0; i < 3; i++) {
		/* 0 asks whether one could */
		PLAN("killpid", nobody[i], "0");
		(void)run();
		/* In a pid namespace 1 is init, which hears nothing, and the others are nobody's numbers. */
		ck_assert_msg(r.status == EPERM || r.status == ESRCH || (i == 2 && r.status == 0 && !(rung_flags() & INGOT_STEP_CHROOT)), "%s: %u", nobody[i], r.status);
	}
}
END_TEST

START_TEST(doctor)
{
	struct ingot_host_fact f[INGOT_MAX_HOST_FACTS];
	int n = ingot_doctor(-1, f, &err);
	ck_assert_msg(n > 8, "%d %s", n, err.msg);
	for (int i = 0; i < n; i++)
		ck_assert_msg(f[i].ok || !f[i].needed, "%s: %s; %s", f[i].what, f[i].detail, f[i].fix);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("step");
	TCase *t = tcase_create("step");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_root, remove_root);
	tcase_add_test(t, surroundings);
	tcase_add_test(t, changes_go_to_scratch);
	tcase_add_test(t, layers);
	tcase_add_test(t, script);
	tcase_add_test(t, failures);
	tcase_add_test(t, not_runnable);
	tcase_add_test(t, children_end_with_it);
	tcase_add_test(t, read_only_root);
	tcase_add_test(t, volumes_and_stdio);
	tcase_add_test(t, nothing_survives_the_builder);
	tcase_add_test(t, output_handed_out);
	tcase_add_test(t, loopback);
	tcase_add_test(t, init_is_out_of_reach);
	tcase_add_test(t, signals_stay_inside);
	tcase_add_test(t, doctor);
	suite_add_tcase(s, t);
	return run_suite(s);
}
