/* What a step changed is the same Delta however it ran: on an overlay, on a copied checkout in namespaces, on one in a chroot. */
#include "../unit/core_support.h"
#include "../unit/store_fixture.h"
#include "../../builder/build/harvest.h"
#include "../../builder/build/identity.h"
#include <ingot/checkout.h>
#include <ingot/helper.h>
#include <ingot/intake.h>
#include <ingot/step.h>
#include <dirent.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

static const struct rung {
	const char *name;
	unsigned flags;
} rungs[] = {
	{ "overlay", 0 },
	{ "copied", INGOT_STEP_COPIED },
	{ "chroot", INGOT_STEP_COPIED | INGOT_STEP_CHROOT },
};
#define RUNGS (sizeof(rungs) / sizeof(rungs[0]))

static char program[65], text_a[65], text_b[65];
static uint64_t program_size;

static void put_contents(void)
{
	char where[4096 + 64];
	struct ingot_digest d;
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(64));
	ck_assert_int_eq(ingot_helper_path("step_probe", where, sizeof(where), &err), 0);
	size_t n = strlen(where);
	(void)snprintf(where + n, sizeof(where) - n, "/step_probe");
	ck_assert_int_eq(ingot_read_file(where, MIB(64), &b, &err), 0);
	program_size = b.n;
	ck_assert_int_eq(ingot_store_put(store, b.p, b.n, &d, &err), 0);
	(void)snprintf(program, sizeof(program), "%s", INGOT_HEX(&d));
	ck_assert_int_eq(ingot_store_put(store, "aaaa\n", 5, &d, &err), 0);
	(void)snprintf(text_a, sizeof(text_a), "%s", INGOT_HEX(&d));
	ck_assert_int_eq(ingot_store_put(store, "bbbb\n", 5, &d, &err), 0);
	(void)snprintf(text_b, sizeof(text_b), "%s", INGOT_HEX(&d));
}

/* 255 bytes, two of them raw: as in a tree's text, and as they are. */
#define N23 "nnnnnnnnnnnnnnnnnnnnnnn"
#define TAIL N23 N23 N23 N23 N23 N23 N23 N23 N23 N23 N23
#define LONG "\\x01\\xff" TAIL
#define LONG_RAW "\x01\xff" TAIL

static struct ingot_tree *make_tree(void)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(MIB(1));
	struct ingot_tree *t = NULL;
	ck_assert_uint_eq(strlen(LONG_RAW), 255);
	ingot_buf_fmt(&b,
		      "ingot-tree 1\nd 0755 0 0 1000 /\nd 0755 0 0 1000 /bin\nf 0755 0 0 1000 /bin/p %llu %s\n"
		      "d 0755 0 0 1000 /data\nf 0644 0 0 1000 /data/" LONG " 5 %s\nf 4755 0 33 1000 /data/a 5 %s\nx user.note kept\nf 0000 7 7 1000 /data/b 5 %s\nd 0000 7 7 1000 /data/closed\n"
		      "f 0644 0 0 1000 /data/closed/in 5 %s\np 0622 5 5 1000 /data/fifo\nl 0777 0 0 1000 /data/link ../../etc/passwd\n"
		      "d 0755 0 0 1000 /etc\nf 0644 0 0 1000 /etc/config 5 %s\nd 0755 0 0 1000 /links\nf 0644 0 0 1000 /links/1 5 %s\nh /links/2 /links/1\nh /links/3 /links/1\n"
		      "d 1777 0 0 1000 /run\nd 0755 9 9 1000 /run/kept\nd 0755 0 0 1000 /tree\nd 0755 0 0 1000 /tree/deep\nf 0644 3 3 1000 /tree/deep/f 5 %s\nd 0755 0 0 1000 /wash\nf 4755 0 0 1000 /wash/1 5 %s\nh /wash/2 /wash/1\n"
		      "f 0644 0 0 1000 /wash/3 5 %s\n",
		      (unsigned long long)program_size, program, text_a, text_b, text_a, text_b, text_a, text_b, text_a, text_a, text_b);
	ck_assert_msg(ingot_tree_parse(ingot_buf_view(&b), &t, &err) == 0, "%s: %s", err.where, err.msg);
	return t;
}

