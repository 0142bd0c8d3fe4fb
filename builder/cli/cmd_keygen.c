#include "cli.h"
#include <ingot/sign.h>

static const struct cli_option options[] = {
	{ "passphrase-file", 0, "FILE", "encrypt the private key with this passphrase (else INGOT_PASSPHRASE, or asked)" },
	{ 0 },
};

static int run(struct cli *c, struct ingot_err *err)
{
	const char *prefix = c->n_operands ? c->operands[0] : "ingot";
	_cleanup_(cli_forget) char *passphrase = NULL;
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(16384);
	ingot_pass(cli_passphrase(c, true, &passphrase, err));
	ingot_pass(ingot_keygen(prefix, passphrase != NULL, ingot_span_of(passphrase), err));
	ingot_buf_fmt(&out, "%s.key  private, %s: keep it secret\n%s.pub  public: give it to those who verify\n", prefix, passphrase ? "encrypted" : "NOT encrypted", prefix);
	return cli_print(&out, err);
}

extern const struct cli_verb cli_verb_keygen;
const struct cli_verb cli_verb_keygen = {
	.name = "keygen",
	.operands = "[PREFIX]",
	.max_operands = 1,
	.summary = "make a key pair: PREFIX.key (PKCS#8, P-256) and PREFIX.pub",
	.options = options,
	.run = run,
};
