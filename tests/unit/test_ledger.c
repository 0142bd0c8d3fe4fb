/* What a step gives away: the program sees that it worked, and the ledger says it once, at the path where the file is in the end. */
#include "run_suite.h"
#include "step_root.h"
#include <sys/resource.h>
#include <sys/xattr.h>

static struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
static struct ingot_err err;
static char said[65536];

static void make(void)
{
	make_root();
	copy_program("owner_probe", root_fd, "bin/o");
	write_text(root_fd, "data/suid", "s", 0755);
	ck_assert_int_eq(symlinkat("a", root_fd, "data/link"), 0);
	ck_assert_int_eq(linkat(root_fd, "data/a", root_fd, "data/twin", 0), 0);
	ck_assert_int_eq(mkdirat(root_fd, "data/dir", 0755), 0);
	write_text(root_fd, "data/dir/in", "in", 0644);
}

static void unmake(void)
{
	ingot_step_result_done(&r);
	r = (struct ingot_step_result)INGOT_STEP_RESULT_INIT;
	remove_root();
}

static int by_path(const void *a, const void *b)
{
	return ingot_span_cmp(((const struct ingot_step_owned *)a)->path, ((const struct ingot_step_owned *)b)->path);
}

/* The ledger, a line each, sorted by path: "path set uid:gid [type major,minor] [caps]". */
static const char *lines(void)
{
	size_t n = 0;
	said[0] = '\0';
	if (r.n_owned)
		qsort(r.owned, r.n_owned, sizeof(*r.owned), by_path);
	for (size_t i = 0; i < r.n_owned; i++) {
		const struct ingot_owned *o = &r.owned[i].is;
		n += (size_t)snprintf(said + n, sizeof(said) - n, "%.*s %u %u:%u", INGOT_SPAN_ARG(r.owned[i].path), o->set, o->uid, o->gid);
		if (o->type)
			n += (size_t)snprintf(said + n, sizeof(said) - n, " %c %u,%u", (char)o->type, o->major, o->minor);
		if (o->n_caps)
			n += (size_t)snprintf(said + n, sizeof(said) - n, " caps %02x%02x", o->caps[3], o->caps[5]);
		n += (size_t)snprintf(said + n, sizeof(said) - n, "\n");
	}
	return said;
}

static const char *run(unsigned flags)
{
	plan.flags = flags | rung_flags();
	ingot_step_result_done(&r);
	r = (struct ingot_step_result)INGOT_STEP_RESULT_INIT;
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s (%s)", err.msg, err.hint);
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "reason %d, status %u: %s", (int)r.reason, r.status, ingot_buf_cstr(&r.tail));
	return ingot_buf_cstr(&r.tail);
}

#define OWNERS(...)                                                                                 \
	new_plan((const char *const[]){ "/bin/o", __VA_ARGS__ }, sizeof((const char *const[]){ "/bin/o", __VA_ARGS__ }) / sizeof(char *))
#define EXPECT(flags, text)                                                                         \
	do {                                                                                        \
		(void)run(flags);                                                                   \
		ck_assert_msg(strcmp(lines(), text) == 0, "got:\n%swanted:\n%s", said, text);       \
	} while (0)

START_TEST(every_form_of_chown)
{
	OWNERS("put", "/data/1", "x", "chown", "/data/1", "1", "2", "lchown", "/data/link", "3", "4", "fchown", "/data/b", "5", "6", "echown", "/data/dir", "7", "8", "rchown", "/data", "dir/in", "9", "10",
	       "chdir", "/data", "chown", "suid", "-1", "12");
	EXPECT(0, "data/1 19 1:2\n"
		  "data/b 19 5:6\n"
		  "data/dir 3 7:8\n"
		  "data/dir/in 19 9:10\n"
		  "data/link 3 3:4\n"
		  "data/suid 18 0:12\n");
	/* nothing was copied for it */
	struct stat st;
	ck_assert_int_lt(fstatat(scratch_fd, "upper/data/b", &st, 0), 0);
	ck_assert_int_lt(fstatat(scratch_fd, "upper/data/dir", &st, 0), 0);
}
END_TEST

