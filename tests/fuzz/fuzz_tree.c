/* Whatever the parsers of trees and deltas accept is written again as exactly the same bytes, has an id that depends on nothing else, and keeps
 * what apply and diff promise. */
#include <ingot/delta.h>
#include <stdint.h>
#include <string.h>

#define MAX_TEXT (64U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void is_text(const struct ingot_buf *text, struct ingot_span input, const struct ingot_digest *id)
{
	struct ingot_digest want;
	ingot_assert(ingot_span_eq(ingot_buf_view(text), input));
	ingot_sha256(input.p, input.n, &want);
	ingot_assert(ingot_digest_eq(id, &want));
}

static void try_tree(struct ingot_span input)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL, *empty = ingot_tree_empty(), *again = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MAX_TEXT);
	struct ingot_err err = INGOT_ERR_INIT;
	if (ingot_tree_parse(input, &t, &err) < 0)
		return;
	ingot_tree_text(t, &text);
	is_text(&text, input, ingot_tree_id(t));
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = ingot_diff(empty, t);
	ingot_assert(ingot_apply(empty, d, &again, &err) == 0);
	ingot_assert(ingot_digest_eq(ingot_tree_id(t), ingot_tree_id(again)));
	_cleanup_(ingot_delta_freep) struct ingot_delta *none = ingot_diff(again, t);
	ingot_assert(ingot_delta_count(none) == 0);
}

static void try_delta(struct ingot_span input)
{
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty(), *t = NULL, *again = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MAX_TEXT);
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_digest id;
	if (ingot_delta_parse(input, &d, &err) < 0)
		return;
	ingot_delta_text(d, &text);
	ingot_delta_id(d, &id);
	is_text(&text, input, &id);
	if (ingot_apply(empty, d, &t, &err) < 0)
		return;
	/* said twice is said once */
	ingot_assert(ingot_apply(t, d, &again, &err) == 0);
	ingot_assert(ingot_digest_eq(ingot_tree_id(t), ingot_tree_id(again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ingot_span input = { (const char *)data, n };
	try_tree(input);
	try_delta(input);
	return 0;
}
