/* json.h - writing compact, deterministic JSON (RFC 8259): keys in the order given, no blanks.
 *
 * Strings must be UTF-8; bytes that are not are written as U+FFFD. Reading foreign JSON is the decode helper's work.
 */
#pragma once
#include <ingot/buf.h>

struct ingot_json {
	struct ingot_buf *out;
	uint64_t first; /* bit per level: nothing written yet at this level */
	unsigned depth;
};

#define INGOT_JSON(buf) { .out = (buf) }

/* In an object every value is preceded by its key; in an array key is NULL. */
void ingot_json_object(struct ingot_json *j, const char *key);
void ingot_json_array(struct ingot_json *j, const char *key);
void ingot_json_end(struct ingot_json *j, char bracket); /* '}' or ']' */
void ingot_json_str(struct ingot_json *j, const char *key, const char *value);
void ingot_json_span(struct ingot_json *j, const char *key, struct ingot_span value);
void ingot_json_key_span(struct ingot_json *j, struct ingot_span key, struct ingot_span value); /* a key from outside */
void ingot_json_u64(struct ingot_json *j, const char *key, uint64_t value);
void ingot_json_bool(struct ingot_json *j, const char *key, bool value);
void ingot_json_null(struct ingot_json *j, const char *key);
void ingot_json_raw(struct ingot_json *j, const char *key, struct ingot_span json); /* already JSON */
