/* rules_contents.c - secrets in the contents of files, wherever these lie and whatever they are called. */
#include "look.h"
#include "rows.h"
#include <ingot/facts.h>

#define MOUNTED "image:\n  user: web\n  entrypoint: [/usr/bin/web]\n  env: { TLS_KEY_FILE: /run/secrets/tls.key }\n"

static const struct ingot_rule rows[] = {
	{ "secret-file", SEV(ERROR, ERROR, ERROR), "no file holds a key or a token", "Whoever can pull the image can read every file in it, in every version that was ever pushed; encrypting the file moves the question to the key.",
	  "CIS-DI-0010, CIS Docker Benchmark 4.10", "take it back where it was issued, and mount the new one at run time", MOUNTED, "path" },
	{ "secret-sealed", SEV(WARNING, ERROR, ERROR), "no file holds a private key, sealed with a passphrase or not", "A passphrase can be guessed for ever, by everybody who has the image.", "CIS-DI-0010", "mount the key at run time", MOUNTED, "path" },
	{ "secret-hint", SEV(NONE, NOTE, WARNING), "no file looks as if it held a password", "It may be an example, or a default that should not work.", "CIS-DI-0010", "look at it; allow the path if it is harmless", MOUNTED, "path" },
	{ "key-readable", SEV(ERROR, ERROR, ERROR), "a private key that must be there can be read by its owner alone", "Every process of the container can read it otherwise, whatever user it has.", "CIS Docker Benchmark 4.8", "mode: \"0600\", or a mount at run time", MOUNTED, "path" },
};

static bool is_key(enum ingot_secret_what w)
{
	return w == INGOT_S_PEM_KEY || w == INGOT_S_SSH_KEY || w == INGOT_S_PGP_KEY || w == INGOT_S_PUTTY_KEY || w == INGOT_S_AGE_KEY;
}

/* Libraries of cryptography carry the keys of their own self-tests: a key in a program is one that everybody has, and no secret. Tokens are another matter. */
static bool is_certain(const struct ingot_fact *f, enum ingot_secret_what w)
{
	bool text = f->kind == INGOT_C_DATA || f->kind == INGOT_C_SCRIPT;
	return !ingot_secret_is_hint(w) && (text || !(is_key(w) || w == INGOT_S_PEM_BASE64));
}

/* The gravest that a content holds is its finding. */
static void check_content(struct look *l, size_t i, const struct ingot_node *n, const struct ingot_fact *f)
{
	const struct ingot_secret_found *open = NULL, *sealed = NULL, *hint = NULL;
	for (size_t k = 0; k < f->n_secrets; k++) {
		const struct ingot_secret_found *s = &f->secrets[k];
		const struct ingot_secret_found **place = !is_certain(f, s->what) ? &hint : s->flags & INGOT_S_ENCRYPTED ? &sealed : &open;
		if (!*place)
			*place = s;
	}
	const struct ingot_secret_found *first = open ? open : sealed ? sealed : hint;
	if (!first)
		return;
	(void)look_path(l, open ? "secret-file" : sealed ? "secret-sealed" : "secret-hint", i, " holds %s, at byte %llu", ingot_secret_words(first->what), (unsigned long long)first->offset);
	if (open && is_key(open->what) && (n->mode & 0044))
		(void)look_path(l, "key-readable", i, " is a private key that %s can read (mode %04o)", n->mode & 0004 ? "everybody" : "its group", n->mode);
}

static void check(struct look *l)
{
	const struct ingot_tree *t = l->s->tree;
	for (size_t i = 0; t && l->s->facts && i < ingot_tree_count(t); i++) {
		const struct ingot_node *n = ingot_tree_node(t, ingot_tree_at(t, i)->node);
		const struct ingot_fact *f = n->type == INGOT_FILE && ingot_tree_leader(t, i) == i ? ingot_facts_of(l->s->facts, &n->content) : NULL;
		if (f && f->n_secrets)
			check_content(l, i, n, f);
	}
}

const struct rule_group rules_contents = { rows, N_ROWS(rows), check };
