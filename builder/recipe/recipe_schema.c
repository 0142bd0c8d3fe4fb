#include "schema.h"
#include <ingot/json.h>
#include <ingot/limits.h>
#include <stdio.h>

/* "a source" -> "source": the name under definitions. */
static const char *short_name(const struct object *o)
{
	const char *space = strchr(o->name, ' ');
	return space ? space + 1 : o->name;
}

static void put_ref(struct ingot_json *j, const char *key, const struct object *o)
{
	char ref[64];
	(void)snprintf(ref, sizeof(ref), "#/definitions/%s", short_name(o));
	ingot_json_object(j, key);
	ingot_json_str(j, "$ref", ref);
	ingot_json_end(j, '}');
}

static void put_words(struct ingot_json *j, const struct field *f)
{
	ingot_json_array(j, "enum");
	for (size_t i = 0; f->words[i]; i++) {
		ingot_json_str(j, NULL, f->words[i]);
		/* What an editor's YAML parser makes of the same word without quotes. */
		if (f->words[i][0] >= '0' && f->words[i][0] <= '9')
			ingot_json_raw(j, NULL, ingot_span_of(f->words[i]));
	}
	ingot_json_end(j, ']');
}

/* The pattern of the rule, or a variable anywhere, where one may stand. */
static void put_pattern(struct ingot_json *j, const struct field *f, const struct rule *rule)
{
	char pattern[512];
	if (!rule || !rule->pattern)
		return;
	(void)snprintf(pattern, sizeof(pattern), "%s%s", rule->pattern, f->flags & RAW ? "" : "|\\$\\{");
	ingot_json_str(j, "pattern", pattern);
}

/* A string by rule or words. An unquoted number is a string to us and a number to an editor: where it is usual, both are offered. */
static void put_string(struct ingot_json *j, const struct field *f, const struct rule *rule, bool scalars)
{
	if (f->words && f->slot == SLOT_NONE) {
		put_words(j, f);
		return;
	}
	if (f->words) {
		ingot_json_array(j, "anyOf");
		ingot_json_object(j, NULL);
		put_words(j, f);
		ingot_json_end(j, '}');
		ingot_json_object(j, NULL);
		ingot_json_str(j, "type", "string");
		ingot_json_str(j, "pattern", "\\$\\{");
		ingot_json_end(j, '}');
		ingot_json_end(j, ']');
		return;
	}
	if (scalars) {
		ingot_json_array(j, "type");
		ingot_json_str(j, NULL, "string");
		ingot_json_str(j, NULL, "number");
		ingot_json_str(j, NULL, "boolean");
		ingot_json_end(j, ']');
	} else {
		ingot_json_str(j, "type", "string");
	}
	put_pattern(j, f, rule);
}

static void put_array(struct ingot_json *j, const struct field *f)
{
	ingot_json_str(j, "type", "array");
	ingot_json_object(j, "items");
	put_string(j, f, f->rule, f->flags & SCALARS);
	ingot_json_end(j, '}');
	if (f->flags & NONEMPTY)
		ingot_json_u64(j, "minItems", 1);
	if (!(f->flags & REPEATS))
		ingot_json_bool(j, "uniqueItems", true);
}

static void put_names(struct ingot_json *j, const struct field *f)
{
	ingot_json_str(j, "type", "object");
	ingot_json_object(j, "propertyNames");
	ingot_json_str(j, "pattern", f->key_rule->pattern);
	ingot_json_end(j, '}');
}

static void put_command(struct ingot_json *j, const struct field *f)
{
	ingot_json_array(j, "anyOf");
	ingot_json_object(j, NULL);
	put_string(j, f, f->rule, false);
	ingot_json_end(j, '}');
	ingot_json_object(j, NULL);
	put_array(j, f);
	ingot_json_end(j, '}');
	ingot_json_end(j, ']');
}

static void put_type(struct ingot_json *j, const struct field *f)
{
	switch (f->slot) {
	case SLOT_STRING:
	case SLOT_SIZE:
	case SLOT_MODE:
		put_string(j, f, f->rule, f->flags & SCALARS);
		break;
	case SLOT_STRINGS:
		put_array(j, f);
		break;
	case SLOT_PAIRS:
		put_names(j, f);
		ingot_json_object(j, "additionalProperties");
		put_string(j, f, f->rule, f->flags & SCALARS);
		ingot_json_end(j, '}');
		break;
	case SLOT_BOOL:
		ingot_json_str(j, "type", "boolean");
		break;
	case SLOT_U32:
		/* A bound holds for numbers only, a pattern for strings only (draft-07, 6.2 and 6.3). */
		ingot_json_array(j, "type");
		ingot_json_str(j, NULL, "integer");
		ingot_json_str(j, NULL, "string");
		ingot_json_end(j, ']');
		ingot_json_str(j, "pattern", "^\\$\\{[A-Z0-9_]+\\}$");
		ingot_json_u64(j, "minimum", f->min);
		ingot_json_u64(j, "maximum", f->max);
		break;
	case SLOT_COMMAND:
		put_command(j, f);
		break;
	case SLOT_OBJECT:
		/* Beside a bare $ref everything else, the description too, would be ignored (draft-07, 8.3). */
		ingot_json_array(j, "allOf");
		put_ref(j, NULL, f->object);
		ingot_json_end(j, ']');
		break;
	case SLOT_LIST:
		ingot_json_str(j, "type", "array");
		put_ref(j, "items", f->object);
		break;
	case SLOT_NAMED:
		put_names(j, f);
		put_ref(j, "additionalProperties", f->object);
		break;
	case SLOT_NONE:
		if (f->flags & REPEATS)
			put_array(j, f);
		else
			put_string(j, f, f->rule, false);
		break;
	}
}

