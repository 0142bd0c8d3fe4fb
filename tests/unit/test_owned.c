/* From what was found on the disk, and the ledger, to what a step changed in the Tree. */
#include "../../builder/build/harvest.h"
#include "core_support.h"

#define ROOT D("/")
#define E "9" /* the epoch */

static struct ingot_step_owned owned[16];
static struct ingot_span kept[16];
static struct harvest_facts facts;

static void begin(void)
{
	facts = (struct harvest_facts){ .owned = owned, .kept = kept, .epoch = 9 };
}

static void own(const char *path, const char *text)
{
	ck_assert_int_eq(ingot_owned_parse(ingot_span_of(text), &owned[facts.n_owned].is), 0);
	owned[facts.n_owned++].path = ingot_span_of(path);
}

static void keep(const char *path) /* sorted */
{
	kept[facts.n_kept++] = ingot_span_of(path);
}

static void expect(const char *tree, const char *raw, const char *delta)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(tree), *lower = NULL;
	_cleanup_(ingot_delta_freep) struct ingot_delta *found = delta_of(raw), *d = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_msg(harvest_lower(t, &lower, &err) == 0, "%s", err.msg);
	ck_assert_msg(harvest_delta(t, lower, found, &facts, &d, &err) == 0, "%s", err.msg);
	assert_delta(d, delta);
}

START_TEST(owners_come_from_the_tree)
{
	/* The disk shows one owner, and no set-id bits. */
	keep("a");
	expect(ROOT "f 4755 7 8 1 /a 1 " HEX("1") "\n", "f 0755 0 0 5 /a 1 " HEX("1") "\n", "");
	/* bits for a program are not for other bytes: what a file of the Tree is renamed over looks the same */
	expect(ROOT "f 4755 7 8 1 /a 1 " HEX("1") "\n", "f 0755 0 0 5 /a 1 " HEX("2") "\n", "f 0755 7 8 " E " /a 1 " HEX("2") "\n");
	expect(ROOT "f 6711 7 8 1 /a 1 " HEX("1") "\n" H("/b", "/a"), "f 0711 0 0 5 /a 1 " HEX("2") "\n", "f 0711 7 8 " E " /a 1 " HEX("2") "\n");
	expect(ROOT "f 6311 7 8 1 /a 1 " HEX("1") "\n", "f 4711 0 0 5 /a 1 " HEX("2") "\n", "f 4711 7 8 " E " /a 1 " HEX("2") "\n");
	/* nor its attributes, which stay with the content that they were given to */
	expect(ROOT "x user.note kept\nf 0755 7 8 1 /a 1 " HEX("1") "\n", "f 0755 0 0 5 /a 1 " HEX("1") "\n", "");
	expect(ROOT "f 4755 7 8 1 /a 1 " HEX("1") "\n", "f 0700 0 0 5 /a 1 " HEX("1") "\n", "f 0700 7 8 " E " /a 1 " HEX("1") "\n");
}
END_TEST

/* A step can write such lines itself, with setxattr(). */
START_TEST(lines_that_cannot_be)
{
	struct ingot_owned o;
	ck_assert_int_lt(ingot_owned_parse(INGOT_SPAN("4 0 0 0 99 0 0 -"), &o), 0); /* what overlayfs takes for a removal */
	ck_assert_int_lt(ingot_owned_parse(INGOT_SPAN("7 0 0 0 98 0 0 -"), &o), 0);
	ck_assert_int_eq(ingot_owned_parse(INGOT_SPAN("4 0 0 0 99 0 1 -"), &o), 0);
	/* a directory is none, with all that is in it */
	own("", "4 0 0 0 99 1 3 -");
	own("d", "5 7 0 0 98 1 3 -");
	expect(ROOT D("/d") "f 0644 0 0 1 /d/a 1 " HEX("1") "\n", "", "d 0755 7 0 1 /d\n");
}
END_TEST

