/* exchange.h - one request and its answer after the other, with an origin that is asked for more than files: a registry, a server of tokens. */
#pragma once
#include "link.h"

struct exchange;
/* Takes over *take_l. */
int exchange_new(struct ingot_chan *c, struct link *take_l, struct exchange **ret, struct ingot_err *err) INGOT_MUST_USE;
void exchange_free(struct exchange *x);
INGOT_CLEANUP(struct exchange, exchange_free)
/* Answer one ASK on the channel, its body included. A failure here is final for the origin: the channel is gone, or the server does what none may do. */
int exchange_ask(struct exchange *x, const struct ingot_msg_ask *ask, struct ingot_err *err) INGOT_MUST_USE;
