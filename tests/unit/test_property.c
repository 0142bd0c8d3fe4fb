/* What must hold for all trees, tried on random ones. INGOT_SEED=n plays a run again. */
#include "../property/gen.h"
#include "core_support.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/normalise.h>
#include <ingot/origin.h>
#include <ingot/path.h>

#define ROUNDS 1500

static struct gen start(const char *test)
{
	return (struct gen){ gen_seed(test) };
}

static void text_of(const struct ingot_tree *t, struct ingot_buf *out)
{
	ingot_buf_clear(out);
	ingot_tree_text(t, out);
}

static bool same(const struct ingot_tree *a, const struct ingot_tree *b)
{
	return ingot_digest_eq(ingot_tree_id(a), ingot_tree_id(b));
}

static void show(const struct ingot_tree *a, const struct ingot_tree *b, const struct ingot_delta *d, const char *what)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
	ingot_tree_text(a, &text);
	ingot_tree_text(b, &text);
	ingot_delta_text(d, &text);
	ck_abort_msg("%s\n%s", what, ingot_buf_cstr(&text));
}

/* A pair of trees: strangers, or near neighbours, which is what a step leaves. */
static void pair(struct gen *g, struct ingot_tree **a, struct ingot_tree **b)
{
	*a = gen_tree(g, gen_below(g, 50));
	*b = gen_chance(g, 20) ? gen_tree(g, gen_below(g, 50)) : gen_neighbour(g, *a, 1 + gen_below(g, 6));
}

START_TEST(apply_inverts_diff)
{
	struct gen g = start("apply_inverts_diff");
	for (int i = 0; i < ROUNDS; i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *a = NULL, *b = NULL, *got = NULL;
		struct ingot_err err = INGOT_ERR_INIT;
		pair(&g, &a, &b);
		_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(a, b);
		if (ingot_apply(a, d, &got, &err) < 0)
			show(a, b, d, err.msg);
		if (!same(got, b) || ingot_tree_nodes(got) != ingot_tree_nodes(b))
			show(a, b, d, "apply(a, diff(a, b)) is not b");
		_cleanup_(ingot_delta_freep) struct ingot_delta *none = ingot_diff(b, got);
		ck_assert_uint_eq(ingot_delta_count(none), 0);
	}
}
END_TEST

/* d without change number skip. NULL where that is no delta any more. */
static struct ingot_delta *without(const struct ingot_delta *d, size_t skip)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	struct ingot_delta *less = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	int r = 0;
	for (size_t i = 0; i < ingot_delta_count(d) && r == 0; i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		if (i == skip)
			continue;
		if (c->op == INGOT_PUT)
			r = ingot_delta_put(b, c->path, ingot_delta_node(d, c->node), &err);
		else if (c->op == INGOT_HARDLINK)
			r = ingot_delta_link(b, c->path, c->link, &err);
		else if (c->op == INGOT_REMOVE)
			r = ingot_delta_remove(b, c->path, &err);
		else
			r = ingot_delta_opaque(b, c->path, &err);
	}
	ck_assert_int_eq(r, 0);
	return ingot_delta_finish(TAKE_PTR(b), &less, &err) < 0 ? NULL : less;
}

START_TEST(nothing_in_a_diff_is_superfluous)
{
	struct gen g = start("nothing_in_a_diff_is_superfluous");
	for (int i = 0; i < ROUNDS / 3; i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *a = NULL, *b = NULL;
		pair(&g, &a, &b);
		_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(a, b);
		for (size_t k = 0; k < ingot_delta_count(d); k++) {
			_cleanup_(ingot_delta_freep) struct ingot_delta *less = without(d, k);
			_cleanup_(ingot_tree_unrefp) struct ingot_tree *got = NULL;
			struct ingot_err err = INGOT_ERR_INIT;
			if (less && ingot_apply(a, less, &got, &err) == 0 && same(got, b))
				show(a, b, d, "a change could be left out");
		}
	}
}
END_TEST

/* t with another node at dirent i and all its hard links. */
static struct ingot_tree *with_node(const struct ingot_tree *t, uint32_t number, const struct ingot_node *node)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	struct ingot_tree *got = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_span leader = { 0 };
	bool any = false;
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		if (ingot_tree_at(t, i)->node != number)
			continue;
		if (any)
			ck_assert_int_eq(ingot_delta_link(b, ingot_tree_at(t, i)->path, leader, &err), 0);
		else
			ck_assert_int_eq(ingot_delta_put(b, leader = ingot_tree_at(t, i)->path, node, &err), 0);
		any = true;
	}
	ck_assert_int_eq(ingot_delta_finish(TAKE_PTR(b), &d, &err), 0);
	ck_assert_int_eq(ingot_apply(t, d, &got, &err), 0);
	return got;
}

