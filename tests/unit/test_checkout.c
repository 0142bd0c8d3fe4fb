/* Checkouts: the disk shows the tree, damage never reaches it, and what a step leaves behind can be removed. */
#include "run_suite.h"
#include "store_fixture.h"
#include <ingot/checkout.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static struct ingot_tree *parse(const char *text)
{
	struct ingot_tree *t = NULL;
	ck_assert_msg(ingot_tree_parse(ingot_span_of(text), &t, &err) == 0, "%s", err.msg);
	return t;
}

#define HELLO "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char some[] = "ingot-tree 1\n"
			   "d 0555 0 0 1000 /\n"
			   "d 1777 5 6 1700000000 /d\n"
			   "d 2000 0 0 1700000001 /d/deep\n"
			   "f 4755 0 0 1700000002 /d/deep/setuid 6 " HELLO "\n"
			   "x user.note y\n"
			   "f 0644 7 8 5 /d/\\xff\\x0a 6 " HELLO "\n"
			   "b 0660 0 6 0 /disk 8 0\n"
			   "f 0000 0 0 1700000003 /empty 0 " EMPTY "\n"
			   "h /h1 /d/deep/setuid\n"
			   "l 0777 0 0 1700000004 /l ../../../etc\n"
			   "p 0622 0 0 1700000005 /pipe\n"
			   "c 0666 0 0 0 /w 0 0\n";

