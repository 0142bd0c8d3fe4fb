/* What ingot_reach() says of random trees and users is what the kernel lets that user do: each right is tried on a real file system, and what came of it is undone.
 * INGOT_SEED=n plays a run again. */
#include "../property/gen.h"
#include "../property/ground.h"
#include "core_support.h"
#include "reach_support.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TREES 2000
#define MOST 64

struct trial {
	struct ground ground;
	struct ingot_tree *t;
	struct ingot_identity id;
	uint32_t groups[2];
	uint16_t *bits, got[MOST];
	long long before[MOST]; /* what links lead to */
	uint32_t *ends;
	size_t parent[MOST];
	uint64_t seed; /* of the tree alone */
};

static const char *const words[] = { "SEE", "READ", "WRITE", "CREATE", "REPLACE", "ABOVE", "RUN", "RAISE", "THROUGH" };

static const struct ingot_node *node_at(const struct trial *x, size_t i)
{
	return ingot_tree_node(x->t, ingot_tree_at(x->t, i)->node);
}

static void differs(const struct trial *x, size_t i, uint16_t want, uint16_t got, const char *how)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
	ingot_tree_text(x->t, &text);
	for (unsigned b = 0; b < sizeof(words) / sizeof(words[0]); b++)
		if ((want ^ got) & 1U << b)
			ck_abort_msg("/%.*s: the tree says %s%s, the kernel %s (%s: %s); uid %u gid %u%s groups %zu: %u %u; tree %llu:\n%s", INGOT_SPAN_ARG(ingot_tree_at(x->t, i)->path),
				     want & 1U << b ? "" : "no ", words[b], got & 1U << b ? "allows it" : "does not", how, strerror(errno), x->id.uid, x->id.gid, x->id.as_is ? " as it is" : "", x->id.n_groups,
				     x->groups[0], x->groups[1], (unsigned long long)x->seed, ingot_buf_cstr(&text));
}

static void must(bool ok, const char *what)
{
	if (!ok)
		ck_abort_msg("cannot undo: %s: %s", what, strerror(errno));
}

/* --- looking --- */

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENXIO; /* a pipe that nobody reads: the rights were enough */
	(void)close(fd);
	return true;
}

static uint16_t look(const struct trial *x, size_t i)
{
	const struct ingot_node *n = node_at(x, i);
	char path[256], target[8];
	struct stat st;
	uint16_t got = 0;
	(void)ground_path(x->t, i, path);
	if (lstat(path, &st) == 0)
		got |= INGOT_REACH_SEE;
	if (n->type == INGOT_LINK ? readlink(path, target, sizeof(target)) > 0 : opens(path, O_RDONLY))
		got |= INGOT_REACH_READ;
	if (n->type != INGOT_LINK && n->type != INGOT_DIR && opens(path, O_WRONLY))
		got |= INGOT_REACH_WRITE;
	if (n->type == INGOT_FILE && syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		got |= INGOT_REACH_RUN;
	return got;
}

/* --- links --- */

/* What a link leads to: an inode, or minus the error. */
static long long leads_to(int root, const struct trial *x, size_t link)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	char path[256];
	struct stat st;
	long fd;
	do /* ".." while somebody else on this machine renames or mounts: openat2(2), EAGAIN */
		fd = syscall(SYS_openat2, root, ground_path(x->t, link, path) + 2, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	if (fd < 0)
		return -errno;
	must(fstat((int)fd, &st) == 0, path);
	(void)close((int)fd);
	return (long long)st.st_ino;
}

/* Links other than i lead elsewhere now, or nowhere: what was changed is on their way. */
static void mark_links(struct trial *x, size_t i)
{
	int root = open("t", O_PATH | O_CLOEXEC);
	for (size_t k = 0; k < ingot_tree_count(x->t); k++)
		if (node_at(x, k)->type == INGOT_LINK && k != i && leads_to(root, x, k) != x->before[k])
			x->got[k] |= INGOT_REACH_THROUGH;
	(void)close(root);
}

/* The user puts a loop where there is no name (now): whoever comes by sees it. */
static void put_loop(struct trial *x, size_t i, const char *path)
{
	ground_become(&x->ground, &x->id);
	int r = symlink(strrchr(path, '/') + 1, path);
	ground_back(&x->ground);
	must(r == 0, "the user cannot make a link in a directory that grants it");
	mark_links(x, i);
	must(unlink(path) == 0, path);
}

/* --- names that are added --- */

enum { BY_OPEN, BY_MKDIR, BY_SYMLINK, BY_MKNOD, BY_LINK, BY_RENAME, WAYS_TO_ADD };

static bool add(const char *path, unsigned way)
{
	int fd;
	switch (way) {
	case BY_OPEN:
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		return fd >= 0 && close(fd) == 0;
	case BY_MKDIR:
		return mkdir(path, 0700) == 0;
	case BY_SYMLINK:
		return symlink("x", path) == 0;
	case BY_MKNOD:
		return mkfifo(path, 0600) == 0;
	case BY_LINK:
		return link("own/mine", path) == 0;
	default:
		return rename("own/mine", path) == 0;
	}
}

static void try_to_add(struct trial *x, size_t i)
{
	char dir[256], path[300];
	(void)snprintf(path, sizeof(path), "%s/new", ground_path(x->t, i, dir));
	for (unsigned way = 0; way < WAYS_TO_ADD; way++) {
		ground_become(&x->ground, &x->id);
		bool ok = add(path, way);
		ground_back(&x->ground);
		if (ok && way == BY_RENAME)
			must(rename(path, "own/mine") == 0, path);
		else if (ok)
			must(unlinkat(AT_FDCWD, path, way == BY_MKDIR ? AT_REMOVEDIR : 0) == 0, path);
		if (ok != !!(x->bits[i] & INGOT_REACH_CREATE))
			differs(x, i, x->bits[i] & INGOT_REACH_CREATE, ok ? INGOT_REACH_CREATE : 0, ((const char *[]){ "open", "mkdir", "symlink", "mkfifo", "link", "rename" })[way]);
		x->got[i] |= ok ? INGOT_REACH_CREATE : 0;
	}
	static const char *const missing[] = { "a", "b", "c", "zz" }; /* what gen_target() uses */
	for (size_t k = 0; x->got[i] & INGOT_REACH_CREATE && k < sizeof(missing) / sizeof(missing[0]); k++) {
		struct stat st;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, missing[k]);
		if (lstat(path, &st) < 0)
			put_loop(x, SIZE_MAX, path);
	}
}