START_TEST(follows_links_as_the_kernel_does)
{
	OWNERS("chown", "/data/link", "1", "1", "fails", "2", "chown", "/nosuch", "1", "1", "fails", "20", "chown", "/data/b/x", "1", "1", "symlink", "loop", "/data/loop", "fails", "40", "chown", "/data/loop", "1",
	       "1", "lchown", "/data/loop", "2", "2");
	EXPECT(0, "data/a 19 1:1\ndata/loop 3 2:2\n");
}
END_TEST

START_TEST(the_last_word_counts)
{
	OWNERS("chown", "/data/b", "1", "1", "chown", "/data/b", "2", "-1", "chown", "/data/b", "-1", "3", "chown", "/data/b", "-1", "-1");
	EXPECT(0, "data/b 19 2:3\n");
}
END_TEST

START_TEST(renames_links_and_removals)
{
	OWNERS("chown", "/data/b", "1", "1", "mv", "/data/b", "/data/moved", "put", "/data/b", "another", "mkdir", "/new", "put", "/new/f", "f", "chown", "/new/f", "2", "2", "mv", "/new", "/newer", "put", "/x", "x",
	       "chown", "/x", "3", "3", "ln", "/x", "/y", "rm", "/x", "put", "/gone", "g", "chown", "/gone", "4", "4", "rm", "/gone", "put", "/over", "o", "chown", "/over", "5", "5", "put", "/new2", "n", "mv", "/new2", "/over");
	EXPECT(0, "data/moved 19 1:1\nnewer/f 19 2:2\ny 19 3:3\n");
}
END_TEST

START_TEST(a_name_that_looks_deleted)
{
	OWNERS("put", "/data/f (deleted)", "f", "chown", "/data/f (deleted)", "1", "1", "put", "/data/f", "other", "put", "/data/g", "g", "chown", "/data/g", "2", "2", "rm", "/data/g", "put", "/data/g (deleted)",
	       "mine", "put", "/data/h", "h", "chown", "/data/h", "3", "3", "ln", "/data/h", "/data/h2", "rm", "/data/h", "put", "/data/h (deleted)", "another's");
	EXPECT(0, "data/f (deleted) 19 1:1\ndata/h2 19 3:3\n");
}
END_TEST

START_TEST(inode_numbers_come_again)
{
	OWNERS("reuse", "/data/again", "300");
	EXPECT(0, "");
	OWNERS("unnamed", "/data", "/data/named", "33");
	EXPECT(0, "data/named 19 33:33\n");
}
END_TEST

