#include "identity.h"
#include "cachekey.h"
#include <ingot/checkout.h>
#include <ingot/mem.h>
#include <string.h>

static void identity_key(const struct ingot_step *step, struct ingot_digest *ret)
{
	struct cachekey k;
	cachekey_begin(&k, "ingot step identity 1");
	cachekey_str(&k, "script", step->script);
	cachekey_str(&k, "shell", step->shell);
	for (size_t i = 0; i < step->argv.n; i++)
		cachekey_str(&k, "argv", step->argv.v[i]);
	cachekey_u64(&k, "user", step->user);
	cachekey_end(&k, ret);
}

static bool remembered(struct engine *e, const struct ingot_step *step)
{
	struct ingot_digest key;
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(64);
	identity_key(step, &key);
	return ingot_ref_get(e->store, "identity", &key, &text, &ignored) > 0; /* a memory that cannot be read is none */
}

/* Does the text name a program that gives files away, becomes another user, or copies owners? A guess, which saves the second run where it is right. */
static bool mentions(struct ingot_span text)
{
	static const char *const words[] = { "chown", "chgrp", "useradd", "adduser", "groupadd", "addgroup", "usermod", "passwd", "su", "runuser", "setpriv", "chroot", "install", "dpkg", "tar", "rsync", "cpio", "initdb" };
	static const char *const pairs[] = { "cp -a", "cp -p", "cp -r", "cp -R", "cp --", "mv " };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (memmem(text.p, text.n, pairs[i], strlen(pairs[i])))
			return true;
	for (size_t at = 0; at < text.n;) {
		size_t n = 0;
		while (at + n < text.n && text.p[at + n] >= 'a' && text.p[at + n] <= 'z')
			n++;
		for (size_t i = 0; n && i < sizeof(words) / sizeof(words[0]); i++)
			if (ingot_span_is((struct ingot_span){ text.p + at, n }, words[i]))
				return true;
		at += n + !n;
	}
	return false;
}

static bool is_special(const struct ingot_node *n)
{
	return n->uid || n->gid;
}

/* Owners that the recipe itself made: whoever made them means them to be seen. Those that packages bring (/var/mail) hardly anything looks at. */
static bool has_own_owners(const struct stage_state *s)
{
	for (size_t i = 0; i < ingot_tree_count(s->tree); i++) {
		const struct ingot_dirent *d = ingot_tree_at(s->tree, i);
		if (!is_special(ingot_tree_node(s->tree, d->node)))
			continue;
		struct ingot_span origin = ingot_origins_name(s->origins, ingot_origins_of(s->origins, d->path));
		if (!ingot_span_starts(origin, "package ") && !ingot_span_starts(origin, "ingot: "))
			return true;
	}
	return false;
}

bool identity_wanted(struct engine *e, const struct stage_state *s, const struct ingot_step *step)
{
	if (step->user != 0)
		return false; /* it can neither give away nor become another */
	bool named = step->script && mentions(ingot_span_of(step->script));
	for (size_t i = 0; !named && i < step->argv.n; i++)
		named = mentions(ingot_span_of(step->argv.v[i]));
	return named || has_own_owners(s) || remembered(e, step);
}

int identity_remember(struct engine *e, const struct ingot_step *step, struct ingot_err *err)
{
	struct ingot_digest key;
	identity_key(step, &key);
	return ingot_ref_put(e->store, "identity", &key, INGOT_SPAN("1\n"), NULL, 0, err);
}

static struct ingot_span caps_of(const struct ingot_node *n)
{
	for (size_t i = 0; i < n->n_xattrs; i++)
		if (ingot_span_is(n->xattrs[i].name, "security.capability") && n->xattrs[i].value.n == INGOT_CAPS_SIZE)
			return n->xattrs[i].value;
	return (struct ingot_span){ 0 };
}

void identity_seeds(const struct ingot_tree *lower, struct ingot_arena *arena, struct ingot_step_plan *plan)
{
	size_t n = 0;
	struct ingot_step_seed *seeds = ingot_arena_array(arena, ingot_tree_count(lower), sizeof(*seeds));
	for (size_t i = 0; i < ingot_tree_count(lower); i++) {
		const struct ingot_dirent *e = ingot_tree_at(lower, i);
		const struct ingot_node *node = ingot_tree_node(lower, e->node);
		bool laid_out = e->path.n && node->type != INGOT_CHR && node->type != INGOT_BLK;
		struct ingot_span caps = caps_of(node);
		if (laid_out && (node->uid || node->gid || caps.n || (node->type != INGOT_LINK && node->mode != ingot_checkout_mode(node))))
			seeds[n++] = (struct ingot_step_seed){ e->path, node->uid, node->gid, node->mode, caps };
	}
	plan->seeds = seeds;
	plan->n_seeds = n;
}
