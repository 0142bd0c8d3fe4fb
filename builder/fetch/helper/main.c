/* ingot-fetch: HTTP and HTTPS for one origin, in a jail that has the network and nothing else.
 *
 * ORIGIN once, then any number of GET, each answered by STATUS, DATA ..., DONE (a mirror), or any number of ASK, each answered by ANSWER, DATA ..., DONE (a registry); DONE
 * from the coordinator ends it. What is fetched is neither looked at nor believed here: the coordinator hashes it.
 */
#include "exchange.h"
#include "transfer.h"
#include <curl/curl.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/limits.h>

static int mirror(struct ingot_chan *c, const struct ingot_msg_origin *o, struct ingot_span ca, struct ingot_err *err)
{
	_cleanup_(transfer_freep) struct transfer *t = NULL;
	union ingot_msg m;
	ingot_pass(transfer_new(c, o, ca, &t, err));
	for (;;) {
		int type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_GET) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			return 0;
		ingot_pass(transfer_get(t, &m.get, err));
	}
}

static int registry(struct ingot_chan *c, const struct ingot_msg_origin *o, struct ingot_span ca, struct ingot_err *err)
{
	_cleanup_(link_done) struct link l = { 0 };
	_cleanup_(exchange_freep) struct exchange *x = NULL;
	union ingot_msg m;
	ingot_pass(link_init(&l, o, ca, err));
	ingot_pass(exchange_new(c, &l, &x, err));
	for (;;) {
		int type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_ASK) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			return 0;
		ingot_pass(exchange_ask(x, &m.ask, err));
	}
}

static int serve(struct ingot_chan *c, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf ca = INGOT_BUF(MIB(4));
	ingot_try(err, ingot_read_all(INGOT_FIRST_FD, &ca, err), "reading the CA certificates");
	ingot_chan_set_timeout(c, -1);
	union ingot_msg m;
	ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_ORIGIN), &m, err));
	return (m.origin.registry ? registry : mirror)(c, &m.origin, ingot_buf_view(&ca), err);
}

int main(void)
{
	/* Before the walls: libcurl and its TLS library look at their own files and tables once. */
	if (curl_global_init(CURL_GLOBAL_ALL) != 0)
		ingot_panic("libcurl cannot be initialised");
	struct ingot_jail_limits limits = { .memory = MIB(512), .cpu = 3600, .files = 64 };
	struct ingot_chan *c = ingot_helper_enter(INGOT_JAIL_NETWORK, &limits, 1);
	struct ingot_err err = INGOT_ERR_INIT;
	int r = serve(c, &err);
	ingot_helper_leave(c, r < 0 ? &err : NULL);
}