/* --- names that are taken away --- */

static void said(const struct trial *x, size_t i, bool ok, const char *how)
{
	if (ok != !!(x->bits[i] & INGOT_REACH_REPLACE))
		differs(x, i, x->bits[i] & INGOT_REACH_REPLACE, ok ? INGOT_REACH_REPLACE : 0, how);
}

static void try_on_file(struct trial *x, size_t i)
{
	char path[256];
	(void)ground_path(x->t, i, path);
	must(linkat(AT_FDCWD, path, AT_FDCWD, "kept/it", 0) == 0, "kept/it");
	for (unsigned over = 0; over < 2; over++) {
		ground_become(&x->ground, &x->id);
		bool ok = over ? rename("own/mine", path) == 0 : unlink(path) == 0;
		ground_back(&x->ground);
		if (ok && over)
			must(rename(path, "own/mine") == 0, path);
		if (ok)
			must(link("kept/it", path) == 0, path);
		said(x, i, ok, over ? "renaming over it" : "unlink");
	}
	must(unlink("kept/it") == 0, "kept/it");
}

static void try_on_empty_dir(struct trial *x, size_t i)
{
	char path[256];
	(void)ground_path(x->t, i, path);
	for (unsigned over = 0; over < 2; over++) {
		ground_become(&x->ground, &x->id);
		bool ok = over ? rename("own/dir", path) == 0 : rmdir(path) == 0;
		ground_back(&x->ground);
		if (ok && over)
			must(rename(path, "own/dir") == 0, path);
		if (ok)
			ground_make_one(&x->ground, x->t, i);
		said(x, i, ok, over ? "renaming over it" : "rmdir");
	}
}

static void try_to_move(struct trial *x, size_t i)
{
	char path[256], away[300];
	(void)ground_path(x->t, i, path);
	(void)snprintf(away, sizeof(away), "%.*s/moved", (int)(strrchr(path, '/') - path), path);
	ground_become(&x->ground, &x->id);
	bool ok = rename(path, away) == 0;
	ground_back(&x->ground);
	if (ok) {
		x->got[i] |= INGOT_REACH_REPLACE;
		mark_links(x, i);
		put_loop(x, i, path);
		must(rename(away, path) == 0, away);
	}
	said(x, i, ok, "renaming it away");
}

/* --- what is above --- */

