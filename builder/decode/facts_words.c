#include <ingot/facts.h>

const char *ingot_content_words(enum ingot_content_kind k)
{
	static const char *const words[INGOT_CONTENT_KINDS] = { "data", "an ELF program", "a shared library", "an ELF file", "a script", "compiled bytecode", "an archive of code", "a .NET or Windows program", "a static library" };
	return words[k];
}

static const struct {
	const char *id, *what;
	bool hint;
} rows[] = {
	{ "", "", false },
#define ROW(NAME, id, what, hint) { id, what, hint },
	INGOT_SECRET_KINDS(ROW)
#undef ROW
};

const char *ingot_secret_id(enum ingot_secret_what w)
{
	return rows[w].id;
}

const char *ingot_secret_words(enum ingot_secret_what w)
{
	return rows[w].what;
}

bool ingot_secret_is_hint(enum ingot_secret_what w)
{
	return rows[w].hint;
}
