/* size.c - ingot inspect --size: what makes an image large. */
#include "cli.h"
#include <ingot/escape.h>
#include <ingot/installed.h>
#include <ingot/json.h>
#include <ingot/limits.h>
#include <ingot/load.h>
#include <ingot/size.h>

#define LARGEST 20
#define SHOWN 20 /* origins, in text */

static const char *path_of(const struct ingot_loaded *l, size_t dirent, struct ingot_buf *b)
{
	ingot_buf_clear(b);
	ingot_buf_char(b, '/');
	ingot_escape_message(b, ingot_tree_at(l->tree, dirent)->path);
	return ingot_buf_cstr(b);
}

static struct ingot_span origin_of(const struct ingot_loaded *l, size_t dirent)
{
	return ingot_origins_name(l->origins, ingot_origins_of(l->origins, ingot_tree_at(l->tree, dirent)->path));
}

static void print_text(const struct ingot_loaded *l, const struct ingot_size *s, struct ingot_buf *out)
{
	_cleanup_(ingot_buf_done) struct ingot_buf path = INGOT_BUF(KIB(64));
	char size[32];
	uint64_t stored = 0;
	for (size_t i = 0; i < l->n_layers; i++)
		stored += ingot_loaded_layer_size(l, i);
	ingot_buf_fmt(out, "%s\n%12s in %zu layer%s, as stored\n", l->name[0] ? l->name : "(no name)", cli_size(stored, size), l->n_layers, l->n_layers == 1 ? "" : "s");
	for (size_t i = 0; i < l->n_layers; i++)
		ingot_buf_fmt(out, "%14s  %.*s\n", cli_size(ingot_loaded_layer_size(l, i), size), INGOT_SPAN_ARG(ingot_origins_name(l->origins, l->layer_origins[i])));
	ingot_buf_fmt(out, "%12s in %zu files, unpacked; brought by\n", cli_size(s->bytes, size), s->files);
	for (size_t i = 0; i < s->n_parts && i < SHOWN; i++)
		ingot_buf_fmt(out, "%14s  %.*s, %zu file%s\n", cli_size(s->parts[i].bytes, size), INGOT_SPAN_ARG(s->parts[i].origin), s->parts[i].files, s->parts[i].files == 1 ? "" : "s");
	if (s->n_parts > SHOWN)
		ingot_buf_fmt(out, "%14s  and %zu more (--format json has all)\n", "", s->n_parts - SHOWN);
	ingot_buf_str(out, "  the largest files\n");
	for (size_t i = 0; i < s->n_largest; i++) {
		struct ingot_span origin = origin_of(l, s->largest[i]);
		const struct ingot_node *n = ingot_tree_node(l->tree, ingot_tree_at(l->tree, s->largest[i])->node);
		ingot_buf_fmt(out, "%14s  %s (%.*s)\n", cli_size(n->size, size), path_of(l, s->largest[i], &path), INGOT_SPAN_ARG(origin));
	}
}

static void print_json(const struct ingot_loaded *l, const struct ingot_size *s, struct ingot_buf *out)
{
	_cleanup_(ingot_buf_done) struct ingot_buf path = INGOT_BUF(KIB(64));
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "name", l->name);
	ingot_json_str(&j, "digest", INGOT_DIGEST(&l->manifest_ref.digest));
	ingot_json_array(&j, "layers");
	for (size_t i = 0; i < l->n_layers; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_span(&j, "origin", ingot_origins_name(l->origins, l->layer_origins[i]));
		ingot_json_str(&j, "digest", INGOT_DIGEST(&l->layers[i]));
		ingot_json_u64(&j, "size", ingot_loaded_layer_size(l, i));
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_json_u64(&j, "bytes", s->bytes);
	ingot_json_u64(&j, "files", s->files);
	ingot_json_array(&j, "origins");
	for (size_t i = 0; i < s->n_parts; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_span(&j, "origin", s->parts[i].origin);
		ingot_json_u64(&j, "bytes", s->parts[i].bytes);
		ingot_json_u64(&j, "files", s->parts[i].files);
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_json_array(&j, "largest");
	for (size_t i = 0; i < s->n_largest; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_str(&j, "path", path_of(l, s->largest[i], &path));
		ingot_json_u64(&j, "size", ingot_tree_node(l->tree, ingot_tree_at(l->tree, s->largest[i])->node)->size);
		ingot_json_span(&j, "origin", origin_of(l, s->largest[i]));
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}

int cli_print_size(struct ingot_store *store, const struct ingot_loaded *l, enum cli_format format, struct ingot_err *err)
{
	_cleanup_(ingot_size_done) struct ingot_size s = { 0 };
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(MIB(64));
	ingot_pass(ingot_installed_origins(store, l->tree, l->origins, err));
	ingot_size_of(l->tree, l->origins, LARGEST, &s);
	if (format == CLI_JSON)
		print_json(l, &s, &out);
	else
		print_text(l, &s, &out);
	return cli_print(&out, err);
}
