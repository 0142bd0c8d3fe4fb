/* answer.h - what the helper does with a question, apart from its process: fuzz harnesses and tests call it inside. */
#pragma once
#include <ingot/chan.h>
#include <ingot/err.h>

/* Reads fd (seekable) as q says, sends the messages, DONE the last. */
int answer(struct ingot_chan *chan, int fd, const struct ingot_msg_decode *q, struct ingot_err *err) INGOT_MUST_USE;
