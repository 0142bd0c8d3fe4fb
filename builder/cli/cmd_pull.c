#include "registry_options.h"
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/mem.h>
#include <ingot/transfer_image.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "output", 'o', "TARGET", "FILE, - (stdout), or dir:PATH for an image layout (default: NAME.oci.tar)" },
	{ "architecture", 0, "ARCH", "which image of several: amd64, arm64, ... (default: this host's)" },
	CLI_REGISTRY_OPTIONS,
	{ "format", 0, "FORMAT", "text or json: how the result is printed" },
	{ 0 },
};

static void print(const char *target, const struct ingot_remote *from, const struct ingot_transferred *t, enum cli_format format, struct ingot_buf *out)
{
	char moved[32], skipped[32];
	struct ingot_json j = INGOT_JSON(out);
	if (format == CLI_TEXT) {
		ingot_buf_fmt(out, "%s\n  image     %s\n  manifest  %s\n  moved     %s, %s were here\n  signed    %u signature%s, not verified: ingot verify %s --key PUB\n", target, from->text,
			      INGOT_DIGEST(&t->manifest), cli_size(t->bytes, moved), cli_size(t->skipped, skipped), t->signatures, t->signatures == 1 ? "" : "s", target);
		return;
	}
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "output", target);
	ingot_json_str(&j, "reference", from->text);
	ingot_json_str(&j, "manifest", INGOT_DIGEST(&t->manifest));
	ingot_json_u64(&j, "bytes", t->bytes);
	ingot_json_u64(&j, "skipped", t->skipped);
	ingot_json_u64(&j, "signatures", t->signatures);
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *store = NULL;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(1 << 16);
	struct ingot_pull_options o = { .architecture = cli_value(c, "architecture") };
	struct ingot_remote from;
	struct ingot_transferred done;
	enum cli_format format;
	ingot_pass(cli_format(c, false, &format, err));
	ingot_pass(ingot_remote_parse(ingot_span_of(c->operands[0]), &from, err));
	ingot_pass(cli_registry(c, arena, &o.registry, err));
	const char *base = strrchr(from.repository, '/'), *target = cli_value(c, "output");
	if (!target)
		target = ingot_arena_strf(arena, "%s.oci.tar", base ? base + 1 : from.repository);
	ingot_pass(cli_open_store(c, &store, err));
	ingot_pass(ingot_pull_image(store, &from, target, &o, &c->log, &done, err));
	if (strcmp(target, "-") == 0)
		return 0;
	print(target, &from, &done, format, &out);
	return cli_print(&out, err);
}

extern const struct cli_verb cli_verb_pull;
const struct cli_verb cli_verb_pull = {
	.name = "pull",
	.operands = "REF",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "an image and its signatures out of a registry",
	.text = "\nREF is [docker://]REGISTRY/REPOSITORY[:TAG][@DIGEST]. Every byte is compared with the digest that asked for it; what broke off goes on where it was. Signatures come along and are\n"
		"not verified: that is ingot verify's. A signature is over a name, too: what was signed under another name than REF does not verify.\n"
		"\nCredentials are those of podman login and docker login; REGISTRY_AUTH_FILE or --auth-file names one file instead of all.\n",
	.options = options,
	.run = run,
};
