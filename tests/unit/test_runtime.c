/* How an image runs, from its config and its tree, and the tree as its user sees it. */
#include "../../builder/build/view.h"
#include "core_support.h"
#include <ingot/runtime.h>

#define ROOT D("/")

static struct ingot_runtime read_runtime(const char *tree, const char *config, const struct ingot_strings *declared)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(tree);
	_cleanup_(ingot_doc_freep) struct ingot_doc *doc = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_runtime r = { 0 };
	ck_assert_msg(ingot_decode_json_bytes(ingot_span_of(config), &doc, &err) == 0, "%s", err.msg);
	ck_assert_msg(ingot_runtime_read(NULL, t, doc, declared, &r, &err) == 0, "%s", err.msg);
	return r;
}

static void refuse(const char *config, const char *word)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(ROOT);
	_cleanup_(ingot_doc_freep) struct ingot_doc *doc = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_runtime r = { 0 };
	ck_assert_msg(ingot_decode_json_bytes(ingot_span_of(config), &doc, &err) == 0, "%s", err.msg);
	ck_assert_int_lt(ingot_runtime_read(NULL, t, doc, NULL, &r, &err), 0);
	ck_assert_msg(strstr(err.msg, word), "'%s' lacks '%s'", err.msg, word);
}

START_TEST(words)
{
	struct ingot_runtime r = read_runtime(ROOT,
					      "{\"config\":{\"User\":\"7:8\",\"Entrypoint\":[\"/a\",\"b c\"],\"Cmd\":[\"d\"],\"Env\":[\"X=1\"],\"WorkingDir\":\"/w\",\"StopSignal\":\"SIGQUIT\",\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}}",
					      NULL);
	ck_assert(r.uid == 7 && r.gid == 8 && r.n_argv == 3 && r.n_env == 1 && r.n_ports == 2);
	ck_assert_str_eq(r.argv[1], "b c");
	ck_assert_str_eq(r.argv[2], "d");
	ck_assert_str_eq(r.workdir, "/w");
	ck_assert_str_eq(r.stop_signal, "SIGQUIT");
	ck_assert_str_eq(r.ports[1], "53/udp");
	ingot_runtime_done(&r);
	r = read_runtime(ROOT, "{}", NULL);
	ck_assert(!r.uid && !r.n_argv && !r.workdir && !r.n_writable);
	ingot_runtime_done(&r);
	refuse("{\"config\":{\"User\":\"web\"}}", "does not know");
	refuse("{\"config\":{\"User\":\"1:2:3\"}}", "not USER:GROUP");
	refuse("{\"config\":{\"Cmd\":[1]}}", "no text without NUL");
	refuse("{\"config\":{\"Env\":[\"a\\u0000b\"]}}", "no text without NUL");
}
END_TEST

/* A place of the user is an empty directory; what lies below /tmp and /run, or in another place, is none of its own. */
START_TEST(places)
{
	static const char tree[] = ROOT "d 0755 7 7 0 /a\nd 0755 7 7 0 /full\nf 0644 7 7 0 /full/x 1 " HEX("1") "\nd 0755 0 0 0 /run\nd 0755 7 7 0 /run/a\nd 0755 0 0 0 /v\nf 0644 0 0 0 /v/x 1 " HEX("1") "\nd 0755 7 7 0 /v/y\n"
				   "l 0777 0 0 0 /w v\n";
	struct ingot_runtime r = read_runtime(tree, "{\"config\":{\"User\":\"7\",\"Volumes\":{\"/w\":{},\"/none\":{},\"/tmp/x\":{}}}}", NULL);
	ck_assert_uint_eq(r.n_writable, 2);
	ck_assert_str_eq(r.writable[0].path, "/v");
	ck_assert(r.writable[0].filled && !r.writable[1].filled);
	ck_assert_str_eq(r.writable[1].path, "/a");
	ingot_runtime_done(&r);
	/* root owns everything, and has been given nothing in particular */
	r = read_runtime(ROOT "d 0755 0 0 0 /a\n", "{}", NULL);
	ck_assert_uint_eq(r.n_writable, 0);
	ingot_runtime_done(&r);
	/* a recipe knows */
	const char *declared[] = { "/full", "/w", "/full/in" };
	struct ingot_strings list = { .v = declared, .n = 2 };
	r = read_runtime(tree, "{\"config\":{\"User\":\"7\"}}", &list);
	ck_assert_uint_eq(r.n_writable, 2);
	ck_assert_str_eq(r.writable[0].path, "/full");
	ck_assert_str_eq(r.writable[1].path, "/v");
	ingot_runtime_done(&r);
	list.n = 3;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(tree);
	_cleanup_(ingot_doc_freep) struct ingot_doc *doc = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_int_eq(ingot_decode_json_bytes(INGOT_SPAN("{}"), &doc, &err), 0);
	ck_assert_int_lt(ingot_runtime_read(NULL, t, doc, &list, &r, &err), 0);
	ck_assert_msg(strstr(err.msg, "no directory /full/in"), "%s", err.msg);
}
END_TEST

