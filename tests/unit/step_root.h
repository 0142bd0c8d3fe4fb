/* step_root.h - a root for steps in tests: one static program and the mount points, in a fresh directory. */
#pragma once
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/step.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64];
static char scratch_name[96];
static int root_fd = -1, scratch_fd = -1;

static void write_text(int dir, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ck_assert_msg(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0 && close(fd) == 0, "%s: %s", name, strerror(errno));
}

static void copy_program(const char *name, int dir, const char *as)
{
	char from[4096 + 64];
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_eq(ingot_helper_path(name, from, sizeof(from), &err), 0);
	size_t n = strlen(from);
	(void)snprintf(from + n, sizeof(from) - n, "/%s", name);
	struct ingot_buf b = INGOT_BUF(MIB(64));
	ck_assert_int_eq(ingot_read_file(from, MIB(64), &b, &err), 0);
	int fd = openat(dir, as, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ck_assert_int_eq(ingot_write_all(fd, b.p, b.n, &err), 0);
	ck_assert_int_eq(fchmod(fd, 0755) | close(fd), 0);
	ingot_buf_done(&b);
}

static void new_scratch(void)
{
	static int count;
	if (scratch_fd >= 0)
		close(scratch_fd);
	(void)snprintf(scratch_name, sizeof(scratch_name), "%s/scratch%d", top, count++);
	ck_assert_int_eq(mkdir(scratch_name, 0700), 0);
	scratch_fd = open(scratch_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(scratch_fd, 0);
}

static void make_root(void)
{
	(void)umask(022);
	(void)snprintf(top, sizeof(top), "/var/tmp/ingot-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	char path[96];
	(void)snprintf(path, sizeof(path), "%s/root", top);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (const char *const *p = ingot_step_mountpoints(); *p; p++)
		ck_assert_int_eq(mkdirat(root_fd, *p, 0755), 0);
	ck_assert_int_eq(mkdirat(root_fd, "bin", 0755) | mkdirat(root_fd, "etc", 0755) | mkdirat(root_fd, "data", 0755), 0);
	copy_program("step_probe", root_fd, "bin/p");
	write_text(root_fd, "etc/config", "below\n", 0644);
	write_text(root_fd, "data/a", "a\n", 0644);
	write_text(root_fd, "data/b", "b\n", 0600);
	new_scratch();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	return remove(path);
}

static int open_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	if (type == FTW_DNR || type == FTW_D)
		(void)chmod(path, 0700);
	return 0;
}

static void remove_root(void)
{
	for (int i = 0; i < 4; i++) /* directories of mode 000 hide more of them */
		(void)nftw(top, open_one, 16, FTW_PHYS);
	(void)nftw(top, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	close(root_fd);
	close(scratch_fd);
	scratch_fd = -1;
}

static struct ingot_step_plan plan;

/* tests/privilege runs these tests on other rungs of the ladder, too. */
static inline unsigned rung_flags(void)
{
	const char *flags = getenv("INGOT_STEP_FLAGS");
	return flags ? (unsigned)atoi(flags) : 0;
}

static void new_plan(const char *const *argv, size_t n)
{
	new_scratch();
	plan = (struct ingot_step_plan)INGOT_STEP_PLAN_INIT;
	plan.name = "test";
	plan.argv = argv;
	plan.n_argv = n;
	plan.root_fd = root_fd;
	plan.scratch_fd = scratch_fd;
	plan.timeout = 30;
	plan.flags = rung_flags();
}

/* A plan for the program with these words, and a scratch directory of its own. */
#define PLAN(...)                                                                                 \
	new_plan((const char *const[]){ "/bin/p", __VA_ARGS__ }, sizeof((const char *const[]){ "/bin/p", __VA_ARGS__ }) / sizeof(char *))
