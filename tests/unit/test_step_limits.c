/* What a step may take of the host: time, disk, memory, processes, log. */
#include "run_suite.h"
#include "step_root.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static void check_fails(const char *text)
{
	struct ingot_err e = INGOT_ERR_INIT;
	ck_assert_int_lt(ingot_step_check(&plan, &r, &e), 0);
	ck_assert_int_eq(e.code, INGOT_E_STEP);
	ck_assert_msg(strstr(e.msg, text) != NULL, "%s", e.msg);
}

START_TEST(time_is_limited)
{
	PLAN("children", "sleep", "60");
	plan.timeout = 1;
	struct timespec a, b;
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	(void)run();
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_int_eq(r.reason, INGOT_STEP_TIMED_OUT);
	ck_assert_int_lt(b.tv_sec - a.tv_sec, 5);
	check_fails("did not end within 1 s");
}
END_TEST

START_TEST(disk_is_limited)
{
	PLAN("fill", "/data/1", "30", "fill", "/data/2", "30", "sleep", "20");
	plan.disk_limit = MIB(50);
	(void)run();
	ck_assert_int_eq(r.reason, INGOT_STEP_DISK_FULL);
	/* hidden from its owner, and quicker than the watch */
	PLAN("mkdir", "/data/d", "fill", "/data/d/1", "30", "chmod", "000", "/data/d", "fill", "/data/2", "30");
	plan.disk_limit = MIB(50);
	new_scratch();
	plan.scratch_fd = scratch_fd;
	(void)run();
	ck_assert_int_eq(r.reason, INGOT_STEP_DISK_FULL);
	check_fails("limit of 50 MiB");
	/* one file alone: the kernel refuses */
	PLAN("fill", "/data/1", "60");
	plan.disk_limit = MIB(50);
	new_scratch();
	plan.scratch_fd = scratch_fd;
	(void)run();
	ck_assert_msg(r.reason == INGOT_STEP_DISK_FULL || (r.reason == INGOT_STEP_SIGNALLED && r.signal == 25), "reason %d signal %u", (int)r.reason, r.signal);
}
END_TEST

/* Init counts what the step writes, and the step has the same uid: it must not be able to make init count nothing. */
START_TEST(disk_limit_cannot_be_starved)
{
	PLAN("try", "starve", "1", "fill", "/data/1", "30", "fill", "/data/2", "30");
	plan.disk_limit = MIB(50);
	(void)run();
	ck_assert_int_eq(r.reason, INGOT_STEP_DISK_FULL);
}
END_TEST

/* A file that has no name any more takes its space all the same, as long as it is open. */
START_TEST(disk_limit_counts_removed_files)
{
	PLAN("hold", "/data/1", "30", "hold", "/data/2", "30", "hold", "/data/3", "30", "hold", "/data/4", "30", "sleep", "20");
	plan.disk_limit = MIB(50);
	(void)run();
	ck_assert_int_eq(r.reason, INGOT_STEP_DISK_FULL);
	PLAN("fill", "/data/1", "30", "rm", "/data/1", "fill", "/data/1", "30", "rm", "/data/1", "hold", "/data/2", "30", "sleep", "2");
	plan.disk_limit = MIB(50);
	new_scratch();
	plan.scratch_fd = scratch_fd;
	(void)run();
	ck_assert_int_eq(r.reason, INGOT_STEP_ENDED);
}
END_TEST

/* What others remove from the same disk meanwhile does not hide what the step holds. */
START_TEST(disk_limit_beside_others_who_remove)
{
	int others = openat(scratch_fd, "..", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	ck_assert_int_ge(others, 0);
	/* More than the rest of the host writes meanwhile. */
	struct statvfs fs;
	ck_assert_int_eq(fstatvfs(others, &fs), 0);
	uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize / 8;
	ck_assert_int_eq(posix_fallocate(others, 0, (off_t)(room > GIB(4) ? GIB(4) : room > MIB(300) ? room : MIB(300))), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		(void)sleep(1);
		_exit(ftruncate(others, 0) == 0 ? 0 : 1);
	}
	PLAN("sleep", "2", "hold", "/data/1", "30", "hold", "/data/2", "30", "hold", "/data/3", "30", "sleep", "20");
	plan.disk_limit = MIB(50);
	(void)run();
	int status = -1;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	(void)close(others);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(r.reason, INGOT_STEP_DISK_FULL);
}
END_TEST

START_TEST(files_are_limited)
{
	PLAN("many", "/data", "30000");
	plan.disk_limit = MIB(8);
	(void)run();
	ck_assert_int_eq(r.reason, INGOT_STEP_DISK_FULL);
	check_fails("or two million files");
}
END_TEST

START_TEST(tmpfs_is_limited)
{
	PLAN("fill", "/tmp/1", "3");
	plan.tmpfs_size = MIB(2);
	(void)run();
	ck_assert_uint_eq(r.status, ENOSPC);
}
END_TEST

START_TEST(memory_is_limited)
{
	static const char *const bombs[][9] = {
		{ "/bin/p", "eatshared", "400", "sleep", "20" },
		{ "/bin/p", "eaters", "8", "60", "sleep", "20" },
		{ "/bin/p", "fill", "/tmp/x", "400", "sleep", "20" },
		{ "/bin/p", "memfd", "400", "sleep", "20" },
		{ "/bin/p", "eat", "120", "memfd", "120", "sleep", "20" },
	};
	bool chroot = rung_flags() & INGOT_STEP_CHROOT;
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		if (chroot && i == 2)
			continue; /* its /tmp is on the disk */
		PLAN("show");
		plan.argv = bombs[i];
		for (plan.n_argv = 0; plan.n_argv < 9 && bombs[i][plan.n_argv]; plan.n_argv++)
			;
		plan.memory = MIB(200);
		struct timespec a, b;
		(void)clock_gettime(CLOCK_MONOTONIC, &a);
		(void)run();
		(void)clock_gettime(CLOCK_MONOTONIC, &b);
		ck_assert_msg(r.reason == INGOT_STEP_NO_MEMORY, "%s: reason %d status %u signal %u", bombs[i][1], (int)r.reason, r.status, r.signal);
		ck_assert_int_lt(b.tv_sec - a.tv_sec, 10);
		check_fails("limit of 200 MiB");
	}
	/* one process that asks for more than all of it is refused */
	PLAN("eat", "300");
	plan.memory = MIB(200);
	(void)run();
	ck_assert_uint_eq(r.status, ENOMEM);
}
END_TEST

