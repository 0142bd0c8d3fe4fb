#include "cli.h"
#include <ingot/escape.h>
#include <ingot/json.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "max-age", 0, "DAYS", "gc: forget what was not used for so long (default 30)" },
	{ "wait", 0, "SECONDS", "gc: how long to wait for running builds (default 60)" },
	{ "format", 0, "FORMAT", "text or json" },
	{ 0 },
};

static int print(struct cli *c, const char *what, const struct ingot_store_stats *s, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(65536);
	enum cli_format format;
	char size[32];
	ingot_pass(cli_format(c, false, &format, err));
	if (format == CLI_JSON) {
		struct ingot_json j = INGOT_JSON(&out);
		ingot_json_object(&j, NULL);
		ingot_json_u64(&j, "objects", s->objects);
		ingot_json_u64(&j, "packs", s->packs);
		ingot_json_u64(&j, "refs", s->refs);
		ingot_json_u64(&j, "caches", s->caches);
		ingot_json_u64(&j, "checkouts", s->checkouts);
		ingot_json_u64(&j, "bytes", s->bytes);
		ingot_json_u64(&j, "damaged", s->damaged);
		ingot_json_end(&j, '}');
		ingot_buf_char(&out, '\n');
	} else {
		ingot_buf_fmt(&out, "%s%llu objects, %llu packs, %llu references, %llu checkouts, %s", what, (unsigned long long)s->objects, (unsigned long long)s->packs,
			      (unsigned long long)s->refs, (unsigned long long)s->checkouts, cli_size(s->bytes, size));
		if (s->caches)
			ingot_buf_fmt(&out, "; %llu of the references keep a step's cache", (unsigned long long)s->caches);
		if (s->damaged)
			ingot_buf_fmt(&out, "; %llu damaged, set aside", (unsigned long long)s->damaged);
		ingot_buf_char(&out, '\n');
	}
	return cli_print(&out, err);
}

static int collect(struct cli *c, struct ingot_store *s, struct ingot_err *err)
{
	struct ingot_store_stats stats;
	uint64_t days = 30, wait = 60;
	ingot_pass(cli_number(c, "max-age", 36500, &days, err));
	ingot_pass(cli_number(c, "wait", 86400, &wait, err));
	ingot_pass(ingot_store_gc(s, (int64_t)days * 86400, (int)wait * 1000, &stats, err));
	return print(c, "freed: ", &stats, err);
}

static int run(struct cli *c, struct ingot_err *err)
{
	const char *what = c->operands[0];
	bool info = strcmp(what, "info") == 0, gc = strcmp(what, "gc") == 0, verify = strcmp(what, "verify") == 0;
	if (!info && !gc && !verify)
		return ingot_fail(err, INGOT_E_INPUT, "ingot store info, gc or verify, not '%s'", INGOT_SHOW(ingot_span_of(what)));
	_cleanup_(ingot_store_closep) struct ingot_store *s = NULL;
	struct ingot_store_stats stats;
	ingot_pass(cli_open_store(c, &s, err));
	if (gc)
		return collect(c, s, err);
	if (info) {
		ingot_pass(ingot_store_info(s, &stats, err));
		return print(c, "", &stats, err);
	}
	ingot_pass(ingot_store_verify(s, &stats, err));
	ingot_pass(print(c, "checked: ", &stats, err));
	if (stats.damaged) {
		(void)ingot_fail(err, INGOT_E_FALSE, "%llu damaged objects were set aside", (unsigned long long)stats.damaged);
		return ingot_hint(err, "the next build makes or fetches them again");
	}
	return 0;
}

extern const struct cli_verb cli_verb_store;
const struct cli_verb cli_verb_store = {
	.name = "store",
	.operands = "info|gc|verify",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "what the store holds; free what is not used; re-hash everything",
	.options = options,
	.run = run,
};
