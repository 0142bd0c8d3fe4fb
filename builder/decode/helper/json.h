/* json.h - one JSON document, strictly, as a stream of JSON messages. */
#pragma once
#include <ingot/chan.h>
#include <ingot/err.h>

#define JSON_MAX_DOCUMENT INGOT_MAX_MANIFEST
#define JSON_MAX_LEVELS 16

int json_decode(struct ingot_chan *chan, struct ingot_span text, struct ingot_err *err) INGOT_MUST_USE;
