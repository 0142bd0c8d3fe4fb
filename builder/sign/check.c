#include "inside.h"
#include <ingot/escape.h>
#include <ingot/helper.h>
#include <ingot/limits.h>

static int answered(struct ingot_chan *c, struct ingot_digest *ret_id, struct ingot_err *err)
{
	union ingot_msg m;
	_cleanup_(ingot_buf_done) struct ingot_buf id = INGOT_BUF(64);
	ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_SIGNATURE), &m, err));
	if (ingot_unbase64(&id, m.signature.hint) < 0 || id.n != sizeof(ret_id->b))
		return ingot_fail(err, INGOT_E_BUG, "the signer named no key");
	ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_DONE), &m, err));
	memcpy(ret_id->b, id.p, sizeof(ret_id->b));
	return 0;
}

int ingot_check_signature(struct ingot_span public_pem, struct ingot_span message, struct ingot_span signature, char ret_key_id[65], struct ingot_err *err)
{
	/* What the channel could not carry is no signature of ours. */
	if (public_pem.n > INGOT_MAX_KEY)
		return ingot_fail(err, INGOT_E_INPUT, "the public key is larger than %d KiB", (int)(INGOT_MAX_KEY >> 10));
	if (message.n > KIB(64) || signature.n > 4096 || !signature.n)
		return ingot_fail(err, INGOT_E_FALSE, "a signature of %zu bytes over %zu is none that can be checked", signature.n, message.n);
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(ingot_helper_start(&h, "ingot-sign", (int[]){ -1, -1 }, 2, err));
	struct ingot_msg_checksig m = { .key = public_pem, .payload = message, .signature = signature };
	struct ingot_digest id;
	/* Only the whole sequence means yes: a helper that dies half way has said nothing. */
	if (ingot_chan_send(h.chan, INGOT_MSG_CHECKSIG, &m, err) < 0 || answered(h.chan, &id, err) < 0)
		return ingot_helper_failed(&h, err);
	ingot_pass(ingot_helper_finish(&h, err));
	(void)ingot_digest_hex(&id, ret_key_id);
	return 0;
}
