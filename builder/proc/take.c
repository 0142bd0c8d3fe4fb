/* take.c - the first and the last thing that a helper does. */
#include <errno.h>
#include <fcntl.h>
#include <ingot/helper.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef INGOT_SANITIZED
/* The leak checker stops every thread with ptrace at the end, which the jail refuses; leaks are looked for in the unit tests instead. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:symbolize=0";
}
#endif

static _Noreturn void not_by_hand(void)
{
	static const char text[] = "This program is a part of ingot, which starts it; there is nothing that it could do by itself.\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	_exit(INGOT_E_INPUT);
}

_Noreturn void ingot_helper_leave(struct ingot_chan *c, const struct ingot_err *err)
{
	int status = 0;
	if (err && err->code != INGOT_OK) {
		ingot_chan_send_fail(c, err);
		status = 1;
	}
	ingot_chan_free(c);
	_exit(status); /* no exit handlers: a library's clean-up has nothing to do here that the kernel does not do */
}

struct ingot_chan *ingot_helper_take(size_t n_fds)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct stat st;
	int type = 0;
	socklen_t n = sizeof(type);
	if (fstat(INGOT_CHANNEL_FD, &st) < 0 || !S_ISSOCK(st.st_mode) || getsockopt(INGOT_CHANNEL_FD, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_STREAM)
		not_by_hand();
	/* A setuid copy of this program would be a way in (CVE-2026-41163); there is no such mode. */
	if (getauxval(AT_SECURE) || getuid() != geteuid() || getgid() != getegid())
		not_by_hand();
	struct ingot_chan *c = ingot_chan_new(INGOT_CHANNEL_FD);
	ingot_chan_set_timeout(c, -1);
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	if (fcntl(INGOT_CHANNEL_FD, F_SETFD, FD_CLOEXEC) < 0)
		(void)ingot_fail_sys(&err, INGOT_E_BUG, "preparing the channel");
	for (size_t i = 0; i < n_fds && err.code == INGOT_OK; i++)
		if (fcntl(INGOT_FIRST_FD + (int)i, F_SETFD, FD_CLOEXEC) < 0)
			(void)ingot_fail_sys(&err, INGOT_E_BUG, "descriptor %zu of %zu was not handed over", i, n_fds);
	if (err.code == INGOT_OK && syscall(SYS_close_range, (unsigned)INGOT_FIRST_FD + (unsigned)n_fds, ~0U, 0) < 0)
		(void)ingot_fail_sys(&err, INGOT_E_HOST, "closing descriptors");
	if (err.code != INGOT_OK)
		ingot_helper_leave(c, &err);
	return c;
}
