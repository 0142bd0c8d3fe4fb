#include "registry_options.h"
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/mem.h>
#include <ingot/transfer_image.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "move-tag", 0, NULL, "let a tag name this image that names another one now" },
	{ "mount", 0, "REPOSITORY", "a repository of the same registry that may have the layers already" },
	CLI_REGISTRY_OPTIONS,
	{ "format", 0, "FORMAT", "text or json: how the result is printed" },
	{ 0 },
};

static void print(const struct ingot_remote *to, const struct ingot_transferred *t, enum cli_format format, struct ingot_buf *out)
{
	char moved[32], skipped[32];
	struct ingot_json j = INGOT_JSON(out);
	if (format == CLI_TEXT) {
		ingot_buf_fmt(out, "%s@%s\n  moved     %s in %u blob%s, %s were there\n  signed    %u signature%s\n", to->text, INGOT_DIGEST(&t->manifest), cli_size(t->bytes, moved),
			      t->blobs - t->blobs_skipped, t->blobs - t->blobs_skipped == 1 ? "" : "s", cli_size(t->skipped, skipped), t->signatures, t->signatures == 1 ? "" : "s");
		return;
	}
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "reference", to->text);
	ingot_json_str(&j, "manifest", INGOT_DIGEST(&t->manifest));
	ingot_json_u64(&j, "bytes", t->bytes);
	ingot_json_u64(&j, "skipped", t->skipped);
	ingot_json_u64(&j, "blobs", t->blobs);
	ingot_json_u64(&j, "blobs_skipped", t->blobs_skipped);
	ingot_json_u64(&j, "signatures", t->signatures);
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}

static int run(struct cli *c, struct ingot_err *err)
{
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(1 << 16);
	struct ingot_push_options o = { .move_tag = cli_has(c, "move-tag"), .mount = cli_value(c, "mount") };
	struct ingot_remote to;
	struct ingot_transferred done;
	enum cli_format format;
	ingot_pass(cli_format(c, false, &format, err));
	ingot_pass(ingot_remote_parse(ingot_span_of(c->operands[1]), &to, err));
	ingot_pass(cli_registry(c, arena, &o.registry, err));
	ingot_pass(ingot_push_image(c->operands[0], &to, &o, &c->log, &done, err));
	print(&to, &done, format, &out);
	return cli_print(&out, err);
}

extern const struct cli_verb cli_verb_push;
const struct cli_verb cli_verb_push = {
	.name = "push",
	.operands = "ARCHIVE REF",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "an image and its signatures into a registry",
	.text = "\nREF is [docker://]REGISTRY/REPOSITORY[:TAG][@DIGEST]. Blobs, manifest and signatures go first, the tag last; a push that broke off is finished by the next. A tag that\n"
		"names another image is left alone (exit status 1), unless --move-tag says otherwise. A registry on this machine may be spoken to without TLS, any other never.\n"
		"\nCredentials are those of podman login and docker login; REGISTRY_AUTH_FILE or --auth-file names one file instead of all. They go to the registry and to nobody whom it names, but\n"
		"for the server of --realm. ARCHIVE is what build or pull wrote, a file or a layout directory.\n",
	.options = options,
	.run = run,
};
