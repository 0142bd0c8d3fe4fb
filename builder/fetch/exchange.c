#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/exchange.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/mem.h>
#include <stdio.h>

struct ingot_exchange {
	struct ingot_helper helper;
	char *base;
	unsigned patience;
};

void ingot_exchange_close(struct ingot_exchange *x)
{
	if (!x)
		return;
	ingot_helper_kill(&x->helper); /* it has nothing of ours */
	free(x->base);
	free(x);
}

int ingot_exchange_open(const struct ingot_exchange_options *o, struct ingot_exchange **ret, struct ingot_err *err)
{
	_cleanup_(ingot_exchange_closep) struct ingot_exchange *x = ingot_alloc(sizeof(*x));
	_cleanup_(ingot_closep) int ca = ingot_ca_open(o->ca_file);
	x->helper = (struct ingot_helper)INGOT_HELPER_INIT;
	x->base = ingot_strdup(o->base);
	x->patience = o->patience ? o->patience : 30;
	if (o->ca_file && ca < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "the CA certificates %s", INGOT_SHOW(ingot_span_of(o->ca_file)));
	ingot_try(err, ingot_helper_start(&x->helper, "ingot-fetch", &ca, 1, err), "starting ingot-fetch");
	/* Connecting and being slow are the helper's to notice; this is for a helper that is dead. */
	ingot_chan_set_timeout(x->helper.chan, (int)(4 * (x->patience + 20) * 1000 + 10000));
	struct ingot_msg_origin m = {
		.base = ingot_span_of(o->base),
		.proxy = ingot_span_of(o->proxy),
		.user = ingot_span_of(o->user),
		.password = ingot_span_of(o->password),
		.registry = 1,
		.patience = x->patience,
	};
	ingot_pass(ingot_chan_send(x->helper.chan, INGOT_MSG_ORIGIN, &m, err));
	*ret = TAKE_PTR(x);
	return 0;
}

static int send_body(struct ingot_exchange *x, const struct ingot_request *r, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *block = r->size ? ingot_alloc(KIB(256)) : NULL;
	for (uint64_t at = 0; at < r->size;) {
		uint64_t left = r->size - at;
		ssize_t n = r->body(r->ctx, block, left < KIB(256) ? (size_t)left : KIB(256), err);
		ingot_pass(n);
		if (n == 0)
			return ingot_fail(err, INGOT_E_BUG, "a body that is shorter than was said");
		struct ingot_msg_data d = { .data = { block, (size_t)n } };
		ingot_pass(ingot_chan_send(x->helper.chan, INGOT_MSG_DATA, &d, err));
		at += (uint64_t)n;
	}
	return 0;
}

static void keep(struct ingot_span s, char *ret, size_t size)
{
	if (s.n >= size || ingot_span_has(s, '\0'))
		s.n = 0;
	(void)snprintf(ret, size, "%.*s", INGOT_SPAN_ARG(s));
}

static void take_answer(const struct ingot_msg_answer *m, struct ingot_response *ret)
{
	ret->status = m->status;
	ret->length = m->length;
	ret->retry_after = m->retry_after;
	ret->subject = m->subject;
	ret->challenge = m->challenge <= INGOT_AUTH_BEARER ? (enum ingot_http_auth)m->challenge : INGOT_AUTH_NONE;
	keep(m->type, ret->type, sizeof(ret->type));
	keep(m->etag, ret->etag, sizeof(ret->etag));
	keep(m->location, ret->location, sizeof(ret->location));
	keep(m->next, ret->next, sizeof(ret->next));
	keep(m->realm, ret->realm, sizeof(ret->realm));
	keep(m->service, ret->service, sizeof(ret->service));
	keep(m->scope, ret->scope, sizeof(ret->scope));
}

/* Everything up to DONE, or up to what broke it off. */
static int receive(struct ingot_exchange *x, const struct ingot_request *r, struct ingot_response *ret, struct ingot_err *err)
{
	bool answered = false;
	uint64_t at = 0;
	for (;;) {
		union ingot_msg m;
		uint64_t permit = INGOT_PERMIT(INGOT_MSG_LOG) | INGOT_PERMIT(INGOT_MSG_STATUS);
		permit |= answered ? INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE) : INGOT_PERMIT(INGOT_MSG_ANSWER);
		int type = ingot_chan_recv(x->helper.chan, permit, &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			return 0;
		if (type == INGOT_MSG_LOG) {
			(void)snprintf(ret->why, sizeof(ret->why), "%s", INGOT_SHOW(m.log.text));
		} else if (type == INGOT_MSG_STATUS) {
			ret->broke = true;
			ret->retry_after = m.status.retry_after;
			return 0;
		} else if (type == INGOT_MSG_ANSWER) {
			answered = true;
			take_answer(&m.answer, ret);
		} else {
			bool good = ret->status >= 200 && ret->status < 300;
			uint64_t limit = good ? r->limit : KIB(16);
			if (m.data.data.n > limit - at)
				return ingot_fail(err, INGOT_E_BUG, "ingot-fetch sends more than it was asked for");
			at += m.data.data.n;
			if (r->sink)
				ingot_pass(r->sink(r->ctx, ret->status, m.data.data.p, m.data.data.n, err));
		}
	}
}

int ingot_exchange_ask(struct ingot_exchange *x, const struct ingot_request *r, struct ingot_response *ret, struct ingot_err *err)
{
	struct ingot_msg_ask m = {
		.method = r->method,
		.auth = r->auth,
		.size = r->size,
		.offset = r->offset,
		.limit = r->limit,
		.target = ingot_span_of(r->target),
		.accept = ingot_span_of(r->accept),
		.type = ingot_span_of(r->type),
		.match = ingot_span_of(r->match),
		.token = ingot_span_of(r->token),
	};
	*ret = (struct ingot_response){ 0 };
	if (x->helper.pid <= 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s was given up", INGOT_SHOW(ingot_span_of(x->base)));
	if (ingot_chan_send(x->helper.chan, INGOT_MSG_ASK, &m, err) < 0 || send_body(x, r, err) < 0 || receive(x, r, ret, err) < 0) {
		/* Whatever it was, the two sides may no longer be at the same place. */
		ingot_helper_kill(&x->helper);
		return ingot_context(err, "%s", INGOT_SHOW(ingot_span_of(x->base)));
	}
	return 0;
}

int ingot_ca_open(const char *file)
{
	static const char *const known[] = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" };
	int fd = -1;
	if (file)
		return open(file, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; fd < 0 && i < sizeof(known) / sizeof(known[0]); i++)
		fd = open(known[i], O_RDONLY | O_CLOEXEC);
	return fd; /* none: https fails with the library's words, http works */
}
