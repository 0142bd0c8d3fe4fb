#include "cli.h"
#include <ingot/recipe.h>

static const struct cli_option options[] = { { 0 } };

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(4 << 20);
	ingot_recipe_schema(&out);
	return cli_print(&out, err);
}

extern const struct cli_verb cli_verb_schema;
const struct cli_verb cli_verb_schema = {
	.name = "schema",
	.operands = "",
	.summary = "the JSON Schema of recipes, for editors",
	.options = options,
	.run = run,
};
