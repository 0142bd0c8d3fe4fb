/* decode_inside.h - ingot-decode's reading inside the calling process: no jail, and the channel replaced by a judge of what is sent. */
#pragma once
#include <ingot/digest.h>
#include <ingot/err.h>
#include <ingot/wire.h>

struct inside {
	struct ingot_digest digest; /* over every message, in order */
	uint64_t messages, bytes;
};

/* 0 and what came out, or -1 and why. Messages that the protocol does not allow end the process: no input may lead to them. */
int decode_inside(enum ingot_decode_what what, const void *data, size_t n, uint64_t limit, struct inside *ret, struct ingot_err *err);