static void put_field(struct ingot_json *j, const struct field *f)
{
	char later[512];
	(void)snprintf(later, sizeof(later), "(Not carried out by this version, which refuses it.) %s", f->doc);
	ingot_json_object(j, f->key);
	ingot_json_str(j, "description", f->flags & LATER ? later : f->doc);
	put_type(j, f);
	if (f->fallback)
		ingot_json_raw(j, "default", ingot_span_of(f->fallback));
	if (f->example) {
		ingot_json_array(j, "examples");
		ingot_json_raw(j, NULL, ingot_span_of(f->example));
		ingot_json_end(j, ']');
	}
	ingot_json_end(j, '}');
}

static void put_required(struct ingot_json *j, const struct object *o)
{
	bool any = false;
	for (size_t i = 0; i < o->n; i++)
		if ((o->fields[i].flags & REQUIRED) && !o->fields[i].with) {
			if (!any)
				ingot_json_array(j, "required");
			any = true;
			ingot_json_str(j, NULL, o->fields[i].key);
		}
	if (any)
		ingot_json_end(j, ']');
}

/* One of several keys; keys that need another; keys that another needs. */
static void put_relations(struct ingot_json *j, const struct object *o)
{
	if (o->one_of[0]) {
		ingot_json_array(j, "oneOf");
		for (size_t i = 0; o->one_of[i]; i++) {
			ingot_json_object(j, NULL);
			ingot_json_array(j, "required");
			ingot_json_str(j, NULL, o->one_of[i]);
			ingot_json_end(j, ']');
			ingot_json_end(j, '}');
		}
		ingot_json_end(j, ']');
	}
	bool any = false;
	for (size_t i = 0; i < o->n; i++) {
		const struct field *f = &o->fields[i];
		if (!f->with)
			continue;
		if (!any)
			ingot_json_object(j, "dependencies");
		any = true;
		ingot_json_array(j, f->key);
		ingot_json_str(j, NULL, f->with);
		ingot_json_end(j, ']');
		if (f->flags & REQUIRED) {
			ingot_json_array(j, f->with);
			ingot_json_str(j, NULL, f->key);
			ingot_json_end(j, ']');
		}
	}
	if (any)
		ingot_json_end(j, '}');
}

static void put_object_body(struct ingot_json *j, const struct object *o)
{
	ingot_json_str(j, "type", "object");
	ingot_json_bool(j, "additionalProperties", false);
	put_required(j, o);
	ingot_json_object(j, "properties");
	for (size_t i = 0; i < o->n; i++)
		put_field(j, &o->fields[i]);
	ingot_json_end(j, '}');
	put_relations(j, o);
}

static void put_object(struct ingot_json *j, const struct object *o)
{
	const char *key = o->scalar_key ? o->scalar_key : o->list_key;
	ingot_json_object(j, short_name(o));
	ingot_json_str(j, "description", o->doc);
	if (key) {
		ingot_json_array(j, "anyOf");
		ingot_json_object(j, NULL);
		put_type(j, schema_field(o, ingot_span_of(key)));
		ingot_json_end(j, '}');
		ingot_json_object(j, NULL);
	}
	put_object_body(j, o);
	if (key) {
		ingot_json_end(j, '}');
		ingot_json_end(j, ']');
	}
	ingot_json_end(j, '}');
}

/* One line a value, so that a change of the language is a readable change of the file. */
static void put_indented(struct ingot_buf *out, struct ingot_span json)
{
	unsigned depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];
		bool empty = i + 1 < json.n && ((c == '{' && json.p[i + 1] == '}') || (c == '[' && json.p[i + 1] == ']'));
		if (c == '"' && (i == 0 || json.p[i - 1] != '\\' || (i > 1 && json.p[i - 2] == '\\')))
			quoted = !quoted;
		if (!quoted && c == ' ')
			continue;
		if (!quoted && (c == '}' || c == ']') && json.p[i - 1] != '{' && json.p[i - 1] != '[')
			ingot_buf_fmt(out, "\n%*s", (int)--depth, "");
		ingot_buf_char(out, c);
		if (quoted || empty)
			continue;
		depth += c == '{' || c == '[';
		if (c == '{' || c == '[' || c == ',')
			ingot_buf_fmt(out, "\n%*s", (int)depth, "");
		else if (c == ':')
			ingot_buf_char(out, ' ');
	}
	ingot_buf_char(out, '\n');
}

void ingot_recipe_schema(struct ingot_buf *out)
{
	static const char snippet[] = "[{\"label\":\"recipe\",\"description\":\"the smallest recipe\",\"body\":{\"ingot\":1,\"name\":\"${1:web}\",\"image\":{\"packages\":[\"${2:nginx}\"],\"user\":\"${1:web}\","
				      "\"entrypoint\":[\"${3:/usr/bin/web}\"]}}}]";
	_cleanup_(ingot_buf_done) struct ingot_buf compact = INGOT_BUF(KIB(256));
	struct ingot_json j = INGOT_JSON(&compact);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "$schema", "http://json-schema.org/draft-07/schema#");
	ingot_json_str(&j, "$id", "urn:ingot:recipe:1");
	ingot_json_str(&j, "title", "ingot recipe");
	ingot_json_str(&j, "description", schema_recipe.doc);
	put_object_body(&j, &schema_recipe);
	ingot_json_raw(&j, "defaultSnippets", INGOT_SPAN(snippet));
	ingot_json_object(&j, "definitions");
	for (size_t i = 0; schema_objects[i]; i++)
		put_object(&j, schema_objects[i]);
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
	ingot_assert(!compact.full);
	put_indented(out, ingot_buf_view(&compact));
}