START_TEST(a_new_file_is_the_steps)
{
	facts.uid = 3;
	facts.gid = 4;
	expect(ROOT "f 4755 7 8 1 /a 1 " HEX("1") "\nx user.x y\n", "f 0755 0 0 5 /a 1 " HEX("1") "\n", "f 0755 3 4 " E " /a 1 " HEX("1") "\n");
	/* made again as it was: no difference, whatever the clock says */
	expect(ROOT "f 0644 3 4 1 /a 1 " HEX("1") "\n", "f 0644 0 0 5 /a 1 " HEX("1") "\n", "");
	/* overlayfs cannot say it of a file with two names, nor of a link */
	expect(ROOT "f 0644 7 8 1 /a 1 " HEX("1") "\n" H("/b", "/a") "l 0777 7 8 1 /l a\n", "f 0644 0 0 5 /a 1 " HEX("2") "\nl 0777 0 0 5 /l a\n",
	       "f 0644 7 8 " E " /a 1 " HEX("2") "\n");
	expect(ROOT "l 0777 7 8 1 /l a\n", "l 0777 0 0 5 /l b\n", "l 0777 3 4 " E " /l b\n");
}
END_TEST

START_TEST(the_ledger_speaks_of_what_the_disk_does_not)
{
	own("a", "19 1 2 0 0 0 0 -");
	own("l", "3 3 4 0 0 0 0 -");
	own("nosuch", "3 3 4 0 0 0 0 -");
	own("a", "1 5 0 0 0 0 0 -");
	own("tmp", "2 0 6 0 0 0 0 -");
	expect(ROOT F("/a", "1") L("/l", "a") "d 1777 0 0 1 /tmp\n", "", "f 0644 5 2 1 /a 1 " HEX("1") "\nl 0777 3 4 1 /l a\nd 1777 0 6 1 /tmp\n");
}
END_TEST

START_TEST(of_a_group_of_names_whole)
{
	own("c", "3 1 2 0 0 0 0 -");
	expect(ROOT F("/a", "1") H("/b", "/a") H("/c", "/a"), "", "f 0644 1 2 1 /a 1 " HEX("1") "\n" H("/b", "/a") H("/c", "/a"));
}
END_TEST

START_TEST(set_id_bits_go_with_the_owner)
{
	own("a", "19 0 0 0 0 0 0 -");
	expect(ROOT "f 6755 0 0 1 /a 1 " HEX("1") "\nx security.capability x\n", "", "f 0755 0 0 1 /a 1 " HEX("1") "\n");
	/* set-gid without execution by the group is mandatory locking, and stays (chown(2)) */
	expect(ROOT "f 6745 0 0 1 /a 1 " HEX("1") "\n", "", "f 2745 0 0 1 /a 1 " HEX("1") "\n");
	/* what the disk shows was set afterwards */
	keep("a");
	expect(ROOT "f 0755 7 7 1 /a 1 " HEX("1") "\n", "f 4755 0 0 5 /a 1 " HEX("1") "\n", "f 4755 0 0 " E " /a 1 " HEX("1") "\n");
	/* a directory keeps its own */
	own("d", "3 1 1 0 0 0 0 -");
	expect(ROOT "d 2755 0 0 1 /d\n", "", "d 2755 1 1 1 /d\n");
}
END_TEST

START_TEST(devices)
{
	own("null", "7 0 0 0 99 1 3 -");
	own("disk", "7 0 6 0 98 8 0 -");
	expect(ROOT, "f 0660 0 0 5 /disk 0 " HEX("e") "\nf 0666 0 0 5 /null 0 " HEX("e") "\n", "b 0660 0 6 " E " /disk 8 0\nc 0666 0 0 " E " /null 1 3\n");
}
END_TEST

START_TEST(capabilities)
{
	own("a", "8 0 0 0 0 0 0 0100000200200000000000000000000000000000");
	expect(ROOT F("/a", "1"), "", F("/a", "1") "x security.capability \\x01\\x00\\x00\\x02\\x00\\x20\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\n");
	facts.n_owned = 0;
	own("a", "8 0 0 0 0 0 0 -");
	expect(ROOT F("/a", "1") "x security.capability x\nx user.x y\n", "", F("/a", "1") "x user.x y\n");
}
END_TEST

