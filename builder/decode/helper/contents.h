/* contents.h - the questions about contents: RANGE ..., DONE, and the answers, until a DONE alone. */
#pragma once
#include <ingot/chan.h>
#include <ingot/err.h>

/* Most ranges and files of one question; both sides hold to it. */
#define CONTENTS_RANGES 256
#define CONTENTS_FILES 32

/* chan takes files (ingot_chan_set_fds). */
int contents_answer(struct ingot_chan *chan, struct ingot_err *err) INGOT_MUST_USE;
