#include <errno.h>
#include <ingot/chan.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum field_kind { U32, U64, BYTES };
struct field {
	enum field_kind kind;
	size_t offset;
	uint64_t max;
	const char *name;
};
struct shape {
	const char *name;
	const struct field *fields;
	size_t n;
};

#define FIELD(S, kind, field, max) { kind, offsetof(struct S, field), (max), #field },
#define INGOT_MSG(NAME, name, number, fields) static const struct field fields_##name[] = { fields(FIELD, ingot_msg_##name) { 0 } };
#include <ingot/wire.def>
#undef INGOT_MSG

#define INGOT_MSG(NAME, name, number, fields) [number] = { #NAME, fields_##name, sizeof(fields_##name) / sizeof(struct field) - 1 },
static const struct shape shapes[64] = {
#include <ingot/wire.def>
};
#undef INGOT_MSG

#define HEADER 8

/* In bulk: contents up to this size are copied together, and go out when so much has come together. */
#define OUT_SMALL ((size_t)16 * 1024)
#define OUT_FLUSH ((size_t)64 * 1024)
#define IN_BULK ((size_t)256 * 1024) /* grows for a larger message */

struct ingot_chan {
	int fd;
	int timeout;
	bool dead, bulk;
	char *in; /* received: the message in hand, [at, at + used), and in bulk what follows it */
	size_t in_cap, in_at, in_used, in_n; /* in_n: from in_at on */
	char *out; /* in bulk: OUT_FLUSH + OUT_SMALL */
	size_t out_n;
	bool takes_fds;
	int fds[INGOT_CHAN_FDS]; /* received and not taken, the first first */
	size_t n_fds;
};

struct ingot_chan *ingot_chan_new(int take_fd)
{
	struct ingot_chan *c = ingot_alloc(sizeof(*c));
	c->fd = take_fd;
	c->timeout = INGOT_HELPER_SILENCE_MS;
	return c;
}

void ingot_chan_free(struct ingot_chan *c)
{
	if (!c)
		return;
	ingot_closep(&c->fd);
	for (size_t i = 0; i < c->n_fds; i++)
		ingot_closep(&c->fds[i]);
	free(c->in);
	free(c->out);
	free(c);
}

int ingot_chan_fd(const struct ingot_chan *c)
{
	return c->fd;
}

void ingot_chan_set_bulk(struct ingot_chan *c)
{
	if (c->bulk)
		return;
	c->bulk = true;
	c->out = ingot_alloc(OUT_FLUSH + OUT_SMALL);
	c->in = ingot_grow(c->in, IN_BULK, 1);
	c->in_cap = IN_BULK;
}

bool ingot_chan_pending(const struct ingot_chan *c)
{
	return c->in_n > c->in_used;
}

void ingot_chan_set_timeout(struct ingot_chan *c, int ms)
{
	c->timeout = ms;
}

static void put_le(unsigned char *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_le(const unsigned char *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = n; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static int chan_broken(struct ingot_chan *c, struct ingot_err *err, const char *what)
{
	c->dead = true;
	return ingot_fail(err, INGOT_E_BUG, "helper protocol: %s", what);
}

/* One descriptor beside the bytes. */
union beside {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void put_beside(struct msghdr *m, union beside *b, int fd)
{
	memset(b, 0, sizeof(*b));
	m->msg_control = b->room;
	m->msg_controllen = sizeof(b->room);
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
}

/* fd goes with the first byte; -1: none. */
static int send_parts(struct ingot_chan *c, struct iovec *iov, int n, int fd, struct ingot_err *err)
{
	union beside beside;
	while (n) {
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = (size_t)n };
		if (fd >= 0)
			put_beside(&m, &beside, fd);
		ssize_t w = sendmsg(c->fd, &m, MSG_NOSIGNAL);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			c->dead = true;
			return ingot_fail_sys(err, INGOT_E_BUG, "helper protocol: sending");
		}
		fd = -1;
		for (size_t left = (size_t)w; n && left >= iov->iov_len; n--, iov++)
			left -= iov->iov_len, w -= (ssize_t)iov->iov_len;
		if (n) {
			iov->iov_base = (char *)iov->iov_base + w;
			iov->iov_len -= (size_t)w;
		}
	}
	return 0;
}

/* Size of the payload; the last byte string of a DATA goes out from where it lies. */
static size_t payload_size(const struct shape *s, const char *msg)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		const void *at = msg + f->offset;
		if (f->kind == BYTES) {
			const struct ingot_span *b = at;
			if (b->n > f->max)
				ingot_panic("message %s: field %s has %zu bytes", s->name, f->name, b->n);
			n += 4 + b->n;
		} else {
			n += f->kind == U32 ? 4 : 8;
		}
	}
	ingot_assert(n <= INGOT_MAX_MESSAGE);
	return n;
}