/* As the engine keeps them. */
struct kept {
	struct ingot_span v[64];
	size_t n;
	struct ingot_arena *arena;
};

static void note_kept(void *ctx, struct ingot_span kept_path)
{
	struct kept *k = ctx;
	ck_assert_uint_lt(k->n, 64);
	k->v[k->n++] = ingot_arena_span(k->arena, kept_path);
}

/* The delta's text; NULL with what the step ended with in *ret_status when that was not 0. */
static char *delta_on(const struct rung *g, const struct ingot_tree *tree, const char *const *argv, uint32_t uid, unsigned *ret_status)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *lower = NULL;
	_cleanup_(ingot_closep) int root_fd = -1;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(4));
	struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
	struct ingot_step_plan plan = INGOT_STEP_PLAN_INIT;
	char scratch[64];
	ck_assert_int_eq(harvest_lower(tree, &lower, &err), 0);
	ck_assert_msg(ingot_checkout_cached(store, lower, &root_fd, &err) == 0, "%s", err.msg);
	_cleanup_(ingot_closep) int scratch_fd = ingot_store_scratch(store, scratch, &err);
	plan.name = g->name;
	plan.argv = argv;
	while (argv[plan.n_argv])
		plan.n_argv++;
	plan.uid = plan.gid = uid;
	plan.timeout = 60;
	plan.flags = g->flags;
	plan.root_fd = root_fd;
	plan.scratch_fd = scratch_fd;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	identity_seeds(lower, arena, &plan);
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s: %s (%s)", g->name, err.msg, err.hint);
	ck_assert_int_eq(r.isolation, g->flags & INGOT_STEP_CHROOT ? INGOT_ISOLATION_CHROOT : INGOT_ISOLATION_FULL);
	*ret_status = r.status;
	ck_assert_msg(r.reason == INGOT_STEP_ENDED, "%s: reason %d signal %u", g->name, (int)r.reason, r.signal);
	if (r.status)
		fprintf(stderr, "# %s: %s", g->name, ingot_buf_cstr(&r.tail));
	if (*ret_status == 0) {
		struct kept kept = { .arena = ingot_arena_new() };
		_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
		_cleanup_(ingot_intake_done) struct ingot_intake in = { 0 };
		_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
		struct ingot_intake_ops ops = { .whiteouts = true, .kept = note_kept, .ctx = &kept };
		int got = g->flags ? ingot_step_harvest_copied(root_fd, scratch_fd, g->flags, uid, uid, 0, &h, &err) : ingot_step_harvest(scratch_fd, uid, uid, 0, &h, &err);
		ck_assert_msg(got == 0 && ingot_intake_drain(h.chan, store, &ops, &in, &err) == 0 && ingot_helper_finish(&h, &err) == 0, "%s: %s", g->name, err.msg);
		const struct harvest_facts facts = { .uid = uid, .gid = uid, .kept = kept.v, .n_kept = kept.n, .owned = r.owned, .n_owned = r.n_owned, .epoch = 1700000000 };
		ck_assert_msg(harvest_delta(tree, lower, in.delta, &facts, &d, &err) == 0, "%s: %s", g->name, err.msg);
		ingot_delta_text(d, &text);
		ingot_arena_free(kept.arena);
	}
	ingot_step_result_done(&r);
	ingot_store_scratch_remove(store, scratch);
	return *ret_status ? NULL : ingot_strdup(ingot_buf_cstr(&text));
}

