/* The proof that code cannot be changed: one row for each cause, and what is said of it. */
#include "../../builder/policy/immutable.h"
#include "core_support.h"
#include "reach_support.h"
#include <stdio.h>
#include <time.h>

#define FILE_AT(mode, uid, gid, path) "f " mode " " uid " " gid " 1 " path " 1 " HEX("a") "\n"
#define DIR_AT(mode, uid, gid, path) "d " mode " " uid " " gid " 1 " path "\n"
#define MINE(path) DIR_AT("0755", "1000", "1000", path)

static const char *elf(void *ctx, const struct ingot_node *node)
{
	(void)ctx;
	return node->content.b[0] == 0xee ? "an ELF program" : NULL;
}

static struct immutable_question question(const struct ingot_tree *t, const struct ingot_span *writable)
{
	return (struct immutable_question){ .tree = t, .user = { .uid = 1000, .gid = 1000 }, .writable = writable, .n_writable = writable ? 1 : 0, .content = elf };
}

static void show(struct ingot_buf *out, const struct immutable_question *q, const struct immutable_row *r)
{
	ingot_buf_fmt(out, "/%.*s%s below %zu: ", INGOT_SPAN_ARG(ingot_tree_at(q->tree, r->dirent)->path), r->declared ? " (declared)" : "", r->below);
	immutable_grant_text(q, r, out);
	if (r->why_made)
		ingot_buf_fmt(out, "; made%s%.*s: %s", r->place.n ? " in " : "", INGOT_SPAN_ARG(r->place), r->why_made);
	if (r->n_code)
		ingot_buf_fmt(out, "; %zu code, first /%.*s: %s", r->n_code, INGOT_SPAN_ARG(ingot_tree_at(q->tree, r->code)->path), r->why);
	if (r->as.n)
		ingot_buf_fmt(out, " as /%.*s", INGOT_SPAN_ARG(r->as));
	ingot_buf_char(out, '\n');
}

static void check_tree(const struct ingot_tree *t, const char *writable, const char *want)
{
	const struct ingot_span place = ingot_span_of(writable);
	const struct immutable_question q = question(t, writable ? &place : NULL);
	_cleanup_(immutable_result_done) struct immutable_result r = { 0 };
	_cleanup_(ingot_buf_done) struct ingot_buf got = INGOT_BUF(MIB(1));
	immutable_prove(&q, &r);
	for (size_t i = 0; i < r.n; i++)
		show(&got, &q, &r.v[i]);
	ck_assert_str_eq(ingot_buf_cstr(&got), want);
}

static void check(const char *lines, const char *writable, const char *want)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(lines);
	check_tree(t, writable, want);
}

START_TEST(one_row_a_cause)
{
	check(D("/") F("/a", "b") D("/etc") F("/etc/passwd", "c"), NULL, "");
	check(D("/") MINE("/data") D("/data/d") F("/data/d/a", "a") MINE("/data/e") F("/data/e/b", "b") FILE_AT("0664", "0", "1000", "/file") DIR_AT("0757", "0", "0", "/wide"), NULL,
	      "/data below 4: it belongs to the image's user 1000 (0755)\n"
	      "/file below 0: it can be written by group 1000 (0664, 0:1000)\n"
	      "/wide below 0: names in it can be changed by everybody (0757, 0:0)\n");
}
END_TEST

/* What is declared is a row only for the code in it. */
START_TEST(declared)
{
	static const char lines[] = D("/") MINE("/data") F("/data/a", "a") MINE("/data/d") MINE("/datax");
	check(lines, "data", "/datax below 0: it belongs to the image's user 1000 (0755)\n");
	check(lines, "data/d", "/data below 2: it belongs to the image's user 1000 (0755)\n/datax below 0: it belongs to the image's user 1000 (0755)\n");
	check(D("/") MINE("/data") F("/data/a.py", "a") D("/data/b") "f 0644 0 0 1 /data/b/x 1 " HEX("e") "\n" F("/data/c", "a"), "data",
	      "/data (declared) below 4: it belongs to the image's user 1000 (0755); 2 code, first /data/a.py: it is named as Python\n");
}
END_TEST

