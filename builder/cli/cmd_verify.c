#include "cli.h"
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/json.h>
#include <ingot/limits.h>
#include <ingot/verify.h>

static const struct cli_option options[] = {
	{ "key", 'k', "PUB", "a public key (PEM) that may have signed; may be repeated" },
	{ "threshold", 0, "N", "how many of the keys must have signed (default 1)" },
	{ "format", 0, "FORMAT", "text or json" },
	{ 0 },
};

static void print_text(const struct ingot_verify_facts *f, struct ingot_buf *out)
{
	char size[32];
	ingot_buf_fmt(out, "verified  %s\n  manifest  %s\n", f->reference.full, INGOT_DIGEST(&f->manifest));
	for (size_t i = 0; i < f->n_layers; i++)
		ingot_buf_fmt(out, "  layer     %s, content %s\n", INGOT_DIGEST(&f->layers[i].digest), INGOT_DIGEST(&f->layers[i].diff_id));
	for (size_t i = 0; i < f->n_keys; i++)
		ingot_buf_fmt(out, "  signed    by key %s\n", f->keys[i]);
	ingot_buf_fmt(out, "  proved    %zu blobs hash to their names and are reachable; all of the %s are accounted for\n", f->blobs, cli_size(f->archive_size, size));
}

static void print_json(const struct ingot_verify_facts *f, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_bool(&j, "verified", true);
	ingot_json_str(&j, "reference", f->reference.full);
	ingot_json_str(&j, "manifest", INGOT_DIGEST(&f->manifest));
	ingot_json_str(&j, "config", INGOT_DIGEST(&f->config));
	ingot_json_u64(&j, "blobs", f->blobs);
	ingot_json_u64(&j, "threshold", f->threshold);
	ingot_json_array(&j, "keys");
	for (size_t i = 0; i < f->n_keys; i++)
		ingot_json_str(&j, NULL, f->keys[i]);
	ingot_json_end(&j, ']');
	ingot_json_array(&j, "layers");
	for (size_t i = 0; i < f->n_layers; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_str(&j, "digest", INGOT_DIGEST(&f->layers[i].digest));
		ingot_json_str(&j, "diff_id", INGOT_DIGEST(&f->layers[i].diff_id));
		ingot_json_u64(&j, "size", f->layers[i].size);
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}

static int verify(struct cli *c, const struct ingot_span *keys, size_t n, struct ingot_err *err)
{
	_cleanup_(ingot_verified_freep) struct ingot_verified *verified = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(1 << 20);
	enum cli_format format;
	uint64_t threshold = 1;
	ingot_pass(cli_format(c, false, &format, err));
	ingot_pass(cli_number(c, "threshold", 32, &threshold, err));
	ingot_pass(ingot_verify_archive(c->operands[0], keys, n, (unsigned)threshold, &verified, err));
	if (format == CLI_JSON)
		print_json(ingot_verified_facts(verified), &out);
	else
		print_text(ingot_verified_facts(verified), &out);
	return cli_print(&out, err);
}

static int run(struct cli *c, struct ingot_err *err)
{
	const char *paths[CLI_MAX_VALUES];
	struct ingot_buf texts[CLI_MAX_VALUES];
	struct ingot_span keys[CLI_MAX_VALUES];
	size_t n = cli_values(c, "key", paths, CLI_MAX_VALUES);
	if (!n) {
		(void)ingot_fail(err, INGOT_E_INPUT, "no key to verify with");
		return ingot_hint(err, "--key PUB, the public key of who should have signed it");
	}
	int r = 0;
	for (size_t i = 0; i < n; i++) {
		texts[i] = (struct ingot_buf)INGOT_BUF(INGOT_MAX_KEY);
		if (r == 0)
			r = ingot_read_file(paths[i], INGOT_MAX_KEY, &texts[i], err);
		keys[i] = ingot_buf_view(&texts[i]);
	}
	if (r == 0)
		r = verify(c, keys, n, err);
	for (size_t i = 0; i < n; i++)
		ingot_buf_done(&texts[i]);
	return r;
}

extern const struct cli_verb cli_verb_verify;
const struct cli_verb cli_verb_verify = {
	.name = "verify",
	.operands = "ARCHIVE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "re-hash every byte of an archive and check its signatures",
	.text = "\nExit status 0 says that the archive is, byte for byte, one that was made and signed with the given keys; 1 that it is not.",
	.options = options,
	.run = run,
};
