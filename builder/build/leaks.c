/* After the last step and before anything is signed or written, what goes out is searched for the secrets of this build. It is the last net: a step that
 * wants to hide a secret can; one that leaves it behind by accident cannot. */
#include "leaks.h"
#include <ingot/decode.h>
#include <ingot/delta.h>
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <string.h>

#define BLOCK ((size_t)128 << 10)

/* A search of one file, and of what is compressed in it. */
struct look {
	struct ingot_search_stream stream;
	struct ingot_found found;
	bool hit, compressed, magic;
	unsigned char before[2]; /* the last bytes of the block before, for a magic across the edge */
};

/* RFC 1952 section 2.3.1: is there anything at all that could be gzip? Reading it is the helper's work. */
static void note_magic(struct look *l, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n && !l->magic; i++) {
		unsigned char a = i >= 2 ? p[i - 2] : l->before[i], b = i >= 1 ? p[i - 1] : l->before[1];
		l->magic = p[i] == 8 && b == 0x8b && a == 0x1f;
	}
	for (size_t i = 0; i < 2; i++)
		l->before[i] = n >= 2 - i ? p[n - 2 + i] : l->before[i + n];
}

static int member_begin(void *ctx, struct ingot_span name, uint64_t size, struct ingot_err *err)
{
	struct look *l = ctx;
	const struct ingot_search *search = l->stream.search;
	ingot_search_end(&l->stream);
	ingot_search_begin(&l->stream, search);
	return 0;
}

static int member_data(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	struct look *l = ctx;
	if (!l->hit && ingot_search_next(&l->stream, (struct ingot_span){ p, n }, &l->found))
		l->hit = l->compressed = true;
	return 0;
}

static int look_at_content(struct engine *e, struct look *l, const struct ingot_node *node, struct ingot_err *err)
{
	_cleanup_(ingot_content_done) struct ingot_content c = INGOT_CONTENT_INIT;
	_cleanup_(ingot_freep) unsigned char *block = ingot_alloc(BLOCK);
	int there = ingot_store_find(e->store, &node->content, &c, err);
	ingot_pass(there);
	if (!there)
		return ingot_fail(err, INGOT_E_BUG, "content %s is not in the store", INGOT_DIGEST(&node->content));
	struct ingot_input in = { c.fd, c.offset, c.size };
	ssize_t n;
	while ((n = ingot_content_read(&c, block, BLOCK, err)) > 0) {
		note_magic(l, block, (size_t)n);
		if (ingot_search_next(&l->stream, (struct ingot_span){ (char *)block, (size_t)n }, &l->found)) {
			l->hit = true;
			return 0;
		}
	}
	if (n < 0 || !l->magic)
		return n < 0 ? -1 : 0;
	static const struct ingot_member_ops ops = { member_begin, member_data, NULL };
	return ingot_decode_gzip(in, &ops, l, err);
}

/* Where a secret was found, in words: "/etc/x holds the secret token in base64". */
struct leak {
	bool there;
	char text[640];
};

static void describe(struct leak *ret, struct ingot_span path, const char *part, const struct ingot_found *f, bool compressed)
{
	/* A name that is the leak itself is not repeated. */
	ret->there = true;
	(void)snprintf(ret->text, sizeof(ret->text), "%s%s holds the secret %s %s%s", part ? part : "/", part ? "" : INGOT_SHOW(path), f->name, ingot_form_words(f->form),
		       compressed ? ", compressed with gzip" : "");
}

static bool in_bytes(const struct engine *e, struct ingot_span text, struct ingot_found *ret)
{
	return ingot_search_find(e->vault.search, text, ret);
}

/* The name, and with the node what is behind it. */
static int look_at_entry(struct engine *e, struct ingot_span path, const struct ingot_node *node, struct leak *ret, struct ingot_err *err)
{
	struct ingot_found f;
	ret->there = false;
	if (in_bytes(e, path, &f))
		describe(ret, path, "the name of a file", &f, false);
	else if (node && node->type == INGOT_LINK && in_bytes(e, node->target, &f))
		describe(ret, path, NULL, &f, false);
	for (size_t i = 0; node && i < node->n_xattrs && !ret->there; i++)
		if (in_bytes(e, node->xattrs[i].value, &f) || in_bytes(e, node->xattrs[i].name, &f))
			describe(ret, path, NULL, &f, false);
	if (ret->there || !node || node->type != INGOT_FILE || !node->size)
		return 0;
	struct look l = { 0 };
	ingot_search_begin(&l.stream, e->vault.search);
	int r = look_at_content(e, &l, node, err);
	ingot_search_end(&l.stream);
	if (r < 0)
		return ingot_context(err, "searching /%s for secrets", INGOT_SHOW(path));
	if (l.hit)
		describe(ret, path, NULL, &l.found, l.compressed);
	return 0;
}

