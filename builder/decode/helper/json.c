/* jansson parses (RFC 8259, UTF-8, duplicates refused, nothing behind the document); what is checked here is what readers of other
 * languages would read differently: keys that Go's encoding/json takes for the same, fractions, and depth. */
#include "json.h"
#include <ingot/buf.h>
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/auxv.h>

struct walk {
	struct ingot_chan *chan;
	struct ingot_buf path;
};

/* Go matches keys under simple case folding: ASCII, and the two characters beyond it that fold into ASCII, U+017F (s) and U+212A (k). */
static char *folded(const char *key)
{
	size_t n = strlen(key);
	char *out = ingot_alloc(n + 1);
	size_t at = 0;
	for (size_t i = 0; i < n; at++) {
		if (strncmp(key + i, "\xc5\xbf", 2) == 0) {
			out[at] = 's';
			i += 2;
		} else if (strncmp(key + i, "\xe2\x84\xaa", 3) == 0) {
			out[at] = 'k';
			i += 3;
		} else {
			out[at] = key[i] >= 'A' && key[i] <= 'Z' ? (char)(key[i] - 'A' + 'a') : key[i];
			i++;
		}
	}
	return out;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_keys(struct walk *w, json_t *object, struct ingot_err *err)
{
	size_t n = json_object_size(object), i = 0;
	if (n < 2)
		return 0;
	char **keys = ingot_alloc_array(n, sizeof(*keys));
	const char *key;
	json_t *value;
	json_object_foreach(object, key, value)
		keys[i++] = folded(key);
	qsort(keys, n, sizeof(*keys), by_text);
	int r = 0;
	for (i = 1; i < n && r == 0; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			r = ingot_fail(err, INGOT_E_OUTSIDE, "the object at \"%s\" has the key \"%s\" in two spellings", INGOT_SHOW(ingot_buf_view(&w->path)),
				       INGOT_SHOW(ingot_span_of(keys[i])));
	for (i = 0; i < n; i++)
		free(keys[i]);
	free(keys);
	return r;
}

/* RFC 6901: "~" is "~0", "/" is "~1". */
static void push(struct walk *w, const char *key)
{
	ingot_buf_char(&w->path, '/');
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			ingot_buf_str(&w->path, *key == '~' ? "~0" : "~1");
		else
			ingot_buf_char(&w->path, *key);
	}
}

static void pop(struct walk *w, size_t to)
{
	w->path.n = to;
}

static int scalar(struct walk *w, json_t *v, struct ingot_msg_json *m, char number[24], struct ingot_err *err)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		m->kind = INGOT_J_STRING;
		m->value = (struct ingot_span){ json_string_value(v), json_string_length(v) };
		break;
	case JSON_INTEGER:
		m->kind = INGOT_J_INTEGER;
		m->value = (struct ingot_span){ number, (size_t)snprintf(number, 24, "%lld", (long long)json_integer_value(v)) };
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		m->kind = INGOT_J_BOOL;
		m->value = json_is_true(v) ? INGOT_SPAN("true") : INGOT_SPAN("false");
		break;
	case JSON_NULL:
		m->kind = INGOT_J_NULL;
		break;
	default:
		return ingot_fail(err, INGOT_E_OUTSIDE, "the number at \"%s\" is no integer", INGOT_SHOW(m->path));
	}
	if (m->value.n > KIB(960))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the string at \"%s\" has %zu bytes", INGOT_SHOW(m->path), m->value.n);
	return 0;
}

static int send_value(struct walk *w, json_t *v, unsigned level, struct ingot_err *err)
{
	char number[24];
	struct ingot_msg_json m = { .path = ingot_buf_view(&w->path) };
	if (level > JSON_MAX_LEVELS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "nested deeper than %d levels", JSON_MAX_LEVELS);
	if (w->path.full)
		return ingot_fail(err, INGOT_E_OUTSIDE, "a key below \"%s\" is too long", INGOT_SHOW(m.path));
	if (!json_is_object(v) && !json_is_array(v)) {
		ingot_pass(scalar(w, v, &m, number, err));
		return ingot_chan_send(w->chan, INGOT_MSG_JSON, &m, err);
	}
	m.kind = json_is_object(v) ? INGOT_J_OBJECT : INGOT_J_ARRAY;
	if (json_is_object(v))
		ingot_pass(check_keys(w, v, err));
	ingot_pass(ingot_chan_send(w->chan, INGOT_MSG_JSON, &m, err));
	size_t here = w->path.n, i;
	const char *key;
	json_t *child;
	if (json_is_object(v)) {
		json_object_foreach(v, key, child) {
			push(w, key);
			ingot_pass(send_value(w, child, level + 1, err));
			pop(w, here);
		}
		return 0;
	}
	json_array_foreach(v, i, child) {
		ingot_buf_fmt(&w->path, "/%zu", i);
		ingot_pass(send_value(w, child, level + 1, err));
		pop(w, here);
	}
	return 0;
}

static void decrefp(json_t **j)
{
	json_decref(*j);
}

int json_decode(struct ingot_chan *chan, struct ingot_span text, struct ingot_err *err)
{
	/* jansson would open /dev/urandom for the seed of its tables, which the jail forbids. */
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	size_t seed = 1;
	if (random)
		memcpy(&seed, random, sizeof(seed));
	json_object_seed(seed | 1);
	json_error_t e;
	_cleanup_(decrefp) json_t *doc = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
	if (!doc)
		return ingot_fail(err, INGOT_E_OUTSIDE, "bad JSON at line %d, column %d: %s", e.line, e.column, INGOT_SHOW(ingot_span_of(e.text)));
	struct walk w = { .chan = chan, .path = INGOT_BUF(1024) };
	int r = send_value(&w, doc, 1, err);
	ingot_buf_done(&w.path);
	return r;
}