START_TEST(devices)
{
	OWNERS("mknod", "/data/null", "c", "1", "3", "mknod", "/data/disk", "b", "8", "1", "chown", "/data/disk", "0", "6", "fails", "1", "mknod", "/data/white", "c", "0", "0", "fails", "17", "mknod", "/data/null",
	       "c", "1", "5", "umask", "077", "mknod", "/data/tty", "c", "5", "0");
	EXPECT(0, "data/disk 23 0:6 b 8,1\ndata/null 7 0:0 c 1,3\ndata/tty 7 0:0 c 5,0\n");
	struct stat st;
	ck_assert_int_eq(fstatat(scratch_fd, "upper/data/tty", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
}
END_TEST

START_TEST(capabilities)
{
	OWNERS("setcap", "/data/b", "2", "setcap", "/data/suid", "3", "fails", "22", "setcap", "/data/dir", "2", "fails", "22", "setcap", "/data/a", "9");
	EXPECT(0, "data/b 8 0:0 caps 0220\ndata/suid 8 0:0 caps 0220\n");
	/* as the kernel has it: chown() takes them away, and set-id bits too */
	OWNERS("setcap", "/data/b", "2", "chmod", "6755", "/data/suid", "chown", "/data/suid", "0", "0", "chown", "/data/b", "1", "-1", "setcap", "/data/a", "2", "rmcap", "/data/a", "fails", "61", "rmcap", "/data/a");
	EXPECT(0, "data/a 8 0:0\ndata/b 17 1:0\ndata/suid 19 0:0\n");
	struct stat st;
	ck_assert_int_eq(fstatat(scratch_fd, "upper/data/suid", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
}
END_TEST

/* Whoever copies attributes asks for their names: of the step's own, and of the Tree's. */
START_TEST(capabilities_are_copied)
{
	static const char caps[] = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	static const struct ingot_step_seed seeds[] = { { INGOT_SPAN("data/suid"), 0, 0, 0755, { caps, 20 } } };
	OWNERS("attr", "/data/b", "user.other", "setcap", "/data/b", "2", "put", "/c", "c", "cpattrs", "/data/b", "/c", "put", "/d", "d", "cpattrs", "/data/suid", "/d", "cpattrs", "/data/a", "/data/b", "rmcap", "/data/suid",
	       "put", "/e", "e", "cpattrs", "/data/suid", "/e");
	plan.seeds = seeds;
	plan.n_seeds = 1;
	EXPECT(INGOT_STEP_IDENTITY, "c 8 0:0 caps 0220\nd 8 0:0 caps 0220\ndata/b 8 0:0 caps 0220\ndata/suid 8 0:0\n");
}
END_TEST

START_TEST(other_places_are_not_the_trees)
{
	OWNERS("put", "/tmp/t", "t", "chown", "/tmp/t", "1", "1", "mkdir", "/run/service", "chown", "/run/service", "2", "2", "chown", "/dev/null", "3", "3", "chown", "/dev/stdout", "4", "4", "chown", "/proc/self/fd/1", "5",
	       "5", "chown", "/", "6", "6");
	EXPECT(0, " 3 6:6\n");
}
END_TEST

START_TEST(becoming_another_needs_the_other_level)
{
	OWNERS("setgid", "0", "setuid", "0", "self");
	/* An unprivileged caller cannot shed its groups, and in this level they are the kernel's to tell. */
	const char *self = run(0);
	ck_assert_msg(strncmp(self, "uid 0 0 0 (0 0) gid 0 0 0 (0 0) groups", 38) == 0, "%s", self);
	OWNERS("put", "/data/before", "b", "become", "105", "106");
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(r.reason, INGOT_STEP_NEEDS_IDENTITY);
	ck_assert_uint_eq(r.n_owned, 0);
}
END_TEST

START_TEST(who_a_process_is)
{
	OWNERS("become", "105", "106", "self", "fails", "1", "setuid", "0", "fails", "1", "setgid", "0", "exec", "self", "child", "self");
	ck_assert_str_eq(run(INGOT_STEP_IDENTITY), "uid 105 105 105 (105 105) gid 106 106 106 (106 106) groups 106 4242\n"
						   "uid 105 105 105 (105 105) gid 106 106 106 (106 106) groups 106 4242\n"
						   "uid 105 105 105 (105 105) gid 106 106 106 (106 106) groups 106 4242\n");
	OWNERS("seteuid", "7", "self", "seteuid", "0", "self", "setreuid", "8", "9", "self", "fails", "1", "seteuid", "0");
	ck_assert_str_eq(run(INGOT_STEP_IDENTITY), "uid 0 7 0 (0 7) gid 0 0 0 (0 0) groups\n"
						   "uid 0 0 0 (0 0) gid 0 0 0 (0 0) groups\n"
						   "uid 8 9 9 (8 9) gid 0 0 0 (0 0) groups\n");
	/* with capabilities kept, groups may follow the user; without, not */
	OWNERS("keepcaps", "setuid", "5", "setgid", "6", "self", "fails", "1", "setuid", "0");
	ck_assert_str_eq(run(INGOT_STEP_IDENTITY), "uid 5 5 5 (5 5) gid 6 6 6 (6 6) groups\n");
	OWNERS("setuid", "5", "fails", "1", "setgid", "6");
	(void)run(INGOT_STEP_IDENTITY);
	/* su's PAM session sets every limit after setgroups(), and with one of them a process would be root again */
	OWNERS("become", "105", "106", "limits", "self", "fails", "1", "setuid", "0");
	ck_assert_str_eq(run(INGOT_STEP_IDENTITY), "uid 105 105 105 (105 105) gid 106 106 106 (106 106) groups 106 4242\n");
	OWNERS("threads", "11", "self", "orphan", "self");
	ck_assert_str_eq(run(INGOT_STEP_IDENTITY), "uid 11 11 11 (11 11) gid 0 0 0 (0 0) groups\nuid 11 11 11 (11 11) gid 0 0 0 (0 0) groups\n");
}
END_TEST

/* A call that a signal interrupts is begun again, and init has done it by then: it must hear of the first answer. */
/* What is removed takes no place, whoever it was given to. */
START_TEST(removed_files_are_gone)
{
	OWNERS("churn", "/tmp/x", "150");
	plan.tmpfs_size = MIB(100);
	(void)run(0);
	OWNERS("churn", "/tmp/x", "150");
	plan.tmpfs_size = MIB(100);
	(void)run(INGOT_STEP_IDENTITY);
}
END_TEST

/* Few descriptors, all of them taken: what looks for files in deep directories in the end needs some, too. */
START_TEST(deep_with_few_descriptors)
{
	const struct rlimit few = { 700, 700 };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	OWNERS("put", "/data/mine", "m", "chown", "/data/mine", "7", "7", "many", "/data", "700", "chdir", "/data", "nest", "d", "200", "ln", "/data/mine", "other", "rm", "/data/mine");
	(void)run(0);
	ck_assert_msg(strstr(lines(), "/other 19 7:7\n") != NULL, "%s", said);
}
END_TEST

/* Init answers whatever it is asked, by whomever, and goes on. */
START_TEST(asked_anything)
{
	static const unsigned levels[] = { 0, INGOT_STEP_IDENTITY };
	OWNERS("anything", "3", "put", "/data/last", "l", "chown", "/data/last", "7", "7");
	plan.flags = levels[_i] | rung_flags();
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	if (_i == 0 && r.reason == INGOT_STEP_NEEDS_IDENTITY)
		return;
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "reason %d, status %u: %s", (int)r.reason, r.status, ingot_buf_cstr(&r.tail));
	ck_assert_msg(strstr(lines(), "data/last 19 7:7\n") != NULL, "%s", said);
}
END_TEST

/* Where a path leads to what init itself is, nothing of that changes. */
START_TEST(init_is_not_touched)
{
	char where[4096 + 64], value[200];
	const struct rlimit few = { 700, 700 };
	ck_assert_int_eq(ingot_helper_path("ingot-step", where, sizeof(where), &err), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	OWNERS("symlink", "/proc/1/exe", "/data/exe", "many", "/data", "700", "child", "chown", "/data/exe", "7", "7");
	plan.flags = INGOT_STEP_IDENTITY | rung_flags();
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status != 0, "reason %d, status %u: %s", (int)r.reason, r.status, ingot_buf_cstr(&r.tail));
	char program[4096 + 128];
	(void)snprintf(program, sizeof(program), "%s/ingot-step", where);
	ck_assert_int_lt(getxattr(program, INGOT_OWNED_XATTR, value, sizeof(value)), 0);
}
END_TEST

START_TEST(names_in_another_root)
{
	OWNERS("mkdir", "/jail", "mkdir", "/jail/dev", "put", "/jail/dev/stdout", "x", "mkdir", "/jail/etc", "put", "/jail/etc/config", "c", "mkdir", "/jail/sub", "symlink", "/etc", "/jail/sub/link", "symlink", "/etc/config",
	       "/jail/etc/l", "child", "chroot", "/jail", "chown", "/dev/stdout", "5", "5", "chown", "../../etc/config", "6", "6", "chdir", "/sub", "chown", "link/l", "-1", "7", "rchown", "/etc", "../sub/link/../../dev", "8", "8",
	       "fails", "2", "chown", "../../data/b", "9", "9");
	EXPECT(0, "jail/dev 3 8:8\njail/dev/stdout 19 5:5\njail/etc/config 19 6:7\n");
}
END_TEST

START_TEST(signals_while_asking)
{
	OWNERS("mkdir", "/home", "chmod", "777", "/home", "become", "105", "106", "interrupted", "/home", "3000");
	(void)run(INGOT_STEP_IDENTITY);
	ck_assert_uint_eq(r.n_owned, 3000);
}
END_TEST

START_TEST(files_belong_to_their_maker)
{
	OWNERS("mkdir", "/home", "chmod", "777", "/home", "chmod", "777", "/data", "become", "105", "106", "mkdir", "/home/d", "put", "/home/d/f", "f", "symlink", "f", "/home/d/l", "mkfifo", "/home/d/p", "chdir", "/home",
	       "put", "here", "h", "put", "/data/a", "changed", "unnamed", "/home", "/home/u", "-1", "fails", "1", "chown", "/home/d/f", "0", "0", "chown", "/home/d/f", "105", "4242", "fails", "1", "mknod", "/home/n",
	       "c", "1", "3", "stat", "/home/d/f", "stat", "/home", "stat", "/home/d/l");
	const char *out = run(INGOT_STEP_IDENTITY);
	ck_assert_str_eq(out, "/home/d/f 105:4242 100644\n/home 0:0 040777\n/home/d/l 105:106 120777\n");
	ck_assert_str_eq(lines(), "home/d 3 105:106\nhome/d/f 19 105:4242\nhome/d/l 3 105:106\nhome/d/p 3 105:106\nhome/here 3 105:106\nhome/u 19 105:106\n");
}
END_TEST

START_TEST(the_trees_owners_are_seen)
{
	static const struct ingot_step_seed seeds[] = { { INGOT_SPAN("data/b"), 1, 2, 0600 }, { INGOT_SPAN("data/suid"), 0, 9, 04755 }, { INGOT_SPAN("data/nosuch"), 5, 5, 0644 }, { INGOT_SPAN("data/link"), 3, 3, 0777 } };
	OWNERS("stat", "/data/b", "stat", "/data/suid", "stat", "/data/a", "stat", "/data/link", "chown", "/data/suid", "-1", "8", "stat", "/data/suid", "chown", "/data/b", "7", "-1", "stat", "/data/b", "mknod", "/data/n",
	       "c", "1", "3", "stat", "/data/n", "put", "/tmp/t", "t", "chown", "/tmp/t", "6", "6", "stat", "/tmp/t", "setcap", "/data/a", "2", "hascap", "/data/a", "hascap", "/data/b");
	plan.seeds = seeds;
	plan.n_seeds = 4;
	ck_assert_str_eq(run(INGOT_STEP_IDENTITY), "/data/b 1:2 100600\n/data/suid 0:9 104755\n/data/a 0:0 100644\n/data/link 3:3 120777\n/data/suid 0:8 100755\n/data/b 7:2 100600\n"
						   "/data/n 0:0 020640 1,3\n/tmp/t 6:6 100644\n20\n-1\n");
	ck_assert_str_eq(lines(), "data/a 8 0:0 caps 0220\ndata/b 17 7:0\ndata/n 7 0:0 c 1,3\ndata/suid 18 0:8\n");
}
END_TEST

/* What is special about a file of the Tree goes where the file goes. */
START_TEST(files_of_the_tree_that_move)
{
	static const char caps[] = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	static const struct ingot_step_seed seeds[] = { { INGOT_SPAN("data/b"), 1, 2, 0600, { 0 } }, { INGOT_SPAN("data/suid"), 0, 9, 04755, { caps, 20 } }, { INGOT_SPAN("data/link"), 3, 3, 0777, { 0 } }, { INGOT_SPAN("data/dir"), 4, 4, 0755, { 0 } } };
#define SEEDED(...)                 \
	OWNERS(__VA_ARGS__);        \
	plan.seeds = seeds;         \
	plan.n_seeds = 4
	SEEDED("put", "/data/b", "changed", "put", "/data/dir/more", "m", "put", "/data/suid", "s");
	EXPECT(0, "");
	SEEDED("mv", "/data/b", "/data/dir/moved", "mv", "/data/suid", "/s", "mv", "/data/link", "/l", "put", "/data/b", "new");
	EXPECT(0, "data/b 64 0:0\ndata/dir/moved 35 1:2\nl 3 3:3\ns 43 0:9 caps 0220\n");
	/* over another of the Tree; changed before and after; gone; a second name */
	SEEDED("mv", "/etc/config", "/data/b", "chmod", "700", "/data/suid", "mv", "/data/suid", "/s", "ln", "/data/link", "/data/link2");
	EXPECT(0, "data/b 64 0:0\ndata/link 3 3:3\ns 11 0:9 caps 0220\n");
	SEEDED("chown", "/data/b", "5", "-1", "mv", "/data/b", "/b2", "rm", "/data/suid", "chown", "/data/link", "6", "6", "lchown", "/data/link", "7", "-1", "mv", "/data/link", "/l");
	EXPECT(0, "b2 19 5:2\ndata/a 19 6:6\nl 3 7:3\n");
}
END_TEST

/* A program that keeps the owners that it sees has seen the wrong ones. */
START_TEST(keeping_owners_needs_the_other_level)
{
	static const struct ingot_step_seed seed = { INGOT_SPAN("data/b"), 1, 2, 0600, { 0 } };
	OWNERS("put", "/n", "n", "chown", "/n", "0", "0");
	EXPECT(0, "n 19 0:0\n");
	OWNERS("put", "/n", "n", "chown", "/n", "0", "0");
	plan.seeds = &seed;
	plan.n_seeds = 1;
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(r.reason, INGOT_STEP_NEEDS_IDENTITY);
	OWNERS("put", "/n", "n", "chown", "/n", "8", "-1", "put", "/m", "m", "chown", "/m", "-1", "0");
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(r.reason, INGOT_STEP_NEEDS_IDENTITY);
	OWNERS("put", "/n", "n", "chown", "/n", "0", "0");
	EXPECT(INGOT_STEP_IDENTITY, "n 19 0:0\n");
}
END_TEST

START_TEST(another_root)
{
	OWNERS("mkdir", "/data/jail", "mkdir", "/data/jail/in", "put", "/data/jail/in/f", "f", "symlink", "/in/f", "/data/jail/l", "chroot", "/data/jail", "chown", "/in/f", "1", "1", "chown", "/l", "2", "-1", "chdir", "in",
	       "chown", "f", "-1", "3");
	EXPECT(0, "data/jail/in/f 19 2:3\n");
}
END_TEST

START_TEST(a_user_gives_nothing_away)
{
	OWNERS("put", "/data/n", "n", "fails", "1", "chown", "/data/n", "0", "0", "chown", "/data/n", "105", "105", "fails", "1", "setuid", "0", "setuid", "105", "fails", "1", "mknod", "/data/x", "c", "1", "3", "fails", "1",
	       "setcap", "/data/n", "2");
	plan.uid = plan.gid = 105;
	EXPECT(0, "data/n 19 105:105\n");
}
END_TEST

/* More records than descriptors: they lie at the files, and come back with the harvest. */
START_TEST(more_than_can_be_held)
{
	const struct rlimit few = { 400, 400 };
	struct rlimit had;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &had), 0);
	OWNERS("many", "/data", "2000", "put", "/data/last", "l", "chown", "/data/last", "1", "1", "chown", "/data/last", "-1", "2", "reuse", "/data/again", "500");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	(void)run(0);
	ck_assert_uint_gt(r.n_owned, 100);
	ck_assert_uint_lt(r.n_owned, 400);
	int fd = openat(scratch_fd, "upper/data/last", O_RDONLY | O_CLOEXEC), kept = 0;
	char text[INGOT_OWNED_TEXT] = "";
	ck_assert_int_gt(fgetxattr(fd, INGOT_OWNED_XATTR, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "19 1 2 0 0 0 0 -");
	for (int i = 0; i < 2000; i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "upper/data/%d", i);
		int f = openat(scratch_fd, path, O_RDONLY | O_CLOEXEC);
		kept += fgetxattr(f, INGOT_OWNED_XATTR, text, sizeof(text)) > 0;
		close(f);
	}
	ck_assert_uint_eq((size_t)kept + r.n_owned, 2000);
	close(fd);
	fd = openat(scratch_fd, "upper/data/again", O_RDONLY | O_CLOEXEC);
	ck_assert_int_lt(fgetxattr(fd, INGOT_OWNED_XATTR, text, sizeof(text)), 0);
	close(fd);
}
END_TEST

START_TEST(text)
{
	struct ingot_owned o = { .set = 31, .uid = 1, .mode = 04755, .gid = 4294967294U, .type = 'b', .major = 8, .minor = 1, .n_caps = INGOT_CAPS_SIZE, .caps = { 1, 0, 0, 2, 0xff } }, back;
	char t[INGOT_OWNED_TEXT];
	ingot_owned_text(&o, t);
	ck_assert_str_eq(t, "31 1 4294967294 2541 98 8 1 01000002ff000000000000000000000000000000");
	ck_assert_int_eq(ingot_owned_parse(ingot_span_of(t), &back), 0);
	ck_assert_int_eq(memcmp(&o, &back, sizeof(o)), 0);
	static const char *const bad[] = { "", "1", "1 2 3 0 0 0", "1 2 3 0 0 0 0 ", "128 0 0 0 0 0 0 -", "1 4294967295 0 0 0 0 0 -", "4 0 0 0 0 0 0 -", "4 0 0 0 97 0 0 -", "1 0 0 0 99 0 0 -", "8 0 0 0 0 0 0 01", "1 0 0 0 0 0 0 01000002ff000000000000000000000000000000",
					   "1 0 0 0 0 0 0 - ", "01 0 0 0 0 0 0 -", "1  0 0 0 0 0 0 -", "-1 0 0 0 0 0 0 -", "8 0 0 0 0 0 0 01000002FF000000000000000000000000000000" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(ingot_owned_parse(ingot_span_of(bad[i]), &back) < 0, "%s", bad[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make, unmake);
	tcase_add_test(t, every_form_of_chown);
	tcase_add_test(t, follows_links_as_the_kernel_does);
	tcase_add_test(t, the_last_word_counts);
	tcase_add_test(t, renames_links_and_removals);
	tcase_add_test(t, a_name_that_looks_deleted);
	tcase_add_test(t, inode_numbers_come_again);
	tcase_add_test(t, devices);
	tcase_add_test(t, capabilities);
	tcase_add_test(t, capabilities_are_copied);
	tcase_add_test(t, other_places_are_not_the_trees);
	tcase_add_test(t, becoming_another_needs_the_other_level);
	tcase_add_test(t, who_a_process_is);
	tcase_add_test(t, removed_files_are_gone);
	tcase_add_test(t, deep_with_few_descriptors);
	tcase_add_loop_test(t, asked_anything, 0, 2);
	tcase_add_test(t, init_is_not_touched);
	tcase_add_test(t, names_in_another_root);
	tcase_add_test(t, signals_while_asking);
	tcase_add_test(t, files_belong_to_their_maker);
	tcase_add_test(t, the_trees_owners_are_seen);
	tcase_add_test(t, files_of_the_tree_that_move);
	tcase_add_test(t, keeping_owners_needs_the_other_level);
	tcase_add_test(t, another_root);
	tcase_add_test(t, a_user_gives_nothing_away);
	tcase_add_test(t, more_than_can_be_held);
	tcase_add_test(t, text);
	suite_add_tcase(s, t);
	return run_suite(s);
}
