/* ask_port.c - a child of init that speaks to the service's port, again and again until it answers as it should or the time is over. It has what init has, which is
 * no capability, and keeps one descriptor. The service may kill it: then nobody has answered. */
#include "sandbox.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ingot/fd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ANSWER 65536
#define PATIENCE_MS 5000 /* of one conversation: a service that was not ready may never answer the first */

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool patience(int s, int64_t until)
{
	int64_t left = until - now_ms();
	struct timeval t = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	return left > 0 && setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0 && setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) == 0;
}

/* Where the port is one that the kernel gives to clients, a connection may find itself (RFC 9293, 3.5: a simultaneous open). */
static bool is_itself(int s, unsigned port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} a = { .six = { 0 } };
	socklen_t n = sizeof(a);
	if (getsockname(s, &a.any, &n) < 0)
		return true;
	return ntohs(a.any.sa_family == AF_INET6 ? a.six.sin6_port : a.four.sin_port) == port;
}

static int reach(const struct step_course *c, bool six, int64_t until)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)c->port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)c->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	_cleanup_(ingot_closep) int s = socket(six ? AF_INET6 : AF_INET, (c->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (s < 0 || !patience(s, until) || connect(s, six ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4, six ? sizeof(a6) : sizeof(a4)) < 0 || is_itself(s, c->port))
		return -1;
	return TAKE_FD(s);
}

static bool send_all(int s, const struct ingot_buf *b)
{
	for (size_t at = 0; at < b->n;) {
		ssize_t n = send(s, b->p + at, b->n - at, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* One conversation. True when it went as it should; *ret_n: how much of the answer is in it. */
static bool converse(const struct step_course *c, int s, int64_t until, char *answer, size_t *ret_n)
{
	size_t n = 0;
	if (!send_all(s, &c->send))
		return false;
	if (!c->send.n && !c->expect.n)
		return true;
	while (n < ANSWER && patience(s, until)) {
		ssize_t got = recv(s, answer + n, ANSWER - n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		*ret_n = n;
		if (!c->expect.n || memmem(answer, n, c->expect.p, c->expect.n))
			return true;
	}
	return false;
}

_Noreturn void step_ask_port(const struct step_course *c, int to)
{
	char answer[ANSWER];
	struct ingot_course_result r = { .end = INGOT_COURSE_SILENT };
	struct ingot_err ignored = INGOT_ERR_INIT;
	if (step_close_all_but(&to, 1, &ignored) < 0)
		_exit(1);
	int64_t end = now_ms() + (int64_t)c->wait * 1000;
	for (unsigned turn = 0; now_ms() < end && r.end != INGOT_COURSE_DONE; turn++) {
		int64_t until = now_ms() + PATIENCE_MS < end ? now_ms() + PATIENCE_MS : end;
		size_t n = 0;
		_cleanup_(ingot_closep) int s = reach(c, turn % 2, until);
		if (s >= 0 && converse(c, s, until, answer, &n)) {
			r.end = INGOT_COURSE_DONE;
			break;
		}
		if (n) { /* the last answer is the one to tell of */
			r.end = INGOT_COURSE_OTHERWISE;
			r.n_text = n < sizeof(r.text) ? n : sizeof(r.text);
			memcpy(r.text, answer, r.n_text);
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = 25000000 }, NULL);
	}
	_exit(ingot_write_all(to, &r, sizeof(r), &ignored) < 0);
}