/* What children share with their parent, and what is a file in memory and mapped, is there once. */
START_TEST(shared_memory_counts_once)
{
	PLAN("eat", "90", "eatshared", "40", "children", "children", "children", "fill", "/tmp/x", "30", "sleep", "1", "echo", "fine");
	plan.memory = MIB(200);
	ck_assert_str_eq(run_well(), "fine\n");
}
END_TEST

START_TEST(processes_are_limited)
{
	PLAN("bomb");
	const char *out = run();
	/* Where neither a limit of root's processes nor a pid namespace's own /proc is to be had, it is ended. */
	ck_assert_msg(r.reason == INGOT_STEP_TOO_MANY || (r.status == 0 && strcmp(out, "forked not for ever\n") == 0), "reason %d status %u: %s", (int)r.reason, r.status, out);
}
END_TEST

struct lines {
	uint64_t n, bytes;
	char first[100];
};

static void count_line(void *ctx, const char *step, const char *line)
{
	struct lines *l = ctx;
	if (!l->n++)
		(void)snprintf(l->first, sizeof(l->first), "%s", line);
	l->bytes += strlen(line);
	ck_assert_str_eq(step, "test");
}

START_TEST(output)
{
	PLAN("echo", "::add-mask::\x1b[31mred", "yes");
	struct lines l = { 0 };
	struct ingot_log log = { .ctx = &l, .output = count_line };
	plan.timeout = 2;
	ck_assert_int_eq(ingot_step_run(&plan, &log, &r, &err), 0);
	ck_assert_int_eq(r.reason, INGOT_STEP_TIMED_OUT);
	ck_assert_msg(strchr(l.first, '\x1b') == NULL && l.first[0] != ':', "%s", l.first);
	ck_assert_uint_le(l.bytes, INGOT_MAX_STEP_LOG + 1000);
	ck_assert_uint_gt(r.output, MIB(1));
	ck_assert_uint_eq(r.tail.n, KIB(64));
	ck_assert_ptr_nonnull(strstr(ingot_buf_cstr(&r.tail), "yes yes yes yes\nyes yes"));
}
END_TEST

START_TEST(log_is_limited)
{
	PLAN("fill", "/dev/stdout", "70");
	struct lines l = { 0 };
	struct ingot_log log = { .ctx = &l, .output = count_line };
	ck_assert_int_eq(ingot_step_run(&plan, &log, &r, &err), 0);
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "%u %s", r.status, ingot_buf_cstr(&r.tail));
	ck_assert_uint_eq(r.output, MIB(70));
	ck_assert_uint_le(l.bytes, INGOT_MAX_STEP_LOG + 1000);
	ck_assert_uint_ge(l.bytes, INGOT_MAX_STEP_LOG - MIB(1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("limits");
	TCase *t = tcase_create("limits");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_root, remove_root);
	tcase_add_test(t, time_is_limited);
	tcase_add_test(t, disk_is_limited);
	tcase_add_test(t, disk_limit_cannot_be_starved);
	tcase_add_test(t, disk_limit_counts_removed_files);
	tcase_add_test(t, disk_limit_beside_others_who_remove);
	tcase_add_test(t, files_are_limited);
	tcase_add_test(t, tmpfs_is_limited);
	tcase_add_test(t, memory_is_limited);
	tcase_add_test(t, shared_memory_counts_once);
	tcase_add_test(t, processes_are_limited);
	tcase_add_test(t, output);
	tcase_add_test(t, log_is_limited);
	suite_add_tcase(s, t);
	return run_suite(s);
}