static int fresh_dir(void)
{
	ck_assert_int_eq(mkdirat(dir, "out", 0700), 0);
	int fd = openat(dir, "out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void check_entry(int root, const char *name, mode_t mode, time_t mtime)
{
	struct stat st;
	ck_assert_msg(fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0, "%s", name);
	ck_assert_msg(st.st_mode == mode, "%s: mode %o, not %o", name, st.st_mode, mode);
	ck_assert_msg(st.st_mtime == mtime && st.st_mtim.tv_nsec == 0, "%s: mtime %lld", name, (long long)st.st_mtime);
	ck_assert_uint_eq(st.st_uid, geteuid());
}

static void check_some(int root)
{
	check_entry(root, ".", S_IFDIR | 0755, 1000);
	check_entry(root, "d", S_IFDIR | 01777, 1700000000);
	check_entry(root, "d/deep", S_IFDIR | 0700, 1700000001);
	check_entry(root, "d/deep/setuid", S_IFREG | 0755, 1700000002);
	check_entry(root, "d/\xff\n", S_IFREG | 0644, 5);
	check_entry(root, "empty", S_IFREG | 0400, 1700000003);
	check_entry(root, "l", S_IFLNK | 0777, 1700000004);
	check_entry(root, "pipe", S_IFIFO | 0622, 1700000005);
	struct stat a, b;
	ck_assert_int_eq(fstatat(root, "h1", &a, 0), 0);
	ck_assert_int_eq(fstatat(root, "d/deep/setuid", &b, 0), 0);
	ck_assert(a.st_ino == b.st_ino && a.st_nlink == 2);
	ck_assert_int_lt(fstatat(root, "w", &a, 0), 0);
	ck_assert_int_lt(fstatat(root, "disk", &a, 0), 0);
	char target[100] = { 0 };
	ck_assert_int_eq(readlinkat(root, "l", target, sizeof(target)), 12);
	ck_assert_str_eq(target, "../../../etc");
	int fd = openat(root, "h1", O_RDONLY);
	ck_assert_int_eq(read(fd, target, sizeof(target)), 6);
	ck_assert(memcmp(target, "hello\n", 6) == 0);
	ck_assert_int_eq(flistxattr(fd, NULL, 0), 0);
	(void)close(fd);
}

static struct ingot_digest put_hello(bool packed)
{
	struct ingot_digest d, name;
	struct ingot_pack *p = NULL;
	if (!packed) {
		ck_assert_int_eq(ingot_store_put(store, "hello\n", 6, &d, &err), 0);
		return d;
	}
	ck_assert_int_eq(ingot_pack_begin(store, &p, &err), 0);
	ck_assert_int_eq(ingot_pack_write(p, "hello\n", 6, &err), 0);
	ck_assert_int_eq(ingot_pack_next(p, &d, NULL, &err), 0);
	ck_assert_int_eq(ingot_pack_end(p, &name, &err), 0);
	return name;
}

START_TEST(lay_out)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = parse(some);
	(void)put_hello(_i);
	mode_t had = umask(_i ? 0 : 077);
	int fd = fresh_dir();
	ck_assert_msg(ingot_checkout(store, t, fd, &err) == 0, "%s", err.msg);
	(void)umask(had);
	check_some(fd);
	/* a second time: it is not empty now, and nothing is replaced */
	ck_assert_int_lt(ingot_checkout(store, t, fd, &err), 0);
	check_entry(fd, "d/deep", S_IFDIR | 0700, 1700000001);
	(void)close(fd);
	ck_assert_int_eq(system_rm("out"), 0);
	/* a link in the way is not followed */
	fd = fresh_dir();
	ck_assert_int_eq(mkdirat(dir, "canary", 0700), 0);
	ck_assert_int_eq(symlinkat("../canary", fd, "d"), 0);
	ck_assert_int_lt(ingot_checkout(store, t, fd, &err), 0);
	ck_assert_int_eq(entries("canary"), 0);
	(void)close(fd);
	ck_assert_int_eq(system_rm("out"), 0);
	/* nor one in the place of a file, nor is a file written over */
	for (int link = 0; link < 2; link++) {
		fd = fresh_dir();
		int there = link ? -1 : openat(fd, "h1", O_WRONLY | O_CREAT, 0600);
		ck_assert_int_eq(link ? symlinkat("../canary/made", fd, "empty") : close(there), 0);
		ck_assert_int_lt(ingot_checkout(store, t, fd, &err), 0);
		ck_assert_int_eq(err.sys, EEXIST);
		ck_assert_int_eq(entries("canary"), 0);
		(void)close(fd);
		ck_assert_int_eq(system_rm("out"), 0);
	}
}
END_TEST

START_TEST(modes)
{
	static const struct {
		enum ingot_type type;
		uint32_t mode, disk;
	} cases[] = { { INGOT_DIR, 0, 0700 },        { INGOT_DIR, 07777, 01777 }, { INGOT_DIR, 0555, 0755 }, { INGOT_FILE, 0, 0400 }, { INGOT_FILE, 06755, 0755 },
		      { INGOT_FILE, 01644, 01644 },  { INGOT_FIFO, 0622, 0622 },  { INGOT_LINK, 0777, 0777 }, { INGOT_CHR, 0666, 0 },  { INGOT_BLK, 0660, 0 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_uint_eq(ingot_checkout_mode(&(struct ingot_node){ .type = cases[i].type, .mode = cases[i].mode }), cases[i].disk);
}
END_TEST

/* Seen failing with a copy_content() that skips hashing: the flipped byte was in the checkout. */
START_TEST(damage_stays_out)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = parse(some);
	struct ingot_digest d = put_hello(_i);
	const char *file = object_path(_i ? "packs" : "objects", &d);
	ck_assert_int_eq(fchmodat(dir, file, 0600, 0), 0);
	int fd = openat(dir, file, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "j", 1, _i ? 8 : 0), 1);
	(void)close(fd);
	int root = -1;
	ck_assert_int_lt(ingot_checkout_cached(store, t, &root, &err), 0);
	ck_assert_int_eq(root, -1);
	ck_assert_int_eq(err.code, INGOT_E_BUG);
	ck_assert_ptr_nonnull(strstr(err.msg, HELLO));
	ck_assert_ptr_nonnull(strstr(err.msg, "/d/deep/setuid"));
	ck_assert_int_eq(entries("checkouts"), 0);
	ck_assert_int_eq(entries("tmp"), 0);
	ck_assert_int_eq(entries("damaged"), 1);
	/* missing now, and made again */
	ck_assert_int_lt(ingot_checkout_cached(store, t, &root, &err), 0);
	(void)put_hello(_i);
	ck_assert_msg(ingot_checkout_cached(store, t, &root, &err) == 0, "%s", err.msg);
	check_some(root);
	(void)close(root);
}
END_TEST

static ino_t root_of(struct ingot_tree *t)
{
	int root = -1;
	struct stat st;
	ck_assert_msg(ingot_checkout_cached(store, t, &root, &err) == 0, "%s", err.msg);
	check_some(root);
	ck_assert_int_eq(fstat(root, &st), 0);
	(void)close(root);
	return st.st_ino;
}

START_TEST(cached)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = parse(some);
	struct ingot_digest d = put_hello(false);
	ino_t first = root_of(t);
	/* again without any content: it is the same one */
	ck_assert_int_eq(unlinkat(dir, object_path("objects", &d), 0), 0);
	reopen();
	ck_assert_uint_eq(root_of(t), first);
	(void)put_hello(false);
	/* of another boot, damaged, or without its marker: made again */
	char marker[128], text[300] = { 0 };
	(void)snprintf(marker, sizeof(marker), "checkouts/%s/complete", INGOT_HEX(ingot_tree_id(t)));
	for (int how = 0; how < 3; how++) {
		(void)first;
		int fd = openat(dir, marker, O_RDONLY);
		ssize_t n = read(fd, text, sizeof(text) - 1);
		ck_assert_int_gt(n, 64 + 36);
		(void)close(fd);
		ck_assert_int_eq(unlinkat(dir, marker, 0), 0);
		text[17 + 64 + 3] ^= 1; /* within the boot id */
		fd = how < 2 ? openat(dir, marker, O_WRONLY | O_CREAT, 0600) : -1;
		ck_assert(how == 2 || write(fd, text, how == 0 ? (size_t)n : (size_t)n - 1) > 0);
		if (fd >= 0)
			(void)close(fd);
		struct stat st;
		char canary[128];
		(void)snprintf(canary, sizeof(canary), "checkouts/%s/root/stale", INGOT_HEX(ingot_tree_id(t)));
		fd = openat(dir, canary, O_WRONLY | O_CREAT, 0600);
		(void)close(fd);
		(void)root_of(t);
		ck_assert_int_lt(fstatat(dir, canary, &st, 0), 0);
	}
	ck_assert_int_eq(entries("tmp"), 0);
	/* housekeeping counts it, keeps it while it is in use, removes it at last */
	struct ingot_store_stats st;
	ck_assert_int_eq(ingot_store_info(store, &st, &err), 0);
	ck_assert_uint_eq(st.checkouts, 1);
	ck_assert_int_eq(ingot_store_gc(store, 10, 0, &st, &err), 0);
	ck_assert_uint_eq(st.checkouts, 0);
	ck_assert_int_eq(ingot_store_gc(store, 0, 0, &st, &err), 0);
	ck_assert_uint_eq(st.checkouts, 1);
	ck_assert_int_eq(entries("checkouts"), 0);
}
END_TEST

