#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/terminal.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_MS 250 /* how often the size of the window is looked at; a handler for SIGWINCH would belong to the whole process */

static void copy_size(int to)
{
	struct winsize is, was;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &is) == 0 && ioctl(to, TIOCGWINSZ, &was) == 0 && (is.ws_row != was.ws_row || is.ws_col != was.ws_col))
		(void)ioctl(to, TIOCSWINSZ, &is);
}

static bool put(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
	return true;
}

/* False when one side is gone: EIO on the pty is how the end of the last program on it reads. */
static bool pass(int from, int to)
{
	char block[4096];
	ssize_t n = read(from, block, sizeof(block));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && put(to, block, (size_t)n);
}

/* In a process of its own, because the coordinator waits for the step meanwhile. Only calls that are safe after fork(); nothing is open but the two. */
static _Noreturn void relay(int master, const struct termios *was)
{
	struct termios raw = *was;
	cfmakeraw(&raw);
	if (dup2(master, 3) < 0 || syscall(SYS_close_range, 4U, ~0U, 0) < 0)
		_exit(1);
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTOU, SIGPIPE, SIGTERM, SIGHUP };
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN); /* it ends when one side does, and not before the terminal is as it was */
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	for (bool going = true; going;) {
		struct pollfd f[2] = { { STDIN_FILENO, POLLIN, 0 }, { 3, POLLIN, 0 } };
		copy_size(3);
		if (poll(f, 2, LOOK_MS) < 0 && errno != EINTR)
			break;
		if (f[1].revents)
			going = pass(3, STDOUT_FILENO);
		if (going && f[0].revents)
			going = pass(STDIN_FILENO, 3);
	}
	/* Flushed: answers that the program made the terminal give are nobody's input. */
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, was);
	_exit(0);
}

int ingot_terminal_begin(struct ingot_terminal *t, struct ingot_err *err)
{
	struct termios was;
	_cleanup_(ingot_closep) int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 || tcgetattr(STDIN_FILENO, &was) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making a terminal");
	/* By the descriptor (TIOCGPTPEER): no name is looked up, so it is this one's other end whatever is mounted on /dev/pts. */
	_cleanup_(ingot_closep) int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcsetattr(slave, TCSANOW, &was) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making a terminal");
	copy_size(slave);
	pid_t pid = fork();
	if (pid < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making a terminal");
	if (pid == 0)
		relay(master, &was);
	t->fd = TAKE_FD(slave);
	t->relay = pid;
	return 0;
}

void ingot_terminal_end(struct ingot_terminal *t)
{
	ingot_closep(&t->fd);
	if (t->relay < 0)
		return;
	while (waitpid(t->relay, NULL, 0) < 0 && errno == EINTR)
		continue;
	t->relay = -1;
}
