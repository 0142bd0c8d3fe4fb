/* What a step left behind comes back as it was, and as nothing else. */
#include "run_suite.h"
#include "step_root.h"
#include <sys/xattr.h>

static struct ingot_err err;
static char seen[8192];

static void run_it(void)
{
	struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
	int got = ingot_step_run(&plan, NULL, &r, &err);
	ck_assert_msg(got == 0, "%s", err.msg);
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "status %u signal %u: %s", r.status, r.signal, ingot_buf_cstr(&r.tail));
	ingot_step_result_done(&r);
}

INGOT_PRINTF(1, 2) static void add(const char *fmt, ...)
{
	size_t n = strlen(seen);
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(seen + n, sizeof(seen) - n, fmt, ap);
	va_end(ap);
}

/* Each message as a line: type mode path [target|size content]. 0, or -1 with err. */
static int harvest(uint64_t limit)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	uint64_t left = 0, size = 0;
	seen[0] = '\0';
	ck_assert_msg(ingot_step_harvest(scratch_fd, plan.uid, plan.gid, limit, &h, &err) == 0, "%s", err.msg);
	for (;;) {
		union ingot_msg m;
		int type = ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_ENTRY) | INGOT_PERMIT(INGOT_MSG_XATTR) | INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE), &m, &err);
		if (type < 0)
			return -1;
		ck_assert(type == INGOT_MSG_DATA || left == 0);
		if (type == INGOT_MSG_DONE)
			break;
		if (type == INGOT_MSG_XATTR) {
			add("x %.*s %.*s\n", INGOT_SPAN_ARG(m.xattr.name), INGOT_SPAN_ARG(m.xattr.value));
		} else if (type == INGOT_MSG_DATA) {
			left -= m.data.data.n;
			if (size < 100)
				add("= %.*s\n", INGOT_SPAN_ARG(m.data.data));
		} else {
			add("%c %04o /%.*s", (char)m.entry.type, m.entry.mode, INGOT_SPAN_ARG(m.entry.path));
			if (m.entry.target.n)
				add(" %.*s", INGOT_SPAN_ARG(m.entry.target));
			size = left = m.entry.size;
			if (m.entry.type == 'f')
				add(" %llu", (unsigned long long)size);
			add("\n");
			ck_assert_uint_eq(m.entry.uid, strchr("h-o", (int)m.entry.type) ? 0 : plan.uid);
		}
	}
	ck_assert_msg(ingot_helper_finish(&h, &err) == 0, "%s", err.msg);
	return 0;
}

static void expect(const char *text)
{
	ck_assert_msg(harvest(0) == 0, "%s", err.msg);
	ck_assert_msg(strcmp(seen, text) == 0, "got:\n%swanted:\n%s", seen, text);
}

START_TEST(nothing)
{
	PLAN("show", "cat", "/data/a", "put", "/tmp/x", "x");
	run_it();
	expect("d 0755 /\n");
}
END_TEST

START_TEST(every_kind)
{
	PLAN("mkdir", "/new", "put", "/new/f", "text", "ln", "/new/f", "/new/g", "symlink", "../../etc/passwd", "/new/l", "mkfifo", "/new/p", "socket", "/new/s", "put", "/new/empty", "",
	     "chmod", "4711", "/new/f", "xattr", "/new/f", "user.note", "hello", "xattr", "/new", "user.dir", "d", "rm", "/data/a", "put", "/etc/config", "changed", "mkdir",
	     "/new/\x01\xff name", "chmod", "0", "/new/\x01\xff name");
	run_it();
	expect("d 0755 /\n"
	       "d 0755 /data\n- 0000 /data/a\n"
	       "d 0755 /etc\nf 0644 /etc/config 7\n= changed\n"
	       "x user.dir d\nd 0755 /new\n"
	       "d 0000 /new/\x01\xff name\n"
	       "f 0644 /new/empty 0\n"
	       "x user.note hello\nf 4711 /new/f 4\n= text\n"
	       "h 0000 /new/g new/f\n"
	       "l 0777 /new/l ../../etc/passwd\n"
	       "p 0600 /new/p\n"
	       "- 0000 /new/s\n");
}
END_TEST

