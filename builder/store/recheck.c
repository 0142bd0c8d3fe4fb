/* Is a checkout still what its tree says? Beside its root lies the tree's own text, whose sha256 is the checkout's name. */
#include "inside.h"
#include <dirent.h>
#include <fcntl.h>
#include <ingot/checkout.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)256 * 1024)

struct level {
	int fd;
	size_t seen; /* entries that the tree names here */
};

struct recheck {
	const struct ingot_tree *tree;
	struct ingot_hash *hash;
	ino_t *inodes; /* of each node, once its leader was seen */
	struct level levels[INGOT_MAX_DEPTH + 1];
	size_t n;
	uint8_t block[BLOCK];
};

static void recheck_free(struct recheck *r)
{
	while (r->n)
		ingot_closep(&r->levels[--r->n].fd);
	if (r->hash)
		ingot_hash_free(r->hash);
	free(r->inodes);
	free(r);
}
INGOT_CLEANUP(struct recheck, recheck_free)

static struct ingot_tree *read_tree(int dir, const struct ingot_digest *id)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	_cleanup_(ingot_closep) int fd = openat(dir, "tree", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct ingot_tree *t = NULL;
	if (fd < 0 || ingot_read_all(fd, &text, &ignored) < 0 || ingot_tree_parse(ingot_buf_view(&text), &t, &ignored) < 0)
		return NULL;
	if (ingot_digest_eq(ingot_tree_id(t), id))
		return t;
	ingot_tree_unref(t);
	return NULL;
}

static bool enter(struct recheck *r, int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		r->levels[r->n++] = (struct level){ .fd = fd };
	return fd >= 0;
}

/* Nothing more may be in a directory than the tree has put there. */
static bool leave_to(struct recheck *r, size_t depth)
{
	while (r->n > depth) {
		struct level *l = &r->levels[r->n - 1];
		DIR *d = dir_open(l->fd, ".");
		size_t found = 0;
		while (d && dir_next(d))
			found++;
		if (d)
			(void)closedir(d);
		if (!d || found != l->seen)
			return false;
		ingot_closep(&l->fd);
		r->n--;
	}
	return true;
}

static bool content_right(struct recheck *r, int at, const char *name, const struct ingot_node *n)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	struct ingot_digest d;
	_cleanup_(ingot_closep) int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;
	while (got > 0 && (got = ingot_read_upto(fd, r->block, BLOCK, &ignored)) > 0)
		ingot_hash_add(r->hash, r->block, (size_t)got);
	ingot_hash_end(r->hash, &d);
	return got == 0 && (!n->size || ingot_digest_eq(&d, &n->content));
}

static bool target_right(struct recheck *r, int at, const char *name, const struct ingot_node *n)
{
	ssize_t got = readlinkat(at, name, (char *)r->block, INGOT_MAX_PATH + 1);
	return got == (ssize_t)n->target.n && memcmp(r->block, n->target.p, n->target.n) == 0;
}

static mode_t disk_type(enum ingot_type t)
{
	switch (t) {
	case INGOT_DIR:
		return S_IFDIR;
	case INGOT_FILE:
		return S_IFREG;
	case INGOT_LINK:
		return S_IFLNK;
	case INGOT_FIFO:
		return S_IFIFO;
	case INGOT_CHR:
	case INGOT_BLK:
		break;
	}
	return 0;
}

static bool node_right(struct recheck *r, int at, const char *name, const struct ingot_dirent *e, bool leader)
{
	const struct ingot_node *n = ingot_tree_node(r->tree, e->node);
	struct stat st;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_mode != (disk_type(n->type) | ingot_checkout_mode(n)) || st.st_mtime != n->mtime)
		return false;
	switch (n->type) {
	case INGOT_FILE:
		if (!leader)
			return st.st_ino == r->inodes[e->node];
		r->inodes[e->node] = st.st_ino;
		return (uint64_t)st.st_size == n->size && st.st_nlink == ingot_tree_nlink(r->tree, e->node) && content_right(r, at, name, n);
	case INGOT_LINK:
		return target_right(r, at, name, n);
	default:
		return true;
	}
}

static bool entry_right(struct recheck *r, size_t i)
{
	const struct ingot_dirent *e = ingot_tree_at(r->tree, i);
	struct ingot_span base = ingot_path_base(e->path);
	size_t depth = 1;
	for (size_t k = 0; k + base.n < e->path.n; k++)
		depth += e->path.p[k] == '/';
	if (!leave_to(r, depth))
		return false;
	ingot_assert(r->n == depth && depth <= INGOT_MAX_DEPTH && ingot_name_valid(base));
	const struct ingot_node *n = ingot_tree_node(r->tree, e->node);
	if (!disk_type(n->type))
		return true;
	char name[INGOT_MAX_NAME + 1];
	memcpy(name, base.p, base.n);
	name[base.n] = '\0';
	int at = r->levels[depth - 1].fd;
	r->levels[depth - 1].seen++;
	return node_right(r, at, name, e, ingot_tree_leader(r->tree, i) == i) && (n->type != INGOT_DIR || enter(r, at, name));
}

bool checkout_right(const struct ingot_store *s, const char *name)
{
	struct ingot_digest id;
	if (ingot_digest_parse_hex(ingot_span_of(name), &id) < 0)
		return false;
	_cleanup_(ingot_closep) int dir = openat(s->checkouts, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = dir < 0 ? NULL : read_tree(dir, &id);
	if (!t)
		return false;
	_cleanup_(recheck_freep) struct recheck *r = ingot_alloc(sizeof(*r));
	r->tree = t;
	r->hash = ingot_hash_new();
	r->inodes = ingot_alloc_array(ingot_tree_nodes(t), sizeof(*r->inodes));
	if (!node_right(r, dir, "root", ingot_tree_at(t, 0), true) || !enter(r, dir, "root"))
		return false;
	for (size_t i = 1; i < ingot_tree_count(t); i++)
		if (!entry_right(r, i))
			return false;
	return leave_to(r, 0);
}