/* The user puts something at the path of i after moving its ancestor a. */
static bool rebuild(const struct trial *x, size_t a, size_t i)
{
	char top[256], away[300], path[256], part[256];
	(void)ground_path(x->t, a, top);
	(void)ground_path(x->t, i, path);
	(void)snprintf(away, sizeof(away), "%.*s/moved", (int)(strrchr(top, '/') - top), top);
	ground_become(&x->ground, &x->id);
	bool moved = rename(top, away) == 0, ok = moved;
	size_t end = strlen(top);
	while (ok && path[end]) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)end, path);
		ok = mkdir(part, 0700) == 0;
		end += 1 + strcspn(path + end + 1, "/");
	}
	ok = ok && mknod(path, S_IFREG | 0600, 0) == 0;
	ground_back(&x->ground);
	if (ok)
		must(unlink(path) == 0, path);
	for (end = strlen(path); moved && end > strlen(top);) {
		end = (size_t)((const char *)memrchr(path, '/', end) - path);
		(void)snprintf(part, sizeof(part), "%.*s", (int)end, path);
		must(rmdir(part) == 0 || errno == ENOENT, part);
	}
	if (moved)
		must(rename(away, top) == 0, away);
	return ok;
}

static void try_above(struct trial *x, size_t i)
{
	for (size_t a = x->parent[i]; a; a = x->parent[a])
		if (rebuild(x, a, i)) {
			x->got[i] |= INGOT_REACH_ABOVE;
			return;
		}
}

/* --- files that are written to by way of a link --- */

static void try_ends(struct trial *x)
{
	for (size_t i = 0; i < ingot_tree_count(x->t); i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf at = INGOT_BUF(INGOT_MAX_PATH);
		struct ingot_err err = INGOT_ERR_INIT;
		if (node_at(x, i)->type != INGOT_LINK || ingot_resolve(x->t, ingot_tree_at(x->t, i)->path, 0, &at, &err) < 0)
			continue;
		if (x->got[ingot_tree_find(x->t, ingot_buf_view(&at))] & INGOT_REACH_WRITE)
			x->got[i] |= INGOT_REACH_THROUGH;
	}
}

/* --- one tree, one user --- */

/* An owner takes all rights that chmod(2) gives. */
static void take_rights(const struct trial *x)
{
	char path[256];
	struct stat st;
	ground_become(&x->ground, &x->id);
	for (size_t i = 0; i < ingot_tree_count(x->t); i++)
		if (lstat(ground_path(x->t, i, path), &st) == 0 && st.st_uid == x->id.uid && !S_ISLNK(st.st_mode))
			must(chmod(path, (st.st_mode & 07777) | 0700) == 0, path);
	ground_back(&x->ground);
}

/* What works by one name of a file works. */
static void join_names(struct trial *x)
{
	const uint16_t of_file = INGOT_REACH_READ | INGOT_REACH_WRITE | INGOT_REACH_RUN;
	uint16_t of_node[MOST] = { 0 };
	for (size_t i = 0; i < ingot_tree_count(x->t); i++)
		of_node[ingot_tree_at(x->t, i)->node] |= x->got[i] & of_file;
	for (size_t i = 0; i < ingot_tree_count(x->t); i++)
		x->got[i] |= of_node[ingot_tree_at(x->t, i)->node];
}

static void compare(const struct trial *x)
{
	for (size_t i = 0; i < ingot_tree_count(x->t); i++) {
		uint16_t want = x->bits[i] & (uint16_t)~INGOT_REACH_RAISE, got = x->got[i];
		/* Moving what is above a link moves the link: where it leads to cannot be seen then. */
		if (want & INGOT_REACH_ABOVE)
			got = (got & (uint16_t)~INGOT_REACH_THROUGH) | (want & INGOT_REACH_THROUGH);
		if (want != got)
			differs(x, i, want, got, "all in all");
	}
}

static void check_ends(const struct trial *x)
{
	char path[256];
	ck_assert_ptr_nonnull(x->ends);
	for (size_t i = 0; i < ingot_tree_count(x->t); i++) {
		struct stat st;
		bool there = x->ends[i] != INGOT_NOWHERE;
		if (node_at(x, i)->type != INGOT_LINK)
			ck_assert_uint_eq(x->ends[i], i);
		else if (there != (x->before[i] >= 0))
			ck_abort_msg("%s leads %s: %lld", ground_path(x->t, i, path), there ? "somewhere" : "nowhere", x->before[i]);
		else if (there && (lstat(ground_path(x->t, x->ends[i], path), &st) < 0 || (long long)st.st_ino != x->before[i]))
			ck_abort_msg("%s is not where /%.*s leads to", path, INGOT_SPAN_ARG(ingot_tree_at(x->t, i)->path));
	}
}

