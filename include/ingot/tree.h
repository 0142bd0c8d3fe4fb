/* tree.h - a whole root file system as a value: immutable, canonical, sorted, with an id.
 *
 * Two tables: dirents (path -> node) sorted by ingot_path_cmp(), root first, every parent before its children; and nodes (inodes).
 * Several dirents may name one file node (hard links); the first of them in order is the leader. Only ingot_apply() and
 * ingot_tree_parse() make a Tree, so one that exists is valid: all parents present and directories, names valid, no duplicates.
 *
 * Canonical text (the id is sha256 over exactly this text):
 *
 *     ingot-tree 1
 *     d 0755 0 0 1700000000 /
 *     d 0755 0 0 1700000000 /bin
 *     f 0755 0 0 1700000000 /bin/a 12 <64 hex digits>
 *     x user.note some\x20value
 *     h /bin/b /bin/a
 *     l 0777 0 0 1700000000 /lib usr/lib
 *     c 0666 0 0 0 /null 1 3
 *     b 0660 0 6 0 /disk 8 0
 *     p 0644 0 0 0 /pipe
 *
 * One line a dirent: type, mode (4 octal digits), uid, gid, mtime, path ("/" and the path), then what the type adds: size and
 * sha256 of a file's content, target of a link, major and minor of a device, leader of a hard link ("h" lines carry nothing
 * else). "x" lines (name, value) follow the line of the node they belong to, sorted by name. Numbers are decimal without leading zeros.
 * Fields are separated by one blank, escaped by ingot_escape_field(); an empty field (an xattr's empty value) is empty. Every
 * line ends in a newline. The parser refuses every other spelling.
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/digest.h>
#include <ingot/err.h>
#include <ingot/span.h>
#include <sys/types.h>

enum ingot_type {
	INGOT_DIR = 'd',
	INGOT_FILE = 'f',
	INGOT_LINK = 'l', /* symbolic */
	INGOT_CHR = 'c',
	INGOT_BLK = 'b',
	INGOT_FIFO = 'p'
};

struct ingot_xattr {
	struct ingot_span name; /* in namespace user., security.capability, or an access control list, see ingot_xattr_allowed() */
	struct ingot_span value;
};

struct ingot_node {
	enum ingot_type type;
	uint32_t mode;           /* 0-07777 */
	uint32_t uid, gid;       /* <= INGOT_MAX_ID */
	int64_t mtime;           /* seconds, >= 0 */
	uint64_t size;           /* of a file's content */
	struct ingot_digest content; /* of a file */
	struct ingot_span target;    /* of a link: 1-INGOT_MAX_PATH bytes, no NUL, otherwise opaque */
	uint32_t major, minor;   /* of a device */
	const struct ingot_xattr *xattrs; /* sorted by name, unique */
	size_t n_xattrs;
};

struct ingot_dirent {
	struct ingot_span path; /* "" is the root */
	uint32_t node;
};

struct ingot_tree;
struct ingot_tree *ingot_tree_ref(struct ingot_tree *t); /* Trees are shared, not copied */
void ingot_tree_unref(struct ingot_tree *t);
INGOT_CLEANUP(struct ingot_tree, ingot_tree_unref)

/* The tree that holds nothing but "/": a directory 0755 0:0, mtime 0. */
struct ingot_tree *ingot_tree_empty(void);

size_t ingot_tree_count(const struct ingot_tree *t); /* dirents, >= 1 */
const struct ingot_dirent *ingot_tree_at(const struct ingot_tree *t, size_t i);
const struct ingot_node *ingot_tree_node(const struct ingot_tree *t, uint32_t node);
size_t ingot_tree_nodes(const struct ingot_tree *t);
/* Index of the first dirent that names the node of dirent i: i itself unless it is a hard link to an earlier path. */
size_t ingot_tree_leader(const struct ingot_tree *t, size_t i);
uint32_t ingot_tree_nlink(const struct ingot_tree *t, uint32_t node); /* how many dirents name it */

/* Index of exactly this path (no link is followed), or -1. */
ssize_t ingot_tree_find(const struct ingot_tree *t, struct ingot_span path);
/* The node at exactly this path, or NULL. */
const struct ingot_node *ingot_tree_lookup(const struct ingot_tree *t, struct ingot_span path);
/* The index behind the last entry below directory i: [i + 1, end) is its subtree. */
size_t ingot_tree_subtree_end(const struct ingot_tree *t, size_t i);

const struct ingot_digest *ingot_tree_id(const struct ingot_tree *t);
/* Appends the canonical text. */
void ingot_tree_text(const struct ingot_tree *t, struct ingot_buf *out);
/* INGOT_E_INPUT with the line number for anything that ingot_tree_text() would not have written. */
int ingot_tree_parse(struct ingot_span text, struct ingot_tree **ret, struct ingot_err *err) INGOT_MUST_USE;

bool ingot_xattrs_eq(const struct ingot_node *a, const struct ingot_node *b);
/* Equal in everything but, where asked, mtime. */
#define INGOT_IGNORE_MTIME 1U
bool ingot_node_eq(const struct ingot_node *a, const struct ingot_node *b, unsigned ignore);
bool ingot_xattr_allowed(struct ingot_span name);
/* system.posix_acl_access and _default, as the kernel keeps them (acl(5)). Only layers of others bring them: packages and steps that do are refused, and a layer of ours has none. */
bool ingot_xattr_is_acl(struct ingot_span name);