START_TEST(signals)
{
	static const struct {
		const char *word;
		unsigned number;
	} s[] = { { NULL, 15 }, { "SIGTERM", 15 }, { "TERM", 15 }, { "3", 3 }, { "SIGQUIT", 3 }, { "SIGRTMIN+3", 37 }, { "RTMIN", 34 }, { "SIGRTMIN-1", 0 }, { "term", 0 }, { "65", 0 }, { "", 0 }, { "SIG", 0 } };
	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++)
		ck_assert_msg(ingot_signal_number(s[i].word) == s[i].number, "%s: %u", s[i].word ? s[i].word : "none", ingot_signal_number(s[i].word));
}
END_TEST

static void see(const char *tree, const char *expected)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(tree), *seen = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	ck_assert_msg(user_view(t, 7, 8, &seen, &err) == 0, "%s", err.msg);
	assert_tree(seen, expected);
}

START_TEST(views)
{
#define NODE_(mode, owner, path) "f " mode " " owner " 0 " path " 1 " HEX("1") "\n"
	/* others, the group, the owner: the first that fits decides, as in the kernel */
	see(ROOT NODE_("0600", "0 0", "/a"), ROOT);
	see(ROOT NODE_("0640", "0 8", "/a"), ROOT NODE_("0640", "0 8", "/a"));
	see(ROOT NODE_("0604", "0 8", "/a"), ROOT);
	see(ROOT NODE_("0600", "7 8", "/a"), ROOT NODE_("0600", "7 8", "/a"));
	/* executable for others than us */
	see(ROOT NODE_("0754", "0 0", "/a"), ROOT NODE_("0654", "0 0", "/a"));
	see(ROOT NODE_("0655", "0 0", "/a"), ROOT NODE_("0755", "0 0", "/a"));
	see(ROOT NODE_("0701", "0 0", "/a"), ROOT NODE_("0701", "0 0", "/a"));
	/* directories that cannot be entered are empty, and are still there */
	see(ROOT "d 0700 0 0 0 /d\nd 0755 0 0 0 /d/e\n" NODE_("0644", "0 0", "/d/e/f") NODE_("0644", "0 0", "/d/g"), ROOT "d 0700 0 0 0 /d\n");
	see(ROOT "d 0711 0 0 0 /d\n" NODE_("0644", "0 0", "/d/g"), ROOT "d 0711 0 0 0 /d\n" NODE_("0644", "0 0", "/d/g"));
	see(ROOT "l 0777 0 0 0 /l x\n", ROOT "l 0777 0 0 0 /l x\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("runtime");
	TCase *t = tcase_create("runtime");
	tcase_add_test(t, words);
	tcase_add_test(t, places);
	tcase_add_test(t, signals);
	tcase_add_test(t, views);
	suite_add_tcase(s, t);
	return run_suite(s);
}
