#include "cli.h"
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/handover.h>
#include <ingot/json.h>
#include <ingot/load.h>
#include <ingot/mem.h>

static const struct cli_option options[] = {
	{ "size", 0, NULL, "what makes it large: by layer, by package where it has package lists, and the largest files" },
	{ "format", 0, "FORMAT", "text or json" },
	{ "runtime", 0, NULL, "how to run it: the tightest command for podman and docker, and a Pod for Kubernetes" },
	{ "file", 'f', "RECIPE", "the image's recipe, which knows exactly what is writable" },
	{ "seccomp-profile", 0, "FILE", "a profile that these are to name (ingot build or test --seccomp-profile)" },
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

static int print_runtime(const struct cli *c, struct ingot_store *store, const struct ingot_loaded *l, enum cli_format format, struct ingot_buf *out, struct ingot_err *err)
{
	struct ingot_runtime runtime = { 0 };
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *recipe = NULL;
	if (cli_has(c, "file"))
		ingot_pass(ingot_recipe_load(cli_value(c, "file"), NULL, 0, &recipe, err));
	ingot_pass(ingot_runtime_read(store, l->tree, l->config, recipe ? &recipe->image.writable : NULL, &runtime, err));
	const struct ingot_handover h = { .runtime = &runtime, .image = l->name[0] ? l->name : INGOT_DIGEST(&l->config_ref.digest), .seccomp = cli_value(c, "seccomp-profile") };
	int r = format == CLI_JSON ? ingot_handover_json(&h, out, err) : ingot_handover_text(&h, out, err);
	ingot_runtime_done(&runtime);
	return r;
}

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(32 << 20);
	_cleanup_(ingot_loaded_done) struct ingot_loaded loaded = { 0 };
	enum cli_format format;
	ingot_pass(cli_format(c, false, &format, err));
	ingot_pass(cli_open_store(c, &store, err));
	bool runtime = cli_has(c, "runtime"), size = cli_has(c, "size");
	if (!runtime && (cli_has(c, "seccomp-profile") || cli_has(c, "file")))
		return ingot_fail(err, INGOT_E_INPUT, "--seccomp-profile and --file belong to --runtime");
	if (runtime && size)
		return ingot_fail(err, INGOT_E_INPUT, "--runtime and --size exclude each other");
	ingot_pass(ingot_image_load_for(store, c->operands[0], cli_value(c, "platform"), runtime || size ? INGOT_LOAD_TREE : INGOT_LOAD_SIGNATURES, &loaded, err));
	if (size)
		return cli_print_size(store, &loaded, format, err);
	if (runtime)
		ingot_pass(print_runtime(c, store, &loaded, format, &out, err));
	else if (format == CLI_JSON)
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
	.text = CLI_IMAGE_TEXT
		"\nWith --runtime: how others should run it. Commands for podman and docker, then after a line of --- a Pod for Kubernetes, as text that can be pasted; with\n"
		"--format json the words of the commands and the Pod. A place that the image writes to is a volume of the config or an empty directory of its user;\n"
		"with -f they are what the recipe calls writable.",
	.options = options,
	.run = run,
};
