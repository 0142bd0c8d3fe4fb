/* The archives of make.py, read inside this process: what must be refused is, what is honest is read, and then the honest ones are damaged: cut at every byte,
 * and changed in every byte. The reading may only fail or stay what it was for a byte that has no meaning (an owner's name, a checksum's spelling, a content that is
 * not read), and never crash.
 *
 *     corpus MAKE.PY */
#include "../../fuzz/decode_inside.h"
#include "../corpus.h"
#include <string.h>

/* Bombs have to meet a limit that a package would declare. */
static uint64_t limit_of(const char *name)
{
	return strstr(name, "bomb") ? 16 << 20 : 0;
}

static void check(enum ingot_decode_what what, const char *kind, const char *name, bool good, struct ingot_span bytes)
{
	struct ingot_err err;
	char text[1200];
	int r = decode_inside(what, bytes.p, bytes.n, limit_of(name), NULL, &err);
	(void)snprintf(text, sizeof(text), "%s", r < 0 ? err.msg : "it was read");
	verdict(good ? r == 0 : r < 0 && err.code == INGOT_E_OUTSIDE, kind, name, text);
}

/* No beginning of an archive is an archive; but a layer needs no end, because a digest covers all of it. */
static void cut(enum ingot_decode_what what, const char *kind, const char *name, struct ingot_span bytes)
{
	struct ingot_err err;
	size_t n = 0, read = 0;
	for (; n < bytes.n; n++)
		if (decode_inside(what, bytes.p, n, 0, NULL, &err) == 0 && !(what == INGOT_DECODE_TAR && n % 512 == 0))
			read++;
	/* A skippable frame at the end, and zeros behind it, are nothing that could be missed. */
	bool padded = (what == INGOT_DECODE_TAR && strstr(name, "skippable")) || strstr(name, "behind-the-end");
	/* A stream of several members is whole at the end of each. */
	bool members = what == INGOT_DECODE_STREAM && strstr(name, "members");
	char text[100];
	(void)snprintf(text, sizeof(text), "cut at each of %zu places: %zu were read", n, read);
	verdict(read == 0 || padded || members, kind, name, text);
}

static void change(enum ingot_decode_what what, const char *kind, const char *name, struct ingot_buf *bytes)
{
	static const char with[] = { 0x01, (char)0x80, (char)0xff };
	struct ingot_err err;
	struct inside honest, now;
	size_t unseen = 0, at = 0;
	ingot_assert(decode_inside(what, bytes->p, bytes->n, 0, &honest, &err) == 0);
	for (size_t i = 0; i < bytes->n; i++) {
		char flip = with[i % sizeof(with)];
		bytes->p[i] ^= flip;
		if (decode_inside(what, bytes->p, bytes->n, 64 << 20, &now, &err) == 0 && ingot_digest_eq(&now.digest, &honest.digest)) {
			unseen++;
			at = i;
		}
		bytes->p[i] ^= flip;
	}
	char text[100];
	(void)snprintf(text, sizeof(text), "changed in each of %zu bytes: %zu went unnoticed, the last at %zu", bytes->n, unseen, at);
	verdict(unseen < bytes->n || !bytes->n, kind, name, text);
}

struct kind {
	enum ingot_decode_what what;
	const char *name;
	bool good;
};

static void look(void *ctx, const char *name, struct ingot_buf *bytes)
{
	const struct kind *k = ctx;
	check(k->what, k->name, name, k->good, ingot_buf_view(bytes));
	if (k->good && bytes->n < 8000) {
		cut(k->what, k->name, name, ingot_buf_view(bytes));
		change(k->what, k->name, name, bytes);
	}
}

int main(int argc, char **argv)
{
	static struct kind kinds[] = { { INGOT_DECODE_TAR, "tar", false }, { INGOT_DECODE_DEB, "deb", false }, { INGOT_DECODE_ARCHIVE, "archive", false }, { INGOT_DECODE_STREAM, "stream", false } };
	if (!corpus_make(argc, argv))
		return 2;
	for (size_t i = 0; i < 8; i++) {
		struct kind *k = &kinds[i / 2];
		char below[64];
		k->good = i % 2;
		(void)snprintf(below, sizeof(below), "%s/%s", k->name, k->good ? "good" : "bad");
		verdict(corpus_each(below, look, k) > 2, k->name, k->good ? "good" : "bad", "the corpus is there");
	}
	return corpus_end();
}