START_TEST(replaced_directory)
{
	PLAN("rm", "/data/a", "rm", "/data/b", "rm", "/data", "mkdir", "/data", "put", "/data/c", "c", "rm", "/etc/config", "rm", "/etc", "symlink", "data", "/etc");
	run_it();
	expect("d 0755 /\no 0000 /data\nd 0755 /data\nf 0644 /data/c 1\n= c\nl 0777 /etc data\n");
}
END_TEST

START_TEST(as_another_user)
{
	PLAN("put", "/data/n", "n", "mkdir", "/data/locked", "put", "/data/locked/in", "i", "chmod", "0", "/data/locked/in", "chmod", "0", "/data/locked");
	plan.uid = plan.gid = 10001;
	run_it();
	expect("d 0755 /\nd 0755 /data\nd 0000 /data/locked\nf 0000 /data/locked/in 1\n= i\nf 0644 /data/n 1\n= n\n");
}
END_TEST

START_TEST(overlay_attributes_do_not_pass)
{
	PLAN("mkdir", "/new");
	run_it();
	/* what a kernel that does more would leave */
	int fd = openat(scratch_fd, "upper/new", O_RDONLY | O_DIRECTORY);
	if (fsetxattr(fd, "user.overlay.impure", "y", 1, 0) == 0 && fsetxattr(fd, "user.x", "1", 1, 0) == 0)
		expect("d 0755 /\nx user.x 1\nd 0755 /new\n");
	int file = openat(fd, "f", O_WRONLY | O_CREAT, 0644);
	ck_assert_int_eq(fsetxattr(file, "user.overlay.metacopy", "", 0, 0), 0);
	ck_assert_int_lt(harvest(0), 0);
	ck_assert_msg(strstr(err.msg, "without its content") != NULL, "%s", err.msg);
	close(file);
	close(fd);
}
END_TEST

START_TEST(limits)
{
	PLAN("truncate", "/data/sparse", "900");
	run_it();
	ck_assert_int_lt(harvest(MIB(100)), 0);
	ck_assert_int_eq(err.code, INGOT_E_STEP);
	ck_assert_msg(strstr(err.msg, "data/sparse") != NULL, "%s", err.msg);
	PLAN("nest", "d", "300");
	struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
	ck_assert_int_eq(ingot_step_run(&plan, NULL, &r, &err), 0);
	ck_assert_int_eq(r.reason, INGOT_STEP_DISK_FULL); /* init saw it, too */
	ingot_step_result_done(&r);
	ck_assert_int_lt(harvest(0), 0);
	ck_assert_msg(err.code == INGOT_E_STEP && strstr(err.msg, "nested deeper"), "%s", err.msg);
	PLAN("nest", "a-name-that-is-rather-long-so-that-the-whole-path-becomes-longer-than-any-path-may-be", "100");
	run_it();
	ck_assert_int_lt(harvest(0), 0);
	ck_assert_msg(err.code == INGOT_E_STEP && strstr(err.msg, "path longer"), "%s", err.msg);
}
END_TEST

/* A link in place of the upper directory itself: nothing of ours makes one, and nothing is read through it. */
START_TEST(upper_is_no_link)
{
	PLAN("show");
	ck_assert_int_eq(symlinkat("/etc", scratch_fd, "upper"), 0);
	ck_assert_int_lt(harvest(0), 0);
	ck_assert_msg(strstr(err.msg, "ot a directory") != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("harvest");
	TCase *t = tcase_create("harvest");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_root, remove_root);
	tcase_add_test(t, nothing);
	tcase_add_test(t, every_kind);
	tcase_add_test(t, replaced_directory);
	tcase_add_test(t, as_another_user);
	tcase_add_test(t, overlay_attributes_do_not_pass);
	tcase_add_test(t, limits);
	tcase_add_test(t, upper_is_no_link);
	suite_add_tcase(s, t);
	return run_suite(s);
}