static void encode(const struct shape *s, const char *msg, unsigned char *p)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		const void *at = msg + f->offset;
		if (f->kind == BYTES) {
			const struct ingot_span *b = at;
			put_le(p, b->n, 4);
			if (b->n)
				memcpy(p + 4, b->p, b->n);
			p += 4 + b->n;
		} else {
			size_t n = f->kind == U32 ? 4 : 8;
			put_le(p, n == 4 ? *(const uint32_t *)at : *(const uint64_t *)at, n);
			p += n;
		}
	}
}

/* What is waiting in bulk, and behind it n parts. */
static int send_out(struct ingot_chan *c, const struct iovec *parts, int n, struct ingot_err *err)
{
	struct iovec iov[3] = { { c->out, c->out_n } };
	int have = c->out_n != 0;
	for (int i = 0; i < n; i++)
		iov[have++] = parts[i];
	c->out_n = 0;
	return send_parts(c, iov, have, -1, err);
}

/* Contents may wait for more of their kind; whatever asks, answers or ends may not. */
static bool may_wait(enum ingot_msg_type type)
{
	return type == INGOT_MSG_DATA || type == INGOT_MSG_ENTRY || type == INGOT_MSG_XATTR || type == INGOT_MSG_MEMBER || type == INGOT_MSG_JSON || type == INGOT_MSG_NODE ||
	       type == INGOT_MSG_RANGE || type == INGOT_MSG_SECRET || type == INGOT_MSG_FACT;
}

static int collect(struct ingot_chan *c, const struct iovec *parts, int n, struct ingot_err *err)
{
	for (int i = 0; i < n; i++) {
		if (parts[i].iov_len)
			memcpy(c->out + c->out_n, parts[i].iov_base, parts[i].iov_len);
		c->out_n += parts[i].iov_len;
	}
	return c->out_n < OUT_FLUSH ? 0 : send_out(c, NULL, 0, err);
}

static int send_message(struct ingot_chan *c, enum ingot_msg_type type, const void *msg, int fd, struct ingot_err *err)
{
	const struct shape *s = &shapes[type];
	if (c->dead)
		return chan_broken(c, err, "the channel is dead");
	unsigned char small[4096];
	unsigned char *head = small;
	_cleanup_(ingot_freep) unsigned char *big = NULL;
	size_t n = s->n ? payload_size(s, msg) : 0;
	bool data = type == INGOT_MSG_DATA;
	size_t copied = data ? 4 : n;
	if (HEADER + copied > sizeof(small))
		head = big = ingot_alloc(HEADER + copied);
	put_le(head, n, 4);
	put_le(head + 4, type, 2);
	head[6] = INGOT_WIRE_VERSION;
	head[7] = 0;
	struct iovec iov[2] = { { head, HEADER + copied }, { 0 } };
	int parts = 1;
	if (data) {
		const struct ingot_msg_data *d = msg;
		put_le(head + HEADER, d->data.n, 4);
		iov[1].iov_base = (void *)(uintptr_t)d->data.p;
		iov[1].iov_len = d->data.n;
		parts += d->data.n != 0;
	} else if (n) {
		encode(s, msg, head + HEADER);
	}
	if (fd >= 0) {
		ingot_pass(send_out(c, NULL, 0, err)); /* what waits has no file */
		return send_parts(c, iov, parts, fd, err);
	}
	if (c->bulk && may_wait(type) && HEADER + n <= OUT_SMALL)
		return collect(c, iov, parts, err);
	return send_out(c, iov, parts, err);
}

