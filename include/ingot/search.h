/* search.h - any of many byte strings, found in one pass over a stream: secrets, in the forms in which they leak.
 *
 * A value is looked for as it is, in base64 (both alphabets, at each of the three positions that it can have in a longer text, and wrapped as base64(1) and
 * PEM wrap a text that begins with it), in hex, URL-encoded and as a JSON string. Line ends behind it do not belong to it. Everything that is kept of a value is
 * wiped when the search is freed.
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/cleanup.h>
#include <ingot/span.h>

enum ingot_form { INGOT_FORM_RAW, INGOT_FORM_BASE64, INGOT_FORM_HEX, INGOT_FORM_URL, INGOT_FORM_JSON };
const char *ingot_form_words(enum ingot_form f); /* "in base64", for messages */

struct ingot_search;
struct ingot_search *ingot_search_new(void);
void ingot_search_free(struct ingot_search *s);
INGOT_CLEANUP(struct ingot_search, ingot_search_free)

/* All forms of a value. False when it has less than INGOT_MIN_SECRET bytes: then it is not looked for. */
bool ingot_search_add(struct ingot_search *s, const char *name, struct ingot_span value);
/* Each longer line of a value of several lines, as it is: for masking output, where half of a key is too much. */
void ingot_search_add_lines(struct ingot_search *s, const char *name, struct ingot_span value);
size_t ingot_search_longest(const struct ingot_search *s); /* 0: it looks for nothing */

struct ingot_found {
	const char *name; /* as given; holds as long as the search */
	enum ingot_form form;
	size_t at, n;
};
/* The first occurrence in text, of those at one place the longest. */
bool ingot_search_find(const struct ingot_search *s, struct ingot_span text, struct ingot_found *ret);
/* How many bytes at the end of text may be the beginning of an occurrence. */
size_t ingot_search_open(const struct ingot_search *s, struct ingot_span text);

/* Text that comes in blocks. at of what is found counts from the block's beginning and wraps around when it begins before. */
struct ingot_search_stream {
	const struct ingot_search *search;
	struct ingot_buf seam; /* the end of what was seen, and then the beginning of the next block */
};
void ingot_search_begin(struct ingot_search_stream *t, const struct ingot_search *s);
bool ingot_search_next(struct ingot_search_stream *t, struct ingot_span block, struct ingot_found *ret);
void ingot_search_end(struct ingot_search_stream *t);
