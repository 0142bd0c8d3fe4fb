#include "cli.h"
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/load.h>
#include <ingot/mem.h>

static const struct cli_option options[] = {
	{ "size", 0, NULL, "what makes it large: by layer, by package where it has package lists, and the largest files" },
	{ "format", 0, "FORMAT", "text or json" },
	CLI_PLATFORM,
	{ 0 },
};

static void put_string(const struct ingot_doc *d, const char *pointer, const char *label, struct ingot_buf *out)
{
	const struct ingot_doc_value *v = ingot_doc_get(d, pointer);
	if (v && v->kind == INGOT_J_STRING && v->value.n)
		ingot_buf_fmt(out, "  %-11s %s\n", label, INGOT_SHOW(v->value));
}

/* An array of words as it would be typed, each in brackets if it has blanks. */
static void put_words(const struct ingot_doc *d, const char *pointer, const char *label, struct ingot_buf *out)
{
	const struct ingot_doc_value *list = ingot_doc_get(d, pointer);
	if (!list || list->kind != INGOT_J_ARRAY || !list->n)
		return;
	ingot_buf_fmt(out, "  %-11s", label);
	for (size_t i = 0; i < list->n; i++) {
		const struct ingot_doc_value *v = ingot_doc_child(d, list, i);
		if (v)
			ingot_buf_fmt(out, ingot_span_has(v->value, ' ') ? " \"%s\"" : " %s", INGOT_SHOW(v->value));
	}
	ingot_buf_char(out, '\n');
}

/* The names of an object's members, with their values where they are strings. */
static void put_members(const struct ingot_doc *d, const char *pointer, const char *label, struct ingot_buf *out)
{
	const struct ingot_doc_value *object = ingot_doc_get(d, pointer);
	for (size_t i = 0; object && object->kind == INGOT_J_OBJECT && i < object->n; i++) {
		const struct ingot_doc_value *v = ingot_doc_child(d, object, i);
		_cleanup_(ingot_buf_done) struct ingot_buf key = INGOT_BUF(4096);
		if (!v)
			continue;
		ingot_doc_key(v, &key);
		ingot_buf_fmt(out, "  %-11s %s%s%s\n", i ? "" : label, INGOT_SHOW(ingot_buf_view(&key)), v->kind == INGOT_J_STRING ? "=" : "", v->kind == INGOT_J_STRING ? INGOT_SHOW(v->value) : "");
	}
}

static void print_text(const struct ingot_loaded *l, struct ingot_buf *out)
{
	ingot_buf_fmt(out, "%s\n  %-11s %s\n", l->name[0] ? l->name : "(no name)", "manifest", l->manifest_made ? "none: an archive of docker" : INGOT_DIGEST(&l->manifest_ref.digest));
	ingot_buf_fmt(out, "  %-11s %s\n", "config", INGOT_DIGEST(&l->config_ref.digest));
	for (size_t i = 0; i < l->n_layers; i++) {
		const struct ingot_doc_value *size = ingot_doc_getf(l->manifest, "/layers/%zu/size", i), *type = ingot_doc_getf(l->manifest, "/layers/%zu/mediaType", i);
		ingot_buf_fmt(out, "  %-11s %s %s %s\n", i ? "" : "layers", INGOT_DIGEST(&l->layers[i]), size ? INGOT_SHOW(size->value) : "?", type ? INGOT_SHOW(type->value) : "");
	}
	put_string(l->config, "/created", "created", out);
	put_string(l->config, "/os", "os", out);
	put_string(l->config, "/architecture", "arch", out);
	put_string(l->config, "/config/User", "user", out);
	put_words(l->config, "/config/Entrypoint", "entrypoint", out);
	put_words(l->config, "/config/Cmd", "cmd", out);
	put_words(l->config, "/config/Env", "env", out);
	put_string(l->config, "/config/WorkingDir", "workdir", out);
	put_members(l->config, "/config/ExposedPorts", "ports", out);
	put_members(l->config, "/config/Labels", "labels", out);
	put_string(l->config, "/config/StopSignal", "stop signal", out);
	ingot_buf_fmt(out, "  %-11s %zu (not checked here: ingot verify)\n", "signatures", l->signatures);
}

static void print_json(const struct ingot_loaded *l, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "name", l->name);
	ingot_json_str(&j, "digest", INGOT_DIGEST(&l->manifest_ref.digest));
	if (l->manifest_made)
		ingot_json_bool(&j, "manifestMade", true);
	ingot_json_u64(&j, "signatures", l->signatures);
	/* These parsed as JSON in the jail a moment ago, so they can stand in ours as they are. */
	ingot_json_raw(&j, "manifest", ingot_buf_view(&l->manifest_json));
	ingot_json_raw(&j, "config", ingot_buf_view(&l->config_json));
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(32 << 20);
	_cleanup_(ingot_loaded_done) struct ingot_loaded loaded = { 0 };
	enum cli_format format;
	ingot_pass(cli_format(c, false, &format, err));
	ingot_pass(cli_open_store(c, &store, err));
	bool size = cli_has(c, "size");
	ingot_pass(ingot_image_load_for(store, c->operands[0], cli_value(c, "platform"), size ? INGOT_LOAD_TREE : INGOT_LOAD_SIGNATURES, &loaded, err));
	if (size)
		return cli_print_size(store, &loaded, format, err);
	if (format == CLI_JSON)
		print_json(&loaded, &out);
	else
		print_text(&loaded, &out);
	return cli_print(&out, err);
}

extern const struct cli_verb cli_verb_inspect;
const struct cli_verb cli_verb_inspect = {
	.name = "inspect",
	.operands = "IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "what an archive or image layout says of itself",
	.text = CLI_IMAGE_TEXT,
	.options = options,
	.run = run,
};
