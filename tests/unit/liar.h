/* liar.h - a helper that lies: the other end of a channel, played by the test. */
#pragma once
#include <check.h>
#include <ingot/chan.h>
#include <sys/socket.h>

static struct ingot_chan *liar, *chan; /* chan: the coordinator's end, which waits 200 ms for a word */

static inline void liar_begin(void)
{
	int sv[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	liar = ingot_chan_new(sv[0]);
	chan = ingot_chan_new(sv[1]);
	ingot_chan_set_timeout(chan, 200);
}

static inline void liar_end(void)
{
	ingot_chan_free(liar);
	ingot_chan_free(chan);
}

static inline void liar_says(enum ingot_msg_type type, const void *msg)
{
	struct ingot_err e = INGOT_ERR_INIT;
	ck_assert_msg(ingot_chan_send(liar, type, msg, &e) == 0, "%s", e.msg);
}
