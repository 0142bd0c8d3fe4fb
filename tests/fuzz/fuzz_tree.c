/* Whatever the parser of trees accepts is written again as exactly the same bytes, and has an id that depends on nothing else. */
#include <ingot/tree.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL, *again = NULL;
	struct ingot_err err = INGOT_ERR_INIT;
	if (ingot_tree_parse((struct ingot_span){ .p = (const char *)data, .n = n }, &t, &err) < 0)
		return 0;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(64 << 20);
	ingot_tree_text(t, &text);
	ingot_assert(text.n == n && memcmp(text.p, data, n) == 0);
	ingot_assert(ingot_tree_parse(ingot_buf_view(&text), &again, &err) == 0);
	ingot_assert(ingot_digest_eq(ingot_tree_id(t), ingot_tree_id(again)));
	return 0;
}
