/* doc.h - a JSON document from a channel, apart from the helper that fills it: for the tests of lying helpers. */
#pragma once
#include <ingot/decode.h>

int doc_drain(struct ingot_chan *c, struct ingot_doc **ret, struct ingot_err *err) INGOT_MUST_USE;