START_TEST(one_field_is_one_change)
{
	struct gen g = start("one_field_is_one_change");
	for (int i = 0; i < ROUNDS; i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *a = gen_tree(&g, 1 + gen_below(&g, 40));
		uint32_t number = gen_below(&g, (uint32_t)ingot_tree_nodes(a));
		struct ingot_node node = gen_other_node(&g, ingot_tree_node(a, number));
		ck_assert(!ingot_node_eq(&node, ingot_tree_node(a, number), 0));
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *b = with_node(a, number, &node);
		_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(a, b);
		if (ingot_delta_count(d) != ingot_tree_nlink(a, number))
			show(a, b, d, "one field of one node is more than its paths");
		for (size_t k = 0; k < ingot_delta_count(d); k++) {
			const struct ingot_change *c = ingot_delta_at(d, k);
			ck_assert_int_eq(c->op, k ? INGOT_HARDLINK : INGOT_PUT);
			ck_assert(ingot_node_eq(ingot_delta_node(d, c->node), &node, 0));
			ck_assert_uint_eq(ingot_tree_at(a, (size_t)ingot_tree_find(a, c->path))->node, number);
		}
	}
}
END_TEST

START_TEST(text_goes_round)
{
	struct gen g = start("text_goes_round");
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1)), again = INGOT_BUF(MIB(1));
	for (int i = 0; i < ROUNDS; i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *a = NULL, *b = NULL, *t = NULL;
		_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL, *e = NULL;
		struct ingot_err err = INGOT_ERR_INIT;
		pair(&g, &a, &b);
		text_of(a, &text);
		if (ingot_tree_parse(ingot_buf_view(&text), &t, &err) < 0)
			ck_abort_msg("%s\n%s", err.msg, text.p);
		text_of(t, &again);
		ck_assert_str_eq(text.p, again.p);
		ck_assert_uint_eq(ingot_tree_nodes(a), ingot_tree_nodes(t));
		ck_assert(same(a, t));
		d = ingot_diff(a, b);
		ingot_buf_clear(&text);
		ingot_buf_clear(&again);
		ingot_delta_text(d, &text);
		if (ingot_delta_parse(ingot_buf_view(&text), &e, &err) < 0)
			ck_abort_msg("%s\n%s", err.msg, text.p);
		ingot_delta_text(e, &again);
		ck_assert_str_eq(text.p, again.p);
	}
}
END_TEST

/* Changed in one byte, a text is refused or is the one text of another value. */
static void still_strict(const struct ingot_buf *text, bool tree)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf again = INGOT_BUF(MIB(1));
	struct ingot_err err = INGOT_ERR_INIT;
	int r = tree ? ingot_tree_parse(ingot_buf_view(text), &t, &err) : ingot_delta_parse(ingot_buf_view(text), &d, &err);
	if (r < 0) {
		ck_assert_int_eq(err.code, INGOT_E_INPUT);
		ck_assert_ptr_nonnull(strstr(err.msg, "line "));
		return;
	}
	if (tree)
		ingot_tree_text(t, &again);
	else
		ingot_delta_text(d, &again);
	if (!ingot_span_eq(ingot_buf_view(&again), ingot_buf_view(text)))
		ck_abort_msg("accepted a second spelling:\n%s\nof\n%s", text->p, again.p);
}

static void mutate_text(struct gen *g, const struct ingot_buf *text, bool tree)
{
	_cleanup_(ingot_buf_done) struct ingot_buf m = INGOT_BUF(MIB(1));
	size_t at = gen_below(g, (uint32_t)text->n);
	static const char likely[] = " \n/\\x0179afhdlcbpo-.\t";
	char byte = gen_chance(g, 70) ? likely[gen_below(g, sizeof(likely) - 1)] : (char)gen_below(g, 256);
	uint32_t how = gen_below(g, 4);
	ingot_buf_put(&m, text->p, at);
	if (how == 0 || how == 1)
		ingot_buf_char(&m, byte); /* instead of, or before */
	if (how == 3)
		ingot_buf_char(&m, text->p[at]); /* twice */
	ingot_buf_put(&m, text->p + at + (how == 0 || how == 2), text->n - at - (how == 0 || how == 2));
	still_strict(&m, tree);
}

