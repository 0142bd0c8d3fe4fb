/* The jail of the helpers: each thing works without it and is refused inside. */
#include "run_suite.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/helper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NO 'N'  /* refused: EPERM, EACCES or ENOSYS */
#define YES 'Y' /* works */
#define ANY '?' /* depends on the host */

static const struct {
	const char *what;
	char free, strict, sign, network;
} table[] = {
	{ "open /", YES, NO, NO, NO },
	{ "open /etc/passwd", YES, NO, NO, NO },
	{ "open /dev/null for writing", YES, NO, NO, NO },
	{ "open /proc/self/mem", YES, NO, NO, NO },
	{ "open /etc/nsswitch.conf", YES, NO, NO, YES },
	{ "create", YES, NO, NO, NO },
	{ "openat2", YES, NO, NO, NO },
	{ "unlink", YES, NO, NO, NO },
	{ "inet", YES, NO, NO, YES },
	{ "inet6", ANY, NO, NO, ANY },
	{ "unix", YES, NO, NO, YES },
	{ "netlink", YES, NO, NO, YES },
	{ "raw", ANY, NO, NO, NO },
	{ "alg", ANY, NO, NO, NO },
	{ "vsock", ANY, NO, NO, NO },
	{ "exec", YES, NO, NO, NO },
	{ "fork", YES, NO, NO, NO },
	{ "unshare", YES, NO, NO, NO },
	{ "ptrace", YES, NO, NO, NO },
	{ "signal", YES, NO, NO, NO },
	{ "dumpable", YES, NO, NO, NO },
	{ "prlimit", YES, NO, NO, NO },
	{ "map rwx", YES, NO, NO, NO },
	{ "map rx", YES, NO, NO, YES },
	{ "mprotect rx", YES, NO, NO, NO },
	{ "memfd", YES, NO, NO, NO },
	{ "getrandom", YES, NO, YES, YES },
	{ "resolve", YES, NO, NO, YES },
	{ "fstat", YES, YES, YES, YES },
	{ "memory", YES, YES, YES, YES },
	{ "heap", YES, YES, YES, YES },
};
#define ROWS (sizeof(table) / sizeof(table[0]))

static int letter(char c)
{
	int fd = memfd_create("what", MFD_CLOEXEC);
	ck_assert(fd >= 0 && pwrite(fd, &c, 1, 0) == 1);
	return fd;
}

static void check_one(char jail, size_t column)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	int fd = letter(jail);
	ck_assert_msg(ingot_helper_start(&h, "jail_probe", &fd, 1, &err) == 0, "%s", err.msg);
	close(fd);
	size_t row = 0;
	union ingot_msg m;
	for (;;) {
		int type = ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_LOG) | INGOT_PERMIT(INGOT_MSG_DONE), &m, &err);
		if (type < 0)
			(void)ingot_helper_failed(&h, &err);
		ck_assert_msg(type >= 0, "after %s: %s", row ? table[row - 1].what : "start", err.msg);
		if (type == INGOT_MSG_DONE)
			break;
		char text[300];
		(void)snprintf(text, sizeof(text), "%.*s", INGOT_SPAN_ARG(m.log.text));
		char *space = strrchr(text, ' ');
		*space = '\0';
		int e = (int)strtol(space + 1, NULL, 10);
		ck_assert_uint_lt(row, ROWS);
		ck_assert_str_eq(text, table[row].what);
		char want = (&table[row].free)[column];
		bool no = e == EPERM || e == EACCES || e == ENOSYS;
		ck_assert_msg(want == ANY || (want == YES ? e == 0 : no), "jail %c: %s: errno %d (%s)", jail, text, e, strerror(e));
		row++;
	}
	ck_assert_uint_eq(row, ROWS);
	ck_assert_msg(ingot_helper_finish(&h, &err) == 0, "%s", err.msg);
}

START_TEST(each_wall)
{
	static const char jails[] = "-sgn";
	check_one(jails[_i], (size_t)_i);
}
END_TEST

static int ends(char what, struct ingot_err *err)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	int fd = letter(what);
	int r = ingot_helper_start(&h, "jail_probe", &fd, 1, err);
	close(fd);
	ck_assert_msg(r == 0, "%s", err->msg);
	ingot_chan_set_timeout(h.chan, 5000);
	union ingot_msg m;
	if (ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_DONE), &m, err) < 0)
		return ingot_helper_failed(&h, err);
	return 0;
}

START_TEST(unknown_call_kills)
{
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_lt(ends('k', &err), 0);
	ck_assert_msg(strstr(err.msg, "a system call that its jail does not know") != NULL, "%s", err.msg);
}
END_TEST

START_TEST(cpu_time_is_limited)
{
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_lt(ends('c', &err), 0);
	ck_assert_msg(strstr(err.msg, "its limit of CPU time") != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("jail");
	TCase *t = tcase_create("jail");
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, each_wall, 0, 4);
	tcase_add_test(t, unknown_call_kills);
	tcase_add_test(t, cpu_time_is_limited);
	suite_add_tcase(s, t);
	return run_suite(s);
}