/* Descriptors come with the bytes that they were sent with, at most one set a call (unix(7)). More than are expected: an error, so that nothing is lost in silence. */
static ssize_t receive_some(struct ingot_chan *c, void *p, size_t n)
{
	if (!c->takes_fds)
		return recv(c->fd, p, n, MSG_DONTWAIT);
	struct iovec iov = { p, n };
	union beside beside;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = beside.room, .msg_controllen = sizeof(beside.room) };
	ssize_t r = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = r < 0 ? NULL : CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(int))) {
		int fd;
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
		if (c->n_fds < INGOT_CHAN_FDS) {
			c->fds[c->n_fds++] = fd;
		} else {
			ingot_closep(&fd);
			m.msg_flags |= MSG_CTRUNC;
		}
	}
	if (r >= 0 && (m.msg_flags & MSG_CTRUNC)) {
		errno = EPROTO;
		return -1;
	}
	return r;
}

/* Until n bytes of the next message are there; in bulk as many more as have come. */
static int receive(struct ingot_chan *c, size_t n, struct ingot_err *err)
{
	if (!c->in_n)
		c->in_at = 0;
	if (n > c->in_cap - c->in_at) {
		if (c->in_n)
			memmove(c->in, c->in + c->in_at, c->in_n);
		c->in_at = 0;
		if (n > c->in_cap) {
			c->in = ingot_grow(c->in, n, 1);
			c->in_cap = n;
		}
	}
	while (c->in_n < n) {
		size_t end = c->in_at + c->in_n;
		ssize_t r = receive_some(c, c->in + end, c->bulk ? c->in_cap - end : n - c->in_n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && errno == EAGAIN) {
			struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
			int k = poll(&pfd, 1, c->timeout);
			if (k == 0)
				return chan_broken(c, err, "no message in time");
			continue;
		}
		if (r < 0)
			return chan_broken(c, err, "receiving failed");
		if (r == 0)
			return chan_broken(c, err, c->in_n ? "a message was cut short" : "the helper ended early");
		c->in_n += (size_t)r;
	}
	return 0;
}

static int decode(const struct shape *s, const unsigned char *p, size_t n, char *msg)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		void *at = msg + f->offset;
		size_t fixed = f->kind == U64 ? 8 : 4;
		if (n < fixed)
			return -1;
		uint64_t v = get_le(p, fixed);
		p += fixed;
		n -= fixed;
		if (v > f->max)
			return -1;
		if (f->kind == U32) {
			*(uint32_t *)at = (uint32_t)v;
		} else if (f->kind == U64) {
			*(uint64_t *)at = v;
		} else {
			if (v > n)
				return -1;
			*(struct ingot_span *)at = (struct ingot_span){ (const char *)p, (size_t)v };
			p += v;
			n -= (size_t)v;
		}
	}
	return n == 0 ? 0 : -1;
}

/* What a helper says of its failure is shown to people, so it is treated as foreign text. */
static int relay_failure(struct ingot_chan *c, const struct ingot_msg_fail *f, struct ingot_err *err)
{
	c->dead = true;
	enum ingot_code code = f->code == INGOT_E_INPUT || f->code == INGOT_E_OUTSIDE || f->code == INGOT_E_HOST || f->code == INGOT_E_STEP || f->code == INGOT_E_FALSE ?
				       (enum ingot_code)f->code :
				       INGOT_E_BUG;
	char text[sizeof(err->msg)];
	(void)ingot_fail(err, code, "%s", ingot_show(f->text, text, sizeof(text)));
	(void)ingot_show(f->where, err->where, sizeof(err->where));
	(void)ingot_show(f->line, err->line, sizeof(err->line));
	(void)ingot_show(f->hint, err->hint, sizeof(err->hint));
	err->column = (int)f->column;
	return -1;
}

