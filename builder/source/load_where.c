#include "load_impl.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <stdlib.h>

void where_done(struct where *w)
{
	free(w->path);
	free(w->name);
	*w = (struct where){ 0 };
}

static int bad(const char *text, const char *what, struct ingot_err *err)
{
	(void)ingot_fail(err, INGOT_E_INPUT, "'%s' %s", INGOT_SHOW(ingot_span_of(text)), what);
	return ingot_hint(err, "an image is PATH, oci:DIR[:NAME], oci-archive:FILE[:NAME] or docker-archive:FILE[:NAME:TAG]; NAME may be @NUMBER, and @sha256:DIGEST may follow");
}

static char *copy(struct ingot_span s)
{
	return ingot_strf("%.*s", INGOT_SPAN_ARG(s));
}

/* "@sha256:" and 64 digits at the end are cut off. */
static int take_digest(const char *text, struct ingot_span *rest, struct where *w, struct ingot_err *err)
{
	static const char at[] = "@sha256:";
	const size_t n = sizeof(at) - 1;
	const char *found = NULL;
	for (const char *p = rest->n ? rest->p : NULL; p && (p = memmem(p, rest->n - (size_t)(p - rest->p), at, n)); p++)
		found = p;
	if (!found)
		return 0;
	/* A path may hold such a thing, too. */
	struct ingot_span hex = { found + n, rest->n - (size_t)(found - rest->p) - n };
	if (ingot_span_has(hex, '/'))
		return 0;
	if (ingot_digest_parse_hex(hex, &w->digest) < 0)
		return bad(text, "has no digest behind @sha256:", err);
	w->has_digest = true;
	rest->n -= hex.n + n;
	return 0;
}

int where_parse(const char *text, struct where *ret, struct ingot_err *err)
{
	static const struct {
		const char *prefix;
		enum transport transport;
	} transports[] = { { "oci:", OCI_DIR }, { "oci-archive:", OCI_ARCHIVE }, { "docker-archive:", DOCKER_ARCHIVE } };
	ingot_assert(text);
	struct ingot_span rest = ingot_span_of(text);
	_cleanup_(where_done) struct where w = { .transport = ANY };
	for (size_t i = 0; i < 3; i++)
		if (ingot_span_starts(rest, transports[i].prefix)) {
			w.transport = transports[i].transport;
			rest.p += strlen(transports[i].prefix);
			rest.n -= strlen(transports[i].prefix);
			break;
		}
	ingot_pass(take_digest(text, &rest, &w, err));
	const char *colon = w.transport != ANY && rest.n ? memchr(rest.p, ':', rest.n) : NULL;
	if (colon) {
		struct ingot_span name = { colon + 1, rest.n - (size_t)(colon - rest.p) - 1 };
		rest.n = (size_t)(colon - rest.p);
		if (!name.n)
			return bad(text, "has nothing behind its colon", err);
		w.has_index = name.p[0] == '@';
		if (w.has_index && ingot_parse_u64((struct ingot_span){ name.p + 1, name.n - 1 }, INGOT_MAX_DESCRIPTORS, &w.index) < 0)
			return bad(text, "has no number behind @", err);
		if (!w.has_index)
			w.name = copy(name);
	}
	if (!rest.n)
		return bad(text, "names no file", err);
	/* In an archive of docker a digest is an image's id, and both have to be right. */
	if (w.has_digest && (w.name || w.has_index) && w.transport != DOCKER_ARCHIVE)
		return bad(text, "says which image twice, by name and by digest", err);
	w.path = copy(rest);
	*ret = w;
	w = (struct where){ 0 };
	return 0;
}
