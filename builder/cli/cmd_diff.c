#include "cli.h"
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/limits.h>
#include <ingot/load.h>
#include <ingot/path.h>

static const struct cli_option options[] = {
	{ "format", 0, "FORMAT", "text (default) or json (an object a line)" },
	{ "ignore-times", 0, NULL, "files that differ in nothing but their time are equal" },
	CLI_PLATFORM,
	{ 0 },
};

/* The two images, walked side by side. */
struct pair {
	const struct ingot_tree *a, *b;
	unsigned ignore;
	enum cli_format format;
	struct ingot_buf *out;
	size_t removed, added, changed;
};

/* What of a file differs, in words; both are of one type. */
static size_t what_differs(const struct pair *p, const struct ingot_node *a, const struct ingot_node *b, bool links, const char *ret[10])
{
	size_t n = 0;
	if (a->mode != b->mode)
		ret[n++] = "mode";
	if (a->uid != b->uid || a->gid != b->gid)
		ret[n++] = "owner";
	if (a->type == INGOT_FILE && (a->size != b->size || !ingot_digest_eq(&a->content, &b->content)))
		ret[n++] = "content";
	if (a->type == INGOT_LINK && !ingot_span_eq(a->target, b->target))
		ret[n++] = "target";
	if ((a->type == INGOT_CHR || a->type == INGOT_BLK) && (a->major != b->major || a->minor != b->minor))
		ret[n++] = "device";
	if (!ingot_xattrs_eq(a, b))
		ret[n++] = "xattrs";
	if (links)
		ret[n++] = "links";
	if (a->mtime != b->mtime && !(p->ignore & INGOT_IGNORE_MTIME))
		ret[n++] = "time";
	return n;
}

static const char *type_name(enum ingot_type t)
{
	return t == INGOT_DIR ? "directory" : t == INGOT_FILE ? "file" : t == INGOT_LINK ? "link" : t == INGOT_FIFO ? "fifo" : "device";
}

/* One line: "- /path", "+ /path", "~ /path mode 0644 -> 0755, content". */
static void text_line(struct pair *p, char sign, struct ingot_span path, const struct ingot_node *a, const struct ingot_node *b, const char *const *what, size_t n)
{
	ingot_buf_fmt(p->out, "%c /", sign);
	ingot_escape_field(p->out, path);
	if (sign != '~')
		ingot_buf_fmt(p->out, " %s", type_name(sign == '-' ? a->type : b->type));
	else if (a->type != b->type)
		ingot_buf_fmt(p->out, " %s -> %s", type_name(a->type), type_name(b->type));
	for (size_t i = 0; i < n; i++) {
		ingot_buf_fmt(p->out, "%s%s", i ? ", " : " ", what[i]);
		if (what[i][0] == 'm')
			ingot_buf_fmt(p->out, " %04o -> %04o", a->mode, b->mode);
		else if (what[i][0] == 'o')
			ingot_buf_fmt(p->out, " %u:%u -> %u:%u", a->uid, a->gid, b->uid, b->gid);
		else if (what[i][0] == 'c')
			ingot_buf_fmt(p->out, " %llu -> %llu bytes", (unsigned long long)a->size, (unsigned long long)b->size);
	}
	ingot_buf_char(p->out, '\n');
}

static void json_node(struct ingot_json *j, const char *key, const struct ingot_node *n)
{
	char type[2] = { (char)n->type, 0 };
	ingot_json_object(j, key);
	ingot_json_str(j, "type", type);
	ingot_json_u64(j, "mode", n->mode);
	ingot_json_u64(j, "uid", n->uid);
	ingot_json_u64(j, "gid", n->gid);
	ingot_json_u64(j, "mtime", (uint64_t)n->mtime);
	if (n->type == INGOT_FILE) {
		ingot_json_u64(j, "size", n->size);
		ingot_json_str(j, "sha256", INGOT_HEX(&n->content));
	}
	ingot_json_end(j, '}');
}

static void json_line(struct pair *p, const char *change, struct ingot_span path, const struct ingot_node *a, const struct ingot_node *b, const char *const *what, size_t n)
{
	struct ingot_json j = INGOT_JSON(p->out);
	char full[INGOT_MAX_PATH + 2];
	(void)snprintf(full, sizeof(full), "/%.*s", INGOT_SPAN_ARG(path));
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "change", change);
	cli_json_name(&j, "path", "path64", (struct ingot_span){ full, path.n + 1 });
	if (a && b) {
		ingot_json_array(&j, "what");
		if (a->type != b->type)
			ingot_json_str(&j, NULL, "type");
		for (size_t i = 0; i < n; i++)
			ingot_json_str(&j, NULL, what[i]);
		ingot_json_end(&j, ']');
	}
	if (a)
		json_node(&j, "a", a);
	if (b)
		json_node(&j, "b", b);
	ingot_json_end(&j, '}');
	ingot_buf_char(p->out, '\n');
}

