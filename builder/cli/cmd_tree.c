#include "cli.h"
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/limits.h>
#include <ingot/load.h>
#include <ingot/tree.h>
#include <inttypes.h>

static const struct cli_option options[] = {
	{ "format", 0, "FORMAT", "text (the canonical one), json (an object a line) or mtree" },
	CLI_PLATFORM,
	{ 0 },
};

static void json_entry(const struct ingot_tree *t, size_t i, struct ingot_buf *out)
{
	const struct ingot_dirent *d = ingot_tree_at(t, i);
	const struct ingot_node *n = ingot_tree_node(t, d->node);
	struct ingot_json j = INGOT_JSON(out);
	size_t leader = ingot_tree_leader(t, i);
	char path[INGOT_MAX_PATH + 2], type[2] = { leader != i ? 'h' : (char)n->type, 0 };
	(void)snprintf(path, sizeof(path), "/%.*s", INGOT_SPAN_ARG(d->path));
	ingot_json_object(&j, NULL);
	cli_json_name(&j, "path", "path64", (struct ingot_span){ path, d->path.n + 1 });
	ingot_json_str(&j, "type", type);
	ingot_json_u64(&j, "mode", n->mode);
	ingot_json_u64(&j, "uid", n->uid);
	ingot_json_u64(&j, "gid", n->gid);
	if (n->type == INGOT_FILE) {
		ingot_json_u64(&j, "size", n->size);
		ingot_json_str(&j, "sha256", INGOT_HEX(&n->content));
	}
	if (n->type == INGOT_LINK)
		cli_json_name(&j, "linkname", "linkname64", n->target);
	if (leader != i) {
		(void)snprintf(path, sizeof(path), "/%.*s", INGOT_SPAN_ARG(ingot_tree_at(t, leader)->path));
		cli_json_name(&j, "linkname", "linkname64", ingot_span_of(path));
	}
	if (n->type == INGOT_CHR || n->type == INGOT_BLK) {
		(void)snprintf(path, sizeof(path), "%u:%u", n->major, n->minor);
		ingot_json_str(&j, "rdev", path);
	}
	ingot_json_u64(&j, "mtime", (uint64_t)n->mtime);
	if (n->n_xattrs) {
		ingot_json_object(&j, "xattrs");
		for (size_t k = 0; k < n->n_xattrs; k++) {
			_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_XATTR_VALUE * 2);
			ingot_base64(&b, n->xattrs[k].value.p, n->xattrs[k].value.n);
			ingot_json_key_span(&j, n->xattrs[k].name, ingot_buf_view(&b));
		}
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}

/* mtree(5), one full path a line; names in vis(3) octal. */
static void mtree_name(struct ingot_span s, struct ingot_buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c > '~' || c == '\\' || c == '#' || c == '*' || c == '?' || c == '[' || c == '=')
			ingot_buf_fmt(out, "\\%03o", c);
		else
			ingot_buf_char(out, s.p[i]);
	}
}

static void mtree_entry(const struct ingot_tree *t, size_t i, struct ingot_buf *out)
{
	const struct ingot_dirent *d = ingot_tree_at(t, i);
	const struct ingot_node *n = ingot_tree_node(t, d->node);
	const char *type = n->type == INGOT_DIR ? "dir" : n->type == INGOT_FILE ? "file" : n->type == INGOT_LINK ? "link" : n->type == INGOT_CHR ? "char" : n->type == INGOT_BLK ? "block" : "fifo";
	ingot_buf_str(out, d->path.n ? "./" : ".");
	mtree_name(d->path, out);
	ingot_buf_fmt(out, " type=%s mode=%04o uid=%u gid=%u time=%" PRId64 ".0", type, n->mode, n->uid, n->gid, n->mtime);
	if (n->type == INGOT_FILE)
		ingot_buf_fmt(out, " size=%" PRIu64 " nlink=%u sha256digest=%s", n->size, ingot_tree_nlink(t, d->node), INGOT_HEX(&n->content));
	if (n->type == INGOT_LINK) {
		ingot_buf_str(out, " link=");
		mtree_name(n->target, out);
	}
	if (n->type == INGOT_CHR || n->type == INGOT_BLK)
		ingot_buf_fmt(out, " device=linux,%u,%u", n->major, n->minor);
	ingot_buf_char(out, '\n');
}

static void print_tree(const struct ingot_tree *t, enum cli_format format, struct ingot_buf *out)
{
	if (format == CLI_TEXT) {
		ingot_tree_text(t, out);
		return;
	}
	if (format == CLI_MTREE)
		ingot_buf_str(out, "#mtree\n");
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		if (format == CLI_JSON)
			json_entry(t, i, out);
		else
			mtree_entry(t, i, out);
	}
}

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(2 * INGOT_MAX_TREE_TEXT);
	_cleanup_(ingot_loaded_done) struct ingot_loaded loaded = { 0 };
	enum cli_format format;
	ingot_pass(cli_format(c, true, &format, err));
	ingot_pass(cli_open_store(c, &store, err));
	ingot_pass(ingot_image_load_for(store, c->operands[0], cli_value(c, "platform"), INGOT_LOAD_TREE, &loaded, err));
	print_tree(loaded.tree, format, &out);
	return cli_print(&out, err);
}

extern const struct cli_verb cli_verb_tree;
const struct cli_verb cli_verb_tree = {
	.name = "tree",
	.operands = "IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "every file of an image: type, mode, owner, time, digest",
	.text = CLI_IMAGE_TEXT "\n\nThe text form is the canonical one of which the tree's id is the digest.",
	.options = options,
	.run = run,
};
