#include <ingot/json.h>
#include <ingot/utf8.h>
#include <inttypes.h>

static void quote(struct ingot_buf *out, struct ingot_span s)
{
	ingot_buf_char(out, '"');
	for (size_t i = 0; i < s.n;) {
		uint32_t c;
		size_t n = ingot_utf8_next((struct ingot_span){ s.p + i, s.n - i }, &c);
		if (!n) {
			ingot_buf_str(out, "\xef\xbf\xbd");
			i++;
			continue;
		}
		if (c == '"' || c == '\\') {
			ingot_buf_char(out, '\\');
			ingot_buf_char(out, (char)c);
		} else if (c == '\n') {
			ingot_buf_str(out, "\\n");
		} else if (c == '\t') {
			ingot_buf_str(out, "\\t");
		} else if (c < 0x20 || c == 0x7f) {
			ingot_buf_fmt(out, "\\u%04x", (unsigned)c);
		} else {
			ingot_buf_put(out, s.p + i, n);
		}
		i += n;
	}
	ingot_buf_char(out, '"');
}

static void separate(struct ingot_json *j)
{
	uint64_t bit = 1ULL << j->depth;
	if (j->depth && !(j->first & bit))
		ingot_buf_char(j->out, ',');
	j->first &= ~bit;
}

static void begin(struct ingot_json *j, const char *key)
{
	separate(j);
	if (key) {
		quote(j->out, ingot_span_of(key));
		ingot_buf_char(j->out, ':');
	}
}

static void open_level(struct ingot_json *j, const char *key, char bracket)
{
	begin(j, key);
	ingot_buf_char(j->out, bracket);
	ingot_assert(j->depth < 62);
	j->first |= 1ULL << ++j->depth;
}

void ingot_json_object(struct ingot_json *j, const char *key)
{
	open_level(j, key, '{');
}

void ingot_json_array(struct ingot_json *j, const char *key)
{
	open_level(j, key, '[');
}

void ingot_json_end(struct ingot_json *j, char bracket)
{
	ingot_assert(j->depth > 0);
	j->depth--;
	ingot_buf_char(j->out, bracket);
}

void ingot_json_span(struct ingot_json *j, const char *key, struct ingot_span value)
{
	begin(j, key);
	quote(j->out, value);
}

void ingot_json_str(struct ingot_json *j, const char *key, const char *value)
{
	ingot_json_span(j, key, ingot_span_of(value));
}

void ingot_json_key_span(struct ingot_json *j, struct ingot_span key, struct ingot_span value)
{
	separate(j);
	quote(j->out, key);
	ingot_buf_char(j->out, ':');
	quote(j->out, value);
}

void ingot_json_u64(struct ingot_json *j, const char *key, uint64_t value)
{
	begin(j, key);
	ingot_buf_fmt(j->out, "%" PRIu64, value);
}

void ingot_json_bool(struct ingot_json *j, const char *key, bool value)
{
	begin(j, key);
	ingot_buf_str(j->out, value ? "true" : "false");
}

void ingot_json_null(struct ingot_json *j, const char *key)
{
	begin(j, key);
	ingot_buf_str(j->out, "null");
}

void ingot_json_raw(struct ingot_json *j, const char *key, struct ingot_span json)
{
	begin(j, key);
	ingot_buf_span(j->out, json);
}