static const struct {
	uint32_t uid;
	bool empty; /* nothing may come of it */
	const char *argv[40];
} steps[] = {
	{ 0, true, { "/bin/p", "cat", "/data/a", "cat", "/data/b", "put", "/tmp/x", "x", "put", "/run/y", "y", "cat", "/dev/null" } },
	{ 0, false, { "/bin/p", "put", "/data/new", "n", "put", "/etc/config", "changed", "rm", "/data/a", "mkdir", "/data/dir", "put", "/data/dir/f", "f" } },
	{ 0, false, { "/bin/p", "chmod", "0600", "/data/a", "chmod", "0755", "/data/closed", "chmod", "0700", "/etc" } },
	{ 0, true, { "/bin/p", "chmod", "0755", "/data/a", "chmod", "0644", "/etc/config", "chmod", "0755", "/etc" } }, /* touched, and the same */
	{ 0, false, { "/bin/p", "rm", "/data/a", "put", "/data/a", "other" } },
	{ 0, true, { "/bin/p", "rm", "/etc/config", "put", "/etc/config", "aaaa\n", "chmod", "0644", "/etc/config" } },
	{ 0, false, { "/bin/p", "rm", "/tree/deep/f", "rm", "/tree/deep", "rm", "/tree", "put", "/tree", "a file" } },
	{ 0, false, { "/bin/p", "rm", "/tree/deep/f", "rm", "/tree/deep", "mkdir", "/tree/deep", "put", "/tree/deep/g", "g" } },
	{ 0, false, { "/bin/p", "rm", "/etc/config", "rm", "/etc", "symlink", "data", "/etc", "rm", "/data/link", "symlink", "x", "/data/link" } },
	{ 0, false, { "/bin/p", "rm", "/data/fifo", "mkfifo", "/data/fifo", "chmod", "0622", "/data/fifo", "mkfifo", "/data/p2", "rm", "/data/" LONG_RAW } },
	{ 0, false, { "/bin/p", "mv", "/data/" LONG_RAW, "/etc/" LONG_RAW, "put", "/data/\x01\xff name", "raw", "chmod", "0", "/data/\x01\xff name" } },
	{ 0, false, { "/bin/p", "put", "/data/h1", "x", "ln", "/data/h1", "/data/h2", "ln", "/data/h1", "/etc/h3" } },
	{ 0, false, { "/bin/p", "ln", "/etc/config", "/etc/again" } },
	{ 0, true, { "/bin/p", "links", "/links/1", "3", "links", "/links/3", "3", "links", "/data/a", "1" } },
	{ 0, false, { "/bin/p", "rm", "/links/2" } },
	{ 0, false, { "/bin/p", "rm", "/links/1", "put", "/links/0", "zero" } },
	{ 0, false, { "/bin/p", "xattr", "/data/a", "user.more", "m", "xattr", "/tree", "user.dir", "d" } },
	{ 0, false, { "/bin/p", "truncate", "/data/sparse", "2", "mkdir", "/data/m", "chmod", "0", "/data/m" } },
	{ 0, false, { "/bin/p", "chown", "1234", "/data/a", "chown", "7", "/links/2", "put", "/data/mine", "m", "chown", "8", "/data/mine", "mv", "/data/mine", "/etc/moved", "chown", "9", "/tree" } },
	{ 0, false, { "/bin/p", "mknod", "/data/null", "mknod", "/etc/null", "mv", "/etc/null", "/etc/zero", "chmod", "0660", "/etc/zero" } },
	{ 0, false, { "/bin/p", "rm", "/wash/1", "put", "/wash/1", "other", "chmod", "0755", "/wash/1" } }, /* no set-id bits for what stands where they were */
	{ 10001, false, { "/bin/p", "replace", "/wash/3", "2000", "mv", "/wash/3", "/data/new" } }, /* what has an old one's number is the step's all the same */
	{ 0, false, { "/bin/p", "rm", "/etc/config", "socket", "/etc/config", "socket", "/data/new", "rm", "/tree/deep/f", "rm", "/tree/deep", "socket", "/tree/deep" } },
	{ 0, true, { "/bin/p", "xattr", "/", "user.ingot.owned", "4 0 0 0 99 1 3 -", "xattr", "/tree", "user.ingot.owned", "4 0 0 0 99 1 3 -" } },
	{ 0, false, { "/bin/p", "mapped", "/etc/config", "MMM" } }, /* see begin_in_memory() */
	/* files of the Tree that move: alone, over another, out and back, a second name for one */
	{ 0, false, { "/bin/p", "mv", "/data/a", "/data/dd", "mv", "/data/b", "/etc/b", "mv", "/data/fifo", "/fifo" } },
	{ 0, false, { "/bin/p", "mv", "/etc/config", "/data/a", "mv", "/tree/deep/f", "/data/b" } },
	{ 0, true, { "/bin/p", "mv", "/data/a", "/x", "mv", "/x", "/data/a" } },
	{ 0, false, { "/bin/p", "ln", "/data/a", "/a", "ln", "/data/b", "/data/z" } },
	{ 0, false, { "/bin/p", "mv", "/data/a", "/x", "chown", "1", "/x", "chmod", "0700", "/x", "rm", "/data/b", "put", "/data/b", "new" } },
	{ 0, false, { "/bin/p", "lchmod", "0640", "/data/b", "put", "/data/new", "n", "lchmod", "2750", "/data/new", "lchmod", "0700", "/tree", "fails", "lchmod", "0700", "/data/link", "fails", "chmod", "0700", "/proc/self/fd/99" } },
	{ 10001, false, { "/bin/p", "lchmod", "0600", "/data/b", "put", "/data/new", "n", "lchmod", "0711", "/data/new", "fails", "lchmod", "0777", "/dev/null" } },
	{ 10001, false, { "/bin/p", "mv", "/etc/config", "/moved", "mv", "/data/a", "/etc/config" } },
	{ 10001, false, { "/bin/p", "put", "/data/mine", "m", "put", "/etc/config", "by another", "mkdir", "/d", "put", "/d/f", "f", "chmod", "0", "/d/f", "chmod", "0", "/d", "cat", "/etc/config" } },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void begin(void)
{
	(void)setenv("TMPDIR", getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp", 1); /* an overlay cannot write to every tmpfs */
	(void)umask(022);
	fixture_begin();
	put_contents();
}

/* tmpfs does not hear of every write (compare.c). */
static void begin_in_memory(void)
{
	struct statvfs fs;
	if (statvfs("/dev/shm", &fs) == 0 && !(fs.f_flag & (ST_NOEXEC | ST_RDONLY)))
		(void)setenv("TMPDIR", "/dev/shm", 1);
	begin();
}

START_TEST(same_delta)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *tree = make_tree();
	_cleanup_(ingot_freep) char *first = NULL;
	for (size_t i = 0; i < RUNGS; i++) {
		unsigned status = 0;
		if (rungs[i].flags & INGOT_STEP_CHROOT && geteuid() != 0)
			continue;
		char *text = delta_on(&rungs[i], tree, steps[_i].argv, steps[_i].uid, &status);
		ck_assert_msg(text != NULL, "step %d on %s: status %u", _i, rungs[i].name, status);
		ck_assert_msg((strchr(text, '\n')[1] == '\0') == steps[_i].empty, "step %d on %s:\n%s", _i, rungs[i].name, text);
		if (!first)
			first = TAKE_PTR(text);
		else
			ck_assert_msg(strcmp(first, text) == 0, "step %d on %s:\n%sand not\n%s", _i, rungs[i].name, text, first);
		free(text);
	}
}
END_TEST

/* Overlayfs tells of a file that it was in the Tree before, but not which one: what is moved onto a set-id program must not become one. */
START_TEST(moved_onto_a_program)
{
	static const char *const argv[] = { "/bin/p", "chmod", "0755", "/etc/config", "mv", "/etc/config", "/data/a", "rm", "/wash/1", "chmod", "0755", "/tree/deep/f", "ln", "/tree/deep/f", "/wash/1", NULL };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *tree = make_tree();
	for (size_t i = 0; i < RUNGS; i++) {
		unsigned status = 0;
		if (rungs[i].flags & INGOT_STEP_CHROOT && geteuid() != 0)
			continue;
		_cleanup_(ingot_freep) char *text = delta_on(&rungs[i], tree, argv, 0, &status);
		ck_assert_msg(text && strstr(text, "f 0755 ") && !strstr(text, "f 4755 "), "on %s: status %u\n%s", rungs[i].name, status, text ? text : "");
	}
}
END_TEST

static pid_t parent_of(pid_t pid)
{
	char where[64], text[512] = "";
	(void)snprintf(where, sizeof(where), "/proc/%d/stat", (int)pid);
	int fd = open(where, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	ingot_closep(&fd);
	const char *end = n > 0 ? strrchr(text, ')') : NULL;
	return end ? (pid_t)atoi(end + 4) : -1;
}

/* The process whose arguments begin with "/bin/p sleep", a step of ours; its parent. */
static pid_t find_sleeper(pid_t *ret_parent)
{
	DIR *d = opendir("/proc");
	pid_t found = -1;
	const struct dirent *e;
	while (found < 0 && (e = readdir(d))) {
		char where[300], text[512] = "";
		(void)snprintf(where, sizeof(where), "/proc/%s/cmdline", e->d_name);
		int fd = open(where, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		ingot_closep(&fd);
		if (n < 19 || memcmp(text, "/bin/p\0sleep\0" "471147", 19) != 0)
			continue;
		found = (pid_t)atoi(e->d_name);
		*ret_parent = parent_of(found);
	}
	(void)closedir(d);
	return found;
}

/* Without a pid namespace nothing but a signal tells init of the supervisor's end, and the payload of init's. */
START_TEST(killed_supervisor)
{
	static const char *const argv[] = { "/bin/p", "sleep", "471147", NULL };
	static const uint32_t users[] = { 0, 10001 };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *tree = make_tree();
	pid_t init = -1, sleeper = -1;
	if (geteuid() != 0)
		return;
	pid_t runner = fork();
	if (runner == 0) {
		struct ingot_tree *lower = NULL;
		struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
		struct ingot_step_plan plan = INGOT_STEP_PLAN_INIT;
		char scratch[64];
		plan.name = "killed";
		plan.argv = argv;
		plan.n_argv = 3;
		plan.uid = plan.gid = users[_i / 2];
		plan.timeout = 60;
		plan.flags = rungs[RUNGS - 1].flags;
		_exit(harvest_lower(tree, &lower, &err) < 0 || ingot_checkout_cached(store, lower, &plan.root_fd, &err) < 0 || (plan.scratch_fd = ingot_store_scratch(store, scratch, &err)) < 0 ||
		      ingot_step_run(&plan, NULL, &r, &err) < 0);
	}
	for (int i = 0; i < 1000 && (sleeper = find_sleeper(&init)) < 0; i++)
		(void)usleep(10000);
	ck_assert_int_gt(sleeper, 0);
	ck_assert_int_eq(kill(_i % 2 ? init : parent_of(init), SIGKILL), 0);
	for (int i = 0; i < 500 && kill(sleeper, 0) == 0; i++)
		(void)usleep(10000);
	int left = kill(sleeper, 0);
	(void)kill(sleeper, SIGKILL);
	ck_assert_msg(left < 0 && errno == ESRCH, "the payload of user %u outlives %s", users[_i / 2], _i % 2 ? "init" : "the supervisor");
	(void)waitpid(runner, NULL, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rungs");
	TCase *t = tcase_create("rungs");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, begin, fixture_end);
	tcase_add_loop_test(t, same_delta, 0, STEPS);
	tcase_add_test(t, moved_onto_a_program);
	tcase_add_loop_test(t, killed_supervisor, 0, 4);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, begin_in_memory, fixture_end);
	tcase_add_loop_test(t, same_delta, 0, STEPS);
	suite_add_tcase(s, t);
	return run_suite(s);
}