static bool nothing_to_find(const struct engine *e)
{
	return !ingot_search_longest(e->vault.search);
}

int leaks_of_step(struct engine *e, const struct ingot_delta *d, const char *label, struct ingot_err *err)
{
	int n = 0;
	for (size_t i = 0; i < ingot_delta_count(d) && !nothing_to_find(e); i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		struct leak leak;
		ingot_pass(look_at_entry(e, c->path, c->op == INGOT_PUT ? ingot_delta_node(d, c->node) : NULL, &leak, err));
		if (leak.there && ++n <= 20)
			ingot_say(e->log, INGOT_WARNING, "%s: %s; it must not get into the image", label, leak.text);
	}
	return n;
}

int leaks_of_cache(struct engine *e, const struct ingot_tree *t, struct ingot_err *err)
{
	struct leak leak = { 0 };
	for (size_t i = 0; i < ingot_tree_count(t) && !nothing_to_find(e) && !leak.there; i++)
		ingot_pass(look_at_entry(e, ingot_tree_at(t, i)->path, ingot_tree_node(t, ingot_tree_at(t, i)->node), &leak, err));
	return leak.there ? ingot_fail(err, INGOT_E_STEP, "%s", leak.text) : 0;
}

int leaks_of_tree(struct engine *e, const struct stage_state *s, struct ingot_err *err)
{
	const struct ingot_tree *t = s->tree;
	size_t found = 0;
	struct leak first = { 0 };
	bool by_step = false;
	for (size_t i = 0; i < ingot_tree_count(t) && !nothing_to_find(e); i++) {
		struct ingot_span path = ingot_tree_at(t, i)->path, origin = ingot_origins_name(s->origins, ingot_origins_of(s->origins, path));
		struct leak leak;
		/* A package's bytes are older than any secret of ours, and are what its digest says. */
		if (ingot_span_starts(origin, "package "))
			continue;
		ingot_pass(look_at_entry(e, path, ingot_tree_node(t, ingot_tree_at(t, i)->node), &leak, err));
		if (!leak.there)
			continue;
		size_t n = strlen(leak.text);
		(void)snprintf(leak.text + n, sizeof(leak.text) - n, " (%.*s)", INGOT_SPAN_ARG(origin));
		if (found++ == 0) {
			first = leak;
			by_step = !ingot_span_starts(origin, "ingot: ");
		}
		if (found <= 20)
			ingot_say(e->log, INGOT_ERROR, "%s", leak.text);
	}
	if (!found)
		return 0;
	(void)ingot_fail(err, by_step ? INGOT_E_STEP : INGOT_E_INPUT, "%s%s; nothing was written", first.text, found > 1 ? " (and more, see above)" : "");
	return ingot_hint(err, "use it where it lies, in " INGOT_STEP_SECRETS ", and do not copy it; a step that must write it belongs into a stage of which the image takes the result only");
}

int leaks_of_documents(struct engine *e, const struct ingot_image_docs *docs, struct ingot_err *err)
{
	const struct {
		const char *what;
		struct ingot_span text;
	} all[] = { { "the image's config", ingot_buf_view(&docs->config_json) },
		    { "the image's manifest", ingot_buf_view(&docs->manifest_json) },
		    { "the image's name", ingot_span_of(docs->reference.full) } };
	struct ingot_found f;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (in_bytes(e, all[i].text, &f)) {
			(void)ingot_fail(err, INGOT_E_INPUT, "%s holds the secret %s %s; nothing was written", all[i].what, f.name, ingot_form_words(f.form));
			return ingot_hint(err, "look at env, labels, entrypoint, cmd and the reference: all of them are public");
		}
	return 0;
}