START_TEST(records_at_files)
{
	expect(ROOT, "f 0644 0 0 5 /a 1 " HEX("1") "\nx user.ingot.owned 19\\x201\\x202\\x200\\x200\\x200\\x200\\x20-\nx user.x y\n", "f 0644 1 2 " E " /a 1 " HEX("1") "\nx user.x y\n");
	/* text that is none of ours is no record, and no part of an image */
	expect(ROOT, "f 0644 0 0 5 /a 1 " HEX("1") "\nx user.ingot.owned junk\n", "f 0644 0 0 " E " /a 1 " HEX("1") "\n");
}
END_TEST

START_TEST(moved_within_the_tree)
{
	/* The ledger says what the disk cannot: /sudo lies at /was now, and the program that was /ls at /sudo. */
	keep("sudo");
	keep("was");
	own("sudo", "64 0 0 0 0 0 0 -");
	own("was", "35 7 8 2541 0 0 0 -");
	expect(ROOT "f 0755 0 0 1 /ls 1 " HEX("1") "\nf 4755 7 8 1 /sudo 1 " HEX("2") "\n", "- /ls\nf 0755 0 0 5 /sudo 1 " HEX("1") "\nf 0755 0 0 5 /was 1 " HEX("2") "\n",
	       "- /ls\nf 0755 0 0 " E " /sudo 1 " HEX("1") "\nf 4755 7 8 " E " /was 1 " HEX("2") "\n");
	/* of a step that began as another: what came from the Tree is not its own */
	facts.uid = facts.gid = 5;
	expect(ROOT "f 0755 0 0 1 /ls 1 " HEX("1") "\nf 4755 7 8 1 /sudo 1 " HEX("2") "\n", "- /ls\nf 0755 0 0 5 /sudo 1 " HEX("1") "\nf 0755 0 0 5 /was 1 " HEX("2") "\n",
	       "- /ls\nf 0755 0 0 " E " /sudo 1 " HEX("1") "\nf 4755 7 8 " E " /was 1 " HEX("2") "\n");
}
END_TEST

START_TEST(groups_of_set_gid_directories)
{
	keep("mail");
	own("new", "2 0 50 0 0 0 0 -");
	own("mail/mine", "2 0 7 0 0 0 0 -");
	expect(ROOT "d 2775 0 8 1 /mail\n" F("/mail/old", "1"),
	       "d 0775 0 0 5 /mail\nf 0644 0 0 5 /mail/mine 1 " HEX("2") "\nd 0755 0 0 5 /mail/sub\nf 0644 0 0 5 /mail/sub/in 1 " HEX("3") "\nd 2755 0 0 5 /new\nf 0644 0 0 5 /new/f 1 " HEX("4") "\n",
	       "f 0644 0 7 " E " /mail/mine 1 " HEX("2") "\nd 2755 0 8 " E " /mail/sub\nf 0644 0 8 " E " /mail/sub/in 1 " HEX("3") "\nd 2755 0 50 " E " /new\nf 0644 0 50 " E " /new/f 1 " HEX("4") "\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("owned");
	TCase *t = tcase_create("owned");
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, owners_come_from_the_tree);
	tcase_add_test(t, lines_that_cannot_be);
	tcase_add_test(t, a_new_file_is_the_steps);
	tcase_add_test(t, the_ledger_speaks_of_what_the_disk_does_not);
	tcase_add_test(t, of_a_group_of_names_whole);
	tcase_add_test(t, set_id_bits_go_with_the_owner);
	tcase_add_test(t, devices);
	tcase_add_test(t, capabilities);
	tcase_add_test(t, records_at_files);
	tcase_add_test(t, moved_within_the_tree);
	tcase_add_test(t, groups_of_set_gid_directories);
	suite_add_tcase(s, t);
	return run_suite(s);
}