START_TEST(temporary_files)
{
	/* What lies in /tmp is its owner's, by the sticky bit; it is a cause of its own where somebody else's can be written to. */
	check(D("/") DIR_AT("1777", "0", "0", "/tmp") F("/tmp/a", "a") FILE_AT("0666", "0", "0", "/tmp/b"), NULL, "/tmp/b below 0: it can be written by everybody (0666, 0:0)\n");
	check(D("/") DIR_AT("0777", "0", "0", "/tmp"), NULL, "/tmp below 0: names in it can be changed by everybody (0777, 0:0)\n");
	check(D("/") DIR_AT("1777", "5", "0", "/tmp"), NULL, "/tmp below 0: names in it can be changed by everybody (1777, 5:0)\n");
	check(D("/") "c 0666 0 0 1 /null 1 3\n", NULL, "");
}
END_TEST

START_TEST(places_for_code)
{
	check(D("/") D("/etc") MINE("/etc/cron.d"), "etc/cron.d", "/etc/cron.d (declared) below 0: it belongs to the image's user 1000 (0755); made: cron runs it\n");
	check(D("/") D("/var") MINE("/var/spool"), "var/spool", "/var/spool (declared) below 0: it belongs to the image's user 1000 (0755); made in var/spool/cron: cron runs what it says\n");
	check(D("/") D("/etc") FILE_AT("0644", "1000", "0", "/etc/passwd"), NULL,
	      "/etc/passwd below 0: it belongs to the image's user 1000 (0644); 1 code, first /etc/passwd: it says who is who\n");
	check(D("/") MINE("/srv") D("/srv/.ssh"), "srv", "/srv (declared) below 1: it belongs to the image's user 1000 (0755); 1 code, first /srv/.ssh: ssh and sshd obey it\n");
}
END_TEST

START_TEST(hard_links)
{
	check(D("/") MINE("/data") FILE_AT("0644", "0", "0", "/data/a") D("/etc") H("/etc/passwd", "/data/a"), "data", "");
	check(D("/") MINE("/data") FILE_AT("0664", "0", "1000", "/data/a") D("/etc") H("/etc/passwd", "/data/a"), "data",
	      "/etc/passwd below 0: it can be written by group 1000 (0664, 0:1000); 1 code, first /etc/passwd: it says who is who\n");
}
END_TEST

START_TEST(links)
{
	/* to a directory: what lies there is found under the link's path, too */
	check(D("/") MINE("/data") F("/data/job", "a") D("/etc") L("/etc/cron.d", "../data"), "data",
	      "/data (declared) below 1: it belongs to the image's user 1000 (0755); made: cron runs it; 1 code, first /data/job: cron runs it as /etc/cron.d\n");
	/* deep below it, and a link that leads on */
	check(D("/") D("/etc") L("/etc/systemd", "/srv/a") D("/srv") D("/srv/a") L("/srv/a/system", "/srv/b") D("/srv/b") D("/srv/b/c") FILE_AT("0664", "0", "1000", "/srv/b/c/x"), NULL,
	      "/srv/b/c/x below 0: it can be written by group 1000 (0664, 0:1000); 1 code, first /srv/b/c/x: systemd starts what it says as /etc/systemd/system/c/x\n");
	/* to a file */
	check(D("/") MINE("/data") F("/data/job", "a") D("/etc") L("/etc/crontab", "../data/job"), "data",
	      "/data (declared) below 1: it belongs to the image's user 1000 (0755); 1 code, first /etc/crontab: cron runs what it says\n");
	/* to what is not there, and can be made */
	check(D("/") MINE("/data") D("/etc") L("/etc/crontab", "../data/new"), "data", "/etc/crontab below 0: what it leads to can be changed; 1 code, first /etc/crontab: cron runs what it says\n");
	/* over a link that can be changed */
	check(D("/") MINE("/data") L("/data/to", "../etc") D("/etc") L("/etc/crontab", "../data/to/safe") F("/etc/safe", "a"), "data",
	      "/etc/crontab below 0: what it leads to can be changed; 1 code, first /etc/crontab: cron runs what it says\n");
	/* to data */
	check(D("/") MINE("/data") F("/data/a", "a") D("/srv") L("/srv/a", "../data/a") L("/srv/b", "../data"), "data", "");
}
END_TEST