START_TEST(one_byte_off)
{
	struct gen g = start("one_byte_off");
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(1));
	for (int i = 0; i < ROUNDS / 10; i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *a = NULL, *b = NULL;
		pair(&g, &a, &b);
		_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(a, b);
		for (int k = 0; k < 60; k++) {
			text_of(a, &text);
			mutate_text(&g, &text, true);
			ingot_buf_clear(&text);
			ingot_delta_text(d, &text);
			mutate_text(&g, &text, false);
		}
	}
}
END_TEST

/* --- a normalised tree --- */

#define RUN_UID 1000U

START_TEST(normal_is_safe_and_stays)
{
	struct gen g = start("normal_is_safe_and_stays");
	static const char *const writable[] = { "/a/b" };
	const struct ingot_normal_policy policy = { .epoch = 1, .uid = RUN_UID, .gid = 2000, .writable = writable, .n_writable = 1 };
	for (int i = 0; i < ROUNDS / 3; i++) {
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = gen_forest(&g, gen_below(&g, 30)), *u = gen_neighbour(&g, t, 10);
		_cleanup_(ingot_normal_result_done) struct ingot_normal_result r = { 0 }, again = { 0 };
		struct ingot_err err = INGOT_ERR_INIT;
		if (ingot_normalise(u, &policy, &r, &err) < 0) {
			ck_assert_int_eq(err.code, INGOT_E_INPUT); /* /a is a file, a loop, or leads to the root */
			continue;
		}
		ck_assert_int_eq(ingot_normalise(r.tree, &policy, &again, &err), 0);
		if (!same(r.tree, again.tree)) {
			_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(r.tree, again.tree);
			show(u, r.tree, d, "normalising twice changed something");
		}
		_cleanup_(ingot_buf_done) struct ingot_buf place = INGOT_BUF(KIB(4));
		ck_assert_int_eq(ingot_resolve(r.tree, INGOT_SPAN("a/b"), 0, &place, &err), 0);
		for (size_t k = 0; k < ingot_tree_count(r.tree); k++) {
			struct ingot_span path = ingot_tree_at(r.tree, k)->path;
			const struct ingot_node *n = ingot_tree_node(r.tree, ingot_tree_at(r.tree, k)->node);
			bool theirs = ingot_span_eq(path, ingot_buf_view(&place)) || ingot_path_under(path, ingot_buf_view(&place));
			ck_assert_int_le(n->mtime, 1);
			if (ingot_needs_reason(path, n, theirs) || n->type == INGOT_LINK)
				continue;
			ck_assert_uint_eq(n->mode & 022, 0);
			ck_assert(theirs == (n->uid == RUN_UID));
		}
	}
}
END_TEST

/* Whoever asks for all paths at once is told what whoever asks for one is; and after the first layer nobody is without an origin. */
START_TEST(origins_of_a_tree)
{
	struct gen g = start("origins_of_a_tree");
	for (int i = 0; i < ROUNDS / 5; i++) {
		_cleanup_(ingot_origins_freep) struct ingot_origins *o = ingot_origins_new();
		_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = ingot_tree_empty();
		for (uint32_t k = 0; k < 5; k++) {
			struct ingot_tree *next = gen_chance(&g, 20) ? gen_tree(&g, gen_below(&g, 50)) : gen_neighbour(&g, t, 1 + gen_below(&g, 12));
			_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(t, next);
			ingot_origins_apply(o, d, ingot_origins_id(o, (struct ingot_span){ &"abcde"[k], 1 }));
			ingot_tree_unref(t);
			t = next;
			size_t n = ingot_tree_count(t), one = gen_below(&g, (uint32_t)n);
			ingot_origins_put(o, ingot_tree_at(t, one)->path, 1);
			_cleanup_(ingot_freep) uint32_t *all = ingot_alloc_array(n, sizeof(*all));
			ingot_origins_of_tree(o, t, all);
			ck_assert_uint_eq(all[one], 1);
			for (size_t at = 0; at < n; at++) {
				ck_assert_msg(all[at] == ingot_origins_of(o, ingot_tree_at(t, at)->path), "dirent %zu: %u", at, all[at]);
				ck_assert(all[at] || !ingot_tree_at(t, at)->path.n);
			}
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("property");
	TCase *t = tcase_create("property");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, apply_inverts_diff);
	tcase_add_test(t, nothing_in_a_diff_is_superfluous);
	tcase_add_test(t, one_field_is_one_change);
	tcase_add_test(t, text_goes_round);
	tcase_add_test(t, one_byte_off);
	tcase_add_test(t, normal_is_safe_and_stays);
	tcase_add_test(t, origins_of_a_tree);
	suite_add_tcase(s, t);
	return run_suite(s);
}