static void report(struct pair *p, char sign, struct ingot_span path, const struct ingot_node *a, const struct ingot_node *b, const char *const *what, size_t n)
{
	*(sign == '-' ? &p->removed : sign == '+' ? &p->added : &p->changed) += 1;
	if (p->format == CLI_JSON)
		json_line(p, sign == '-' ? "removed" : sign == '+' ? "added" : "changed", path, a, b, what, n);
	else
		text_line(p, sign, path, a, b, what, n);
}

/* The path that leads the links of dirent i. */
static struct ingot_span leader(const struct ingot_tree *t, size_t i)
{
	return ingot_tree_at(t, ingot_tree_leader(t, i))->path;
}

static void both(struct pair *p, size_t i, size_t k)
{
	const struct ingot_dirent *d = ingot_tree_at(p->a, i);
	const struct ingot_node *a = ingot_tree_node(p->a, d->node), *b = ingot_tree_node(p->b, ingot_tree_at(p->b, k)->node);
	const char *what[10];
	bool links = !ingot_span_eq(leader(p->a, i), leader(p->b, k));
	size_t n = a->type == b->type ? what_differs(p, a, b, links, what) : 0;
	if (n || a->type != b->type)
		report(p, '~', d->path, a, b, what, n);
}

static void compare(struct pair *p)
{
	size_t i = 0, k = 0, na = ingot_tree_count(p->a), nb = ingot_tree_count(p->b);
	while (i < na || k < nb) {
		int c = i == na ? 1 : k == nb ? -1 : ingot_path_cmp(ingot_tree_at(p->a, i)->path, ingot_tree_at(p->b, k)->path);
		if (c == 0) {
			both(p, i++, k++);
			continue;
		}
		const struct ingot_tree *t = c < 0 ? p->a : p->b;
		const struct ingot_dirent *d = ingot_tree_at(t, c < 0 ? i++ : k++);
		const struct ingot_node *n = ingot_tree_node(t, d->node);
		report(p, c < 0 ? '-' : '+', d->path, c < 0 ? n : NULL, c < 0 ? NULL : n, NULL, 0);
	}
}

/* The parts of the config that say how it runs; what only tells of its making is no difference. */
static void compare_config(struct pair *p, const struct ingot_loaded *a, const struct ingot_loaded *b)
{
	static const char *const keys[] = { "/os", "/architecture", "/variant", "/config/User", "/config/Env", "/config/Entrypoint", "/config/Cmd", "/config/WorkingDir", "/config/ExposedPorts",
					    "/config/Volumes", "/config/Labels", "/config/StopSignal" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (ingot_doc_same(a->config, b->config, keys[i]))
			continue;
		p->changed++;
		if (p->format == CLI_JSON) {
			struct ingot_json j = INGOT_JSON(p->out);
			ingot_json_object(&j, NULL);
			ingot_json_str(&j, "change", "config");
			ingot_json_str(&j, "pointer", keys[i]);
			ingot_json_end(&j, '}');
			ingot_buf_char(p->out, '\n');
		} else {
			ingot_buf_fmt(p->out, "~ config %s\n", keys[i]);
		}
	}
}

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(2 * INGOT_MAX_TREE_TEXT);
	_cleanup_(ingot_loaded_done) struct ingot_loaded a = { 0 }, b = { 0 };
	struct pair p = { .ignore = cli_has(c, "ignore-times") ? INGOT_IGNORE_MTIME : 0, .out = &out };
	ingot_pass(cli_format(c, false, &p.format, err));
	ingot_pass(cli_open_store(c, &store, err));
	ingot_pass(ingot_image_load_for(store, c->operands[0], cli_value(c, "platform"), INGOT_LOAD_TREE, &a, err));
	ingot_pass(ingot_image_load_for(store, c->operands[1], cli_value(c, "platform"), INGOT_LOAD_TREE, &b, err));
	p.a = a.tree;
	p.b = b.tree;
	compare_config(&p, &a, &b);
	compare(&p);
	ingot_pass(cli_print(&out, err));
	return p.removed + p.added + p.changed ? INGOT_E_FALSE : 0;
}

extern const struct cli_verb cli_verb_diff;
const struct cli_verb cli_verb_diff = {
	.name = "diff",
	.operands = "IMAGE IMAGE",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "what differs between two images: their files, and how they run",
	.text = CLI_IMAGE_TEXT "\n\nOne line a path: - is in the first only, + in the second only, ~ differs, and in what. The exit status is 1 when anything differs. Layers, history and times of\n"
			       "creation are no difference.",
	.options = options,
	.run = run,
};