/* More links than are followed: each that is beyond says for itself where it leads to. */
START_TEST(many_links)
{
	_cleanup_(ingot_buf_done) struct ingot_buf lines = INGOT_BUF(MIB(1));
	ingot_buf_str(&lines, D("/") MINE("/data") F("/data/a", "a") D("/etc") D("/etc/nginx"));
	for (unsigned i = 0; i < 300; i++)
		ingot_buf_fmt(&lines, L("/etc/nginx/%03u", "../../data"), i);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ingot_buf_cstr(&lines));
	const struct immutable_question q = question(t, NULL);
	_cleanup_(immutable_result_done) struct immutable_result r = { 0 };
	immutable_prove(&q, &r);
	ck_assert_uint_eq(r.n, 1 + 300 - 256);
	ck_assert_str_eq(r.v[0].why_made, "nginx reads it, and loads the modules that it names");
	ck_assert_str_eq(r.v[1].why_made, r.v[0].why_made);
}
END_TEST

START_TEST(acl_texts)
{
	static const struct acl_entry user[] = { { USER_OBJ, 6, NO_ID }, { USER, 6, 1000 }, { GROUP_OBJ, 4, NO_ID }, { MASK, 7, NO_ID }, { OTHER, 0, NO_ID } },
				      group[] = { { USER_OBJ, 6, NO_ID }, { GROUP_OBJ, 4, NO_ID }, { GROUP, 6, 1000 }, { MASK, 7, NO_ID }, { OTHER, 0, NO_ID } }, odd[] = { { 3, 0, 0 } };
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(D("/") FILE_AT("0660", "0", "0", "/a"));
	set_acl(t, 1, user, 5);
	check_tree(t, NULL, "/a below 0: it can be written by user 1000, whom its ACL names (0660, 0:0)\n");
	set_acl(t, 1, group, 5);
	check_tree(t, NULL, "/a below 0: it can be written by group 1000, which its ACL names (0660, 0:0)\n");
	set_acl(t, 1, odd, 1);
	check_tree(t, NULL, "/a below 0: its ACL cannot be read, so that nothing is known of who can write to it (0660, 0:0)\n");
}
END_TEST

/* --- time --- */

static double seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The best of five, of a tree of files by the thousand in directories of 50, a fifth of them links. */
static double time_of(unsigned thousands, const char *owner)
{
	_cleanup_(ingot_buf_done) struct ingot_buf lines = INGOT_BUF(MIB(64));
	ingot_buf_str(&lines, D("/") D("/usr") D("/usr/share"));
	for (unsigned d = 0; d < thousands * 20; d++) {
		ingot_buf_fmt(&lines, "d 0755 %s 0 1 /usr/share/doc%05u\n", owner, d);
		for (unsigned f = 0; f < 49; f++)
			if (f % 5)
				ingot_buf_fmt(&lines, "f 0644 %s 0 1 /usr/share/doc%05u/file%02u.txt 1 " HEX("a") "\n", owner, d, f);
			else
				ingot_buf_fmt(&lines, "l 0777 0 0 1 /usr/share/doc%05u/file%02u.txt ../doc%05u/file01.txt\n", d, f, d / 2);
	}
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ingot_buf_cstr(&lines));
	double best = 1e9;
	for (unsigned i = 0; i < 5; i++) {
		const struct immutable_question q = question(t, NULL);
		struct immutable_result r;
		double began = seconds();
		immutable_prove(&q, &r);
		double took = seconds() - began;
		best = took < best ? took : best;
		ck_assert_uint_eq(r.n, strcmp(owner, "0") == 0 ? 0 : thousands * 20);
		immutable_result_done(&r);
	}
	(void)printf("%u000 entries of %s: %.1f ms\n", thousands, owner, best * 1e3);
	return best;
}

/* Processor time. What is meant is that nothing is quadratic: that would be 64 times, of seconds. A small tree is in the processor's caches and a large one is
 * not, so that there is room for that and for others on the machine. */
START_TEST(linear)
{
	double small = time_of(8, "0"), large = time_of(64, "0"), open = time_of(64, "1000");
	(void)time_of(30, "0");
	ck_assert_double_lt(large, 8 * 4 * small + 0.1);
	ck_assert_double_lt(open, 8 * large + 0.5);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("immutable");
	TCase *t = tcase_create("immutable");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, one_row_a_cause);
	tcase_add_test(t, declared);
	tcase_add_test(t, temporary_files);
	tcase_add_test(t, places_for_code);
	tcase_add_test(t, hard_links);
	tcase_add_test(t, links);
	tcase_add_test(t, many_links);
	tcase_add_test(t, acl_texts);
	tcase_add_test(t, linear);
	suite_add_tcase(s, t);
	return run_suite(s);
}
