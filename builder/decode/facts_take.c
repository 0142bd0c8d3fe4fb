/* What a helper says of one content. It has read hostile bytes and may be theirs by now: it can say something false of what it was given, and nothing else. */
#include "facts_impl.h"
#include <ingot/limits.h>

static int impossible(struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_BUG, "helper protocol: an impossible fact");
}

/* False when it has a NUL in it: it could be read as two. */
static bool take_text(struct ingot_span text, struct ingot_arena *arena, const char **ret)
{
	if (text.n && memchr(text.p, '\0', text.n))
		return false;
	*ret = text.n ? ingot_arena_str(arena, text) : NULL;
	return true;
}

/* In order of their places. */
static void add(struct ingot_secret_found *found, size_t n, const struct ingot_msg_secret *m)
{
	size_t i = n;
	while (i && found[i - 1].offset > m->offset) {
		found[i] = found[i - 1];
		i--;
	}
	found[i] = (struct ingot_secret_found){ (enum ingot_secret_what)m->what, m->flags, m->offset };
}

int facts_take(struct ingot_chan *chan, struct ingot_arena *arena, uint64_t size, struct ingot_fact *ret, struct ingot_err *err)
{
	struct ingot_secret_found found[INGOT_MAX_FOUND];
	struct ingot_fact f = { .secrets = NULL };
	union ingot_msg m;
	int type;
	while ((type = ingot_chan_recv(chan, INGOT_PERMIT(INGOT_MSG_SECRET) | INGOT_PERMIT(INGOT_MSG_FACT), &m, err)) == INGOT_MSG_SECRET) {
		if (f.n_secrets == INGOT_MAX_FOUND || m.secret.what >= INGOT_SECRET_WHATS)
			return impossible(err);
		add(found, f.n_secrets++, &m.secret);
	}
	if (type < 0)
		return -1;
	if (m.fact.kind >= INGOT_CONTENT_KINDS)
		return impossible(err);
	f.kind = (enum ingot_content_kind)m.fact.kind;
	f.flags = m.fact.flags;
	f.machine = m.fact.machine;
	if (!take_text(m.fact.interpreter, arena, &f.interpreter) || !take_text(m.fact.argument, arena, &f.argument) || !take_text(m.fact.runpath, arena, &f.runpath) ||
	    !take_text(m.fact.needed, arena, &f.needed))
		return impossible(err);
	if (f.n_secrets) {
		struct ingot_secret_found *copy = ingot_arena_array(arena, f.n_secrets, sizeof(*copy));
		memcpy(copy, found, f.n_secrets * sizeof(*copy));
		f.secrets = copy;
	}
	if (!facts_possible(&f, size))
		return impossible(err);
	*ret = f;
	return 0;
}