int ingot_chan_recv(struct ingot_chan *c, uint64_t permit, union ingot_msg *ret, struct ingot_err *err)
{
	permit |= INGOT_PERMIT(INGOT_MSG_FAIL);
	if (c->dead)
		return chan_broken(c, err, "the channel is dead");
	/* An answer may depend on what still waits here. */
	if (c->out_n)
		ingot_pass(send_out(c, NULL, 0, err));
	c->in_at += c->in_used;
	c->in_n -= c->in_used;
	c->in_used = 0;
	ingot_pass(receive(c, HEADER, err));
	const unsigned char *head = (const unsigned char *)c->in + c->in_at;
	size_t n = (size_t)get_le(head, 4);
	unsigned type = (unsigned)get_le(head + 4, 2);
	if (head[6] != INGOT_WIRE_VERSION || head[7] != 0)
		return chan_broken(c, err, "another version of the protocol");
	if (type >= 64 || !shapes[type].name || !(permit & INGOT_PERMIT(type)))
		return chan_broken(c, err, "a message that is not permitted now");
	if (n > INGOT_MAX_MESSAGE)
		return chan_broken(c, err, "a message is too long");
	ingot_pass(receive(c, HEADER + n, err));
	c->in_used = HEADER + n;
	union ingot_msg msg;
	memset(&msg, 0, sizeof(msg));
	if (decode(&shapes[type], (const unsigned char *)c->in + c->in_at + HEADER, n, (char *)&msg) < 0)
		return chan_broken(c, err, "a field is out of its range");
	if (type == INGOT_MSG_FAIL)
		return relay_failure(c, &msg.fail, err);
	*ret = msg;
	return (int)type;
}

void ingot_chan_set_fds(struct ingot_chan *c)
{
	c->takes_fds = true;
}

int ingot_chan_take_fd(struct ingot_chan *c)
{
	if (!c->n_fds)
		return -1;
	int fd = c->fds[0];
	memmove(c->fds, c->fds + 1, --c->n_fds * sizeof(c->fds[0]));
	return fd;
}

int ingot_chan_send(struct ingot_chan *c, enum ingot_msg_type type, const void *msg, struct ingot_err *err)
{
	return ingot_chan_send_fd(c, type, msg, -1, err);
}

int ingot_chan_send_fd(struct ingot_chan *c, enum ingot_msg_type type, const void *msg, int fd, struct ingot_err *err)
{
	if (send_message(c, type, msg, fd, err) == 0)
		return 0;
	if (err->sys != EPIPE && err->sys != ECONNRESET)
		return -1;
	/* The other side has gone. Its last words, if it had any, are still to be read, and tell more than a broken pipe. */
	union ingot_msg last;
	struct ingot_err why = INGOT_ERR_INIT;
	c->dead = false;
	ingot_chan_set_timeout(c, 0);
	(void)!ingot_chan_recv(c, 0, &last, &why);
	c->dead = true;
	if (why.msg[0] && !ingot_span_starts(ingot_span_of(why.msg), "helper protocol: "))
		*err = why;
	return -1;
}

static struct ingot_span cut(const char *s, size_t max)
{
	struct ingot_span v = ingot_span_of(s);
	if (v.n > max)
		v.n = max;
	return v;
}

void ingot_chan_send_fail(struct ingot_chan *c, const struct ingot_err *e)
{
	struct ingot_msg_fail f = { .code = e->code > 70 ? 70 : (uint32_t)e->code,
				    .where = cut(e->where, 255),
				    .line = cut(e->line, 255),
				    .column = (uint32_t)e->column,
				    .text = cut(e->msg, INGOT_MAX_HELPER_TEXT),
				    .hint = cut(e->hint, 511) };
	struct ingot_err ignored = INGOT_ERR_INIT;
	/* The other side may be gone already; there is nobody left to tell. */
	if (ingot_chan_send(c, INGOT_MSG_FAIL, &f, &ignored) < 0)
		c->dead = true;
}