static void try_all(struct trial *x)
{
	size_t n = ingot_tree_count(x->t);
	for (size_t i = 0; i < n; i++)
		x->parent[i] = i ? (size_t)ingot_tree_find(x->t, ingot_path_parent(ingot_tree_at(x->t, i)->path)) : 0;
	ground_make(&x->ground, x->t);
	if (!x->id.as_is)
		take_rights(x);
	int root = open("t", O_PATH | O_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		x->before[i] = node_at(x, i)->type == INGOT_LINK ? leads_to(root, x, i) : 0;
	(void)close(root);
	check_ends(x);
	ground_become(&x->ground, &x->id);
	for (size_t i = 0; i < n; i++)
		x->got[i] = look(x, i);
	ground_back(&x->ground);
	for (size_t i = 0; i < n; i++) {
		if (node_at(x, i)->type == INGOT_DIR)
			try_to_add(x, i);
		if (i == 0)
			continue;
		try_to_move(x, i);
		if (node_at(x, i)->type != INGOT_DIR)
			try_on_file(x, i);
		else if (ingot_tree_subtree_end(x->t, i) == i + 1)
			try_on_empty_dir(x, i);
		try_above(x, i);
	}
	join_names(x);
	try_ends(x);
	compare(x);
	ground_remove(x->t);
}

/* --- what is tried --- */

static void add_acls(struct gen *g, struct ingot_tree *t)
{
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		const struct ingot_node *n = ingot_tree_node(t, ingot_tree_at(t, i)->node);
		if ((n->type != INGOT_DIR && n->type != INGOT_FILE) || n->n_xattrs || !gen_chance(g, 25))
			continue;
		struct acl_entry v[8] = { { USER_OBJ, n->mode >> 6 & 7, NO_ID } };
		size_t k = 1;
		for (uint32_t uid = 1000; uid < 1002; uid++)
			if (gen_chance(g, 30))
				v[k++] = (struct acl_entry){ USER, gen_below(g, 8), uid };
		v[k++] = (struct acl_entry){ GROUP_OBJ, gen_below(g, 8), NO_ID };
		for (uint32_t gid = 33; gid < 45; gid += 11)
			if (gen_chance(g, 50))
				v[k++] = (struct acl_entry){ GROUP, gen_below(g, 8), gid };
		v[k++] = (struct acl_entry){ MASK, n->mode >> 3 & 7, NO_ID };
		v[k++] = (struct acl_entry){ OTHER, n->mode & 7, NO_ID };
		set_acl(t, i, v, k);
	}
}

static void one_owner(struct ingot_tree *t)
{
	for (size_t i = 0; i < t->n_nodes; i++)
		t->nodes[i].uid = t->nodes[i].gid = GROUND_UID;
}

static void choose_user(struct gen *g, struct trial *x)
{
	static const uint32_t gids[] = { 1000, 33, 1500 };
	x->id = (struct ingot_identity){ .uid = 1000 + gen_below(g, 2), .gid = gids[gen_below(g, 3)], .groups = x->groups, .as_is = gen_chance(g, 50) };
	if (gen_chance(g, 40))
		x->groups[x->id.n_groups++] = 33;
	if (gen_chance(g, 40))
		x->groups[x->id.n_groups++] = 44;
	if (!x->ground.many) {
		x->id.uid = x->id.gid = GROUND_UID;
		x->id.n_groups = 0;
	}
}

START_TEST(kernel_agrees)
{
	struct gen seeds = { gen_seed("kernel_agrees") };
	struct trial x = { .ground = ground_enter() };
	for (unsigned i = 0; i < TREES; i++) {
		struct gen g = { x.seed = (uint64_t)gen_below(&seeds, UINT32_MAX) };
		x.t = gen_rights(&g, 8 + gen_below(&g, 30));
		ck_assert_uint_lt(ingot_tree_count(x.t), MOST);
		if (!x.ground.many)
			one_owner(x.t);
		if (x.ground.acls && gen_chance(&g, 60))
			add_acls(&g, x.t);
		choose_user(&g, &x);
		ground_own(&x.ground, &x.id);
		x.bits = ingot_reach(x.t, &x.id, &x.ends);
		try_all(&x);
		free(x.bits);
		free(x.ends);
		ingot_tree_unref(x.t);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reach_kernel");
	TCase *t = tcase_create("reach_kernel");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, kernel_agrees);
	suite_add_tcase(s, t);
	return run_suite(s);
}
