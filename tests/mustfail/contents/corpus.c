/* The contents of make.py, looked at inside this process: each is taken for what its directory says. Then they are cut at every byte, and changed in every byte: what is said of
 * them may change, but is possible, and nothing crashes. And the table of secrets is the one that FACTS_TABLE names.
 *
 *     corpus MAKE.PY */
#include "../../../builder/decode/facts_impl.h"
#include "../../../builder/decode/helper/secret.h"
#include "../../fuzz/judge_inside.h"
#include "../corpus.h"

static const char *const kinds[INGOT_CONTENT_KINDS] = { "data", "program", "shared", "other", "script", "bytecode", "archive", "pe", "ar" };

static const struct {
	const char *word;
	unsigned flag;
} flags[] = { { "bind-now", INGOT_F_BIND_NOW }, { "textrel", INGOT_F_TEXTREL }, { "execstack", INGOT_F_EXECSTACK }, { "static", INGOT_F_STATIC },
	      { "relro", INGOT_F_RELRO },	{ "writable-code", INGOT_F_WRITABLE_CODE }, { "rpath", INGOT_F_RPATH } };

/* flag-X.how or noflag-X.how */
static bool as_named(const char *name, unsigned is)
{
	bool must = strncmp(name, "flag-", 5) == 0;
	if (!must && strncmp(name, "noflag-", 7) != 0)
		return true;
	name += must ? 5 : 7;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strncmp(name, flags[i].word, strlen(flags[i].word)) == 0 && name[strlen(flags[i].word)] == '.')
			return !!(is & flags[i].flag) == must;
	return false;
}

static void check(const char *kind, const char *name, struct ingot_span bytes)
{
	char is[64], text[100];
	const struct judged *j = judge_inside(bytes.p, bytes.n);
	(void)snprintf(is, sizeof(is), "%s%s", kinds[j->kind], j->flags & INGOT_F_DAMAGED ? "-damaged" : "");
	(void)snprintf(text, sizeof(text), "%s, flags %x", is, j->flags);
	verdict(strcmp(is, kind) == 0 && !j->n_secrets && as_named(name, j->flags), kind, name, text);
}

/* Each byte with the highest bit, with the lowest, and as all ones: signs, off by one, and too much. */
static void damage(const char *kind, const char *name, struct ingot_buf *bytes)
{
	static const char with[] = { 0x01, (char)0x80, (char)0xff };
	size_t n = 0;
	for (size_t i = 0; i < bytes->n; i++) {
		(void)judge_inside(bytes->p, i);
		for (size_t k = 0; k < sizeof(with); k++, n++) {
			bytes->p[i] ^= with[k];
			(void)judge_inside(bytes->p, bytes->n);
			bytes->p[i] ^= with[k];
		}
	}
	char text[100];
	(void)snprintf(text, sizeof(text), "cut at %zu places, changed %zu times", bytes->n, n);
	verdict(true, kind, name, text);
}

static void look(void *kind, const char *name, struct ingot_buf *bytes)
{
	check(kind, name, ingot_buf_view(bytes));
	if (bytes->n < 700)
		damage(kind, name, bytes);
}

static void table(void)
{
	struct ingot_buf b = INGOT_BUF(1 << 20);
	struct ingot_digest d;
	for (size_t i = 0; i < secret_n_patterns; i++) {
		const struct secret_pattern *p = &secret_patterns[i];
		ingot_buf_fmt(&b, "%s %s %d %u %u %d\n", ingot_secret_id(p->what), p->anchor, (int)p->class, p->min, p->max, p->check != NULL);
	}
	ingot_sha256(b.p, b.n, &d);
	char text[200];
	(void)snprintf(text, sizeof(text), "its digest begins with %.16s; facts_impl.h says %s", INGOT_HEX(&d), FACTS_TABLE);
	verdict(strncmp(INGOT_HEX(&d), FACTS_TABLE, 16) == 0, "the table", "of secrets", text);
	ingot_buf_done(&b);
}

int main(int argc, char **argv)
{
	if (!corpus_make(argc, argv))
		return 2;
	DIR *d = opendir(corpus_root);
	ingot_assert(d);
	int n = 0;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			n += corpus_each(e->d_name, look, e->d_name);
	(void)closedir(d);
	verdict(n > 80, "all", "of them", "the corpus is there");
	table();
	return corpus_end();
}
