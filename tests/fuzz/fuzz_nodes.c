/* What a subverted ingot-recipe could send: any sequence of nodes is refused, or is a recipe like any other. Records: kind, line, column,
 * plain, length, text. */
#include "../../builder/recipe/recipe_decode.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ingot_err err = INGOT_ERR_INIT;
	const struct source_text s = { "fuzz.yaml", INGOT_SPAN("one\ntwo\nthree\n") };
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(node_builder_freep) struct node_builder *b = node_builder_new(arena, &s, false);
	int result = 0;
	while (n >= 5 && result == 0) {
		size_t size = data[4] < n - 5 ? data[4] : n - 5;
		/* kinds as the channel lets them through */
		struct ingot_msg_node m = { .kind = data[0] % 5, .line = data[1] * 39215U, .column = data[2] * 39215U, .plain = data[3] & 1, .text = { (const char *)data + 5, size } };
		result = node_builder_add(b, &m, &err);
		data += 5 + size;
		n -= 5 + size;
	}
	struct node *root;
	struct ingot_recipe r = { .file = "fuzz.yaml", .text = s.text };
	if (result < 0 || node_builder_end(b, &root, &err) < 0 || recipe_decode(&s, arena, root, NULL, 0, &r, &err) < 0)
		ingot_assert((err.code == INGOT_E_INPUT || err.code == INGOT_E_BUG) && err.msg[0]);
	else
		ingot_assert(r.name && r.image.user.name);
	return 0;
}
