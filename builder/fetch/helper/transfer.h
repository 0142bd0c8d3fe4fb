/* transfer.h - HTTP transfers of one origin, over libcurl. */
#pragma once
#include <ingot/chan.h>

struct transfer;
/* origin: the message, copied. ca: PEM text of certificates (borrowed for the transfer's life; may be empty). */
int transfer_new(struct ingot_chan *c, const struct ingot_msg_origin *origin, struct ingot_span ca, struct transfer **ret, struct ingot_err *err) INGOT_MUST_USE;
void transfer_free(struct transfer *t);
INGOT_CLEANUP(struct transfer, transfer_free)
/* Answer one GET on the channel. A failure here is final for the origin: the channel is gone, or the server does what no mirror may do. */
int transfer_get(struct transfer *t, const struct ingot_msg_get *get, struct ingot_err *err) INGOT_MUST_USE;