/* Ways in which a checkout may have changed: each is seen by verify, and then the checkout is made anew. */
static void change(int root, int how)
{
	int fd = -1;
	switch (how) {
	case 0: /* a byte, with everything else as it was */
		ck_assert_int_eq(fchmodat(root, "d/deep/setuid", 0600, 0), 0);
		fd = openat(root, "d/deep/setuid", O_WRONLY);
		ck_assert_int_eq(pwrite(fd, "j", 1, 0), 1);
		ck_assert_int_eq(fchmod(fd, 0755) | futimens(fd, (const struct timespec[2]){ { .tv_sec = 1700000002 }, { .tv_sec = 1700000002 } }), 0);
		break;
	case 1: /* one more */
		fd = openat(root, "d/deep/more", O_WRONLY | O_CREAT, 0600);
		ck_assert_int_eq(utimensat(root, "d/deep", (const struct timespec[2]){ { .tv_sec = 1700000001 }, { .tv_sec = 1700000001 } }, 0), 0);
		break;
	case 2:
		ck_assert_int_eq(unlinkat(root, "pipe", 0), 0);
		break;
	case 3:
		ck_assert_int_eq(fchmodat(root, "d/deep", 0755, 0), 0);
		break;
	case 4: /* no longer one file */
		ck_assert_int_eq(unlinkat(root, "h1", 0), 0);
		fd = openat(root, "h1", O_WRONLY | O_CREAT, 0755);
		ck_assert_int_eq(write(fd, "hello\n", 6), 6);
		ck_assert_int_eq(fchmod(fd, 0755) | futimens(fd, (const struct timespec[2]){ { .tv_sec = 1700000002 }, { .tv_sec = 1700000002 } }), 0);
		ck_assert_int_eq(utimensat(root, "", (const struct timespec[2]){ { .tv_sec = 1000 }, { .tv_sec = 1000 } }, AT_EMPTY_PATH), 0);
		break;
	case 5:
		ck_assert_int_eq(unlinkat(root, "l", 0) | symlinkat("../../../usr", root, "l"), 0);
		ck_assert_int_eq(utimensat(root, "l", (const struct timespec[2]){ { .tv_sec = 1700000004 }, { .tv_sec = 1700000004 } }, AT_SYMLINK_NOFOLLOW), 0);
		ck_assert_int_eq(utimensat(root, "", (const struct timespec[2]){ { .tv_sec = 1000 }, { .tv_sec = 1000 } }, AT_EMPTY_PATH), 0);
		break;
	default:
		ck_assert_int_eq(utimensat(root, "empty", NULL, 0), 0);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* base and t, and how many entries lie in the upper layer (0: there is one layer only). */
static void layered(const char *base_text, const char *text, const char *upper)
{
	struct ingot_tree *base = parse(base_text), *t = parse(text);
	int top = -1, bottom = -1;
	ck_assert_msg(ingot_checkout_layered(store, base, t, &top, &bottom, &err) == 0, "%s", err.msg);
	ck_assert_int_ge(top, 0);
	ck_assert_int_eq(bottom >= 0, upper != NULL);
	if (upper) {
		/* The upper layer is a checkout as any other: of a tree with what is new, and the directories above it. */
		struct ingot_tree *u = parse(upper);
		struct stat a, b;
		int whole = -1;
		ck_assert_int_eq(ingot_checkout_cached(store, u, &whole, &err), 0);
		ck_assert(fstat(top, &a) == 0 && fstat(whole, &b) == 0 && a.st_ino == b.st_ino);
		close(whole);
		close(bottom);
		ingot_tree_unref(u);
	}
	close(top);
	ingot_tree_unref(base);
	ingot_tree_unref(t);
}

START_TEST(in_layers)
{
	(void)put_hello(false);
	ck_assert_int_eq(ingot_store_put(store, "", 0, &(struct ingot_digest){ 0 }, &err), 0);
#define MANY "d 0755 0 0 1 /a\nd 0755 0 0 1 /a/b\nd 0755 0 0 1 /a/c\nd 0755 0 0 1 /a/d\nd 0755 0 0 1 /e\nd 0755 0 0 1 /f\nd 0755 0 0 1 /g\nd 0755 0 0 1 /h\n"
#define TOP "ingot-tree 1\nd 0755 0 0 1 /\n"
	layered(TOP MANY, TOP MANY "d 0755 3 4 1 /src\nf 0644 0 0 1 /src/x 6 " HELLO "\n", TOP "d 0755 3 4 1 /src\nf 0644 0 0 1 /src/x 6 " HELLO "\n");
	/* a name for what is there already, a link over a directory, a time of the root */
	layered(TOP MANY "f 0644 0 0 1 /z 6 " HELLO "\n", TOP MANY "f 0644 0 0 1 /z 6 " HELLO "\nh /z2 /z\n", TOP "f 0644 0 0 1 /z 6 " HELLO "\nh /z2 /z\n");
	layered(TOP MANY "d 0755 0 0 1 /z\nd 0755 0 0 1 /z/in\n", TOP MANY "l 0777 0 0 1 /z a\n", TOP "l 0777 0 0 1 /z a\n");
	layered(TOP MANY, "ingot-tree 1\nd 0755 0 0 7 /\n" MANY "p 0644 0 0 1 /p\n", "ingot-tree 1\nd 0755 0 0 7 /\np 0644 0 0 1 /p\n");
	/* something is gone; nothing is different; most is new; nothing to lie on */
	layered(TOP MANY "d 0755 0 0 1 /z\n", TOP MANY, NULL);
	layered(TOP MANY, TOP MANY, NULL);
	layered(TOP "d 0755 0 0 1 /a\n", TOP MANY, NULL);
}
END_TEST

START_TEST(changed)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = parse(some);
	(void)put_hello(true);
	int root = -1;
	ck_assert_int_eq(ingot_checkout_cached(store, t, &root, &err), 0);
	struct ingot_store_stats st;
	ck_assert_int_eq(ingot_store_verify(store, &st, &err), 0);
	ck_assert(st.damaged == 0 && st.checkouts == 1);
	change(root, _i);
	(void)close(root);
	ck_assert_int_eq(ingot_store_verify(store, &st, &err), 0);
	ck_assert(st.damaged == 1 && st.checkouts == 0);
	(void)root_of(t);
	ck_assert_int_eq(ingot_store_verify(store, &st, &err), 0);
	ck_assert(st.damaged == 0 && st.checkouts == 1);
}
END_TEST

/* What a hostile step may leave: deeper than any stack or fd table, modes of 000, links to elsewhere. */
static void make_mess(int fd)
{
	ck_assert_int_eq(symlinkat("../../canary", fd, "out"), 0);
	ck_assert_int_eq(symlinkat("/", fd, "root"), 0);
	ck_assert_int_eq(mkfifoat(fd, "fifo", 0), 0);
	int deep = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	for (int i = 0; i < 1500; i++) {
		ck_assert_int_eq(mkdirat(deep, "d", 0700), 0);
		if (i % 100 == 0) {
			ck_assert_int_eq(symlinkat("..", deep, "a"), 0);
			ck_assert_int_eq(mkdirat(deep, "z", 0700), 0);
			ck_assert_int_eq(mkdirat(deep, "z/y", 0700), 0);
			ck_assert_int_eq(fchmodat(deep, "z", 0, 0), 0);
		}
		int next = openat(deep, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_eq(fchmod(next, i % 7 ? 0700 : 0300), 0);
		(void)close(deep);
		deep = next;
	}
	(void)close(deep);
	ck_assert_int_eq(mkdirat(fd, "many", 0700), 0);
	int many = openat(fd, "many", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 2000; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%d", i);
		if (i % 3 == 0)
			ck_assert_int_eq(mkdirat(many, name, (mode_t)(i % 2 ? 0 : 0500)), 0);
		else
			(void)close(openat(many, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0));
	}
	ck_assert_int_eq(mkdirat(many, "full", 0700), 0);
	(void)close(openat(many, "full/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0));
	ck_assert_int_eq(fchmodat(many, "full", 0500, 0), 0);
	ck_assert_int_eq(fchmod(many, 0), 0);
	(void)close(many);
	ck_assert_int_eq(fchmod(fd, 0), 0);
}

START_TEST(scratch)
{
	/* Modes hold nobody back who is root: drop that first. */
	if (geteuid() == 0) {
		ck_assert_int_eq(fchown(dir, 65534, 65534), 0);
		ingot_store_close(TAKE_PTR(store));
		ck_assert_int_eq(system_rm("tmp"), 0);
		ck_assert_int_eq(system_rm("damaged") | system_rm("lock") | system_rm("objects") | system_rm("packs") | system_rm("refs") | system_rm("checkouts"), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
		ck_assert_int_eq(ingot_store_open(path, NULL, &store, &err), 0);
	}
	ck_assert_int_eq(mkdirat(dir, "canary", 0700), 0);
	ck_assert_int_eq(mkdirat(dir, "canary/sub", 0700), 0);
	char name[64], second[64];
	int fd = ingot_store_scratch(store, name, &err), other = ingot_store_scratch(store, second, &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(other, 0);
	make_mess(fd);
	(void)close(fd);
	/* another process that opens the store leaves it alone, even with our own fd closed */
	struct ingot_store *s = NULL;
	ck_assert_int_eq(ingot_store_open(path, NULL, &s, &err), 0);
	ingot_store_close(s);
	ck_assert_int_eq(entries("tmp"), 2);
	ingot_store_scratch_remove(store, name);
	ck_assert_int_eq(entries("tmp"), 1);
	ck_assert_int_eq(entries("canary"), 1);
	/* what a dead process leaves is swept when the store is opened next */
	make_mess(other);
	(void)close(other);
	ingot_store_close(TAKE_PTR(store));
	ck_assert_int_eq(ingot_store_open(path, NULL, &store, &err), 0);
	ck_assert_int_eq(entries("tmp"), 0);
	ck_assert_int_eq(entries("canary"), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("checkout");
	TCase *t = tcase_create("checkout");
	tcase_add_checked_fixture(t, fixture_begin, fixture_end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, lay_out, 0, 2);
	tcase_add_test(t, modes);
	tcase_add_loop_test(t, damage_stays_out, 0, 2);
	tcase_add_test(t, cached);
	tcase_add_test(t, in_layers);
	tcase_add_loop_test(t, changed, 0, 7);
	tcase_add_test(t, scratch);
	suite_add_tcase(s, t);
	return run_suite(s);
}
