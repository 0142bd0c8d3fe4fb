/* wire.h - the messages of wire.def as structs. An integer field is uint32_t or uint64_t, a byte field a span. */
#pragma once
#include <ingot/limits.h>
#include <ingot/span.h>
#include <stdint.h>

#define INGOT_FIELD_U32(name) uint32_t name;
#define INGOT_FIELD_U64(name) uint64_t name;
#define INGOT_FIELD_BYTES(name) struct ingot_span name;
#define INGOT_FIELD(S, kind, name, max) INGOT_FIELD_##kind(name)

enum ingot_msg_type {
#define INGOT_MSG(NAME, name, number, fields) INGOT_MSG_##NAME = (number),
#include <ingot/wire.def>
#undef INGOT_MSG
};

#define INGOT_MSG(NAME, name, number, fields) \
	struct ingot_msg_##name {             \
		fields(INGOT_FIELD, name) char end_; \
	};
#include <ingot/wire.def>
#undef INGOT_MSG

union ingot_msg {
#define INGOT_MSG(NAME, name, number, fields) struct ingot_msg_##name name;
#include <ingot/wire.def>
#undef INGOT_MSG
};

/* values of the small enums that travel */
enum ingot_decode_what {
	INGOT_DECODE_DEB = 1,     /* MEMBER per control file, then ENTRY per file of data.tar, then DONE */
	INGOT_DECODE_TAR = 2,     /* a layer tar (gzip, zstd, xz or plain): ENTRY ..., DONE */
	INGOT_DECODE_STREAM = 3,  /* decompress: DATA ..., DONE */
	INGOT_DECODE_ARCHIVE = 4, /* an uncompressed tar of files and links (archive of an image): PART ..., DONE */
	INGOT_DECODE_JSON = 5,    /* one JSON document: JSON ..., DONE */
	INGOT_DECODE_GUNZIP = 6,  /* every gzip member anywhere in it, each up to limit and INGOT_MAX_GUNZIP: MEMBER ..., DONE */
	INGOT_DECODE_FACTS = 7    /* no input of its own: RANGE ... follow */
};
enum ingot_http_method { INGOT_HTTP_GET = 1, INGOT_HTTP_HEAD, INGOT_HTTP_POST, INGOT_HTTP_PUT, INGOT_HTTP_PATCH, INGOT_HTTP_DELETE, INGOT_HTTP_FORM };
enum ingot_http_auth { INGOT_AUTH_NONE = 0, INGOT_AUTH_BASIC, INGOT_AUTH_BEARER };
enum ingot_json_kind { INGOT_J_OBJECT = 1, INGOT_J_ARRAY, INGOT_J_STRING, INGOT_J_INTEGER, INGOT_J_BOOL, INGOT_J_NULL };
enum ingot_yaml_kind { INGOT_Y_SCALAR = 0, INGOT_Y_MAP = 1, INGOT_Y_SEQ = 2, INGOT_Y_END = 3, INGOT_Y_KEY = 4 };
enum ingot_solve_what { INGOT_SOLVE_RELEASE = 1, INGOT_SOLVE_CLOSURE = 2 };
enum ingot_signature_kind { INGOT_SIG_LEGACY = 1, INGOT_SIG_DSSE = 2 };
enum ingot_plan_what { INGOT_PLAN_RUN = 1, INGOT_PLAN_HARVEST = 2, INGOT_PLAN_PROBE = 3 };
enum ingot_word_kind {
	INGOT_WORD_ARGV = 1,
	INGOT_WORD_ENV = 2,    /* NAME=value */
	INGOT_WORD_SCRIPT = 3, /* the next piece of it */
	INGOT_WORD_TMPFS = 4,  /* SIZE /path */
	INGOT_WORD_FILLED = 14, /* the same, beginning with what the root has there */
	INGOT_WORD_VOLUME = 5, /* ro|rw /path; the next volume descriptor */
	INGOT_WORD_SEED = 7,   /* a line of owned.h, a blank, path: what the disk does not show of the Tree */
	INGOT_WORD_SECRET = 10, /* its name; the next secret's descriptor */
	INGOT_WORD_COURSE = 8, /* SIGNAL WITHIN PORT tcp|udp WAIT PATIENCE */
	INGOT_WORD_SEND = 9,
	INGOT_WORD_EXPECT = 11,
	INGOT_WORD_BESIDE = 12, /* argv of what runs beside the service */
	INGOT_WORD_FILE = 13,   /* absent|present, a blank, the path, a NUL, what it contains */
	INGOT_WORD_FACT = 6    /* from a probe: ok|no, needed|useful, what, detail, fix, each ended by a NUL */
};
