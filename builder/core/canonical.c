#include "canonical.h"
#include <ingot/path.h>

static const struct {
	const char *path, *reason;
} sticky[] = {
	{ "tmp", "POSIX: programs may put temporary files there" },
	{ "var/tmp", "FHS 5.15: temporary files that outlive a reboot" },
};

bool ingot_canonical_sticky(struct ingot_span path)
{
	for (size_t i = 0; i < sizeof(sticky) / sizeof(sticky[0]); i++)
		if (ingot_span_is(path, sticky[i].path))
			return true;
	return false;
}

/* Files that are run or loaded though they have no x bit. */
static const char *const code_suffixes[] = { ".so", ".py", ".pyc", ".pl", ".pm", ".rb", ".js", ".mjs", ".cjs", ".jar", ".lua", ".tcl", ".php", ".sh", ".ko", ".wasm" };

static bool is_library(struct ingot_span name)
{
	return name.n && memmem(name.p, name.n, ".so.", 4); /* libc.so.6 */
}

static bool is_code(struct ingot_span path, const struct ingot_node *node)
{
	if (node->mode & 0111 || ingot_span_starts(path, "usr/") || ingot_span_starts(path, "opt/") || is_library(ingot_path_base(path)))
		return true;
	for (size_t i = 0; i < sizeof(code_suffixes) / sizeof(code_suffixes[0]); i++)
		if (ingot_span_ends(path, code_suffixes[i]))
			return true;
	return false;
}

/* Root owns it; who could read it by being its owner or in its group still can, and nobody else can. */
static void give_to_root(const struct canonical_rules *r, struct ingot_node *node)
{
	uint32_t open = node->type == INGOT_DIR ? 05 : 04;
	if ((node->mode & open) == open) {
		node->gid = 0;
	} else if (r->uid && node->uid == r->uid) {
		node->gid = r->gid;
		node->mode = (node->mode & ~070U) | (node->mode >> 3 & 050);
	}
	node->uid = 0;
}

static void canonical_file(const struct canonical_rules *r, struct ingot_span path, bool writable, struct ingot_node *node)
{
	bool runs = node->mode & 0111, code = is_code(path, node);
	/* A file that runs is 0755 whatever its source's umask was; one that does not keeps what was withheld. */
	node->mode = runs ? 0755 : node->mode & 0644;
	if (writable) {
		node->uid = r->uid;
		node->gid = r->gid;
		node->mode |= 0600;
	} else if (code || (r->uid && node->uid == r->uid)) {
		give_to_root(r, node);
	}
}

void ingot_canonical(const struct canonical_rules *r, struct ingot_span path, bool writable, struct ingot_node *node)
{
	switch (node->type) {
	case INGOT_LINK:
		node->mode = 0777;
		node->uid = writable ? r->uid : 0;
		node->gid = writable ? r->gid : 0;
		break;
	case INGOT_DIR:
		if (ingot_canonical_sticky(path)) {
			node->mode = 01777;
			node->uid = node->gid = 0;
			break;
		}
		node->mode &= 0755;
		if (writable) {
			node->uid = r->uid;
			node->gid = r->gid;
			node->mode |= 0700;
		} else {
			give_to_root(r, node);
		}
		break;
	case INGOT_FILE:
	case INGOT_FIFO:
		canonical_file(r, path, writable, node);
		break;
	case INGOT_CHR:
	case INGOT_BLK:
		break; /* only allowed ones come this far, and those stay as they are */
	}
}
